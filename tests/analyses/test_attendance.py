"""Attendance: drawn diaries, the synthetic clinic, records that lack the moment of booking, cancelling or any absence."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from audit.analyses.attendance import AttendanceParams, AttendanceResult, analyse
from audit.analyses.capacity import CapacityResult
from audit.config import Days, Period
from audit.errors import NotAnswerable
from audit.results import exact
from audit.tables.connection import Tables, tables_from_frames
from audit.tables.due_appointments import came_later, due_appointments
from audit.tables.room_time import room_time
from tests.pages import NONSENSE, spoken
from tests.spec import clinic, rows

END = date(2017, 2, 1)
DECEMBER = Period(start=date(2016, 11, 1), end=END, now=Days(start=date(2016, 12, 1), end=date(2017, 1, 1)))


def computed(tables: Tables, period: Period = DECEMBER, capacity: CapacityResult | None = None, **params) -> AttendanceResult:
    return analyse(
        tables["appointments"], tables["first_visits"], tables.get("rooms"), tables.get("services"), capacity, period=period,
        params=AttendanceParams(**params),
    )


def said(result: AttendanceResult) -> str:
    texts = " | ".join(spoken("attendance", result, DECEMBER).texts)
    assert not any(nonsense in texts for nonsense in NONSENSE)
    return texts


# ------------------------------------------------------------------ drawn diaries
DIARY = """
    appointment_id | patient_id | kind       | room_id | booked_at           | cancelled_at        | starts_at           | minutes | status    | reminder_sent
    came           | p1         | outpatient | R       | 2016-12-05T08:00:00 |                     | 2016-12-05T09:00:00 | 30      | completed | no
    filled         | p2         | outpatient | R       | 2016-12-01T08:00:00 | 2016-12-04T08:00:00 | 2016-12-05T09:15:00 | 30      | cancelled | yes
    late           | p2         | outpatient | R       | 2016-11-01T08:00:00 | 2016-12-06T08:00:00 | 2016-12-06T09:00:00 | 30      | cancelled | yes
    missed         | p3         | outpatient | R       | 2016-12-01T08:00:00 |                     | 2016-12-06T09:30:00 | 30      | no_show   |
    unknown        | p1         | outpatient | R       |                     |                     | 2016-12-06T10:00:00 | 30      | cancelled |
    back           | p3         | outpatient | R       | 2016-12-07T08:00:00 |                     | 2016-12-20T09:00:00 | 30      | completed | no
    other          | p4         | outpatient | Q       | 2016-12-01T08:00:00 |                     | 2016-12-06T09:30:00 | 30      | completed | no
    surgery        | p4         | operation  | R       |                     |                     | 2016-12-06T09:00:00 | 90      | completed |
    ahead          | p4         | outpatient | R       | 2016-12-01T08:00:00 |                     | 2017-01-06T09:30:00 | 30      | no_show   | no
"""


@pytest.fixture(scope="module")
def diary() -> Tables:
    return clinic(END, appointments=DIARY, patients="patient_id\np1\np2\np3\np4")


def test_what_became_of_each_appointment(diary):
    timed = room_time(diary["appointments"], None, None)
    due = due_appointments(timed, diary["first_visits"], start=date(2016, 12, 1), end=date(2017, 1, 1), late_hours=24)
    columns = ("appointment_id", "outcome", "lead", "who", "reminder", "refilled")
    assert rows({"due": due}, "due", *columns, by="appointment_id") == [
        ("back", "came", "days_8_14", "new", "not_reminded", None),
        ("came", "came", "same_day", "new", "not_reminded", None),
        ("filled", "early", "days_4_7", "new", "reminded", True),
        ("late", "late", "days_31", "new", "reminded", False),
        ("missed", "missed", "days_4_7", "new", None, False),
        ("other", "came", "days_4_7", "new", "not_reminded", None),
        ("unknown", "cancelled", None, "returning", None, False),
    ]
    later = came_later(due, diary["appointments"], days=30)
    assert rows({"l": later}, "l", "appointment_id", "came_later", by="appointment_id") == [
        ("filled", False), ("late", False), ("missed", True), ("unknown", False),
    ]


def test_shares_hours_and_money_by_hand(diary):
    worth = exact(1000.0, "currency", 26)
    capacity = CapacityResult(grade="A", hour_value=worth, value_is="revenue", **dict.fromkeys(
        name for name in CapacityResult.__dataclass_fields__
        if name not in ("grade", "says", "findings", "headline", "hour_value", "value_is")
    ))  # fmt: skip
    result = computed(diary, capacity=capacity)
    assert result.came_share.value == pytest.approx(3 / 7)
    assert result.no_show_share.value == pytest.approx(1 / 4)
    assert result.late_share.value == pytest.approx(1 / 7)
    assert result.refilled_share.value == pytest.approx(1 / 4)
    assert result.came_later_share.value == pytest.approx(1 / 4)
    assert result.lost_hours.value == pytest.approx(1.0 / (31 / 7)), "one missed, one cancelled late, half an hour each"
    assert result.unfilled_hours.value == pytest.approx(0.5 / (31 / 7))
    assert result.lost_money.value == pytest.approx(1000.0)
    assert result.outcomes.set_index("outcome").worth["cancelled"] == pytest.approx(500.0)
    assert "took place" in said(result)


# ------------------------------------------------------------------ a process with known shares
def process(seed: int, reminder_effect: float = 0.0, n: int = 4000) -> Tables:
    """A room with an appointment every half hour: absence rises with lead time, which also decides who is reminded."""
    rng = np.random.default_rng(seed)
    start = [datetime(2016, 12, 1, 8) + timedelta(minutes=10 * int(i)) for i in range(n)]
    lead = rng.choice([2, 6, 20], n)
    reminded = rng.random(n) < np.select([lead == 2, lead == 6], [0.2, 0.5], 0.9)
    chance = np.select([lead == 2, lead == 6], [0.10, 0.20], 0.35) + reminder_effect * reminded
    missed = rng.random(n) < chance
    return tables_from_frames({
        "appointments": pd.DataFrame({
            "appointment_id": [f"a{i:05d}" for i in range(n)], "patient_id": [f"p{i % 50}" for i in range(n)], "kind": "outpatient",
            "room_id": "R", "starts_at": start, "booked_at": [at - timedelta(days=int(d)) for at, d in zip(start, lead, strict=True)],
            "minutes": 10.0, "status": np.where(missed, "no_show", "completed"), "reminder_sent": reminded,
        }), "patients": pd.DataFrame({"patient_id": [f"p{i}" for i in range(50)]}),
    }, end=END)


def test_recovers_the_shares_it_was_made_with():
    result = computed(process(1))
    lead = result.groups[result.groups.by == "lead"].set_index("group")
    truth = {"days_1_3": 0.10, "days_4_7": 0.20, "days_15_30": 0.35}
    for name, share in truth.items():
        assert lead.missed_low[name] <= share <= lead.missed_high[name]
    assert result.worst_lead == "days_15_30"


def test_reminders_are_compared_within_lead_times():
    none = computed(process(2))
    rows = none.groups[none.groups.by == "reminder"].set_index("group")
    assert rows.missed_low["reminded"] > rows.missed_high["not_reminded"], "those booked far ahead are reminded"
    assert none.reminder_difference.low < 0 < none.reminder_difference.high
    works = computed(process(3, reminder_effect=-0.06))
    assert works.reminder_difference.low <= -0.06 <= works.reminder_difference.high < 0
    assert "reminders" in {finding.key for finding in works.findings}


def test_the_synthetic_clinic_lost_fewer_after_the_reminders_began(demo_tables, demo_period):
    assert demo_period.past is not None
    now = computed(demo_tables, demo_period)
    before = computed(demo_tables, Period(start=demo_period.start, end=demo_period.end, now=demo_period.past))
    assert now.new_missed.value < before.new_missed.value
    assert before.no_show_share.low > now.no_show_share.high
    assert before.lost_hours.low > now.lost_hours.high
    assert "no_cancelled_at" in {finding.key for finding in now.findings}


# ------------------------------------------------------------------ what may be missing
def bare(**changes) -> Tables:
    frame = process(4, n=400)["appointments"].to_pandas().assign(**changes)
    return tables_from_frames({"appointments": frame, "patients": pd.DataFrame({"patient_id": frame.patient_id.unique()})}, end=END)


@pytest.mark.parametrize(
    ("changes", "gap"),
    [({"booked_at": None}, "no_lead"), ({"reminder_sent": None}, "no_reminder"), ({"minutes": None}, "no_minutes"),
     ({"room_id": None}, "no_minutes"), ({}, "no_worth")],
)
def test_what_is_not_recorded_is_said(changes, gap):
    result = computed(bare(**changes))
    assert gap in {finding.key for finding in result.findings}
    assert "cannot be said" in said(result)


def test_cancellations_alone_do_not_make_missed_appointments():
    result = computed(bare(status=np.where(np.arange(400) % 5, "completed", "cancelled")))
    assert result.no_show_share is None and "no_missed" in {finding.key for finding in result.findings}
    assert result.lost_hours is None and result.unfilled_hours.value > 0
    said(result)


def test_absences_that_nobody_records_are_not_none():
    with pytest.raises(NotAnswerable, match="nothing_recorded"):
        computed(bare(status="completed"))


def test_one_month_whose_returns_cannot_be_followed_yet():
    month = Period(start=date(2017, 1, 1), end=END)
    result = computed(bare(starts_at=pd.date_range("2017-01-02", periods=400, freq="h")), month)
    assert result.came_later_share is None or result.later_from >= month.start
    said(result)
