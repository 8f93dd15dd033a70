"""Peaks: rows and columns of a grid where a share is above the rest by more than chance."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

MATERIAL = 1.25
"""A peak is at least a quarter above what it is compared with: less is not worth another shift."""


class Peak(NamedTuple):
    """Columns ``first`` … ``last`` (inclusive) of ``row``; row −1 is all rows together."""

    row: int
    first: int
    last: int


def peaks(part: ArrayLike, whole: ArrayLike, *, level: float) -> tuple[Peak, ...]:
    """Runs of columns whose share ``part / whole`` is high, over all rows and beyond that in single rows.

    ``part`` of ``whole`` are counts (rows, columns). A column is compared with the other columns, a cell
    with its column in the other rows, each by Fisher's one-sided exact test; false discoveries are held
    at 1 − ``level`` (Benjamini & Hochberg 1995) and the share must be higher by ``MATERIAL``.
    Cells are taken as independent; calls that come in bursts make peaks look surer than they are.
    """
    k, n = np.asarray(part, float), np.asarray(whole, float)
    if not k.size or not k.sum():
        return ()
    rows = np.ones((1, k.shape[1]))
    columns = _high(k.sum(axis=0)[None], n.sum(axis=0)[None], k.sum() * rows, n.sum() * rows, level)[0]
    cells = _high(k, n, k.sum(axis=0) + 0 * k, n.sum(axis=0) + 0 * n, level)
    runs = [Peak(-1, first, last) for first, last in _runs(columns)]
    runs += [Peak(row, first, last) for row in range(k.shape[0]) for first, last in _runs(cells[row])]
    return tuple(runs)


def _high(
    k: NDArray[np.float64], n: NDArray[np.float64], all_k: NDArray[np.float64], all_n: NDArray[np.float64], level: float
) -> NDArray[np.bool_]:
    """Cells above the rest of ``all_k`` of ``all_n``; the two families of tests share 1 − ``level``."""
    p = stats.hypergeom.sf(k - 1, all_n, all_k, n)
    tested = (n > 0) & (n < all_n)
    found = np.zeros(k.shape, bool)
    if tested.any():
        found[tested] = stats.false_discovery_control(p[tested], method="bh") <= (1 - level) / 2
    rest_n = np.maximum(all_n - n, 1)
    return np.asarray(found & (k * rest_n >= MATERIAL * (all_k - k) * n))


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.r_[False, flags, False].astype(int)))
    return [(int(start), int(stop) - 1) for start, stop in zip(edges[::2], edges[1::2], strict=True)]
