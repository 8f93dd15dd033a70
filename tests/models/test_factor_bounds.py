"""Intervals of contributions: they hold a known truth, surround what was counted, and are absent where days are few."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.driver_tree import factors
from audit.models.factor_bounds import factor_bounds

RATES = {"answered_calls": (40.0, 60.0), "conversion": (0.4, 0.5), "visits_per_first": (3.0, 3.3), "receipt": (100.0, 120.0)}


def days(rng: np.random.Generator, side: int, size: int = 91) -> dict[str, np.ndarray]:
    """Days with the rates of a side; Sundays are closed."""
    is_open = np.arange(size) % 7 != 6
    calls = rng.poisson(RATES["answered_calls"][side], size) * is_open
    came = rng.binomial(calls, RATES["conversion"][side])
    visits = rng.poisson(came * RATES["visits_per_first"][side])
    money = visits * RATES["receipt"][side] * rng.normal(1, 0.05, size)
    return {"answered_calls": calls, "first_by_call": came, "first_patients": came, "visits": visits, "ambulatory": money, "surgery": rng.poisson(3, size) * 500.0}


def bounds(one: dict, other: dict, **more) -> dict[str, tuple[float, float]]:
    return factor_bounds(one, other, months=(3.0, 3.0), level=0.9, seed=1, **more)


def counted(one: dict, other: dict) -> dict[str, float]:
    sums = ({name: float(np.sum(values)) / 3 for name, values in side.items()} for side in (one, other))
    return factors(*sums).set_index("factor")["contribution"].to_dict()


def test_holds_the_truth_as_often_as_it_says():
    expected = counted(*({
        "answered_calls": np.array([78.0 * RATES["answered_calls"][s]]), "first_by_call": np.array([78.0 * RATES["answered_calls"][s] * RATES["conversion"][s]]),
        "first_patients": np.array([78.0 * RATES["answered_calls"][s] * RATES["conversion"][s]]),
        "visits": np.array([78.0 * np.prod([RATES[n][s] for n in ("answered_calls", "conversion", "visits_per_first")])]),
        "ambulatory": np.array([78.0 * np.prod([values[s] for values in RATES.values()])]), "surgery": np.array([78.0 * 1500]),
    } for s in (0, 1)))  # fmt: skip
    held = dict.fromkeys(RATES, 0)
    for seed in range(100):
        rng = np.random.default_rng(seed)
        found = bounds(days(rng, 0), days(rng, 1))
        for name in held:
            held[name] += found[name][0] <= expected[name] <= found[name][1]
    # 90 of 100 expected, four standard errors of the count allowed
    assert all(times >= 78 for times in held.values()), held


def test_surrounds_what_was_counted_and_has_its_names():
    rng = np.random.default_rng(3)
    one, other = days(rng, 0), days(rng, 1)
    found, parts = bounds(one, other), counted(one, other)
    assert set(found) == set(parts)
    assert all(low <= parts[name] <= high for name, (low, high) in found.items())


def test_without_calls_it_begins_at_first_patients_and_without_visits_it_is_not_split():
    rng = np.random.default_rng(3)
    one, other = days(rng, 0), days(rng, 1)
    unknown = {name: np.full(91, np.nan) for name in ("answered_calls", "first_by_call")}
    assert set(bounds(one | unknown, other | unknown)) == {"first_patients", "visits_per_first", "receipt", "surgery"}
    nobody = {"visits": np.zeros(91)}
    assert set(bounds(one | nobody, other)) == {"ambulatory", "surgery"}


def test_a_fortnight_is_the_least():
    rng = np.random.default_rng(3)
    assert bounds(days(rng, 0, 13), days(rng, 1, 91)) == {}


def test_the_same_money_every_day_has_no_width():
    even = {name: np.full(28, 2.0) for name in ("answered_calls", "first_by_call", "first_patients", "visits", "ambulatory", "surgery")}
    assert all(low == pytest.approx(high) for low, high in bounds(even, {n: 2 * v for n, v in even.items()}).values())
