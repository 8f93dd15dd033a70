"""Patients to invite back: who is listed and who never, campaigns read as uplift, and odd inputs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

import pandas as pd
import pytest

from audit.analyses import recall
from audit.analyses.recall import RecallParams, RecallResult
from audit.config import Period
from audit.errors import NotAnswerable
from audit.results import exact
from audit.tables.connection import tables_from_frames
from audit.wording.text import Words
from tests.pages import spoken

from .small_clinic import clinic

END = date(2017, 1, 1)
PERIOD = Period(start=date(2014, 1, 1), end=END)
SMALL = RecallParams(fewest_patients=50)


def analysed(frames: Mapping[str, pd.DataFrame], params: RecallParams = SMALL, clv=None) -> RecallResult:
    tables = tables_from_frames(frames, end=END)
    given = {name: table for name, table in tables.items() if table.count().execute()}
    return recall.analyse(
        given["patient_days"], given["first_visits"], given["patients"], given["appointments"], given.get("campaign_members"),
        given.get("feedback"), clv, period=PERIOD, params=params,
    )


def usual(patients: int = 200) -> dict[str, pd.DataFrame]:
    """Patients who come every 30 days; those numbered below half stopped 100 days before the end."""
    first, visits = {}, []
    for k in range(patients):
        who = f"p{k:03d}"
        stops = 100 if k < patients // 2 else 5
        start = (END - date(2015, 1, 1)).days - stops - 30 * 10
        first[who] = date(2015, 1, 1) + timedelta(days=start)
        visits += [(who, 30 * n, "outpatient", 100.0) for n in range(11)]
    frames = clinic(visits, first)
    frames["patients"] = frames["patients"].assign(may_contact=True, age_years=40)
    frames["appointments"] = frames["appointments"].assign(payer="cash")
    return frames


def listed(result: RecallResult) -> set[str]:
    return set(result.list["patient_id"])


@pytest.fixture(scope="module")
def drawn() -> RecallResult:
    return analysed(usual())


def test_the_silent_are_due_and_those_who_just_came_are_not(drawn):
    assert listed(drawn) == {f"p{k:03d}" for k in range(100)}
    assert drawn.due_patients == 100 and drawn.excluded_patients == 0
    assert drawn.held_patients == 15 and drawn.call_patients == 85
    assert (drawn.list["expected_gap"] < 40).all()


def test_a_household_with_one_telephone_is_on_one_side_of_the_lot():
    frames = usual()
    frames["patients"]["phone_key"] = [f"t{k // 2}" for k in range(len(frames["patients"]))]
    result = analysed(frames)
    side = result.list.set_index("patient_id")["group"]
    homes = [{side[f"p{k:03d}"], side[f"p{k + 1:03d}"]} for k in range(0, 100, 2)]
    assert all(len(home) == 1 for home in homes) and result.held_patients in (14, 16)


def without(change) -> RecallResult:
    frames = usual()
    change(frames)
    return analysed(frames)


def no_permission(frames):
    frames["patients"].loc[0, "may_contact"] = False


def no_record(frames):
    frames["patients"]["may_contact"] = frames["patients"]["may_contact"].astype(object)
    frames["patients"].loc[0, "may_contact"] = None


def child(frames):
    frames["patients"].loc[0, "age_years"] = 9


def no_age(frames):
    frames["patients"]["age_years"] = frames["patients"]["age_years"].astype(object)
    frames["patients"].loc[0, "age_years"] = None


def booked(frames):
    row = frames["appointments"].iloc[[0]].assign(appointment_id="later", starts_at=datetime(2017, 1, 20, 10), status="booked")
    frames["appointments"] = pd.concat([frames["appointments"], row], ignore_index=True)


def insured(frames):
    frames["appointments"]["payer"] = ["insurer" if who == "p000" else "cash" for who in frames["appointments"]["patient_id"]]


def unhappy(frames):
    frames["feedback"] = pd.DataFrame({
        "feedback_id": ["f1"], "given_on": [date(2016, 9, 1)], "source": ["survey"], "patient_id": ["p000"], "score": [1.0],
    })


def contacted(frames):
    frames["campaign_members"] = pd.DataFrame({
        "campaign": "autumn", "patient_id": ["p000"], "group": "called", "contacted_on": [date(2016, 12, 1)],
    })


def opted_out(frames):
    frames["campaign_members"] = pd.DataFrame({
        "campaign": "spring", "patient_id": ["p000"], "group": "called", "contacted_on": [date(2016, 1, 1)], "opted_out": [True],
    })


@pytest.mark.parametrize(("change", "reason"), [
    (no_permission, "no_consent"), (no_record, "consent_unknown"), (child, "minor"), (no_age, "age_unknown"), (booked, "booked"), (insured, "insured"),
    (unhappy, "unhappy"), (contacted, "contacted"), (opted_out, "no_consent"),
])
def test_never_on_the_list(change, reason):
    result = without(change)
    assert "p000" not in listed(result) and "p001" in listed(result)
    assert result.exclusions.set_index("reason")["patients"].to_dict() == {reason: 1}


def test_the_list_does_not_depend_on_the_order_of_rows(drawn):
    shuffled = {name: frame.sample(frac=1, random_state=4) for name, frame in usual().items()}
    pd.testing.assert_frame_equal(analysed(shuffled).list, drawn.list)


def test_a_campaign_without_a_hold_out_is_not_read():
    frames = usual()
    frames["campaign_members"] = pd.DataFrame({
        "campaign": "all", "patient_id": [f"p{k:03d}" for k in range(20)], "group": "called", "contacted_on": date(2016, 3, 1),
    })
    result = analysed(frames)
    assert result.uplift_first is None and result.campaigns is None and result.gain_assumed == 1
    assert "nobody_held_out" in {finding.key for finding in result.findings}


def campaign(name: str, called: range, held: range, day: date = date(2016, 3, 1)) -> pd.DataFrame:
    return pd.DataFrame({
        "campaign": name, "patient_id": [f"p{k:03d}" for k in (*called, *held)],
        "group": ["called"] * len(called) + ["held_out"] * len(held), "contacted_on": day,
    })


def test_a_hold_out_that_was_chosen_is_no_hold_out():
    """Called are those silent for two months, held out are those who had just come: no lot does that."""
    frames = usual()
    frames["campaign_members"] = campaign("chosen", range(60), range(120, 180), END - timedelta(days=40))
    result = analysed(frames)
    assert result.uplift_later.grade == "C" and result.uplift_later.verdict == "weak" and result.imbalance.value > 1
    assert "groups_differ" in {finding.key for finding in result.findings} and result.grade == "C"
    frames["campaign_members"] = campaign("lot", range(0, 200, 2), range(1, 200, 2), END - timedelta(days=40))
    fair = analysed(frames)
    assert fair.uplift_later.grade == "B" and "groups_differ" not in {finding.key for finding in fair.findings}


def test_a_campaign_says_nothing_of_patients_unlike_its_own(drawn):
    """The campaign called patients silent for 0 to 30 days; the list begins at 60: its gain stays an assumption."""
    frames = usual()
    frames["campaign_members"] = campaign("lately", range(100, 160), range(160, 200), END - timedelta(days=30))
    result = analysed(frames)
    assert result.uplift_later is not None and result.silent_to < 60
    assert (result.gain_assumed == 1 and result.recall_gain is None) or result.recall_gain.grade == "C"
    assert result.gain_patients == result.call_patients


def test_response_falls_with_the_number_of_the_contact():
    """All come again after the first campaign; nobody does after the second, for they had stopped two weeks before it."""
    frames = usual()
    seen = frames["appointments"]
    frames["appointments"] = seen[(seen["starts_at"] < "2016-08-15") | (seen["patient_id"] >= "p100")]
    frames["campaign_members"] = pd.concat([
        campaign("first", range(100), range(0), date(2016, 3, 1)), campaign("second", range(100), range(0), date(2016, 8, 30)),
    ]).assign(opted_out=lambda frame: frame["campaign"].eq("second") & frame["patient_id"].lt("p050"))
    result = analysed(frames)
    rows = result.contacts.set_index("contact")
    assert rows["returned"].to_dict() == {1: 1.0, 2: 0.0} and rows["opted_out"].to_dict() == {1: 0.0, 2: 0.5}
    assert "tired" in {finding.key for finding in result.findings}


# ---------------------------------------------------------------- the synthetic clinic
@pytest.fixture(scope="module")
def demo(demo_clinic) -> RecallResult:
    return analysed(demo_clinic.tables, RecallParams())


def test_the_campaign_of_october_is_uplift_not_response(demo, demo_truth):
    plan = demo_truth.reactivation
    assert demo.called == plan.called and demo.held == plan.held_out
    assert demo.gross_first.value == pytest.approx(plan.called_first) and demo.gross_later.value == pytest.approx(plan.called_later)
    assert demo.held_first.value == pytest.approx(plan.held_first, abs=0.5 / plan.held_out)
    assert demo.held_later.value == pytest.approx(plan.held_later, abs=0.5 / plan.held_out)
    assert demo.uplift_first.low < plan.called_first - plan.held_first < demo.uplift_first.high
    assert demo.uplift_later.low < plan.called_later - plan.held_later < demo.uplift_later.high
    assert demo.recall_gain.grade == "B" and demo.recall_gain.low > 0
    assert demo.silent_from >= plan.lapsed_days and demo.contacts is None


def test_the_gain_counts_only_patients_like_those_called(demo):
    alike = (demo.list["silent_days"] >= demo.silent_from).mean()
    assert demo.gain_patients == round(alike * demo.call_patients) < demo.call_patients
    assert demo.recall_revenue.value == pytest.approx(demo.gain_patients * demo.uplift_money.value)
    assert demo.gain_days == demo.silent_to - demo.silent_from + 1 and demo.silent_most == demo.silent_to > 365
    assert demo.list["silent_days"].between(demo.silent_least, demo.silent_most).all()


def test_the_list_is_ordered_by_the_money_a_call_adds(demo):
    tested = demo.list["silent_days"].between(demo.silent_from, demo.silent_to)
    assert tested.is_monotonic_decreasing
    assert demo.list.loc[tested, "expected"].is_monotonic_decreasing
    added = demo.uplift_first.value + demo.uplift_later.value
    assert demo.list.loc[tested, "expected"].to_numpy() == pytest.approx(added * demo.list.loc[tested, "worth"].to_numpy())


def test_gain_is_what_is_left_after_direct_cost_and_the_calls(demo_clinic, demo):
    class Clv:
        value_365, margin_365 = exact(200.0, "currency", 900), exact(130.0, "currency", 900)

    left = analysed(demo_clinic.tables, RecallParams(cost_per_call=30), clv=Clv())
    assert left.recall_revenue == demo.recall_revenue and left.margin_share.value == 0.65
    assert left.recall_gain.value == pytest.approx(0.65 * demo.recall_revenue.value - 30 * demo.gain_patients)


def test_worth_is_that_of_the_overdue_not_of_patients_in_a_course(demo):
    assert demo.list["worth"].mean() == pytest.approx(demo.return_worth.value, rel=0.2)
    assert demo.list["chance"].mean() == pytest.approx(demo.chance_unasked.value, rel=0.2)


def test_segments_tell_who_comes_again(demo):
    rows = demo.segments.set_index("segment")["returned"]
    assert rows["active"] > rows["cooling"] > rows["lapsed"] and rows["new"] > rows["once"]
    assert demo.segments["patients"].sum() == demo.segments["n"].sum()


def test_page_can_be_written_and_drawn(demo, demo_period):
    assert spoken("recall", demo, demo_period, "RUB").figures == recall.FIGURES


def test_without_any_permission_on_record_the_page_asks_for_it():
    frames = usual()
    frames["patients"] = frames["patients"].assign(may_contact=None)
    result = analysed(frames)
    assert result.due_patients == result.excluded_patients == 100 and result.call_patients == 0
    told = {finding.key for finding in result.findings}
    assert "no_consent" in told and not {"excluded", "test_size"} & told
    words = Words("recall", period=PERIOD)
    assert "not recorded" in words.sentence("title", result)


def test_what_cannot_be_proven_is_told_by_its_reason():
    frames = usual()
    late = frames["appointments"]["starts_at"] >= datetime(2016, 8, 1)
    with pytest.raises(NotAnswerable) as short:
        analysed({**frames, "appointments": frames["appointments"][late]})
    assert short.value.reason == "too_short"
    once = frames["appointments"].drop_duplicates("patient_id")
    with pytest.raises(NotAnswerable) as alone:
        analysed({**frames, "appointments": once, "charges": frames["charges"].iloc[:0]})
    assert alone.value.reason == "nobody_again"


def test_too_few_to_say():
    with pytest.raises(NotAnswerable) as few:
        analysed(usual(patients=20))
    assert few.value.reason == "too_few"
