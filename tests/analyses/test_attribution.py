"""Attribution: sums equal by every rule, the story's joins, and words where a source or a number is missing."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from audit.analyses import attribution
from audit.analyses.attribution import alike, trust
from audit.config import Period
from audit.errors import NotAnswerable
from audit.models.attribution import RULES
from audit.tables.connection import Tables, tables_from_frames
from tests.pages import NONSENSE, spoken

from .channel_clinic import END, PERIOD, clinic
from .test_channels import run as run_channels


def run(tables: Tables, period: Period = PERIOD, campaigns=None, **params) -> attribution.AttributionResult:
    given = {name: tables.get(name) for name in ("patient_days", "site_traffic")}
    return attribution.analyse(
        tables["opportunities"], tables["enquiries"], tables["patients"], tables["first_visits"], **given,
        channels=run_channels(tables, period), campaigns=campaigns, period=period, params=attribution.AttributionParams(**params))


def twice_by_another(frames: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Each of the ten patients by friends had followed an advert three weeks before."""
    calls = frames["enquiries"]
    first = calls[(calls.channel == "friends") & (calls.started_at >= "2016") & (calls.groupby("channel").cumcount() % 20 < 10)]
    earlier = first.assign(enquiry_id="e" + first.enquiry_id, channel="ads", started_at=first.started_at - pd.Timedelta(days=21))
    return frames | {"enquiries": pd.concat([calls, earlier], ignore_index=True)}


@pytest.fixture(scope="module")
def moved() -> attribution.AttributionResult:
    return run(tables_from_frames(twice_by_another(clinic()), end=END))


def test_sums_are_equal_by_every_rule(moved):
    rows = moved.rules.set_index("channel")
    assert rows.loc["total", list(RULES)].tolist() == pytest.approx([45] * 5)
    assert rows.drop(index="total")[list(RULES)].sum().tolist() == pytest.approx([45] * 5)


def test_the_rule_decides_between_friends_and_adverts(moved):
    rows = moved.rules.set_index("channel")
    assert rows.loc["friends", ["last", "first", "linear", "position"]].tolist() == pytest.approx([10, 0, 5, 5])
    assert moved.moved_share.value == pytest.approx(10 / 45) and moved.many_contacts.value == pytest.approx(10 / 45)
    assert moved.moved_of_many.value == 1 and moved.one_contact.value == pytest.approx(35 / 45), "rules differ for nobody else"
    # 6,000 spent on thirty patients, or on the ten more whose first contact it was
    assert rows.loc["ads", ["cost_least", "cost_most"]].tolist() == pytest.approx([150, 200])
    assert "rule_matters" in {finding.key for finding in moved.findings}


def test_direct_contacts_are_passed_over():
    frames = twice_by_another(clinic())
    frames["enquiries"] = frames["enquiries"].replace({"channel": {"friends": "direct"}})
    rows = run(tables_from_frames(frames, end=END)).rules.set_index("channel")
    assert rows.loc["ads", ["last_non_direct", "last"]].tolist() == [40, 30]


def test_four_definitions_of_a_conversion():
    frames = clinic()
    frames["enquiries"] = frames["enquiries"].assign(talk_seconds=[60.0 if i % 2 else 10.0 for i in range(len(frames["enquiries"]))])
    rows = run(tables_from_frames(frames, end=END)).conversions.set_index("definition")
    assert rows["count"].tolist() == [70, 35, 70, 45] and rows.cost["first_patient"] == pytest.approx(6000 / 45)
    # 800 visitors from here and 100 from afar, all by adverts, as are forty of the callers and thirty of the patients
    assert rows.per_visitor["new_caller"] == pytest.approx(40 / 900) and rows.times["first_patient"] == 1
    assert rows.per_visitor["first_patient"] == pytest.approx(30 / 900)
    untimed = run(tables_from_frames(clinic(), end=END)).conversions
    assert "target_call" not in set(untimed.definition), "nobody recorded how long they spoke"


def test_said_beside_recorded():
    frames = clinic()
    frames["patients"] = frames["patients"].assign(stated_source=[None if "None" in p else "internet" for p in frames["patients"].patient_id])
    result = run(tables_from_frames(frames, end=END))
    row = result.stated.set_index("stated").loc["internet"]
    assert (row.patients, row.recorded, row.recorded_share) == (40, "ads", 0.75) and result.stated_blank.value == pytest.approx(5 / 45)


def test_the_teaching_clinic(demo_tables, demo_period):
    result = run(demo_tables, demo_period)
    counts = result.join.set_index("stage")["count"]
    assert counts["enquiries"] >= counts["people"] >= counts["answered"] >= counts["booked"] >= counts["came"] >= counts["paid"]
    assert result.called_share.low < 0.92 < result.called_share.high and result.matched_share.value > 0.97
    assert result.trust == "high" and result.grade == "A" and len(result.conversions) == 4
    assert result.says["lede"].key == "alike" and result.one_contact.value == pytest.approx(912 / 984)
    assert 0.05 < result.contradicted.value < 0.12
    assert spoken("attribution", result, demo_period).figures == ("waterfall",)


# ---------------------------------------------------------------------- what cannot be told
def test_calls_without_numbers_have_words():
    frames = clinic()
    frames["enquiries"] = frames["enquiries"].drop(columns="caller_key")
    with pytest.raises(NotAnswerable, match="no_paths"):
        run(tables_from_frames(frames, end=END))


@pytest.mark.parametrize(("missing", "gap"), [("site_traffic", "no_traffic"), ("charges", "no_stated"), ("charges", "no_marks"), ("charges", "no_rule")])
def test_gaps_are_said(missing, gap):
    result = run(tables_from_frames(clinic(**{missing: None}), end=END))
    assert gap in {finding.key for finding in result.findings if finding.kind == "not_answered"}
    assert not any(nonsense in text for text in spoken("attribution", result, PERIOD).texts for nonsense in NONSENSE)


def test_one_channel_only():
    frames = clinic()
    frames["enquiries"] = frames["enquiries"][frames["enquiries"].channel == "ads"]
    result = run(tables_from_frames(frames, end=END))
    assert result.moved_share.value == 0 and result.says["lede"].key == "single"
    assert (result.trust, result.grade, result.says["title"].key, result.says["notes.decide"].key) == ("low", "C", "one", "one")
    assert not any(nonsense in text for text in spoken("attribution", result, PERIOD).texts for nonsense in NONSENSE)


def test_one_source_in_several_spellings_is_named():
    assert alike(["Yandex Direct", "yandex.direct", "Google"]) == [("Yandex Direct", "yandex.direct")]
    frames = clinic()
    half = frames["enquiries"].enquiry_id.str.endswith(("1", "3", "5", "7", "9")) & (frames["enquiries"].channel == "ads")
    frames["enquiries"].loc[half, "channel"] = "ADS"
    assert "same_source" in {finding.key for finding in run(tables_from_frames(frames, end=END)).findings}


def test_trust():
    params = attribution.AttributionParams()
    cases = {
        (0.05, 0.95, 0.95, 0.1): "high", (0.05, None, 0.95, None): "high", (0.15, 0.95, 0.95, 0.1): "middle", (0.05, 0.8, 0.95, 0.1): "middle",
        (0.05, 0.95, 0.8, 0.1): "middle", (0.05, 0.95, 0.95, 0.3): "middle", (0.3, 0.95, 0.95, 0.1): "low", (0.05, 0.5, 0.95, 0.1): "low",
        (0.05, 0.95, 0.5, 0.1): "low", (0.05, 0.95, 0.95, 0.5): "low", (0.05, None, None, None): "low",
    }
    names = ("without_source", "matched_share", "called_share", "contradicted")
    assert {case: trust(**dict(zip(names, case, strict=True)), params=params) for case in cases} == cases


def test_callers_marked_as_booked_can_be_missing_among_patients():
    frames = clinic()
    calls = frames["enquiries"]
    marked = (calls.channel == "ads") & (calls.started_at >= "2016")
    result = run(tables_from_frames(frames | {"enquiries": calls.assign(outcome=np.where(marked, "booked", None))}, end=END))
    # all forty are told to have booked, thirty are patients
    assert result.matched_share.value == pytest.approx(30 / 40) and result.join.set_index("stage")["count"]["booked"] == 55
    assert run(tables_from_frames(frames, end=END)).matched_share is None


def test_patients_without_a_call_lower_the_trust():
    frames = clinic()
    calls = frames["enquiries"]
    silent = run(tables_from_frames(frames | {"enquiries": calls[calls.channel != "friends"].assign(channel=lambda f: f.channel.fillna("radio"))}, end=END))
    assert silent.called_share.value == pytest.approx(35 / 45) and silent.trust == "middle"


@pytest.mark.parametrize(("answers", "share", "trusted"), [
    ({"ads": "ads", "friends": "friends"}, 0.0, "middle"), ({"ads": "friends", "friends": "friends"}, 30 / 40, "low")])
def test_answers_that_name_another_source_than_the_record(answers, share, trusted):
    frames = clinic()
    frames["enquiries"] = frames["enquiries"].replace({"channel": {"friends": "word of mouth"}})
    frames["patients"] = frames["patients"].assign(stated_source=frames["patients"].patient_id.str.split("-").str[1].map(answers))
    result = run(tables_from_frames(frames, end=END), most_without_source=0.5)
    assert result.contradicted.value == pytest.approx(share) and result.contradicted.n == 40
    assert result.trust == trusted and (result.says["title"].key == "contradicted") == (trusted == "low")
    assert not any(nonsense in text for text in spoken("attribution", result, PERIOD).texts for nonsense in NONSENSE)


def test_few_patients_with_several_contacts_are_no_comparison_of_rules():
    frames = twice_by_another(clinic())
    extra = frames["enquiries"].enquiry_id.str.startswith("e")
    frames["enquiries"] = frames["enquiries"][~extra | (extra.cumsum() <= 5)]
    result = run(tables_from_frames(frames, end=END))
    assert result.many_contacts is None and result.moved_of_many is None and result.says["lede"].key == "few"
    assert not any(nonsense in text for text in spoken("attribution", result, PERIOD).texts for nonsense in NONSENSE)


def test_contacts_recorded_by_two_rules_lower_the_trust():
    frames = clinic()
    calls = frames["enquiries"].assign(channel=lambda f: f.channel.fillna("radio"))
    told = {day: run(tables_from_frames(frames | {"enquiries": calls.assign(
        attribution=np.where(calls.started_at < day, "last click", "first click"))}, end=END)) for day in ("2016-01-01", "2016-10-10")}
    assert told["2016-10-10"].trust == "middle" and told["2016-10-10"].rule_changed_on == date(2016, 10, 10)
    assert "two_rules" in {finding.key for finding in told["2016-10-10"].findings}
    assert told["2016-01-01"].rule == "first click" and "no_rule" not in {finding.key for finding in told["2016-01-01"].findings}


def test_present_days_without_first_visits():
    quiet = Period(start=date(2015, 1, 1), end=END, now=PERIOD.now, before=PERIOD.before)
    frames = clinic()
    frames["appointments"] = frames["appointments"][frames["appointments"].starts_at < "2016"]
    with pytest.raises(NotAnswerable, match="no_paths"):
        run(tables_from_frames(frames, end=END), quiet)


def test_a_few_first_patients_leave_no_number_behind():
    frames = clinic()
    came = frames["appointments"].patient_id
    frames["appointments"] = frames["appointments"][came.str.contains("2015") | came.str.contains(r"2016-ads-[0-4]$")]
    row = run(tables_from_frames(frames, end=END)).conversions.set_index("definition").loc["first_patient"]
    # five for 6,000: their cost, their rate or how many times more callers there are would each tell it
    assert row.isna().all()
