"""Time to an event that some have not had yet: Kaplan–Meier and log-rank, through lifelines."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from audit.models.proportions import wilson

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from lifelines import KaplanMeierFitter
    from lifelines.statistics import logrank_test

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
    """1 − Kaplan–Meier with the log-log interval (Kalbfleisch & Prentice), through lifelines; Wilson's at 0 and 1.

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
    # log-log has no bounds where nobody or everybody had the event: those watched for so long still say how sure that is
    flat = ~((value > 0) & (value < 1)) | np.isnan(low) | np.isnan(high)
    least, most = wilson(np.clip(value, 0, 1) * count, np.maximum(count, 1), level)
    low, high = np.where(flat, np.minimum(least, value), low), np.where(flat, np.maximum(most, value), high)
    value, low, high = (np.where(known, part, np.nan) for part in (value, low, high))
    return Incidence(ends, value, low, high, count)


def groups_that_differ(
    *, duration: npt.ArrayLike, event: npt.ArrayLike, group: npt.ArrayLike, groups: int, level: float = 0.90
) -> npt.NDArray[np.bool_]:
    """Which of the ``groups`` (K,) come to the event sooner or later than the rest by more than chance.

    ``group`` (N,) are codes 0 … K − 1, the rest as in ``incidence``. Log-rank test (Mantel 1966) of each group against
    all others, false discoveries held at 1 − level (Benjamini & Hochberg 1995). A group that is all or nothing
    of the units never differs.
    """
    time, seen, code = np.asarray(duration, float), np.asarray(event, bool), np.asarray(group, np.int64)
    p = np.ones(groups)
    for k in range(groups):
        mine = code == k
        if mine.any() and not mine.all() and seen.any():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                p[k] = logrank_test(time[mine], time[~mine], seen[mine], seen[~mine]).p_value
    p = np.where(np.isfinite(p), p, 1.0)
    return stats.false_discovery_control(p, method="bh") <= 1 - level if groups else np.zeros(0, bool)
