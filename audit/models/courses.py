"""Courses: sequences of treatment days, and after which of them patients stop.

A course begins with a treatment day that has none in the ``gap`` days before it and goes on as long as the
next comes within ``gap`` days. A course whose last day lies less than ``gap`` days before the end of the records
may still go on: it is censored there, not dropped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audit.models.survival import incidence

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Steps:
    """Steps 1 … K of all courses; every array (K,).

    ``reached`` courses came to the step, ``goes_on`` is the share that has a next one within the gap
    (Kaplan–Meier) with bounds, ``open`` the courses not watched long enough to know.
    ``stands_out`` marks a step after which more stop than after the other steps together, by more than chance.
    """

    reached: Ints
    goes_on: Floats
    low: Floats
    high: Floats
    open: Ints
    stands_out: npt.NDArray[np.bool_]


def course_of(owner: npt.ArrayLike, day: npt.ArrayLike, *, gap: int) -> tuple[Ints, Ints]:
    """Number of the course and of the step in it (from 1) of each treatment day, in the order given.

    ``owner`` and ``day`` (E,) are whole numbers, each pair once; courses are numbered by owner and day.
    """
    who, when = np.asarray(owner, np.int64), np.asarray(day, np.int64)
    order = np.lexsort((when, who))
    who, when = who[order], when[order]
    begins = np.ones(len(who), bool)
    begins[1:] = (who[1:] != who[:-1]) | (when[1:] - when[:-1] > gap)
    course = np.cumsum(begins) - 1
    first = np.flatnonzero(begins)
    step = np.arange(len(who)) - first[course] + 1
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return course[back], step[back]


def course_steps(
    *, owner: npt.ArrayLike, day: npt.ArrayLike, end: int, gap: int, steps: int, fewest: int = 30, level: float = 0.90
) -> Steps:
    """Where courses stop: ``owner`` and ``day`` (E,) of every treatment day before day ``end``.

    Steps reached by fewer than ``fewest`` courses are NaN. ``end`` is the first day not watched.
    """
    who, when = np.asarray(owner, np.int64), np.asarray(day, np.int64)
    course, step = course_of(who, when, gap=gap)
    order = np.lexsort((step, course))
    course, step, when = course[order], step[order], when[order]
    more = np.zeros(len(course), bool)
    more[:-1] = course[1:] == course[:-1]
    watched = end - 1 - when
    wait = np.where(more, np.r_[when[1:], 0][: len(when)] - when, watched)
    return judged_steps(step=step, goes_on=more, wait=np.minimum(wait, gap), watched=np.minimum(watched, gap), gap=gap,
                        steps=steps, fewest=fewest, level=level)


def judged_steps(
    *, step: npt.ArrayLike, goes_on: npt.ArrayLike, wait: npt.ArrayLike, watched: npt.ArrayLike, gap: int, steps: int,
    fewest: int, level: float,
) -> Steps:
    """Steps from E treatment days: number of the ``step``, whether the next came within ``gap`` days, after how many
    days (``wait``, at most ``gap``; without a next one the days ``watched``, at most ``gap``)."""
    number, more = np.asarray(step, np.int64), np.asarray(goes_on, bool)
    days, seen = np.asarray(wait, float), np.asarray(watched, float)
    nothing = np.full(steps, np.nan)
    reached, open_, ended = np.zeros(steps, np.int64), np.zeros(steps, np.int64), np.zeros(steps)
    share, low, high = nothing.copy(), nothing.copy(), nothing.copy()
    for k in range(steps):
        here = number == k + 1
        reached[k] = int(here.sum())
        open_[k] = int((here & ~more & (seen < gap)).sum())
        if reached[k] < fewest:
            continue
        found = incidence(duration=days[here], event=more[here], follow_up=seen[here], horizons=[gap], level=level)
        if np.isfinite(found.value[0]):
            share[k], low[k], high[k] = found.value[0], found.low[0], found.high[0]
            ended[k] = (1 - found.value[0]) * reached[k]
    judged = np.where(np.isfinite(share), reached, 0).astype(float)
    others = (ended.sum() - ended) / np.maximum(judged.sum() - judged, 1)
    stands_out = np.isfinite(high) & (1 - high > others) & (np.isfinite(share).sum() > 2)
    return Steps(reached, share, low, high, open_, stands_out)
