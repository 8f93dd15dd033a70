"""A fair comparison: the mix of cases is taken out, noise is not called a difference."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.fair import fair_means, fair_rates, unknown

UNITS, EACH = 6, 400


def cases(effect: np.ndarray, seed: int = 0):
    """Units 0–2 have mostly light cases, 3–5 mostly heavy ones, which bring 10 more."""
    rng = np.random.default_rng(seed)
    unit = np.repeat(np.arange(UNITS), EACH)
    heavy = (rng.random(len(unit)) < np.where(unit < 3, 0.2, 0.8)).astype(int)
    return unit, heavy, 20 + 10 * heavy + effect[unit] + rng.normal(0, 5, len(unit)), rng.random(len(unit)) < 0.5


def compared(effect: np.ndarray, seed: int = 0):
    unit, heavy, amount, half = cases(effect, seed)
    return fair_means(amount, unit=unit, units=UNITS, strata={"case": heavy}, known=np.ones(UNITS, bool), half=half, level=0.9, seed=1)


def test_units_that_differ_in_their_cases_only_are_alike():
    found = compared(np.zeros(UNITS))
    assert np.ptp(found.raw) > 5 > np.ptp(found.fair)
    assert found.fair == pytest.approx(25, abs=1) and found.level == pytest.approx(25, abs=0.3)
    assert not found.shrunken.differs.any()


def test_units_that_differ_are_told_apart_and_half_the_cases_foretell_the_others():
    effect = np.array([-4.0, -2, 0, 0, 2, 4])
    found = compared(effect)
    assert found.checked and list(found.shrunken.differs[[0, 5]]) == [True, True]
    assert found.fair - found.level == pytest.approx(effect, abs=0.9)


def test_rates_are_put_on_the_common_mix():
    unit, heavy, _amount, _half = cases(np.zeros(UNITS))
    came = np.random.default_rng(3).random(len(unit)) < np.where(heavy, 0.7, 0.3)
    found = fair_rates(came, unit=unit, units=UNITS, strata={"case": heavy}, level=0.9, seed=1)
    assert np.ptp(found.raw) > 0.2 and np.ptp(found.fair) < 0.12 and found.n.tolist() == [EACH] * UNITS


def test_of_nothing_nothing_is_known():
    assert np.isnan(unknown(3).fair).all() and unknown(3).level == 0


def test_one_unit_far_off_does_not_move_the_middle():
    found = compared(np.array([0.0, 0, 0, 0, 0, 40]))
    assert found.level == pytest.approx(25 + 40 / 6, abs=1) and found.fair[found.middle] == pytest.approx(25, abs=1)
    assert found.shrunken.differs.sum() > 1 and found.strays(0.9).tolist() == [False] * 5 + [True]
    assert unknown(3).middle is None and not unknown(3).strays(0.9).any()
