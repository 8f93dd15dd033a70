"""Funnel: the simulated truth, a drawn clinic counted by hand, and what cannot be answered."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from audit.analyses import funnel
from audit.config import Days, Period
from audit.errors import NotAnswerable
from audit.results import Estimate, Unanswered
from audit.tables.connection import Tables, tables_from_frames
from tests.pages import spoken

END = date(2017, 1, 1)
PERIOD = Period(start=date(2016, 1, 1), end=END, now=Days(start=date(2016, 10, 1), end=date(2016, 11, 1)),
                before=Days(start=date(2016, 7, 1), end=date(2016, 8, 1)))


class Value:
    """Stands for the result of patient value."""

    value_365 = Estimate(1000.0, 900.0, 1100.0, "currency", 500)


def run(tables: Tables, period: Period = PERIOD, clv=None, capacity=None, **params):
    given = {name: tables.get(name) for name in ("patient_days", "opportunities", "enquiries", "site_traffic", "ad_spend")}
    return funnel.analyse(tables["appointments"], tables["patients"], tables["first_visits"], **given, clv=clv, capacity=capacity,
                          period=period, params=funnel.FunnelParams(**params))


def callers(month: str, answered: int, booked: int, came: int, unanswered: int) -> dict[str, pd.DataFrame]:
    """New callers of one month: ``unanswered`` never reached anybody, ``came`` came the day after."""
    n = answered + unanswered
    number = np.arange(n)
    at = pd.Timestamp(month) + pd.to_timedelta(number % 20, "D") + pd.Timedelta(hours=10)
    enquiries = pd.DataFrame({
        "enquiry_id": [f"{month}-{i}" for i in number], "started_at": at, "kind": "call", "direction": "in",
        "caller_key": [f"{month}-t{i}" for i in number], "is_answered": number < answered,
        "administrator_id": np.where(number < answered, "A", None),
        "loss_reason": np.where((number >= booked) & (number < answered), np.where(number % 3 > 0, "price", "no_slot"), None),
    })
    rows = number < booked
    patients = pd.DataFrame({
        "patient_id": [f"{month}-p{i}" for i in number[rows]], "registered_on": at[rows].date,
        "phone_key": [f"{month}-t{i}" for i in number[rows]],
    })
    appointments = pd.DataFrame({
        "appointment_id": [f"{month}-a{i}" for i in number[rows]], "patient_id": patients.patient_id, "kind": "outpatient",
        "booked_at": at[rows], "starts_at": at[rows] + pd.Timedelta(days=1),
        "status": np.where(number[rows] < came, "completed", "no_show"),
    })
    return {"enquiries": enquiries, "patients": patients, "appointments": appointments}


def clinic(*parts: dict[str, pd.DataFrame], drop: tuple[str, ...] = ()) -> Tables:
    frames = {name: pd.concat([part[name] for part in parts], ignore_index=True) for name in parts[0] if name not in drop}
    return tables_from_frames(frames, end=END)


@pytest.fixture(scope="module")
def two_months() -> Tables:
    return clinic(callers("2016-07-01", 100, 50, 40, 25), callers("2016-10-01", 200, 120, 90, 20))


def test_teaching_clinic(demo_tables, demo_period, demo_truth):
    result = run(demo_tables, demo_period)
    for suffix, truth in (("", demo_truth.after), ("_before", demo_truth.before)):
        share = {name: getattr(result, f"{name}_share{suffix}") for name in ("missed", "booked", "came")}
        assert share["missed"].value == pytest.approx(truth.missed_share, abs=0.005)
        assert share["booked"].low < truth.booked < share["booked"].high
        came = truth.conversion / truth.booked
        assert share["came"].low - 0.01 < came < share["came"].high + 0.01
    assert result.first_visits.value == pytest.approx(demo_truth.after.primaries, rel=0.01)
    assert result.worst == "booked"
    assert result.impressions.value > result.visitors.value > result.callers.value


def test_counts_by_hand(two_months):
    result = run(two_months, clv=Value())
    stages = result.stages.set_index("stage")
    assert stages.per_month[["enquiries", "callers", "answered", "booked", "came"]].tolist() == [220, 220, 200, 120, 90]
    assert stages.lost[["answered", "booked", "came"]].tolist() == [20, 80, 30]
    assert result.answered_share.value == pytest.approx(200 / 220)
    assert result.booked_share_before.value == pytest.approx(0.5)
    # 80 who did not book would have come with 90/120 and paid 1000
    assert stages.lost_money["booked"] == pytest.approx(80 * 0.75 * 1000)
    worth = result.worth.set_index("stage")
    assert worth.point_money["answered"] == pytest.approx(2.2 * 0.6 * 0.75 * 1000)
    assert worth.point_money["came"] == pytest.approx(1.2 * 1000)
    assert result.missed_share.value == pytest.approx(20 / 220)


def test_losses_sum_to_those_who_did_not_come(two_months):
    result = run(two_months)
    assert result.stages[result.stages.stage != "again_expected"].lost.sum() == result.lost.value == 130


def test_second_visits_still_to_come_are_expected_and_not_counted():
    """First visits of October have had less than 90 days: the share is that of the first patients of July."""
    again = pd.DataFrame({"appointment_id": [f"again{i}" for i in range(20)], "patient_id": [f"2016-07-01-p{i}" for i in range(20)], "kind": "outpatient",
                          "status": "completed", "starts_at": pd.Timestamp("2016-08-15 10:00")})
    july = callers("2016-07-01", 100, 50, 40, 25)
    october = callers("2016-10-01", 200, 120, 90, 20)
    result = run(clinic(july | {"appointments": pd.concat([july["appointments"], again])}, october))
    assert result.again_expected.value == pytest.approx(90 * result.return_share.value) and result.return_share.value > 0.4
    assert result.again_expected.grade == "C" and result.again_seen.value == 0
    assert "again" not in set(result.stages.stage) and result.grade == "B"
    told = "\n".join(spoken("funnel", result, PERIOD).texts).replace("\xa0", " ")
    assert "of 90 who came have come again so far" in told and "2 October 2016" in told


def test_second_visits_of_people_watched_long_enough_are_counted():
    settled = callers("2016-07-01", 100, 50, 40, 25)
    again = pd.DataFrame({"appointment_id": [f"again{i}" for i in range(20)], "patient_id": [f"2016-07-01-p{i}" for i in range(20)], "kind": "outpatient",
                          "status": "completed", "starts_at": pd.Timestamp("2016-08-15 10:00")})
    period = Period(start=date(2016, 1, 1), end=END, now=Days(start=date(2016, 7, 1), end=date(2016, 8, 1)))
    result = run(clinic(settled | {"appointments": pd.concat([settled["appointments"], again])}), period)
    assert result.again_expected is None and result.grade == "A"
    assert result.stages.set_index("stage").per_month["again"] == 20


def test_reasons_of_other_days_say_whose_they_are():
    marked, unmarked = callers("2016-07-01", 200, 120, 90, 20), callers("2016-10-01", 200, 120, 90, 20)
    unmarked["enquiries"]["loss_reason"] = None
    result = run(clinic(marked, unmarked))
    assert result.reasons_from == date(2016, 7, 1) and result.reasons_to == date(2016, 7, 20)
    assert result.grade == "B" and "old_reasons" in {finding.key for finding in result.findings}
    assert "20 July 2016" in "\n".join(spoken("funnel", result, PERIOD).texts).replace("\xa0", " ")


def test_nobody_is_awaited_where_every_booking_has_ended(demo_tables, demo_period):
    """The last callers' bookings are cancelled, missed or kept: their age does not make them come."""
    found = run(demo_tables, demo_period)
    assert found.unseen.value == 0 and found.awaited.value == 0
    assert found.came_share_settled.value == found.came_share.value == pytest.approx(0.82, abs=0.01)


def test_change_is_split_without_a_rest(two_months):
    change = run(two_months).change
    assert change.first_visits.sum() == pytest.approx(90 - 40)


def test_reasons_are_those_of_lost_callers(two_months):
    reasons = run(two_months).reasons
    assert reasons.n.sum() == 80
    assert set(reasons.reason) == {"price", "no_slot"}


def test_without_calls_the_funnel_begins_with_the_appointment(two_months):
    frames = callers("2016-10-01", 200, 120, 90, 20)
    frames.pop("enquiries")
    result = run(tables_from_frames(frames, end=END))
    assert result.came_share.value == pytest.approx(0.75)
    assert result.no_show_share.value == pytest.approx(0.25)
    assert result.says["title"].key == "diary"
    gaps = {finding.key for finding in result.findings if finding.kind == "not_answered"}
    assert {"no_enquiries", "no_site", "no_value"} <= gaps
    assert result.missed_share is None


def test_a_log_of_answered_calls_only_has_no_missed_share():
    result = run(clinic(callers("2016-10-01", 200, 120, 90, 0)))
    assert result.missed_share is None
    assert result.answered_share is None
    assert "no_missed" in {finding.key for finding in result.findings}
    assert result.booked_share.value == pytest.approx(0.6)


def test_callers_without_a_patient_are_followed_to_the_booking_only():
    frames = callers("2016-10-01", 200, 120, 90, 20)
    frames["patients"]["phone_key"] = None
    frames["enquiries"]["outcome"] = np.where(np.arange(220) < 120, "booked", "lost")
    result = run(tables_from_frames(frames, end=END))
    assert result.came_share is None
    assert result.booked_share.value == pytest.approx(120 / 200)
    assert result.says["title"].key == "no_visits"


def test_more_visits_than_bookings_are_told():
    walked_in = {
        "patients": pd.DataFrame({"patient_id": [f"w{i}" for i in range(150)], "registered_on": date(2016, 10, 3)}),
        "appointments": pd.DataFrame({
            "appointment_id": [f"w{i}" for i in range(150)], "patient_id": [f"w{i}" for i in range(150)],
            "kind": "outpatient", "status": "completed", "starts_at": pd.Timestamp("2016-10-03 12:00"),
        }),
        "enquiries": pd.DataFrame(),
    }
    result = run(clinic(callers("2016-10-01", 200, 120, 90, 20), walked_in))
    keys = {finding.key: finding.kind for finding in result.findings}
    assert keys["more_came"] == "caveat" and keys["inverted"] == "not_answered" and "unlinked" in keys
    assert result.says["title"].key == "inverted" and result.grade == "C"
    assert result.worst is None and result.losses is None and result.stages.lost_money.isna().all()


def test_full_rooms_are_a_caveat(two_months):
    class Full:
        room_load = Estimate(0.98, 0.97, 0.99, "share", 26)
        visits_most = None

    assert "rooms_full" in {finding.key for finding in run(two_months, capacity=Full()).findings}


def test_nobody_in_the_period():
    with pytest.raises(NotAnswerable):
        run(clinic(callers("2016-03-01", 20, 12, 9, 2)))


@pytest.mark.parametrize("n", [1, 3])
def test_hardly_anybody(n):
    result = run(clinic(callers("2016-10-01", n, n, n, 0)))
    assert result.worst is None
    assert result.return_share is None


# ---------------------------------------------------------------------- people who have time still
def test_people_still_awaited_are_not_lost():
    settled = callers("2016-03-01", 400, 400, 300, 0)
    settled["appointments"]["starts_at"] = settled["appointments"]["booked_at"] + pd.to_timedelta(np.arange(400) % 2 * 20 + 1, "D")
    latest = callers("2016-12-01", 400, 400, 300, 0)
    latest["appointments"]["starts_at"] = latest["appointments"]["booked_at"] + pd.to_timedelta(np.arange(400) % 2 * 20 + 1, "D")
    beyond = latest["appointments"]["starts_at"] >= pd.Timestamp(END)
    latest["appointments"]["status"] = np.where(beyond, "booked", latest["appointments"]["status"])
    period = Period(start=date(2016, 1, 1), end=END, now=Days(start=date(2016, 12, 1), end=END), before=None)
    result = run(clinic(settled, latest), period, clv=Value())
    assert result.came_share.value < 0.7
    assert result.came_share_settled.low < 0.75 < result.came_share_settled.high
    assert result.awaited.value == pytest.approx(0.75 * 400 - result.stages.set_index("stage").n["came"], abs=15)
    assert result.lost.value + result.awaited.value + result.stages.set_index("stage").n["came"] == pytest.approx(400)


# ---------------------------------------------------------------------- reasons in money
def test_losses_are_those_of_the_steps_split_by_reason(two_months):
    result = run(two_months, clv=Value())
    losses, stages = result.losses.set_index("cause"), result.stages.set_index("stage")
    assert losses.per_month.sum() == pytest.approx(130)
    assert losses.money.sum() == pytest.approx(stages.lost_money[["answered", "booked", "came"]].sum())
    assert losses.money["price"] + losses.money["no_slot"] == pytest.approx(stages.lost_money["booked"])
    assert result.losses.money.is_monotonic_decreasing
    assert result.losses.cumulative.iloc[-1] == pytest.approx(1)
    assert (losses.money_low < losses.money).all() and (losses.money < losses.money_high).all()


def test_losses_without_a_value_are_ranked_by_people(two_months):
    losses = run(two_months).losses
    assert losses.money.isna().all() and losses.per_month.is_monotonic_decreasing
    assert losses.cumulative.iloc[-1] == pytest.approx(1)


@pytest.mark.parametrize("words", ["said that {} is dear", "other"])
def test_tags_in_free_words_or_left_as_other_are_not_ranked(words):
    frames = callers("2016-10-01", 200, 120, 90, 20)
    tagged = frames["enquiries"].loss_reason.notna()
    frames["enquiries"].loc[tagged, "loss_reason"] = [words.format(i) for i in range(tagged.sum())]
    result = run(tables_from_frames(frames, end=END))
    keys = {finding.key for finding in result.findings if finding.kind == "not_answered"}
    assert result.reasons is None and "free_text" in keys and "no_reasons" not in keys
    assert set(result.losses.cause) == {"not_answered", "not_booked", "not_came"}


def test_a_few_free_words_count_as_other():
    frames = callers("2016-10-01", 200, 120, 90, 20)
    first = frames["enquiries"].loss_reason.first_valid_index()
    frames["enquiries"].loc[first, "loss_reason"] = "mumbled"
    assert run(tables_from_frames(frames, end=END)).reasons.set_index("reason").n["other"] == 1


# ---------------------------------------------------------------------- own good months
def test_a_step_below_its_own_good_months_is_told_what_they_would_bring_again():
    """Nine months in which 70% of those reached booked, then one with 40%; nothing else changed."""
    good = [callers(f"2016-{month:02d}-01", 200, 140, 105, 20) for month in range(1, 10)]
    result = run(clinic(*good, callers("2016-10-01", 200, 80, 60, 20)), clv=Value())
    told = [finding for finding in result.findings if finding.key == "done_better"]
    assert [finding.values["step"] for finding in told] == ["booked"]
    values = told[0].values
    assert values["best"].value == pytest.approx(0.7, abs=0.02) and values["people"].grade == "C"
    # 60 more would book and three quarters of them come
    assert values["people"].value == pytest.approx(45, abs=4) and told[0].impact.value == pytest.approx(45_000, abs=4_000)
    assert values["people"].low < values["people"].value < values["people"].high
    assert "You have already done better" in "\n".join(spoken("funnel", result, PERIOD).texts)


def test_months_alike_are_never_a_better_one():
    alike = [callers(f"2016-{month:02d}-01", 200, 140, 105, 20) for month in range(1, 11)]
    assert "done_better" not in {finding.key for finding in run(clinic(*alike)).findings}


# ---------------------------------------------------------------------- clocks
@pytest.mark.parametrize("hours", [3, -3, 5.5])
def test_clocks_that_differ_are_told_and_refused(hours):
    frames = callers("2016-10-01", 200, 120, 90, 20)
    for moment in ("booked_at", "starts_at"):
        frames["appointments"][moment] += pd.Timedelta(hours=hours)
    with pytest.raises(NotAnswerable) as refused:
        run(tables_from_frames(frames, end=END))
    assert refused.value.reason == "clocks_differ"
    assert refused.value.values["hours"].value == abs(hours) and refused.value.values["earlier"] == (hours < 0)


def test_visits_before_their_calls_are_refused_where_no_booking_has_a_time():
    frames = callers("2016-10-01", 200, 120, 90, 20)
    frames["appointments"] = frames["appointments"].assign(booked_at=pd.NaT, starts_at=frames["appointments"].starts_at - pd.Timedelta(hours=26))
    with pytest.raises(NotAnswerable) as refused:
        run(tables_from_frames(frames, end=END))
    assert refused.value.reason == "visits_before_calls" and refused.value.values["before"].value == 1


@pytest.mark.parametrize("reason, values", [
    ("clocks_differ", {"hours": Estimate(3, 3, 3, "hours", 90), "earlier": True}), ("visits_before_calls", {"before": Estimate(0.6, 0.5, 0.7, "share", 90)}),
])
def test_refusals_have_words(reason, values):
    told = spoken("funnel", Unanswered(grade="C", analysis="funnel", reason=reason, verdict="not_identified", details=values), PERIOD)
    assert "local time" in told.texts[0]


def test_clocks_of_the_teaching_clinic_agree(demo_tables, demo_period):
    assert run(demo_tables, demo_period).callers is not None


# ---------------------------------------------------------------------- telephones
def test_calls_without_a_number_are_not_lost_people():
    """Half of the calls lose their number: they cannot be followed and would look lost."""
    frames = callers("2016-10-01", 400, 240, 180, 40)
    frames["enquiries"].loc[np.arange(440) % 2 == 0, "caller_key"] = None
    result = run(tables_from_frames(frames, end=END))
    assert result.no_number_share.value == pytest.approx(0.5)
    assert result.visit_share.low < 180 / 440 < result.visit_share.high
    assert result.says["title"].key != "inverted", "those without a number come too"
    assert "no_numbers" in {finding.key for finding in result.findings}


def test_no_call_has_a_number():
    frames = callers("2016-10-01", 200, 120, 90, 20)
    frames["enquiries"]["caller_key"] = None
    result = run(tables_from_frames(frames, end=END))
    assert result.visit_share is None and result.callers is None, "calls are no people"
    assert "numberless" in {f.key for f in result.findings} and "no_enquiries" not in {f.key for f in result.findings}


def test_bookings_without_an_answered_call_contradict_the_log():
    frames = callers("2016-10-01", 200, 120, 90, 20)
    frames["enquiries"]["is_answered"] = np.arange(220) % 2 == 0
    result = run(tables_from_frames(frames, end=END))
    assert result.answered_share is None and result.visit_share.value == pytest.approx(90 / 220)
    assert "contradicted" in {finding.key for finding in result.findings if finding.kind == "not_answered"}


def test_a_log_that_marks_nobody_as_answered_does_not_say_who_was_missed():
    frames = callers("2016-10-01", 200, 120, 90, 20)
    frames["enquiries"]["is_answered"] = False
    result = run(tables_from_frames(frames, end=END))
    assert result.missed_share is None and result.says["title"].key == "booked_or_not_reached"
    assert "contradicted" in {finding.key for finding in result.findings}
    spoken("funnel", result, PERIOD)


# ---------------------------------------------------------------------- room and recommendation
def test_a_point_is_worth_what_the_rooms_hold(two_months):
    class Tight:
        room_load = Estimate(0.9, 0.89, 0.91, "share", 26)
        visits = 180
        visits_most = Estimate(181.0, 181.0, 181.0, "count", 26)

    result = run(two_months, clv=Value(), capacity=Tight())
    worth = result.worth.set_index("stage")
    # 180 visits of 90 first patients: room for one visit is room for half a first patient
    assert result.room.value == pytest.approx(0.5)
    assert worth.room_money["answered"] == pytest.approx(0.5 * 1000)
    first = worth.drop("again")
    assert (first.room_money <= first.point_money + 1e-9).all()
    assert result.raised_room.value == pytest.approx(0.5 / 90) and result.raised.value == pytest.approx(1.1 * 1.1 * 1.1 - 1, abs=0.2)


def test_recommendation_is_bounded_by_those_who_are_silent():
    people = 300
    frames = {
        "patients": pd.DataFrame({
            "patient_id": [f"p{i}" for i in range(2 * people)], "registered_on": date(2016, 9, 5),
            "stated_source": np.where(np.arange(2 * people) % 3 == 0, "Friends", np.where(np.arange(2 * people) % 3 == 1, "internet", None)),
        }),
        "appointments": pd.DataFrame({
            "appointment_id": [f"a{i}" for i in range(2 * people)], "patient_id": [f"p{i}" for i in range(2 * people)], "kind": "outpatient",
            "status": "completed", "starts_at": [pd.Timestamp("2016-10-03 12:00")] * people + [pd.Timestamp("2016-09-05 12:00")] * people,
        }),
    }
    result = run(tables_from_frames(frames, end=END))
    share = result.recommended_share
    assert share.value == pytest.approx(1 / 2) and share.low < 1 / 3 and share.high > 2 / 3 and share.grade == "C"
    # 300 first patients a month earlier, but over the twelve months in which patients recommend only 300 in all
    assert result.reproduction.low < 1 / 3 and result.reproduction.high > 2 / 3 * 9
    assert result.brought is None


def test_recommendations_end_the_funnel_between_their_bounds():
    frames = callers("2016-10-01", 200, 120, 90, 20)
    earlier = callers("2016-08-01", 200, 120, 90, 20)
    frames["patients"]["stated_source"] = np.where(np.arange(120) % 3 == 0, "friends", np.where(np.arange(120) % 3 == 1, "internet", None))
    result = run(clinic(frames, earlier))
    last = result.stages.iloc[-1]
    # of 90 who came a third named friends, a third nothing
    assert last.stage == "recommended" and last.per_month == result.recommended_least.value == 30
    assert result.recommended_most.value == 60


def test_nobody_was_asked_for_the_source(two_months):
    result = run(two_months)
    assert result.recommended_share is None and "no_sources" in {f.key for f in result.findings}


def test_a_step_that_everybody_passes_is_not_worth_a_point(two_months):
    """Where no missed appointment is on record nothing can be a point better, and nothing is promised for it."""
    kept = {name: table for name, table in two_months.items() if name not in ("opportunities", "enquiries")}
    kept["appointments"] = kept["appointments"].filter(kept["appointments"].status == "completed")
    found = run(kept)
    assert found.came_share.value == 1 and "came" not in set(found.worth.stage)
    assert found.raised is None and not {"raised", "point_came"} & {finding.key for finding in found.findings}
