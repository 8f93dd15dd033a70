"""Recall: expected gaps lean where they should, and the hold-out is a fair lot."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.recall import expected_gap, held_out, in_same_state


def test_few_gaps_lean_on_the_clinic_and_own_ones_count():
    gap = expected_gap(longest=[np.nan, np.nan, 100, 100], gaps=[0, 0, 5, 1000], usual=[50, np.nan, 50, 50],
                       usual_n=[50, np.nan, 1e9, 1e9], clinic=30)
    assert gap == pytest.approx([40, 30, 75, 100], abs=0.5)


def test_the_lot_does_not_depend_on_the_order():
    keys = [f"{k:05d}" for k in range(400)]
    stratum = np.arange(400) % 3
    out = held_out(keys, stratum, np.arange(400), share=0.15, campaign="next", seed=1)
    turned = held_out(keys[::-1], stratum[::-1], np.arange(400), share=0.15, campaign="next", seed=1)
    assert (out == turned[::-1]).all()
    assert (out != held_out(keys, stratum, np.arange(400), share=0.15, campaign="other", seed=1)).any()


def test_every_stratum_holds_out_its_share_and_small_ones_nobody():
    stratum = np.repeat([0, 1, 2], [100, 40, 4])
    out = held_out([str(k) for k in range(144)], stratum, np.arange(144), share=0.15, campaign="c", seed=2)
    assert [int(out[stratum == s].sum()) for s in range(3)] == [15, 6, 0]


def test_the_lot_is_balanced():
    """Over many campaigns everybody is held out about as often, whatever their worth."""
    keys, worth = [str(k) for k in range(200)], np.arange(200)
    times = sum(held_out(keys, np.zeros(200, int), np.arange(200), share=0.2, campaign=str(c), seed=0) for c in range(200))
    assert abs(np.corrcoef(times, worth)[0, 1]) < 0.2
    assert times.std() < 1.5 * np.sqrt(200 * 0.2 * 0.8)


def homes_of(rng: np.random.Generator, people: int) -> np.ndarray:
    return np.sort(rng.integers(0, int(people / 1.5), people))


def test_a_home_is_called_or_held_out_as_a_whole_and_the_share_is_kept():
    rng = np.random.default_rng(3)
    for people in (30, 144, 900):
        keys, home, stratum = [f"{k:04d}" for k in rng.permutation(people)], homes_of(rng, people), rng.integers(0, 3, people)
        out = held_out(keys, stratum, home, share=0.15, campaign="c", seed=5)
        assert all(len({bool(out[place]) for place in np.flatnonzero(home == h)}) == 1 for h in np.unique(home))
        shuffle = rng.permutation(people)
        again = held_out([keys[k] for k in shuffle], stratum[shuffle], home[shuffle], share=0.15, campaign="c", seed=5)
        assert (again == out[shuffle]).all()
        assert abs(out.sum() - 0.15 * people) <= 3 * 3 + 1


def test_members_of_large_homes_are_held_out_as_often_as_those_alone():
    size = np.tile([1, 1, 1, 2, 4], 30)
    home = np.repeat(np.arange(len(size)), size)
    keys = [f"{k:03d}" for k in range(len(home))]
    times = sum(held_out(keys, np.zeros(len(home), int), home, share=0.2, campaign=str(c), seed=0) for c in range(300)) / 300
    for members in (1, 2, 4):
        assert times[size[home] == members].mean() == pytest.approx(0.2, abs=0.02)


def test_small_states_lean_on_all():
    mean = in_same_state(state=[0] * 1000 + [1], outcome=[0.5] * 1000 + [100.0], states=3)
    assert mean[0] == pytest.approx(0.5, abs=0.01) and mean[1] < 10 and mean[2] == pytest.approx(np.mean([0.5] * 1000 + [100.0]))
