"""Cohort triangle: which share of each cohort came again in each period of age."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Triangle:
    """Rows K cohorts, columns P periods of age.

    ``share`` (K, P) of those watched to the end of the period, NaN where less than half of the cohort was or
    fewer than ``fewest`` were; ``complete`` (K, P): all of the cohort were watched; ``size`` (K,).
    """

    share: npt.NDArray[np.float64]
    complete: npt.NDArray[np.bool_]
    size: Ints


def cohort_triangle(
    *, cohort: npt.ArrayLike, last_age: npt.ArrayLike, owner: npt.ArrayLike, age: npt.ArrayLike, cohorts: int,
    periods: int, length: int, fewest: int = 30,
) -> Triangle:
    """Shares of units with an event in the 1st, 2nd … ``length`` days after day 0.

    ``cohort`` (N,) codes 0 … ``cohorts`` − 1 and ``last_age`` (N,) days of each unit; events (E,) by ``owner``
    and ``age`` in whole days, day 0 not counting.
    """
    group, watched = np.asarray(cohort, np.int64), np.asarray(last_age, np.int64)
    who, when = np.asarray(owner, np.int64), np.asarray(age, np.int64)
    column = (when - 1) // length
    came = np.zeros((len(group), periods), bool)
    inside = (when > 0) & (column < periods)
    came[who[inside], column[inside]] = True
    seen = watched[:, None] >= length * np.arange(1, periods + 1)
    size = np.bincount(group, minlength=cohorts)
    reached = np.array([np.bincount(group, weights=w, minlength=cohorts) for w in seen.T]).T
    returned = np.array([np.bincount(group, weights=w, minlength=cohorts) for w in (came & seen).T]).T
    known = (reached >= fewest) & (reached >= size[:, None] / 2)
    return Triangle(np.where(known, returned / np.maximum(reached, 1), np.nan), reached == size[:, None], size)
