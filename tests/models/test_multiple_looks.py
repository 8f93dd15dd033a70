"""Several looks and coming back: published rules by hand, recovery by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.multiple_looks import several_looks
from audit.models.regression_to_mean import comes_back


def test_those_found_are_those_of_benjamini_and_hochberg_and_their_intervals_widen() -> None:
    """Two of ten stand out at q = 0.10: their level is 1 − 2·0.1/10 = 0.98, z 2.326 instead of 1.645."""
    effects, halves = np.array([4.0, 4.0, *[0.1] * 8]), np.full(10, 1.6449)
    looks = several_looks(effects, halves)
    assert looks.stands_out.tolist() == [True, True] + [False] * 8
    assert looks.level == pytest.approx(0.98)
    assert looks.half[:2] == pytest.approx(2.3263, abs=1e-3) and looks.half[2:] == pytest.approx(1.6449)


def test_one_look_alone_keeps_its_interval() -> None:
    assert several_looks([5.0], [1.0]).half[0] == pytest.approx(1.0)
    assert several_looks([0.1], [1.0]).half[0] == pytest.approx(1.0)
    assert several_looks([], []).half.size == 0


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
