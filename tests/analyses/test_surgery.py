"""Surgery: the scenario's beds, drawn clinics of a few operations, clinics that lack beds, rooms or bills."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from audit.analyses.surgery import SurgeryParams, SurgeryResult, analyse
from audit.config import Days, Period
from audit.errors import NotAnswerable
from audit.tables.connection import Tables, tables_from_frames
from audit.tables.operation_cases import operation_cases
from tests.pages import NONSENSE, spoken
from tests.spec import clinic, rows

END = date(2017, 1, 1)
DECEMBER = Period(start=date(2016, 12, 1), end=END, now=Days(start=date(2016, 12, 1), end=END))
NAMES = ("appointments", "rooms", "shifts", "events", "charges", "services")


def computed(tables: Tables, period: Period = DECEMBER, **params) -> SurgeryResult:
    return analyse(**{name: tables.get(name) for name in NAMES}, period=period, params=SurgeryParams(**params))


@pytest.fixture(scope="module")
def demo(demo_tables, demo_period) -> SurgeryResult:
    return computed(demo_tables, demo_period)


def test_the_scenario_is_limited_by_its_beds(demo, demo_truth):
    assert (demo.operations, demo.limit) == (demo_truth.after.operations, "ward")
    assert demo.operations_most.value == pytest.approx(120, abs=1)
    assert demo.limit_chance.value == 1.0
    # a bill of 70,000 less 22,400 of pay and supplies, over a night and a half
    assert demo.price_is == "contribution"
    assert demo.unit_price.value == pytest.approx(47_600 / 1.5, rel=0.01)
    assert demo.bed_price.value == pytest.approx(30 * 47_600 / 1.5, rel=0.01)
    # 312 operating hours hold 208 operations, which need 132 bed-nights more
    assert demo.units_until.value == pytest.approx(132, abs=1)


def test_before_the_ward_was_half_full_and_patients_were_the_limit(demo_tables, demo_truth):
    past = Days(start=date(2015, 12, 1), end=date(2016, 1, 1))
    result = computed(demo_tables, Period(start=date(2014, 1, 1), end=date(2016, 1, 1), now=past))
    assert result.operations == demo_truth.before.operations
    assert result.limit_load.value == pytest.approx(0.5, abs=0.01)
    assert result.says["title"].key == "free"
    assert {"price_later", "patients_first"} <= {finding.key for finding in result.findings}
    assert not any(finding.impact for finding in result.findings), "an empty bed earns nothing"


def test_the_mix_of_alike_operations_is_left_alone(demo):
    assert demo.mix_gain is None and demo.kinds.planned.isna().all()


# ------------------------------------------------------------------ drawn clinics
def test_operations_find_their_stay_and_their_bill():
    tables = clinic(
        END,
        patients="patient_id\np1\np2\np3",
        appointments="""
            appointment_id | patient_id | kind      | starts_at           | status    | service_id | minutes | nights
            o1             | p1         | operation | 2016-12-05T10:00:00 | completed | O1         | 90      |
            w1             | p1         | ward      | 2016-12-06T08:00:00 | completed |            |         | 2
            o2             | p2         | operation | 2016-12-06T10:00:00 | completed | O2         |         | 1
            o3             | p3         | operation | 2016-12-06T12:00:00 | cancelled | O1         | 90      |
            o4             | p3         | operation | 2016-12-07T12:00:00 | completed | O1         | 80      |
        """,
        services="""
            service_id | kind      | minutes | direct_cost
            O1         | operation | 100     | 30
            O2         | operation | 60      |
            W          | ward      |         | 5
            V          | consultation | 30   | 1
        """,
        charges="""
            charge_id | patient_id | charged_on | service_id | kind   | quantity | paid
            c1        | p1         | 2016-12-05 | O1         | sale   | 1        | 100
            c2        | p1         | 2016-12-07 | W          | sale   | 2        | 20
            c3        | p1         | 2016-12-05 | V          | sale   | 1        | 7
            c4        | p1         | 2016-12-20 | O1         | sale   | 1        | 900
            c5        | p2         | 2016-12-06 | O2         | sale   | 1        | 50
            c6        | p2         | 2016-12-06 | O2         | refund | -1       | -10
        """,
    )
    found = operation_cases(tables["appointments"], tables["charges"], tables["services"], start=date(2016, 12, 1), end=END)
    columns = ("appointment_id", "kind", "minutes", "nights", "paid", "direct_cost", "has_cost")
    assert rows({"cases": found}, "cases", *columns, by="appointment_id") == [
        ("o1", "O1", 90.0, 2.0, 120.0, 40.0, True),
        ("o2", "O2", 60.0, 1.0, 40.0, None, False),
        ("o4", "O1", 80.0, 0.0, None, None, False),
    ]


ROOMS = [
    {"room_id": "OR", "kind": "operating", "places": 1, "opens_minute": 540, "closes_minute": 1020, "weekdays": "12345"},
    {"room_id": "W", "kind": "ward", "places": 2},
]


def operating(rooms: list[dict] | None = None, cases: int = 22, nights: float = 2.0, kinds: int = 1, paid: float | None = 600.0,
              stays: int = 0) -> Tables:
    """December 2016: an operation of two hours a working day; kind K1, if any, stays a night longer and brings as much."""
    days = [day.to_pydatetime() for day in pd.bdate_range(date(2016, 12, 1), date(2016, 12, 30))][:cases]
    appointments = [
        {"appointment_id": f"o{i}", "patient_id": f"p{i}", "kind": "operation", "starts_at": day + timedelta(hours=9), "status": "completed",
         "minutes": 120.0 + i % 3, "nights": nights + i % kinds, "service_id": f"K{i % kinds}"} for i, day in enumerate(days)
    ]
    appointments += [
        {"appointment_id": f"s{i}", "patient_id": f"q{i}", "kind": "ward", "starts_at": datetime(2016, 12, 1, 8), "status": "completed",
         "nights": 10.0} for i in range(stays)
    ]
    frames = {"appointments": pd.DataFrame(appointments), "patients": pd.DataFrame({"patient_id": [a["patient_id"] for a in appointments]})}
    if paid is not None:
        frames["charges"] = pd.DataFrame([
            {"charge_id": a["appointment_id"], "patient_id": a["patient_id"], "charged_on": a["starts_at"].date(), "kind": "sale",
             "service_id": a["service_id"], "paid": paid} for a in appointments if a["kind"] == "operation"
        ])
        frames["services"] = pd.DataFrame([{"service_id": f"K{k}", "name": f"Kind {k}", "kind": "operation", "direct_cost": 100.0} for k in range(kinds)])
    if rooms is None or rooms:
        frames["rooms"] = pd.DataFrame(rooms or ROOMS)
    return tables_from_frames(frames, end=END)


def test_limit_and_price_by_hand():
    result = computed(operating())
    # 2 beds × 31 nights hold 31 operations; 22 days of 480 minutes hold 87
    assert (result.limit, result.operations_most.value) == ("ward", 31.0)
    assert result.limit_load.value == pytest.approx(22 / 31)
    assert result.unit_price.value == pytest.approx(500 / 2)
    assert result.operations_practical.value == pytest.approx(0.85 * 31)
    assert result.months.operations.tolist() == [22]


def test_the_operating_room_limits_short_stays():
    result = computed(operating(nights=0.25))
    assert result.limit == "operating" and result.bed_price is None
    assert result.unit_price.value == pytest.approx(500 / (120 + 21 / 22) * 60)


def test_stays_without_operation_take_their_beds_first():
    # two stays of ten nights leave 42 of 62
    assert computed(operating(stays=2)).operations_most.value == pytest.approx(42 / 2)


def test_a_better_mix_is_proposed_only_for_kinds_that_differ():
    result = computed(operating(kinds=2))
    # kind 0 takes two nights and kind 1 three; 30 % more of the first: 0.65 × 2 + 0.35 × 3 nights instead of 2.5
    assert result.mix_gain.value == pytest.approx(62 / 2.35 * 500 - 62 / 2.5 * 500)
    assert result.mix_gain.grade == "C"
    assert result.kinds.kind.tolist() == ["Kind 0", "Kind 1"]
    assert result.kinds.planned.tolist() == pytest.approx([0.65 * 62 / 2.35, 0.35 * 62 / 2.35])


# ------------------------------------------------------------------ what may be missing
def said(result: SurgeryResult, period: Period = DECEMBER) -> str:
    texts = " | ".join(spoken("surgery", result, period).texts)
    assert not any(nonsense in texts for nonsense in NONSENSE)
    return texts


def test_surgery_without_beds_is_limited_by_the_room_and_says_so():
    result = computed(operating(rooms=ROOMS[:1]))
    assert result.limit == "operating" and result.refused_share is None
    told = said(result)
    assert "Whether beds limit surgery cannot be said" in told
    # nothing may be said of the beds but that they are not known
    assert "before the beds are" not in told and "Surgery has room" not in told and "can wait" not in told


def test_no_rooms_leaves_a_count():
    result = computed(operating(rooms=[]))
    assert result.operations_most is None and result.grade == "C" and result.resources is None
    assert {"no_operating_room", "no_beds"} <= {finding.key for finding in result.findings}
    assert "cannot be said without rooms and beds" in said(result)


def test_no_bills_leave_the_price_unsaid():
    result = computed(operating(paid=None))
    assert result.unit_price is None and result.limit == "ward" and np.isnan(result.kinds.per_unit).all()
    assert "What an operation is worth cannot be said" in said(result)


def test_one_operation_has_no_made_up_interval():
    result = computed(operating(cases=1))
    assert result.operations_most.is_exact and result.operations_most.grade == "C"
    said(result)


def test_operations_without_minutes_and_nights():
    frames = operating()["appointments"].to_pandas().assign(minutes=None, nights=None)
    result = computed(tables_from_frames({"appointments": frames, "rooms": pd.DataFrame(ROOMS)}, end=END))
    assert result.operations_most is None
    said(result)


def test_no_operations_cannot_be_answered():
    with pytest.raises(NotAnswerable, match="no_operations"):
        computed(operating(), Period(start=date(2015, 1, 1), end=date(2015, 2, 1)))
