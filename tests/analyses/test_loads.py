"""Loads: drawn rooms and rotas, the scenario's two months, records without rooms, rota or history."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pandas as pd
import pytest

from audit.analyses.capacity import CapacityParams
from audit.analyses.capacity import analyse as capacity_of
from audit.analyses.loads import LoadsParams, LoadsResult, analyse
from audit.config import Days, Period
from audit.errors import NotAnswerable
from audit.tables.connection import Tables, tables_from_frames
from tests.pages import NONSENSE, spoken
from tests.spec import clinic

END = date(2017, 1, 1)
DECEMBER = Period(start=date(2016, 12, 1), end=END, now=Days(start=date(2016, 12, 1), end=END))


def computed(tables: Mapping, period: Period = DECEMBER, **params) -> LoadsResult:
    first = capacity_of(
        **{name: tables.get(name) for name in ("appointments", "rooms", "shifts", "events", "charges", "services")},
        period=period, params=CapacityParams(),
    )
    names = ("appointments", "rooms", "shifts", "doctors", "events", "services")
    return analyse(**{name: tables.get(name) for name in names}, capacity=first, period=period, params=LoadsParams(**params))


def loads(result: LoadsResult, column: str = "load") -> dict[str, float]:
    return dict(zip(result.units.unit, result.units[column], strict=True))


@pytest.fixture(scope="module")
def demo(demo_tables, demo_period) -> LoadsResult:
    return computed(demo_tables, demo_period)


def test_forty_and_ninety_eight_per_cent(demo):
    rows = demo.denominators.set_index("denominator")
    assert rows.load["open_rooms"] == pytest.approx(0.98, abs=0.005)
    assert rows.load_before["open_rooms"] == pytest.approx(0.40, abs=0.005)
    assert rows.load["booked"] > 1, "more booked than the rooms hold is shown, not cut"
    assert demo.maxima.set_index("maximum").visits["theoretical"] == pytest.approx(4368)


@pytest.mark.parametrize(("part", "whole"), [("room", "branch"), ("doctor", "specialty")])
def test_parts_add_up(demo, part, whole):
    sums = demo.units.groupby("by")[["open_hours", "used_hours"]].sum()
    assert sums.loc[part].to_numpy() == pytest.approx(sums.loc[whole].to_numpy())


def test_rooms_and_doctors_add_up_to_the_clinic(demo):
    sums = demo.units.groupby("by").used_hours.sum()
    clinic_hours = demo.denominators.set_index("denominator").used_hours
    assert sums["branch"] == pytest.approx(clinic_hours["open_rooms"])
    assert sums["doctor"] == pytest.approx(clinic_hours["rota"])


def test_no_room_of_the_synthetic_clinic_is_used_twice(demo):
    assert demo.double_booked_hours is None


# ------------------------------------------------------------------ drawn clinics
SMALL = {
    "patients": "patient_id\np1\np2",
    "rooms": """
        room_id | branch | kind       | places | opens_minute | closes_minute | weekdays | slot_minutes
        R1      | North  | consulting | 1      | 540          | 780           | 12345    | 60
        R2      | South  | consulting | 1      | 540          | 780           | 12345    | 60
        OR      | South  | operating  | 1      | 540          | 780           | 12345    | 60
    """,
    "doctors": "doctor_id | specialty\nD1 | ENT\nD2 | eyes",
    "shifts": """
        shift_id | staff_id | role   | room_id | starts_at           | ends_at
        s1       | D1       | doctor | R1      | 2016-12-05T09:00:00 | 2016-12-05T11:00:00
        s2       | D2       | doctor | R1      | 2016-12-05T11:00:00 | 2016-12-05T13:00:00
        s3       | D1       | doctor | OR      | 2016-12-06T09:00:00 | 2016-12-06T13:00:00
    """,
    "appointments": """
        appointment_id | patient_id | doctor_id | room_id | kind       | starts_at           | minutes | status
        a1             | p1         | D1        | R1      | outpatient | 2016-12-05T09:00:00 | 60      | completed
        a2             | p2         | D1        | R1      | outpatient | 2016-12-05T09:40:00 | 60      | completed
        a3             | p1         | D1        | R1      | outpatient | 2016-12-05T10:40:00 | 60      | completed
        a4             | p1         | D2        | R1      | outpatient | 2016-12-05T12:00:00 | 60      | no_show
        a5             | p2         | D1        | R1      | outpatient | 2016-12-05T12:00:00 | 30      | completed
        a6             | p2         | D1        | OR      | operation  | 2016-12-06T09:00:00 | 60      | completed
    """,
}
ONE_WEEK = Period(start=date(2016, 12, 5), end=date(2016, 12, 10))


def test_loads_of_units_by_hand():
    result = computed(clinic(END, **SMALL), ONE_WEEK, fewest_hours=1)
    found = loads(result)
    assert found["R1"] == pytest.approx(3.5 / 20) and found["North"] == found["R1"]
    assert found["R2"] == 0 and result.unused_rooms == 1
    assert found["D1"] == pytest.approx(3.5 / 2), "overtime is shown, not cut; an operating shift is no outpatient time"
    assert found["ENT"] == found["D1"] and found["D2"] == 0
    assert "OR" not in found
    # 9:40 to 10:00 held two visits, in five days
    assert result.double_booked_hours.value == pytest.approx(20 / 60 * 7 / 5)


def said(result: LoadsResult, period: Period = DECEMBER) -> str:
    texts = " | ".join(spoken("loads", result, period).texts)
    assert not any(nonsense in texts for nonsense in NONSENSE)
    return texts


def without(*names: str) -> Tables:
    return clinic(END, **{name: text for name, text in SMALL.items() if name not in names})


def test_no_shifts_leaves_the_rooms():
    result = computed(without("shifts"), ONE_WEEK, fewest_hours=1)
    assert set(result.units.by) == {"room", "branch"} and result.load_rota is None
    assert "How full each doctor is cannot be said" in said(result, ONE_WEEK)


def test_no_rooms_leaves_the_doctors():
    result = computed(without("rooms"), ONE_WEEK, fewest_hours=1)
    assert set(result.units.by) == {"doctor", "specialty"} and result.load_open is None
    assert result.months.empty
    assert "How full rooms and branches are cannot be said" in said(result, ONE_WEEK)


def test_no_doctors_leaves_out_the_specialty():
    result = computed(without("doctors"), ONE_WEEK, fewest_hours=1)
    assert "specialty" not in set(result.units.by)
    assert "no_specialty" in {finding.key for finding in result.findings}


def test_neither_rooms_nor_rota_cannot_be_answered():
    with pytest.raises(NotAnswerable, match="no_hours"):
        computed(without("rooms", "shifts"), ONE_WEEK)


def test_one_month_has_no_season(demo_clinic):
    month = {name: frame for name, frame in demo_clinic.tables.items() if name in ("patients", "rooms", "shifts", "doctors")}
    diary = demo_clinic.tables["appointments"]
    month["appointments"] = diary[diary.starts_at >= pd.Timestamp(2016, 12, 1)]
    result = computed(tables_from_frames(month, end=END), DECEMBER)
    assert result.season is None and result.season_peak is None
    assert "Whether the load follows the season cannot be said" in said(result)
