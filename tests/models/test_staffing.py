"""Staffing by half-hours: who is short when, by a desk drawn by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from audit.models.staffing import staffing

HANDLING = {"handling_seconds": 180.0, "within_seconds": 20.0, "share": 0.8, "level": 0.9}
CALLS = pd.DataFrame({"weekday": [0, 0], "slot": [18, 19], "calls": [100, 20], "missed": [10, 0]})
DAYS = pd.DataFrame({"weekday": [0], "days": [10]})


def desk(people: float, **given):
    shifts = pd.DataFrame({"weekday": [0.0], "start_minute": [540.0], "end_minute": [600.0], "n": [10.0 * people]})
    return staffing(CALLS, days=DAYS, shifts=shifts, patience_seconds=(60.0, 40.0, 90.0), **(HANDLING | given))


def test_ten_calls_of_three_minutes_in_half_an_hour_need_three():
    found = desk(2)
    assert list(found.cells.load) == pytest.approx([1.0, 0.2])
    assert list(found.cells.needed) == [3, 1]
    assert list(found.cells.there) == pytest.approx([2.0, 2.0])
    assert list(found.cells.short) == [True, False]
    assert found.short_hours == (0.5, 0.5, 0.5)
    assert (found.needed_hours, found.there_hours) == (2.0, 2.0)


def test_more_people_lose_fewer_and_impatient_callers_are_lost_sooner():
    value, low, high = desk(2).expected_missed
    assert low <= value <= high
    assert desk(3).expected_missed[0] < value < desk(1).expected_missed[0]


def test_without_a_rota_only_the_need_is_told():
    found = staffing(CALLS, days=DAYS, shifts=None, patience_seconds=None, **HANDLING)
    assert found.there_hours == 0
    assert found.expected_missed is None
    assert not found.cells.short.any()


def test_a_shift_past_midnight_is_cut_there():
    shifts = pd.DataFrame({"weekday": [0.0], "start_minute": [1380.0], "end_minute": [1500.0], "n": [10.0]})
    late = CALLS.assign(slot=[46, 47])
    found = staffing(late, days=DAYS, shifts=shifts, patience_seconds=None, **HANDLING)
    assert found.there_hours == pytest.approx(1.0)
