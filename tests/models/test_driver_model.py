"""The driver model against clinics whose curve of repeats is known, and its back-test where behaviour changes."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.driver_model import HELD_OUT, Drivers, Stream, backtest, drivers, stream

CURVE = np.array([0.5, 1.0, 0.5, 0.2, *(0.1 * 0.7 ** np.arange(44))])
MONTHS = 36


def events(new: np.ndarray, curve: np.ndarray, old: float = 0.0) -> np.ndarray:
    """What cohorts that follow the curve exactly do, by month and age, the old in the last column."""
    made = np.zeros((new.size, new.size + 1))
    for t in range(new.size):
        ages = np.arange(t + 1)
        made[t, ages] = new[t - ages] * curve[ages]
        made[t, -1] = old
    return made


def growing(rate: float = 1.05) -> np.ndarray:
    return 100 * rate ** np.arange(MONTHS)


def money(new: np.ndarray) -> Drivers:
    return Drivers(new, *(np.full(new.size, amount) for amount in (50.0, 40.0, 1000.0)))


def test_the_curve_is_the_cohorts_own_however_many_come():
    rng = np.random.default_rng(1)
    new = rng.uniform(50, 500, MONTHS)
    assert stream(events(new, CURVE), new).curve == pytest.approx(CURVE[:MONTHS])


def test_months_ahead_are_the_convolution():
    new = growing()
    made = events(new, CURVE, old=30.0)
    known = stream(made[:24], new[:24])
    assert known.ahead(new[:24], new[24:]) == pytest.approx(made[24:].sum(axis=1), rel=0.01)


def test_the_old_never_grow():
    made = events(growing(), CURVE)
    made[:, -1] = np.linspace(10, 50, MONTHS)
    assert stream(made, growing()).fades == 1.0
    made[:, -1] = 100 * 0.8 ** np.arange(MONTHS)
    fading = stream(made, growing())
    assert fading.fades == pytest.approx(0.8) and fading.old == pytest.approx(made[-1, -1], rel=0.1)
    assert Stream(np.zeros(12), 10.0, 0.5).ahead(np.zeros(12), np.zeros(2)) == pytest.approx([5.0, 2.5])


def test_too_few_months_have_no_curve():
    with pytest.raises(ValueError, match="too few"):
        stream(events(growing()[:11], CURVE), growing()[:11])


def test_a_clinic_that_keeps_its_ways_is_met():
    new = growing()
    visits, operations = events(new, CURVE), events(new, 0.05 * CURVE)
    revenue = money(new).revenue(visits.sum(axis=1), operations.sum(axis=1))
    found = backtest(drivers=money(new), visits=visits, operations=operations, revenue=revenue)
    assert abs(found.error) < 0.01 and found.monthly < 0.01 and found.frozen == pytest.approx(found.error)
    assert found.actual == pytest.approx(revenue[-HELD_OUT:])


def test_patients_who_begin_to_come_half_as_often_are_missed():
    new = growing(1.0)
    visits, operations = events(new, CURVE), events(new, 0.0 * CURVE)
    visits[-HELD_OUT:] *= 0.5
    revenue = money(new).revenue(visits.sum(axis=1), operations.sum(axis=1))
    assert backtest(drivers=money(new), visits=visits, operations=operations, revenue=revenue).error > 0.2


def test_dearer_visits_are_given_but_not_to_the_frozen_test():
    new = growing(1.0)
    visits, operations = events(new, CURVE), events(new, 0.0 * CURVE)
    priced = money(new)
    dearer = Drivers(new, priced.first_receipt.copy(), priced.repeat_receipt.copy(), priced.operation_receipt)
    dearer.first_receipt[-HELD_OUT:] *= 2
    dearer.repeat_receipt[-HELD_OUT:] *= 2
    revenue = dearer.revenue(visits.sum(axis=1), operations.sum(axis=1))
    found = backtest(drivers=dearer, visits=visits, operations=operations, revenue=revenue)
    assert abs(found.error) < 0.01 and found.frozen == pytest.approx(-0.5, abs=0.01)


def test_months_without_revenue_are_refused():
    new = growing()
    with pytest.raises(ValueError, match="without revenue"):
        backtest(drivers=money(new), visits=events(new, CURVE), operations=events(new, CURVE), revenue=np.r_[np.ones(35), -1.0])


def test_money_per_head_multiplies_back_and_nobody_costs_nothing():
    sums = {
        "first_patients": [10.0, 0.0], "first_visits_made": [11.0, 0.0], "visits": [30.0, 5.0], "operations": [0.0, 2.0],
        "ambulatory": [3000.0, 500.0], "surgery": [0.0, 800.0], "first_money": [900.0, 0.0],
    }  # fmt: skip
    found = drivers(sums)
    assert found.revenue([19.0, 5.0], [0.0, 2.0]) == pytest.approx([3000.0, 1300.0])
    assert found.first_receipt[1] == 0.0
