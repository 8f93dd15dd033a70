"""Training: recovery of planted effects, colleagues as controls, and the trap of training the worst."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from audit.models.training import detectable, training_effect


def desk(seed: int, units: int = 6, effect: float = 0.4, season: float = 0.3, drift: float = 0.1, worst: bool = False, n: int = 200):
    """Half of ``units`` are trained; all rise by ``season``; with ``worst`` those who had the lowest rates before."""
    rng = np.random.default_rng(seed)
    skill = rng.normal(0.0, 0.35, units)
    before = rng.binomial(n, expit(skill)) / n
    trained = np.zeros(units, bool)
    trained[np.argsort(before)[: units // 2] if worst else rng.permutation(units)[: units // 2]] = True
    after = rng.binomial(n, expit(skill + season + rng.normal(0, drift, units) + effect * trained)) / n
    return {"rate_before": before, "trials_before": [n] * units, "rate_after": after, "trials_after": [n] * units, "trained": trained}


@pytest.mark.parametrize(("units", "drift", "worst"), [(4, 0.0, False), (6, 0.1, False), (6, 0.0, True), (8, 0.25, True)])
def test_effect_is_covered_and_unbiased(units, drift, worst):
    found = [training_effect(**desk(seed, units, drift=drift, worst=worst), level=0.9) for seed in range(300)]
    held = np.mean([e.logit[1] <= 0.4 <= e.logit[2] for e in found])
    assert held > 0.87
    assert np.mean([e.logit[0] for e in found]) == pytest.approx(0.4, abs=0.05)


def test_by_lot_there_is_no_bias():
    found = [training_effect(**desk(seed, 6), level=0.9) for seed in range(1000, 1600)]
    assert np.mean([e.logit[0] for e in found]) == pytest.approx(0.4, abs=0.02)


def test_training_the_worst_gains_by_itself_unless_that_is_removed():
    """Ten calls each way of a spell: raw rates promise an effect where there is none."""
    found = [training_effect(**desk(seed, 10, effect=0.0, season=0.0, drift=0.0, worst=True, n=60), level=0.9) for seed in range(300)]
    assert np.mean([e.raw for e in found]) > 0.03
    assert abs(np.mean([e.points[0] for e in found])) < 0.015


def test_a_rise_of_all_is_no_effect():
    found = [training_effect(**desk(seed, 8, effect=0.0, season=0.8), level=0.9) for seed in range(200)]
    assert np.mean([e.logit[1] <= 0 <= e.logit[2] for e in found]) > 0.87


def test_points_and_successes_are_one_number():
    e = training_effect(**desk(3), level=0.9)
    assert e.successes[0] == pytest.approx(e.points[0] * 600)
    assert e.points[1] <= e.points[0] <= e.points[2]
    assert 1 / 20 <= e.p <= 1


def test_without_colleagues_there_is_no_control():
    given = desk(1)
    assert training_effect(**(given | {"trained": np.ones(6, bool)}), level=0.9) is None
    assert training_effect(**(given | {"trained": np.zeros(6, bool)}), level=0.9) is None
    pair = {name: np.asarray(value)[:2] for name, value in given.items()} | {"trained": [True, False]}
    assert training_effect(**pair, level=0.9) is None


def test_nobody_or_everybody_books():
    e = training_effect(rate_before=[0.0, 0.5, 0.5], trials_before=[40, 40, 40], rate_after=[1.0, 0.5, 0.4], trials_after=[40, 40, 40],
                        trained=[True, False, False], level=0.9)
    assert np.isfinite(e.logit).all() and np.isfinite(e.change).all()


def test_detectable_effect_is_detected_as_often_as_promised():
    smallest = detectable(rate=0.5, trials=[200] * 8, spread=0.0, level=0.9)
    planted = np.log((0.5 + smallest) / (0.5 - smallest))
    rng = np.random.default_rng(5)
    seen = 0
    for _ in range(300):
        trained = np.arange(8) % 2 == 0
        before, after = rng.binomial(200, 0.5, 8) / 200, rng.binomial(200, expit(planted * trained)) / 200
        seen += training_effect(rate_before=before, trials_before=[200] * 8, rate_after=after, trials_after=[200] * 8, trained=trained, level=0.9).logit[1] > 0
    assert seen / 300 > 0.72
    assert detectable(rate=0.5, trials=[200] * 3, spread=0.0, level=0.9) is None
    assert detectable(rate=0.5, trials=[800] * 8, spread=0.0, level=0.9) < smallest
