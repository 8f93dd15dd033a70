"""Price index: the Jevons mean, competitors as units, nothing said of two."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from audit.models.price_index import price_index


def test_geometric_mean_and_students_interval():
    found = price_index([100.0] * 3, [80.0, 100.0, 125.0], ["K", "L", "M"], level=0.90)
    logs = np.log(100 / np.array([80.0, 100.0, 125.0]))
    low, high = stats.t.interval(0.90, 2, loc=logs.mean(), scale=stats.sem(logs))
    assert (found.value, found.low, found.high, found.n) == pytest.approx((1.0, np.exp(low), np.exp(high), 3))


def test_a_long_list_counts_once():
    long = price_index([100.0] * 12, [50.0] * 10 + [100.0, 200.0], ["K"] * 10 + ["L", "M"], level=0.90)
    assert long.value == pytest.approx(1.0)


def test_the_index_turns_around_with_the_two_sides():
    one, other = (price_index(*pair, ["K", "L", "M"], level=0.9).value for pair in (([2, 3, 4], [1, 5, 2]), ([1, 5, 2], [2, 3, 4])))
    assert one * other == pytest.approx(1)


def test_two_competitors_and_missing_prices_say_nothing():
    assert price_index([100.0] * 3, [80.0, 90.0, np.nan], ["K", "L", "M"], level=0.9) is None
