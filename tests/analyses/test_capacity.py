"""Capacity: hand-made clinics, the synthetic clinic's truth, and records that lack something."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pandas as pd
import pytest

from audit.analyses.capacity import CapacityParams, CapacityResult, analyse
from audit.config import Days, Period
from audit.errors import NotAnswerable
from audit.tables.connection import Tables, tables_from_frames
from audit.wording.text import Words

END = date(2017, 1, 1)
DECEMBER = Period(start=date(2016, 12, 1), end=END, now=Days(start=date(2016, 12, 1), end=END))
NAMES = ("appointments", "rooms", "shifts", "events", "charges", "services")


def computed(tables: Tables, period: Period = DECEMBER, **params) -> CapacityResult:
    return analyse(**{name: tables.get(name) for name in NAMES}, period=period, params=CapacityParams(**params))


@pytest.fixture(scope="module")
def demo(demo_tables, demo_period) -> CapacityResult:
    return computed(demo_tables, demo_period)


def test_recovers_the_load_the_clinic_was_made_with(demo, demo_truth):
    assert demo.slots == demo_truth.after.slots
    assert demo.visits == demo_truth.after.visits
    assert demo.room_load.value == pytest.approx(demo_truth.after.visits / demo_truth.after.slots, abs=1e-6)
    assert demo.room_load_before.value == pytest.approx(demo_truth.before.visits / demo_truth.before.slots, abs=1e-6)


def test_names_the_ward_as_the_bottleneck_of_surgery(demo, demo_truth):
    beds = demo_truth.after.slots and 180
    assert demo.ward_load.value == pytest.approx(demo_truth.after.bed_days / beds, abs=0.005)
    assert demo.ward_load_before.value == pytest.approx(demo_truth.before.bed_days / beds, abs=0.005)
    assert demo.bottleneck == "ward"


def test_three_denominators_answer_differently_and_may_exceed_one(demo):
    before, now = (demo.resources.set_index("resource")[name] for name in ("load_before", "load"))
    assert before["consulting"] < before["booked"] < before["doctors"]
    assert now["booked"] > 1


def test_the_hours_patients_choose_now_hold_fewer_visits_than_all_hours(demo):
    assert demo.visits <= demo.visits_shaped.value < demo.visits_most.value


def test_heat_adds_up_to_the_load(demo):
    assert demo.heat.used_hours.sum() / demo.heat.open_hours.sum() == pytest.approx(demo.room_load.value)


def test_calendar_covers_every_day_and_is_empty_when_closed(demo, demo_period):
    assert len(demo.calendar) == demo_period.days
    assert demo.calendar.load[demo.calendar.day.dt.day_of_week == 6].isna().all()


# ------------------------------------------------------------------ hand-made clinics
def visit(number: int, start: datetime, status: str = "completed", kind: str = "outpatient", **more) -> dict:
    return {"appointment_id": f"a{number}", "patient_id": f"p{number % 7}", "doctor_id": "D1", "kind": kind, "starts_at": start,
            "booked_at": start - timedelta(days=number % 20), "status": status, **more}  # fmt: skip


ROOM = {"room_id": "R", "kind": "consulting", "places": 1, "opens_minute": 540, "closes_minute": 1020, "weekdays": "12345",
        "slot_minutes": 60.0}  # fmt: skip


def workdays(first: date, last: date) -> list[datetime]:
    return [day.to_pydatetime() for day in pd.bdate_range(first, last - timedelta(days=1))]


def one_room(rooms: list[dict] | None = None, status: str = "no_show", **frames: pd.DataFrame) -> Tables:
    """December 2016, 22 days of 8 hours: at 9 h always a visit, at 12 h every other day, at 15 h one that is missed."""
    days, rows = workdays(date(2016, 12, 1), END), []
    for i, day in enumerate(days):
        rows.append(visit(3 * i, day + timedelta(hours=9), room_id="R", minutes=60.0))
        rows.append(visit(3 * i + 1, day + timedelta(hours=15), status, room_id="R", minutes=60.0))
        if i % 2:
            rows.append(visit(3 * i + 2, day + timedelta(hours=12), room_id="R", minutes=60.0))
    appointments = pd.DataFrame(rows)
    tables = {"appointments": appointments, "patients": pd.DataFrame({"patient_id": sorted(set(appointments.patient_id))})}
    if rooms is None or rooms:
        tables["rooms"] = pd.DataFrame(rooms or [ROOM])
    return tables_from_frames(tables | frames, end=END)


def test_load_counts_only_visits_that_took_place():
    result = computed(one_room())
    assert result.room_load.value == pytest.approx(33 / 176)
    assert result.booked_load.value == pytest.approx(55 / 176)
    assert result.free_hours.value == pytest.approx(143 / (31 / 7))
    assert result.visits_most.value == 176 and result.slots == 176
    assert result.room_load.low < result.room_load.value < result.room_load.high


def test_the_full_hour_is_found_behind_a_low_average():
    result = computed(one_room())
    assert (result.peak_hour, result.peak_load.value) == (9, 1.0)
    assert result.says["title"].key == "peaks"
    assert result.turn_away_hours.value == pytest.approx(22 / (31 / 7)), "one hour of each of 22 days"
    assert "peak_full" in {finding.key for finding in result.findings}


def test_closed_days_are_not_capacity():
    closed = pd.DataFrame([{"event": "x", "kind": "closed", "from_day": date(2016, 12, 19), "to_day": date(2016, 12, 25)}])
    assert computed(one_room(events=closed)).room_load.value == pytest.approx(33 / 136)


def test_worth_of_free_hours_uses_contribution_only_when_costs_are_known():
    services = pd.DataFrame([{"service_id": "V", "kind": "consultation", "direct_cost": 40.0}])
    lines = [{"charge_id": str(i), "patient_id": "p1", "charged_on": day.date(), "service_id": "V", "kind": "sale", "paid": 150.0}
             for i, day in enumerate(workdays(date(2016, 12, 1), END))]  # fmt: skip
    result = computed(one_room(services=services, charges=pd.DataFrame(lines)))
    assert result.value_is == "contribution"
    assert result.hour_value.value == pytest.approx(22 * 110 / 33)
    assert result.fill_worth.value == pytest.approx((0.85 * 176 - 33) * 22 * 110 / 33)
    assert result.fill_worth.grade == "C", "whether demand exists is assumed"
    assert computed(one_room(charges=pd.DataFrame(lines))).value_is == "revenue"


def test_doubling_the_rota_halves_the_doctors_load():
    def rota(hours: int) -> pd.DataFrame:
        return pd.DataFrame([
            {"shift_id": str(i), "staff_id": "D1", "role": "doctor", "starts_at": day + timedelta(hours=8),
             "ends_at": day + timedelta(hours=8 + hours)} for i, day in enumerate(workdays(date(2016, 12, 1), END))
        ])  # fmt: skip

    once, twice = (computed(one_room(shifts=rota(hours))) for hours in (5, 10))
    assert once.doctor_load.value == pytest.approx(33 / 110)
    assert twice.doctor_load.value == pytest.approx(once.doctor_load.value / 2)


def test_without_a_rota_doctors_own_fullest_days_bound_their_load():
    result = computed(one_room())
    # 22 days of one or two hours, the fullest two hours
    assert result.doctor_load is None and result.doctor_load_at_most.value == pytest.approx(33 / 44)
    assert result.doctor_load_at_most.grade == "C"
    gap = next(finding for finding in result.findings if finding.key == "no_rota")
    assert "at most" in str(Words("capacity", currency="EUR", period=DECEMBER).finding(result, gap))


def test_without_rooms_the_page_tells_bounds_only():
    result = computed(one_room(rooms=[]))
    assert result.room_load is None and result.resources is None and result.heat is None
    assert result.says["title"].key == "unknown" and result.grade == "C"
    assert "no_rooms" in {finding.key for finding in result.findings}
    assert result.weekly_visits is not None and result.load_at_most is None, "four weeks are too few for a busiest week"


def test_without_rooms_the_busiest_weeks_bound_the_load():
    rows = [visit(10 * w + i, datetime(2016, 1, 4) + timedelta(weeks=w, hours=9, days=i % 5))
            for w in range(51) for i in range(10 + w % 5)]  # fmt: skip
    tables = tables_from_frames({"appointments": pd.DataFrame(rows), "patients": pd.DataFrame({"patient_id": ["p1"]})}, end=END)
    result = computed(tables, Period(start=date(2016, 1, 1), end=END))
    assert result.busiest_week.value == 14
    assert result.load_at_most.value == pytest.approx(result.weekly_visits.value / 14)
    assert result.load_at_most.value <= 1


def test_dates_without_times_leave_out_the_hours_only():
    frames = one_room()["appointments"].to_pandas()
    frames["starts_at"] = frames.starts_at.dt.normalize()
    tables = tables_from_frames({"appointments": frames, "rooms": pd.DataFrame([ROOM])}, end=END)
    result = computed(tables)
    assert result.heat is None and result.room_load.value == pytest.approx(33 / 176)
    assert "no_times" in {finding.key for finding in result.findings}


def test_no_outcomes_cannot_be_answered():
    with pytest.raises(NotAnswerable, match="no_visits"):
        computed(one_room(), Period(start=date(2015, 1, 1), end=date(2015, 2, 1)))


def test_rooms_without_hours_or_lengths_are_no_capacity():
    blank = ROOM | {"opens_minute": None, "closes_minute": None}
    assert computed(one_room(rooms=[blank])).room_load is None
    frames = one_room()["appointments"].to_pandas().assign(minutes=None)
    tables = tables_from_frames({"appointments": frames, "rooms": pd.DataFrame([ROOM | {"slot_minutes": None}])}, end=END)
    assert computed(tables).room_load is None


def test_one_day_has_a_value_and_no_made_up_interval():
    result = computed(one_room(), Period(start=date(2016, 12, 2), end=date(2016, 12, 3)))
    assert result.room_load.value == pytest.approx(2 / 8) and result.room_load.is_exact and result.room_load.grade == "C"
