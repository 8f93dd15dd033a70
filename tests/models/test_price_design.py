"""Design of a test: it finds what it promises as often as it promises."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models import price_design


def test_a_planned_test_finds_what_it_promises():
    size = {"weekly": 100.0, "control": 150.0, "ratio": 0.8, "dispersion": 1.0}
    weeks = price_design.design_weeks(**size, detect=1.0, level=0.90)
    found = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        a, b = rng.poisson(100 * weeks * 0.8**-1.0), rng.poisson(150 * weeks)
        error = price_design.design_error(**size, weeks=weeks)
        found += abs(np.log(a / b * 1.5) / np.log(0.8)) > 1.645 * error
    # 80 % promised; the Monte Carlo error of 200 tests is 3 points
    assert 0.70 < found / 200 < 0.95
    assert price_design.design_weeks(**size, detect=0.01, level=0.90) is None
    assert price_design.detectable(**size, weeks=weeks, level=0.90) <= 1.0


def test_dispersion_of_pure_counts_is_one_and_of_noisy_ones_more():
    rng = np.random.default_rng(0)
    assert price_design.dispersion(rng.poisson(100, (2, 60))) < 1.4
    assert price_design.dispersion(rng.poisson(100 * np.exp(rng.normal(0, 0.3, (2, 60))))) > 3
    assert price_design.dispersion(np.zeros((2, 10))) == 1.0


def test_the_smallest_unit_tests_and_the_longest_test_is_proposed_where_none_tells():
    rng = np.random.default_rng(1)
    counts = rng.poisson([[150], [100], [0]], (3, 26)).astype(float)
    plan = {"price": 80.0, "reference": 100.0, "shortest": 8, "lengths": (4, 26), "level": 0.90}
    easy, hard = (price_design.design(counts, **plan, detect=detect) for detect in (1.0, 0.01))
    assert easy.units == 2 and easy.share == pytest.approx(100 / 250, rel=0.05)
    assert easy.weeks == 8 and easy.tells and [row[0] for row in easy.rows] == [4, 8, 26]
    assert hard.weeks == 26 and not hard.tells
    assert price_design.design(np.zeros((2, 26)), **plan, detect=None) is None


def test_the_change_a_test_shows_is_a_size_up_or_down():
    counts = np.random.default_rng(1).poisson(100, (2, 26)).astype(float)
    for price, sign in ((80.0, 1), (120.0, -1)):
        design = price_design.design(counts, price=price, reference=100.0, detect=None, shortest=8, lengths=(4, 26), level=0.90)
        _, _, change, elasticity = design.proposed
        assert change > 0 > elasticity and (price / 100) ** elasticity == pytest.approx(1 + sign * change)


def test_at_stake_is_the_price_forgone_or_what_those_bring_who_leave():
    told = {"patients": 400.0, "reference": 100.0, "margin": 300.0, "level": 0.90, "rng": np.random.default_rng(0)}
    low, value, high = price_design.at_stake(**told, price=80.0, elasticity=np.full(4000, -1.0))
    assert value == pytest.approx(400 * 20, rel=0.01) and low < value < high
    assert (high - low) / 2 == pytest.approx(1.645 * 20 * 20, rel=0.1), "400 patients are known to 20"
    _, value, _ = price_design.at_stake(**told, price=110.0, elasticity=np.full(4000, -1.0))
    assert value == pytest.approx(400 * 300 * (1 - 1 / 1.1), rel=0.01)
    assert price_design.at_stake(**told, price=110.0, elasticity=np.zeros(4000)) == (0, 0, 0)
