"""Odds ratio of one point: the closed form of a two by two table, planted truth, and scores that tell nothing."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from audit.models.odds_ratio import odds_per_point


def test_of_two_scores_it_is_the_cross_product_with_woolfs_interval():
    """a = 30 of 80, b = 12 of 60: OR = (12/48)/(30/50); log OR ± z · √(1/30 + 1/50 + 1/12 + 1/48) (Woolf 1955)."""
    value, low, high = odds_per_point(score=[3, 4], n=[80, 60], came=[30, 12], level=0.9)
    half = NormalDist().inv_cdf(0.95) * np.sqrt(1 / 30 + 1 / 50 + 1 / 12 + 1 / 48)
    assert value == pytest.approx((12 / 48) / (30 / 50), rel=1e-6)
    assert (low, high) == pytest.approx((value * np.exp(-half), value * np.exp(half)), rel=1e-6)


def test_the_planted_odds_are_inside_nine_of_ten_intervals():
    rng, score, n = np.random.default_rng(2), np.arange(1, 6), np.array([5, 10, 30, 60, 80])
    chance = 1 / (1 + np.exp(-(-0.3 + np.log(1.4) * (score - 4))))
    found = [odds_per_point(score=score, n=n, came=rng.binomial(n, chance), level=0.9) for _ in range(300)]
    assert np.mean([low <= 1.4 <= high for _, low, high in found]) == pytest.approx(0.9, abs=0.05)


@pytest.mark.parametrize(("score", "n", "came"), [
    ([5], [40], [20]), ([4, 5], [40, 40], [40, 40]), ([4, 5], [40, 40], [0, 0]), ([1, 3, 5], [9, 9, 9], [0, 4, 9]), ([], [], []),
])
def test_scores_that_tell_everything_or_nothing(score, n, came):
    assert odds_per_point(score=score, n=n, came=came, level=0.9) is None
