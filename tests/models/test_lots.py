"""Lots: the same draw whatever the order, uniform."""

from __future__ import annotations

import numpy as np

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
