"""Plans: no set of sure actions is better, assumptions are never “do now”, capacity is told."""

from __future__ import annotations

from itertools import chain, combinations

import numpy as np
import pytest

from audit.models import plan as plans
from audit.models.drivers import Change, together
from audit.models.plan import plan

DRAWS = 500


def change(units: float, cost: float = 0.0, opens: float = 0.0, worth: float = 10.0, sd: float = 0.0) -> Change:
    noise = np.random.default_rng(5).normal(0, sd, DRAWS) if sd else np.zeros(DRAWS)
    return Change(
        (units + noise)[:, None], np.full((DRAWS, 1), worth), np.full((DRAWS, 1), opens), np.full(DRAWS, cost)
    )


def made(changes, free=np.inf, grades=None):
    return plan(changes, grades or dict.fromkeys(changes, "B"), np.full((DRAWS, 1), float(free)), level=0.9)


@pytest.mark.parametrize("seed", range(6))
def test_no_other_set_of_sure_actions_gains_more(seed):
    rng = np.random.default_rng(seed)
    changes = {name: change(rng.uniform(5, 40), rng.uniform(0, 90), opens=rng.choice([0, 15])) for name in "abcde"}
    free = np.full((DRAWS, 1), rng.uniform(10, 60))
    found = plan(changes, dict.fromkeys(changes, "A"), free, level=0.9)
    sure = [key for key, one in found.judged.items() if one.chance >= 0.9]
    sets = chain.from_iterable(combinations(sure, k) for k in range(6))
    best = max(together([changes[key] for key in keys], free)[0].mean() for keys in sets)
    assert found.joint[0] == pytest.approx(best)


def test_groups_follow_chance_and_evidence():
    found = made(
        {"sure": change(20, 50, sd=1), "assumed": change(20, 50, sd=1), "open": change(8, 50, sd=6), "bad": change(1, 50)},
        grades={"sure": "A", "assumed": "C", "open": "B", "bad": "A"},
    )
    assert {key: one.group for key, one in found.judged.items()} == {
        "sure": "do_now", "assumed": "test_first", "open": "test_first", "bad": "leave"
    }  # fmt: skip
    assert [key for key, _ in found.ranked()] == ["sure", "assumed", "open", "bad"]


def test_actions_that_fight_for_the_same_hour_are_not_both_done():
    found = made({"a": change(20, 50), "b": change(20, 60)}, free=20)
    assert found.chosen == ("a",) and found.judged["b"].group == "test_first"
    assert found.with_room[0] == pytest.approx(290) and found.joint[0] == pytest.approx(150)


def test_opening_hours_is_credited_with_what_fits_in():
    found = made({"calls": change(40, 10), "hours": change(0, 100, opens=30)}, free=10)
    assert found.judged["hours"].gain[0] == pytest.approx(300 - 100)
    assert set(found.chosen) == {"calls", "hours"} and found.joint[0] == pytest.approx(400 - 110)
    assert found.judged["calls"].is_limited


def test_room_for_everybody_is_never_worth_less_than_the_plan_within_capacity():
    """Hours that are sure only because they let others in are part of the plan, and were missing without a limit."""
    found = made({"calls": change(40, 10), "hours": change(30, 100, opens=80, sd=25)}, free=10)
    assert set(found.chosen) == {"calls", "hours"} and found.with_room[0] >= found.joint[0]


def test_bridge_meets_and_weeks_follow():
    found = made({"a": change(20, 50), "b": change(30, 60), "c": change(9, 20, sd=5)}, grades={"a": "B", "b": "B", "c": "C"})
    bridge = found.bridge(1000.0)
    assert bridge["amount"].iloc[:-1].sum() == pytest.approx(bridge["amount"].iloc[-1])
    assert list(bridge["step"]) == ["today", "b", "a", "overlap", "after"]
    rows = found.schedule({"a": 4, "b": 6, "c": 8}, tests=3)
    assert rows == [("b", 0, 6, 7, False), ("a", 1, 4, 6, False), ("c", 4, 8, 13, True)]


def test_nothing_to_do_is_a_plan_too():
    found = made({})
    assert found.joint is None and found.bridge(5.0).empty and found.schedule({}, tests=3) == []


@pytest.mark.parametrize("seed", range(8))
def test_climbing_finds_what_trying_every_set_finds(seed, monkeypatch):
    rng = np.random.default_rng(seed)
    changes = {name: change(rng.uniform(5, 40), rng.uniform(0, 90), opens=rng.choice([0, 0, 25])) for name in "abcdefg"}
    free = np.full((DRAWS, 1), rng.uniform(10, 60))
    tried = plan(changes, dict.fromkeys(changes, "A"), free, level=0.9)
    monkeypatch.setattr(plans, "EXACT", 0)
    climbed = plan(changes, dict.fromkeys(changes, "A"), free, level=0.9)
    assert set(climbed.chosen) == set(tried.chosen) and climbed.joint == pytest.approx(tried.joint)


def test_thirty_sure_actions_are_chosen_without_trying_a_thousand_million_sets():
    rng = np.random.default_rng(3)
    changes = {f"a{k}": change(rng.uniform(5, 40), rng.uniform(0, 50)) for k in range(30)}
    found = made(changes, free=200)
    every = together(list(changes.values()), np.full((DRAWS, 1), 200.0))[0].mean()
    assert 0 < len(found.chosen) < 30 and found.joint[0] > every


def test_order_is_kept_by_wide_gaps_and_not_by_near_ties():
    wide = made({name: change(units) for name, units in zip("abcde", (100, 70, 50, 5, 4), strict=True)})
    near = made({name: change(units) for name, units in zip("abcde", (50.0, 50.1, 50.2, 50.3, 50.4), strict=True)})
    assert wide.top_kept == 1.0 and near.top_kept < 0.5


def test_only_so_many_tests_begin_in_a_year():
    found = made({name: change(9, 20, sd=5) for name in "abcd"}, grades=dict.fromkeys("abcd", "C"))
    rows = found.schedule(dict.fromkeys("abcd", 6), tests=2)
    assert [row[1] for row in rows] == [4, 6] and all(row[-1] for row in rows)
