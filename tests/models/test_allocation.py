"""Allocation of cases: equal to trying every split, and within its bounds."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from audit.models.allocation import allocate

THREE = {
    "value": [[100.0, 90, 110], [150.0, 140, 160], [120.0, 100, 140]], "now": [20.0, 10.0, 10.0],
    "group": ["a", "a", "a"], "hours_each": [1.0, 2.0, 1.0], "free_hours": [0.0, 4.0, 10.0],
    "may_grow": [True] * 3, "most_more": 0.3, "most_less": 0.2, "level": 0.9, "seed": 1,
}


def test_equals_trying_every_split_of_three_doctors():
    """Whole first visits; doctor 1 can take 2 more (4 free hours of 2 each), doctor 2 can take 3 (+30 %)."""
    best = max(
        (sum(v[0] * x for v, x in zip(THREE["value"], split, strict=True)), split)
        for split in itertools.product(range(16, 27), range(8, 14), range(8, 14))
        if sum(split) == 40 and 2 * (split[1] - 10) <= 4 and split[0] <= 20 and split[2] <= 13
    )
    found = allocate(**THREE)
    assert found.proposed == pytest.approx(best[1])
    assert found.gain == pytest.approx(best[0] - (2000 + 1500 + 1200))
    assert found.low < found.gain < found.high and found.chance > 0.9


def test_nobody_moves_between_specialties_or_to_those_who_may_not_grow():
    apart = allocate(**THREE | {"group": ["a", "b", "c"]})
    assert apart.proposed == pytest.approx(THREE["now"]) and apart.gain == 0
    held = allocate(**THREE | {"may_grow": [True, False, True]})
    assert held.proposed[1] <= 10 and held.proposed[2] == pytest.approx(13)


def test_no_free_hours_no_proposal_and_unknown_values_stay():
    full = allocate(**THREE | {"free_hours": [0.0, 0.0, np.nan]})
    assert full.proposed == pytest.approx(THREE["now"]) and full.gain == 0 and full.chance == 0
    unknown = allocate(**THREE | {"value": [[np.nan] * 3, [150.0, 140, 160], [120.0, 100, 140]]})
    assert unknown.proposed[0] == 20
    assert unknown.proposed.sum() == pytest.approx(40)


def test_nothing_to_allocate():
    none = allocate(np.zeros((0, 3)), [], group=[], hours_each=[], free_hours=[], may_grow=[], most_more=0.3,
                    most_less=0.3, level=0.9, seed=1)
    assert none.gain == 0 and len(none.proposed) == 0
