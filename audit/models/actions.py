"""Actions: what each would add to a month's profit, alone and together, and in which order.

Every action is a ``Change`` of the driver model (audit/models/drivers.py): extra visits and operations it
needs, what one of them contributes, capacity it opens, its own cost. What is not measured is drawn
uniformly over a range given by name in the action's function; nothing here is a point guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.models.drivers import Change, alone, summary, together, uniform, unlimited

Floats = NDArray[np.float64]
Range = tuple[float, float]

DRAWS = 4000
VISITS, OPERATIONS = 0, 1
EFFORT = {"low": 0.0015, "medium": 0.005, "high": 0.015}
"""Monthly cost as a share of revenue: in a clinic of middle size one person at the desk, three, ten.
Drawn between half and one and a half times; the analysis's settings scale it."""


@dataclass(frozen=True)
class Setting:
    """What all actions share. Arrays are draws; money in currency per month.

    ``visit_worth`` and ``operation_worth`` (draws,) contribution of one more visit or operation;
    ``visits_per_first`` visits a new patient makes; ``free`` (draws, 2) visits and operations a month
    that still fit in; ``lost`` people a month who got in touch and did not come.
    """

    revenue: float
    visits: float
    operations: float
    visits_per_first: float
    visit_worth: Floats
    operation_worth: Floats
    free: Floats
    lost: float = 0.0
    cost_scale: float = 1.0

    @property
    def draws(self) -> int:
        """Number of simulated months."""
        return len(self.visit_worth)

    def change(
        self, rng: np.random.Generator, effort: str, *, visits: Floats | float = 0.0, operations: Floats | float = 0.0,
        opens_visits: Floats | float = 0.0, opens_operations: Floats | float = 0.0, extra_cost: Floats | float = 0.0,
        people: Floats | float = 0.0,
    ) -> Change:
        """A change of so many visits and operations a month; ``people`` it wins of those ``lost``."""
        worth = np.column_stack([self.visit_worth, self.operation_worth])
        cost = EFFORT[effort] * self.cost_scale * self.revenue * uniform(rng, self.draws, 0.5, 1.5)
        share = np.clip(self._full(people) / self.lost, 0.0, 1.0) if self.lost > 0 else 0.0
        return Change(
            units=np.column_stack([self._full(visits), self._full(operations)]), worth=worth,
            opens=np.column_stack([self._full(opens_visits), self._full(opens_operations)]),
            cost=cost + extra_cost, pool="lost" if self.lost > 0 and np.any(people) else "", share=share,
        )

    def _full(self, value: Floats | float) -> Floats:
        return np.broadcast_to(np.asarray(value, dtype=np.float64), (self.draws,)).astype(np.float64)


def call_back(
    setting: Setting, rng: np.random.Generator, *, missed: Floats, comes: Floats, reached: Range = (0.3, 0.7)
) -> Change:
    """``missed`` people a month nobody spoke with; those ``reached`` by a call back come like others (``comes``)."""
    people = missed * uniform(rng, setting.draws, *reached) * comes
    return setting.change(rng, "low", visits=people * setting.visits_per_first, people=people)


def script(setting: Setting, rng: np.random.Generator, *, gap: Floats, closed: Range = (0.25, 0.75)) -> Change:
    """``gap`` first visits a month lost against the own best third, of which training closes a part."""
    people = gap * uniform(rng, setting.draws, *closed)
    return setting.change(rng, "low", visits=people * setting.visits_per_first, people=np.maximum(people, 0.0))


def standard(setting: Setting, rng: np.random.Generator, *, gap: Floats, closed: Range = (0.0, 0.5)) -> Change:
    """``gap`` visits a month missing with doctors below the rest, of which an agreed standard closes a part."""
    return setting.change(rng, "medium", visits=gap * uniform(rng, setting.draws, *closed))


def recall(
    setting: Setting, rng: np.random.Generator, *, lapsed: float, months: float = 12.0, extra: Range = (0.05, 0.15),
    visits: Range = (1.0, 3.0),
) -> Change:
    """``lapsed`` patients invited over ``months``; the ``extra`` share that would not have come by itself returns."""
    back = lapsed / months * uniform(rng, setting.draws, *extra)
    return setting.change(rng, "low", visits=back * uniform(rng, setting.draws, *visits))


def shift_spend(
    setting: Setting, rng: np.random.Generator, *, moved: float, cost_from: Floats, cost_to: Floats,
    dearer: Range = (1.0, 2.0),
) -> Change:
    """``moved`` money a month from a channel to a cheaper one, whose next patients cost ``dearer`` times its average."""
    people = moved / (cost_to * uniform(rng, setting.draws, *dearer)) - moved / cost_from
    return setting.change(rng, "low", visits=people * setting.visits_per_first)


def children(setting: Setting, rng: np.random.Generator, *, missing: Floats, won: Range = (0.1, 0.4)) -> Change:
    """``missing`` children a month against the district, of whom a programme wins some."""
    people = missing * uniform(rng, setting.draws, *won)
    return setting.change(rng, "medium", visits=people * setting.visits_per_first)


def beds(setting: Setting, rng: np.random.Generator, *, more: float = 0.1, used: Range = (0.2, 1.0)) -> Change:
    """``more`` ward capacity by earlier discharge or beds, of which surgeons' lists fill a part."""
    room = more * setting.operations
    return setting.change(
        rng, "high", operations=room * uniform(rng, setting.draws, *used), opens_operations=room
    )


def evening_hours(
    setting: Setting, rng: np.random.Generator, *, added: float = 0.1, pay: float, comes: Range = (0.02, 0.1)
) -> Change:
    """``added`` room hours, paid with the same part of ``pay``; so many of the people lost come when there is a time."""
    people = setting.lost * uniform(rng, setting.draws, *comes)
    return setting.change(
        rng, "medium", visits=people * setting.visits_per_first, opens_visits=added * setting.visits,
        extra_cost=added * pay, people=people,
    )


def price_test(setting: Setting, rng: np.random.Generator, *, gain: Floats) -> Change:
    """A price for which the price section expects ``gain`` a month, in contribution."""
    return setting.change(rng, "low", extra_cost=-gain)


# ---------------------------------------------------------------- order
@dataclass(frozen=True)
class Judged:
    """One action. ``gain`` is mean, low, high of a month's profit; ``wished`` its mean were there room for all.

    ``is_limited`` when capacity binds in most draws; ``adds`` when the plan is better with it.
    """

    gain: tuple[float, float, float]
    chance: float
    wished: float
    is_limited: bool
    adds: bool
    group: str


@dataclass(frozen=True)
class Plan:
    """``judged`` by action; ``chosen`` to do now, in the order chosen; the gains of these, mean, low, high.

    ``joint`` within capacity, ``with_room`` if capacity were no limit; ``plain`` the sum of single means.
    """

    judged: Mapping[str, Judged]
    chosen: tuple[str, ...]
    joint: tuple[float, float, float] | None
    chance: float
    plain: float
    with_room: tuple[float, float, float] | None
    wished: tuple[str, ...]

    def ranked(self) -> list[tuple[str, Judged]]:
        """Actions by group, inside it by expected gain."""
        order = {"do_now": 0, "test_first": 1, "leave": 2}
        return sorted(self.judged.items(), key=lambda item: (order[item[1].group], -item[1].gain[0], item[0]))


def plan(
    changes: Mapping[str, Change], grades: Mapping[str, str], free: Floats, *, level: float,
    sure: float = 0.90, likely: float = 0.60,
) -> Plan:
    """Rank actions and choose those to do now.

    *Do now* needs a chance of a gain of ``sure``, evidence A or B, and that it adds to what is chosen
    already; *test first* a chance of ``likely``; the rest is left. Chosen greedily by what each adds to
    the joint gain within capacity, so that two actions never count the same free hour.
    """
    singles = {key: alone(change, free) for key, change in changes.items()}
    facts = {key: summary(draws, level) for key, draws in singles.items()}
    wishes = {key: unlimited(change) for key, change in changes.items()}
    able = tuple(key for key in changes if facts[key][3] >= sure and grades[key] in ("A", "B"))
    ready = tuple(key for key in changes if float((wishes[key] > 0).mean()) >= sure and grades[key] in ("A", "B"))
    chosen, gain = _greedy({key: changes[key] for key in able}, free)
    judged = {
        key: Judged(
            gain=facts[key][:3], chance=facts[key][3], wished=float(wishes[key].mean()),
            is_limited=float((wishes[key] > singles[key] + 1e-9).mean()) > 0.5, adds=key in chosen,
            group="do_now" if key in chosen else "test_first" if facts[key][3] >= likely else "leave",
        )
        for key in changes
    }
    without_limit = together([changes[key] for key in ready], np.full_like(free, np.inf))[0] if ready else None
    return Plan(
        judged=judged, chosen=chosen, joint=summary(gain, level)[:3] if chosen else None,
        chance=summary(gain, level)[3] if chosen else 0.0, plain=sum(facts[key][0] for key in chosen),
        with_room=summary(without_limit, level)[:3] if without_limit is not None else None, wished=ready,
    )


def _greedy(changes: Mapping[str, Change], free: Floats) -> tuple[tuple[str, ...], Floats]:
    chosen: tuple[str, ...] = ()
    best = np.zeros(len(free))
    while len(chosen) < len(changes):
        tried = {
            key: together([changes[name] for name in (*chosen, key)], free)[0] for key in changes if key not in chosen
        }
        key = max(tried, key=lambda name: (float(tried[name].mean()), name))
        if not tried[key].mean() > best.mean():
            break
        chosen, best = (*chosen, key), tried[key]
    return chosen, best
