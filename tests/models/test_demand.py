"""Demand and price: against statsmodels' GLM with all dummies and its conditional Poisson, and simulated truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from statsmodels.discrete.conditional_models import ConditionalPoisson

from audit.models import demand
from audit.models.week_effects import TREND_WEEKS

TRUTH = -1.176


def panel(seed, *, units=2, weeks=58, elasticity=TRUTH, noise=0.0, staggered=False, base=(150, 100)):
    """Weekly counts and log prices of branches that share season and growth."""
    rng = np.random.default_rng(seed)
    log_price = np.full((units, weeks), np.log(2500.0))
    if staggered:
        for unit in range(units):
            for start in rng.choice(np.arange(6, weeks - 6), 3, replace=False):
                log_price[unit, start:] += rng.choice([-0.1, 0.1, 0.15])
    else:
        log_price[1, 26:32] = np.log(2000.0)
    common = 0.15 * np.sin(2 * np.pi * np.arange(weeks) / 52) + rng.normal(0, 0.05, weeks) + 0.01 * np.arange(weeks)
    own = rng.normal(0, noise, (units, weeks))
    mean = np.resize(base, units)[:, None] * np.exp(common + own + elasticity * (log_price - np.log(2500.0)))
    return rng.poisson(mean).astype(float), log_price


@pytest.mark.parametrize("weeks", [24, 58])
def test_point_and_errors_equal_a_glm_with_week_dummies(weeks):
    counts, log_price = panel(3, weeks=weeks + 10)
    counts, log_price = counts[:, 10:], log_price[:, 10:]
    fit = demand.fit_panel(counts=counts, log_price=log_price, placebos=False)
    unit, week = np.indices(counts.shape)
    frame = pd.DataFrame({"y": counts.ravel(), "p": log_price.ravel(), "u": unit.ravel(), "w": week.ravel()})
    frame["t"] = frame.w * frame.u / 10
    # branches have trends of their own from half a year on
    formula = "y ~ p + C(u) + C(w)" + (" + t" if weeks >= TREND_WEEKS else "")
    glm = smf.glm(formula, frame, family=sm.families.Poisson()).fit(scale="X2")
    assert fit.elasticity == pytest.approx(glm.params["p"], abs=1e-7)
    assert fit.errors["quasi"] == pytest.approx(glm.bse["p"], rel=1e-5)
    assert fit.df == glm.df_resid
    assert fit.fitted == pytest.approx(glm.fittedvalues.to_numpy().reshape(counts.shape), rel=1e-6)


def test_covers_the_truth_as_often_as_promised():
    inside = []
    for seed in range(20):
        counts, log_price = panel(seed, noise=0.05)
        low, high = demand.fit_panel(counts=counts, log_price=log_price).interval(0.90)
        inside.append(low <= TRUTH <= high)
    # 90 % of 20 is 18; the binomial standard error is 1.3
    assert sum(inside) >= 15


def test_staggered_changes_are_known_better_than_one_test():
    one, many = (
        demand.fit_panel(counts=c, log_price=p) for c, p in (panel(5, units=6), panel(5, units=6, staggered=True, weeks=104))
    )
    assert many.elasticity == pytest.approx(TRUTH, abs=3 * many.standard_error(0.90))
    assert many.standard_error(0.90) < one.standard_error(0.90)


def test_the_printed_interval_is_the_widest():
    fit = demand.fit_panel(**dict(zip(("counts", "log_price"), panel(1), strict=True)))
    low, high = fit.interval(0.90)
    assert set(fit.intervals(0.90)) == {"quasi", "week", "placebo"}
    assert all(low <= a and b <= high for a, b in fit.intervals(0.90).values())
    assert 0 < fit.placebo_share() <= 1


def test_growth_shared_by_the_branches_is_not_read_as_price():
    _, log_price = panel(8)
    growth = np.exp(0.02 * np.arange(58))
    counts = np.random.default_rng(8).poisson(np.array([[150], [100]]) * growth).astype(float)
    low, high = demand.fit_panel(counts=counts, log_price=log_price).interval(0.90)
    naive = np.log(counts[1, 26:32].mean() / counts[1, :26].mean()) / np.log(0.8)
    assert low < 0 < high
    assert naive < -0.3, "the branch before and during, alone, shows a reaction that is growth"


def test_a_branch_that_opened_later_is_used_where_it_exists():
    counts, log_price = panel(2)
    counts[0, :5] = np.nan
    fit = demand.fit_panel(counts=counts, log_price=log_price, placebos=False)
    assert fit.weeks == 53 and np.isnan(fit.fitted[:, :5]).all()


@pytest.mark.parametrize("log_price", [np.zeros((2, 30)), np.tile(np.linspace(0, 0.2, 30), (2, 1)), np.full((2, 30), np.nan)])
def test_prices_that_never_differ_within_a_week_are_refused(log_price):
    with pytest.raises(ValueError, match="never differ"):
        demand.fit_panel(counts=np.full((2, 30), 20.0), log_price=log_price)


def test_one_series_recovers_a_step_but_keeps_the_season_out():
    rng = np.random.default_rng(4)
    weeks = np.arange(156)
    log_price = np.where(weeks < 90, np.log(2000.0), np.log(2400.0))
    mean = np.exp(5.5 + 0.2 * np.sin(2 * np.pi * weeks / 52.1775) - 0.8 * (log_price - np.log(2000.0)))
    fit = demand.fit_series(counts=rng.poisson(mean).astype(float), log_price=log_price, week_of_year=weeks % 52.1775)
    low, high = fit.interval(0.90)
    assert low < -0.8 < high


def test_one_series_holds_the_truth_though_neighbouring_weeks_are_alike():
    """Noise that lasts for weeks makes a step of its own; clustering or Newey–West alone would miss one time in three."""
    inside, narrow = 0, 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        drawn = rng.normal(0, 0.08 * np.sqrt(1 - 0.7**2), 134)
        for week in range(1, 134):
            drawn[week] += 0.7 * drawn[week - 1]
        log_price = np.where(np.arange(104) < 55, 0.0, np.log(0.85))
        counts = rng.poisson(250 * np.exp(drawn[30:] - 1.0 * log_price)).astype(float)
        fit = demand.fit_series(counts=counts, log_price=log_price, week_of_year=np.arange(104) % 52.1775)
        (low, high), bounds = fit.interval(0.90), fit.intervals(0.90)
        inside += low <= -1.0 <= high
        narrow += bounds["quasi"][0] <= -1.0 <= bounds["quasi"][1]
    # 27 expected at 90 %, binomial standard error 1.6
    assert inside >= 23 and narrow < inside


def test_equals_the_conditional_poisson_of_statsmodels():
    """Conditioning on week totals is what another library calls conditional Poisson regression with weeks as groups."""
    _, log_price = panel(4, weeks=20)
    log_price[1, 8:12] = np.log(2000.0)
    mean = np.array([[60.0], [140.0]]) * np.exp(TRUTH * (log_price - np.log(2500)))
    counts = np.random.default_rng(4).poisson(mean).astype(float)
    unit, week = np.indices(counts.shape)
    other = ConditionalPoisson(counts.ravel(), np.column_stack([unit.ravel(), log_price.ravel()]), groups=week.ravel()).fit(disp=False)
    assert demand.fit_panel(counts=counts, log_price=log_price, placebos=False).elasticity == pytest.approx(other.params[1], abs=1e-4)


def test_logs_mislead_where_pseudo_maximum_likelihood_does_not():
    """Santos Silva & Tenreyro (2006): errors whose spread shrinks with the mean bias least squares on logs, not PPML.

    Their case 2, variance proportional to the mean: a multiplicative log-normal error with mean 1 and variance 1/μ.
    """
    logs, poisson = [], []
    for seed in range(15):
        rng = np.random.default_rng(seed)
        units, weeks = 4, 120
        price = rng.normal(0, 0.5, (units, weeks))
        mean = np.exp(rng.normal(0, 0.3, (units, 1)) + rng.normal(0, 0.2, weeks) - 1.0 * price)
        sigma = np.sqrt(np.log1p(1 / mean))
        y = mean * np.exp(rng.normal(-(sigma**2) / 2, sigma))
        poisson.append(demand.fit_panel(counts=y, log_price=price, placebos=False).elasticity)
        unit, week = np.indices(y.shape)
        frame = pd.DataFrame({"y": np.log(y).ravel(), "p": price.ravel(), "u": unit.ravel(), "w": week.ravel()})
        logs.append(smf.ols("y ~ p + C(u) + C(w)", frame).fit().params["p"])
    assert np.mean(poisson) == pytest.approx(-1.0, abs=0.05)
    assert np.mean(logs) < -1.15


def test_a_rate_is_told_from_the_number_it_is_counted_among():
    counts, log_price = panel(6)
    booked = np.random.default_rng(6).binomial(counts.astype(int), 0.5 * np.exp(-0.4 * (log_price - np.log(2500)))).astype(float)
    low, high = demand.fit_panel(counts=booked, log_price=log_price, exposure=counts).interval(0.90)
    assert low < -0.4 < high < 0.6 and not low < TRUTH - 0.4 < high


def test_twenty_price_regimes_are_clustered_by():
    counts, log_price = panel(5, units=8, staggered=True, weeks=104)
    fit = demand.fit_panel(counts=counts, log_price=log_price, placebos=False)
    unit, week = np.indices(counts.shape)
    frame = pd.DataFrame({"y": counts.ravel(), "p": log_price.ravel(), "u": unit.ravel(), "w": week.ravel()})
    frame["t"] = np.linspace(-1, 1, 104)[frame.w]
    regime = demand.regimes(log_price).ravel()
    glm = smf.glm("y ~ p + C(u) + C(w) + " + " + ".join(f"I(t * (u == {k}))" for k in range(1, 8)), frame, family=sm.families.Poisson()).fit(
        cov_type="cluster", cov_kwds={"groups": regime, "use_correction": False})
    n = np.unique(regime).size
    assert n >= 20 and fit.errors["regime"] == pytest.approx(glm.bse["p"] * np.sqrt(n / (n - 1)), rel=1e-4)
    assert "regime" not in demand.fit_panel(**dict(zip(("counts", "log_price"), panel(1), strict=True)), placebos=False).errors


def test_the_price_of_one_unit_means_nothing_elsewhere():
    counts, log_price = panel(9, units=4)
    low, high = demand.elsewhere(counts=counts, log_price=log_price).interval(0.90)
    assert low < 0 < high
    assert demand.elsewhere(counts=counts[:2], log_price=log_price[:2]) is None, "one unit that kept its price has none to be compared with"
