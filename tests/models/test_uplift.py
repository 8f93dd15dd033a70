"""Uplift against a hold-out: published intervals, and campaigns with a planted effect."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.uplift import balance, design_effect, members_per_group, uplift


def flags(k: int, n: int) -> np.ndarray:
    return np.arange(n) < k


def test_interval_is_newcombes():
    """56 of 70 against 48 of 80: difference 0.20 (0.0524 to 0.3339), Newcombe (1998), method 10."""
    treated = np.r_[np.ones(70, bool), np.zeros(80, bool)]
    found = uplift(treated=treated, came=np.r_[flags(56, 70), flags(48, 80)], money=np.zeros(150), home=np.arange(150), level=0.95)
    assert found.share == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)
    assert (found.gross, found.unasked) == (0.8, 0.6)


def test_the_planted_effect_is_inside_and_the_gross_share_is_not_the_effect():
    rng = np.random.default_rng(0)
    inside, gross, brought = 0, [], 0
    for seed in range(200):
        treated = rng.random(1200) < 0.8
        came = rng.random(1200) < np.where(treated, 0.20, 0.08)
        money = came * rng.gamma(2, 500, 1200)
        found = uplift(treated=treated, came=came, money=money, home=np.arange(1200), seed=seed)
        inside += found.share[1] <= 0.12 <= found.share[2]
        brought += found.money[1] <= 120 <= found.money[2]
        gross.append(found.gross)
    assert inside / 200 == pytest.approx(0.9, abs=0.06) and brought / 200 == pytest.approx(0.9, abs=0.06)
    assert np.mean(gross) == pytest.approx(0.20, abs=0.01)


def campaign_of_homes(rng: np.random.Generator, homes: int) -> dict[str, np.ndarray]:
    """Homes of one to four drawn as a whole; all of a home come or nobody does, 20 % of those called, 8 % unasked."""
    size = rng.integers(1, 5, homes)
    home = np.repeat(np.arange(homes), size)
    called = rng.random(homes) < 0.8
    came = (rng.random(homes) < np.where(called, 0.20, 0.08))[home]
    return {"treated": called[home], "came": came, "money": came * rng.gamma(2, 500, len(home)), "home": home}


def test_homes_drawn_as_a_whole_keep_the_promise_of_the_interval():
    rng = np.random.default_rng(1)
    inside, brought, alone = 0, 0, 0
    for seed in range(200):
        drawn = campaign_of_homes(rng, 500)
        found, blind = (uplift(**(drawn | {"home": home}), seed=seed) for home in (drawn["home"], np.arange(len(drawn["home"]))))
        inside += found.share[1] <= 0.12 <= found.share[2]
        brought += found.money[1] <= 120 <= found.money[2]
        alone += blind.share[1] <= 0.12 <= blind.share[2]
    assert inside / 200 == pytest.approx(0.9, abs=0.06) and brought / 200 == pytest.approx(0.9, abs=0.06)
    assert alone / 200 < 0.8, "counting members as if each came alone promises too much"


def test_members_of_pairs_that_go_together_count_half():
    pairs = np.repeat(np.arange(50), 2)
    assert design_effect(np.repeat(flags(20, 50), 2), pairs) == pytest.approx(2)
    assert design_effect(flags(20, 100), np.arange(100)) == 1
    assert design_effect(np.ones(100), pairs) == 1


def test_nobody_held_out_says_nothing():
    assert uplift(treated=[True, True], came=[True, False], money=[1, 0], home=[0, 1]) is None


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
