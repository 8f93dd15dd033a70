"""Funnel: the simulated truth, a drawn clinic counted by hand, and what cannot be answered."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from audit.analyses import funnel
from audit.config import Days, Period
from audit.errors import NotAnswerable
from audit.results import Estimate
from audit.tables.connection import Tables, tables_from_frames

END = date(2017, 1, 1)
PERIOD = Period(start=date(2016, 1, 1), end=END, now=Days(start=date(2016, 10, 1), end=date(2016, 11, 1)),
                before=Days(start=date(2016, 7, 1), end=date(2016, 8, 1)))


class Value:
    """Stands for the result of patient value."""

    value_365 = Estimate(1000.0, 900.0, 1100.0, "currency", 500)


def run(tables: Tables, period: Period = PERIOD, clv=None, capacity=None, **params):
    given = {name: tables.get(name) for name in ("patient_days", "opportunities", "enquiries", "site_traffic")}
    return funnel.analyse(tables["appointments"], tables["first_visits"], **given, clv=clv, capacity=capacity,
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
    everyday = result.peaks[result.peaks.weekday == "all"]
    assert ((everyday.from_hour <= 18) & (everyday.to_hour >= 20)).any()
    monday = result.peaks[result.peaks.weekday == "0"].iloc[0]
    assert (monday.from_hour, monday.to_hour) == (9, 11)


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
    assert result.stages[result.stages.stage != "again"].lost.sum() == result.lost.value == 130


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
    assert result.missed_by_hour is None


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
    keys = {finding.key for finding in result.findings}
    assert "more_came" in keys
    assert "unlinked" in keys


def test_full_rooms_are_a_caveat(two_months):
    class Full:
        room_load = Estimate(0.98, 0.97, 0.99, "share", 26)

    assert "rooms_full" in {finding.key for finding in run(two_months, capacity=Full()).findings}


def test_nobody_in_the_period():
    with pytest.raises(NotAnswerable):
        run(clinic(callers("2016-03-01", 20, 12, 9, 2)))


@pytest.mark.parametrize("n", [1, 3])
def test_hardly_anybody(n):
    result = run(clinic(callers("2016-10-01", n, n, n, 0)))
    assert result.worst is None
    assert result.return_share is None
