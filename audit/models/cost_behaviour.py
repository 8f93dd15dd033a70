"""Cost behaviour: how much of each sale costs took with them, seen in the months themselves and not in the ledger's words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

FEWEST_MONTHS = 24
"""Months below which costs are not regressed: a dozen steps cannot tell a share from a coincidence."""

Bounds = tuple[float, float, float]
"""Value, low, high."""


@dataclass(frozen=True)
class CostBehaviour:
    """``contribution_share`` of a sale that stays, ``break_even`` revenue a month (currency), each (value, low, high).

    ``break_even`` is None where it may be that every sale loses money, or where fixed costs come out negative. ``n`` months.
    """

    contribution_share: Bounds
    break_even: Bounds | None
    n: int


def cost_behaviour(revenue: ArrayLike, costs: ArrayLike, *, recent: int = 1, level: float = 0.90) -> CostBehaviour | None:
    """Variable share v from the steps of months, ΔC_t = a + v·ΔR_t + e_t, by least squares.

    ``revenue`` and ``costs`` (n,) of months in order. Steps, not levels: a rent that jumps once while revenue grows would
    pass for a cost that moves with revenue. Standard errors allow for the dependence that differencing makes between
    neighbouring steps and no others (Hansen & Hodrick 1980, one lag) and for leverage (HC3, MacKinnon & White 1985). Break-even is
    (C̄ − v·R̄) / (1 − v) of the last ``recent`` months; its interval joins that of v with the noise of those
    months' costs (MOVER, Zou & Donner 2008). None with fewer than ``FEWEST_MONTHS`` or constant revenue.
    Not checked: that costs are booked in the month they belong to.
    """
    r, c = np.asarray(revenue, float), np.asarray(costs, float)
    dr, dc = np.diff(r), np.diff(c)
    x = dr - dr.mean() if dr.size else dr
    if len(r) < FEWEST_MONTHS or not (x**2).sum() > 1e-12 * (r**2).sum():
        return None
    v = float(x @ dc / (x @ x))
    rest = dc - dc.mean() - v * x
    leverage = 1 / len(dc) + x**2 / (x @ x)
    if leverage.max() > 1 - 1e-6:
        return None  # a single step decides, and nothing is left to judge it by
    score = x * rest / (1 - leverage)
    meat = score @ score + 2 * (score[1:] @ score[:-1])
    df = len(dc) - 2
    se = np.sqrt(max(meat, score @ score)) / (x @ x)
    reach = float(stats.t.isf((1 - level) / 2, df))
    share = (1 - v, 1 - v - reach * se, 1 - v + reach * se)
    noise = reach * np.sqrt((rest @ rest) / df / 2 / recent)
    return CostBehaviour(share, _break_even(share, float(r[-recent:].mean()), float(c[-recent:].mean()), noise), len(r))


def _break_even(share: Bounds, revenue: float, costs: float, noise: float) -> Bounds | None:
    if share[1] <= 0 or costs - (1 - share[0]) * revenue <= 0:
        return None
    value, *ends = ((costs - (1 - kept) * revenue) / kept for kept in share)
    low, high = min(*ends, value), max(*ends, value)
    own = noise / share[0]
    return value, max(value - float(np.hypot(value - low, own)), 0.0), value + float(np.hypot(high - value, own))
