"""Shrinkage against Efron & Morris's batters, its limits, and the truth it is meant to recover."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.shrinkage import paule_mandel, predicts, shrink_means, shrink_rates

HITS = np.array([18, 17, 16, 15, 14, 14, 13, 12, 11, 11, 10, 10, 10, 10, 10, 9, 8, 7])
"""Hits in the first 45 at-bats of eighteen players of 1970 (Efron & Morris 1977, Scientific American 236(5):119)."""


def test_james_stein_of_the_eighteen_batters():
    average = HITS / 45
    se = np.sqrt(average.mean() * (1 - average.mean()) / 45)
    result = shrink_means(average, np.full(18, se))
    assert result.centre == pytest.approx(0.265, abs=5e-4)
    factor = (result.value - result.centre)[0] / (average[0] - result.centre)
    assert factor == pytest.approx(0.212, abs=2e-3)
    assert result.value[[0, 1, -2, -1]] == pytest.approx([0.294, 0.289, 0.247, 0.242], abs=6e-4)
    assert not result.differs.any()


def test_dyestuff_variance_between_batches():
    """Balanced one-way layout: Paule–Mandel equals REML, 1764.05 (Bates, lme4; batch means of five, s² 2451.25)."""
    means = np.array([1505, 1528, 1564, 1498, 1600, 1470.0])
    assert paule_mandel(means, np.full(6, 2451.25 / 5)) == pytest.approx(1764.05, rel=1e-4)


@pytest.mark.parametrize("units", [4, 8, 20])
def test_intervals_of_means_hold_their_level(units):
    rng = np.random.default_rng(units)
    inside, shrunken, raw = [], [], []
    for _ in range(80):
        truth, se = rng.normal(100, 10, units), rng.uniform(3, 15, units)
        seen = rng.normal(truth, se)
        result = shrink_means(seen, se)
        inside.append((result.low <= truth) & (truth <= result.high))
        shrunken.append((result.value - truth) ** 2)
        raw.append((seen - truth) ** 2)
    assert np.mean(inside) == pytest.approx(0.9, abs=0.05)  # Monte-Carlo error about 0.015, Morris's rule is conservative
    assert np.mean(shrunken) < 0.85 * np.mean(raw)


def test_intervals_of_rates_hold_their_level():
    rng = np.random.default_rng(3)
    inside = []
    for _ in range(40):
        truth, trials = rng.beta(20, 20, 10), rng.integers(20, 400, 10)
        result = shrink_rates(rng.binomial(trials, truth), trials)
        inside.append((result.low <= truth) & (truth <= result.high))
    assert np.mean(inside) == pytest.approx(0.9, abs=0.05)


def test_many_trials_are_believed_and_few_are_not():
    result = shrink_rates([5000, 3000, 4000, 8], [10_000, 10_000, 10_000, 10])
    assert result.value[:3] == pytest.approx([0.5, 0.3, 0.4], abs=0.003)
    assert 0.45 < result.value[3] < 0.7
    assert list(result.differs) == [True, True, False, False] or list(result.differs) == [True, True, False, True]


def test_chance_alone_is_rarely_called_a_difference():
    rng = np.random.default_rng(5)
    found = [
        shrink_rates(rng.binomial(200, 0.4, 10), np.full(10, 200)).differs.any()
        + shrink_means(rng.normal(0, 1, 10), np.ones(10)).differs.any()
        for _ in range(40)
    ]
    assert np.sum(found) / 80 < 0.2  # nominal 0.10, three Monte-Carlo errors above


def test_chances_of_the_top_third_add_up_to_a_third():
    result = shrink_means([1.0, 5.0, 3.0, 2.0, 4.0, 9.0], np.ones(6))
    assert result.top_third.sum() == pytest.approx(2.0)
    assert result.top_third[5] > 0.95


def test_same_seed_same_numbers_and_money_scales():
    once, again = (shrink_means([10, 20, 30, 44.0], [5, 6, 7, 8.0], seed=1) for _ in range(2))
    assert np.array_equal(once.top_third, again.top_third)
    scaled = shrink_means([1000, 2000, 3000, 4400.0], [500, 600, 700, 800.0], seed=1)
    assert scaled.value == pytest.approx(100 * once.value)


@pytest.mark.parametrize("units", [1, 2, 3])
def test_up_to_three_units_are_left_as_they_are(units):
    values = np.array([1.0, 4.0, 9.0])[:units]
    result = shrink_means(values, np.ones(units))
    assert result.value == pytest.approx(values)


def test_nothing_known():
    assert np.isnan(shrink_means([np.nan, np.nan], [1, 1]).value).all()
    assert np.isnan(shrink_rates([0, 0], [0, 0]).value).all()
    assert len(shrink_means([], []).value) == len(shrink_rates([], []).value) == 0
    partly = shrink_means([1.0, np.nan, 2.0, 3.0, 4.0], [1, 1, 1, 1, 1])
    assert np.isnan(partly.value[1]) and np.isfinite(partly.value[[0, 2, 3, 4]]).all()
    assert shrink_means([0, 0, 0, 0.0], [0, 0, 0, 0.0]).value == pytest.approx(0)
    empty_unit = shrink_rates([30, 50, 0], [100, 100, 0])
    assert empty_unit.low[2] < 0.3 < 0.5 < empty_unit.high[2]


def test_one_half_foretells_the_other_unless_they_contradict():
    rng = np.random.default_rng(6)
    truth, se, every = rng.normal(100, 10, 12), np.full(12, 5.0), np.ones(12, bool)
    first, second = rng.normal(truth, se), rng.normal(truth, se)
    assert predicts(first, se, second, se, known=every)
    assert not predicts(first, se, 200 - truth, se, known=every)
    assert not predicts(first, se, second, se, known=np.zeros(12, bool))


def test_where_nobody_came_each_unit_is_as_unsure_as_its_own_number():
    found = shrink_rates([0, 0, 0], [300, 300, 30])
    assert (found.value == 0).all() and (found.low == 0).all() and not found.differs.any()
    # Jeffreys: the upper 5 % of Beta(0.5, 300.5) is 0.64 %
    assert found.high == pytest.approx([0.0064, 0.0064, 0.062], rel=0.15)
    every = shrink_rates([40, 60], [40, 60])
    assert (every.value == 1).all() and (every.low < 0.99).all()
