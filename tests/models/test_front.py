"""The front of two measures."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.front import front_chance


def around(values, half=0.01):
    return np.c_[values, np.array(values) - half, np.array(values) + half]


def test_certain_levels_give_the_plain_front():
    chance = front_chance(around([3.0, 2, 1, 1]), around([1.0, 2, 3, 1]), eligible=[True] * 4, level=0.9, seed=0)
    assert chance == pytest.approx([1, 1, 1, 0])


def test_equal_ones_share_it_and_others_do_not_count():
    """Two equal units: each is bettered on both measures with chance 1/4."""
    chance = front_chance(around([1.0, 1, 9]), around([1.0, 1, 9]), eligible=[True, True, False], level=0.9, seed=0)
    assert chance[:2] == pytest.approx([0.75, 0.75], abs=0.03) and np.isnan(chance[2])


def test_a_unit_without_a_measure_is_left_out():
    chance = front_chance(around([1.0, 2]), np.array([[np.nan] * 3, [1, 0, 2]]), eligible=[True, True], level=0.9, seed=0)
    assert np.isnan(chance[0]) and chance[1] == 1
