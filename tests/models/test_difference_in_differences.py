"""Difference in differences: published 2×2 tables, another library, recovery of a planted effect, laws."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from audit.models.difference_in_differences import difference_in_differences

TREATED = np.array([True, False, True, False, False])
POST = np.arange(20) >= 12


def panel(seed: int = 1, effect: float = 0.3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    level = rng.normal(2, 0.4, 5)[:, None] + rng.normal(0, 0.2, 20) + effect * TREATED[:, None] * POST
    return rng.poisson(np.exp(level)).astype(float)


def process(
    seed: int, *, units: int, treated: int, weeks: int, after: int, effect: float, level: float = 3.0, spread: float = 0.08,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Counts whose units stray from each other for weeks on end (autocorrelation 0.6): outcome, treated, post."""
    rng = np.random.default_rng(seed)
    chosen, post = np.isin(np.arange(units), rng.permutation(units)[:treated]), np.arange(weeks) >= weeks - after
    stray = rng.normal(size=(units, weeks))
    for week in range(1, weeks):
        stray[:, week] = 0.6 * stray[:, week - 1] + 0.8 * stray[:, week]
    season = 0.1 * np.sin(np.arange(weeks) / 52 * 2 * np.pi) + rng.normal(0, 0.1, weeks)
    mean = np.exp(level + rng.normal(0, 0.4, units)[:, None] + season + spread * stray + effect * chosen[:, None] * post)
    return rng.poisson(mean).astype(float), chosen, post


@pytest.mark.parametrize("family", ["poisson", "binomial", "gaussian"])
def test_the_fit_is_that_of_a_glm_with_dummies(family: str) -> None:
    y = panel()
    size = np.full(y.shape, 60.0) if family == "binomial" else np.ones_like(y)
    ours = difference_in_differences(outcome=y, treated=TREATED, post=POST, size=size, family=family)
    assert ours is not None
    effect = (TREATED[:, None] * POST).ravel().astype(float)
    design = np.column_stack([np.kron(np.eye(5), np.ones((20, 1))), np.kron(np.ones((5, 1)), np.eye(20))[:, 1:], effect])
    kind = {"poisson": sm.families.Poisson, "binomial": sm.families.Binomial, "gaussian": sm.families.Gaussian}[family]()
    end = np.column_stack([y.ravel(), (size - y).ravel()]) if family == "binomial" else y.ravel()
    theirs = sm.GLM(end, design, family=kind).fit()
    assert ours.effect == pytest.approx(theirs.params[-1], abs=1e-8)
    # what one observation of a binomial is differs between libraries, so errors are compared before any scaling
    assert ours.se / np.sqrt(ours.dispersion) == pytest.approx(theirs.bse[-1] / np.sqrt(theirs.scale), rel=1e-6)
    if family != "binomial":
        assert ours.dispersion == pytest.approx(float((theirs.resid_pearson**2).sum() / theirs.df_resid), rel=1e-6)


def test_houses_near_an_incinerator() -> None:
    """Wooldridge, Introductory Econometrics, example 13.3 (kielmc): means of four cells and their n; −11,863.9 (7,456.65)."""
    found = difference_in_differences(
        outcome=[[63692.86, 70619.24], [82517.23, 101307.51]], size=[[56, 40], [123, 102]], treated=[1, 0], post=[0, 1], family="gaussian",
    )
    assert found is not None
    assert found.effect == pytest.approx(-11863.9, abs=0.1)
    # with one cell for each parameter the error is that of a unit deviation; the regression's is 30,243
    assert found.se * 30242.9 == pytest.approx(7456.65, abs=1)


def test_two_by_two_counts_are_a_ratio_of_ratios() -> None:
    found = difference_in_differences(outcome=[[40, 66], [50, 55]], treated=[1, 0], post=[0, 1])
    assert found is not None
    assert found.ratio[0] == pytest.approx((66 / 40) / (55 / 50))
    assert found.se == pytest.approx(np.sqrt(1 / 40 + 1 / 66 + 1 / 50 + 1 / 55))
    assert found.series.total[0] == pytest.approx(66 - 40 * 55 / 50)


@pytest.mark.parametrize(("units", "treated"), [(2, 1), (6, 2)])
def test_intervals_hold_a_planted_effect(units: int, treated: int) -> None:
    """At 90 % of 40 processes at least 80 % hold (two standard errors below)."""
    found = []
    for seed in range(40):
        y, chosen, post = process(seed, units=units, treated=treated, weeks=80, after=12, effect=0.3)
        fit = difference_in_differences(outcome=y, treated=chosen, post=post)
        assert fit is not None
        found.append((fit.effect, fit.interval[0] <= 0.3 <= fit.interval[1]))
    assert np.mean([holds for _, holds in found]) >= 0.80
    assert np.mean([effect for effect, _ in found]) == pytest.approx(0.3, abs=0.05)


def test_a_naive_error_is_too_short_when_units_stray() -> None:
    short = 0
    for seed in range(40):
        y, chosen, post = process(seed, units=2, treated=1, weeks=50, after=8, effect=0.0, level=6.0)
        fit = difference_in_differences(outcome=y, treated=chosen, post=post)
        assert fit is not None
        low, high = fit.intervals["quasi"]
        short += not low <= 0 <= high
    assert short >= 8


def test_few_units_are_judged_by_all_the_ways_to_choose_them() -> None:
    """Three of six: twenty ways; the largest contrast has p = 2/20, both it and its mirror."""
    y = np.tile(np.array([100.0, 100, 100, 100, 100, 100])[:, None], (1, 20))
    treated = np.array([True, True, True, False, False, False])
    y[treated, 12:] = 150
    y += np.array([0, 1, 2, 3, 4, 5])[:, None]
    found = difference_in_differences(outcome=y, treated=treated, post=POST)
    assert found is not None
    assert found.p_units == pytest.approx(2 / 20)
    assert difference_in_differences(outcome=panel()[:4], treated=TREATED[:4], post=POST).p_units is None  # type: ignore[union-attr]


def test_a_growing_branch_is_not_read_as_the_change() -> None:
    weeks = np.arange(60)
    y = np.array([100 * np.exp(0.01 * weeks), np.full(60, 100.0)])
    found = difference_in_differences(outcome=y, treated=[True, False], post=weeks >= 48)
    assert found is not None
    assert found.effect == pytest.approx(0, abs=1e-6)


def test_the_sum_is_the_sum_of_what_was_and_what_would_have_been() -> None:
    found = difference_in_differences(outcome=panel(), treated=TREATED, post=POST)
    assert found is not None
    after = POST[found.series.weeks]
    assert found.series.total[0] == pytest.approx((found.series.observed - found.series.without)[after].sum())
    assert found.series.total[1] <= found.series.total[0] <= found.series.total[2]
    assert (found.series.without_low <= found.series.without + 1e-9).all() and (found.series.without <= found.series.without_high + 1e-9).all()
    assert np.allclose(found.series.without[~after].sum(), found.series.observed[~after].sum())


def test_order_of_units_and_weeks_after_the_end_do_not_matter() -> None:
    y = panel()
    first = difference_in_differences(outcome=y, treated=TREATED, post=POST)
    turned = difference_in_differences(outcome=y[::-1], treated=TREATED[::-1], post=POST)
    longer = difference_in_differences(
        outcome=np.hstack([y, y[:, :5] * 9]), treated=TREATED, post=np.concatenate([POST, np.zeros(5, bool)]),
    )
    assert first is not None and turned is not None and longer is not None
    assert turned.effect == pytest.approx(first.effect) and longer.effect == pytest.approx(first.effect)


@pytest.mark.parametrize(
    ("outcome", "treated", "post"),
    [
        (panel(), np.zeros(5, bool), POST), (panel(), np.ones(5, bool), POST), (panel(), TREATED, np.zeros(20, bool)),
        (panel(), TREATED, np.ones(20, bool)), (panel() * 0, TREATED, POST), (panel() * np.where(TREATED[:, None] & POST, 0, 1), TREATED, POST),
        (panel() * np.nan, TREATED, POST),
    ],
    ids=["nobody", "everybody", "never", "always", "no_events", "none_after", "missing"],
)
def test_nothing_to_compare_is_no_effect_told(outcome: np.ndarray, treated: np.ndarray, post: np.ndarray) -> None:
    assert difference_in_differences(outcome=outcome, treated=treated, post=post) is None


def test_whatever_the_counts_numbers_are_finite_or_none_is_told() -> None:
    """Panels of two to twelve units with gaps, zeros and constants; a warning fails the test."""
    told = 0
    for seed in range(120):
        rng = np.random.default_rng(seed)
        units, weeks = int(rng.integers(2, 13)), int(rng.integers(6, 70))
        size = rng.poisson(10 ** rng.uniform(-1, 2.5), (units, weeks)).astype(float)
        family = ("poisson", "binomial", "gaussian")[seed % 3]
        y = rng.binomial(size.astype(int), rng.uniform(0.02, 0.98)).astype(float)
        y[rng.random(y.shape) < rng.choice([0.0, 0.2])] = np.nan
        found = difference_in_differences(
            outcome=y, treated=rng.permutation(units) < rng.integers(1, units), post=np.arange(weeks) >= weeks - rng.integers(1, weeks // 2),
            size=size if family == "binomial" else None, family=family,
        )
        if found is not None:
            told += 1
            assert np.isfinite([found.effect, found.se, *found.interval, *found.series.total]).all()
            assert found.interval[0] <= found.effect <= found.interval[1]
    assert told > 60
