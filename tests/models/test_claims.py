"""Promises of the field: the arithmetic they stand on."""

from __future__ import annotations

import pytest

from audit.models.claims import at_most, best_gain, claim_reading, gain_of_answering, missed_for_gain
from audit.models.counted import share
from audit.results import Estimate


def test_answering_everything_gives_half_more_only_where_a_third_is_missed():
    assert missed_for_gain(0.5) == pytest.approx(1 / 3)
    assert gain_of_answering(share(1000, 3000, 0.9)).value == pytest.approx(0.5)
    assert gain_of_answering(share(300, 1000, 0.9)).value == pytest.approx(0.4286, abs=1e-4)
    assert gain_of_answering(share(180, 1000, 0.9)).value == pytest.approx(0.2195, abs=1e-4)


def test_bounds_follow_those_of_the_share():
    missed = share(18, 100, 0.9)
    gain = gain_of_answering(missed)
    assert (gain.low, gain.high) == pytest.approx((missed.low / (1 - missed.low), missed.high / (1 - missed.high)))
    assert gain_of_answering(Estimate(1.0, 0.9, 1.0, "share", 20)) is None


def test_doubling_takes_twice_the_conversion():
    now, goal = Estimate(0.42, 0.40, 0.44, "share", 1043), Estimate(0.575, 0.55, 0.60, "share", 290)
    best = best_gain(now, goal, Estimate(0.1, 0.1, 0.1, "share", 100))
    assert best.value == pytest.approx(0.575 / 0.42 * 1.1 - 1)
    assert best.low < best.value < best.high
    assert claim_reading(1.0, best, 2 * now.value) == "not_kept"
    assert claim_reading(2.0, best, 3 * now.value) == "impossible"
    assert claim_reading(0.5, best, 1.5 * now.value) == "open"
    assert claim_reading(0.2, best, 1.2 * now.value) == "kept"


def test_rooms_cut_what_is_possible():
    cut = at_most(Estimate(0.5, 0.3, 0.7, "share", 10), 0.4)
    assert (cut.value, cut.low, cut.high) == (0.4, 0.3, 0.4)
