"""Lift of cells of a cross table: exact where independence is exact, honest where it is not."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import Table

from audit.models.lift import lift


def test_independent_features_have_lift_one():
    found = lift(np.outer([10, 30], [2, 3, 5]))
    assert found.lift == pytest.approx(np.ones((2, 3))) and not found.differs.any()


def test_expected_counts_are_those_of_statsmodels():
    counts = np.array([[88, 14, 18], [10, 40, 10], [2, 6, 12]])
    found = lift(counts)
    assert found.expected == pytest.approx(Table(counts, shift_zeros=False).fittedvalues)
    assert found.differs[0, 0] and found.lift[0, 0] == pytest.approx(88 / 60)


def test_expected_counts_have_the_margins_of_the_observed():
    counts = np.random.default_rng(0).integers(0, 40, (4, 5))
    found = lift(counts)
    assert found.expected.sum(axis=0) == pytest.approx(counts.sum(axis=0))
    assert found.expected.sum(axis=1) == pytest.approx(counts.sum(axis=1))


def test_intervals_hold_their_level():
    rng = np.random.default_rng(1)
    truth = np.array([[0.20, 0.05, 0.15], [0.10, 0.30, 0.20]])
    true_lift = truth / np.outer(truth.sum(axis=1), truth.sum(axis=0))
    drawn = rng.multinomial(400, truth.ravel(), size=500).reshape(-1, 2, 3)
    inside = np.mean([(found.low <= true_lift) & (true_lift <= found.high) for found in map(lift, drawn)], axis=0)
    assert inside == pytest.approx(np.full((2, 3), 0.9), abs=0.05)


def test_chance_alone_is_rarely_called_a_difference():
    rng = np.random.default_rng(2)
    flat = np.outer([0.4, 0.6], [0.2, 0.3, 0.5])
    called = [lift(rng.multinomial(300, flat.ravel()).reshape(2, 3)).differs.any() for _ in range(300)]
    assert np.mean(called) < 0.15


def test_empty_rows_are_unknown():
    found = lift([[5, 5], [0, 0]])
    assert np.isnan(found.lift[1]).all() and not found.differs.any()
