"""RFM: scores partition patients, ties are scored alike, and the proof can fail."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.rfm import SEGMENTS, proof, scores

CUTS = (30, 60, 120, 240)


def test_scores_by_hand():
    made = scores(silent=[10, 30, 31, 121, 500], visits=[1, 2, 4, 8, 9], money=[5, 5, 5, 5, 5], gap_cuts=CUTS)
    assert made.recency.tolist() == [5, 5, 4, 2, 1] and made.frequency.tolist() == [1, 2, 3, 4, 5]
    assert [SEGMENTS[k] for k in made.segment] == ["new", "active", "active", "lapsed", "lapsed"]


def test_recency_is_the_published_rule():
    """The rfm package (R) documents recency cuts 115, 181, 297, 482 for its example, of which its first customer, silent
    for 205 days, scores 3. Its cuts are quantiles plus one day and lie above the score; ours are the quantiles.
    """
    made = scores(silent=[1, 114, 115, 205, 481, 482], visits=[1] * 6, money=[1] * 6, gap_cuts=[114, 180, 296, 481])
    assert made.recency.tolist() == [5, 5, 4, 3, 2, 1]


def test_equal_amounts_score_alike_and_quintiles_are_even():
    made = scores(silent=np.zeros(100), visits=np.ones(100), money=np.arange(100), gap_cuts=CUTS)
    assert np.bincount(made.money).tolist() == [0, 20, 20, 20, 20, 20]
    flat = scores(silent=np.zeros(10), visits=np.ones(10), money=np.full(10, 7.0), gap_cuts=CUTS)
    assert set(flat.money) == {1}
    two = scores(silent=np.zeros(10), visits=np.ones(10), money=np.repeat([1.0, 2.0], 5), gap_cuts=CUTS)
    assert set(two.money) == {1, 3}


def test_every_patient_is_in_one_segment():
    rng = np.random.default_rng(1)
    made = scores(silent=rng.integers(0, 900, 500), visits=rng.integers(1, 20, 500), money=rng.random(500), gap_cuts=CUTS)
    assert ((made.segment >= 0) & (made.segment < len(SEGMENTS))).all()


def made_up(rng: np.random.Generator, slope: float):
    silent, visits = rng.integers(0, 400, 3000), rng.integers(1, 12, 3000)
    made = scores(silent=silent, visits=visits, money=rng.random(3000), gap_cuts=CUTS)
    came = rng.random(3000) < 0.1 + slope * (made.recency - 1)
    return proof(made, returned=came, money=came * 100.0, level=0.9, seed=0)


def test_recency_that_foretells_is_proven():
    proven = [made_up(np.random.default_rng(seed), 0.08).predicts for seed in range(20)]
    assert sum(proven) >= 18


def test_recency_that_says_nothing_is_not():
    found = [made_up(np.random.default_rng(seed), 0.0) for seed in range(60)]
    assert sum(one.rises for one in found) <= 9  # 5 % of 60 and chance


def test_an_order_that_breaks_is_seen():
    rng = np.random.default_rng(3)
    silent = np.repeat([10, 45, 90, 180, 400], 400)
    made = scores(silent=silent, visits=np.ones(2000), money=np.ones(2000), gap_cuts=CUTS)
    came = rng.random(2000) < np.repeat([0.5, 0.3, 0.2, 0.02, 0.15], 400)
    found = proof(made, returned=came, money=came * 1.0, level=0.9, seed=0)
    assert found.rises and found.inverted == 1 and not found.predicts


def test_shares_and_money_are_counted():
    made = scores(silent=[10] * 4, visits=[1] * 4, money=[1] * 4, gap_cuts=CUTS)
    found = proof(made, returned=[1, 1, 0, 0], money=[10, 30, 0, 0], level=0.9, seed=0)
    assert found.patients[0] == 4 and found.returned[0] == 0.5 and found.money[0] == pytest.approx(10)
    assert np.isnan(found.returned[1:]).all()
