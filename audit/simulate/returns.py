"""The reactivation campaign of October 2016: who was called, who was held out, who came back when.

Response is counted from the call: within 7 days, and after that within 120. What the hold-out does
unasked is the part a naive count wrongly credits to the campaign.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.random import Generator

from audit.simulate.days import FIRST_MONTH, Days
from audit.simulate.levers import MOVED_FROM, Lever
from audit.simulate.truth import Truth

GROUPS = ("called", "held out")
LATEST_RETURN_DAY = 84
"""Later returns end before the records do, so that the stated response can be counted in them."""


def campaign(truth: Truth, people: pd.DataFrame, visits: pd.DataFrame, calendar: Days, rng: Generator) -> pd.DataFrame:
    """Members of the campaign: person, group (0 called, 1 held out), response (0 none, 1 first week, 2 later).

    Eligible are patients whose last wished visit before the campaign is at least half a year old and
    who have none near it.
    """
    plan = truth.reactivation
    start = calendar.number(plan.from_day)
    before = visits[visits.day < start]
    last = np.full(len(people), -10_000.0)
    np.maximum.at(last, before.person.to_numpy(), before.day.to_numpy())
    last = np.maximum(last, np.where(people.want_day < start, people.want_day, -10_000))
    lapsed = (last >= 0) & (last <= start - plan.lapsed_days - 7)
    new = (people.month >= FIRST_MONTH).to_numpy() & people.by_call.to_numpy()
    person = rng.permutation(np.flatnonzero(lapsed & new & people.may_contact.to_numpy()))
    sizes = [max(1, round(size * truth.size)) if size else 0 for size in (plan.called, plan.held_out)]
    person = person[: sum(sizes)]
    group = np.repeat([0, 1], sizes)[: len(person)]
    response = np.zeros(len(person), int)
    for number, (first, later) in enumerate(
        ((plan.called_first, plan.called_later), (plan.held_first, plan.held_later))
    ):
        rows = np.flatnonzero(group == number)
        soon, late = round(first * len(rows)), round(later * len(rows))
        response[rows[:soon]], response[rows[soon : soon + late]] = 1, 2
    return pd.DataFrame({"person": person, "group": group, "response": response})


def promised_returns(members: pd.DataFrame, start: int, rng: Generator) -> pd.DataFrame:
    """Visits of those who came back: the week of the calls, or two to twelve weeks later; ordinal 90."""
    came = members[members.response > 0]
    late = (came.response == 2).to_numpy()
    soon_day = start + 2 + 3.9 * rng.random(len(came))
    later_day = start + _later(rng, len(came))
    return pd.DataFrame({"person": came.person.to_numpy(), "day": np.where(late, later_day, soon_day), "ordinal": 90})


def invited(
    truth: Truth, lever: Lever, people: pd.DataFrame, visits: pd.DataFrame, calendar: Days, rng: Generator
) -> pd.DataFrame:
    """Visits that calling everybody who falls silent brings beyond what comes unasked; ordinal 90.

    A patient is called on the day his silence reaches ``lapsed_days``; he answers as those called in the campaign did,
    less what its hold-out did. One visit is all an answer brings.
    """
    plan = truth.reactivation
    start = calendar.number(MOVED_FROM)
    first = pd.DataFrame({"person": np.arange(len(people)), "day": people.want_day.astype(float)})
    seen = pd.concat([first, visits[["person", "day"]]]).sort_values(["person", "day"], ignore_index=True)
    due = seen.day + plan.lapsed_days
    again = seen.day.shift(-1).where(seen.person == seen.person.shift(-1), np.inf)
    able = people.may_contact.to_numpy()[seen.person] & (rng.random(len(seen)) < lever.invited)
    called = seen[(due >= start) & (due < len(calendar.date)) & (again > due) & able]
    extra = np.array([plan.called_first - plan.held_first, plan.called_later - plan.held_later])
    answer = rng.random(len(called))
    soon = answer < extra[0]
    waited = np.where(soon, 2 + 3.9 * rng.random(len(called)), _later(rng, len(called)))
    came = answer < extra.sum()
    day = called.day.to_numpy() + plan.lapsed_days + waited
    return pd.DataFrame({"person": called.person.to_numpy()[came], "day": day[came], "ordinal": 90})


def _later(rng: Generator, count: int) -> np.ndarray:
    """Days from the call to a later return: two to twelve weeks, the earlier the likelier."""
    return 15 + (LATEST_RETURN_DAY - 15) * rng.random(count) ** 1.6


def call_days(members: pd.DataFrame, first_return: np.ndarray, start: int, rng: Generator) -> np.ndarray:
    """Day each member was called: the campaign's five days, before his return (−1: he did not return)."""
    day = start + rng.integers(0, 5, len(members))
    early = (first_return >= 0) & (members.response == 1).to_numpy()
    latest = np.clip(first_return, start, start + 4)
    return np.where(early, np.minimum(day, latest), day)
