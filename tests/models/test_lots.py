"""Lots and money of losses: the same draw whatever the order; shares of one amount."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.loss_money import loss_money
from audit.models.lots import lots, stratified


def test_a_draw_does_not_depend_on_order_and_holds_its_strata():
    keys, stratum = np.array([f"c{i}" for i in range(200)]), np.repeat([0, 1, 2, 3], [100, 60, 37, 3])
    first = set(keys[stratified(list(keys), stratum, each=10, draw="x", seed=1)])
    order = np.random.default_rng(2).permutation(200)
    again = set(keys[order][stratified(list(keys[order]), stratum[order], each=10, draw="x", seed=1)])
    assert first == again
    assert [sum(key in first for key in keys[stratum == s]) for s in range(4)] == [10, 10, 10, 3]
    assert first != set(keys[stratified(list(keys), stratum, each=10, draw="x", seed=2)])


def test_lots_are_uniform():
    share = lots([str(i) for i in range(20_000)], "y", 3).astype(float) / 2**64
    assert abs(share.mean() - 0.5) < 0.01
    assert np.histogram(share, 10)[0].min() > 1800


def test_money_of_reasons_is_the_money_of_all_split():
    found = loss_money([30, 10], lost_per_month=100, came=60, booked=80, worth=(1000.0, 900.0, 1100.0), level=0.9, seed=0)
    assert found[:, 0] == pytest.approx([100 * 0.75 * 0.75 * 1000, 100 * 0.25 * 0.75 * 1000])
    assert ((found[:, 1] < found[:, 0]) & (found[:, 0] < found[:, 2])).all()


def test_money_of_reasons_holds_its_level():
    rng, held, truth = np.random.default_rng(4), 0, 50 * np.array([0.6, 0.3, 0.1]) * 0.8 * 500
    for seed in range(200):
        value = 500 * np.exp(0.05 * rng.standard_normal())
        found = loss_money(
            rng.multinomial(120, [0.6, 0.3, 0.1]), lost_per_month=50, came=int(rng.binomial(150, 0.8)), booked=150,
            worth=(value, value * np.exp(-0.05 * 1.645), value * np.exp(0.05 * 1.645)), level=0.9, seed=seed,
        )
        held += ((found[:, 1] <= truth) & (truth <= found[:, 2])).sum()
    assert held / 600 > 0.86
