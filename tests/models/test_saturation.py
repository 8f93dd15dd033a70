"""Diminishing returns: the planted half-way spend is found, and refused where it cannot be."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models import saturation

HALF = 60_000.0


def weeks(seed, *, n=157, variation=0.28, noise=0.12):
    """Own context ads as they were: one level, then a ramp of level and spend together."""
    rng = np.random.default_rng(seed)
    ramp = np.clip((np.arange(n) - 118) / 38, 0, 1)
    spend = (34_500 + 8_300 * ramp) * np.exp(variation * rng.normal(size=n) - variation**2 / 2)
    spend[[week for week in (32, 70) if week < n]] = 0
    mean = (30 + 78 * ramp) * spend / (spend + HALF) * np.exp(noise * rng.normal(size=n))
    return spend, rng.poisson(mean)


def test_covers_the_marginal_return():
    inside, wrong = 0, 0
    for seed in range(25):
        spend, calls = weeks(seed)
        fit = saturation.fit(spend=spend, calls=calls, level=0.90)
        assert fit.gate == "fitted"
        truth = HALF / (HALF + fit.spend)
        inside += fit.share_low <= truth <= fit.share_high
        wrong += np.log((calls[119:].mean()) / calls[:119].mean()) / np.log(spend[119:].mean() / spend[:119].mean()) > 1
    # 90 % of 25 is 22.5, standard error 1.5
    assert inside >= 19
    assert wrong == 25, "before against after, the naive elasticity says that spend has increasing returns"


@pytest.mark.parametrize(
    ("settings", "gate"),
    [({"n": 20}, "too_few_weeks"), ({"variation": 0.05}, "flat_spend"), ({"n": 60, "variation": 0.35, "noise": 1.2}, "no_shape")],
)
def test_gates(settings, gate):
    spend, calls = weeks(1, **settings)
    fit = saturation.fit(spend=spend, calls=calls, level=0.90)
    assert fit.gate == gate and np.isnan(fit.half_spend)


def test_few_calls_and_no_spend_are_gates_too():
    spend, calls = weeks(1)
    assert saturation.fit(spend=spend, calls=calls // 40, level=0.90).gate == "too_few_calls"
    assert saturation.fit(spend=spend * 0, calls=calls, level=0.90).gate == "too_few_weeks"


def test_a_straight_line_is_not_excluded_when_returns_are_constant():
    rng = np.random.default_rng(2)
    spend = 30_000 * np.exp(0.5 * rng.normal(size=200))
    fit = saturation.fit(spend=spend, calls=rng.poisson(spend / 800), level=0.90)
    assert fit.share_high == 1.0 and np.isinf(fit.half_high)


def test_the_curve_passes_through_today_whatever_the_shape():
    spend, calls = weeks(3)
    fit = saturation.fit(spend=spend, calls=calls, level=0.90)
    today = fit.calls(np.array([fit.spend]))
    for half in (fit.half_low, fit.half_high, np.inf):
        assert fit.calls(np.array([fit.spend]), half) == pytest.approx(today)
