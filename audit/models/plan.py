"""A plan: which changes to make now, which to test, which to leave, and what they bring together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audit.models.drivers import Change, alone, summary, thinned, together, unlimited

Floats = NDArray[np.float64]
Three = tuple[float, float, float]
Gain = Callable[[tuple[str, ...]], float]
GROUPS = ("do_now", "test_first", "leave")
EXACT = 12
"""Sure actions up to which every set is tried: 2^12 sets on ``SEARCHED`` draws take a second or two."""
SEARCHED = 1000
"""Draws on which sets are compared; the chosen one is then simulated on all."""


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
    ``with_room`` the gain of these and of all that would be sure if capacity were no limit. ``top_kept`` is the share of looks, each
    with what the actions rest on moved by up to a tenth, in which the three ranked first stay so.
    """

    judged: Mapping[str, Judged]
    chosen: tuple[str, ...]
    joint: Three | None
    plain: float
    with_room: Three | None
    top_kept: float

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

    def schedule(self, weeks: Mapping[str, int], *, tests: int) -> list[tuple[str, int, int, int, bool]]:
        """(key, first week, weeks of work, week in which the number is looked at, is a test).

        What is done now begins a week apart; of the tests the first ``tests`` follow two weeks apart from
        week 4, when the first of these can be looked at: a house can try only a few things at once.
        """
        now = [(key, k, False) for k, key in enumerate(self.of("do_now"))]
        later = [(key, 4 + 2 * k, True) for k, key in enumerate(self.of("test_first")[:tests])]
        return [(key, start, weeks[key], start + weeks[key] + 1, is_test) for key, start, is_test in (*now, *later)]

    def of(self, group: str) -> list[str]:
        """Keys of one group, largest gain first."""
        return [key for key, one in self.ranked() if one.group == group]


def plan(
    changes: Mapping[str, Change], grades: Mapping[str, str], free: Floats, *, level: float, seed: int = 0,
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
    hoped = sorted({*ready, *chosen})
    boundless = together([changes[key] for key in hoped], np.full_like(free, np.inf))[0] if hoped else None
    return Plan(
        judged=judged, chosen=chosen, joint=summary(joint, level)[:3] if chosen else None,
        plain=sum(facts[key][0] for key in chosen),
        with_room=summary(boundless, level)[:3] if boundless is not None else None,
        top_kept=_top_kept(judged, singles, {key: changes[key].cost for key in changes}, trusted, seed, sure, likely),
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

    Up to ``EXACT`` changes every set is tried: adding them one by one would miss sets whose members make room for
    each other. Beyond that ``_climbed``. Of equal sets the smaller one is taken.
    """
    step = max(len(free) // SEARCHED, 1)
    few, room = {key: thinned(change, step) for key, change in changes.items()}, free[::step]

    def gain(keys: tuple[str, ...]) -> float:
        return float(together([few[key] for key in keys], room)[0].mean()) if keys else 0.0

    chosen = _tried(sorted(changes), gain) if len(changes) <= EXACT else _climbed(sorted(changes), gain)
    return chosen, together([changes[key] for key in chosen], free)[0]


def _tried(keys: list[str], gain: Gain) -> tuple[str, ...]:
    chosen: tuple[str, ...] = ()
    best = 0.0
    for size in range(1, len(keys) + 1):
        for some in combinations(keys, size):
            found = gain(some)
            if _is_more(found, best):
                chosen, best = some, found
    return chosen


def _climbed(keys: list[str], gain: Gain) -> tuple[str, ...]:
    """The best of adding one, leaving one out or exchanging two, from nothing and from everything, until none gains."""
    ends = []
    for start in ((), tuple(keys)):
        chosen: tuple[str, ...] = start
        best = gain(chosen)
        while True:
            out = [key for key in keys if key not in chosen]
            near = [(*chosen, key) for key in out] + [tuple(k for k in chosen if k != key) for key in chosen]
            near += [(*(k for k in chosen if k != old), new) for old in chosen for new in out]
            found, step = max(((gain(some), some) for some in near), default=(best, chosen))
            if not _is_more(found, best):
                break
            chosen, best = step, found
        ends.append((best, chosen))
    return max(ends)[1]


def _is_more(found: float, best: float) -> bool:
    return found > best + 1e-9 * abs(best)


def _top_kept(
    judged: Mapping[str, Judged], singles: Mapping[str, Floats], costs: Mapping[str, Floats], trusted: list[str], seed: int,
    sure: float, likely: float, *, noise: float = 0.10, looks: int = 200, top: int = 3,
) -> float:
    """Share of ``looks`` that keep the first ``top`` when what each action brings and costs moves by up to ``noise``."""
    keys = list(judged)
    if not keys:
        return 1.0
    rng = np.random.default_rng([seed, 1])
    able = np.array([key in trusted and (judged[key].group == "do_now" or judged[key].chance < sure) for key in keys])
    step = max(len(singles[keys[0]]) // SEARCHED, 1)
    cost = np.array([np.broadcast_to(costs[key], len(singles[key]))[::step] for key in keys])
    brings = np.array([singles[key][::step] for key in keys]) + cost

    def first(more: Floats | float, dearer: Floats | float) -> set[int]:
        gain = brings * more - cost * dearer
        chance = (gain > 0).mean(axis=1)
        group = np.where(able & (chance >= sure), 0, np.where(chance >= likely, 1, 2))
        return set(np.lexsort((-gain.mean(axis=1), group))[:top].tolist())

    today = first(1.0, 1.0)
    moved = (rng.uniform(1 - noise, 1 + noise, (2, len(keys), 1)) for _ in range(looks))
    return float(np.mean([first(more, dearer) == today for more, dearer in moved]))
