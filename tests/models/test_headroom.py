"""Gain from closing part of a gap."""

from __future__ import annotations

import pytest

from audit.models.headroom import headroom


def test_half_the_gap_times_the_flow():
    low = [[100.0, 95.0, 105.0], [60.0, 55.0, 65.0]]
    value, below, above = headroom(low_units=low, target=[160.0, 150.0, 170.0], volume=[10, 5], part=0.5, level=0.9, seed=0)
    assert value == pytest.approx(0.5 * (10 * 60 + 5 * 100))
    assert below < value < above


def test_nothing_to_gain_above_the_target():
    assert headroom(low_units=[[200.0, 199.0, 201.0]], target=[100.0, 99.0, 101.0], volume=[10], part=1, level=0.9,
                    seed=0) == pytest.approx((0, 0, 0))
