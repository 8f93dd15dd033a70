"""Drift over cohorts: a planted trend is found, seasons and chance are not taken for one."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.drift import drift


def test_a_line_without_noise():
    found = drift(100 * 1.02 ** np.arange(9), np.full(9, 1.0))
    assert found.ratio == pytest.approx(1.02**8) and found.drifts and found.low < found.ratio < found.high


def test_the_planted_ratio_is_inside_the_interval():
    rng = np.random.default_rng(3)
    levels = 1000 * np.linspace(1, 1.3, 10)
    inside = 0
    for _ in range(300):
        found = drift(rng.normal(levels, 60), np.full(10, 60.0))
        inside += found.low <= 1.3 <= found.high
    assert inside / 300 == pytest.approx(0.9, abs=0.05)


def test_seasons_are_no_trend():
    rng = np.random.default_rng(5)
    seasons = 1000 + 150 * np.sin(np.arange(12) * np.pi / 2)
    called = [drift(rng.normal(seasons, 10), np.full(12, 10.0)).drifts for _ in range(200)]
    assert np.mean(called) < 0.15


@pytest.mark.parametrize("values", [[], [5.0], [5.0, 6.0], [5.0, 0.0, 7.0], [np.nan] * 5])
def test_too_little_to_tell(values):
    assert drift(values, np.ones(len(values))) is None
