"""The driver model: the teaching clinic's accounts, draws that keep their interval, capacity that is never exceeded."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.models.drivers import Change, account, alone, spread, summary, together, unlimited

DRAWS = 400


def change(units: float, worth: float = 10.0, opens: float = 0.0, cost: float = 0.0, pool: str = "", share: float = 0.0) -> Change:
    def full(value: float) -> np.ndarray:
        return np.full((DRAWS, 1), value)

    return Change(full(units), full(worth), full(opens), np.full(DRAWS, cost), pool, share)


def free(units: float) -> np.ndarray:
    return np.full((DRAWS, 1), units)


def test_accounts_of_the_teaching_clinic():
    before = account(revenue=9.912e6, variable=0.35 * 9.912e6, fixed=6.95e6)
    after = account(revenue=24.780e6, variable=0.35 * 24.780e6, fixed=7.399e6)
    assert before.break_even == pytest.approx(10.69e6, abs=0.01e6)
    assert (before.profit, after.profit) == pytest.approx((-0.51e6, 8.71e6), abs=0.01e6)


def test_profit_is_zero_at_break_even_and_none_where_every_sale_loses():
    books = account(revenue=100.0, variable=40.0, fixed=90.0)
    assert account(revenue=books.break_even, variable=0.4 * books.break_even, fixed=90.0).profit == pytest.approx(0)
    assert account(revenue=100.0, variable=120.0, fixed=10.0).break_even is None
    with pytest.raises(ValueError, match="revenue"):
        account(revenue=0.0, variable=0.0, fixed=1.0)


@pytest.mark.parametrize("bounds", [(0.4, 0.38, 0.45, 0, 1), (120.0, 90.0, 180.0, 0, np.inf), (-5.0, -20.0, 30.0, -np.inf, np.inf)])
def test_draws_keep_median_and_interval(bounds):
    value, low, high, least, most = bounds
    x = spread(np.random.default_rng(3), 200_000, value=value, low=low, high=high, least=least, most=most)
    assert np.quantile(x, [0.05, 0.5, 0.95]) == pytest.approx([low, value, high], rel=0.02, abs=0.01 * (high - low))
    assert x.min() >= least and x.max() <= most


def test_an_exact_number_is_drawn_as_itself():
    assert set(spread(np.random.default_rng(1), 50, value=0.3, low=0.3, high=0.3, least=0, most=1).round(12)) == {0.3}
    assert spread(np.random.default_rng(1), 50, value=0.0, low=0.0, high=0.0, least=0, most=1).max() == 0


def test_what_does_not_fit_brings_nothing():
    one = change(units=30, cost=50)
    assert alone(one, free(20))[0] == 150
    assert unlimited(one)[0] == 250
    gain, served = together([one, one], free(20))
    assert gain[0] == pytest.approx(20 * 10 - 100) and served[0, 0] == pytest.approx(20)


def test_two_changes_win_a_person_once():
    gain, served = together([change(50, pool="lost", share=0.5), change(50, pool="lost", share=0.5)], free(np.inf))
    assert served[0, 0] == pytest.approx(75) and gain[0] == pytest.approx(750)
    assert together([change(50, pool="a", share=0.5), change(50, pool="b", share=0.5)], free(np.inf))[0][0] == 1000


def test_opened_capacity_serves_the_others():
    assert together([change(30), change(0, opens=15, cost=40)], free(10))[0][0] == 25 * 10 - 40


sizes = st.floats(0, 1000, allow_subnormal=False)


@given(st.lists(st.tuples(sizes, sizes, sizes, st.floats(0, 1)), min_size=1, max_size=5), sizes)
def test_capacity_is_never_exceeded(rows, room):
    changes = [change(units, opens=opens, cost=cost, pool="p", share=share) for units, opens, cost, share in rows]
    gain, served = together(changes, free(room))
    assert np.all(served <= room + sum(row[1] for row in rows) + 1e-6)
    assert gain[0] <= sum(unlimited(one)[0] for one in changes) + 1e-6


def test_nothing_together_is_nothing():
    gain, served = together([], free(5))
    assert not gain.any() and not served.any()


def test_summary_holds_its_mean():
    mean, low, high, chance = summary([0.0] * 99 + [1000.0])
    assert low <= mean <= high and chance == pytest.approx(0.01)
