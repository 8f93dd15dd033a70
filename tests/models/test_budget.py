"""Budget: equal to a general optimiser on known curves, and honest about a gain that is not there."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize

from audit.models.budget import reallocate, water_fill

PRESENT = np.array([40.0, 60.0, 30.0])
GAIN, SHARE = np.array([50.0, 20.0, 25.0]), np.array([0.7, 0.3, 0.5])


def known(least: float, most: float, gain=GAIN, draws: int = 1):
    return reallocate(
        present=PRESENT, gain=np.tile(gain, (draws, 1)), share=np.tile(SHARE, (draws, 1)), worth=np.ones(3),
        least=least * PRESENT, most=most * PRESENT, level=0.9,
    )


def callers(spend: np.ndarray) -> float:
    half = PRESENT * SHARE / (1 - SHARE)
    return float((GAIN * spend * (PRESENT + half) / (PRESENT * (spend + half))).sum())


@pytest.mark.parametrize(("least", "most"), [(0.0, 5.0), (0.7, 1.3), (0.5, 1.5)])
def test_water_filling_equals_a_general_optimiser(least, most):
    best = optimize.minimize(
        lambda x: -callers(x), PRESENT, bounds=[(least * p, most * p) for p in PRESENT], method="SLSQP",
        constraints={"type": "eq", "fun": lambda x: x.sum() - PRESENT.sum()}, options={"ftol": 1e-12, "maxiter": 500},
    )
    split = known(least, most)
    assert split.proposed == pytest.approx(best.x, abs=1e-3)
    assert split.proposed.sum() == pytest.approx(PRESENT.sum())
    assert split.gain == pytest.approx(-best.fun - callers(PRESENT), abs=1e-6) and split.chance == 1


def test_marginal_returns_are_equal_inside_the_bounds():
    split = known(0.0, 5.0)
    half = PRESENT * SHARE / (1 - SHARE)
    marginal = GAIN * half * (PRESENT + half) / (PRESENT * (split.proposed + half) ** 2)
    assert marginal == pytest.approx(marginal[0], rel=1e-6)


def test_alike_channels_stay_as_they_are():
    same = reallocate(
        present=np.array([10.0, 10.0]), gain=np.full((5, 2), 3.0), share=np.full((5, 2), 0.5), worth=np.ones(2),
        least=np.full(2, 8.0), most=np.full(2, 12.0), level=0.9,
    )
    assert same.proposed == pytest.approx([10, 10]) and same.gain == pytest.approx(0, abs=1e-9)


def test_unknown_curves_give_no_sure_gain():
    rng = np.random.default_rng(1)
    split = reallocate(
        present=np.array([10.0, 10.0]), gain=rng.lognormal(1, 1, (4000, 2)), share=np.full((4000, 2), 0.5), worth=np.ones(2),
        least=np.full(2, 8.0), most=np.full(2, 12.0), level=0.9,
    )
    assert split.low < 0 < split.high and 0.3 < split.chance < 0.7


def test_a_total_outside_the_bounds_is_refused():
    with pytest.raises(ValueError, match="bounds"):
        water_fill(lambda x: 1 / (1 + x), total=100.0, least=np.zeros(2), most=np.full(2, 10.0))
