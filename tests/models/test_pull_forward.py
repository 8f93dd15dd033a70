"""Pull-forward: recovery of what was put in, a promotion that only borrows, and weeks too few to tell."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from audit.models.pull_forward import pull_forward

DURING = ((np.arange(104) >= 50) & (np.arange(104) < 56)).astype(float)
AFTER = ((np.arange(104) >= 56) & (np.arange(104) < 62)).astype(float)


def weeks(seed: int, *, rise: float = 0.3, fall: float = 0.0, mean: float = 60.0) -> tuple[np.ndarray, np.ndarray]:
    """Two places with common growth and season; in the first ``rise`` more are sold during and ``fall`` fewer after."""
    rng = np.random.default_rng(seed)
    common = mean * np.exp(0.008 * np.arange(104) + 0.2 * np.sin(np.arange(104) / 52 * 2 * np.pi))
    return rng.poisson(common * (1 + rise * DURING) * (1 - fall * AFTER)), rng.poisson(1.4 * common)


def test_coefficients_are_those_of_statsmodels():
    own, other = weeks(1)
    t = np.arange(104) / 52
    fit = sm.GLM(own, np.column_stack([np.ones(104), t, DURING, AFTER]), family=sm.families.Poisson(), offset=np.log(other)).fit()
    found = pull_forward(own, DURING, AFTER, control=other)
    assert found.during[0] == pytest.approx(np.expm1(fit.params[2]), rel=1e-6)
    assert found.after[0] == pytest.approx(np.expm1(fit.params[3]), rel=1e-6)


def test_intervals_hold_what_was_put_in():
    """Extra 0.3 and missing 0.15 of what was expected; 80 runs, promised 0.90, two standard errors of 0.034."""
    found = [pull_forward(*(own, DURING, AFTER), control=other) for own, other in (weeks(seed, fall=0.15) for seed in range(80))]
    assert np.mean([f.during[1] <= 0.3 <= f.during[2] for f in found]) >= 0.82
    assert np.mean([f.after[1] <= -0.15 <= f.after[2] for f in found]) >= 0.82
    assert np.mean([f.during[0] for f in found]) == pytest.approx(0.3, abs=0.02)
    # what is missing after, over what was won during, as expected sales were in those weeks
    level = np.exp(0.008 * np.arange(104) + 0.2 * np.sin(np.arange(104) / 52 * 2 * np.pi))
    truth = (0.15 * level * AFTER).sum() / (0.3 * level * DURING).sum()
    told = [f.pulled for f in found if f.pulled is not None]
    assert len(told) > 70 and np.mean([low <= truth <= high for _, low, high in told]) >= 0.82


def test_a_promotion_that_only_moves_sales_loses_money():
    own, other = weeks(6, rise=0.4, fall=0.4, mean=400)
    found = pull_forward(own, DURING, AFTER, control=other, price=100, promotion_price=80)
    assert found.pulled[1] > 0.9 and found.net[0] < 0.1 * found.extra[0]
    assert found.money[2] < 0, "the same sales at a lower price"


def test_no_reaction_has_no_share_borrowed():
    own, other = weeks(4, rise=0.0)
    assert pull_forward(own, DURING, AFTER, control=other).pulled is None


def test_money_of_a_promotion_by_hand():
    """100 a week expected, 130 during six weeks at 80 instead of 100, as many as ever afterwards: 6 · (130 · 80 − 100 · 100)."""
    own = 100 * (1 + 0.3 * DURING)
    found = pull_forward(own, DURING, AFTER, control=np.full(104, 100.0), price=100, promotion_price=80)
    assert found.extra[0] == pytest.approx(180) and found.money[0] == pytest.approx(6 * (130 * 80 - 10000), abs=1)
    assert found.dispersion == 1


def test_too_few_weeks_or_units_say_nothing():
    own, other = weeks(5)
    assert pull_forward(own[40:64], DURING[40:64], AFTER[40:64], control=other[40:64]) is None
    assert pull_forward(np.zeros(104), DURING, AFTER) is None
    assert pull_forward(own, DURING, np.zeros(104)) is None
    assert pull_forward(own // 60, DURING, AFTER) is None
