"""The change of a number between two samples that share nobody, from the two intervals alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class IndependentChange:
    """``value`` (K,) now less then, with bounds ``low`` and ``high`` (K,) at the level of the intervals given."""

    value: Floats
    low: Floats
    high: Floats

    @property
    def half(self) -> Floats:
        """(K,) Distance from the value to the bound on the side of zero: what decides whether the change stands out."""
        return np.where(self.value >= 0, self.value - self.low, self.high - self.value)

    def widened(self, factors: ArrayLike) -> IndependentChange:
        """Both bounds moved away from the value by ``factors`` (K,)."""
        wider = np.asarray(factors, float)
        return IndependentChange(
            self.value, self.value - (self.value - self.low) * wider, self.value + (self.high - self.value) * wider
        )


def independent_change(then: ArrayLike, now: ArrayLike) -> IndependentChange:
    """``then`` and ``now`` (K, 3): value, low, high of two independent estimates at one level.

    Variance recovery (Zou & Donner 2008, Stat Med 27:1693): the distance of the lower bound is √((now − its low)² +
    (then's high − then)²), of the upper the mirror image; asymmetric intervals stay asymmetric. With symmetric normal
    intervals it is the usual √(s₁² + s₂²). It does not check independence.
    """
    a, b = np.asarray(then, float).reshape(-1, 3), np.asarray(now, float).reshape(-1, 3)
    value = b[:, 0] - a[:, 0]
    low = value - np.hypot(b[:, 0] - b[:, 1], a[:, 2] - a[:, 0])
    high = value + np.hypot(b[:, 2] - b[:, 0], a[:, 0] - a[:, 1])
    return IndependentChange(value, low, high)
