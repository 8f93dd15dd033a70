"""Own best: the level of a rate that a unit's own good months have reached already."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from audit.models.shrinkage import DRAWS, shrink_rates

GOOD = 0.75
"""A month as good as the best quarter of one's own: reached often enough not to be luck or an accident of the records."""

FEWEST_MONTHS = 8
"""A quarter of fewer is a single month."""


def own_best(passed: ArrayLike, entered: ArrayLike, *, fewest: int, level: float, seed: int) -> tuple[float, float, float] | None:
    """75th percentile (value, low, high) of the true monthly shares ``passed`` / ``entered`` (M,); None with too few months.

    Months with fewer than ``fewest`` who entered are left out. Monthly shares are first freed of chance (``shrink_rates``):
    the best quarter of months that differ by luck alone is no better than the others. Bounds by draws of each month's
    share from its posterior, as normal.
    """
    k, n = np.asarray(passed, float), np.asarray(entered, float)
    k, n = k[n >= fewest], n[n >= fewest]
    if n.size < FEWEST_MONTHS:
        return None
    months = shrink_rates(k, n, level, seed=seed)
    spread = (months.high - months.low) / (2 * stats.norm.ppf((1 + level) / 2))
    drawn = np.clip(np.random.default_rng(seed).normal(months.value, spread, size=(DRAWS, n.size)), 0, 1)
    value = float(np.quantile(months.value, GOOD))
    low, high = np.quantile(np.quantile(drawn, GOOD, axis=1), [(1 - level) / 2, (1 + level) / 2])
    return value, min(float(low), value), max(float(high), value)
