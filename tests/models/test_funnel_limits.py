"""Funnel limits: binomial width, over-dispersion only where it is there."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.funnel_limits import additive_variance, funnel_limits, outside, ratio_funnel

MEDPAR_STAYS = np.array([
    406, 642, 46, 764, 82, 201, 193, 569, 404, 134, 614, 491, 501, 131, 274, 124, 456, 48, 429, 14, 369, 8, 37, 128, 145,
    493, 104, 6, 308, 34, 7, 935, 134, 339, 458, 22, 2, 160, 87, 55, 252, 174, 43, 228, 210, 321, 631, 543, 105, 389, 92,
    1012, 283, 95,
], float)
MEDPAR_EXPECTED = np.array([
    523.7, 612.98, 53.79, 763.72, 120.94, 250.19, 155.49, 484.71, 362.22, 188.93, 554.38, 616.74, 360.15, 245.61, 263.56,
    154.66, 475.02, 38.93, 445.1, 28.8, 347.54, 7.56, 73.21, 118.11, 273.34, 449.79, 172.38, 19.2, 321.86, 36.56, 19.96,
    851.72, 198.94, 302.39, 410.16, 45.87, 9.67, 212.34, 38.92, 31.74, 285.64, 186.66, 33.98, 255.65, 242.03, 279.48,
    619.26, 626.13, 145.67, 413.86, 111.26, 685.59, 181.11, 24.81,
])
"""Days of stay of the 54 providers of the Medicare data of Hilbe (2011) and what the Poisson regression
of FunnelPlotR's README (hmo, died, age80, type) expects of them, rounded to 0.01."""


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


def test_published_over_dispersion_of_54_providers():
    """FunnelPlotR's vignette: τ² .02841 (SHMI, truncated), .00786 (CQC, winsorised); tolerance: rounded expected days."""
    o, e = MEDPAR_STAYS, MEDPAR_EXPECTED
    s = 1 / np.sqrt(e)
    assert additive_variance(np.log(o / e) / s, s, truncate=True) == pytest.approx(0.02841, abs=6e-6)
    root = 1 / (2 * np.sqrt(e))
    assert additive_variance(2 * (np.sqrt(o) - np.sqrt(e)), root) == pytest.approx(0.00786, abs=6e-6)


def test_published_outliers_before_and_after_over_dispersion():
    """“Only nine” of 54 remain outside the 99.8 % limits; 25 lie outside those of chance alone."""
    found = ratio_funnel(MEDPAR_STAYS, MEDPAR_EXPECTED)
    assert np.abs(found.beyond).sum() == 9
    few = [ratio_funnel(MEDPAR_STAYS[i : i + 6], MEDPAR_EXPECTED[i : i + 6]) for i in range(0, 54, 6)]
    assert all(part.usual is None for part in few), "six units say nothing about the usual difference"
    assert sum(np.abs(part.beyond).sum() for part in few) == 25


def test_a_ratio_without_cases_is_inside():
    found = ratio_funnel([np.nan, 0.0, 40.0], [10.0, 0.0, 10.0], dispersion=2.0)
    assert found.beyond.tolist() == [0, 0, 1]
