"""Conformance: deviations counted by hand, a lottery's effect recovered, no cost where there is no loss."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.conformance import deviations

IDEAL = ("call", "booking", "reminder", "visit", "payment")
WAYS = [
    ("call",), ("call", "booking", "reminder", "visit", "payment"), ("call", "booking", "visit", "payment"),
    ("call", "booking", "no_show"), ("missed_call", "call", "booking", "reminder", "visit", "payment"), ("missed_call",),
    ("call", "booking", "call", "reminder", "visit", "payment"),
]
PEOPLE, CAME = np.array([50, 100, 60, 40, 30, 20, 10]), np.array([0, 100, 60, 0, 30, 0, 10])


def found(value=(100.0, 90.0, 110.0), **changed):
    given = {"ideal": IDEAL, "arrival": "visit", "value": value, "level": 0.9, "seed": 1, "fewest": 10} | changed
    return {f"{d.kind} {d.event}": d for d in deviations(WAYS, PEOPLE, CAME, **given)}


def test_counts_by_hand():
    by = found()
    assert set(by) == {"skipped call", "skipped booking", "skipped reminder", "repeated call", "extra missed_call", "extra no_show"}
    booking = by["skipped booking"]
    assert (booking.n, booking.people, booking.arrived, booking.others_arrived) == (50, 290, 0, 200)
    reminder = by["skipped reminder"]
    assert (reminder.n, reminder.people, reminder.arrived, reminder.others_arrived) == (100, 240, 60, 140)
    missed = by["extra missed_call"]
    assert (missed.n, missed.people, missed.arrived) == (50, 310, 30)
    assert by["extra no_show"].people == 240


def test_cost_is_the_difference_in_money():
    reminder = found()["skipped reminder"]
    assert reminder.difference[0] == pytest.approx(0.6 - 1.0)
    assert reminder.cost[0] == pytest.approx(100 * 0.4 * 100)
    assert reminder.cost[1] < reminder.cost[0] < reminder.cost[2]


def test_no_cost_without_a_sure_loss_or_a_value():
    assert np.isnan(found()["repeated call"].cost).all()
    assert np.isnan(found(value=None)["skipped reminder"].cost).all()


def test_few_people_are_not_judged():
    assert "repeated call" not in found(fewest=11)


def test_a_lottery_of_reminders_is_recovered():
    """Reminders by lot raise arrivals from 0.6 to 0.8: the cost of their absence is 0.2 of those without, in money."""
    inside = []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        n = rng.binomial(2000, 0.5)
        k1, k0 = rng.binomial(2000 - n, 0.8), rng.binomial(n, 0.6)
        ways = [("call", "booking", "reminder", "visit"), ("call", "booking", "reminder"), ("call", "booking", "visit"), ("call", "booking")]
        told = deviations(ways, [k1, 2000 - n - k1, k0, n - k0], [k1, 0, k0, 0], ideal=IDEAL, arrival="visit",
                          value=(100.0, 100.0, 100.0), level=0.9, seed=seed, fewest=30)
        cost = next(d for d in told if (d.kind, d.event) == ("skipped", "reminder")).cost
        inside.append(cost[1] <= 0.2 * n * 100 <= cost[2])
    assert np.mean(inside) > 0.83
