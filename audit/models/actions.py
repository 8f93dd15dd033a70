"""Actions: what each would ask of a month and bring to it, or why that cannot be judged.

Every action is a ``Change`` of the driver model (audit/models/drivers.py): extra visits and operations it
needs, what one of them contributes, capacity it opens, its own cost. It takes the estimates it rests on by
name; what is not measured is drawn uniformly over a range given in its signature. Nothing here is a point
guess, and nothing is judged without its estimates: then the key of a reason comes back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.random import Generator
from numpy.typing import NDArray

from audit.models.drivers import Change, spread, uniform
from audit.results import Estimate, Grade

Floats = NDArray[np.float64]
Range = tuple[float, float]
Judgement = tuple[Change, Grade] | str
"""The change an action makes and how good its evidence is, or the key of the reason why it is not judged."""

DRAWS = 4000
MONTH = 30.4375
"""Days."""
NOT_NEEDED = "not_needed"
EFFORT = {"low": 0.0015, "medium": 0.005, "high": 0.01}
"""Monthly cost as a share of revenue: in a clinic of middle size one person at the desk, three, seven.
Drawn between half and one and a half times; the analysis's settings scale it."""


@dataclass(frozen=True)
class Profile:
    """How an action is followed up, as codes: section of its evidence, effort, owner, weekly number, weeks of work."""

    section: str
    effort: str
    owner: str
    kpi: str
    weeks: int


CATALOGUE: Mapping[str, Profile] = {
    "call_back": Profile("funnel", "low", "desk", "answered", 4),
    "script": Profile("administrators", "low", "desk", "conversion", 6),
    "recall": Profile("recall", "low", "marketing", "returned", 8),
    "standard": Profile("doctors", "medium", "medical", "return_90", 12),
    "shift_spend": Profile("channels", "low", "marketing", "cost", 8),
    "children": Profile("profile", "medium", "medical", "children", 10),
    "evening_hours": Profile("capacity", "medium", "director", "room_load", 6),
    "beds": Profile("capacity", "high", "director", "ward_load", 12),
    "price_test": Profile("price", "low", "director", "booked", 8),
}
"""Every action weighed, in the order of a patient's way; its place is part of its seed."""


@dataclass(frozen=True)
class Setting:
    """What all actions share. Arrays are draws; money in currency per month.

    ``visit_worth`` and ``operation_worth`` (draws,) contribution of one more visit or operation;
    ``visits_per_first`` visits and ``operations_per_first`` operations a new patient has; ``free`` (draws, 2) visits and operations a month
    that still fit in; ``lost`` people a month who got in touch and did not come; ``conversion`` the share
    of those spoken with who came, ``spoken`` how many that were; ``crowded`` the load from which opening
    capacity is weighed.
    """

    revenue: float
    visits: float
    operations: float
    visits_per_first: float
    visit_worth: Floats
    operation_worth: Floats
    free: Floats
    lost: float = 0.0
    conversion: float = np.nan
    spoken: float = 0.0
    cost_scale: float = 1.0
    crowded: float = 0.85
    operations_per_first: float = 0.0

    def change(
        self, rng: Generator, action: str, *, patients: Floats | float = 0.0, visits: Floats | float = 0.0,
        operations: Floats | float = 0.0,
        opens_visits: float = 0.0, opens_operations: float = 0.0, extra_cost: Floats | float = 0.0,
        people: Floats | float = 0.0,
    ) -> Change:
        """A change of so many new patients, further visits and operations a month; ``people`` it wins of those ``lost``."""
        visits, operations = visits + patients * self.visits_per_first, operations + patients * self.operations_per_first
        cost = EFFORT[CATALOGUE[action].effort] * self.cost_scale * self.revenue * uniform(rng, DRAWS, 0.5, 1.5)
        wins = self.lost > 0 and bool(np.any(people))
        return Change(
            units=_columns(visits, operations), worth=_columns(self.visit_worth, self.operation_worth),
            opens=_columns(opens_visits, opens_operations), cost=cost + extra_cost, pool="lost" if wins else "",
            share=np.clip(people / self.lost, 0.0, 1.0) if wins else 0.0,
        )


def _columns(*values: Floats | float) -> Floats:
    return np.column_stack([np.broadcast_to(np.asarray(value, dtype=np.float64), (DRAWS,)) for value in values])


def draws(rng: Generator, e: Estimate, least: float = -np.inf, most: float = np.inf) -> Floats:
    """Draws of an estimate between its bounds."""
    return spread(rng, DRAWS, value=e.value, low=e.low, high=e.high, level=e.level, least=least, most=most)


# ---------------------------------------------------------------- at the desk
def call_back(
    setting: Setting, rng: Generator, *, callers: Estimate | None, answered_share: Estimate | None,
    least_missed: float = 0.01, reached: Range = (0.3, 0.7),
) -> Judgement:
    """People nobody spoke with are called back; those ``reached`` come like the others."""
    if callers is None or answered_share is None or not setting.conversion > 0:
        return "no_calls"
    if 1 - answered_share.value < least_missed:
        return NOT_NEEDED
    missed = callers.value * (1 - draws(rng, answered_share, 0, 1))
    came = setting.conversion * setting.spoken
    comes = rng.beta(came + 0.5, max(setting.spoken - came, 0.0) + 0.5, DRAWS)
    people = missed * uniform(rng, DRAWS, *reached) * comes
    return setting.change(rng, "call_back", patients=people, people=people), "B"


def script(
    setting: Setting, rng: Generator, *, below: int | None, lost_visits: Estimate | None, closed: Range = (0.25, 0.75)
) -> Judgement:
    """First visits a month lost against the own best third of the desk, of which training closes a part."""
    if below is None or lost_visits is None:
        return "no_administrators"
    if below == 0 or not lost_visits.value > 0:
        return NOT_NEEDED
    people = draws(rng, lost_visits) * uniform(rng, DRAWS, *closed)
    return setting.change(rng, "script", patients=people, people=np.maximum(people, 0.0)), "B"


# ---------------------------------------------------------------- patients there are
def recall(
    setting: Setting, rng: Generator, *, due: int | None, revenue: Estimate | None, days: int, receipt: Estimate | None
) -> Judgement:
    """Every month those are invited who have come due in it; ``due`` is how many are overdue now.

    ``revenue`` is what calling them all would bring that would not come unasked, measured against a hold-out or assumed
    (its grade says which); their silence spans ``days``, and as many come due in as many days.
    """
    if due == 0:
        return NOT_NEEDED
    if revenue is None or receipt is None or not receipt.value > 0:
        return "no_recall"
    monthly = draws(rng, revenue) * MONTH / days
    return setting.change(rng, "recall", visits=monthly / receipt.value), revenue.grade


def standard(
    setting: Setting, rng: Generator, *, doctors: int | None, raised: Estimate | None, receipt: Estimate | None,
    closed: Range = (0.0, 2.0),
) -> Judgement:
    """Low doctors come nearer the middle good one; ``raised`` is what closing half of their gap brings a month.

    ``closed`` is in halves of the gap: nothing to all of it, as the doctors' page says in the middle.
    """
    if doctors is None or receipt is None or not receipt.value > 0:
        return "no_doctors"
    if raised is None:
        return NOT_NEEDED
    return setting.change(rng, "standard", visits=draws(rng, raised) / receipt.value * uniform(rng, DRAWS, *closed)), "C"


# ---------------------------------------------------------------- new patients
def shift_spend(
    setting: Setting, rng: Generator, *, channels: pd.DataFrame | None, level: float, moved: float = 0.2,
    dearer: Range = (1.0, 2.0),
) -> Judgement:
    """Part of the dearest channel's spend goes to the cheapest, whose next patients cost ``dearer`` times the last ones.

    ``channels`` has channel, spend, cost_per_first_patient (with bounds) and next_patient, NaN where unknown.
    """
    if channels is None:
        return "no_channels"
    paid = channels[(channels["spend"] > 0) & (channels["cost_per_first_patient"] > 0)]
    paid = paid[np.isfinite(paid["cost_per_first_patient_high"].astype(float)) & (paid["cost_per_first_patient_low"] > 0)]
    if len(paid) < 2:
        return NOT_NEEDED
    paid = paid.assign(price=paid["next_patient"].fillna(paid["cost_per_first_patient"])).sort_values(["price", "channel"])
    cost = []
    for at in (0, -1):
        row = paid.iloc[at]
        low, high = (row["price"] * row[f"cost_per_first_patient_{end}"] / row["cost_per_first_patient"] for end in ("low", "high"))
        cost.append(spread(rng, DRAWS, value=row["price"], low=low, high=high, level=level, least=0.0))
    people = moved * paid["spend"].iloc[-1] * (1 / (cost[0] * uniform(rng, DRAWS, *dearer)) - 1 / cost[1])
    return setting.change(rng, "shift_spend", patients=people), "C"


def children(
    setting: Setting, rng: Generator, *, residents: Estimate | None, missing: Estimate | None, won: Range = (0.1, 0.4)
) -> Judgement:
    """Children a month ``missing`` against the district, of whom a programme wins some."""
    if residents is None:
        return "no_residents"
    if missing is None:
        return NOT_NEEDED
    people = draws(rng, missing) * uniform(rng, DRAWS, *won)
    return setting.change(rng, "children", patients=people), "C"


# ---------------------------------------------------------------- capacity and price
def evening_hours(
    setting: Setting, rng: Generator, *, load: Estimate | None, pay: float, reasons: pd.DataFrame | None, level: float,
    added: float = 0.1, comes: Range = (0.5, 1.0), untagged: Range = (0.02, 0.15),
) -> Judgement:
    """``added`` room hours, paid with the same part of ``pay``; people lost because there was no time come when there is.

    ``reasons`` has reason and share (with bounds) of those lost; without it between ``untagged`` shares are assumed.
    """
    if load is None or not setting.lost > 0:
        return "no_rooms"
    if load.value < setting.crowded:
        return NOT_NEEDED
    tagged = reasons[reasons["reason"] == "no_slot"].dropna() if reasons is not None else pd.DataFrame()
    if len(tagged):
        row = tagged.iloc[0]
        no_time = spread(rng, DRAWS, value=row["share"], low=row["share_low"], high=row["share_high"], level=level, least=0, most=1)
    else:
        no_time = uniform(rng, DRAWS, *untagged)
    people = setting.lost * no_time * uniform(rng, DRAWS, *comes)
    change = setting.change(
        rng, "evening_hours", patients=people, opens_visits=added * setting.visits,
        extra_cost=added * pay, people=people,
    )
    return change, "B" if len(tagged) else "C"


def beds(
    setting: Setting, rng: Generator, *, load: Estimate | None, more: float = 0.1, used: Range = (0.2, 1.0)
) -> Judgement:
    """``more`` of the scarcer of ward and operating rooms, by earlier discharge or beds; surgeons' lists fill a part."""
    if load is None or not setting.operations > 0:
        return "no_beds"
    if load.value < setting.crowded:
        return NOT_NEEDED
    room = more * setting.operations
    return setting.change(rng, "beds", operations=room * uniform(rng, DRAWS, *used), opens_operations=room), "C"


def price_test(
    setting: Setting, rng: Generator, *, points: pd.DataFrame | None, price_now: Estimate | None, level: float
) -> Judgement:
    """The best other price; ``points`` has price and change (with bounds) of a month's contribution."""
    if points is None or price_now is None:
        return "no_price"
    other = points[points["change"].notna() & (points["price"] != price_now.value)]
    if other.empty:
        return "no_price"
    best = other.sort_values(["change", "price"], ascending=[False, True]).iloc[0]
    gain = spread(rng, DRAWS, value=best["change"], low=best["change_low"], high=best["change_high"], level=level)
    return setting.change(rng, "price_test", extra_cost=-gain), "C"
