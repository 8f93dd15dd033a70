"""Mechanisms: how an action brings money, or why that cannot be judged.

Many actions share one mechanism: a reminder and a deposit both keep appointments. A mechanism takes the
estimates it rests on by name and ``part`` (draws,), the part of the gap that the action closes, drawn over the
range the catalogue gives with its source; what comes back is an ``Effect`` on a month, which ``Setting.change``
turns into a ``Change`` of the driver model (audit/models/drivers.py). Nothing here is a point guess, and
nothing is judged without its estimates: then the key of a reason comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.random import Generator
from numpy.typing import NDArray

from audit.models.drivers import Change, spread, uniform
from audit.results import Estimate, Grade

Floats = NDArray[np.float64]
Range = tuple[float, float]

DRAWS = 4000
MONTH = 30.4375
"""Days."""
NOT_NEEDED = "not_needed"
NO_CALLS = "funnel"
"""Reason: who was lost on the way cannot be told; reasons are named after the page that lacks it."""
EFFORT = {"low": 0.0015, "medium": 0.005, "high": 0.01}
"""Running cost a month as a share of revenue: in a clinic of middle size one person at the desk, three, seven.
Drawn between half and one and a half times; the analysis's settings scale it."""


@dataclass(frozen=True)
class Effect:
    """What an action does in each simulated month: numbers or draws.

    ``visits`` and ``operations`` it needs room for, ``opens_visits`` and ``opens_operations`` room it makes,
    ``money`` it brings without any. ``pool`` names the people it draws on and ``share`` how many of them it wins.
    ``grade`` is that of the estimates it rests on.
    """

    visits: Floats | float = 0.0
    operations: Floats | float = 0.0
    opens_visits: float = 0.0
    opens_operations: float = 0.0
    money: Floats | float = 0.0
    pool: str = ""
    share: Floats | float = 0.0
    grade: Grade = "A"


Judgement = Effect | str
"""What an action does, or the key of the reason why it is not judged."""


@dataclass(frozen=True)
class Setting:
    """What all actions share. Arrays are draws; money in currency per month.

    ``visit_worth`` and ``operation_worth`` (draws,) contribution of one more visit or operation;
    ``visits_per_first`` visits and ``operations_per_first`` operations a new patient has; ``free`` (draws, 2) visits and operations a month
    that still fit in; ``lost`` people a month who got in touch and did not come; ``conversion`` the share
    of those spoken with who came, ``spoken`` how many that were; ``pay`` wages a month.
    """

    revenue: float
    visits: float
    operations: float
    visits_per_first: float
    operations_per_first: float
    visit_worth: Floats
    operation_worth: Floats
    free: Floats
    lost: float = 0.0
    conversion: float = np.nan
    spoken: float = 0.0
    cost_scale: float = 1.0
    pay: float = 0.0

    @property
    def first_patients(self) -> float:
        """New patients a month."""
        return self.visits / self.visits_per_first if self.visits_per_first else 0.0

    def change(self, rng: Generator, effect: Effect, *, effort: str | None, least_cost: float = 0.0) -> Change:
        """``effect`` after its own running cost, which is at least what its planned hours cost; without effort just that."""
        running = EFFORT[effort] * self.cost_scale * self.revenue if effort else 0.0
        cost = np.maximum(running, least_cost) * uniform(rng, DRAWS, 0.5, 1.5)
        return Change(
            units=_columns(effect.visits, effect.operations), worth=_columns(self.visit_worth, self.operation_worth),
            opens=_columns(effect.opens_visits, effect.opens_operations), cost=cost - effect.money, pool=effect.pool,
            share=effect.share,
        )

    def new(self, people: Floats, pool: str = "", share: Floats | float = 0.0, grade: Grade = "A") -> Effect:
        """``people`` new patients a month, with the visits and the operations such patients have."""
        visits, operations = people * self.visits_per_first, people * self.operations_per_first
        return Effect(visits=visits, operations=operations, pool=pool, share=share, grade=grade)

    def won(self, people: Floats, grade: Grade = "A") -> Effect:
        """``people`` a month won of those lost on the way, who then come as new patients do."""
        people = np.maximum(people, 0.0)
        share = np.clip(people / self.lost, 0.0, 1.0) if self.lost > 0 else 0.0
        return self.new(people, "lost" if self.lost > 0 else "", share, grade)


def _columns(*values: Floats | float) -> Floats:
    return np.column_stack([np.broadcast_to(np.asarray(value, dtype=np.float64), (DRAWS,)) for value in values])


def draws(rng: Generator, e: Estimate, least: float = -np.inf, most: float = np.inf) -> Floats:
    """Draws of an estimate between its bounds."""
    return spread(rng, DRAWS, value=e.value, low=e.low, high=e.high, level=e.level, least=least, most=most)


# ---------------------------------------------------------------- people who got in touch
def callers_reached(setting: Setting, rng: Generator, part: Floats, *, callers: Estimate, answered: Estimate) -> Judgement:
    """``part`` of the people nobody spoke with is reached and comes like the others."""
    if not setting.conversion > 0:
        return NO_CALLS
    came = setting.conversion * setting.spoken
    comes = rng.beta(came + 0.5, max(setting.spoken - came, 0.0) + 0.5, DRAWS)
    return setting.won(callers.value * (1 - draws(rng, answered, 0, 1)) * part * comes)


def first_visits_won(setting: Setting, rng: Generator, part: Floats, *, lost: Estimate) -> Judgement:
    """``part`` of first visits a month known to be ``lost`` for one reason."""
    return setting.won(draws(rng, lost, least=0.0) * part)


def undecided_won(setting: Setting, rng: Generator, part: Floats) -> Judgement:
    """``part`` of all who got in touch and did not come."""
    return setting.won(setting.lost * part) if setting.lost > 0 else NO_CALLS


def first_bookings_kept(setting: Setting, rng: Generator, part: Floats, *, came: Estimate) -> Judgement:
    """``part`` of those who booked a first visit and do not come, when of all who book the share ``came`` does."""
    share = np.clip(draws(rng, came, 0, 1), 0.01, 1.0)
    return setting.won(setting.first_patients * (1 - share) / share * part)


def appointments_kept(
    setting: Setting, rng: Generator, part: Floats, *, lost: Estimate, later: Estimate | None = None
) -> Judgement:
    """``part`` of the appointments ``lost`` (a share of those due) takes place, less those who come ``later`` anyway."""
    share = np.clip(draws(rng, lost, 0, 1), 0.0, 0.99)
    anyway = draws(rng, later, 0, 1) if later is not None else 0.0
    won = part * (1 - anyway)
    return Effect(visits=setting.visits * share / (1 - share) * won, pool="appointments", share=won)


# ---------------------------------------------------------------- new patients
def new_patients(setting: Setting, rng: Generator, part: Floats) -> Judgement:
    """``part`` more of the clinic's new patients."""
    return setting.new(setting.first_patients * part)


def missing_patients(setting: Setting, rng: Generator, part: Floats, *, missing: Estimate) -> Judgement:
    """``part`` of the patients a month who are ``missing`` against what is there to be won."""
    return setting.new(np.maximum(draws(rng, missing), 0.0) * part)


# ---------------------------------------------------------------- patients there are
def come_again(setting: Setting, rng: Generator, part: Floats, *, returned: Estimate) -> Judgement:
    """``part`` of the new patients who do not come again does, once: what may follow is not counted."""
    gone = setting.first_patients * (1 - draws(rng, returned, 0, 1))
    return Effect(visits=gone * part, pool="once", share=part)


def overdue_back(
    setting: Setting, rng: Generator, part: Floats, *, money: Estimate, days: int, receipt: Estimate
) -> Judgement:
    """Every month those are invited who have come due in it.

    ``money`` is what calling all who are overdue would bring that would not come unasked, measured against a
    hold-out or assumed (its grade says which); their silence spans ``days``, and as many come due in as many days.
    """
    return Effect(visits=draws(rng, money) * part * MONTH / days / receipt.value, grade=money.grade)


def money_in_visits(
    setting: Setting, rng: Generator, part: Floats, *, money: Estimate, receipt: Estimate, times: float = 1.0
) -> Judgement:
    """``part`` of ``times`` the ``money`` a month that visits would bring, at the usual ``receipt`` each: it needs their room."""
    return Effect(visits=times * draws(rng, money) / receipt.value * part)


def receipt_raised(setting: Setting, rng: Generator, part: Floats) -> Judgement:
    """Every visit brings ``part`` more, in the same time."""
    return Effect(money=setting.visits * setting.visit_worth * part)


def operations_more(setting: Setting, rng: Generator, part: Floats) -> Judgement:
    """``part`` more operations."""
    return Effect(operations=setting.operations * part) if setting.operations > 0 else NOT_NEEDED


# ---------------------------------------------------------------- money, capacity and price
def money_kept(setting: Setting, rng: Generator, part: Floats, *, spent: Estimate) -> Judgement:
    """``part`` of money given away or ``spent`` a month for nothing is kept."""
    return Effect(money=draws(rng, spent, least=0.0) * part)


def rooms_opened(
    setting: Setting, rng: Generator, part: Floats, *, added: float, reasons: pd.DataFrame | None = None,
    level: float = 0.90, untagged: Range = (0.02, 0.15),
) -> Judgement:
    """``added`` room hours, paid with the same part of wages; ``part`` of people lost for want of time comes.

    ``reasons`` has reason and share (with bounds) of those lost; without it between ``untagged`` shares are assumed.
    """
    if not setting.lost > 0:
        return NO_CALLS
    tagged = reasons[reasons["reason"] == "no_slot"].dropna() if reasons is not None else pd.DataFrame()
    if len(tagged):
        row = tagged.iloc[0]
        no_time = spread(rng, DRAWS, value=row["share"], low=row["share_low"], high=row["share_high"], level=level, least=0, most=1)
    else:
        no_time = uniform(rng, DRAWS, *untagged)
    won = setting.won(setting.lost * no_time * part)
    return Effect(
        visits=won.visits, operations=won.operations, opens_visits=added * setting.visits, money=-added * setting.pay, pool=won.pool, share=won.share,
        grade="B" if len(tagged) else "C",
    )


def beds_opened(setting: Setting, rng: Generator, part: Floats, *, added: float) -> Judgement:
    """``added`` of the scarcer of ward and operating rooms; surgeons' lists fill a ``part`` of it."""
    room = added * setting.operations
    return Effect(operations=room * part, opens_operations=room) if room > 0 else NOT_NEEDED


def price_tested(
    setting: Setting, rng: Generator, part: Floats, *, change: Estimate, cost: Estimate, weeks: int, months: int = 12
) -> Judgement:
    """A test at one site costs ``cost`` a month for ``weeks``, spread over ``months``; only a ``change`` that gains is kept.

    So a test may be worth its price although the change is expected to lose: what is risked is the test.
    """
    return Effect(money=np.maximum(draws(rng, change), 0.0) * part - np.maximum(draws(rng, cost), 0.0) * weeks * 7 / MONTH / months)


MECHANISMS: Mapping[str, Callable[..., Judgement]] = {
    function.__name__: function
    for function in (
        callers_reached, first_visits_won, undecided_won, first_bookings_kept, appointments_kept, new_patients, missing_patients, come_again,
        overdue_back, money_in_visits, receipt_raised, operations_more, money_kept, rooms_opened, beds_opened, price_tested,
    )
}
"""By the name the catalogue of actions calls them."""
