"""Doctors' and administrators' shifts: half days, nobody in two rooms at once.

Each open day has a morning (9–15) and an evening (15–21) half. Rooms of a half day are given to the
doctors who are furthest behind their monthly quota. D05 has nearly every half day, in a room or in the
operating room: his revenue is the highest, his revenue per hour is not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.random import Generator

from audit.simulate.days import HALF_DAY_SLOTS, MONTHS, Days
from audit.simulate.sampling import round_to_total

ROOMS = ((0, 1, 2, 3), (4, 5, 6))
OPERATING_ROOM, WARD = 7, 8
OPERATING = 2
"""Third “branch” of the roster: the operating room, one doctor at a time."""
PAIRS = ((0, 1), (0, 2), (0, 3), (2, 3), (1, 3), (1, 2))
"""Administrators of the morning by day in turn; the other two have the evening."""
LOAD_OF_STAFFED_ROOM = 0.68
"""Rooms are staffed for this load while there are rooms to spare."""


@dataclass(frozen=True)
class Roster:
    """Doctors' half days: arrays month, day, half (0, 1), place (0, 1 branches, 2 operating), room, doctor."""

    shifts: pd.DataFrame

    def slots(self) -> pd.DataFrame:
        """Bookable half hours: month, day, branch, room, doctor, slot (0 … 23)."""
        rooms = self.shifts[self.shifts.place < OPERATING].reset_index(drop=True)
        at = np.repeat(np.arange(len(rooms)), HALF_DAY_SLOTS)
        frame = rooms.loc[at, ["month", "day", "place", "room", "doctor"]].rename(columns={"place": "branch"})
        slot = rooms.half.to_numpy()[at] * HALF_DAY_SLOTS + np.tile(np.arange(HALF_DAY_SLOTS), len(rooms))
        return frame.assign(slot=slot).reset_index(drop=True)


def roster(demand: np.ndarray, theatre: np.ndarray, operates: np.ndarray, calendar: Days, rng: Generator) -> Roster:
    """Shifts that fit the demand.

    ``demand`` is outpatient visits by month, doctor and branch, shape (48, 11, 2); ``theatre`` whether
    there are operations in a half day, shape (days, 2); ``operates`` the doctors' weights in the
    operating room, shape (11,).
    """
    parts = [_month(month, demand[month], theatre, operates, calendar, rng) for month in range(MONTHS)]
    return Roster(pd.concat(parts, ignore_index=True))


def _month(
    month: int, demand: np.ndarray, theatre: np.ndarray, operates: np.ndarray, calendar: Days, rng: Generator
) -> pd.DataFrame:
    days = calendar.open_days(month)
    halves = 2 * len(days)
    quota = _quota(demand, int(theatre[days].sum()), operates, halves)
    staffed = _staffed(quota[:, :2].sum(axis=0).astype(int), days, calendar)
    left = quota + rng.random(quota.shape) * 0.3 * (quota > 0)
    left[quota.sum(axis=1) == 0] = -np.inf
    left[operates == 0, OPERATING] = -np.inf
    rows = []
    for half in range(halves):
        pressure = left / (halves - half)
        day, part = int(days[half // 2]), half % 2
        rows.extend(_half_day(pressure, left, staffed[half], bool(theatre[day, part]), day, part))
    frame = pd.DataFrame(rows, columns=["day", "half", "place", "room", "doctor"])
    frame.insert(0, "month", month)
    return frame


def _quota(demand: np.ndarray, theatre_halves: int, operates: np.ndarray, halves: int) -> np.ndarray:
    """Half days of each doctor in each branch and in the operating room, shape (11, 3)."""
    rooms = np.array([len(r) for r in ROOMS])
    need = demand / HALF_DAY_SLOTS
    wished = np.minimum(need / LOAD_OF_STAFFED_ROOM, need + 8.0)
    scale = np.minimum(1.0, rooms * halves / np.maximum(wished.sum(axis=0), 1e-9))
    consult = np.maximum(wished * scale, np.minimum(need * 1.02, need + 0.5))
    consult *= np.minimum(1.0, rooms * halves / np.maximum(consult.sum(axis=0), 1e-9))
    theatre = operates / operates.sum() * theatre_halves
    theatre = np.minimum(theatre, np.maximum(halves - consult.sum(axis=1), 0.01 * operates))
    return np.c_[consult, theatre]


def _staffed(totals: np.ndarray, days: np.ndarray, calendar: Days) -> np.ndarray:
    """Rooms staffed in each half day and branch: evenings and Monday mornings first, never above the rooms."""
    weekday = np.repeat(calendar.weekday[days], 2)
    evening = np.tile([0, 1], len(days))
    liking = 1.0 + 0.25 * evening * (weekday < 5) + 0.2 * ((weekday == 0) & (evening == 0)) + 0.1 * (weekday == 5)
    columns = []
    for branch, total in enumerate(totals):
        rooms = len(ROOMS[branch])
        total = min(int(total) + 1, rooms * len(liking))
        count = np.minimum(round_to_total(liking, total), rooms)
        spare = np.argsort(-(liking - 10.0 * (count >= rooms)), kind="stable")
        while count.sum() < total:
            free = spare[count[spare] < rooms][: total - count.sum()]
            count[free] += 1
        columns.append(count)
    return np.array(columns).T


def _half_day(
    pressure: np.ndarray, left: np.ndarray, staffed: np.ndarray, operating: bool, day: int, half: int
) -> list[tuple[int, int, int, int, int]]:
    rows = []
    score = pressure[:, :OPERATING].copy()
    if operating:
        doctor = int(np.argmax(left[:, OPERATING]))
        rows.append((day, half, OPERATING, OPERATING_ROOM, doctor))
        left[doctor, OPERATING] -= 1
        score[doctor] = -np.inf
    free = [int(count) for count in staffed]
    score[:, [place for place in (0, 1) if free[place] == 0]] = -np.inf
    while sum(free) and np.isfinite(score).any():
        doctor, place = (int(at) for at in np.unravel_index(np.argmax(score), score.shape))
        rows.append((day, half, place, ROOMS[place][free[place] - 1], doctor))
        left[doctor, place] -= 1
        free[place] -= 1
        score[doctor] = -np.inf
        if free[place] == 0:
            score[:, place] = -np.inf
    return rows


def desk_roster(calendar: Days) -> np.ndarray:
    """Administrators on duty, shape (days, 2 halves, 2): each works every second half day on average."""
    number = np.cumsum(calendar.is_open) - 1
    morning = np.array(PAIRS)[number % len(PAIRS)]
    evening = np.array(PAIRS)[(number + 3) % len(PAIRS)]
    return np.stack([morning, evening], axis=1)
