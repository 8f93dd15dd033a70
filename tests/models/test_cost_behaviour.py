"""Costs against revenue: another library's slope and errors, a process with known truth, and the step that must not fool it."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from audit.models.cost_behaviour import FEWEST_MONTHS, cost_behaviour


def process(seed: int, months: int = 36, share: float = 0.35, fixed: float = 7.0) -> tuple[np.ndarray, np.ndarray]:
    """Revenue with a trend and noise; costs fixed + share · revenue + noise; truth is what was put in."""
    rng = np.random.default_rng(seed)
    revenue = 10 * np.exp(0.01 * np.arange(months) + 0.08 * rng.standard_normal(months))
    return revenue, fixed + share * revenue + 0.1 * rng.standard_normal(months)


@pytest.mark.parametrize("seed", range(5))
def test_slope_is_that_of_statsmodels_and_the_error_at_least_hc3(seed):
    revenue, costs = process(seed)
    fit = sm.OLS(np.diff(costs), sm.add_constant(np.diff(revenue))).fit(cov_type="HC3", use_t=True)
    low, high = fit.conf_int(0.10)[1]
    value, own_low, own_high = cost_behaviour(revenue, costs).contribution_share
    assert value == pytest.approx(1 - fit.params[1])
    assert own_high - own_low >= (high - low) * (1 - 1e-9)
    score = (np.diff(revenue) - np.diff(revenue).mean()) * fit.resid / (1 - fit.get_influence().hat_matrix_diag)
    if score[1:] @ score[:-1] < 0:
        assert own_high - own_low == pytest.approx(high - low)


def test_intervals_hold_what_was_put_in():
    found = [cost_behaviour(*process(seed), recent=3) for seed in range(300)]
    share = np.mean([low <= 0.65 <= high for _, low, high in (f.contribution_share for f in found)])
    start = np.mean([low <= 7 / 0.65 <= high for _, low, high in (f.break_even for f in found)])
    # promised 0.90; two standard errors of 300 runs are 0.035
    assert share >= 0.85 and start >= 0.85
    assert np.mean([f.contribution_share[0] for f in found]) == pytest.approx(0.65, abs=0.01)


def test_a_rent_that_jumps_while_revenue_grows_is_not_a_cost_of_sales():
    revenue = np.linspace(10, 20, 36) + 0.5 * np.random.default_rng(0).standard_normal(36)
    costs = 5 + 0.3 * revenue + np.where(np.arange(36) >= 18, 3.0, 0.0)
    levels = np.polyfit(revenue, costs, 1)[0]
    found = cost_behaviour(revenue, costs)
    assert 1 - levels < 0.5, "levels take the jump for sales"
    assert found.contribution_share[1] <= 0.7 <= found.contribution_share[2]


def test_break_even_without_noise_is_arithmetic():
    revenue = np.linspace(10, 12, 30) ** 1.5
    found = cost_behaviour(revenue, 6.95 + 0.35 * revenue)
    assert found.break_even == pytest.approx((6.95 / 0.65,) * 3, rel=1e-6)


def test_too_little_says_nothing():
    revenue, costs = process(2)
    assert cost_behaviour(revenue[: FEWEST_MONTHS - 1], costs[: FEWEST_MONTHS - 1]) is None
    assert cost_behaviour(np.full(36, 10.0), costs) is None
    assert cost_behaviour([], []) is None
    assert cost_behaviour(np.where(np.arange(36) < 18, 10.0, 12.0), costs) is None, "one step decides"
    assert cost_behaviour(revenue, 2 * revenue).break_even is None, "every sale loses money"


def test_money_may_be_counted_in_any_unit():
    revenue, costs = process(3)
    one, other = cost_behaviour(revenue, costs), cost_behaviour(revenue * 1e6, costs * 1e6)
    assert other.contribution_share == pytest.approx(one.contribution_share)
    assert other.break_even == pytest.approx(tuple(1e6 * x for x in one.break_even))
