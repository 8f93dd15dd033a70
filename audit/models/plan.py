"""A plan: which changes to make now, which to test, which to leave, and what they bring together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audit.models.drivers import Change, alone, summary, together, unlimited

Floats = NDArray[np.float64]
Three = tuple[float, float, float]
GROUPS = ("do_now", "test_first", "leave")


@dataclass(frozen=True)
class Judged:
    """One change. ``gain`` is mean, low, high of a month's profit; ``wished`` its mean were there room for all.

    A change that opens capacity is credited with what then fits in of the others. ``is_limited`` when
    capacity binds in most draws.
    """

    gain: Three
    chance: float
    wished: float
    is_limited: bool
    group: str


@dataclass(frozen=True)
class Plan:
    """``judged`` by key; ``chosen`` to do now, largest gain first.

    ``joint`` is their gain within capacity (mean, low, high), ``plain`` the sum of their single means,
    ``with_room`` the gain of all that would be sure if capacity were no limit.
    """

    judged: Mapping[str, Judged]
    chosen: tuple[str, ...]
    joint: Three | None
    plain: float
    with_room: Three | None

    def ranked(self) -> list[tuple[str, Judged]]:
        """Changes by group, inside it by expected gain."""
        return sorted(self.judged.items(), key=lambda item: (GROUPS.index(item[1].group), -item[1].gain[0], item[0]))

    def bridge(self, today: float) -> pd.DataFrame:
        """Columns step, amount: today, each change to make now, what overlap and capacity take off, after."""
        if self.joint is None:
            return pd.DataFrame({"step": pd.Series(dtype=object), "amount": pd.Series(dtype=float)})
        steps = [("today", today), *((key, self.judged[key].gain[0]) for key in self.chosen)]
        steps += [("overlap", self.joint[0] - self.plain)] if len(self.chosen) > 1 else []
        return pd.DataFrame([*steps, ("after", today + self.joint[0])], columns=["step", "amount"])

    def schedule(self, weeks: Mapping[str, int]) -> list[tuple[str, int, int, int, bool]]:
        """(key, first week, weeks of work, week in which the number is looked at, is a test), nothing that is left.

        What is done now begins a week apart; tests follow two weeks apart from week 4, when the first
        of these can be looked at.
        """
        rows: list[tuple[str, int, int, int, bool]] = []
        for key, one in self.ranked():
            if one.group != "leave":
                is_test = one.group == "test_first"
                start = 4 + 2 * sum(row[-1] for row in rows) if is_test else len(rows)
                rows.append((key, start, weeks[key], start + weeks[key] + 1, is_test))
        return rows


def plan(
    changes: Mapping[str, Change], grades: Mapping[str, str], free: Floats, *, level: float,
    sure: float = 0.90, likely: float = 0.60,
) -> Plan:
    """Judge ``changes`` by their draws and choose those to make now.

    *Do now* needs a chance of a gain of ``sure``, evidence A or B, and a place in the set
    of sure changes with the largest joint gain within ``free`` (draws, resources), so that no two count
    the same free hour; *test first* a chance of ``likely``; the rest is left.
    """
    trusted = [key for key in changes if grades[key] in ("A", "B")]
    wishes = {key: unlimited(change) for key, change in changes.items()}
    ready = [key for key in trusted if (wishes[key] > 0).mean() >= sure]
    singles = {key: _single(key, changes, ready, free) for key in changes}
    facts = {key: summary(draws, level) for key, draws in singles.items()}
    found, joint = _best({key: changes[key] for key in trusted if facts[key][3] >= sure}, free)
    chosen = tuple(sorted(found, key=lambda key: (-facts[key][0], key)))
    judged = {
        key: Judged(
            gain=facts[key][:3], chance=facts[key][3], wished=max(float(wishes[key].mean()), facts[key][0]),
            is_limited=bool((wishes[key] > singles[key] + 1e-9 * abs(facts[key][0])).mean() > 0.5),
            group="do_now" if key in chosen else "test_first" if facts[key][3] >= likely else "leave",
        )
        for key in changes
    }
    boundless = together([changes[key] for key in ready], np.full_like(free, np.inf))[0] if ready else None
    return Plan(
        judged=judged, chosen=chosen, joint=summary(joint, level)[:3] if chosen else None,
        plain=sum(facts[key][0] for key in chosen),
        with_room=summary(boundless, level)[:3] if boundless is not None else None,
    )


def _single(key: str, changes: Mapping[str, Change], ready: list[str], free: Floats) -> Floats:
    """Gain of one change by itself, or of one that opens capacity when the sure others use it too."""
    change = changes[key]
    by_itself = alone(change, free)
    others = [changes[other] for other in ready if other != key]
    if not (change.opens > 0).any() or not others:
        return by_itself
    let_in = together([*others, change], free)[0] - together(others, free)[0]
    return let_in if let_in.mean() > by_itself.mean() else by_itself


def _best(changes: Mapping[str, Change], free: Floats) -> tuple[tuple[str, ...], Floats]:
    """Keys of the set with the largest mean joint gain, and that gain.

    Every set is tried: a catalogue has few sure actions (2^9 sets take a second), and adding them one by
    one would miss sets whose members make room for each other. Of equal sets the smaller one is taken.
    """
    chosen: tuple[str, ...] = ()
    best = np.zeros(len(free))
    for size in range(1, len(changes) + 1):
        for keys in combinations(sorted(changes), size):
            gain = together([changes[key] for key in keys], free)[0]
            if gain.mean() > best.mean() + 1e-9 * abs(best.mean()):
                chosen, best = keys, gain
    return chosen, best
