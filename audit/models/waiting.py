"""Waiting on the telephone: how many people a service level needs, who gives up, how patient callers are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from audit.models.queueing import erlang_c

Floats = NDArray[np.float64]
MOST_PEOPLE = 200
"""Nobody asks for more people at one desk; a load beyond it is a mistake in the records."""


@dataclass(frozen=True)
class Waiting:
    """Callers in a steady half-hour: share who wait at all, mean wait of all in seconds, share served in time."""

    waits: float
    mean_seconds: float
    in_time: float


def waiting(people: int, load: float, *, handling_seconds: float, within_seconds: float) -> Waiting:
    """M/M/c: callers who never give up. ``load`` = calls × handling time, in people (erlangs).

    P(wait > t) = C·exp(−(c − A)·t/h), mean wait C·h/(c − A) (Erlang 1917); nobody is served in time when
    the load is not below the people.
    """
    if load >= people:
        return Waiting(1.0, np.inf, 0.0)
    waits, spare = erlang_c(people, load), people - load
    late = waits * np.exp(-spare * within_seconds / handling_seconds)
    return Waiting(waits, waits * handling_seconds / spare, float(1 - late))


def people_needed(load: float, *, handling_seconds: float, within_seconds: float, share: float) -> int:
    """Fewest people who answer ``share`` of calls ``within_seconds`` (80/20 rule: 0.8 and 20); 0 without calls."""
    if load <= 0:
        return 0
    first = int(load) + 1
    for people in range(first, first + MOST_PEOPLE):
        if waiting(people, load, handling_seconds=handling_seconds, within_seconds=within_seconds).in_time >= share:
            return people
    return first + MOST_PEOPLE


def abandoned(people: int, load: float, *, handling_seconds: float, patience_seconds: float) -> float:
    """Share of callers who give up before anybody is free: M/M/c+M with exponential patience ("Erlang A").

    Steady state of births at the rate of calls and deaths min(k, c)/h + (k − c)⁺/patience; those who give up
    are the deaths in the queue over the births. Palm (1957); Garnett, Mandelbaum & Reiman (2002).
    """
    if load <= 0:
        return 0.0
    if people <= 0:
        return 1.0
    impatience = handling_seconds / patience_seconds
    top = int(people + 20 * np.sqrt(load + people) + 10 * load / impatience + 20)
    k = np.arange(1, min(top, 20_000) + 1)
    death = np.minimum(k, people) + np.maximum(k - people, 0) * impatience
    weight = np.concatenate([[0.0], np.cumsum(np.log(load / death))])
    state = np.exp(weight - weight.max())
    state /= state.sum()
    return float(state[1:] @ np.maximum(k - people, 0) * impatience / load)


def patience(gave_up: int, waited_seconds: float, level: float) -> tuple[float, float, float] | None:
    """Mean patience in seconds, with bounds: time waited by all callers over the number who gave up.

    Exponential patience, censored by being answered (Brown et al. 2005, §6); bounds by the chi-square of a
    censored exponential mean. None when nobody gave up or nobody waited.
    """
    if not gave_up or not waited_seconds > 0:
        return None
    tail = (1 - level) / 2
    low, high = (2 * waited_seconds / stats.chi2.ppf(q, 2 * gave_up) for q in (1 - tail, tail))
    return waited_seconds / gave_up, float(low), float(high)


def half_hours(start_minute: ArrayLike, end_minute: ArrayLike, people: ArrayLike) -> Floats:
    """People there in each half-hour of the day (48,): intervals (n,) of ``people`` by the part of it they cover."""
    edge = 30.0 * np.arange(48)
    start, end, count = (np.asarray(x, float) for x in (start_minute, end_minute, people))
    cover = np.minimum(end[:, None], edge + 30) - np.maximum(start[:, None], edge)
    return np.asarray((np.clip(cover, 0, 30) / 30 * count[:, None]).sum(axis=0))
