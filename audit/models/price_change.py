"""Arithmetic of one change of price: what demand does, what an extra customer costs, when it breaks even, what inflation does."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray


def log_change(elasticity: float, price: float, reference: float) -> float:
    """Relative change of demand at ``price`` against ``reference`` under constant elasticity (0.30 = +30 %)."""
    return float(np.expm1(elasticity * np.log(price / reference)))


def cost_per_extra(elasticity: float, price: float, reference: float) -> float:
    """Price forgone on those who would have come anyway, per extra customer: N₀(P₀−P₁)/(N₁−N₀).

    In the unit of the prices; infinite when demand does not rise.
    """
    change = log_change(elasticity, price, reference)
    return (reference - price) / change if change > 0 else float("inf")


def break_even_elasticity(*, margin: float, reference: float, price: float) -> float:
    """Elasticity at which moving from ``reference`` to ``price`` leaves contribution unchanged.

    ``margin`` is contribution per customer over the whole horizon at ``reference``: a cut pays if demand
    reacts more strongly than this. Raises ValueError when the new price leaves no margin.
    """
    left = margin + price - reference
    if margin <= 0 or left <= 0:
        raise ValueError("the price leaves no margin per customer")
    return float(np.log(margin / left) / np.log(price / reference))


def price_level(inflation: Mapping[int, float], moments: ArrayLike) -> NDArray[np.float64]:
    """Level of all prices at each moment over that at the last one, shape (n,).

    ``inflation`` is the rise of prices over each calendar year as a share (December on December), none where the year
    is not given; ``moments`` (n,) are decimal years in order. Within a year prices are taken to rise evenly.
    """
    when = np.asarray(moments, dtype=np.float64)
    log_level = sum((np.log1p(rate) * np.clip(when - year, 0, 1) for year, rate in inflation.items()), np.zeros(when.shape))
    level: NDArray[np.float64] = np.exp(log_level - log_level[-1])
    return level
