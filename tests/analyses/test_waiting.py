"""Waiting: diaries drawn by hand, a backlog of known length, records without rota, days of booking or reasons."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

import pandas as pd
import pytest

from audit.analyses.capacity import CapacityParams
from audit.analyses.capacity import analyse as capacity_of
from audit.analyses.waiting import WaitingParams, WaitingResult, analyse
from audit.config import Days, Period
from audit.errors import NotAnswerable
from audit.models.queueing import mean_wait
from audit.tables.connection import Tables, tables_from_frames
from audit.tables.third_available import third_available
from tests.pages import NONSENSE, spoken
from tests.spec import clinic, rows

END = date(2017, 1, 1)
DECEMBER = Period(start=date(2016, 12, 1), end=END, now=Days(start=date(2016, 12, 1), end=END))


def computed(tables: Mapping, period: Period = DECEMBER, **params) -> WaitingResult:
    shared = ("appointments", "rooms", "shifts", "services")
    first = capacity_of(
        **{name: tables.get(name) for name in (*shared, "events", "charges")}, period=period, params=CapacityParams()
    )
    names = (*shared, "first_visits", "doctors", "opportunities")
    return analyse(**{name: tables.get(name) for name in names}, capacity=first, period=period, params=WaitingParams(**params))


def said(result: WaitingResult) -> str:
    texts = " | ".join(spoken("waiting", result, DECEMBER).texts)
    assert not any(nonsense in texts for nonsense in NONSENSE)
    return texts


# ------------------------------------------------------------------ drawn diaries
def test_third_free_appointment_by_hand():
    tables = clinic(
        END,
        patients="patient_id\np1",
        doctors="doctor_id | specialty\nD1 | ENT\nD2 | ENT",
        shifts="""
            shift_id | staff_id | role   | starts_at           | ends_at
            s1       | D1       | doctor | 2016-12-05T09:00:00 | 2016-12-05T11:00:00
            s2       | D1       | doctor | 2016-12-07T09:00:00 | 2016-12-07T11:00:00
            s3       | D2       | doctor | 2016-12-06T09:00:00 | 2016-12-06T10:00:00
        """,
        appointments="""
            appointment_id | patient_id | doctor_id | kind       | booked_at           | cancelled_at        | starts_at           | minutes | status
            before         | p1         | D1        | outpatient | 2016-12-01T09:00:00 |                     | 2016-12-05T09:00:00 | 60      | no_show
            same_day       | p1         | D1        | outpatient | 2016-12-05T08:00:00 |                     | 2016-12-05T10:00:00 | 30      | completed
            freed          | p1         | D1        | outpatient | 2016-12-01T09:00:00 | 2016-12-06T09:00:00 | 2016-12-07T09:00:00 | 90      | cancelled
            nobody_knows   | p1         | D1        | outpatient | 2016-12-01T09:00:00 |                     | 2016-12-07T09:00:00 | 90      | cancelled
        """,
    )
    found = third_available(
        tables["appointments"], tables["shifts"], None, tables["doctors"], start=date(2016, 12, 5), end=date(2016, 12, 8), horizon=5, minutes=30
    )
    assert rows({"t": found}, "t", "by", "unit", "day", "days", "capped", by=("by", "unit", "day")) == [
        # on the 5th two of four half hours are free and one of four on the 7th; by the 7th the cancelled one is free again
        ("doctor", "D1", date(2016, 12, 5), 2.0, False),
        ("doctor", "D1", date(2016, 12, 6), 5.0, True),
        ("doctor", "D1", date(2016, 12, 7), 0.0, False),
        ("doctor", "D2", date(2016, 12, 5), 5.0, True),
        ("doctor", "D2", date(2016, 12, 6), 5.0, True),
        ("specialty", "ENT", date(2016, 12, 5), 1.0, False),
        ("specialty", "ENT", date(2016, 12, 6), 1.0, False),
        ("specialty", "ENT", date(2016, 12, 7), 0.0, False),
    ]


def backlog(days_ahead: int, **columns) -> Tables:
    """One doctor of eight hourly appointments on every day, each taken exactly ``days_ahead`` days before."""
    shifts, visits = [], []
    for i in range(150):
        day = datetime(2016, 9, 1) + timedelta(days=i)
        shifts.append({"shift_id": f"s{i}", "staff_id": "D1", "role": "doctor", "starts_at": day + timedelta(hours=9), "ends_at": day + timedelta(hours=17)})
        for k in range(8 if day < datetime(2017, 1, 1) else 0):
            made = day - timedelta(days=days_ahead, hours=-12)
            visits.append({"appointment_id": f"a{i}_{k}", "patient_id": f"p{i}_{k}", "doctor_id": "D1", "kind": "outpatient", "booked_at": made,
                           "starts_at": day + timedelta(hours=9 + k), "minutes": 60.0, "status": "completed"})
    appointments = pd.DataFrame(visits).assign(**columns)
    frames = {"appointments": appointments, "shifts": pd.DataFrame(shifts), "doctors": pd.DataFrame([{"doctor_id": "D1", "specialty": "ENT"}]),
              "patients": pd.DataFrame({"patient_id": appointments.patient_id, "registered_on": date(2016, 9, 1)})}
    return tables_from_frames(frames, end=END)


@pytest.mark.parametrize("days", [3, 9])
def test_a_backlog_of_known_length_is_found(days):
    # what is taken `days` days ahead at noon is full up to the day before, as seen that morning
    result = computed(backlog(days))
    assert (result.third_days.value, result.third_capped.value) == (days, 0.0)
    assert result.wait_new.value == days
    assert result.says["title"].key == ("long" if days > 7 else "full")
    assert ("turned_away" in {finding.key for finding in result.findings}) == (days > 7)
    said(result)


def test_a_wait_beyond_the_horizon_is_capped_and_said():
    result = computed(backlog(30), horizon_days=14)
    assert (result.third_days.value, result.third_capped.value) == (14, 1.0)


def test_the_98_per_cent_warning(demo_tables, demo_period):
    result = computed(demo_tables, demo_period)
    assert result.servers == 7 and result.load_now.value == pytest.approx(0.98, abs=0.005)
    # half-hour visits all alike: half the M/M/c wait
    assert result.queue_full.value == pytest.approx(30 * mean_wait(7, 0.98 * 7) / 2)
    assert result.queue_ratio.value > 8
    assert "no_slack" in {finding.key for finding in result.findings}
    units = result.units[result.units.by == "doctor"].set_index("unit")
    assert (units.load > 0.9).all() and (units.state == "act").all()


# ------------------------------------------------------------------ what may be missing
def without(name: str, tables: Tables) -> dict:
    return {key: table for key, table in tables.items() if key != name}


def test_no_shifts_leaves_the_days_between_booking_and_visit():
    result = computed(without("shifts", backlog(3)))
    assert result.third_days is None and result.units is None and result.queue_curve is None
    assert result.wait_new.value == 3
    assert "How soon callers can be seen cannot be said" in said(result)


def test_no_days_of_booking_leave_the_queue():
    result = computed(backlog(3, booked_at=pd.NaT))
    assert result.third_days is None and result.wait_new is None and result.queue_full is not None
    assert {"no_mornings", "no_booked"} <= {finding.key for finding in result.findings}
    said(result)


def test_one_month_shorter_than_the_horizon():
    month = Period(start=date(2016, 12, 25), end=END)
    result = computed(backlog(3), month)
    assert result.third_days is None and "no_mornings" in {finding.key for finding in result.findings}


def test_nothing_recorded_cannot_be_answered():
    with pytest.raises(NotAnswerable, match="nothing_known"):
        computed(without("shifts", backlog(3, booked_at=pd.NaT)))
