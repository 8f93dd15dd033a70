"""Shares of units and money by group."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.proportion import multinomial_proportions_confint

from audit.models.group_shares import group_shares, largest_groups


def test_shares_of_units_are_sison_and_glaz_of_statsmodels():
    found = group_shares(group=["a"] * 40 + ["b"] * 60, groups=["a", "b"], money=np.ones(100), level=0.90)
    other = multinomial_proportions_confint(np.array([40, 60]), alpha=0.10, method="sison-glaz")
    np.testing.assert_allclose(np.column_stack([found.low, found.high]), other, atol=1e-7)
    assert found.units.tolist() == [40, 60] and found.share.tolist() == [0.4, 0.6]


def test_shares_of_money_hold_the_truth_as_often_as_promised():
    rng = np.random.default_rng(3)
    inside = 0
    for seed in range(100):
        group = rng.random(300) < 0.3
        money = rng.gamma(1.0, np.where(group, 300.0, 100.0))
        found = group_shares(group=np.where(group, "a", "b"), groups=["a", "b"], money=money, seed=seed)
        inside += found.money_low[0] <= 90 / 160 <= found.money_high[0]
    # 100 draws at 90 %: the binomial error is 3 points
    assert inside / 100 == pytest.approx(0.90, abs=0.07)


def test_order_of_units_does_not_matter():
    rng = np.random.default_rng(1)
    group, money = rng.choice(["a", "b", "c"], 80), rng.gamma(1, 100, 80)
    order = rng.permutation(80)
    one, other = (group_shares(group=group[o], groups=["a", "b", "c"], money=money[o]) for o in (np.arange(80), order))
    np.testing.assert_allclose(one.money_low, other.money_low)


@pytest.mark.parametrize("money", [[0.0, 0.0], [-5.0, 2.0]])
def test_without_money_there_are_no_shares_of_it(money):
    found = group_shares(group=["a", "b"], groups=["a", "b"], money=money)
    assert np.isnan(found.money_share).all() and found.share.tolist() == [0.5, 0.5]


def test_one_unit_and_none():
    one = group_shares(group=["a"], groups=["a", "b"], money=[10.0])
    assert one.money_share.tolist() == [1, 0] and np.isnan(one.money_low).all()
    none = group_shares(group=[], groups=["a"], money=[])
    assert none.units.tolist() == [0] and np.isnan(none.share).all()


def test_largest_groups_and_the_rest():
    labels = ["a"] * 5 + ["b"] * 9 + ["c"] * 2 + ["d"] * 9
    assert largest_groups(labels, most=4, smallest=1) == ["b", "d", "a", "c"]
    assert largest_groups(labels, most=3, smallest=1) == ["b", "d", "other"]
    assert largest_groups(labels, most=9, smallest=4) == ["b", "d", "a", "other"]
    assert largest_groups(["a"], most=3, smallest=5) == ["other"]
