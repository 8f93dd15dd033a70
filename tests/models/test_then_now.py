"""Then and now: the interval covers the true relative change, and zero is no denominator."""

from __future__ import annotations

import math

import numpy as np
import pytest

from audit.models.then_now import reading, relative_change

Z = 1.6449


def test_two_audits_of_shares_are_covered_as_promised():
    rng = np.random.default_rng(4)
    held, looks, n, before, after = 0, 600, 900, 0.60, 0.66
    for _ in range(looks):
        sides = []
        for share in (before, after):
            x = rng.binomial(n, share) / n
            half = Z * math.sqrt(x * (1 - x) / n)
            sides.append((x, x - half, x + half))
        _, low, high = relative_change(*sides)
        held += low <= after / before - 1 <= high
    assert 0.86 < held / looks < 0.94


def test_a_negative_or_zero_number_then():
    change, low, high = relative_change((-10.0, -12.0, -8.0), (-5.0, -6.0, -4.0))
    assert change == pytest.approx(0.5) and 0 < low < change < high
    assert all(math.isnan(part) for part in relative_change((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)))


@pytest.mark.parametrize(("low", "high", "up", "down"), [(0.1, 0.2, "moved", "against"), (-0.2, -0.1, "against", "moved"), (-0.1, 0.1, "unclear", "unclear")])
def test_reading_follows_the_better_side(low, high, up, down):
    assert reading(low, high, is_high_better=True) == up and reading(low, high, is_high_better=False) == down
