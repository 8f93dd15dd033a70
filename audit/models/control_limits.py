"""Control limits of single values: how far a month strays when nothing has changed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

D2 = 1.128
"""Expected range of two normal values in standard deviations (Montgomery 2013, appendix VI)."""

FEWEST = 8
"""Values below which moving ranges do not give usable limits (Montgomery asks for 20; 8 is the least taught)."""


RUN = 8
"""Values in a row on one side of the centre that chance hardly makes (Western Electric 1956, rule 4)."""


@dataclass(frozen=True)
class Limits:
    """Centre and limits in the unit of the values; ``n`` values they rest on."""

    centre: float
    low: float
    high: float
    n: int

    def holds(self, value: float) -> bool:
        """``value`` lies inside the limits."""
        return self.low <= value <= self.high

    def signals(self, values: ArrayLike) -> NDArray[np.bool_]:
        """Which of ``values`` (k,) in order of time speak of a change: outside the limits, or the last of ``RUN`` in a row
        on one side of the centre and those that follow there (rules 1 and 4 of Western Electric 1956)."""
        x = np.asarray(values, dtype=np.float64)
        side = np.sign(np.nan_to_num(x - self.centre))
        length = np.zeros(x.size, int)
        for i in range(x.size):
            length[i] = 0 if side[i] == 0 else 1 + (length[i - 1] if i and side[i] == side[i - 1] else 0)
        return np.asarray((x < self.low) | (x > self.high) | (length >= RUN))


def individuals(values: ArrayLike) -> Limits | None:
    """Limits of an individuals (X-mR) chart: mean ± 3 · mean moving range / 1.128.

    ``values`` (n,) in order of time; missing ones are left out. None with fewer than ``FEWEST``. A step
    or trend inside ``values`` widens the limits little, so choose months before the change.
    Source: Montgomery (2013), Introduction to Statistical Quality Control, eq. 6.33.
    """
    x = np.asarray(values, dtype=np.float64)
    x = x[np.isfinite(x)]
    if x.size < FEWEST:
        return None
    reach = 3 * float(np.abs(np.diff(x)).mean()) / D2
    return Limits(float(x.mean()), float(x.mean() - reach), float(x.mean() + reach), int(x.size))


def readings(limits: Limits | None, values: ArrayLike) -> NDArray[np.object_]:
    """What each of ``values`` (k,) in order of time says against ``limits``: above or below if it signals a change, else usual.

    All unknown without limits.
    """
    x = np.asarray(values, dtype=np.float64)
    if limits is None:
        return np.full(x.size, "unknown", dtype=object)
    return np.where(limits.signals(x), np.where(x > limits.centre, "above", "below"), "usual").astype(object)
