"""Loss reasons: why people were lost, from a marked sample, in money and in order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from audit.models.chain import DRAWS, value_draws

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ReasonMoney:
    """``money`` (R, 3): value, low, high lost for each reason; ``cumulative`` (R,) share of all money up to each, the
    largest first, in the order given."""

    money: Floats
    cumulative: Floats


def reason_money(counts: ArrayLike, lost: tuple[float, float, float], *, level: float, seed: int) -> ReasonMoney:
    """Split the money ``lost`` (value, low, high at ``level``) by the reasons of a marked sample, ``counts`` (R,).

    Shares are drawn from their Dirichlet posterior (Jeffreys), the money as in ``chain``, independently. Supposes that
    those who were marked are like the rest.
    """
    n = np.asarray(counts, float)
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(n + 0.5, size=DRAWS)
    drawn = shares * value_draws(*lost, level=level, rng=rng)[:, None]
    value = n / n.sum() * lost[0]
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    order = np.argsort(-value, kind="stable")
    cumulative = np.empty(n.size)
    cumulative[order] = np.cumsum(value[order]) / value.sum()
    return ReasonMoney(np.column_stack([value, np.fmin(low, value), np.fmax(high, value)]), cumulative)
