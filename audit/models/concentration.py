"""Concentration: how few bring how much."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ClassShares:
    """Classes of units: shares of units and of the amount, mean amount; arrays (K,) with bounds (K,)."""

    count: npt.NDArray[np.int64]
    unit_share: Floats
    unit_share_low: Floats
    unit_share_high: Floats
    amount_share: Floats
    amount_share_low: Floats
    amount_share_high: Floats
    mean: Floats
    mean_low: Floats
    mean_high: Floats


def lorenz(amounts: npt.ArrayLike, points: int = 101) -> tuple[Floats, Floats]:
    """Share of units (most valuable first) and their share of the amount, at ``points`` even steps 0 … 1.

    ``amounts`` (N,) ≥ 0 with a positive sum; negative ones (refunds without a sale) count as nothing.
    """
    x = np.sort(np.maximum(np.asarray(amounts, float), 0.0))[::-1]
    assert x.sum() > 0
    total = np.concatenate([[0.0], np.cumsum(x)]) / x.sum()
    shares = np.linspace(0, 1, points)
    return shares, np.interp(shares, np.arange(len(total)) / len(x), total)


def top_share(amounts: npt.ArrayLike, share: float, level: float = 0.90) -> tuple[float, float, float]:
    """Share of the amount that the top ``share`` of units bring, with its interval.

    Linearised variance of a Lorenz ordinate (Beach & Davidson 1983; influence function of Cowell &
    Victoria-Feser 2002): no resampling needed. Amounts as in ``lorenz``.
    """
    x = np.sort(np.maximum(np.asarray(amounts, float), 0.0))[::-1]
    n, mean = len(x), x.mean()
    assert mean > 0
    shares = np.concatenate([[0.0], np.cumsum(x)]) / x.sum()
    value = float(np.interp(share * n, np.arange(n + 1), shares))
    cut = x[min(int(np.ceil(share * n)), n) - 1]
    influence = (np.maximum(x - cut, 0) + share * cut - value * x) / mean
    half = stats.norm.ppf((1 + level) / 2) * influence.std() / np.sqrt(n)
    return value, max(value - half, 0.0), min(value + half, 1.0)


def class_shares(
    classes: npt.ArrayLike, amounts: npt.ArrayLike, k: int, level: float = 0.90, *, seed: int = 0, draws: int = 1000
) -> ClassShares:
    """Shares of ``k`` classes by a bootstrap of units: ``classes`` (N,) are codes 0 … k−1, ``amounts`` (N,) money.

    Resampling units is the same as drawing how many fall into each class (multinomial) and then that many of
    the class. A class without units has mean NaN. Shares of the amount are NaN when the sum is not positive.
    """
    code, amount = np.asarray(classes, np.int64), np.asarray(amounts, float)
    count = np.bincount(code, minlength=k)
    total = np.bincount(code, weights=amount, minlength=k)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(code), count / max(len(code), 1), size=draws)
    sums = np.zeros((draws, k))
    for c in np.flatnonzero(count):
        pool = np.sort(amount[code == c])  # the order of units must not reach the draws
        picks = pool[rng.integers(0, len(pool), drawn[:, c].sum())]
        ends = np.cumsum(drawn[:, c])
        running = np.concatenate([[0.0], np.cumsum(picks)])
        sums[:, c] = running[ends] - running[ends - drawn[:, c]]
    with np.errstate(all="ignore"):
        shares = np.where(sums.sum(axis=1, keepdims=True) > 0, sums / sums.sum(axis=1, keepdims=True), np.nan)
        means = np.where(drawn > 0, sums / drawn, np.nan)
        share = total / total.sum() if total.sum() > 0 else np.full(k, np.nan)
        mean = np.where(count > 0, total / count, np.nan)
    return ClassShares(
        count, count / max(len(code), 1), *_bounds(drawn / max(len(code), 1), level),
        share, *_bounds(shares, level), mean, *_bounds(means, level),
    )


def _bounds(draws: Floats, level: float) -> tuple[Floats, Floats]:
    tail = (1 - level) / 2
    with np.errstate(all="ignore"):
        known = np.isfinite(draws).any(axis=0)
        low, high = np.full((2, draws.shape[1]), np.nan)
        if known.any():
            low[known], high[known] = np.nanquantile(draws[:, known], [tail, 1 - tail], axis=0)
    return low, high
