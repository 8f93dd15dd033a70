"""Roster proposals against brute force and against the laws they promise."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from audit.models.roster import propose


@pytest.mark.parametrize("seed", range(20))
def test_laws(seed):
    rng = np.random.default_rng(seed)
    rooms = rng.uniform(10, 40, 30)
    staffed = rooms * rng.uniform(0, 1, 30)
    used = staffed * rng.uniform(0.2, 1.05, 30)
    hidden = np.where(used >= 0.85 * staffed, 0.2 * used, 0.0)
    found = propose(used, staffed, rooms, hidden, ceiling=0.85, most_change=0.5)
    assert (found.staffed <= np.maximum(rooms, staffed) + 1e-9).all(), "never more than the rooms"
    assert found.staffed.sum() == pytest.approx(staffed.sum()), "no hour is made or lost"
    lost = found.staffed < staffed - 1e-9
    assert (used[lost] <= 0.85 * found.staffed[lost] + 1e-9).all(), "nobody is driven out"
    assert (found.more <= hidden + 1e-9).all() and (found.more <= 0.85 * np.maximum(found.staffed - staffed, 0) + 1e-9).all()
    assert (np.abs(found.staffed - staffed) <= 0.5 * np.maximum(staffed, 0.1 * rooms) + 1e-9).all()


@pytest.mark.parametrize("seed", range(6))
def test_equals_brute_force(seed):
    rng = np.random.default_rng(seed)
    rooms, staffed = np.full(3, 12.0), rng.integers(4, 10, 3).astype(float)
    used = staffed * rng.choice([0.3, 0.5, 1.0], 3)
    hidden = np.where(used >= 0.8 * staffed, 4.0, 0.0)
    best = 0.0
    for change in itertools.product(np.arange(-5, 5.01, 0.25), repeat=3):
        after = staffed + change
        allowed = sum(change) == 0 and (after <= rooms).all() and (np.abs(change) <= 0.5 * staffed).all()
        if allowed and (used <= 0.8 * after + 1e-9)[np.array(change) < 0].all():
            best = max(best, np.minimum(hidden, 0.8 * np.maximum(change, 0)).sum())
    found = propose(used, staffed, rooms, hidden, ceiling=0.8, most_change=0.5)
    assert best - 1e-9 <= found.more.sum() <= best + 0.8 * 0.25 * 3, "the grid is a quarter of an hour wide"


def test_nothing_is_moved_for_nothing():
    found = propose([5.0, 5.0], [10.0, 10.0], [20.0, 20.0], [0.0, 0.0], ceiling=0.85, most_change=0.5)
    assert found.moved == 0 and found.staffed.tolist() == [10.0, 10.0]


def test_added_hours_go_where_patients_are_turned_away():
    found = propose([10.0, 9.0], [10.0, 10.0], [20.0, 20.0], [5.0, 0.0], ceiling=0.85, most_change=0.5, added=3.0)
    assert found.staffed == pytest.approx([13.0, 10.0]) and found.more == pytest.approx([2.55, 0.0])
