"""Misallocation: known indices, and an interval that holds the truth of the weeks it is drawn from."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.misallocation import misallocation


def test_money_where_the_hours_are_free_is_no_misallocation():
    week = np.tile([30.0, 70.0], (20, 1))
    assert misallocation(week * 10, week, level=0.9, seed=1).index == pytest.approx(0)


def test_money_only_where_nothing_is_free_is_all_misallocated():
    found = misallocation(np.tile([1.0, 0.0], (20, 1)), np.tile([0.0, 1.0], (20, 1)), level=0.9, seed=1)
    assert (found.index, found.low, found.high) == pytest.approx((1, 1, 1))


def test_half_of_the_difference_of_shares():
    found = misallocation(np.tile([50.0, 30.0, 20.0], (20, 1)), np.tile([10.0, 40.0, 50.0], (20, 1)), level=0.9, seed=1)
    assert found.index == pytest.approx(0.4) and found.spend_share == pytest.approx([0.5, 0.3, 0.2])


def test_interval_holds_the_truth():
    held = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        spend = rng.gamma(4, [15, 10, 5], (52, 3))
        free = rng.gamma(4, [5, 10, 12], (52, 3))
        found = misallocation(spend, free, level=0.9, seed=1)
        truth = np.abs(np.array([30, 20, 10]) / 60 - np.array([5, 10, 12]) / 27).sum() / 2
        held += found.low <= truth <= found.high
    assert held >= 47, "90 % of 60, less three standard errors"


@pytest.mark.parametrize(("weeks", "units"), [(3, 2), (20, 1)])
def test_too_little_to_say(weeks, units):
    assert misallocation(np.ones((weeks, units)), np.ones((weeks, units)), level=0.9, seed=1) is None
    assert misallocation(np.zeros((20, 2)), np.ones((20, 2)), level=0.9, seed=1) is None
