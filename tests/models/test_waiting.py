"""Waiting on the telephone against published worked numbers, a simulated queue and the laws of queues."""

from __future__ import annotations

import heapq

import numpy as np
import pytest

from audit.models.waiting import abandoned, half_hours, patience, people_needed, waiting


def test_worked_example_of_360_calls_in_half_an_hour():
    """Mitan: 360 calls per 30 min of 240 s, 55 agents: Pw 0.239, ASA 8.2 s, 84.6 % in 15 s."""
    found = waiting(55, 360 * 240 / 1800, handling_seconds=240, within_seconds=15)
    assert found.waits == pytest.approx(0.2387, abs=1e-4)
    assert found.mean_seconds == pytest.approx(8.184, abs=1e-3)
    assert found.in_time == pytest.approx(0.8459, abs=1e-4)


def test_impatience_as_published():
    """Garnett, Mandelbaum & Reiman (2002): 48 calls a minute, 1 min each, patience 2 min, 50 agents.

    3.1 % give up and the mean wait is 3.7 s; by patience the mean wait is P(give up) × patience.
    """
    gone = abandoned(50, 48, handling_seconds=60, patience_seconds=120)
    assert gone == pytest.approx(0.031, abs=5e-4)
    assert gone * 120 == pytest.approx(3.7, abs=0.05)
    assert waiting(50, 48, handling_seconds=60, within_seconds=20).mean_seconds == pytest.approx(20.8, abs=0.1)


def queue(people: int, load: float, handling: float, bear: float, calls: int, seed: int) -> tuple[float, np.ndarray, np.ndarray]:
    """One simulated desk: share who gave up, waits of those who did and of those who were answered."""
    rng = np.random.default_rng(seed)
    at = np.cumsum(rng.exponential(handling / load, calls))
    talk, patient = rng.exponential(handling, calls), rng.exponential(bear, calls)
    free = [0.0] * people
    heapq.heapify(free)
    gone, served = [], []
    for now, length, most in zip(at, talk, patient, strict=True):
        start = max(now, free[0])
        if start - now > most:
            gone.append(most)
            continue
        served.append(start - now)
        heapq.heapreplace(free, start + length)
    return len(gone) / calls, np.array(gone), np.array(served)


def test_agrees_with_a_simulated_desk():
    share, gone, served = queue(3, 2.7, 180, 90, 60_000, seed=5)
    assert abandoned(3, 2.7, handling_seconds=180, patience_seconds=90) == pytest.approx(share, abs=0.006)
    mean, low, high = patience(gone.size, gone.sum() + served.sum(), 0.9)
    assert low < mean < high
    assert mean == pytest.approx(90, rel=0.04)


def test_patience_holds_its_level():
    rng = np.random.default_rng(8)
    held = 0
    for _ in range(300):
        bear, offered = rng.exponential(60, 80), rng.exponential(30, 80)
        _, low, high = patience(int((bear <= offered).sum()), float(np.minimum(bear, offered).sum()), 0.9)
        held += low <= 60 <= high
    assert held / 300 > 0.86


def test_fewest_people_keep_the_level_and_one_fewer_does_not():
    for load in (0.1, 0.8, 2.5, 7.0, 48.0):
        n = people_needed(load, handling_seconds=180, within_seconds=20, share=0.8)
        assert waiting(n, load, handling_seconds=180, within_seconds=20).in_time >= 0.8
        assert n == 1 or waiting(n - 1, load, handling_seconds=180, within_seconds=20).in_time < 0.8
    assert people_needed(0.0, handling_seconds=180, within_seconds=20, share=0.8) == 0


def test_nobody_there_or_nobody_calling():
    assert abandoned(0, 1.0, handling_seconds=100, patience_seconds=50) == 1.0
    assert abandoned(2, 0.0, handling_seconds=100, patience_seconds=50) == 0.0
    assert waiting(2, 2.0, handling_seconds=100, within_seconds=20).in_time == 0.0
    assert patience(0, 3.0, 0.9) is None


def test_people_of_a_shift_by_half_hours():
    there = half_hours([9 * 60, 9 * 60 + 15], [10 * 60, 10 * 60], [2.0, 1.0])
    assert there[18] == pytest.approx(2.5)
    assert there[19] == pytest.approx(3.0)
    assert there.sum() == pytest.approx(5.5)
