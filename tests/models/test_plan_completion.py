"""Plans of treatment: drawn by hand, and simulated with a known place where they are dropped."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.plan_completion import plan_completion, planned_money


def test_done_finished_and_dropped_by_hand():
    """Three long ago: all 3 done, 1 of 3, 2 of 2; one made five days ago with nothing done yet is open, not dropped."""
    found = plan_completion(
        owner=[0, 1, 2, 3], planned=[3, 3, 2, 4], watched=[300, 300, 300, 5], plan=[0, 0, 0, 1, 2, 2], age=[0, 7, 14, 0, 0, 3], done=np.ones(6),
        horizon=90, gap=30, steps=3, fewest=1,
    )
    assert found.done[0] == pytest.approx(6 / 8)
    assert found.dropped.tolist() == [False, True, False, False] and found.left.tolist() == [0, 2, 0, 4]
    assert found.finished[0] == pytest.approx(1 - 3 / 4 * 1 / 2)  # of four at risk one after 3 days, of the two left one after 14
    assert found.begun[0] == pytest.approx(3 / 4) and found.last.tolist() == [14, 0, 3, 0]
    assert found.steps.reached.tolist() == [3, 1, 0]  # a plan that is done is out of the count
    assert found.steps.goes_on[:2] == pytest.approx([2 / 3, 1])


def simulated(seed: int, stay: np.ndarray, plans: int = 400, days: int = 500):
    rng = np.random.default_rng(seed)
    planned = rng.integers(4, 9, plans)
    watched = rng.integers(0, days, plans)
    kept = 1 + np.cumprod(rng.random((plans, len(stay))) < stay, axis=1).sum(axis=1)
    done = np.minimum(kept, planned)
    plan = np.repeat(np.arange(plans), done)
    age = 5 * (np.arange(len(plan)) - np.repeat(np.cumsum(done) - done, done))
    seen = age <= watched[plan]
    return planned, watched, plan[seen], age[seen]


def test_the_planted_break_is_found_and_plans_that_end_are_none():
    stay = np.array([0.95, 0.95, 0.6, 0.95, 0.95, 0.95, 0.95, 0.95])
    hits, false, inside = 0, 0, []
    for seed in range(30):
        planned, watched, plan, age = simulated(seed, stay)
        found = plan_completion(owner=np.arange(len(planned)), planned=planned, watched=watched, plan=plan, age=age, done=np.ones(len(plan)), horizon=90, gap=30, steps=7)
        hits += bool(found.steps.stands_out[2])
        false += int(found.steps.stands_out.sum() - found.steps.stands_out[2])
        known = np.isfinite(found.steps.low)
        inside += list(((found.steps.low <= stay[:7]) & (stay[:7] <= found.steps.high))[known])
    assert hits == 30 and false <= 3
    assert np.mean(inside) == pytest.approx(0.9, abs=0.06)


def test_the_planted_share_of_finished_plans_is_inside():
    stay = np.full(8, 0.93)
    truth = np.mean([0.93 ** (n - 1) for n in range(4, 9)])
    inside = 0
    for seed in range(60):
        planned, watched, plan, age = simulated(seed, stay)
        found = plan_completion(owner=np.arange(len(planned)), planned=planned, watched=watched, plan=plan, age=age, done=np.ones(len(plan)), horizon=90, gap=30, steps=7, seed=seed)
        inside += found.finished[1] <= truth <= found.finished[2]
    assert inside / 60 == pytest.approx(0.9, abs=0.1)


def test_no_plans_and_plans_without_anything_done():
    nothing = plan_completion(owner=[], planned=[], watched=[], plan=[], age=[], done=[], horizon=90, gap=30, steps=3)
    assert nothing.done is None and nothing.finished is None
    idle = plan_completion(owner=range(40), planned=[3] * 40, watched=[300] * 40, plan=[], age=[], done=[], horizon=90, gap=30, steps=3)
    assert idle.done[0] == 0 and idle.finished[0] == 0 and idle.dropped.all()


def test_plans_never_begun_are_told_and_young_ones_count_for_as_long_as_they_were_watched():
    """Of three long ago one never began; one made five days ago leaves before the other two begin."""
    found = plan_completion(
        owner=range(4), planned=[2] * 4, watched=[300, 300, 300, 5], plan=[0, 1], age=[10, 40], done=[1, 1], horizon=90, gap=60,
        steps=2, fewest=1,
    )
    assert found.begun[0] == pytest.approx(2 / 3)


def test_numbers_of_patients_and_order_of_plans_do_not_matter_and_patients_are_the_units():
    planned, watched, plan, age = simulated(3, np.full(8, 0.9))
    told = {"done": np.ones(len(plan)), "horizon": 90, "gap": 30, "steps": 7}
    owner = np.arange(len(planned)) // 4
    one = plan_completion(owner=owner, planned=planned, watched=watched, plan=plan, age=age, **told)
    other = plan_completion(owner=999 - owner, planned=planned, watched=watched, plan=plan, age=age, **told)
    assert one.done == other.done
    # 400 equal plans of 100 patients: four times fewer units, twice the width
    amount = np.random.default_rng(0).gamma(1.0, 100.0, 100)[owner]
    clustered, single = planned_money(owner=owner, money=amount), planned_money(owner=np.arange(400), money=amount)
    assert clustered[0] == pytest.approx(amount.sum()) == single[0]
    assert (clustered[2] - clustered[1]) / (single[2] - single[1]) == pytest.approx(2, abs=0.2)


def test_money_of_nobody_or_nothing_is_not_told():
    assert planned_money(owner=[], money=[]) is None and planned_money(owner=[1, 2], money=[0.0, np.nan]) is None
    assert planned_money(owner=[1, 1], money=[5.0, 5.0]) is None
