"""Waits: the middle of waiting times of which some never ended."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats


def median_wait(waits: ArrayLike, level: float) -> tuple[float, float, float]:
    """Median of ``waits`` (n,) with its interval; those that never ended (NaN) are longer than all others.

    Order statistics of the binomial (n, ½) (Conover 1999, §3.2), which suppose nothing of the distribution. inf where so
    many never ended that the median, or a bound, is not reached; NaN for fewer than six.
    """
    x = np.sort(np.where(np.isnan(np.asarray(waits, float)), np.inf, np.asarray(waits, float)))
    n = x.size
    if n < 6:
        return np.nan, np.nan, np.nan
    tail = (1 - level) / 2
    low = int(stats.binom.ppf(tail, n, 0.5))
    at = (max(low - 1, 0), min(n - low, n - 1))
    middle = x[(n - 1) // 2] if n % 2 or not np.isfinite(x[n // 2]) else (x[n // 2 - 1] + x[n // 2]) / 2
    return float(middle), float(x[at[0]]), float(x[at[1]])
