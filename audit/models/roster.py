"""Roster: hours of the rota moved from quiet to full hours of the week, within rooms and a bound of change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize

Floats = NDArray[np.float64]
KEEP = 1e-3
"""Weight of leaving the rota as it is, in served hours: small against serving anybody, enough to move no hour for nothing."""


@dataclass(frozen=True)
class Roster:
    """Proposed staffed hours (K,) per cell, hours moved or added, and patient hours (K,) more that could be served."""

    staffed: Floats
    moved: float
    more: Floats


def propose(
    used: ArrayLike, staffed: ArrayLike, rooms: ArrayLike, hidden: ArrayLike, *, ceiling: float, most_change: float, added: float = 0.0
) -> Roster:
    """The rota with the same hours (and ``added`` ones) that serves most, by linear programming.

    Per cell of the week (K,), in hours: ``used`` by patients, ``staffed`` on the rota, open in ``rooms``, and ``hidden``
    demand that is turned away now. No cell exceeds its rooms (or what it has now, where that is more already), changes by
    more than ``most_change`` of its hours or of a tenth of its rooms, or becomes fuller than the ``ceiling`` by losing
    hours; the emptiest give first. One staffed hour more serves ``ceiling`` hours of hidden demand.
    """
    u, x, r, h = (np.asarray(part, dtype=np.float64) for part in (used, staffed, rooms, hidden))
    k = u.size
    span = most_change * np.maximum(x, 0.1 * r)
    most = np.minimum(np.maximum(r - x, 0.0), span)
    least = np.minimum(np.clip(x - u / ceiling, 0.0, None), np.minimum(span, x))
    # up, down and served per cell; served hours need staffed ones
    load = np.divide(u, x, out=np.zeros(k), where=x > 0)
    goal = np.r_[np.full(k, KEEP), KEEP * (1 + load), -np.ones(k)]
    served = np.c_[-ceiling * np.eye(k), np.zeros((k, k)), np.eye(k)]
    balance = np.r_[np.ones(k), -np.ones(k), np.zeros(k)]
    found = optimize.linprog(
        goal, A_ub=np.vstack([served, balance]), b_ub=np.r_[np.zeros(k), added], method="highs",
        bounds=[*zip(np.zeros(k), most, strict=True), *zip(np.zeros(k), least, strict=True), *zip(np.zeros(k), h, strict=True)],
    )
    assert found.success, "leaving the rota as it is is always possible"
    up, down, more = (np.where(part > 1e-9, part, 0.0) for part in np.split(found.x, 3))
    # hours nobody needs elsewhere stay where they are
    surplus = down.sum() - up.sum()
    down = down * (1 - surplus / down.sum()) if surplus > 1e-9 else down
    return Roster(x + up - down, float(up.sum()), more)
