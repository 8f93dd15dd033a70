"""Counterfactual: what a series would have been without a change, and the effect that follows from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.models.placebo_dates import Placebos

Floats = NDArray[np.float64]
Bounds = tuple[float, float]


@dataclass(frozen=True)
class Counterfactual:
    """Series (W,) as it was and as it would have been.

    ``weeks`` are the positions of its weeks in the input. ``without_low`` and ``without_high`` belong to the whole time after: a
    band of its sum, not of single weeks, whose errors are not independent. ``total`` is the change of the sum over the weeks after, with
    its interval.
    """

    weeks: NDArray[np.intp]
    observed: Floats
    without: Floats
    without_low: Floats
    without_high: Floats
    total: tuple[float, float, float]


@dataclass(frozen=True)
class Effect:
    """Effect of a change on the scale of the model: Δ ln(rate), Δ logit, or a difference of means.

    ``se`` is the quasi standard error, ``intervals`` the bounds by what they rest on, at ``level``; ``placebos`` the errors at
    earlier dates, where nothing happened. ``dispersion`` is Pearson's X²/df.
    """

    level: float
    effect: float
    se: float
    intervals: dict[str, Bounds]
    placebos: Placebos | None
    dispersion: float
    series: Counterfactual

    @property
    def interval(self) -> Bounds:
        """The widest of the intervals."""
        return widest(self.intervals)

    @property
    def ratio(self) -> tuple[float, float, float]:
        """Value and bounds of the ratio of rates or of odds."""
        low, high = np.exp(self.interval)
        return float(np.exp(self.effect)), float(low), float(high)


def widest(intervals: dict[str, Bounds]) -> Bounds:
    """The longest of several intervals."""
    return max(intervals.values(), key=lambda bounds: bounds[1] - bounds[0])


def counterfactual(
    weeks: NDArray[np.intp], observed: Floats, after: Floats, without: Callable[[float], Floats], *, effect: float, bounds: Bounds,
) -> Counterfactual:
    """The series without its effect; ``without(x)`` is what it would have been had the effect been x, ``after`` (W,) weighs the weeks summed."""
    value, first, second = without(effect), without(bounds[1]), without(bounds[0])
    totals = [float(((observed - path) * after).sum()) for path in (value, first, second)]
    return Counterfactual(
        weeks=weeks, observed=observed, without=value, without_low=np.minimum(first, second), without_high=np.maximum(first, second),
        total=(totals[0], min(totals), max(totals)),
    )
