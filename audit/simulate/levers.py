"""Levers: one thing of the clinic of December 2015 really moved, everything else left as it was.

The teaching clinic's year 2016 is stated month by month, so nothing can be learnt from it about one change
alone. Here the months after December 2015 *follow* from the parameters of that month instead:

    answered = (answered in December + reached · never spoken with + moved by spend) · 1.30 at the test price
    first visits by call = answered · booked · attended
    repeat visits = wished ones · the share kept in December 2015
    operations = chance by age and diagnosis · patients due, at most what the beds allow
    money = visits · December's receipts

``LEVERS["nothing"]`` is the clinic continued, without season or growth; every other lever differs from it in one thing
from 1 January 2016 on. The difference of the two, at one seed, is what the lever really brings. What a naive reading
finds in the year as told is the sum of all levers, a year of growth and a season.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from audit.simulate.truth import Truth
from audit.simulate.truth_parts import EVERYWHERE, Administrator, Channel, Doctor, PriceTest, ValueClass

MOVED_FROM = "2016-01-01"
OWN_ADS, SEARCH, PORTALS = "own context ads", "organic search", "aggregators / portals"
NEVER = "2017-01-01"
"""Past the end of the records: what begins then does not happen."""


@dataclass(frozen=True)
class Lever:
    """What is moved, and what it costs. Every default changes nothing.

    ``reached`` part of new callers nobody spoke with who are called back and spoken with; ``gap_closed`` part of weak
    administrators' distance to the best third of the desk; ``attended`` share of those booked who come;
    ``laggard_repeats`` factor on repeat visits of laggards' patients who are not operated; ``moved_spend`` roubles a
    month taken from the channel ``moved_from`` and given to search; ``children`` factor on children among new
    patients, adults unchanged; ``invited`` part of patients who fall silent that is called; ``price_cut`` roubles off
    the first visit in all branches; ``beds_opened`` part of the ward; ``monthly_cost`` roubles.
    """

    reached: float = 0.0
    gap_closed: float = 0.0
    attended: float | None = None
    laggard_repeats: float = 1.0
    moved_spend: int = 0
    moved_from: str = OWN_ADS
    children: float = 1.0
    invited: float = 0.0
    price_cut: int = 0
    beds_opened: float = 0.0
    monthly_cost: int = 0


LEVERS: Mapping[str, Lever] = {
    "nothing": Lever(),
    "call_back": Lever(reached=0.5, monthly_cost=20_000),
    "script": Lever(gap_closed=0.5, monthly_cost=40_000),
    "reminders": Lever(attended=0.82, monthly_cost=15_000),
    "standard": Lever(laggard_repeats=2.8, monthly_cost=60_000),
    "shift_spend": Lever(moved_spend=33_000, moved_from=PORTALS, monthly_cost=15_000),
    "search_for_context": Lever(moved_spend=75_000, monthly_cost=15_000),
    "children": Lever(children=1.5, monthly_cost=80_000),
    "recall": Lever(invited=0.6, monthly_cost=35_000),
    "beds": Lever(beds_opened=0.2, monthly_cost=120_000),
    "price_cut": Lever(price_cut=500),
}
"""Doses are those of the case history where it states one: attendance .724 → .82, laggards' value +50 % (repeats × 2.8),
search instead of context ads, −500 roubles; else the middle of what the action asks for. Costs are assumed: all of them
are together of the order of the 400,000 roubles a month by which fixed costs grew in the year."""
SEARCH_ELASTICITY = 2 / 3
"""Calls from search move by two thirds of a per cent with a per cent of spend: the next call costs half as much again."""


def continued(truth: Truth, lever: Lever) -> Truth:
    """The truth of the clinic continued at December 2015 with ``lever`` moved: its "after" is its "before"."""
    months = len(truth.revenue_index)
    after = dataclasses.replace(
        truth.before, month=truth.after.month, fixed_cost=truth.before.fixed_cost + lever.monthly_cost
    )
    return dataclasses.replace(
        truth, after=after, revenue_index=(1.0,) * months, conversion_path=truth.conversion_path[:1] * months,
        booked_path=truth.booked_path[:1] * months, missed_path=truth.missed_path[:1] * months,
        children_path=truth.children_path[:1] * months,
        channels=tuple(_channel(truth, channel, lever) for channel in truth.channels),
        administrators=tuple(
            dataclasses.replace(
                one, calls_after=one.calls_before,
                conversion_after=one.conversion_before + lever.gap_closed * behind(truth, one),
            )
            for one in truth.administrators
        ),
        doctors=tuple(map(_as_before, truth.doctors)), classes=tuple(map(_class_as_before, truth.classes)),
        class_shift=(0.0,) * months, doctor_shift=(0.0,) * months, channel_shift=(0.0, *(1.0,) * (months - 1)),
        newcomer_from=NEVER, newcomer_share=0.0, corporate_contracts=0,
        reactivation=dataclasses.replace(truth.reactivation, called=0, held_out=0),
        price_test=_price(truth, lever),
        saturation=dataclasses.replace(
            truth.saturation, level_after=truth.saturation.level_before,
            weekly_spend_after=round(truth.saturation.weekly_spend_before * (1 - _moved_share(truth, lever))),
        ),
    )  # fmt: skip


def behind(truth: Truth, one: Administrator) -> float:
    """How far an administrator's conversion is below the best third of the desk."""
    best_third = float(np.quantile([other.conversion_before for other in truth.administrators], 2 / 3))
    return max(best_third - one.conversion_before, 0.0)


def desk_shares(truth: Truth, lever: Lever) -> tuple[float, float]:
    """Booked over answered, and came over answered, of new callers with the lever moved."""
    desk = truth.administrators
    before = sum(one.calls_before * one.conversion_before for one in desk)
    closed = sum(one.calls_before * lever.gap_closed * behind(truth, one) for one in desk)
    booked = truth.before.booked * (1 + closed / before)
    return booked, booked * (lever.attended or truth.before.conversion / truth.before.booked)


def calls_won(truth: Truth, lever: Lever) -> float:
    """Answered new callers a month that the moved money brings, less those it brought before."""
    return sum(_calls(truth, channel, lever) - channel.calls_before for channel in truth.channels)


def _calls(truth: Truth, channel: Channel, lever: Lever) -> float:
    """Answered new callers of a channel with the lever's money moved.

    Own ads follow their saturation, a · x / (x + k), search follows SEARCH_ELASTICITY; portals are paid by call.
    """
    spend, calls = channel.spend_before, float(channel.calls_before)
    moved = lever.moved_spend / spend if spend else 0.0
    if channel.name == SEARCH:
        return calls * (1 + moved) ** SEARCH_ELASTICITY
    if channel.name != lever.moved_from:
        return calls
    if channel.name == OWN_ADS:
        weekly, half = truth.saturation.weekly_spend_before, truth.saturation.half
        return calls * (1 - moved) * (weekly + half) / (weekly * (1 - moved) + half)
    return calls * (1 - moved)


def _moved_share(truth: Truth, lever: Lever) -> float:
    """Part of the spend on own ads that is moved."""
    own = next(channel.spend_before for channel in truth.channels if channel.name == OWN_ADS)
    return lever.moved_spend / own if lever.moved_from == OWN_ADS else 0.0


def _channel(truth: Truth, channel: Channel, lever: Lever) -> Channel:
    """Spend and calls after; the agency's test has ended, with or without the lever."""
    if channel.name == "agency context":
        return dataclasses.replace(channel, spend_after=0, calls_after=0)
    moved = lever.moved_spend * ((channel.name == SEARCH) - (channel.name == lever.moved_from))
    return dataclasses.replace(
        channel, spend_after=channel.spend_before + moved, calls_after=round(_calls(truth, channel, lever))
    )


def _as_before(doctor: Doctor) -> Doctor:
    return dataclasses.replace(
        doctor, share_after=doctor.share_before, value_after=doctor.value_before, score_after=doctor.score_before,
        receipt_factor_after=doctor.receipt_factor_before,
    )  # fmt: skip


def _class_as_before(one: ValueClass) -> ValueClass:
    return dataclasses.replace(one, share_after=one.share_before, visits_after=one.visits_before)


def _price(truth: Truth, lever: Lever) -> PriceTest:
    test = truth.price_test
    if lever.price_cut:
        return dataclasses.replace(
            test, branch=EVERYWHERE, from_day=MOVED_FROM, to_day="2016-12-31", test_price=test.list_price - lever.price_cut
        )
    return dataclasses.replace(test, from_day=NEVER, to_day=NEVER, test_price=test.list_price, calls_factor=1.0)
