"""Designs: which weeks come before and after a change, and with which other changes it cannot be told apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

TOGETHER = timedelta(days=42)
"""Changes of one outcome that begin within six weeks of each other have a joint effect only."""

SLOPE_WEEKS = 8
"""Weeks after which an earlier change that lasts has its own trend: growth after it is not read as the next change."""

FOREVER = date(9999, 1, 1)


@dataclass(frozen=True)
class Change:
    """Something the clinic did: first and last day (None: it lasts), whom it concerned (``unit`` kind and ``units``; none: all).

    ``spells`` are all its (first, last) days when it was switched on and off.
    """

    name: str
    start: date
    end: date | None = None
    unit: str | None = None
    units: frozenset[str] = frozenset()
    by_lot: bool = False
    worst: bool = False
    spells: tuple[tuple[date, date], ...] = ()

    @property
    def last(self) -> date:
        """Last day; far away if it lasts."""
        return self.end or FOREVER

    def moved_within(self, first: date, last: date) -> bool:
        """It came or went in these days; one that was on all the time moves nothing."""
        return any(first <= moment <= last for moment in (self.start, self.last))

    def concerns_some(self, unit: str, units: Iterable[str]) -> bool:
        """It concerned some of these units and was not the whole clinic's."""
        return self.unit == unit and bool(self.units & set(units))


@dataclass(frozen=True)
class Timeline:
    """Weeks (W,) of one measurement.

    ``after`` are the weeks judged and ``used`` all that take part; ``planned`` how many the calendar has for the change, whether or not
    they are recorded yet. ``others`` are columns (W, k) of earlier changes by name, ``quiet`` the weeks none of them touches.
    ``together`` names all changes that are judged as one; ``ends_at`` the day on which the judged weeks must end (another
    change begins, or this one ends), None if nothing does.
    """

    after: Flags
    used: Flags
    planned: int
    first_after: date
    together: tuple[str, ...] = ()
    ends_at: date | None = None
    others: dict[str, Floats] = field(default_factory=dict)
    quiet: Flags | None = None


def together(change: Change, others: Sequence[Change]) -> list[Change]:
    """The change and all that began within six weeks of it, or of one of these, in order of time."""
    group, rest = [change], [other for other in others if other is not change]
    while near := [other for other in rest if any(abs(other.start - one.start) <= TOGETHER for one in group)]:
        group += near
        rest = [other for other in rest if other not in near]
    return sorted(group, key=lambda one: (one.start, one.name))


def before_and_after(
    change: Change, others: Sequence[Change], weeks: Sequence[date], *, most_before: int, most_after: int,
) -> Timeline:
    """Weeks of a series that every one of ``others`` touches too: earlier ones become columns, close ones join, later ones end it."""
    group = together(change, others)
    outside = [other for other in others if other not in group]
    first, last = group[0].start, group[-1].start
    ends = [one.last for one in group if one.end is not None and one.last >= last]
    ends += [other.start - timedelta(days=1) for other in outside if other.start > last]
    after, planned, begins = _after(weeks, last, min(ends, default=None), most_after)
    monday = np.array(weeks, dtype="datetime64[D]")
    before = monday + 6 < np.datetime64(first)
    earlier = [other for other in outside if other.start < first]
    quiet = np.ones(len(weeks), bool)
    for other in earlier:
        end = max(other.start + TOGETHER, other.end or other.start)
        quiet &= (monday + 6 < np.datetime64(other.start)) | (monday > np.datetime64(end))
    return Timeline(
        after=after, used=_latest(before, most_before) | after, planned=planned, first_after=begins, quiet=quiet,
        together=tuple(one.name for one in group), ends_at=min(ends, default=None),
        others={other.name: _columns(other, monday, first) for other in earlier},
    )


def treated_and_untreated(
    change: Change, others: Sequence[Change], weeks: Sequence[date], units: Sequence[str], *, most_before: int, most_after: int,
) -> tuple[Timeline, Flags] | None:
    """Weeks and the units (U,) that take part when some did not get the change; None when no unit is left without.

    What concerned the whole clinic is common to both sides. A unit that had a change of its own in these weeks is left out; an earlier
    one of the treated shortens the time before, a later one the time after.
    """
    own = [other for other in others if other is not change and change.unit and other.concerns_some(change.unit, units)]
    same = [other for other in own if other.units & change.units]
    group = together(change, same)
    first, last = group[0].start, group[-1].start
    ends = [one.last for one in group if one.end is not None and one.last >= last]
    ends += [other.start - timedelta(days=1) for other in same if other not in group and other.start > last]
    after, planned, begins = _after(weeks, last, min(ends, default=None), most_after)
    monday = np.array(weeks, dtype="datetime64[D]")
    before = monday + 6 < np.datetime64(first)
    for other in same:
        if other not in group and other.start < first:
            over = min(other.last, first) if other.end is not None else other.start
            before &= monday > np.datetime64(over)
    used = _latest(before, most_before) | after
    touched: set[str] = set()
    if used.any():
        start, end = monday[used].min().item(), monday[used].max().item() + timedelta(days=6)
        for other in own:
            if other.start <= end and other.last >= start:
                touched |= other.units - change.units
    takes_part = np.array([unit not in touched for unit in units])
    treated = np.array([unit in change.units for unit in units])
    if not (takes_part & ~treated).any():
        return None
    if any(not (one.units <= change.units) for one in group):
        return None
    return Timeline(after, used, planned, begins, tuple(one.name for one in group), min(ends, default=None)), takes_part


def switched(change: Change, weeks: Sequence[date], *, most_before: int) -> Timeline:
    """Weeks on and off of a change that came and went by lot; weeks that are neither wholly are left out."""
    monday = np.array(weeks, dtype="datetime64[D]")
    on, some = np.zeros(len(weeks), bool), np.zeros(len(weeks), bool)
    for start, end in change.spells:
        on |= (monday >= np.datetime64(start)) & (monday + 6 <= np.datetime64(end))
        some |= (monday + 6 >= np.datetime64(start)) & (monday <= np.datetime64(end))
    over = monday <= np.datetime64(max(end for _, end in change.spells)) + 7 * 4
    used = (on | ~some) & over & (monday + 7 * most_before >= np.datetime64(change.start))
    return Timeline(on, used, int(on.sum()), change.start, (change.name,))


def _after(weeks: Sequence[date], start: date, end: date | None, most: int) -> tuple[Flags, int, date]:
    """Whole weeks from ``start`` to ``end`` (its last day), at most ``most``; how many the calendar has; the first Monday."""
    begins = start + timedelta(days=-start.weekday() % 7)
    there = most if end is None else max(min(((end - begins).days + 1) // 7, most), 0)
    stops = begins + timedelta(weeks=there)
    return np.array([begins <= week < stops for week in weeks], bool), there, begins


def _latest(weeks: Flags, most: int) -> Flags:
    """The last ``most`` of the marked weeks."""
    kept = np.zeros(weeks.size, bool)
    kept[np.flatnonzero(weeks)[-most:]] = True
    return kept


def _columns(other: Change, monday: NDArray[np.datetime64], until: date) -> Floats:
    """Share of each week in which an earlier change was on, and its own trend if it lasted long enough."""
    first = np.maximum(monday, np.datetime64(other.start))
    last = np.minimum(monday + 6, np.datetime64(other.last))
    on = np.clip((last - first).astype(float) + 1, 0, 7) / 7
    if other.end is not None or until - other.start < timedelta(weeks=SLOPE_WEEKS):
        return on[:, None]
    return np.column_stack([on, on * (monday - np.datetime64(other.start)).astype(float) / 7 / 52])
