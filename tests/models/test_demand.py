"""Demand and price: against statsmodels' GLM with all dummies, simulated truth, and the ladder."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf

from audit.models import demand

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
    formula = "y ~ p + C(u) + C(w)" + (" + t" if weeks >= demand.TREND_WEEKS else "")
    glm = smf.glm(formula, frame, family=sm.families.Poisson()).fit(scale="X2")
    assert fit.elasticity == pytest.approx(glm.params["p"], abs=1e-7)
    assert fit.se_quasi == pytest.approx(glm.bse["p"], rel=1e-5)
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
    assert low < -0.8 < high and fit.placebo_share() is None


# ---------------------------------------------------------------------- the ladder
def paths(*rows):
    return np.log(np.array(rows, dtype=float))


def path(level, *changes, weeks=60):
    values = np.full(weeks, float(level))
    for start, end, price in changes:
        values[start:end] = price
    return values


@pytest.mark.parametrize(
    ("log_price", "expected"),
    [
        (paths(path(2500), path(2500)), "constant"),
        (paths(path(2500), path(2500, (20, 60, 2540))), "constant"),
        (paths(path(2500), path(2500, (20, 26, 2000))), "one_branch"),
        (paths(path(2500, (10, 60, 2700)), path(2500, (30, 60, 2300), (50, 60, 2600))), "staggered"),
        (paths(path(2500, (20, 60, 2200)), path(2500, (20, 60, 2200))), "all_at_once"),
        (paths(path(2500, (20, 60, 2200))), "all_at_once"),
        (paths(path(2500, (20, 22, 2000), (40, 42, 2000))), "promotion"),
    ],
)
def test_rung(log_price, expected):
    assert demand.rung(log_price) == expected


def test_a_change_in_the_middle_of_a_week_is_one_change():
    (change,) = demand.price_changes(paths(path(2500, (20, 21, 2300), (21, 60, 2000))))
    assert change.week == 20 and change.size == pytest.approx(np.log(0.8))


def test_prices_that_follow_demand_are_found_and_exogenous_ones_are_not():
    rng = np.random.default_rng(11)
    weeks, units = 208, 4
    follows, blind = [], []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        shock = np.zeros((units, weeks))
        log_price = np.full((units, weeks), np.log(2000.0))
        for w in range(1, weeks):
            shock[:, w] = 0.9 * shock[:, w - 1] + rng.normal(0, 0.08, units)
            log_price[:, w] = log_price[:, w - 1]
            if w % 13 == 0:
                log_price[:, w] += 0.5 * shock[:, w - 6 : w].mean(axis=1)
        for lists, elasticity, price in ((follows, -0.9, log_price), (blind, -0.9, np.roll(log_price[::-1], 5, axis=1))):
            counts = rng.poisson(60 * np.exp(shock + elasticity * (price - np.log(2000.0)))).astype(float)
            fit = demand.fit_panel(counts=counts, log_price=price, placebos=False)
            lists.append(demand.demand_leads(counts=counts, fitted=fit.fitted, log_price=price).follows)
    assert sum(follows) == 5 and sum(blind) <= 1


def test_the_end_of_a_test_is_not_a_rise_after_high_demand():
    counts, log_price = panel(6)
    fit = demand.fit_panel(counts=counts, log_price=log_price, placebos=False)
    assert not demand.demand_leads(counts=counts, fitted=fit.fitted, log_price=log_price).follows
    assert abs(demand.lead(counts=counts, log_price=log_price, elasticity=fit.elasticity)) < 2.6


# ---------------------------------------------------------------------- arithmetic of prices
def test_five_hundred_off_for_thirty_per_cent_more_callers():
    elasticity = np.log(1.30) / np.log(2000 / 2500)
    assert elasticity == pytest.approx(-1.1758, abs=1e-4)
    assert demand.log_change(elasticity, 2000, 2500) == pytest.approx(0.30)
    assert demand.cost_per_extra(elasticity, 2000, 2500) == pytest.approx(500 / 0.30)
    assert demand.cost_per_extra(0.1, 2000, 2500) == np.inf


def test_break_even_leaves_contribution_unchanged():
    even = demand.break_even_elasticity(margin=9000, reference=2500, price=2000)
    assert (1 + demand.log_change(even, 2000, 2500)) * 8500 == pytest.approx(9000)
    with pytest.raises(ValueError, match="margin"):
        demand.break_even_elasticity(margin=400, reference=2500, price=2000)


def test_a_planned_test_finds_what_it_promises():
    size = {"weekly": 100.0, "control": 150.0, "ratio": 0.8, "dispersion": 1.0}
    weeks = demand.design_weeks(**size, detect=1.0, level=0.90)
    found = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        a, b = rng.poisson(100 * weeks * 0.8**-1.0), rng.poisson(150 * weeks)
        error = demand.design_error(**size, weeks=weeks)
        found += abs(np.log(a / b * 1.5) / np.log(0.8)) > 1.645 * error
    # 80 % promised; the Monte Carlo error of 200 tests is 3 points
    assert 0.70 < found / 200 < 0.95
    assert demand.design_weeks(**size, detect=0.01, level=0.90) is None
    assert demand.detectable(**size, weeks=weeks, level=0.90) <= 1.0


def test_dispersion_of_pure_counts_is_one_and_of_noisy_ones_more():
    rng = np.random.default_rng(0)
    assert demand.dispersion(rng.poisson(100, (2, 60))) < 1.4
    assert demand.dispersion(rng.poisson(100 * np.exp(rng.normal(0, 0.3, (2, 60))))) > 3
    assert demand.dispersion(np.zeros((2, 10))) == 1.0
