"""Contribution at another price: closed forms without uncertainty, limits with it."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.contribution import Draws, contribution_change

SURE = Draws(elasticity=np.full(5, -1.2), one_off_change=np.zeros(5), later=np.full(5, 9000.0))


def change(prices, draws=SURE, **settings):
    base = {"reference": 2500.0, "tested": 2000.0, "patients": 100.0, "first": 3000.0, "one_off": 0.5, "level": 0.90}
    return contribution_change(prices=np.array(prices), draws=draws, **(base | settings))


def test_equals_the_formula():
    found = change([2000.0, 2500.0])
    assert found.value[0] == pytest.approx(100 * (0.8**-1.2 * (3000 - 500 + 9000) - 12000))
    assert found.value[1] == 0 and np.isnan(found.p_gain[1])


def test_more_patients_who_come_once_cost_later_money():
    worse = Draws(SURE.elasticity, np.full(5, 0.08), SURE.later)
    assert change([2000.0], worse).value[0] == pytest.approx(100 * (0.8**-1.2 * (2500 + 9000 * 0.42 / 0.5) - 12000))


def test_full_rooms_turn_a_gain_into_the_price_forgone():
    assert change([2000.0]).value[0] > 0
    assert change([2000.0], room=1.0).value[0] == pytest.approx(-500 * 100)


def test_chance_of_a_gain_follows_the_uncertainty():
    rng = np.random.default_rng(0)
    even = np.log(12000 / 11500) / np.log(0.8)
    unsure = Draws(rng.normal(even, 0.3, 4000), np.zeros(4000), np.full(4000, 9000.0))
    found = change([2000.0], unsure)
    assert found.p_gain[0] == pytest.approx(0.5, abs=0.03) and found.low[0] < 0 < found.high[0]
