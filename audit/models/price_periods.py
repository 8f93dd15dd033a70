"""Price periods: the stretches of weeks at one price, and who came at which price."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audit.models.bootstrap import mean_interval
from audit.models.proportions import wilson

Array = NDArray[np.float64]
MOST_LEVELS = 4
"""Prices compared at most: those that were asked for longest."""


@dataclass(frozen=True)
class Period:
    """Weeks ``first`` … of ``unit`` at ``price``; ``demand`` over what the fit expects at the reference price."""

    unit: int
    cells: NDArray[np.int64]
    price: float
    demand: float


def periods(*, counts: Array, price: Array, fitted: Array, elasticity: float, reference: float) -> Iterator[Period]:
    """Stretches of each unit at one price; all arrays (units, weeks).

    ``demand`` is counted over what the fit (which holds unit, week and price) would have at ``reference``, so season
    and unit are taken out and the price is left in.
    """
    for unit in range(len(price)):
        seen = np.flatnonzero(np.isfinite(fitted[unit]) & np.isfinite(price[unit]))
        moved = np.flatnonzero(np.abs(np.diff(np.log(price[unit, seen]))) > 1e-6) + 1
        for cells in np.split(seen, moved):
            usual = (fitted[unit, cells] * (reference / price[unit, cells]) ** elasticity).sum()
            if cells.size and usual > 0:
                yield Period(unit, cells, float(price[unit, cells].mean()), float(counts[unit, cells].sum() / usual))


def price_levels(price: Array, most: int | None = None) -> list[float]:
    """The prices, to the cent, that were asked for at least two unit-weeks; the ``most`` longest of them, in order."""
    level, times = np.unique(np.round(price[np.isfinite(price)], 2), return_counts=True)
    longest = np.argsort(-times, kind="stable")[:most]
    return sorted(float(level[one]) for one in longest if times[one] >= 2)


@dataclass(frozen=True)
class Tried:
    """Prices that were asked for beside today's, in today's money: ``tested`` is compared with today's, over ``unit_weeks``."""

    tested: float
    unit_weeks: int
    lowest: float
    highest: float


def tried(*, price: Array, real: Array, now: float, smallest: float) -> Tried | None:
    """The cheaper price that was asked for longest, else the dearer one, and the range of all; None if there was no other.

    ``price`` (units, weeks), ``real`` what the money of each week is worth today (weeks,); a price within ``smallest`` (in
    logs) of ``now`` is no other one. A cheaper price comes first, because it is how patients are won.
    """
    level, worth = np.round(price, 2), price * real
    found = [(float(worth[level == one].mean()), int((level == one).sum())) for one in price_levels(price)]
    away = [(one, weeks) for one, weeks in found if abs(np.log(one / now)) >= smallest]
    if not away:
        return None
    tested, weeks = max(away, key=lambda one: (one[0] < now, one[1], abs(np.log(one[0] / now))))
    at = [one for one, _ in away]
    return Tried(round(tested, 2), weeks, round(min(at), 2), round(max(at), 2))


def round_prices(low: float, high: float, now: float) -> Array:
    """At most seven prices from the lowest to the highest seen, today's among them, the others round."""
    step = (high - low) / 4
    power = 10 ** np.floor(np.log10(step))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= step * 0.999)
    inner = np.arange(np.ceil(low / step) * step, high, step)
    found: Array = np.unique(np.round(np.concatenate([[low], inner[np.abs(inner - now) > step / 3], [high], [now]]), 2))
    return found


def who_came(
    *, price: Array, once: Array, seen: Array, later: pd.Series | None, fewest: int, level: float, seed: int,
) -> list[list[float]]:
    """By price: price, unit-weeks, patients followed, share who came once with bounds, mean later money with bounds.

    ``price``, ``once`` and ``seen`` (units, weeks); ``later`` money of patients by price. Nothing is adjusted for. Money
    of fewer than ``fewest`` patients is NaN. Empty with a single price.
    """
    levels, at = price_levels(price, MOST_LEVELS), np.round(price, 2)
    unknown = (np.nan,) * 3
    rows = []
    for one in levels if len(levels) > 1 else ():
        n, k = (float(np.nansum(part[at == one])) for part in (seen, once))
        money = later[later.index == one] if later is not None else np.array([])
        share = (k / n, *wilson(k, n, level)) if n else unknown
        mean = (float(np.mean(money)), *mean_interval(money, level, seed)) if len(money) >= fewest else unknown
        rows.append([one, float((at == one).sum()), n, *(float(part) for part in (*share, *mean))])
    return rows
