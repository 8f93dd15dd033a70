"""Pairs in time order: Fisher's tea, Mantel and Haenszel as statsmodels has them, and a diagnosis that explains everything."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.contingency_tables import StratifiedTable

from audit.models.next_service import following, within_strata


def test_fishers_tea():
    """The lady who was right in three of four cups: p = 34/70 two-sided (Fisher 1935; Agresti 2002, table 3.8)."""
    found = following([3], [4], [4], [8])
    assert found.p[0] == pytest.approx(34 / 70)
    assert found.rate[0] == 0.75 and found.lift[0] == 1.5 and found.extra[0] == 1


def test_strata_are_those_of_mantel_and_haenszel():
    first, second, both, patients = ([60, 20], [50, 70], [45, 15], [100, 200])
    found = within_strata([0, 0], both, first, second, patients, pairs=1)
    tables = [
        np.array([[k, a - k], [b - k, n - a - b + k]]) for k, a, b, n in zip(both, first, second, patients, strict=True)
    ]
    chi2 = StratifiedTable(tables).test_null_odds().statistic
    assert found.p[0] == pytest.approx(StratifiedTable(tables).test_null_odds().pvalue)
    assert found.lift[0] == pytest.approx(60 / (30 + 7)) and chi2 > 20


def test_what_a_diagnosis_brings_is_not_a_pair():
    """Within each diagnosis b follows whoever had a or not; over all the two meet twice as often as chance."""
    rng = np.random.default_rng(7)
    dx = rng.random(6000) < 0.3
    a, b = rng.random(6000) < np.where(dx, 0.6, 0.1), rng.random(6000) < np.where(dx, 0.5, 0.05)
    crude = following([(a & b).sum()], [a.sum()], [b.sum()], [6000])
    counts = [[(x & y).sum() for y in (dx, ~dx)] for x in (a & b, a, b, np.ones(6000, bool))]
    inside = within_strata([0, 0], *counts, pairs=1)
    assert crude.differs[0] and crude.low[0] > 1.5
    assert inside.low[0] < 1 < inside.high[0] and not inside.differs[0]


def test_false_pairs_are_few():
    rng = np.random.default_rng(5)
    a, b = rng.random((4000, 40)) < 0.2, rng.random((4000, 40)) < 0.15
    found = following((a & b).sum(axis=0), a.sum(axis=0), b.sum(axis=0), 4000)
    assert found.differs.sum() <= 1
    # one of the pairs is made to follow
    b[:, 0] |= a[:, 0] & (rng.random(4000) < 0.2)
    found = following((a & b).sum(axis=0), a.sum(axis=0), b.sum(axis=0), 4000)
    assert found.differs[0] and found.lift[0] > 1.5


def test_no_pairs_are_no_pairs():
    assert following([], [], [], []).lift.size == 0
