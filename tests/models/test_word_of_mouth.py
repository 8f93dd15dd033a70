"""Word of mouth: Manski's bounds, the renewal equation, and recovery of a known K."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.word_of_mouth import word_of_mouth


def test_bounds_by_hand():
    """Manski (1989): with 40 of 100 silent and 30 naming it, between 30 and 70 in a hundred; sampling widens both."""
    found = word_of_mouth(named=3000, others=3000, silent=4000, months=1, earlier=[10_000], level=0.9)
    assert found.share[0] == pytest.approx(0.5)
    assert found.share[1:] == pytest.approx((0.3, 0.7), abs=0.01)
    assert found.reproduction == pytest.approx(found.share)
    assert found.extra[0] == pytest.approx(1.0)


def test_nobody_silent_leaves_sampling_only():
    found = word_of_mouth(named=50, others=50, silent=0, months=1, earlier=[100], level=0.9)
    assert found.share[1:] == pytest.approx((0.4188, 0.5812), abs=1e-4)


def test_a_growing_clinic_has_fewer_who_could_recommend():
    grows = word_of_mouth(named=100, others=100, silent=0, months=1, earlier=[200, 150, 100, 50], level=0.9)
    steady = word_of_mouth(named=100, others=100, silent=0, months=1, earlier=[200, 200, 200, 200], level=0.9)
    assert grows.reproduction[2] > steady.reproduction[2] and grows.reproduction[1] == pytest.approx(steady.reproduction[1])


def test_without_end_there_is_no_total():
    assert np.isnan(word_of_mouth(named=90, others=10, silent=50, months=1, earlier=[100], level=0.9).extra).all()


@pytest.mark.parametrize("given", [{"named": 0, "others": 0}, {"earlier": []}, {"earlier": [0, 0]}])
def test_nothing_to_tell(given):
    assert word_of_mouth(**{"named": 5, "others": 5, "silent": 5, "months": 1, "earlier": [10], "level": 0.9} | given) is None


@pytest.mark.parametrize("k, delay", [(0.2, 1), (0.5, 4), (0.4, 11)])
def test_the_truth_lies_inside_whatever_the_lag_and_whoever_is_silent(k, delay):
    """A branching process with immigration: patients recommend ``delay`` months later; recommenders answer less often."""
    inside = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        first = [0] * 12
        for month in range(60):
            first.append(int(rng.poisson(100 + month) + rng.poisson(k * first[-delay])))
        referred = int(rng.poisson(k * first[-delay]))
        others = int(rng.poisson(160))
        named, rest = rng.binomial(referred, 0.6), rng.binomial(others, 0.9)
        found = word_of_mouth(
            named=named, others=rest, silent=referred + others - named - rest, months=1, earlier=first[:-13:-1], level=0.9,
        )
        inside.append(found.reproduction[1] <= k <= found.reproduction[2])
    assert np.mean(inside) > 0.9
