"""Price periods: the stretches of one price, what they brought, and who came."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from audit.models.price_periods import periods, round_prices, tried, who_came

PRICE = np.array([[100.0] * 6, [100.0, 100.0, 80.0, 80.0, 100.0, 100.0]])


def test_demand_of_each_period_is_relative_to_the_reference_price():
    fitted = 10 * (PRICE / 100) ** -1.0
    found = list(periods(counts=np.full(PRICE.shape, 10.0), price=PRICE, fitted=fitted, elasticity=-1.0, reference=100))
    assert [(one.unit, one.cells.tolist(), one.price) for one in found] == [
        (0, [0, 1, 2, 3, 4, 5], 100), (1, [0, 1], 100), (1, [2, 3], 80), (1, [4, 5], 100)]
    assert [one.demand for one in found] == pytest.approx([1, 1, 1, 1]), "10 were counted where 10 were to be expected at 100"


def test_who_came_counts_patients_by_the_price_of_their_week():
    seen, once = np.full(PRICE.shape, 5.0), np.where(PRICE == 80, 4.0, 2.0)
    later = pd.Series([10.0] * 30 + [20.0] * 40, index=[80.0] * 30 + [100.0] * 40)
    cheap, usual = who_came(price=PRICE, once=once, seen=seen, later=later, fewest=30, level=0.9, seed=1)
    assert cheap[:4] == [80.0, 2.0, 10.0, 0.8] and usual[:4] == [100.0, 10.0, 50.0, 0.4]
    assert (cheap[6], usual[6]) == (10.0, 20.0)
    assert np.isnan(who_came(price=PRICE, once=once, seen=seen, later=later[:29], fewest=30, level=0.9, seed=1)[0][6])
    assert who_came(price=np.full((1, 6), 100.0), once=once[:1], seen=seen[:1], later=None, fewest=30, level=0.9, seed=1) == []


def test_the_cheaper_price_asked_for_longest_is_the_tested_one_and_all_bound_the_range():
    price = np.array([[100.0] * 8, [80, 80, 90, 90, 90, 130, 130, 130], [70, 100, 100, 100, 100, 100, 101, 101]])
    found = tried(price=price, real=np.ones(8), now=100.0, smallest=0.03)
    assert (found.tested, found.unit_weeks, found.lowest, found.highest) == (90, 3, 80, 130), "70 was asked for one week only"
    dearer = tried(price=price[:1] * 1.0, real=np.ones(8), now=80.0, smallest=0.03)
    assert (dearer.tested, dearer.lowest, dearer.highest) == (100, 100, 100)
    assert tried(price=price[:1], real=np.ones(8), now=100.0, smallest=0.03) is None
    real = tried(price=price[:1], real=np.full(8, 1.2), now=100.0, smallest=0.03)
    assert real.tested == pytest.approx(120), "100 of then are 120 of today"


def test_prices_compared_are_round_and_hold_both_ends_and_today():
    assert round_prices(2000, 2500, 2500).tolist() == [2000, 2200, 2400, 2500]
    assert round_prices(2200, 2800, 2547.01).tolist() == [2200, 2400, 2547.01, 2800]
