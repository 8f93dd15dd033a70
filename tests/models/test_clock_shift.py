"""Clock shift: a constant difference is found, honest and unrelated clocks are left alone."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.clock_shift import constant_shift

RNG = np.random.default_rng(1)
HONEST = np.r_[RNG.exponential(4, 300), RNG.uniform(-900, 900, 100)]


@pytest.mark.parametrize("hours", [-8, -3, -0.5, 0, 1, 3, 5.5, 12])
def test_the_shift_is_found(hours):
    assert constant_shift(HONEST + 60 * hours, fewest=30) == hours


def test_moments_that_have_nothing_to_do_with_each_other_tell_nothing():
    assert constant_shift(RNG.uniform(-900, 900, 1000), fewest=30) is None


def test_bookings_without_a_time_of_day_are_not_a_shift():
    """Midnight bookings of calls spread over twelve hours lie between 9 and 21 hours before them."""
    assert constant_shift(-RNG.uniform(9 * 60, 21 * 60, 1000), fewest=30) is None


def test_few_pairs_tell_nothing():
    assert constant_shift([180] * 29, fewest=30) is None
    assert constant_shift([], fewest=1) is None
