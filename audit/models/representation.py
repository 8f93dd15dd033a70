"""Representation: units of each group over those expected if the whole had the mix of a reference population."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from audit.models.proportions import poisson_rate

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Representation:
    """Arrays (g,) by group: ``expected`` units, ``ratio`` observed over expected (1 = as in the reference), bounds."""

    expected: Floats
    ratio: Floats
    low: Floats
    high: Floats


def representation(*, observed: ArrayLike, reference: ArrayLike, level: float = 0.90) -> Representation:
    """O / E with E = N · reference / Σ reference and the exact Poisson interval of O (Garwood 1936).

    ``observed`` (g,) counts, ``reference`` (g,) residents; a group nobody of the reference belongs to is NaN.
    The reference is taken as known without error: for a census that is right, for a survey it is not.
    """
    seen, around = (np.asarray(part, dtype=np.float64) for part in (observed, reference))
    if seen.shape != around.shape:
        raise ValueError(f"observed has shape {seen.shape}, the reference {around.shape}")
    total = around.sum()
    expected = around / total * seen.sum() if total > 0 else np.full_like(around, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(expected > 0, seen / expected, np.nan)
    known = np.where(expected > 0, expected, 0.0)
    low, high = poisson_rate(seen, known, level)
    return Representation(expected, ratio, low, high)


def spread_years(*, age_from: ArrayLike, age_to: ArrayLike, people: ArrayLike, oldest: int = 130) -> Floats:
    """Residents of each single year of age 0 … ``oldest``: a band (both ends included) spread evenly over its years."""
    low, high = (np.asarray(part, dtype=np.int64) for part in (age_from, age_to))
    weight = np.asarray(people, dtype=np.float64) / (high - low + 1)
    step = np.zeros(oldest + 2)
    np.add.at(step, low, weight)
    np.add.at(step, np.minimum(high, oldest) + 1, -weight)
    # sums of equal steps leave 1e-12 behind the last band
    return np.where(np.cumsum(step)[:-1] > 1e-6, np.cumsum(step)[:-1], 0.0)
