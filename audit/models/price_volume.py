"""Price, volume, mix: what a change of revenue is made of when many things are sold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from audit.models.factors import lmdi


@dataclass(frozen=True)
class PriceVolume:
    """Parts of a change of revenue, in currency; they sum to it.

    ``volume`` more units in all, ``mix`` other things sold, ``price`` the same things at another price,
    ``other`` things whose units or money are negative or that bring money without units.
    """

    volume: float
    mix: float
    price: float
    other: float


def price_volume(
    *, units_before: ArrayLike, units_after: ArrayLike, money_before: ArrayLike, money_after: ArrayLike
) -> PriceVolume | None:
    """Split the change of Σ money by LMDI over total units × share of each thing × its price (Ang 2004).

    All arrays (things,). A thing sold in one period only keeps its price of that period, so that its
    coming or going is mix. None when nothing was sold in one of the periods.
    """
    q0, q1, v0, v1 = (np.asarray(x, dtype=np.float64) for x in (units_before, units_after, money_before, money_after))
    plain = (q0 >= 0) & (q1 >= 0) & (v0 >= 0) & (v1 >= 0) & ((q0 > 0) | (v0 == 0)) & ((q1 > 0) | (v1 == 0)) & (q0 + q1 > 0)
    total0, total1 = q0[plain].sum(), q1[plain].sum()
    if not (total0 > 0 and total1 > 0):
        return None
    q0p, q1p = q0[plain], q1[plain]
    with np.errstate(divide="ignore", invalid="ignore"):
        p0, p1 = v0[plain] / q0p, v1[plain] / q1p
    p0, p1 = np.where(q0p > 0, p0, p1), np.where(q1p > 0, p1, p0)
    whole = np.ones_like(p0)
    volume, mix, price = lmdi(
        np.column_stack([total0 * whole, q0p / total0, p0]), np.column_stack([total1 * whole, q1p / total1, p1])
    ).sum(axis=0)
    return PriceVolume(float(volume), float(mix), float(price), float((v1 - v0)[~plain].sum()))
