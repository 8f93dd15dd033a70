"""Intervals of section 10 against clinics whose truth is known: parts of growth, a year's forecast, a month of a scenario.

Days: callers, who of them come, their visits and money, with Sundays closed; truths are the parts of the expected sums.
Months: four years around a season, the level a random walk with a drift of its own; truth is the year that then comes. A clinic that goes
on as it is: new patients, repeats by cohort and receipts stray around fixed levels; truth is its twelfth month ahead.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from audit.models import scenario
from audit.models.driver_model import Drivers, backtest, stream
from audit.models.driver_tree import factors
from audit.models.factor_bounds import factor_bounds
from audit.models.forecast import carried_on, forecast, smoothed
from audit.models.scenario import Clinic, Levers
from audit.results import Estimate

LEVEL, MONTHS, YEAR = 0.90, 36, 12
CURVE = np.r_[0.6, 0.9, 0.5, 0.15 * 0.8 ** np.arange(MONTHS + YEAR)]


def cases(seed: int) -> list[tuple[str, Estimate, float]]:
    """Name, estimate and truth of every inferred number of section 10 in one random clinic."""
    rng = np.random.default_rng([seed, 10])
    return [*_parts(rng, seed), *_year(rng, seed), *_scenario(rng, seed)]


def _parts(rng: np.random.Generator, seed: int, weeks: int = 13) -> list[tuple[str, Estimate, float]]:
    """Two quarters; every rate of the second is the first's times a ratio of its own."""
    rates = np.array([rng.uniform(20, 60), rng.uniform(0.3, 0.5), rng.uniform(2.5, 4.0), rng.uniform(60, 150)])
    both = rates, rates * rng.uniform(1.1, 1.5, 4)
    sides, expected = [], []
    is_open = np.arange(7 * weeks) % 7 != 6
    for calls, share, visits, receipt in both:
        called = rng.poisson(calls, is_open.size) * is_open
        came = rng.binomial(called, min(share, 1.0))
        made = rng.poisson(came * visits)
        money = made * receipt * rng.gamma(25, 1 / 25, is_open.size)
        operated = rng.poisson(2.0, is_open.size) * 20.0 * receipt
        sides.append({"answered_calls": called, "first_by_call": came, "first_patients": came, "visits": made, "ambulatory": money, "surgery": operated})
        days = is_open.sum()
        chain = {"answered_calls": calls, "first_by_call": calls * share, "first_patients": calls * share, "visits": calls * share * visits,
                 "ambulatory": calls * share * visits * receipt, "surgery": 40.0 * receipt * is_open.size / days}  # fmt: skip
        expected.append({name: value * days / 3 for name, value in chain.items()})
    bounds = factor_bounds(*sides, months=(3.0, 3.0), level=LEVEL, seed=seed)
    counted, truth = (
        factors(*pair).set_index("factor")["contribution"] for pair in (tuple({n: v.sum() / 3 for n, v in side.items()} for side in sides), expected)
    )
    names = [name for name in counted.index if name != "call_share"]
    return [
        (f"growth.{name}", Estimate(counted[name], min(bounds[name][0], counted[name]), max(bounds[name][1], counted[name]), "currency", 7 * weeks), truth[name])
        for name in names
    ]  # fmt: skip


def _year(rng: np.random.Generator, seed: int) -> list[tuple[str, Estimate, float]]:
    month = np.arange(5 * YEAR)
    season = 1 + rng.uniform(0, 0.25) * np.sin(2 * np.pi * month / YEAR)
    y = 100 * season * np.exp(np.cumsum(rng.normal(rng.normal(0, 0.004), 0.03, month.size)) + rng.normal(0, 0.02, month.size))
    known = y[: 4 * YEAR]
    made = forecast(known, {"smoothed": smoothed(known, with_trend=True)}, level=LEVEL, seed=seed)
    value, low, high = made.year
    return [("forecast.year", Estimate(value, low, high, "currency", made.origins), float(y[4 * YEAR :].sum()))]


def _scenario(rng: np.random.Generator, seed: int) -> list[tuple[str, Estimate, float]]:
    """A clinic that goes on as it is, told from its first three years."""
    size, present = MONTHS + YEAR, 6
    new = rng.poisson(rng.uniform(80, 400) * np.exp(rng.normal(0, 0.05, size))).astype(float)
    visits, operations = (_events(rng, new, part) for part in (CURVE, 0.04 * CURVE))
    first, repeat = (rng.uniform(30, 80) * np.exp(rng.normal(0, 0.03, size)) for _ in range(2))
    drivers = Drivers(new, first, repeat, np.full(size, 1500.0))
    revenue = drivers.revenue(visits.sum(axis=1), operations.sum(axis=1))
    known = drivers.part(slice(MONTHS))
    seen = visits[:MONTHS, : MONTHS + 1], operations[:MONTHS, : MONTHS + 1]
    fitted = [stream(part, known.new) for part in seen]
    ratios = [scenario.against_stream(part, known.new, one) for part, one in zip(seen, fitted, strict=True)]
    test = backtest(drivers=known, visits=seen[0], operations=seen[1], revenue=revenue[:MONTHS])
    clinic = Clinic(
        past=known.new, new=known.new[-present:].mean(), visits_now=1.0, visits=fitted[0], operations=fitted[1], first_receipt=first[:MONTHS][-present:].mean(),
        repeat_receipt=repeat[:MONTHS][-present:].mean(), operation_receipt=1500.0, repeats=ratios[0][-present:].mean(), operated=ratios[1][-present:].mean(),
        deviations=scenario.deviations(np.column_stack([known.new, ratios[0], known.first_receipt, known.repeat_receipt, ratios[1]])[-24:]),
        model_error=max(abs(test.error), test.monthly / np.sqrt(YEAR)),
    )
    last = scenario.ahead(clinic, Levers(), scenario.shocks(clinic, seed=seed)).revenue[:, -1]
    value, low, high = np.quantile(last, [0.5, (1 - LEVEL) / 2, (1 + LEVEL) / 2])
    told = [("scenarios.as_today", Estimate(value, low, high, "currency", scenario.DRAWS), float(revenue[-1]))]
    ahead = forecast(revenue[:MONTHS], {"drivers": carried_on(known, *seen)}, level=LEVEL, seed=seed)
    total, least, most = ahead.year
    return [*told, ("forecast.year, drivers", Estimate(total, least, most, "currency", ahead.origins), float(revenue[MONTHS:].sum()))]


def _events(rng: np.random.Generator, new: np.ndarray, curve: np.ndarray) -> np.ndarray:
    """What each cohort does by month and age; nobody is from before the records."""
    made = np.zeros((new.size, new.size + 1))
    for month in range(new.size):
        ages = np.arange(month + 1)
        made[month, ages] = rng.poisson(new[month - ages] * curve[ages])
    return made
