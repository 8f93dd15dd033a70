"""Plan completion: how much of what was planned is done, and after which step plans are dropped.

A plan not finished yet is censored at the end of its watch, never counted as dropped.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audit.models.bootstrap import block_bootstrap, percentiles, ratio_interval
from audit.models.courses import Steps, judged_steps
from audit.models.survival import incidence

Floats = npt.NDArray[np.float64]
Three = tuple[float, float, float]
"""Value, low and high."""


@dataclass(frozen=True)
class Completion:
    """``done``: share of planned services done within the horizon, of plans watched that long; ``finished``: share of
    plans finished by then, ``begun``: with a first service within the gap (both Kaplan–Meier); each (value, low, high)
    or None. ``steps``: where plans stop. ``left`` (P,) are services not done, ``last`` (P,) the age in days of the plan at
    its last sign; ``dropped`` (P,) marks plans unfinished and silent for longer than the gap at the end of their watch.
    """

    done: Three | None
    finished: Three | None
    begun: Three | None
    steps: Steps
    dropped: npt.NDArray[np.bool_]
    left: Floats
    last: Floats


def plan_completion(
    *, owner: npt.ArrayLike, planned: npt.ArrayLike, watched: npt.ArrayLike, plan: npt.ArrayLike, age: npt.ArrayLike, done: npt.ArrayLike,
    horizon: int, gap: int, steps: int, fewest: int = 30, level: float = 0.90, seed: int = 0,
) -> Completion:
    """Plans P of patients ``owner`` (P,) with ``planned`` services (P,) and ``watched`` days (P,) since they were made.

    Events (E,): ``plan`` code, ``age`` in days since the plan, ``done`` services that day, in any order. A step is a day
    with planned services; a plan goes on if the next one comes within ``gap`` days. Plans whose planned services are all
    done are out of the count. Steps reached by fewer than ``fewest`` plans are NaN. The interval of ``done`` resamples patients.
    """
    want, seen = np.asarray(planned, float), np.asarray(watched, float)
    who, when, number = np.asarray(plan, np.int64), np.asarray(age, float), np.asarray(done, float)
    order = np.lexsort((when, who))
    who, when, number = who[order], when[order], number[order]
    reached = np.cumsum(number) - np.repeat(*_before(who, number))
    complete = reached >= want[who] - 1e-9
    finished_at = np.full(len(want), np.inf)
    np.minimum.at(finished_at, who[complete], when[complete])
    whole = finished_at <= seen
    ripe = seen >= horizon
    enough = int(ripe.sum()) >= fewest
    finished = _by_then(np.where(whole, finished_at, seen), whole, seen, horizon, fewest, level)
    began = np.full(len(want), np.inf)
    np.minimum.at(began, who, when)
    begun = _by_then(np.minimum(began, seen), began <= seen, seen, gap, fewest, level)
    early = np.bincount(who[when <= horizon], weights=number[when <= horizon], minlength=len(want))
    share = None
    if enough and want[ripe].sum() > 0:
        sums = _by_patient(np.asarray(owner)[ripe], np.minimum(early, want)[ripe], want[ripe])
        low, high = ratio_interval(sums[:, 0], sums[:, 1], level, seed)
        value = float(sums[:, 0].sum() / sums[:, 1].sum())
        share = (value, min(low, value), max(high, value)) if np.isfinite([low, high]).all() else None
    made = np.bincount(who, weights=number, minlength=len(want))
    last = np.zeros(len(want))
    np.maximum.at(last, who, when)
    left = np.maximum(want - made, 0.0)
    dropped = (left > 0) & (seen - last > gap)
    more = np.zeros(len(who), bool)
    more[:-1] = who[1:] == who[:-1]
    wait = np.where(more, np.r_[when[1:], 0.0][: len(when)] - when, seen[who] - when)
    step = np.arange(len(who)) - np.searchsorted(who, who, side="left") + 1
    open_ = ~complete
    within = more & (wait <= gap)
    found_steps = judged_steps(
        step=step[open_], goes_on=within[open_], wait=np.minimum(wait, gap)[open_],
        watched=np.where(more, gap, np.minimum(seen[who] - when, gap))[open_], gap=gap, steps=steps, fewest=fewest, level=level,
    )
    return Completion(share, finished, begun, found_steps, dropped, left, last)


def planned_money(*, owner: npt.ArrayLike, money: npt.ArrayLike, level: float = 0.90, seed: int = 0) -> Three | None:
    """Sum of ``money`` (P,) of plans with its interval, patients ``owner`` (P,) resampled; None without two of them or money."""
    sums = _by_patient(np.asarray(owner), np.nan_to_num(np.asarray(money, float)))
    if len(sums) < 2 or not sums.sum() > 0:
        return None
    low, high = percentiles(block_bootstrap(sums, seed=seed)[:, 0], level, units=len(sums))
    value = float(sums.sum())
    return value, min(low, value), max(high, value)


def _by_then(duration: Floats, event: npt.NDArray[np.bool_], seen: Floats, horizon: int, fewest: int, level: float) -> Three | None:
    """Share with the event by the horizon; None if fewer than ``fewest`` were watched to it."""
    found = incidence(duration=duration, event=event, follow_up=seen, horizons=[horizon], level=level)
    return (float(found.value[0]), float(found.low[0]), float(found.high[0])) if found.watched[0] >= fewest else None


def _by_patient(owner: npt.NDArray[np.int64], *columns: Floats) -> Floats:
    """Sums per patient (n, k), in the order of the sums: a bootstrap must not depend on how patients are numbered."""
    code = np.unique(owner, return_inverse=True)[1]
    sums: Floats = np.column_stack([np.bincount(code, weights=column) for column in columns]).astype(np.float64)
    return sums[np.lexsort(sums.T[::-1])]


def _before(who: npt.NDArray[np.int64], number: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Sum of ``number`` before each plan's first event, and the number of its events."""
    first = np.flatnonzero(np.r_[True, who[1:] != who[:-1]]) if len(who) else np.zeros(0, np.int64)
    total = np.r_[0.0, np.cumsum(number)]
    return total[first], np.diff(np.r_[first, len(who)])
