"""Occupied time: the load of a resource, the hours of the week, free time and its worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from audit.models import bootstrap
from audit.results.estimate import Estimate, Grade
from audit.tables.columns import Unit

Floats = NDArray[np.float64]
HOURS = 24


@dataclass(frozen=True)
class Range:
    """A number with its bounds; NaN bounds when there is a single unit."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class FreeTime:
    """Unused time of a resource over the whole sample, in minutes, and money in the unit given.

    ``fillable`` is what lies between use and the practical ceiling (0 if use is above it), ``hour_value``
    the money of one used hour, ``fill_value`` the money of all fillable time at that value.
    """

    free: Range
    fillable: Range
    hour_value: Range
    fill_value: Range


def told(found: Range, unit: Unit, n: int, level: float, grade: Grade = "A", per: float = 1.0) -> Estimate:
    """``found`` / ``per`` with an interval that holds it; without one (a single unit) the value alone, as thin evidence."""
    value, low, high = found.value / per, found.low / per, found.high / per
    if not (np.isfinite(low) and np.isfinite(high)):
        return Estimate(value, value, value, unit, n, level, "C")
    return Estimate(value, min(low, value), max(high, value), unit, n, level, grade)


def load(used: ArrayLike, offered: ArrayLike, *, level: float, seed: int) -> Range:
    """Used over offered time (n,) by independent unit (week or day): ratio of sums, bootstrap of units."""
    u, o = np.asarray(used, dtype=np.float64), np.asarray(offered, dtype=np.float64)
    return Range(float(u.sum() / o.sum()), *bootstrap.ratio_interval(u, o, level, seed))


def free_time(
    used: ArrayLike, offered: ArrayLike, money: ArrayLike, *, ceiling: float, level: float, seed: int
) -> FreeTime:
    """Free and fillable time and its worth; ``used``, ``offered`` (minutes) and ``money`` are (n,) by unit."""
    units = np.column_stack([np.asarray(x, dtype=np.float64) for x in (used, offered, money)])
    n = len(units)
    draws = bootstrap.block_bootstrap(units, seed=seed) if n > 1 else np.full((1, 3), np.nan)
    whole = units.sum(axis=0, keepdims=True)

    def of(of_sums: Callable[[Floats], Floats]) -> Range:
        with np.errstate(divide="ignore", invalid="ignore"):
            value, resampled = float(of_sums(whole)[0]), of_sums(draws)
        return Range(value, *(bootstrap.percentiles(resampled, level, units=n) if n > 1 else (np.nan, np.nan)))

    def fillable(s: Floats) -> Floats:
        return np.clip(ceiling * s[:, 1] - s[:, 0], 0, None)

    return FreeTime(
        free=of(lambda s: s[:, 1] - s[:, 0]),
        fillable=of(fillable),
        hour_value=of(lambda s: 60 * s[:, 2] / s[:, 0]),
        fill_value=of(lambda s: fillable(s) * s[:, 2] / s[:, 0]),
    )


def week_grid(weekday: ArrayLike, start_minute: ArrayLike, minutes: ArrayLike, weight: ArrayLike = 1.0) -> Floats:
    """Minutes in each hour of the week, (7, 24), of intervals (n,) on ``weekday`` 0 = Monday … 6."""
    grid = np.zeros((7, HOURS))
    np.add.at(grid, np.asarray(weekday, dtype=int), minutes_by_hour(start_minute, minutes, weight))
    return grid


def minutes_by_hour(start_minute: ArrayLike, minutes: ArrayLike, weight: ArrayLike = 1.0) -> Floats:
    """Occupied minutes in each hour of the day, one row per interval: (n,) → (n, 24).

    ``start_minute`` counts from midnight; an interval that runs past midnight is cut there. ``weight``
    (n,) multiplies a row, for intervals that occur several times.
    """
    start, length, times = np.broadcast_arrays(*(np.asarray(x, dtype=np.float64) for x in (start_minute, minutes, weight)))
    edge = np.arange(HOURS) * 60.0
    overlap = np.minimum((start + length)[..., None], edge + 60) - np.maximum(start[..., None], edge)
    return np.clip(overlap, 0, None) * times[..., None]


def grown(demand: ArrayLike, capacity: ArrayLike, growth: float) -> float:
    """Served when demand of every cell grows by the factor ``growth`` but no cell exceeds its capacity.

    ``demand`` and ``capacity`` have one shape (weekday × hour) and one unit; demand already above
    capacity is served as it is today.
    """
    d, c = np.asarray(demand, dtype=np.float64), np.asarray(capacity, dtype=np.float64)
    return float(np.nansum(np.minimum(d * growth, np.maximum(c, d))))


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
