"""Budget: how one sum is best split over channels with diminishing returns, and how sure the gain is.

Water-filling: at the best split every channel not held by a bound has the same marginal return
(Koopman 1953; Boyd & Vandenberghe, Convex Optimization, ex. 5.2). With draws of the curves the mean of
the draws is maximised, and the chance says in how many of them the new split beats the old one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
STEPS = 60
"""Halvings of an interval: beyond them a double no longer changes."""


@dataclass(frozen=True)
class Split:
    """``proposed`` (channels,) in the unit of the budget; ``gain`` of it over the present split with bounds;
    ``chance`` that it is better."""

    proposed: Array
    gain: float
    low: float
    high: float
    chance: float


def water_fill(marginal: Callable[[Array], Array], *, total: float, least: Array, most: Array) -> Array:
    """The split of ``total`` with equal marginal returns within ``least`` … ``most`` (channels,).

    ``marginal`` gives each channel's return on the next unit at spends (channels,), falling in its own spend.
    ValueError when the bounds leave no room for ``total``.
    """
    if not least.sum() - 1e-9 <= total <= most.sum() + 1e-9:
        raise ValueError("the bounds do not allow this total")
    low, high = 0.0, float(np.max(marginal(least)))
    for _ in range(STEPS):
        price = (low + high) / 2
        if _wanted(marginal, price, least, most).sum() > total:
            low = price
        else:
            high = price
    dear, cheap = (_wanted(marginal, price, least, most) for price in (high, low))
    # between two prices a double apart a flat marginal may jump: go the part of the way that spends the total
    gap = cheap.sum() - dear.sum()
    return dear + (cheap - dear) * ((total - dear.sum()) / gap if gap > 0 else 0.0)


def _wanted(marginal: Callable[[Array], Array], price: float, least: Array, most: Array) -> Array:
    """Spends at which the marginal return has fallen to ``price``, held within the bounds."""
    low, high = least.copy(), most.copy()
    for _ in range(STEPS):
        middle = (low + high) / 2
        worth = marginal(middle) > price
        low, high = np.where(worth, middle, low), np.where(worth, high, middle)
    return (low + high) / 2


def reallocate(
    *, present: Array, gain: Array, share: Array, worth: Array, least: Array, most: Array, level: float,
) -> Split:
    """The best split of the present total over channels whose curves are Michaelis–Menten, known by draws.

    ``gain`` and ``share`` (draws, channels) are what a channel brings at ``present`` (channels,) and what the
    marginal unit there keeps of the average one; ``worth`` (channels,) or (draws, channels) turns it into money.
    """
    half = present * share / (1 - share)

    def money(spend: Array) -> Array:
        return np.asarray(worth * gain * spend * (present + half) / (present * (spend + half)))

    def marginal(spend: Array) -> Array:
        return np.asarray((worth * gain * half * (present + half) / (present * (spend + half) ** 2)).mean(axis=0))

    proposed = water_fill(marginal, total=float(present.sum()), least=least, most=most)
    better = (money(proposed) - money(present)).sum(axis=1)
    low, high = np.quantile(better, [(1 - level) / 2, (1 + level) / 2])
    middle = float(better.mean())
    return Split(proposed, middle, min(float(low), middle), max(float(high), middle), float((better > 0).mean()))
