"""Season against statsmodels and against months made alike."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.tsa.seasonal import seasonal_decompose

from audit.models.season import season


def made(seed: int, months: int = 48, strength: float = 0.0, first: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    at = np.arange(months)
    return 0.4 * 1.02**at * (1 + strength * np.cos(2 * np.pi * (at + first - 1) / 12)) * rng.lognormal(0, 0.02, months)


@pytest.mark.parametrize("first", [1, 4, 12])
def test_equals_the_decomposition_of_statsmodels(first):
    x = made(3, strength=0.2, first=first)
    found = season(x, first, level=0.9)
    theirs = seasonal_decompose(x, model="multiplicative", period=12).seasonal[:12]
    assert found.index[(first - 1 + np.arange(12)) % 12, 0] == pytest.approx(theirs, rel=1e-9)


def test_recovers_the_season_under_a_trend():
    truth = 1 + 0.2 * np.cos(2 * np.pi * np.arange(12) / 12)
    held = np.mean([
        (found.index[:, 1] <= truth) & (truth <= found.index[:, 2])
        for found in (season(made(seed, strength=0.2), 1, level=0.9) for seed in range(40))
    ])
    assert held > 0.8
    assert season(made(1, strength=0.2), 1, level=0.9).p < 1e-6


def test_months_alike_seldom_look_different():
    assert np.mean([season(made(seed), 1, level=0.9).p < 0.1 for seed in range(100)]) < 0.2


def test_too_little_history_or_a_gap_has_no_season():
    assert season(made(1, months=35), 1, level=0.9) is None
    assert season(np.r_[made(1)[:40], np.nan, made(1)[41:]], 1, level=0.9) is None
    assert season(made(1, months=36), 1, level=0.9).years == 2
