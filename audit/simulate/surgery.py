"""Operations and stays on the ward: six beds and one operating room set the pace.

The operating week is filled so that at full load every bed is taken every night: nights of a stay are
1 or 2, mean 1.5, so 120 operations are 180 of the 180 bed-days of a 30-day month.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.random import Generator

from audit.simulate.days import AFTER_MONTH, FIRST_MONTH, Days
from audit.simulate.sampling import rank_within

BEDS = 6
WEEK_ONE_NIGHT = np.array([2, 2, 2, 2, 6, 0, 0])
WEEK_TWO_NIGHTS = np.array([4, 0, 4, 0, 0, 6, 0])
"""Stays that may begin on each weekday: together they fill six beds on all seven nights."""
OPERATION_MINUTES = 90
STARTS = np.array([540, 660, 780, 900, 1020, 1140])
"""Starts of the operating day, minutes after midnight; three before 15:00 and three after."""
PER_HALF_DAY = 3


def operation_days(operations: np.ndarray, calendar: Days, rng: Generator) -> pd.DataFrame:
    """Beginning of every stay: month, day, nights (1 or 2), in order of day.

    A month has at most what the beds allow; half of the stays have one night, half two.
    """
    parts = [_month_berths(month, int(count), calendar, rng) for month, count in enumerate(operations)]
    stays = pd.concat(parts, ignore_index=True)
    start = stays.day.to_numpy()
    order = rank_within(start, rng.random(len(stays)))
    return stays.assign(order=order).sort_values(["day", "order"], kind="stable", ignore_index=True)


def _month_berths(month: int, count: int, calendar: Days, rng: Generator) -> pd.DataFrame:
    days = calendar.open_days(month)
    weekday = calendar.weekday[days]
    one, two = np.repeat(days, WEEK_ONE_NIGHT[weekday]), np.repeat(days, WEEK_TWO_NIGHTS[weekday])
    of_two = min(len(two), max(count // 2, count - len(one)))
    of_one = min(len(one), count - of_two)
    chosen_one, chosen_two = rng.permutation(one)[:of_one], rng.permutation(two)[:of_two]
    day = np.r_[chosen_one, chosen_two]
    nights = np.r_[np.ones(len(chosen_one), int), np.full(len(chosen_two), 2)]
    last_day = int(np.flatnonzero(calendar.month == month)[-1])
    nights = _longer_stays(day, nights, round(1.5 * count) - nights.sum(), last_day)
    return pd.DataFrame({"month": month, "day": day, "nights": nights})


def _longer_stays(day: np.ndarray, nights: np.ndarray, missing: int, last_day: int) -> np.ndarray:
    """Lengthen one-night stays, latest first, where a bed is free the next night of the same month."""
    nights = nights.copy()
    for at in np.argsort(-day, kind="stable"):
        if missing <= 0:
            break
        next_night = ((day <= day[at] + 1) & (day + nights > day[at] + 1)).sum()
        if nights[at] == 1 and day[at] < last_day and next_night < BEDS:
            nights[at], missing = 2, missing - 1
    return nights


def book_operations(people: pd.DataFrame, stays: pd.DataFrame) -> pd.DataFrame:
    """Give each operated person a stay of his month, the earlier patient the earlier day.

    ``people`` needs operation_month (−1: none) and want_day. Returns stays with a column person.
    """
    rows = np.flatnonzero(people.operation_month >= 0)
    month = people.operation_month.to_numpy()[rows]
    place = rank_within(month, people.want_day.to_numpy()[rows])
    key = pd.MultiIndex.from_arrays([month, place])
    stays = stays.assign(place=rank_within(stays.month.to_numpy(), stays.day.to_numpy()))
    person = pd.Series(rows, index=key).reindex(pd.MultiIndex.from_frame(stays[["month", "place"]])).to_numpy()
    booked = stays.assign(person=person).dropna(subset=["person"]).astype({"person": int})
    return booked.drop(columns="place").reset_index(drop=True)


def in_window(stays: pd.DataFrame) -> pd.DataFrame:
    """Stays inside the records."""
    return stays[(stays.month >= FIRST_MONTH) & (stays.month <= AFTER_MONTH)].reset_index(drop=True)
