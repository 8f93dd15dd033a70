"""The linear programme of cases against brute force and against the rule of three."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from audit.models.throughput import throughput


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
