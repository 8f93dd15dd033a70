"""The bootstrap against theory, scipy and simulated truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from audit.models.bootstrap import block_bootstrap, mean_interval, percentiles, ratio_interval


def test_mean_of_a_large_sample_has_the_normal_interval():
    x = np.random.default_rng(1).gamma(2.0, 100.0, size=4000)
    low, high = mean_interval(x, 0.90, seed=3)
    half = 1.645 * x.std(ddof=1) / np.sqrt(x.size)
    # 2000 resamples leave about 3 % of the width to chance
    assert (low, high) == pytest.approx((x.mean() - half, x.mean() + half), abs=0.08 * half)


def test_agrees_with_scipy():
    x = np.random.default_rng(2).lognormal(0, 1, size=400)
    other = stats.bootstrap((x,), np.mean, confidence_level=0.9, n_resamples=4000, method="percentile", rng=4)
    low, high = mean_interval(x, 0.90, seed=4, draws=4000)
    width = other.confidence_interval.high - other.confidence_interval.low
    assert low == pytest.approx(other.confidence_interval.low, abs=0.08 * width)
    assert high == pytest.approx(other.confidence_interval.high, abs=0.08 * width)


def test_small_samples_keep_the_promised_coverage():
    rng = np.random.default_rng(7)
    held = 0
    for draw in range(400):
        low, high = mean_interval(rng.normal(10, 3, size=6), 0.90, seed=draw, draws=400)
        held += low <= 10 <= high
    # plain percentiles would hold about 82 % with six units; 400 repetitions have an error of 1.5 points
    assert 0.87 <= held / 400 <= 0.95


def test_ratio_resamples_both_together():
    offered = np.random.default_rng(3).uniform(50, 150, size=60)
    assert ratio_interval(0.4 * offered, offered, 0.9, seed=1) == pytest.approx((0.4, 0.4))


def test_ratio_without_a_bound_says_so():
    low, high = ratio_interval([5.0, 5.0, 5.0], [0.0, 0.0, 1.0], 0.9, seed=1)
    assert high == np.inf and low > 0


def test_blocks_keep_the_dependence_of_neighbours():
    rng = np.random.default_rng(11)
    wave = np.repeat(rng.normal(size=40), 5)
    alone = block_bootstrap(wave, seed=1)[:, 0].std()
    blocks = block_bootstrap(wave, seed=1, block=5)[:, 0].std()
    # five equal neighbours: the sum varies about the square root of 5 more than independent units would
    assert blocks / alone == pytest.approx(np.sqrt(5), rel=0.2)


def test_same_seed_same_bounds_and_units_in_any_number():
    x = np.arange(30.0)
    assert mean_interval(x, 0.9, 5) == mean_interval(x, 0.9, 5) != mean_interval(x, 0.9, 6)
    assert block_bootstrap(x, seed=1, draws=10, block=7).shape == (10, 1)
    assert block_bootstrap(np.ones((12, 3)), seed=1, draws=5, block=5) == pytest.approx(np.full((5, 3), 12.0))


@pytest.mark.parametrize("values", [[], [3.0]])
def test_one_unit_has_no_interval(values):
    assert np.isnan(mean_interval(values)).all()
    assert np.isnan(ratio_interval(values, values)).all()


def test_impossible_requests_are_refused():
    with pytest.raises(ValueError, match="blocks of 4"):
        block_bootstrap([1.0, 2.0, 3.0], block=4)
    with pytest.raises(ValueError, match="shape"):
        ratio_interval([1.0, 2.0], [1.0, 2.0, 3.0])


def test_percentiles_of_many_units_are_plain():
    assert percentiles(np.linspace(0, 1, 1001), 0.9, units=10**6) == pytest.approx((0.05, 0.95), abs=1e-3)
