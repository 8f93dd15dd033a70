"""Repeat visits per new patient, two ways, and why they differ.

In one period repeats are divided by the new patients of the same period, though they were made by the new patients
of earlier ones: a growing clinic looks worse than its patients are, a shrinking one better. The cohort's own
number follows new patients for a year.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def carried(curve: npt.ArrayLike, new: npt.ArrayLike, start: int, stop: int) -> float:
    """Repeats that days ``start`` … ``stop`` − 1 would see if every cohort followed the ``curve``.

    ``curve`` (H,) is the mean number of repeats by each age in days (cumulative, 0 at age 0), ``new`` (D,) new
    patients by day. Repeats at ages beyond the curve are not counted.
    """
    by_age, arrivals = np.diff(np.asarray(curve, float), prepend=0.0), np.asarray(new, float)
    return float(np.convolve(arrivals, by_age)[start:stop].sum())
