"""Forecasts: the naïve where nothing is better, what is known to come, intervals that hold, no year of changes carried on."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models import forecast as models
from audit.models.driver_model import Drivers
from audit.models.forecast import NAIVE, YEAR, carried_on, forecast, naive, smoothed
from tests.models.test_driver_model import CURVE, events


def run(y: np.ndarray, methods: dict, **more):
    return forecast(y, methods, level=0.9, seed=1, **more)


def seasonal(years: int = 4, noise: float = 0.0, seed: int = 0) -> np.ndarray:
    month = np.arange(years * YEAR)
    return 100 * (1 + 0.3 * np.sin(2 * np.pi * month / YEAR)) * np.exp(np.random.default_rng(seed).normal(0, noise, month.size))


def last_month(y: np.ndarray):
    """A method that says the last month goes on."""
    return lambda known: np.full(YEAR, y[known - 1])


def test_the_naive_is_shown_where_nothing_beats_it():
    y = seasonal()
    found = run(y, {"last": last_month(y)})
    assert found.method == NAIVE and found.relative["last"] > 1
    assert found.months[:, 0] == pytest.approx(y[:YEAR])


def test_a_better_method_is_shown_with_its_errors():
    y = 100 * 1.02 ** np.arange(48)
    found = run(y, {"last": last_month(y)})
    assert found.method == "last" and found.relative["last"] < 1
    errors, past = [], []
    for origin in range(46, 23, -2):
        ahead = y[origin : origin + YEAR]
        errors.append(np.abs(ahead - y[origin - 1]))
        past.append(np.abs(ahead - y[origin - YEAR : origin - YEAR + ahead.size]))
    assert found.relative["last"] == pytest.approx(np.concatenate(errors).mean() / np.concatenate(past).mean())
    assert found.origins == len(errors)


def test_errors_are_over_a_usual_years_change():
    y = 100.0 + np.arange(48)
    found = run(y, {})
    assert found.scaled[NAIVE] == pytest.approx(1.0)


def test_only_the_past_is_used():
    y = seasonal(noise=0.1)
    seen: list[int] = []

    def method(known: int) -> np.ndarray:
        seen.append(known)
        return np.full(YEAR, y[:known].mean())

    run(y, {"mean": method})
    assert max(seen) == y.size - models.STEP and min(seen) == y.size - 2 * YEAR, "the last start has a future to be judged by"
    later = y.copy()
    later[-1] *= 9
    assert naive(later)(36) == pytest.approx(naive(y)(36))
    assert smoothed(later, with_trend=False)(36) == pytest.approx(smoothed(y, with_trend=False)(36))


def test_holds_what_comes_as_often_as_it_says():
    held = months = 0
    for seed in range(120):
        walk = 100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.05, 60)))
        found = run(walk[:48], {"last": last_month(walk)})
        if found.method != NAIVE:
            months += 1
            held += found.year[1] <= walk[48:].sum() <= found.year[2]
    # a tenth may lie outside; four standard errors of the count are allowed
    assert months >= 80 and held / months > 0.9 - 4 * np.sqrt(0.09 / months)


def test_a_level_is_held_where_no_trend_may_be_carried_on():
    y = np.r_[np.full(24, 100.0), 100 * 1.08 ** np.arange(1, 13)] * np.exp(np.random.default_rng(1).normal(0, 0.01, 36))
    held, carried = (smoothed(y, with_trend=trend)(36)[-1] for trend in (False, True))
    assert held == pytest.approx(y[-1], rel=0.25) and carried > 1.5 * y[-1]


def test_the_driver_model_carried_on_knows_that_repeats_are_still_to_come():
    new = np.r_[np.full(30, 100.0), np.full(6, 200.0)]
    made = events(new, CURVE)
    drivers = Drivers(new, *(np.full(36, amount) for amount in (50.0, 40.0, 0.0)))
    ahead = carried_on(drivers, made, np.zeros_like(made))(36)
    expected = 200 * 50 + 40 * np.convolve(np.r_[new, np.full(YEAR, 200.0)], CURVE)[36:48]
    assert ahead == pytest.approx(expected, rel=0.02)


def test_what_cannot_be_served_is_not_forecast():
    y = 100 * 1.02 ** np.arange(48)
    found = run(y, {"last": last_month(y)}, most=y[-1])
    assert (found.months <= y[-1] + 1e-9).all() and found.year[2] <= YEAR * y[-1] + 1e-6


@pytest.mark.parametrize("y", [np.ones(23), np.r_[np.ones(23), 0.0], np.r_[np.ones(23), -5.0]])
def test_short_or_negative_months_are_refused(y):
    with pytest.raises(ValueError, match="two years"):
        run(y, {})


def test_the_first_year_that_may_be_forecast():
    y = np.full(24, 50.0) * np.exp(np.random.default_rng(1).normal(0, 0.1, 24))
    assert run(y, {"smoothed": smoothed(y, with_trend=False)}).months.shape == (YEAR, 3)
    assert models.FEWEST_MONTHS == 24
