"""Means standardised for case mix: recover planted effects of units that see different cases."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.standardise import standardise_means, stratum


def test_removes_what_the_mix_of_cases_does():
    """Units 0 and 1 are equally good, but unit 1 sees mostly dear cases; unit 2 brings 50 more on any case."""
    rng = np.random.default_rng(0)
    unit = rng.integers(0, 3, 6000)
    dear = rng.random(6000) < np.array([0.2, 0.8, 0.5])[unit]
    money = rng.gamma(4, np.where(dear, 75, 25)) + 50 * (unit == 2)
    raw = [money[unit == u].mean() for u in range(3)]
    fair = standardise_means(money, unit=unit, units=3, strata={"case": dear.astype(int)})
    assert raw[1] - raw[0] > 100
    assert fair.mean[1] - fair.mean[0] == pytest.approx(0, abs=3 * np.hypot(*fair.se[:2]))
    assert fair.mean[2] - fair.mean[0] == pytest.approx(50, abs=3 * np.hypot(fair.se[2], fair.se[0]))
    assert fair.pooled == pytest.approx(money.mean())


def test_is_the_plain_mean_without_strata():
    money, unit = np.array([1.0, 3, 10, 20, 30]), np.array([0, 0, 1, 1, 1])
    fair = standardise_means(money, unit=unit, units=3, strata={})
    assert fair.mean[:2] == pytest.approx([2, 20]) and np.isnan(fair.mean[2])


def test_errors_hold_their_level():
    rng = np.random.default_rng(2)
    inside = []
    for _ in range(200):
        unit = rng.integers(0, 5, 400)
        case = rng.integers(0, 3, 400)
        money = rng.gamma(1, 10.0 * (1 + unit)) + 5 * case
        fair = standardise_means(money, unit=unit, units=5, strata={"case": case})
        truth = 10.0 * (1 + np.arange(5)) + 5 * case.mean()
        inside.append(np.abs(fair.mean - truth) < 1.645 * fair.se)
    assert np.mean(inside) == pytest.approx(0.9, abs=0.03)


def test_one_case_a_unit_is_not_certain():
    rng = np.random.default_rng(3)
    fair = standardise_means(rng.normal(10, 3, 41), unit=np.r_[np.zeros(40, int), 1], units=2, strata={})
    assert fair.se[1] > 1


def test_a_stratum_that_is_a_unit_and_no_cases():
    unit = np.repeat([0, 1], 20)
    fair = standardise_means(np.arange(40.0), unit=unit, units=2, strata={"room": unit})
    assert np.isfinite(fair.mean).all() and np.isfinite(fair.se).all()
    assert np.isnan(standardise_means([], unit=[], units=2, strata={}).mean).all()


def test_rare_levels_share_one():
    codes = stratum(["a"] * 40 + ["b"] * 35 + ["c"] * 3 + ["d"] * 2 + [None] * 30)
    assert len(set(codes)) == 4
    assert len(set(codes[75:80])) == 1
