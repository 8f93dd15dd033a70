"""Occupied time: minutes into hours of the day, nights into dates, overlapping shifts, queues, the binding limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
HOURS = 24


@dataclass(frozen=True)
class Limit:
    """The largest throughput and what binds it.

    ``most`` is in units of work per period (cases a week); ``binding`` names the resource whose
    capacity is used up first.
    """

    most: float
    binding: str


def minutes_by_hour(start_minute: ArrayLike, minutes: ArrayLike, weight: ArrayLike = 1.0) -> Floats:
    """Occupied minutes in each hour of the day, one row per interval: (n,) → (n, 24).

    ``start_minute`` counts from midnight; an interval that runs past midnight is cut there. ``weight``
    (n,) multiplies a row, for intervals that occur several times.
    """
    start, length, times = np.broadcast_arrays(*(np.asarray(x, dtype=np.float64) for x in (start_minute, minutes, weight)))
    edge = np.arange(HOURS) * 60.0
    overlap = np.minimum((start + length)[..., None], edge + 60) - np.maximum(start[..., None], edge)
    return np.clip(overlap, 0, None) * times[..., None]


def nights_by_day(start_day: ArrayLike, nights: ArrayLike, weight: ArrayLike, days: int) -> Floats:
    """Beds occupied on each of ``days`` nights, numbered from 0: stays (n,) → (days,).

    A stay from ``start_day`` occupies that night and the next ones; a fraction of a night occupies a
    fraction of a bed. Stays may begin before day 0 and end after the last; only the part inside counts.
    """
    start = np.asarray(start_day, dtype=np.float64)[:, None]
    length = np.asarray(nights, dtype=np.float64)[:, None]
    grid = np.arange(days, dtype=np.float64)[None, :]
    inside = np.clip(np.minimum(start + length, grid + 1) - np.maximum(start, grid), 0, 1)
    return np.asarray((inside * np.asarray(weight, dtype=np.float64)[:, None]).sum(axis=0))


def merged(start: ArrayLike, end: ArrayLike) -> tuple[Floats, Floats]:
    """Intervals of one person with overlaps merged: (n,) starts and ends → (m,) starts and ends, m ≤ n, in order."""
    left, right = np.asarray(start, dtype=np.float64), np.asarray(end, dtype=np.float64)
    keep = right > left
    order = np.lexsort((right[keep], left[keep]))
    left, right = left[keep][order], right[keep][order]
    if left.size == 0:
        return left, right
    reach = np.maximum.accumulate(right)
    opens = np.r_[True, left[1:] > reach[:-1]]
    return left[opens], reach[np.r_[np.flatnonzero(opens)[1:] - 1, left.size - 1]]


def limit(need: Mapping[str, float], capacity: Mapping[str, float]) -> Limit | None:
    """Largest throughput when one unit of work takes ``need`` of each resource: min over C / a.

    The single-product form of the linear programme max v subject to a v ≤ C. Resources of zero or
    unknown (NaN) need or unknown capacity do not limit; None if nothing does. Ties go to the first.
    """
    most = {
        name: capacity[name] / a for name, a in need.items()
        if name in capacity and np.isfinite(a) and a > 0 and np.isfinite(capacity[name])
    }
    if not most:
        return None
    binding = min(most, key=lambda name: most[name])
    return Limit(float(most[binding]), binding)


def grown(demand: ArrayLike, capacity: ArrayLike, growth: float) -> float:
    """Served when demand of every cell grows by the factor ``growth`` but no cell exceeds its capacity.

    ``demand`` and ``capacity`` have one shape (weekday × hour) and one unit; demand already above
    capacity is served as it is today.
    """
    d, c = np.asarray(demand, dtype=np.float64), np.asarray(capacity, dtype=np.float64)
    return float(np.nansum(np.minimum(d * growth, np.maximum(c, d))))


def erlang_b(servers: int, load: float) -> float:
    """Probability that all ``servers`` are taken and an arrival is turned away (M/M/c/c).

    ``load`` = arrivals × mean stay, in servers. Source: Erlang (1917), by the stable recursion.
    """
    if servers < 0 or load < 0:
        raise ValueError("servers and load cannot be negative")
    blocked = 1.0
    for n in range(1, servers + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked


def erlang_c(servers: int, load: float) -> float:
    """Probability that an arrival waits (M/M/c); 1 when the load is not below the servers. Source: Erlang (1917)."""
    if load >= servers:
        return 1.0
    blocked = erlang_b(servers, load)
    return blocked / (1 - load / servers * (1 - blocked))


def largest_block(mask: ArrayLike) -> tuple[int, int, int, int] | None:
    """The rectangle of most cells that are all true: (first row, first column, last row, last column), inclusive.

    ``mask`` is a small (rows, columns) grid; of equal rectangles the first from the top left wins; None if no
    cell is true.
    """
    cells = np.asarray(mask, dtype=np.int64)
    rows, columns = cells.shape
    sums = np.zeros((rows + 1, columns + 1), dtype=np.int64)
    sums[1:, 1:] = cells.cumsum(0).cumsum(1)
    best: tuple[int, int, int, int] | None = None
    most = 0
    for top in range(rows):
        for bottom in range(top, rows):
            strip = sums[bottom + 1] - sums[top]
            held = strip[None, :] - strip[:, None]
            area = (bottom - top + 1) * (np.arange(columns + 1)[None, :] - np.arange(columns + 1)[:, None])
            filled = np.where((held == area) & (area > 0), area, 0)
            size = int(filled.max())
            if size > most:
                left, right = np.unravel_index(int(filled.argmax()), filled.shape)
                most, best = size, (top, int(left), bottom, int(right) - 1)
    return best
