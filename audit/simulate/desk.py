"""The desk: new callers, who answered, whether they booked and came.

    answered opportunities of a month = those who came first (care.people) + those who did not

Who answered and through which channel are drawn with exact monthly counts. Conversion differs by
administrator, not by channel. Missed calls peak on Monday mornings and evenings, so an administrator
on evening duty works harder for the same number.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.random import Generator

from audit.simulate import arrivals
from audit.simulate.days import FIRST_MONTH, MONTHS, OPENS_MINUTE, Days, next_open, previous_open
from audit.simulate.path import Path
from audit.simulate.sampling import pick, rank_within, round_to_total, spread
from audit.simulate.truth import Truth

HOUR_SHAPE = np.array([1.25, 1.30, 1.10, 1.00, 0.85, 0.80, 0.85, 0.95, 1.05, 1.25, 1.20, 0.65])
"""Calls by hour from 9:00 to 21:00."""
LAST_CALL_BEFORE_VISIT = 25.0
"""Minutes: nobody is seen sooner after calling."""


def opportunities(
    truth: Truth, path: Path, people: pd.DataFrame, firsts: pd.DataFrame, calendar: Days, rng: Generator
) -> pd.DataFrame:
    """One row per answered new caller of the records.

    Columns: person (row of people, −1 if he never came), day, minute, month, branch, came, booked,
    cell. ``firsts`` has the first visits as placed: person, day, slot.
    """
    came = _came(people, firsts, calendar, rng)
    came = came[came.month >= FIRST_MONTH]
    others = _did_not_come(truth, path, came, calendar, rng)
    calls = pd.concat([came, others], ignore_index=True)
    calls["cell"] = calendar.cell[calls.day]
    return calls.sort_values(["day", "minute"], kind="stable", ignore_index=True)


def call_minute(weekday: np.ndarray, rng: Generator) -> np.ndarray:
    """Minute of the day of a call: busy mornings and evenings, above all on Monday morning."""
    shape = np.tile(HOUR_SHAPE, (7, 1))
    shape[0, :2] *= 1.5
    hour = pick(shape[weekday], rng.random(len(weekday)))
    return OPENS_MINUTE + hour * 60 + rng.random(len(weekday)) * 60


def _came(people: pd.DataFrame, firsts: pd.DataFrame, calendar: Days, rng: Generator) -> pd.DataFrame:
    """Calls that led to a first visit, moved before it where the visit was placed earlier than wished."""
    firsts = firsts[people.by_call.to_numpy()[firsts.person]]
    person = firsts.person.to_numpy()
    visit_day, visit_minute = firsts.day.to_numpy(), OPENS_MINUTE + 30.0 * firsts.slot.to_numpy()
    day = np.minimum(previous_open(calendar, people.call_day.to_numpy()[person]), visit_day)
    early = (day == visit_day) & (visit_minute < OPENS_MINUTE + 60)
    day = np.where(early, previous_open(calendar, visit_day - 1), day)
    minute = call_minute(calendar.weekday[day], rng)
    latest = np.where(day == visit_day, visit_minute - LAST_CALL_BEFORE_VISIT, 1260.0)
    minute = np.where(minute < latest, minute, OPENS_MINUTE + (latest - OPENS_MINUTE) * rng.random(len(day)))
    return pd.DataFrame(
        {
            "person": person,
            "day": day,
            "minute": minute,
            "month": calendar.month[day],
            "branch": people.branch.to_numpy()[person],
            "came": True,
            "booked": True,
        }
    )


def _did_not_come(truth: Truth, path: Path, came: pd.DataFrame, calendar: Days, rng: Generator) -> pd.DataFrame:
    attended = np.bincount(came.month, minlength=MONTHS)
    missing = np.maximum(path.answered - attended, 0)
    missing[:FIRST_MONTH] = 0
    month, number = spread(missing)
    day, branch = np.zeros(len(month), int), np.zeros(len(month), int)
    for at in range(FIRST_MONTH, MONTHS):
        rows = np.flatnonzero(month == at)
        open_days = calendar.open_days(at)
        days, branches = np.tile(open_days, 2), np.repeat([0, 1], len(open_days))
        weight = arrivals.call_weight(truth, calendar, branches, days)
        weight = weight * arrivals.WEEKDAY_SHAPE[calendar.weekday[days]]
        chosen = rng.choice(len(days), size=len(rows), p=weight / weight.sum())
        day[rows], branch[rows] = days[chosen], branches[chosen]
    booked_only = np.maximum(path.booked - attended, 0)
    return pd.DataFrame(
        {
            "person": -1,
            "day": day,
            "minute": call_minute(calendar.weekday[day], rng),
            "month": month,
            "branch": branch,
            "came": False,
            "booked": number < booked_only[month],
        }
    )


def administrators(truth: Truth, path: Path, calls: pd.DataFrame, duty: np.ndarray, rng: Generator) -> np.ndarray:
    """Number of the administrator (0 … 3) who answered each new caller, one of the two on duty.

    ``duty`` has shape (days, 2 halves, 2). Calls and comers of each administrator are those of the path.
    """
    half = (calls.minute.to_numpy() >= 900).astype(int)
    pair = duty[calls.day.to_numpy(), half]
    answered = np.full(len(calls), -1)
    month, came = calls.month.to_numpy(), calls.came.to_numpy()
    for at in range(FIRST_MONTH, MONTHS):
        rows = np.flatnonzero(month == at)
        wanted = _administrator_counts(truth, path.channel_shift[at], len(rows), int(came[rows].sum()))
        for number, status in enumerate((True, False)):
            chosen = rows[came[rows] == status]
            answered[chosen] = _with_counts(pair[chosen], wanted[number], rng)
    return answered


def _administrator_counts(truth: Truth, shift: float, calls: int, came: int) -> np.ndarray:
    """Comers and others of each administrator, shape (2, 4)."""
    a = truth.administrators
    share = np.array([x.calls_before for x in a]) * (1 - shift) + np.array([x.calls_after for x in a]) * shift
    conversion = np.array([x.conversion_before for x in a]) * (1 - shift)
    conversion = conversion + np.array([x.conversion_after for x in a]) * shift
    total = round_to_total(share, calls)
    attended = np.minimum(round_to_total(share * conversion, came), total)
    return np.array([attended, total - attended])


def _with_counts(pair: np.ndarray, wanted: np.ndarray, rng: Generator) -> np.ndarray:
    """One of each pair so that administrators get as many calls as wanted, where the pairs allow it."""
    weight = np.maximum(wanted.astype(float), 0.1)
    for _ in range(25):
        first = weight[pair[:, 0]] / (weight[pair[:, 0]] + weight[pair[:, 1]])
        expected = np.bincount(pair[:, 0], first, 4) + np.bincount(pair[:, 1], 1 - first, 4)
        weight *= np.maximum(wanted, 0.1) / np.maximum(expected, 0.1)
    side = (rng.random(len(pair)) > weight[pair[:, 0]] / (weight[pair[:, 0]] + weight[pair[:, 1]])).astype(int)
    rows = np.arange(len(pair))
    for _ in range(4):
        for giver in range(4):
            for taker in range(4):
                chosen, other = pair[rows, side], pair[rows, 1 - side]
                surplus = np.bincount(chosen, minlength=4) - wanted
                count = min(surplus[giver], -surplus[taker])
                if count > 0:
                    movable = rng.permutation(np.flatnonzero((chosen == giver) & (other == taker)))[:count]
                    side[movable] = 1 - side[movable]
    return pair[rows, side]


def channels(truth: Truth, path: Path, calls: pd.DataFrame, own_ads: np.ndarray, rng: Generator) -> np.ndarray:
    """Number of the channel of each new caller; ``own_ads`` is the answered calls of own ads by week cell."""
    channel = np.full(len(calls), -1)
    own = [c.name for c in truth.channels].index("own context ads")
    agency = [c.name for c in truth.channels].index("agency context")
    month, came = calls.month.to_numpy(), calls.came.to_numpy()
    order = rng.random(len(calls))

    channel[rank_within(calls.cell.to_numpy(), order) < own_ads[calls.cell]] = own
    for at in range(FIRST_MONTH, MONTHS):
        rows = rng.permutation(np.flatnonzero((month == at) & (channel < 0)))
        comers, others = rows[came[rows]], rows[~came[rows]]
        wanted_calls, wanted_comers = _agency_of(truth, at)
        channel[comers[:wanted_comers]] = agency
        channel[others[: wanted_calls - wanted_comers]] = agency
        comers, others = comers[wanted_comers:], others[wanted_calls - wanted_comers :]
        total = round_to_total(_shares(truth, path.channel_shift[at], (own, agency)), len(comers) + len(others))
        attended = round_to_total(total, len(comers))
        channel[comers] = np.repeat(np.arange(len(total)), attended)
        channel[others] = np.repeat(np.arange(len(total)), total - attended)
    return channel


def _evenly(cell: np.ndarray, came: np.ndarray, need: np.ndarray, rng: Generator) -> np.ndarray:
    """Mask of ``need[cell]`` calls of each cell, comers and others in proportion."""
    size = np.bincount(cell, minlength=len(need))
    step = (np.minimum(need, size) / np.maximum(size, 1))[cell]
    rank = rank_within(cell, came + rng.random(len(cell)))
    start = rng.random(len(need))[cell]
    return np.floor((rank + 1) * step + start + 1e-9) > np.floor(rank * step + start + 1e-9)


def _shares(truth: Truth, shift: float, without: tuple[int, int]) -> np.ndarray:
    before = np.array([c.calls_before for c in truth.channels], float)
    after = np.array([c.calls_after for c in truth.channels], float)
    before[list(without)], after[list(without)] = 0, 0
    return before / before.sum() * (1 - shift) + after / after.sum() * shift


def _agency_of(truth: Truth, month: int) -> tuple[int, int]:
    """Calls and comers of the agency in a month, scaled by size."""
    for name, calls, comers in zip(truth.agency.months, truth.agency.calls, truth.agency.primaries, strict=True):
        year, number = name.split("-")
        if (int(year) - 2013) * 12 + int(number) - 1 == month:
            return max(1, round(calls * truth.size)), round(comers * truth.size)
    return 0, 0


def planned_slot(calls: pd.DataFrame, calendar: Days, rng: Generator) -> tuple[np.ndarray, np.ndarray]:
    """Day and half hour of the appointments of callers who booked and did not come."""
    lag = 1 + pick(arrivals.LAG_SHARES, rng.random(len(calls)))
    day = next_open(calendar, calls.day.to_numpy() + lag)
    day = np.where(day >= len(calendar.date), previous_open(calendar, np.full(len(calls), len(calendar.date) - 1)), day)
    return np.maximum(day, calls.day.to_numpy()), rng.integers(0, 24, len(calls))
