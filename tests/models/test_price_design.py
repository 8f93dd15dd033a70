"""Design of a test: it finds what it promises as often as it promises."""

from __future__ import annotations

import numpy as np

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
