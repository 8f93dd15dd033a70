"""The ladder of identification: which changes of price there were, and what can be learnt from them.

Rungs from the strongest to none: A several units changed at different times; B one did and another did not; C all
changed together; D only short promotions; E prices that followed demand; F no change. Rungs A to D and F are read
off the price paths alone, E after a fit, from what demand did before each change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]
Rung = Literal["staggered", "one_branch", "all_at_once", "promotion", "follows_demand", "constant"]
Answer = Literal["reached", "passed", "led", "none", "short", "clear"]
RUNGS: tuple[Rung, ...] = ("staggered", "one_branch", "all_at_once", "promotion", "follows_demand", "constant")

SMALLEST_CHANGE = 0.03
"""A path of ln(price) that moves less than 3 % in all says nothing about demand: rounding and mix do as much."""

PROMOTION_WEEKS = 3
"""Departures from the usual price of up to three weeks shift visits in time; they are promotions, not prices."""

LOOK_BACK = 6
"""Weeks before a price change in which demand is asked whether it led the change."""

FEWEST_LEADS = 6
"""Fewer changes cannot show that prices follow demand."""


@dataclass(frozen=True)
class PriceChange:
    """One change of one unit's price: ``unit`` and ``week`` are row and column, ``size`` is Δ ln(price).

    ``since`` is the first week in which it may have happened: earlier than ``week`` where prices in between are unknown.
    """

    unit: int
    week: int
    size: float
    since: int


@dataclass(frozen=True)
class Step:
    """One rung: how many ``changes`` in how many ``units`` speak for it, the ``largest`` as a share of the dearer price, its answer.

    ``answer`` is reached (the page stands on this rung), passed (a stronger one is used), led (there are such changes,
    but demand led them), none (no such change), short (too few changes to tell) or clear (looked for and not found).
    """

    rung: Rung
    changes: int
    units: int
    largest: float
    answer: Answer


def price_changes(log_price: Array) -> list[PriceChange]:
    """Changes of each unit's price; steps of neighbouring weeks in one direction are one change.

    ``log_price`` has shape (units, weeks), NaN where unknown; weeks without a price are passed over. A change in the
    middle of a week shows in the weekly mean as two steps, which is why neighbours are joined.
    """
    changes: list[PriceChange] = []
    for unit, path in enumerate(log_price):
        known = np.flatnonzero(np.isfinite(path))
        steps = np.diff(path[known])
        week = 0
        while week < steps.size:
            if abs(steps[week]) < 1e-9:
                week += 1
                continue
            start, size = week, steps[week]
            while week + 1 < steps.size and steps[week + 1] * size > 0:
                week += 1
                size += steps[week]
            if abs(size) >= SMALLEST_CHANGE / 2:
                changes.append(PriceChange(unit, int(known[start + 1]), float(size), int(known[start]) + 1))
            week += 1
    return changes


def own_changes(log_price: Array) -> list[PriceChange]:
    """The changes that some other unit, present in that week, did not make likewise."""
    known = np.isfinite(log_price)
    changes = price_changes(log_price)
    return [change for change in changes if _is_own(change, changes, known)]


def rung(log_price: Array) -> Rung:
    """Which variation of price there is, from the paths alone (shape (units, weeks), NaN unknown)."""
    known = np.isfinite(log_price)
    spans = [np.ptp(path[seen]) for path, seen in zip(log_price, known, strict=True) if seen.any()]
    if not spans or max(spans) < SMALLEST_CHANGE:
        return "constant"
    own = own_changes(log_price)
    if len({change.week for change in own}) >= 3 and len({change.unit for change in own}) >= 2:
        return "staggered"
    if own:
        return "one_branch"
    return "promotion" if _longest_departure(log_price) <= PROMOTION_WEEKS else "all_at_once"


def ladder(log_price: Array, reached: Rung, followed: Leads | None) -> list[Step]:
    """All rungs in order, with what was found for each; ``reached`` is the one the page stands on."""
    own, every = own_changes(log_price), price_changes(log_price)
    common = [change for change in every if change not in own]
    short = _longest_departure(log_price) <= PROMOTION_WEEKS
    found: dict[Rung, Sequence[PriceChange]] = {
        "staggered": own if len({change.unit for change in own}) >= 2 else (), "one_branch": own,
        "all_at_once": () if short else common, "promotion": common if short else (), "follows_demand": every, "constant": (),
    }
    place = RUNGS.index(reached)
    steps = []
    for number, (name, changes) in enumerate(found.items()):
        otherwise: Answer = "none" if not changes else "led" if reached == "follows_demand" else "passed"
        answer: Answer = "reached" if number == place else otherwise
        if name == "follows_demand" and number != place:
            answer = "none" if not every else "short" if followed is None or followed.changes < FEWEST_LEADS else "clear"
        sizes = [-float(np.expm1(-abs(change.size))) for change in changes]
        steps.append(Step(name, len(changes), len({change.unit for change in changes}), max(sizes, default=0.0), answer))
    return steps


def _is_own(change: PriceChange, changes: list[PriceChange], known: NDArray[np.bool_]) -> bool:
    others = set(np.flatnonzero(known[:, change.week])) - {change.unit}
    # a change that a gap in the list hides may have been that of the others
    alike = {
        other.unit for other in changes
        if other.since - 1 <= change.week and change.since - 1 <= other.week and abs(other.size - change.size) < SMALLEST_CHANGE / 2
    }
    return bool(others - alike)


def _longest_departure(log_price: Array) -> int:
    longest = 0
    for path in log_price:
        seen = path[np.isfinite(path)]
        values, times = np.unique(np.round(seen, 4), return_counts=True)
        away = np.abs(seen - values[np.argmax(times)]) > SMALLEST_CHANGE / 2 if seen.size else np.array([], bool)
        run = 0
        for is_away in away:
            run = run + 1 if is_away else 0
            longest = max(longest, run)
    return longest


@dataclass(frozen=True)
class Leads:
    """Whether demand moved before price did: ``correlation`` over ``changes`` price changes, one-sided ``p``."""

    correlation: float
    changes: int
    p: float

    @property
    def follows(self) -> bool:
        """Price was raised after demand was high, beyond chance (one-sided 2 %)."""
        return self.p < 0.02


def demand_leads(*, counts: Array, fitted: Array, log_price: Array) -> Leads:
    """Correlation of price changes with the demand left unexplained in the weeks before each of them.

    Arrays have shape (units, weeks). The residual is taken after the price effect, else the end of every
    test would look like a rise after high demand. Fewer than ``FEWEST_LEADS`` changes cannot show it: p is then 1.
    """
    pairs = []
    for change in price_changes(log_price):
        window = slice(max(change.week - LOOK_BACK, 0), change.week)
        y, mu = counts[change.unit, window], fitted[change.unit, window]
        seen = np.isfinite(y) & np.isfinite(mu)
        if mu[seen].sum() > 0:
            pairs.append((change.size, y[seen].sum() / mu[seen].sum() - 1))
    if len(pairs) < FEWEST_LEADS or min(np.ptp(part) for part in zip(*pairs, strict=True)) == 0:
        return Leads(float("nan"), len(pairs), 1.0)
    size, residual = np.array(pairs).T
    result = stats.pearsonr(size, residual, alternative="greater")
    return Leads(float(result.statistic), len(pairs), float(result.pvalue))
