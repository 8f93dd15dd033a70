"""Waits: medians with some that never ended, and their interval."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.waits import median_wait


def test_those_that_never_ended_are_the_longest():
    assert median_wait([1, 2, 3, 4, 5, np.nan, np.nan], 0.9)[0] == 4
    assert median_wait([1.0, 2, 3, np.nan, np.nan, np.nan, np.nan], 0.9)[0] == np.inf


def test_order_statistics_of_a_textbook():
    """Conover (1999), example 3.2-ish: for n = 16 the 5th and 12th values hold the median with 0.9232."""
    low, high = median_wait(np.arange(1, 17), 0.9)[1:]
    assert (low, high) == (5, 12)


def test_too_few():
    assert np.isnan(median_wait([1, 2, 3], 0.9)).all()


@pytest.mark.parametrize("n", [11, 50, 400])
def test_the_median_is_covered(n):
    inside = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        waits = np.where(rng.random(n) < 0.2, np.nan, rng.exponential(10, n))
        truth = -10 * np.log(1 - 0.5 / 0.8)
        _, low, high = median_wait(waits, 0.9)
        inside.append(low <= truth <= high)
    assert np.mean(inside) >= 0.87
