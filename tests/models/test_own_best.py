"""Own best: months alike by chance have no better quarter; months that differ give back their planted quartile."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.own_best import own_best


def test_chance_alone_is_no_better_month() -> None:
    """24 months of one true share: the raw 75th percentile lies above it, the told one does not."""
    above, raw = [], []
    for seed in range(40):
        k = np.random.default_rng(seed).binomial(200, 0.5, 24)
        told = own_best(k, np.full(24, 200), fewest=30, level=0.9, seed=1)
        assert told is not None
        above.append(told[0] - 0.5)
        raw.append(np.quantile(k / 200, 0.75) - 0.5)
    assert np.mean(raw) > 0.02 and np.mean(above) < np.mean(raw) / 2


def test_planted_quartile_is_inside_its_interval() -> None:
    held = []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        truth = rng.uniform(0.4, 0.7, 24)
        told = own_best(rng.binomial(300, truth), np.full(24, 300), fewest=30, level=0.9, seed=1)
        assert told is not None
        held.append(told[1] <= np.quantile(truth, 0.75) <= told[2])
    assert np.mean(held) >= 0.85


@pytest.mark.parametrize("n", [np.full(7, 200), np.full(24, 10)])
def test_too_few_months_or_people(n: np.ndarray) -> None:
    assert own_best(n / 2, n, fewest=30, level=0.9, seed=1) is None
