"""Several looks and coming back: published rules by hand, recovery by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.multiple_looks import several_looks
from audit.models.regression_to_mean import comes_back, comes_back_counted


def test_those_found_are_those_of_benjamini_and_hochberg_and_their_intervals_widen() -> None:
    """Two of ten stand out at q = 0.10: their level is 1 − 2·0.1/10 = 0.98, z 2.326 instead of 1.645."""
    effects, halves = np.array([4.0, 4.0, *[0.1] * 8]), np.full(10, 1.6449)
    looks = several_looks(effects, halves)
    assert looks.stands_out.tolist() == [True, True] + [False] * 8
    assert looks.level == pytest.approx(0.98)
    assert looks.half == pytest.approx(2.3263, abs=1e-3)


def test_one_look_alone_keeps_its_interval() -> None:
    assert several_looks([5.0], [1.0]).half[0] == pytest.approx(1.0)
    assert several_looks([0.1], [1.0]).half[0] == pytest.approx(1.0)
    assert several_looks([], []).half.size == 0


def test_an_interval_misses_zero_exactly_if_its_effect_stands_out() -> None:
    rng = np.random.default_rng(1)
    for _ in range(200):
        effects = rng.normal(0, rng.uniform(0.5, 3), rng.integers(1, 9))
        looks = several_looks(effects, np.full(effects.size, 1.6449))
        assert ((np.abs(effects) > looks.half) == looks.stands_out).all()


def test_of_the_intervals_of_those_found_nine_in_ten_hold() -> None:
    rng = np.random.default_rng(5)
    missed = []
    for _ in range(300):
        truth = np.where(rng.random(12) < 0.3, 3.0, 0.0)
        seen = rng.normal(truth, 1)
        looks = several_looks(seen, np.full(12, 1.6449))
        found = looks.stands_out
        missed.append(float(np.mean(np.abs(seen - truth)[found] > looks.half[found])) if found.any() else 0.0)
    assert np.mean(missed) <= 0.10


def test_units_chosen_as_worst_come_back_by_what_chance_put_them_there() -> None:
    """Twelve units, true spread 0.1, error 0.1: half of the distance of the worst three is chance."""
    rng = np.random.default_rng(2)
    told, truth = [], []
    for _ in range(400):
        level = rng.normal(0, 0.1, 12)
        before, after = rng.normal(level, 0.1), rng.normal(level, 0.1)
        worst = np.argsort(before) < 0
        worst[np.argsort(before)[:3]] = True
        told.append(comes_back(before, np.full(12, 0.1), worst))
        truth.append((after - before)[worst].mean() - (after - before)[~worst].mean())
    assert np.mean(told) == pytest.approx(np.mean(truth), rel=0.12)


def test_units_that_differ_for_good_do_not_come_back() -> None:
    assert comes_back([0.0, 1.0, 2.0, 3.0], [1e-4] * 4, [True, False, False, False]) == pytest.approx(0, abs=1e-4)
    assert comes_back([0.0, 1.0], [0.1, 0.1], [True, False]) == 0.0


def test_counts_come_back_by_the_noise_of_the_weeks_they_were_chosen_by() -> None:
    """Eight units alike in truth: all of the distance of the two that looked worst is chance, in counts and in shares."""
    rng, post = np.random.default_rng(3), np.arange(16) >= 8
    for tries in (None, 40):
        told, truth = [], []
        for _ in range(150):
            n = None if tries is None else np.full((8, 16), float(tries))
            y = (rng.poisson(20, (8, 16)) if tries is None else rng.binomial(tries, 0.5, (8, 16))).astype(float)
            worst = np.isin(np.arange(8), np.argsort(y[:, ~post].sum(axis=1))[:2])
            rate = np.log([[y[who][:, when].sum() / (who.sum() * when.sum()) for when in (~post, post)] for who in (worst, ~worst)])
            told.append(comes_back_counted(y, n, worst, post))
            truth.append((rate[0, 1] - rate[0, 0]) - (rate[1, 1] - rate[1, 0]))
        assert np.mean(told) == pytest.approx(np.mean(truth), rel=0.35) and np.mean(told) > 0
