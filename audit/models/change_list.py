"""List of changes: what a clinic wrote down that it did, as changes that can be looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from audit.models.designs import Change

UNITS = ("administrator_id", "doctor_id", "channel", "branch")
"""Kinds of unit a change may name, the narrowest first: of a branch and two of its doctors the doctors count."""


@dataclass(frozen=True)
class ChangeList:
    """``changes`` in order of time and what each is measured by; ``left`` are name, day and reason of the others;
    ``repeated`` rows said the same again."""

    changes: list[Change]
    outcomes: dict[str, str]
    left: list[tuple[str, date, str]]
    repeated: int


def change_list(
    frame: pd.DataFrame, *, start: date, end: date, outcome: Callable[[str, str], str | None],
) -> ChangeList:
    """Changes of ``frame`` (event, kind, from_day, to_day, assigned and ``UNITS``) that began inside ``start`` … ``end``.

    ``outcome(event, kind)`` is what a change is measured by, None for nothing. Rows of one name and kind that were assigned by lot are
    one change, switched on and off; otherwise each row is a change, told apart by its day, and where that is the same by its kind and
    by whom it concerned. Several units are separated by commas.
    """
    every = frame.astype(object).where(frame.notna(), None)
    rows = every.drop_duplicates(["event", "kind", "from_day", *UNITS])
    parts = [
        part for (_, _, by_lot), spells in rows.groupby(["event", "kind", rows["assigned"] == "by_lot"], sort=False)
        for part in ([spells] if by_lot and len(spells) > 1 else [spells.iloc[[k]] for k in range(len(spells))])
    ]
    changes: list[Change] = []
    outcomes: dict[str, str] = {}
    left: list[tuple[str, date, str]] = []
    for part, label in zip(parts, _labels(parts), strict=True):
        first, kind = _day(part["from_day"].iloc[0]), str(part["kind"].iloc[0])
        measured, reason = outcome(str(part["event"].iloc[0]), kind), _refused(part, first, start, end)
        if reason is None and measured is not None:
            changes.append(_change(part, label, first))
            outcomes[label] = measured
        else:
            left.append((label, first, reason or ("reactivation" if kind == "reactivation" else "no_outcome")))
    changes.sort(key=lambda change: (change.start, change.name))
    return ChangeList(changes, outcomes, sorted(left, key=lambda one: (one[1], one[0])), len(frame) - len(rows))


def _labels(parts: Sequence[pd.DataFrame]) -> list[str]:
    """A name of its own for each change: the event's, with its day, kind and units as far as others share what stands before."""
    heads = [part.iloc[0] for part in parts]
    steps = [[str(row["event"]), str(_day(row["from_day"])), str(row["kind"]), ", ".join(str(row[unit]) for unit in UNITS if row[unit] is not None)] for row in heads]
    labels = [names[0] for names in steps]
    for k in range(1, len(steps[0]) if steps else 1):
        shared = Counter(labels)
        labels = [f"{label}, {names[k]}" if shared[label] > 1 and names[k] else label for label, names in zip(labels, steps, strict=True)]
    return labels


def _day(moment: object) -> date:
    day: date = pd.Timestamp(moment).date()
    return day


def _refused(part: pd.DataFrame, first: date, start: date, end: date) -> str | None:
    if any(_day(row.to_day) < _day(row.from_day) for row in part.itertuples() if row.to_day is not None):
        return "ends_before_it_starts"
    return None if start < first < end else "outside"


def _change(part: pd.DataFrame, label: str, first: date) -> Change:
    row = part.iloc[0]
    unit = next((name for name in UNITS if row[name] is not None), None)
    names = str(row[unit]).replace(";", ",").split(",") if unit else []
    spells = tuple((_day(one.from_day), _day(one.to_day)) for one in part.itertuples() if one.to_day is not None)
    by_lot = row["assigned"] == "by_lot"
    return Change(
        name=label, start=first, end=None if row["to_day"] is None else _day(row["to_day"]), unit=unit,
        units=frozenset(name.strip() for name in names if name.strip()), by_lot=by_lot, worst=row["assigned"] == "worst",
        spells=spells if by_lot and len(part) > 1 else (),
    )
