"""Contribution at another price: closed forms without uncertainty, limits with it."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.contribution import Draws, Room, among_won, contribution_change, later_value_won

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
    assert change([2000.0], room=Room(1.0)).value[0] == pytest.approx(-500 * 100)


def month(price, room, *, asking, once, seed=1):
    """One month played patient by patient: people ask in a random order until the visits that fit are given away.

    The clinic of ``change``: 100 first patients a month at 2,500, half of whom come once; the others make four more
    visits and bring 18,000. Everything is a thousand times as large, so that chance is small.
    """
    rng = np.random.default_rng(seed)
    visits_left, money = room * 100_000 * (1 + 0.5 * 4), 0.0
    for comes_once in rng.random(round(asking * 100_000)) < once:
        visits = 1 if comes_once else 5
        if visits > visits_left:
            break
        visits_left -= visits
        money += 3000 + price - 2500 + (0 if comes_once else 18_000)
    return money / 1000


@pytest.mark.parametrize(("name", "price", "room", "unmet", "more_once"), [
    ("cheaper, full, the same patients", 2000.0, 1.0, 0.0, 0.0),
    ("cheaper, full, more who come once leave hours to the queue", 2000.0, 1.0, 0.0, 0.08),
    ("cheaper, full, and the queue is shorter than the hours left", 2000.0, 1.0, 0.0, 0.45),
    ("cheaper, room for a tenth more", 2000.0, 1.1, 0.0, 0.08),
    ("cheaper, free", 2000.0, 9.0, 0.0, 0.08),
    ("dearer, full, nobody is known to wait", 3000.0, 1.0, 0.0, 0.08),
    ("dearer, full, enough wait to replace those who leave", 3000.0, 1.0, 0.5, 0.0),
    ("dearer, full, too few wait", 3000.0, 1.0, 0.1, 0.0),
    ("dearer, free: nobody waits for a room", 3000.0, 9.0, 0.5, 0.0),
])
def test_equals_a_month_played_patient_by_patient(name, price, room, unmet, more_once):
    share = more_once * np.log(price / 2500) / np.log(0.8)
    asking = (price / 2500) ** -1.2 * (1 + (unmet if room == 1 else 0))
    expected = month(price, room, asking=asking, once=0.5 + share) - month(2500.0, room, asking=1.0, once=0.5)
    found = change([price], Draws(SURE.elasticity, np.full(5, more_once), SURE.later), room=Room(room, 2.0, unmet)).value[0]
    # 100,000 patients: the share who come once is known to 0.16 points, the money of all to 0.3 %
    assert found == pytest.approx(expected, abs=0.006 * 100 * 12_000)


def test_chance_of_a_gain_follows_the_uncertainty():
    rng = np.random.default_rng(0)
    even = np.log(12000 / 11500) / np.log(0.8)
    unsure = Draws(rng.normal(even, 0.3, 4000), np.zeros(4000), np.full(4000, 9000.0))
    found = change([2000.0], unsure)
    assert found.p_gain[0] == pytest.approx(0.5, abs=0.03) and found.low[0] < 0 < found.high[0]


def test_both_forms_have_the_same_slope_today_and_differ_away_from_it():
    near, far = ({form: change([price], form=form).value[0] for form in ("constant", "exponential")} for price in (2499.0, 1500.0))
    assert near["constant"] == pytest.approx(near["exponential"], rel=1e-3)
    assert far["exponential"] == pytest.approx(100 * (np.exp(1.2 * 0.4) * (3000 - 1000 + 9000) - 12000))
    assert far["exponential"] < far["constant"]


def test_the_best_price_is_the_one_that_is_good_in_three_of_four_draws():
    """Certain at 2,250, but at 2,000 the patients of one draw in three do not come at all."""
    risky = Draws(np.array([-1.2, -1.2, 3.0]), np.zeros(3), np.full(3, 9000.0))
    found = change([2000.0, 2500.0, 2600.0], risky)
    assert found.quartile[1] == 0 and found.best == int(np.argmax(found.quartile))
    assert change([2000.0, 2250.0, 2500.0]).best == 0


def test_a_patient_won_who_comes_once_only_more_often_is_worth_less():
    """Half come once only; 8 points more among those won leave 0.42 of 0.50 to return."""
    value, low, high = later_value_won((9000, 9000, 9000), (0.08, 0.02, 0.14), one_off=0.5, level=0.9, seed=1)
    assert value == pytest.approx(9000 * 0.42 / 0.5)
    assert (low, high) == pytest.approx((9000 * 0.36 / 0.5, 9000 * 0.48 / 0.5), rel=0.02)
    assert later_value_won((9000, 8000, 10000), (0.0, 0.0, 0.0), one_off=0.5, level=0.9, seed=1)[0] == 9000


def test_a_change_in_all_is_larger_among_those_won():
    """30 % more callers: 23 % of those who come were won, so 2 points in all are 8.7 among them."""
    value, low, high = among_won((0.02, 0.02, 0.02), (0.30, 0.30, 0.30), level=0.9, seed=1)
    assert (value, low, high) == pytest.approx((0.02 * 1.3 / 0.3,) * 3)
    _, low, high = among_won((0.02, 0.0, 0.04), (0.30, 0.15, 0.45), level=0.9, seed=1)
    assert low < 0.01 and high > 0.17, "few won make the change among them larger"
    assert among_won((0.02, 0.0, 0.04), (0.1, -0.05, 0.25), level=0.9, seed=1) is None
