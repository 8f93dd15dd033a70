"""ABC and XYZ: which things bring most of the money, and which sell evenly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from audit.models.bootstrap import block_bootstrap, percentiles
from audit.models.control_limits import D2

Floats = NDArray[np.float64]
MOST, NEARLY = 0.80, 0.95
"""What A makes up of the whole, and A with B: custom, not law."""
CLASSES = ("A", "B", "C")
EVENNESS = ("X", "Y", "Z")


@dataclass(frozen=True)
class Abc:
    """Classes of S things, all (S,): ``letter`` A, B or C, ``share`` of the whole with bounds, ``rank`` from 1 with bounds.

    ``same`` is the share of resampled spans of months in which the thing keeps its class.
    """

    letter: NDArray[np.str_]
    share: Floats
    share_low: Floats
    share_high: Floats
    rank: NDArray[np.int_]
    rank_low: NDArray[np.int_]
    rank_high: NDArray[np.int_]
    same: Floats


def abc(
    amounts: ArrayLike, *, most: float = MOST, nearly: float = NEARLY, level: float = 0.90, seed: int = 0, draws: int = 1000
) -> Abc | None:
    """Pareto classes of ``amounts`` (months, S): A makes up the first ``most`` of the whole, B the rest of ``nearly``.

    A thing belongs to the class in which its first unit of money falls; what brings nothing or loses is C. Shares are of
    the sum of what is positive. Bounds resample months (Efron 1979), which are taken as exchangeable: a trend widens
    them. None when nothing is positive. Source of the classes: Dickie (1951); the cuts are custom, not law.
    """
    x = np.asarray(amounts, float)
    total = x.sum(axis=0)
    if not (total > 0).any():
        return None
    letters, share, rank = _classes(total[None], most, nearly)
    drawn = block_bootstrap(x, seed=seed, draws=draws) if len(x) > 1 else np.repeat(total[None], 2, axis=0)
    drawn = drawn[(drawn > 0).any(axis=1)]
    drawn_letters, drawn_share, drawn_rank = _classes(drawn, most, nearly)
    low, high = np.array([percentiles(column, level, units=max(len(x), 2)) for column in drawn_share.T]).T
    rank_low, rank_high = np.array([percentiles(column, level) for column in drawn_rank.T]).T
    value, place = share[0], rank[0]
    return Abc(
        np.array(CLASSES)[letters[0]], value, np.minimum(low, value), np.maximum(high, value), place,
        np.minimum(rank_low, place).astype(int), np.maximum(rank_high, place).astype(int), (drawn_letters == letters).mean(axis=0),
    )


def _classes(totals: Floats, most: float, nearly: float) -> tuple[NDArray[np.int_], Floats, NDArray[np.int_]]:
    """Class codes, shares and ranks (draws, S) of ``totals`` (draws, S); equal amounts keep the order of the things."""
    positive = np.maximum(totals, 0.0)
    order = np.argsort(-totals, axis=1, kind="stable")
    share = positive / positive.sum(axis=1, keepdims=True)
    sorted_share = np.take_along_axis(share, order, axis=1)
    before = np.cumsum(sorted_share, axis=1) - sorted_share
    # sums of shares reach a cut but for rounding
    code = np.where(sorted_share <= 0, 2, np.searchsorted([most - 1e-9, nearly - 1e-9], before, side="right"))
    letters, rank = np.empty_like(code), np.empty_like(code)
    np.put_along_axis(letters, order, code, axis=1)
    np.put_along_axis(rank, order, np.broadcast_to(np.arange(1, totals.shape[1] + 1), code.shape), axis=1)
    return letters, share, rank


def evenness(units: ArrayLike, month: ArrayLike, *, x: float = 0.10, y: float = 0.25, fewest: int = 12) -> tuple[Floats, NDArray[np.str_]]:
    """Coefficient of variation of monthly ``units`` (months, S) from month to month, and its letter X, Y or Z.

    The standard deviation is that of an individuals chart, mean moving range / 1.128, so that growth is not unevenness. With two
    years or more the season common to all things is taken out first (ratio to a centred yearly mean); ``month`` (months,)
    numbers months of the year. NaN and “–” with fewer than ``fewest`` months or nothing sold.
    """
    sold = np.maximum(np.asarray(units, float), 0.0)
    n, things = sold.shape
    if n < fewest:
        return np.full(things, np.nan), np.full(things, "–")
    even = sold / _season(sold.sum(axis=1), np.asarray(month, int))[:, None]
    mean = even.mean(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        cv = np.where(mean > 0, np.abs(np.diff(even, axis=0)).mean(axis=0) / D2 / mean, np.nan)
    letters = np.where(np.isfinite(cv), np.array(EVENNESS)[np.searchsorted([x, y], np.nan_to_num(cv), side="right")], "–")
    return cv, letters


def _season(whole: Floats, of_year: NDArray[np.int_]) -> Floats:
    """Seasonal index (months,) of the series ``whole``, around 1; 1 throughout with fewer than two years."""
    if len(whole) < 24:
        return np.ones(len(whole))
    weights = np.r_[0.5, np.ones(11), 0.5] / 12
    inside = slice(6, len(whole) - 6)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = whole[inside] / np.convolve(whole, weights, mode="valid")
    by_month = {m: part.mean() for m in np.unique(of_year) if np.isfinite(part := ratio[of_year[inside] == m]).all() and len(part)}
    index = np.array([by_month.get(m, 1.0) for m in of_year])
    return np.where(index > 0, index / np.mean(list(by_month.values()) or [1.0]), 1.0)
