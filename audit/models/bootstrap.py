"""Bootstrap of sums, means and ratios over independent units (patients, weeks, days).

The unit of resampling is the independent unit: patients for money, weeks or days for load. All
functions are deterministic in their ``seed`` and return plain floats; with fewer than two units both
bounds are NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Floats = NDArray[np.float64]
CELLS = 4_000_000
"""Most resampled cells held in memory at once (32 MB)."""


def mean_interval(values: ArrayLike, level: float = 0.90, seed: int = 0, draws: int = 2000) -> tuple[float, float]:
    """Interval of the mean of ``values`` (n,), one number per independent unit; in their unit."""
    x = np.asarray(values, dtype=np.float64)
    if x.size < 2:
        return np.nan, np.nan
    return percentiles(block_bootstrap(x, seed=seed, draws=draws)[:, 0] / x.size, level, units=x.size)


def ratio_interval(
    numerator: ArrayLike, denominator: ArrayLike, level: float = 0.90, seed: int = 0, draws: int = 2000, *, block: int = 1,
) -> tuple[float, float]:
    """Interval of ``sum(numerator) / sum(denominator)``, both (n,) by independent unit, resampled together.

    When the denominator reaches zero in resamples the ratio is unbounded there: that bound is ±inf,
    to be told as “unbounded”. ``block`` > 1 resamples runs of neighbouring units (weeks in order).
    """
    top, bottom = (np.asarray(x, dtype=np.float64) for x in (numerator, denominator))
    if top.shape != bottom.shape:
        raise ValueError(f"numerator has shape {top.shape}, denominator {bottom.shape}")
    if top.size < 2:
        return np.nan, np.nan
    sums = block_bootstrap(np.column_stack([top, bottom]), seed=seed, draws=draws, block=block)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(sums[:, 1] > 0, sums[:, 0] / sums[:, 1], np.where(sums[:, 0] < 0, -np.inf, np.inf))
    return percentiles(ratios, level, units=max(2, top.size // block))


def block_bootstrap(values: ArrayLike, *, seed: int = 0, draws: int = 2000, block: int = 1) -> Floats:
    """Sums over resampled units: ``values`` (n,) or (n, k) in time order → (draws, k).

    ``block`` = 1 resamples single units (Efron 1979); more resamples circular blocks of that length
    (Politis & Romano 1992), which keeps the dependence of neighbouring weeks. Divide by n for means.
    """
    x = np.asarray(values, dtype=np.float64)
    x = x[:, None] if x.ndim == 1 else x
    n, k = x.shape
    if n == 0 or not 1 <= block <= n:
        raise ValueError(f"{n} units cannot be resampled in blocks of {block}")
    rng = np.random.default_rng(seed)
    whole, rest = divmod(n, block)
    # sum over each circular block once; a resample is then a sum of block sums
    blocks, tails = _circular_sums(x, block), _circular_sums(x, rest)
    sums = np.empty((draws, k))
    step = max(1, CELLS // (max(whole, 1) * k))
    for first in range(0, draws, step):
        size = min(step, draws - first)
        sums[first : first + size] = blocks[rng.integers(0, n, size=(size, whole), dtype=np.int32)].sum(axis=1)
        if rest:
            sums[first : first + size] += tails[rng.integers(0, n, size=size, dtype=np.int32)]
    return sums


def percentiles(draws: ArrayLike, level: float = 0.90, *, units: int | None = None) -> tuple[float, float]:
    """Percentile interval of resampled statistics ``draws`` (d,).

    With ``units`` (independent units behind them) the percentiles are spread as Student's t asks for
    small samples: the expanded percentile interval of Hesterberg (2015, eq. 8); for hundreds of units
    it is the plain one.
    """
    x = np.sort(np.asarray(draws, dtype=np.float64))
    tail = (1 - level) / 2
    if units is not None and units > 1:
        tail = float(stats.norm.cdf(np.sqrt(units / (units - 1)) * stats.t.ppf(tail, units - 1)))
    # the nearer order statistic, not an average of two: an infinite draw must not make the bound NaN
    low, high = (x[round(q * (x.size - 1))] for q in (tail, 1 - tail))
    return float(low), float(high)


def _circular_sums(x: Floats, length: int) -> Floats:
    """Row i: sum of ``length`` rows of ``x`` from i on, going round the end."""
    if length == 1:
        return x
    wrapped = np.vstack([np.zeros((1, x.shape[1])), np.cumsum(np.vstack([x, x[:length]]), axis=0)])
    return wrapped[length : length + x.shape[0]] - wrapped[: x.shape[0]]
