"""Cohort triangle: by cohort and age, which share came again and how much one unit has brought."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audit.models.mean_cumulative import mean_cumulative

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Triangle:
    """Rows K cohorts, columns P periods of age.

    ``share`` (K, P) of those watched to the end of the period, NaN where less than half of the cohort was or
    fewer than ``fewest`` were; ``complete`` (K, P): all of the cohort were watched; ``begun`` (K, P): half of it were
    watched into the period, whose share may not be known yet; ``size`` (K,).
    """

    share: npt.NDArray[np.float64]
    complete: npt.NDArray[np.bool_]
    begun: npt.NDArray[np.bool_]
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
    return Triangle(
        np.where(known, returned / np.maximum(reached, 1), np.nan), reached == size[:, None],
        _begun(group, watched, length * np.arange(periods), size, fewest), size,
    )


@dataclass(frozen=True)
class ValueTriangle:
    """Mean cumulative amount per unit of each of K cohorts by P ages; all (K, P) but ``size`` (K,).

    NaN where less than half of the cohort or fewer than ``fewest`` units were watched to that age; ``complete``:
    all of the cohort were; ``begun``: half of it were watched beyond the age before. ``se`` is the robust standard error.
    """

    value: npt.NDArray[np.float64]
    se: npt.NDArray[np.float64]
    complete: npt.NDArray[np.bool_]
    begun: npt.NDArray[np.bool_]
    size: Ints


def value_triangle(
    *, cohort: npt.ArrayLike, last_age: npt.ArrayLike, owner: npt.ArrayLike, age: npt.ArrayLike, amount: npt.ArrayLike,
    cohorts: int, ages: npt.ArrayLike, fewest: int = 30,
) -> ValueTriangle:
    """Mean cumulative function of every cohort at ``ages`` (P,) days; the rest as in ``cohort_triangle``.

    Within a cohort everybody counts for as long as they were watched (``mean_cumulative``), so that its youngest
    members neither lower the level nor are left out.
    """
    group, watched = np.asarray(cohort, np.int64), np.asarray(last_age, np.int64)
    who, when, money = np.asarray(owner, np.int64), np.asarray(age, np.int64), np.asarray(amount, float)
    ends = np.asarray(ages, np.int64)
    value, se = np.full((cohorts, len(ends)), np.nan), np.full((cohorts, len(ends)), np.nan)
    size = np.bincount(group, minlength=cohorts)
    reached = np.zeros((cohorts, len(ends)), np.int64)
    place = np.zeros(len(group), np.int64)
    for k in range(cohorts):
        members = np.flatnonzero(group == k)
        place[members] = np.arange(len(members))
        mine = group[who] == k
        curve = mean_cumulative(
            owner=place[who[mine]], age=when[mine], amount=money[mine], last_age=watched[members], horizons=ends
        )
        value[k], se[k], reached[k] = curve.value, curve.se, curve.at_risk
    known = (reached >= fewest) & (reached >= size[:, None] / 2)
    return ValueTriangle(
        np.where(known, value, np.nan), np.where(known, se, np.nan), reached == size[:, None],
        _begun(group, watched, np.array([0, *ends[:-1]]), size, fewest), size,
    )


def _begun(group: Ints, watched: Ints, starts: Ints, size: Ints, fewest: int) -> npt.NDArray[np.bool_]:
    beyond = np.array([np.bincount(group, weights=watched > start, minlength=len(size)) for start in starts]).T
    return (beyond >= size[:, None] / 2) & (size >= fewest)[:, None]
