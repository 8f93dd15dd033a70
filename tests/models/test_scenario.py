"""Scenarios against what can be reckoned by hand: caps, steady months, the goal put back, draws that keep what goes together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.models.driver_model import Stream
from audit.models.reach import Reach, product, reachable
from audit.models.scenario import HORIZON, Clinic, Hours, Levers, against_stream, ahead, deviations, needed, shocks

CURVE = np.array([0.5, 0.3, 0.2, *np.zeros(9)])
"""Everybody comes once more within three months and then no more."""


def clinic(**more) -> Clinic:
    plain = {
        "past": np.full(24, 100.0), "new": 100.0, "visits_now": 200.0, "visits": Stream(CURVE, 0.0, 1.0), "operations": Stream(0.1 * CURVE, 0.0, 1.0),
        "first_receipt": 50.0, "repeat_receipt": 30.0, "operation_receipt": 1000.0, "repeats": 1.0, "operated": 1.0,
        "deviations": np.zeros((12, 5)), "model_error": 0.0,
    }  # fmt: skip
    return Clinic(**(plain | more))


TODAY = 100 * 50 + 100 * 30 + 10 * 1000


# ---------------------------------------------------------------- paths
def test_nothing_moved_is_today():
    path = ahead(clinic(), Levers())
    assert path.revenue[0] == pytest.approx(np.full(HORIZON, TODAY))
    assert path.visits[0] == pytest.approx(np.full(HORIZON, 200.0)) and path.operations[0] == pytest.approx(np.full(HORIZON, 10.0))


def test_twice_the_patients_are_twice_the_money_once_their_repeats_have_come():
    path = ahead(clinic(), Levers(new=2.0))
    assert path.first[0] == pytest.approx(np.full(HORIZON, 200.0))
    assert path.visits[0, 0] == pytest.approx(200 + 100 + 50), "only those of the same month come again yet"
    assert path.revenue[0, 3:] == pytest.approx(np.full(9, 2 * TODAY))


def test_levers_multiply():
    path = ahead(clinic(), Levers(repeats=1.5, receipt=1.2))
    assert path.revenue[0, -1] == pytest.approx(1.2 * (5000 + 1.5 * 3000) + 10_000)


def test_beds_and_rooms_hold_what_they_hold():
    full = clinic(hours=Hours(np.array([10.0]), np.array([12.0])), most_operations=11.0)
    path = ahead(full, Levers(new=5.0))
    assert (path.visits <= 240 + 1e-9).all() and (path.operations <= 11).all()
    assert ahead(clinic(), Levers(new=5.0)).visits[0, -1] == pytest.approx(1000)


# ---------------------------------------------------------------- hours
def test_a_full_hour_turns_away_and_some_take_another():
    hours = Hours(np.array([10.0, 10.0]), np.array([10.0, 40.0]), moves=0.5)
    assert hours.first_full == 1.0 and hours.all_full == 2.5
    # twice the demand: ten do not fit into the first hour, five of them take the second
    assert hours.served(2.0) == pytest.approx((10 + 20 + 5) / 20)
    assert replace(hours, moves=0.0).served(2.0) == pytest.approx(30 / 20)
    assert replace(hours, moves=1.0).served(100.0) == pytest.approx(2.5)


@given(st.lists(st.tuples(st.floats(0.1, 10), st.floats(0.1, 20)), min_size=1, max_size=6), st.floats(0, 10), st.floats(0, 1))
def test_never_more_than_asked_or_open(blocks, demand, moves):
    used, room = (np.array(part) for part in zip(*blocks, strict=True))
    served = float(Hours(used, room, 1.0, moves).served(demand))
    assert served <= demand + 1e-9 and served * used.sum() <= np.maximum(room, used).sum() + 1e-6


def test_what_is_served_today_stays_served_in_an_overfull_hour():
    assert float(Hours(np.array([12.0]), np.array([10.0])).served(1.0)) == pytest.approx(1.0)


# ---------------------------------------------------------------- the goal
@pytest.mark.parametrize("levers", [Levers(), Levers(repeats=1.2, receipt=1.1)])
@pytest.mark.parametrize("hours", [Hours(), Hours(np.array([8.0, 2.0]), np.array([14.0, 30.0]))])
def test_the_goal_put_back_is_met(levers, hours):
    made, goal = clinic(hours=hours), 1.5 * TODAY
    times = needed(made, levers, goal)
    assert times is not None
    assert ahead(made, replace(levers, new=times)).revenue[0, -1] == pytest.approx(goal, rel=1e-3)


def test_a_goal_beyond_the_rooms_is_none_and_one_already_met_needs_nobody_more():
    small = clinic(hours=Hours(np.array([10.0]), np.array([11.0])), most_operations=10.0)
    assert needed(small, Levers(), 2.5 * TODAY) is None
    assert needed(clinic(), Levers(receipt=3.0), TODAY) < 1.0


# ---------------------------------------------------------------- draws
def test_draws_keep_together_what_goes_together():
    rng = np.random.default_rng(5)
    common = rng.normal(0, 0.1, 24)
    made = clinic(deviations=np.column_stack([common, -common, *np.zeros((3, 24))]))
    moves, error = shocks(made, seed=1)
    assert moves[..., 0] == pytest.approx(-moves[..., 1]) and not error.any()
    assert moves[..., 0].std() == pytest.approx(common.std(), rel=0.1)
    assert shocks(made, seed=1)[0] == pytest.approx(moves)


def test_draws_surround_the_expected_path():
    rng = np.random.default_rng(5)
    made = clinic(deviations=np.column_stack([rng.normal(0, 0.05, (24, 5))]), model_error=0.03)
    last = ahead(made, Levers(), shocks(made, seed=1)).revenue[:, -1]
    assert np.median(last) == pytest.approx(TODAY, rel=0.03) and 0.03 < last.std() / last.mean() < 0.12


def test_deviations_are_from_the_course():
    steady = np.column_stack([100 * 1.1 ** np.arange(24), np.r_[0.0, np.ones(23)]])
    assert deviations(steady) == pytest.approx(np.zeros((20, 2)))
    noise = np.exp(np.random.default_rng(2).normal(0, 0.1, (4000, 1)))
    assert deviations(noise).std() == pytest.approx(0.1, rel=0.05)
    assert deviations(np.ones((4, 2))).shape == (4, 2)


def test_months_against_the_stream():
    new = np.full(12, 10.0)
    events = np.zeros((12, 13))
    for t in range(12):
        events[t, : t + 1] = 20 * CURVE[: t + 1]
    events[:, -1] = 4.0
    ratio = against_stream(events, new, Stream(CURVE, 0.0, 1.0))
    assert ratio[-1] == pytest.approx((20 + 4) / (10 + 4))
    assert np.isnan(against_stream(np.zeros((12, 13)), np.zeros(12), Stream(CURVE, 0.0, 1.0))).all()


# ---------------------------------------------------------------- reach
def test_reach_is_the_better_quarter_or_today():
    rising, falling = np.arange(1.0, 25.0), np.arange(24.0, 0.0, -1)
    assert reachable(rising, present=1, months=24).times == 1.0
    down = reachable(falling, present=1, months=24)
    assert down.reach == pytest.approx(18.25) and down.low == 1.0
    assert reachable(np.full(24, 0.99), present=1, months=24, most=0.95).times == 1.0


def test_better_people_carry_further_but_not_beyond_the_highest():
    lever = Reach(0.5, 0.4, 0.55)
    assert lever.at_least(1.4, most=0.6, basis="administrators") == Reach(0.5, 0.4, 0.6, "administrators")
    assert lever.at_least(1.05, most=0.6, basis="administrators") is lever


def test_shares_of_the_funnel_multiply_to_new_patients():
    assert product({"enquiries": 2.0, "booked": 1.5, "receipt": 1.1}) == Levers(new=3.0, receipt=1.1)
