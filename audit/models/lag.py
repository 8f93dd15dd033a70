"""Lag: how much of what people will do is not seen yet, because they came too recently."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def unseen_share(lag_days: ArrayLike, lag_counts: ArrayLike, age_days: ArrayLike) -> Floats:
    """Share of the eventual events of each cohort still to come.

    ``lag_days``, ``lag_counts`` (k,): days from entering to the event, and how many events of settled
    cohorts took so long; ``age_days`` (m,): days each cohort has been watched. Returns (m,), NaN when
    no settled event is known. Assumes the lag has not changed since (reverse-time hazard estimates
    would also use unsettled cohorts; Lawless 1994).
    """
    lag, count, age = np.asarray(lag_days, float), np.asarray(lag_counts, float), np.asarray(age_days, float)
    if not count.sum():
        return np.full(age.shape, np.nan)
    order = np.argsort(lag, kind="stable")
    seen = np.concatenate([[0.0], np.cumsum(count[order])]) / count.sum()
    return np.asarray(1 - seen[np.searchsorted(lag[order], age, side="right")])
