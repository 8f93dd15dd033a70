"""Shortfall: what units below a reachable goal lose against it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from audit.models.chain import DRAWS, value_draws

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Shortfall:
    """``goal`` (3,): value, low, high of the rate. Per unit (D, 3) and in all (3,): people and money per month.

    Units at or above the goal lose nothing; their upper bound says what they may lose after all.
    """

    goal: Floats
    people: Floats
    money: Floats
    total_people: Floats
    total_money: Floats


def shortfall(
    *, rate: ArrayLike, low: ArrayLike, high: ArrayLike, trials_per_month: ArrayLike, level: float, seed: int,
    best: float = 1 / 3, worth: tuple[float, float, float] | None = None, worth_level: float = 0.90,
    counted: ArrayLike | None = None,
) -> Shortfall:
    """Loss of D units against the rate at which the ``best`` share of them begins.

    ``rate``, ``low``, ``high`` (D,) are shrunken rates with their intervals at ``level``; using raw
    rates would count regression to the mean as loss. The goal is the (1 − ``best``) quantile of the
    rates, not the best of all, which one lucky unit sets. Posteriors are drawn as Beta distributions
    with the intervals' spread. The loss n·(goal − rate) of one unit is cut off at zero only in its
    bounds; the totals are cut off draw by draw and corrected for what that adds. ``worth`` (value, low, high)
    at ``worth_level`` turns people into money. ``counted`` (D,) says whose losses the totals hold (all).
    """
    p, lo, hi, n = (np.asarray(x, float) for x in (rate, low, high, trials_per_month))
    if not p.size or np.isnan(p).any():
        raise ValueError("every unit needs a rate")
    rng = np.random.default_rng(seed)
    sd = np.maximum((hi - lo) / (2 * stats.norm.ppf((1 + level) / 2)), 1e-9)
    mean = np.clip(p, 1e-6, 1 - 1e-6)
    strength = np.maximum(mean * (1 - mean) / sd**2 - 1, 1.0)
    drawn = rng.beta(mean * strength, (1 - mean) * strength, size=(DRAWS, p.size))
    goal, goals = float(np.quantile(p, 1 - best)), np.quantile(drawn, 1 - best, axis=1)
    gap, gaps = n * (goal - p), n * (goals[:, None] - drawn)
    value, values = (np.nan, np.full(DRAWS, np.nan)) if worth is None else (
        worth[0], value_draws(*worth, level=worth_level, rng=rng)
    )
    people, money = np.where(gap > 0, gap, 0.0), np.where(gap > 0, gap * value, 0.0 * value)
    held = np.ones(p.size, bool) if counted is None else np.asarray(counted, bool)
    total, totals = people[held].sum(), np.maximum(gaps[:, held], 0.0).sum(axis=1)
    # cutting off at zero makes every draw a loss, even of equals: what that adds on average is taken off again
    totals = totals - (totals.mean() - total)
    return Shortfall(
        goal=_three(np.array([goal]), goals[:, None], level)[0],
        people=_three(people, gaps, level),
        money=_three(money, gaps * values[:, None], level),
        total_people=_three(np.array([total]), totals[:, None], level)[0],
        total_money=_three(np.array([total * value]), (totals * values)[:, None], level)[0],
    )


def _three(value: Floats, drawn: Floats, level: float) -> Floats:
    tail = (1 - level) / 2
    if np.isnan(drawn).all():
        return np.full((value.size, 3), np.nan)
    low, high = np.quantile(drawn, [tail, 1 - tail], axis=0)
    return np.column_stack([value, np.clip(low, 0.0, value), np.maximum(high, value)])
