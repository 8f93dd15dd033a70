"""Actions: what each would ask of a month and bring to it.

Every action is a ``Change`` of the driver model (audit/models/drivers.py): extra visits and operations it
needs, what one of them contributes, capacity it opens, its own cost. What is not measured is drawn
uniformly over a range given by name in the action's function; nothing here is a point guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.models.drivers import Change, uniform

Floats = NDArray[np.float64]
Range = tuple[float, float]

DRAWS = 4000
VISITS, OPERATIONS = 0, 1
EFFORT = {"low": 0.0015, "medium": 0.005, "high": 0.01}
"""Monthly cost as a share of revenue: in a clinic of middle size one person at the desk, three, seven.
Drawn between half and one and a half times; the analysis's settings scale it."""


@dataclass(frozen=True)
class Profile:
    """How an action is followed up, as codes: the section its evidence lies in, effort, owner, weekly number, weeks of work."""

    section: str
    effort: str
    owner: str
    kpi: str
    weeks: int


CATALOGUE: Mapping[str, Profile] = {
    "call_back": Profile("funnel", "low", "desk", "answered", 4),
    "script": Profile("administrators", "low", "desk", "conversion", 6),
    "recall": Profile("clv", "low", "marketing", "returned", 8),
    "standard": Profile("doctors", "medium", "medical", "return_90", 12),
    "shift_spend": Profile("channels", "low", "marketing", "cost", 8),
    "children": Profile("profile", "medium", "medical", "children", 10),
    "evening_hours": Profile("capacity", "medium", "director", "room_load", 6),
    "beds": Profile("capacity", "high", "director", "ward_load", 12),
    "price_test": Profile("price", "low", "director", "booked", 8),
}
"""Every action weighed, in the order of a patient's way; an action's place is part of its seed."""


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
        self, rng: np.random.Generator, action: str, *, visits: Floats | float = 0.0, operations: Floats | float = 0.0,
        opens_visits: Floats | float = 0.0, opens_operations: Floats | float = 0.0, extra_cost: Floats | float = 0.0,
        people: Floats | float = 0.0,
    ) -> Change:
        """A change of so many visits and operations a month; ``people`` it wins of those ``lost``."""
        worth = np.column_stack([self.visit_worth, self.operation_worth])
        cost = EFFORT[CATALOGUE[action].effort] * self.cost_scale * self.revenue * uniform(rng, self.draws, 0.5, 1.5)
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
    return setting.change(rng, "call_back", visits=people * setting.visits_per_first, people=people)


def script(setting: Setting, rng: np.random.Generator, *, gap: Floats, closed: Range = (0.25, 0.75)) -> Change:
    """``gap`` first visits a month lost against the own best third, of which training closes a part."""
    people = gap * uniform(rng, setting.draws, *closed)
    return setting.change(rng, "script", visits=people * setting.visits_per_first, people=np.maximum(people, 0.0))


def standard(setting: Setting, rng: np.random.Generator, *, gap: Floats, closed: Range = (0.0, 1.0)) -> Change:
    """``gap`` visits a month that doctors below the rest could reach, of which an agreed standard brings a part."""
    return setting.change(rng, "standard", visits=gap * uniform(rng, setting.draws, *closed))


def recall(
    setting: Setting, rng: np.random.Generator, *, lapsed: float, months: float, extra: Range = (0.05, 0.15),
    visits: Range = (1.0, 3.0),
) -> Change:
    """``lapsed`` patients, as many as fall silent in ``months``, are invited; an ``extra`` share returns that would not have."""
    back = lapsed / months * uniform(rng, setting.draws, *extra)
    return setting.change(rng, "recall", visits=back * uniform(rng, setting.draws, *visits))


def shift_spend(
    setting: Setting, rng: np.random.Generator, *, moved: float, cost_from: Floats, cost_to: Floats,
    dearer: Range = (1.0, 2.0),
) -> Change:
    """``moved`` money a month to a cheaper channel, whose next patients cost ``dearer`` times what its last ones did."""
    people = moved / (cost_to * uniform(rng, setting.draws, *dearer)) - moved / cost_from
    return setting.change(rng, "shift_spend", visits=people * setting.visits_per_first)


def children(setting: Setting, rng: np.random.Generator, *, missing: Floats, won: Range = (0.1, 0.4)) -> Change:
    """``missing`` children a month against the district, of whom a programme wins some."""
    people = missing * uniform(rng, setting.draws, *won)
    return setting.change(rng, "children", visits=people * setting.visits_per_first)


def beds(setting: Setting, rng: np.random.Generator, *, more: float = 0.1, used: Range = (0.2, 1.0)) -> Change:
    """``more`` ward capacity by earlier discharge or beds, of which surgeons' lists fill a part."""
    room = more * setting.operations
    return setting.change(
        rng, "beds", operations=room * uniform(rng, setting.draws, *used), opens_operations=room
    )


def evening_hours(
    setting: Setting, rng: np.random.Generator, *, no_time: Floats, pay: float, added: float = 0.1, comes: Range = (0.5, 1.0)
) -> Change:
    """``added`` room hours, paid with the same part of ``pay``; of the people lost the share ``no_time`` found no hour, and
    most of them come when there is one."""
    people = setting.lost * no_time * uniform(rng, setting.draws, *comes)
    return setting.change(
        rng, "evening_hours", visits=people * setting.visits_per_first, opens_visits=added * setting.visits,
        extra_cost=added * pay, people=people,
    )


def price_test(setting: Setting, rng: np.random.Generator, *, gain: Floats) -> Change:
    """A price for which the price section expects ``gain`` a month, in contribution."""
    return setting.change(rng, "price_test", extra_cost=-gain)
