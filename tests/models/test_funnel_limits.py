"""Funnel limits: binomial width, over-dispersion only where it is there."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.funnel_limits import additive_variance, funnel_limits, outside


def test_limits_of_chance():
    limits = funnel_limits([0.4, 0.41, 0.39], [100, 200, 400], 0.4)
    at = np.argmin(np.abs(limits.n - 100))
    half = 1.96 * np.sqrt(0.24 / limits.n[at])
    assert limits.near[1][at] == pytest.approx(0.4 + half, abs=1e-4)
    assert limits.wide[1][at] == pytest.approx(0.4 + half * 3.0902 / 1.96, abs=1e-4)
    assert limits.usual is None, "three units say nothing about the usual difference"


def test_about_one_in_five_hundred_lies_outside_by_chance():
    rng = np.random.default_rng(0)
    n = rng.integers(50, 500, 20_000)
    assert outside(rng.binomial(n, 0.4) / n, n, 0.4).mean() == pytest.approx(0.002, abs=0.0015)
    assert not outside([np.nan, 0.4], [0, 10], 0.4).any()


def test_recovers_the_usual_difference_between_units():
    rng = np.random.default_rng(1)
    found = []
    for _ in range(100):
        s = rng.uniform(0.01, 0.03, 40)
        found.append(additive_variance(rng.normal(0, np.hypot(0.05, s)) / s, s))
    # winsorising a tenth on either side takes about a third of the variance of normal values
    assert 0.5 * 0.05**2 < np.mean(found) < 0.05**2


def test_few_unusual_units_do_not_widen_the_limits():
    s = np.full(20, 0.02)
    z = np.r_[np.linspace(-1.2, 1.2, 18), 9.0, -8.0]
    assert additive_variance(z, s) == 0
