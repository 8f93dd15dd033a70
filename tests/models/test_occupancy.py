"""Occupied time against hand-made examples and laws."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models import occupancy


def test_minutes_fall_into_their_hours():
    grid = occupancy.minutes_by_hour([9 * 60 + 45, 23 * 60 + 30], [30, 60], [1, 2])
    assert grid[0, 9] == 15 and grid[0, 10] == 15 and grid[0].sum() == 30
    assert grid[1, 23] == 60 and grid[1].sum() == 60, "what runs past midnight is cut"


def test_week_grid_adds_up():
    grid = occupancy.week_grid([0, 0, 6], [540, 540, 600], [60, 30, 30], [2, 1, 1])
    assert grid[0, 9] == 150 and grid[6, 10] == 30 and grid.sum() == 180


def test_growth_is_lost_where_hours_are_full():
    assert occupancy.grown([40, 90], [100, 100], 2.0) == 180
    assert occupancy.grown([40, 120], [100, 100], 1.0) == 160, "overbooked hours are served as today"


def test_load_is_a_ratio_of_sums():
    found = occupancy.load([30, 10], [40, 60], level=0.9, seed=1)
    assert found.value == pytest.approx(0.4) and found.low <= 0.4 <= found.high
    assert np.isnan(occupancy.load([30], [40], level=0.9, seed=1).low)


def test_free_time_and_its_worth():
    # ten equal days: 100 of 200 minutes used, 50 of money; up to 80 % another 60 minutes a day fit
    found = occupancy.free_time([100] * 10, [200] * 10, [50] * 10, ceiling=0.8, level=0.9, seed=1)
    assert found.free.value == 1000 and found.fillable.value == pytest.approx(600)
    assert found.hour_value.value == pytest.approx(30) and found.fill_value.value == pytest.approx(300)
    assert (found.fill_value.low, found.fill_value.high) == pytest.approx((300, 300))
    full = occupancy.free_time([190] * 5, [200] * 5, [0] * 5, ceiling=0.8, level=0.9, seed=1)
    assert full.fillable.value == 0 and full.fill_value.value == 0


def test_largest_block():
    mask = np.array([[0, 1, 1, 0], [0, 1, 1, 1], [0, 0, 0, 1]])
    assert occupancy.largest_block(mask) == (0, 1, 1, 2)
    assert occupancy.largest_block(np.zeros((3, 3))) is None
    assert occupancy.largest_block(np.ones((2, 5))) == (0, 0, 1, 4)
