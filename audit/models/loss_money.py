"""Reasons of loss as money: what the callers lost for each reason would have brought at most."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from audit.models.chain import DRAWS, value_draws

Floats = NDArray[np.float64]


def loss_money(
    counts: ArrayLike, *, lost_per_month: float, came: int, booked: int, worth: tuple[float, float, float], level: float,
    seed: int,
) -> Floats:
    """Value, low, high (R, 3) a month of callers lost for each of R reasons, had they booked and come as the others.

    ``counts`` (R,) marked losses by reason; ``came`` of ``booked`` came; ``worth`` of one first patient at
    ``level``. Shares are drawn from a Dirichlet posterior (Jeffreys), the rest from their own; marked losses
    stand for all. A ceiling: some of them would not have booked whatever was said.
    """
    k, rng = np.asarray(counts, float), np.random.default_rng(seed)
    value = lost_per_month * k / k.sum() * came / booked * worth[0]
    shares = rng.dirichlet(k + 0.5, size=DRAWS)
    shows = rng.beta(came + 0.5, booked - came + 0.5, size=DRAWS)
    drawn = lost_per_month * shares * (shows * value_draws(*worth, level=level, rng=rng))[:, None]
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return np.column_stack([value, np.minimum(low, value), np.maximum(high, value)])
