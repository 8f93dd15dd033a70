"""Ratios of sums over clusters: intervals from sums of squares alone, so that the rows may stay in the engine."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Floats = NDArray[np.float64]


def ratio_of_sums(
    *, top: ArrayLike, bottom: ArrayLike, top_squares: ArrayLike, products: ArrayLike, bottom_squares: ArrayLike, clusters: ArrayLike
) -> tuple[Floats, Floats]:
    """Ratio Σt/Σb and its standard error, both (U,), by linearisation over independent clusters (Cochran 1977, eq. 6.13).

    All arguments (U,): sums over a unit's clusters of t, b, t², t·b, b², and their number. The error is NaN with fewer
    than two clusters; with b = 1 throughout the ratio is a mean.
    """
    t, b, tt, tb, bb, m = (np.asarray(x, float) for x in (top, bottom, top_squares, products, bottom_squares, clusters))
    with np.errstate(divide="ignore", invalid="ignore"):
        r = np.where(b > 0, t / b, np.nan)
        spread = np.maximum(tt - 2 * r * tb + r**2 * bb, 0.0)
        se = np.sqrt(spread * m / np.where(m > 1, m - 1, np.nan)) / b
    return r, se


def design_effect(rate: ArrayLike, se: ArrayLike, n: ArrayLike) -> float:
    """How many times the variance of the shares ``rate`` (U,) of ``n`` (U,) cases is that of independent cases; at least 1.

    Pooled over the units, in proportion to their cases (Kish 1965).
    """
    p, s, size = (np.asarray(x, float) for x in (rate, se, n))
    known = np.isfinite(s) & (p > 0) & (p < 1)
    plain = (size * p * (1 - p))[known].sum()
    return max(float((size**2 * s**2)[known].sum() / plain), 1.0) if plain > 0 else 1.0


def reach(se: ArrayLike, clusters: ArrayLike, level: float) -> Floats:
    """Half-width of the interval at ``level`` by Student's t with ``clusters`` − 1 degrees of freedom."""
    return np.asarray(stats.t.isf((1 - level) / 2, np.maximum(np.asarray(clusters, float) - 1, 1)) * np.asarray(se, float))
