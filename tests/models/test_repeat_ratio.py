"""Repeats carried from earlier inflow, by brute force over single patients."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.repeat_ratio import carried


def test_equals_following_every_patient():
    rng = np.random.default_rng(0)
    arrivals = rng.integers(0, 5, 80)
    by_age = rng.random(30)
    by_age[0] = 0
    expected = sum(
        n * by_age[day - start] for start, n in enumerate(arrivals) for day in range(60, 75) if 0 <= day - start < 30
    )
    assert carried(np.cumsum(by_age), arrivals, 60, 75) == pytest.approx(expected)


def test_growth_lowers_the_figure_of_the_period():
    """A patient makes one repeat after 100 days; with inflow doubling every 100 days half as many are due."""
    curve = np.r_[np.zeros(100), np.ones(50)]
    arrivals = 10 * 2 ** (np.arange(400) / 100)
    ratio = carried(curve, arrivals, 370, 400) / arrivals[370:400].sum()
    assert ratio == pytest.approx(0.5)
