"""Throughput: the most that several kinds of cases are worth within shared resources, and what one more unit is worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Throughput:
    """The best plan per period.

    ``cases`` (J,) by kind, ``worth`` of them together, ``used`` (R,) of each resource, ``price`` (R,) of one more unit
    of a resource (the dual: 0 where something is left over). ``binding`` is the resource whose whole capacity at
    that price is worth most, −1 when nothing limits.
    """

    cases: Floats
    worth: float
    used: Floats
    price: Floats
    binding: int


def throughput(
    need: ArrayLike, capacity: ArrayLike, worth: ArrayLike, mix: ArrayLike, *, leeway: float = 0.0
) -> Throughput | None:
    """max w·v subject to A v ≤ C and the mix of cases, by linear programming (HiGHS); None when nothing limits.

    ``need`` (R, J) units of each resource a case takes, ``capacity`` (R,) units per period (infinite for one that does
    not limit), ``worth`` (J,) of a case, not negative, ``mix`` (J,) shares of the kinds (sum 1). Each kind stays within
    (1 ± ``leeway``) times its share of all cases; 0 keeps the mix as it is, where the dual of the binding resource is
    (mean worth) / (mean need). The price holds until another resource binds.
    """
    a, c, w, s = (np.asarray(part, dtype=np.float64) for part in (need, capacity, worth, mix))
    limits = np.isfinite(c)
    if not (limits & (a @ s > 0)).any() or not w @ s > 0:
        return None
    scale = float(w.max())
    size = np.where(limits & (c > 0), c, 1.0)
    # variables: cases by kind, then their total; each kind within its band of the total
    bands = np.vstack([np.c_[np.eye(s.size), -(1 + leeway) * s], np.c_[-np.eye(s.size), (1 - leeway) * s]])
    rows = np.vstack([np.c_[a[limits] / size[limits, None], np.zeros(limits.sum())], bands])
    sides = np.r_[c[limits] / size[limits], np.zeros(len(bands))]
    total = np.r_[np.ones(s.size), -1.0][None, :]
    found = optimize.linprog(np.r_[-w / scale, 0.0], A_ub=rows, b_ub=sides, A_eq=total, b_eq=[0.0], bounds=(0, None), method="highs")
    assert found.success, "doing nothing is always possible"
    price = np.zeros(c.size)
    price[limits] = -found.ineqlin.marginals[: limits.sum()] * scale / size[limits]
    cases = found.x[:-1]
    share = np.where(limits, price * np.where(limits, c, 0.0), 0.0)
    return Throughput(cases, float(w @ cases), a @ cases, np.maximum(price, 0.0), int(share.argmax()) if share.max() > 0 else -1)
