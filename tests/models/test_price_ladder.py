"""The ladder of identification: every rung is named from the paths, and prices that follow demand are found."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models import demand, price_ladder
from tests.models.test_demand import panel


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
    assert price_ladder.rung(log_price) == expected


def test_a_change_in_the_middle_of_a_week_is_one_change():
    (change,) = price_ladder.price_changes(paths(path(2500, (20, 21, 2300), (21, 60, 2000))))
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
            lists.append(price_ladder.demand_leads(counts=counts, fitted=fit.fitted, log_price=price).follows)
    assert sum(follows) == 5 and sum(blind) <= 1


def test_the_end_of_a_test_is_not_a_rise_after_high_demand():
    counts, log_price = panel(6)
    fit = demand.fit_panel(counts=counts, log_price=log_price, placebos=False)
    assert not price_ladder.demand_leads(counts=counts, fitted=fit.fitted, log_price=log_price).follows


@pytest.mark.parametrize("log_price", [
    paths(path(2500), path(2500)), paths(path(2500), path(2500, (20, 26, 2000))), paths(path(2500, (20, 60, 2200)), path(2500, (20, 60, 2200))),
    paths(path(2500, (10, 60, 2700)), path(2500, (30, 60, 2300), (50, 60, 2600))), paths(path(2500, (20, 22, 2000))),
])
def test_the_ladder_has_every_rung_once_and_stands_on_one(log_price):
    reached = price_ladder.rung(log_price)
    steps = price_ladder.ladder(log_price, reached, None)
    assert tuple(step.rung for step in steps) == price_ladder.RUNGS
    assert [step.rung for step in steps if step.answer == "reached"] == [reached]


def test_a_gap_in_the_list_does_not_hide_a_change():
    gap = path(2500, (30, 60, 2200))
    gap[28:32] = np.nan
    (change,) = price_ladder.price_changes(np.log(gap)[None])
    assert change.week == 32 and change.size == pytest.approx(np.log(2200 / 2500))


def test_changes_that_demand_led_carry_nothing():
    log_price = paths(path(2500, (10, 60, 2700)), path(2500, (30, 60, 2300), (50, 60, 2600)))
    answers = {step.rung: step.answer for step in price_ladder.ladder(log_price, "follows_demand", None)}
    assert answers["staggered"] == answers["one_branch"] == "led" and answers["follows_demand"] == "reached"


def test_a_common_change_hidden_by_a_gap_in_one_list_is_not_an_own_change():
    """All went from 2,500 to 2,200 in week 20; one list has no price in weeks 18 to 25, so its change shows only in week 26."""
    hidden = path(2500, (20, 60, 2200))
    hidden[18:26] = np.nan
    log_price = paths(path(2500, (20, 60, 2200)), path(2500, (20, 60, 2200)), hidden)
    assert price_ladder.rung(log_price) == "all_at_once" and not price_ladder.own_changes(log_price)


def test_the_largest_change_is_a_share_of_the_dearer_price():
    """500 off 2,500 is a fifth, down and up again alike; its logarithm would read 22 %."""
    log_price = paths(path(2500), path(2500, (20, 26, 2000)))
    steps = {step.rung: step for step in price_ladder.ladder(log_price, "one_branch", None)}
    assert steps["one_branch"].largest == pytest.approx(0.20) and steps["one_branch"].changes == 2
