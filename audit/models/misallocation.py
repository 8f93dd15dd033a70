"""Misallocation: how much of advertising goes past the hours that are free.

M = ½ Σ |share of spend − share of free hours| over specialties (or branches), 0 if money follows free
hours, 1 if it goes only where there are none (the index of dissimilarity, Duncan & Duncan 1955).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from audit.models.bootstrap import block_bootstrap

Array = NDArray[np.float64]
BLOCK_WEEKS = 4


@dataclass(frozen=True)
class Misallocation:
    """``index`` with bounds; shares (units,) of spend and of free hours."""

    index: float
    low: float
    high: float
    spend_share: Array
    free_share: Array


def misallocation(spend: Array, free: Array, *, level: float, seed: int) -> Misallocation | None:
    """From weekly ``spend`` and ``free`` hours, both (weeks, units); None without either or with one unit.

    The spread is that of resampled blocks of weeks. Percentiles of the resamples would not do: an index cannot
    be negative, so the resamples of a small one lie above it. Student's t for the number of blocks, within 0 … 1.
    """
    if spend.shape[1] < 2 or len(spend) < 2 * BLOCK_WEEKS or not (spend.sum() > 0 and free.sum() > 0):
        return None
    units = spend.shape[1]
    spend_share, free_share = spend.sum(axis=0) / spend.sum(), free.sum(axis=0) / free.sum()
    index = float(np.abs(spend_share - free_share).sum() / 2)
    sums = block_bootstrap(np.hstack([spend, free]), seed=seed, block=BLOCK_WEEKS)
    bought, idle = (part / np.maximum(part.sum(axis=1, keepdims=True), 1e-12) for part in (sums[:, :units], sums[:, units:]))
    blocks = len(spend) / BLOCK_WEEKS
    spread = float((np.abs(bought - idle).sum(axis=1) / 2).std()) * np.sqrt(blocks / (blocks - 1))
    reach = spread * float(stats.t.ppf(0.5 + level / 2, blocks - 1))
    return Misallocation(index, max(0.0, index - reach), min(1.0, index + reach), spend_share, free_share)
