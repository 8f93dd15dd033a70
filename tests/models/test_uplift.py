"""Uplift against a hold-out: published intervals, and campaigns with a planted effect."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.uplift import balance, members_per_group, uplift


def flags(k: int, n: int) -> np.ndarray:
    return np.arange(n) < k


def test_interval_is_newcombes():
    """56 of 70 against 48 of 80: difference 0.20 (0.0524 to 0.3339), Newcombe (1998), method 10."""
    treated = np.r_[np.ones(70, bool), np.zeros(80, bool)]
    found = uplift(treated=treated, came=np.r_[flags(56, 70), flags(48, 80)], money=np.zeros(150), level=0.95)
    assert found.share == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)
    assert (found.gross, found.unasked) == (0.8, 0.6)


def test_the_planted_effect_is_inside_and_the_gross_share_is_not_the_effect():
    rng = np.random.default_rng(0)
    inside, gross, brought = 0, [], 0
    for seed in range(200):
        treated = rng.random(1200) < 0.8
        came = rng.random(1200) < np.where(treated, 0.20, 0.08)
        money = came * rng.gamma(2, 500, 1200)
        found = uplift(treated=treated, came=came, money=money, seed=seed)
        inside += found.share[1] <= 0.12 <= found.share[2]
        brought += found.money[1] <= 120 <= found.money[2]
        gross.append(found.gross)
    assert inside / 200 == pytest.approx(0.9, abs=0.06) and brought / 200 == pytest.approx(0.9, abs=0.06)
    assert np.mean(gross) == pytest.approx(0.20, abs=0.01)


def test_nobody_held_out_says_nothing():
    assert uplift(treated=[True, True], came=[True, False], money=[1, 0]) is None


def test_a_lot_is_balanced_and_a_choice_is_not():
    """Groups by lot are called unlike in 1 % of campaigns; a hold-out of those who came lately is always seen."""
    rng = np.random.default_rng(4)
    unlike = 0
    for _ in range(300):
        before = np.column_stack([rng.integers(1, 20, 400), rng.integers(1, 900, 400), rng.lognormal(8, 2, 400)])
        unlike += not balance(treated=rng.random(400) < 0.8, before=before).is_chance
    assert unlike <= 9
    chosen = balance(treated=before[:, 1] > 300, before=before)
    assert not chosen.is_chance and chosen.difference > 1


def test_groups_nothing_is_known_of_are_not_judged():
    assert balance(treated=[True, False, False], before=[[np.nan], [1.0], [2.0]]).is_chance
    assert balance(treated=[True, True, False, False], before=[[1.0], [1.0], [1.0], [1.0]]).difference == 0


def test_size_of_the_groups():
    """Lehr's rule at base 10 %, lift 5 points: 16 · 0.125 · 0.875 / 0.0025 = 700."""
    assert members_per_group(0.10, 0.05) == 700
