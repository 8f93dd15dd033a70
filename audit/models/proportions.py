"""Intervals of counted things: shares, their differences, shares of one whole, rates.

Every function takes numbers or arrays of one shape and returns ``(low, high)`` of that shape (floats
for scalar input). Where nothing was observed (``n`` or ``exposure`` 0) both bounds are NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Floats = NDArray[np.float64]
Bounds = tuple[Floats, Floats]


def wilson(k: ArrayLike, n: ArrayLike, level: float = 0.90) -> Bounds:
    """Wilson's score interval of the share ``k / n``.

    ``k`` successes of ``n`` independent trials, ``0 <= k <= n``. Source: Wilson (1927), the interval
    Newcombe (1998a) recommends; no continuity correction. ValueError when ``k`` lies outside 0 … n.
    """
    k, n = _floats(k, n)
    if np.any(k < 0) or np.any(k > n):
        raise ValueError("successes must lie between 0 and the number of trials")
    z = stats.norm.isf((1 - level) / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = k / n
        centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
        # at the ends the bound is 0 or 1 in exact arithmetic; rounding would leave 1e-18
        low = np.where(k == 0, 0.0, centre - half)
        high = np.where(k == n, 1.0, centre + half)
    return _bounds(np.where(n > 0, low, np.nan), np.where(n > 0, high, np.nan))


def newcombe(k1: ArrayLike, n1: ArrayLike, k2: ArrayLike, n2: ArrayLike, level: float = 0.90) -> Bounds:
    """Interval of the difference ``k1 / n1 - k2 / n2`` of two independent shares.

    Source: Newcombe (1998b), method 10: Wilson bounds of the two shares, squared and added.
    """
    k1, n1, k2, n2 = _floats(k1, n1, k2, n2)
    low1, high1 = wilson(k1, n1, level)
    low2, high2 = wilson(k2, n2, level)
    with np.errstate(divide="ignore", invalid="ignore"):
        p1, p2 = k1 / n1, k2 / n2
    low = p1 - p2 - np.hypot(p1 - low1, high2 - p2)
    high = p1 - p2 + np.hypot(high1 - p1, p2 - low2)
    return _bounds(low, high)


def stratified_difference(
    k1: ArrayLike, n1: ArrayLike, k2: ArrayLike, n2: ArrayLike, level: float = 0.90
) -> tuple[float, float, float]:
    """Difference ``k1 / n1 - k2 / n2`` within strata (n,), pooled, with its interval; NaN when no stratum has both.

    Source: Mantel–Haenszel weights n1 n2 / (n1 + n2) with the variance of Greenland & Robins (1985), which holds for
    few large and for many small strata. Comparing within strata takes out what differs between them, and nothing else.
    """
    k1, n1, k2, n2 = _floats(k1, n1, k2, n2)
    both = (n1 > 0) & (n2 > 0)
    if not both.any():
        return np.nan, np.nan, np.nan
    k1, n1, k2, n2 = (part[both] for part in (k1, n1, k2, n2))
    weight = n1 * n2 / (n1 + n2)
    value = float((weight * (k1 / n1 - k2 / n2)).sum() / weight.sum())
    spread = (k1 * (n1 - k1) * n2**3 + k2 * (n2 - k2) * n1**3) / (n1 * n2 * (n1 + n2) ** 2)
    half = float(stats.norm.isf((1 - level) / 2) * np.sqrt(spread.sum()) / weight.sum())
    return value, value - half, value + half


def poisson_rate(k: ArrayLike, exposure: ArrayLike = 1.0, level: float = 0.90) -> Bounds:
    """Exact interval of the rate ``k / exposure`` of independent events.

    ``exposure`` is in any unit of time or risk (months, expected count …), which the bounds share.
    Source: Garwood (1936), chi-square form. With ``k = 0`` the lower bound is 0.
    """
    k, exposure = _floats(k, exposure)
    if np.any(k < 0) or np.any(exposure < 0):
        raise ValueError("events and exposure cannot be negative")
    tail = (1 - level) / 2
    low = np.where(k > 0, stats.chi2.ppf(tail, 2 * np.maximum(k, 1e-300)) / 2, 0.0)
    high = stats.chi2.isf(tail, 2 * (k + 1)) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        return _bounds(*(np.where(exposure > 0, bound / exposure, np.nan) for bound in (low, high)))


def multinomial(counts: ArrayLike, level: float = 0.90) -> Bounds:
    """Simultaneous intervals of the shares of one whole; all hold together with ``level``.

    ``counts``: one dimension, how many units fall into each category. Source: Sison & Glaz (1995):
    the smallest half-width ``c`` (in units) whose rectangle has probability ``level`` under the
    multinomial, computed from truncated Poisson moments with an Edgeworth correction.
    """
    x = np.atleast_1d(np.asarray(counts, dtype=np.float64))
    n = x.sum()
    if not n > 0:
        return np.full_like(x, np.nan), np.full_like(x, np.nan)
    short, wide = 0, 1
    while wide < n and _rectangle(x, wide) < level:
        short, wide = wide, wide * 2
    while wide - short > 1:
        middle = (short + wide) // 2
        short, wide = (middle, wide) if _rectangle(x, middle) < level else (short, middle)
    below, above = _rectangle(x, wide - 1), _rectangle(x, wide)
    gamma = (level - below) / (above - below) if above > below else 0.0
    c = wide - 1
    return np.clip((x - c) / n, 0, 1), np.clip((x + c + 2 * gamma) / n, 0, 1)


def cramers_v(counts: ArrayLike) -> float:
    """Strength of association in a table of counts (rows × columns), 0 none … 1 complete.

    Empty rows and columns are left out; 0 when fewer than two of either remain. Source: Cramér (1946),
    with the bias correction of Bergsma (2013), without which small tables look associated.
    """
    x = np.asarray(counts, dtype=np.float64)
    x = x[x.sum(axis=1) > 0][:, x.sum(axis=0) > 0]
    n = x.sum()
    if min(x.shape, default=0) < 2 or n < 2:
        return 0.0
    expected = np.outer(x.sum(axis=1), x.sum(axis=0)) / n
    phi2 = ((x - expected) ** 2 / expected).sum() / n
    rows, columns = x.shape
    corrected = max(0.0, phi2 - (rows - 1) * (columns - 1) / (n - 1))
    smaller = min(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)) - 1
    return float(np.sqrt(corrected / smaller)) if smaller > 0 else 0.0


def _rectangle(x: Floats, c: int) -> float:
    """P(all counts within ``c`` of ``x``) of a multinomial with mean ``x`` (Sison & Glaz 1995, eq. 5)."""
    if c <= 0:
        return 0.0
    n, lam = x.sum(), np.maximum(x, 1e-12)
    low, high = np.maximum(x - c, 0), x + c
    inside = stats.poisson.cdf(high, lam) - stats.poisson.cdf(low - 1, lam)
    # factorial moments of a Poisson truncated to [low, high]: E[X(X-1)…] = lam^r P(low-r … high-r) / P(low … high)
    f1, f2, f3, f4 = (
        lam**r * (stats.poisson.cdf(high - r, lam) - stats.poisson.cdf(low - r - 1, lam)) / inside for r in (1, 2, 3, 4)
    )
    m1 = f1
    m2 = f2 + f1 - f1**2
    m3 = f3 + f2 * (3 - 3 * f1) + (f1 - 3 * f1**2 + 2 * f1**3)
    m4 = f4 + f3 * (6 - 4 * f1) + f2 * (7 - 12 * f1 + 6 * f1**2) + f1 - 4 * f1**2 + 6 * f1**3 - 3 * f1**4
    variance = m2.sum()
    if not variance > 0:
        return 1.0
    skewness = m3.sum() / variance**1.5
    excess = (m4 - 3 * m2**2).sum() / variance**2
    z = (n - m1.sum()) / np.sqrt(variance)
    edgeworth = 1 + skewness / 6 * (z**3 - 3 * z) + excess / 24 * (z**4 - 6 * z**2 + 3) + (
        skewness**2 / 72 * (z**6 - 15 * z**4 + 45 * z**2 - 15)
    )
    log_poisson = stats.poisson.logpmf(n, n)
    return float(np.exp(np.log(inside).sum() - log_poisson) * stats.norm.pdf(z) * edgeworth / np.sqrt(variance))


def _floats(*values: ArrayLike) -> list[Floats]:
    return list(np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in values)))


def _bounds(low: Floats, high: Floats) -> Bounds:
    """Scalars for scalar input, so that callers may hand the bounds straight to an Estimate."""
    return (low[()], high[()])
