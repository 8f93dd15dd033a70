"""Time to an event that some have not had yet: Kaplan–Meier, through lifelines."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from lifelines import KaplanMeierFitter

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Incidence:
    """Share of units with the event by each horizon, 0–1; arrays of the length of ``horizons``.

    ``watched``: units whose follow-up, event or not, reaches the horizon.
    """

    horizons: Floats
    value: Floats
    low: Floats
    high: Floats
    watched: npt.NDArray[np.int64]


def incidence(
    *, duration: npt.ArrayLike, event: npt.ArrayLike, follow_up: npt.ArrayLike, horizons: npt.ArrayLike,
    level: float = 0.90,
) -> Incidence:
    """1 − Kaplan–Meier with the log-log interval (Kalbfleisch & Prentice), through lifelines.

    ``duration`` (N,) is the time to the event or to the end of follow-up, ``event`` (N,) says which,
    ``follow_up`` (N,) how long the unit was watched regardless of the event; any one unit of time.
    Horizons beyond the longest follow-up are NaN.
    """
    time, seen = np.asarray(duration, float), np.asarray(event, bool)
    watched, ends = np.asarray(follow_up, float), np.atleast_1d(np.asarray(horizons, float))
    empty = np.full(len(ends), np.nan)
    count = np.array([(watched >= end).sum() for end in ends], np.int64)
    if not len(time):
        return Incidence(ends, empty, empty, empty, count)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = KaplanMeierFitter(alpha=1 - level).fit(time, seen)
        bounds = fit.confidence_interval_survival_function_
    place = np.searchsorted(fit.survival_function_.index.to_numpy(), ends, side="right") - 1
    curves = (fit.survival_function_.iloc[:, 0], bounds.iloc[:, 1], bounds.iloc[:, 0])
    value, low, high = (1 - curve.to_numpy()[place] for curve in curves)
    known = count > 0
    low, high = np.where(np.isnan(low), value, low), np.where(np.isnan(high), value, high)
    value, low, high = (np.where(known, part, np.nan) for part in (value, low, high))
    return Incidence(ends, value, low, high, count)
