"""Interrupted series: the published Sicilian example, recovery of a planted effect, laws."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from audit.models.interrupted_series import interrupted_series, moves_with, seasons

# admissions for acute coronary events in Sicily by month, 2002–2006, and the standard population in thousands,
# as published with Lopez Bernal, Cummins & Gasparrini (2017); smoking was banned in public places in January 2005
ADMISSIONS = np.array([
    728, 659, 791, 734, 757, 726, 760, 740, 720, 814, 795, 858, 887, 766, 851, 769, 781, 756, 766, 752, 765, 831, 879, 928, 914, 808, 937,
    840, 916, 828, 845, 818, 860, 839, 887, 886, 831, 796, 833, 820, 877, 758, 767, 738, 781, 843, 850, 908, 1021, 859, 976, 888, 962, 838,
    810, 876, 843, 936, 912,
])
POPULATION = np.array([
    379.8753, 376.4955, 377.0408, 377.1164, 377.3834, 374.1131, 379.5133, 376.2955, 374.6532, 378.4856, 375.9555, 378.3497, 376.7624,
    379.0323, 379.3604, 376.1620, 377.9724, 381.8307, 379.8886, 380.8722, 380.9669, 381.2404, 382.1049, 381.8027, 381.6563, 383.6800,
    383.5042, 386.4629, 383.7831, 380.8368, 383.4830, 380.9062, 382.9268, 384.0524, 384.4496, 383.4284, 388.1532, 388.3732, 386.4701,
    386.0332, 383.6864, 385.5093, 385.9019, 386.5166, 388.4365, 383.2552, 390.1487, 385.8749, 391.6136, 391.7504, 394.0056, 391.3649,
    391.6646, 389.0223, 391.8785, 388.5753, 392.9890, 390.0188, 390.7123,
])
BANNED = np.arange(59) >= 36
NORMAL = 1.959964


def process(seed: int, *, weeks: int = 116, after: int = 12, effect: float = 0.2, level: float = 4.0, spread: float = 0.08) -> tuple[np.ndarray, np.ndarray]:
    """Counts with trend, season and noise alike from week to week (autocorrelation 0.5): outcome and post."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=weeks)
    for week in range(1, weeks):
        noise[week] = 0.5 * noise[week - 1] + np.sqrt(0.75) * noise[week]
    time, post = np.arange(weeks), np.arange(weeks) >= weeks - after
    mean = level + 0.2 * time / 52 + 0.1 * np.sin(time / 52.18 * 2 * np.pi + 1) + spread * noise + effect * post
    return rng.poisson(np.exp(mean)).astype(float), post


def test_the_smoking_ban_of_sicily() -> None:
    """Published: rate ratio 0.894 (95 % 0.864 to 0.925), Poisson without season."""
    found = interrupted_series(outcome=ADMISSIONS, post=BANNED, size=POPULATION, slope=False, harmonics=0, year=12, level=0.95)
    assert found is not None
    bare = found.se / np.sqrt(found.dispersion)
    told = np.exp([found.effect, found.effect - NORMAL * bare, found.effect + NORMAL * bare])
    assert told == pytest.approx([0.894, 0.864, 0.925], abs=0.001)


def test_the_smoking_ban_of_sicily_without_its_season() -> None:
    """Published: 0.885 (0.839 to 0.933), quasi-Poisson with two harmonics of the year."""
    found = interrupted_series(outcome=ADMISSIONS, post=BANNED, size=POPULATION, slope=False, harmonics=2, year=12, level=0.95)
    assert found is not None
    told = np.exp([found.effect, found.effect - NORMAL * found.se, found.effect + NORMAL * found.se])
    assert told == pytest.approx([0.885, 0.839, 0.933], abs=0.001)
    assert found.ratio[1] <= told[1] + 1e-6 and found.ratio[2] >= told[2] - 1e-6, "the widest of the intervals is printed"


@pytest.mark.parametrize("family", ["poisson", "binomial"])
def test_the_fit_is_that_of_another_library(family: str) -> None:
    y, post = process(3)
    n = np.full(y.size, 200.0)
    ours = interrupted_series(outcome=y, post=post, size=n, family=family, harmonics=1, slope=False)
    assert ours is not None
    time = np.arange(y.size)
    design = np.column_stack([np.ones(y.size), time, np.sin(2 * np.pi * time / 52.1775), np.cos(2 * np.pi * time / 52.1775), post])
    if family == "poisson":
        theirs = sm.GLM(y, design, family=sm.families.Poisson(), offset=np.log(n)).fit(cov_type="HAC", cov_kwds={"maxlags": 4})
    else:
        theirs = sm.GLM(np.column_stack([y, n - y]), design, family=sm.families.Binomial()).fit()
    assert ours.effect == pytest.approx(theirs.params[-1], abs=1e-8)
    if family == "poisson":
        half = (ours.intervals["weeks"][1] - ours.intervals["weeks"][0]) / 2 / stats.t.ppf(0.95, y.size - 5)
        assert half == pytest.approx(theirs.bse[-1] * np.sqrt(y.size / (y.size - 5)), rel=1e-6)


def test_without_trend_to_follow_it_is_a_ratio_of_means() -> None:
    found = interrupted_series(outcome=np.tile([90.0, 110.0], 30) * np.where(np.arange(60) >= 48, 1.5, 1.0), post=np.arange(60) >= 48, harmonics=0)
    assert found is not None
    assert found.effect == pytest.approx(np.log(1.5), abs=0.02)
    assert found.series.total[0] == pytest.approx(50 * 12, rel=0.03)


def test_intervals_hold_a_planted_effect() -> None:
    """At 90 % of 60 processes at least 82 % hold (two standard errors below)."""
    found = []
    for seed in range(60):
        y, post = process(seed)
        fit = interrupted_series(outcome=y, post=post)
        assert fit is not None
        found.append((fit.effect, fit.interval[0] <= 0.2 <= fit.interval[1]))
    assert np.mean([holds for _, holds in found]) >= 0.82
    assert np.mean([effect for effect, _ in found]) == pytest.approx(0.2, abs=0.04)


def test_a_date_on_which_nothing_happened_shows_nothing() -> None:
    """Of 60 processes without an effect, at 90 % at most 18 % may show one."""
    shown = 0
    for seed in range(100, 160):
        y, post = process(seed, effect=0.0)
        fit = interrupted_series(outcome=y, post=post)
        assert fit is not None
        shown += not fit.interval[0] <= 0 <= fit.interval[1]
    assert shown <= 0.18 * 60


def test_the_sum_strays_more_than_its_weeks_would_if_they_were_independent() -> None:
    y, post = process(1)
    found = interrupted_series(outcome=y, post=post)
    assert found is not None
    independent = 2 * 1.645 * np.sqrt(found.dispersion * found.series.without[post].sum())
    assert found.series.total[2] - found.series.total[1] > 1.3 * independent
    assert found.series.total[0] == pytest.approx((found.series.observed - found.series.without)[post].sum())


def test_another_change_left_out_moves_the_effect_and_a_control_takes_its_share() -> None:
    time = np.arange(120)
    step, post = (time >= 90).astype(float), time >= 105
    y = np.exp(5 + 0.3 * step)
    with_step = interrupted_series(outcome=y, post=post, others=[step], slope=False)
    assert with_step is not None
    assert with_step.effect == pytest.approx(0, abs=1e-6) and with_step.left_out[0] > 0.05
    control = 100 * np.exp(0.2 * np.sin(time))
    moved = interrupted_series(outcome=y / 5 * control / 20, post=post, others=[step, np.log(control)], slope=False)
    assert moved is not None and moved.effect == pytest.approx(0, abs=1e-6)


def test_shares_have_their_own_scale() -> None:
    n = np.full(60, 100.0)
    share = np.where(np.arange(60) >= 48, 0.6, 0.5) + np.tile([0.01, -0.01], 30)
    found = interrupted_series(outcome=n * share, size=n, post=np.arange(60) >= 48, family="binomial", harmonics=0)
    assert found is not None
    assert found.effect == pytest.approx(np.log(0.6 / 0.4), abs=0.03)
    assert found.series.total[0] == pytest.approx(12 * 10, rel=0.05)


def test_on_and_off_weeks_are_a_switchback_without_placebo_dates() -> None:
    post = np.tile([False, False, True, True], 15)
    found = interrupted_series(outcome=np.where(post, 120.0, 100.0), post=post, slope=False, harmonics=0)
    assert found is not None
    assert found.effect == pytest.approx(np.log(1.2), abs=1e-3) and found.placebos is None


@pytest.mark.parametrize(("n", "harmonics"), [(51, 0), (52, 1), (103, 1), (104, 2), (400, 2)])
def test_a_season_needs_years(n: int, harmonics: int) -> None:
    assert seasons(n) == harmonics


@pytest.mark.parametrize(
    ("outcome", "post"),
    [
        (np.full(30, 10.0), np.zeros(30, bool)), (np.zeros(30), np.arange(30) > 20), (np.full(6, 10.0), np.arange(6) > 3),
        (np.where(np.arange(30) > 20, 0.0, 10.0), np.arange(30) > 20), (np.full(30, np.nan), np.arange(30) > 20),
    ],
    ids=["never", "no_events", "too_short", "none_after", "missing"],
)
def test_too_little_is_no_effect_told(outcome: np.ndarray, post: np.ndarray) -> None:
    assert interrupted_series(outcome=outcome, post=post) is None


def test_a_control_is_a_series_that_moved_along_and_chance_is_none() -> None:
    rng = np.random.default_rng(4)
    common = rng.normal(0, 0.2, 110)
    y = rng.poisson(np.exp(4 + common)).astype(float)
    assert moves_with(y, np.log(rng.poisson(np.exp(5 + common))))
    assert not moves_with(y, np.full(110, 3.0))
    chance = [moves_with(rng.poisson(50, 110).astype(float), rng.normal(size=110)) for _ in range(100)]
    assert np.mean(chance) <= 0.08
