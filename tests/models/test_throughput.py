"""The linear programme of cases against brute force and against the rule of three."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from audit.models.throughput import binding, throughput


def brute_force(a, c, w, s, leeway):
    """Best of all vertices: every pair or triple of constraints as equations, kept when it breaks none of the others."""
    kinds = len(w)
    bands = np.vstack([np.eye(kinds) - (1 + leeway) * np.outer(s, np.ones(kinds)), (1 - leeway) * np.outer(s, np.ones(kinds)) - np.eye(kinds)])
    rows, sides = np.vstack([a, bands, -np.eye(kinds)]), np.r_[c, np.zeros(3 * kinds)]
    best = 0.0
    for chosen in itertools.combinations(range(len(rows)), kinds):
        part = rows[list(chosen)]
        if abs(np.linalg.det(part)) > 1e-9:
            v = np.linalg.solve(part, sides[list(chosen)])
            if (rows @ v <= sides + 1e-7).all():
                best = max(best, float(w @ v))
    return best


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("leeway", [0.3, 1.0])
def test_equals_brute_force(seed, leeway):
    rng = np.random.default_rng(seed)
    kinds, resources = (2, 2) if seed % 2 else (3, 3)
    a, c = rng.uniform(0.5, 3, (resources, kinds)), rng.uniform(20, 60, resources)
    w, s = rng.uniform(1, 9, kinds), rng.dirichlet(np.ones(kinds) * 4)
    assert throughput(a, c, w, s, leeway=leeway).worth == pytest.approx(brute_force(a, c, w, s, leeway), rel=1e-6)


@pytest.mark.parametrize("seed", range(12))
def test_price_is_what_one_more_unit_brings(seed):
    rng = np.random.default_rng(seed)
    a, c = rng.uniform(0.5, 3, (3, 3)), rng.uniform(20, 60, 3)
    w, s = rng.uniform(1, 9, 3), rng.dirichlet(np.ones(3) * 4)
    plan = throughput(a, c, w, s, leeway=0.3)
    assert float(plan.price @ c) == pytest.approx(plan.worth), "strong duality"
    assert (plan.used <= c + 1e-9).all()
    for r in range(3):
        more = throughput(a, c + 1e-4 * np.eye(3)[r], w, s, leeway=0.3)
        assert (more.worth - plan.worth) / 1e-4 == pytest.approx(plan.price[r], abs=1e-3)


def test_six_beds_and_an_operating_room():
    # six beds, 30 nights, 1.5 nights a case: 120 operations, although operating time would do for 208
    plan = throughput([[90.0], [1.5]], [312 * 60, 180], [47_600], [1.0])
    assert plan.cases == pytest.approx([120]) and plan.binding == 1
    assert plan.price == pytest.approx([0, 47_600 / 1.5])


def test_what_does_not_limit():
    assert throughput([[90.0], [1.5]], [np.inf, np.inf], [1.0], [1.0]) is None
    assert throughput([[0.0], [1.5]], [900.0, np.inf], [1.0], [1.0]) is None
    assert throughput([[90.0], [1.5]], [900.0, np.inf], [1.0], [1.0]).binding == 0
    shut = throughput([[90.0], [1.5]], [900.0, 0.0], [1.0], [1.0])
    assert shut.worth == 0.0


def test_the_price_of_a_sample_is_the_dual_of_the_programme():
    rng = np.random.default_rng(3)
    need = np.c_[rng.normal(90, 10, 200), rng.integers(1, 3, 200)]
    worth, capacity = rng.normal(40_000, 5_000, 200), np.array([18_720.0, 180.0])
    found = binding(need, worth, capacity, level=0.9, seed=1)
    plan = throughput(need.mean(axis=0)[:, None], capacity, [worth.mean()], [1.0])
    assert found.resource == plan.binding == 1
    assert found.most[0] == pytest.approx(plan.cases[0]) and found.price[0] == pytest.approx(plan.price[1])
    # with that many more bed-nights the operating room is full as well
    more = capacity + np.array([0.0, found.units_until])
    assert throughput(need.mean(axis=0)[:, None], more, [worth.mean()], [1.0]).used == pytest.approx(more)
    assert found.chance > 0.99 and found.price[1] < found.price[0] < found.price[2]


def test_a_sample_close_to_two_limits_is_not_sure_which_binds():
    rng = np.random.default_rng(3)
    need = rng.exponential(1.0, (40, 2))
    found = binding(need, np.full(40, np.nan), 40 * need.mean(axis=0), level=0.9, seed=1)
    assert 0.2 < found.chance < 0.8 and np.isnan(found.price).all()


def test_intervals_of_limit_and_price_hold_their_truth():
    held = np.zeros(2)
    for seed in range(60):
        rng = np.random.default_rng(seed)
        need = np.c_[rng.gamma(9, 10, 80), 1 + rng.poisson(0.8, 80)]
        found = binding(need, rng.gamma(4, 10_000, 80), [40_000.0, 180.0], level=0.9, seed=seed)
        held += [part[1] <= truth <= part[2] for part, truth in ((found.most, 180 / 1.8), (found.price, 40_000 / 1.8))]
    assert (held / 60 >= 0.9 - 0.05 - 2 * 0.3 / 60**0.5).all()


def test_one_case_has_no_interval():
    found = binding([[90.0, 2.0]], [50.0], [900.0, 180.0], level=0.9, seed=1)
    assert found.resource == 0 and np.isnan(found.most[1])
