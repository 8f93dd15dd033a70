"""Peaks are found where they were planted and nowhere else."""

from __future__ import annotations

import numpy as np

from audit.models.peaks import Peak, peaks


def test_planted_peaks_are_found() -> None:
    rng = np.random.default_rng(7)
    whole = rng.poisson(250, size=(6, 12))
    share = np.full((6, 12), 0.06)
    share[:, 9:11] = 0.16
    share[0, 1:3] = 0.16
    found = peaks(rng.binomial(whole, share), whole, level=0.95)
    assert Peak(-1, 9, 10) in found
    assert Peak(0, 1, 2) in found


def test_chance_alone_rarely_makes_a_peak() -> None:
    rng = np.random.default_rng(8)
    found = 0
    for _ in range(40):
        whole = rng.poisson(100, size=(6, 12))
        found += bool(peaks(rng.binomial(whole, 0.1), whole, level=0.90))
    assert found <= 8


def test_nothing_missed_and_empty_grid() -> None:
    assert peaks(np.zeros((2, 3)), np.ones((2, 3)), level=0.9) == ()
    assert peaks(np.zeros((0, 0)), np.zeros((0, 0)), level=0.9) == ()
