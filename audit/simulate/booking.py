"""Put wished visits into free half hours of the doctors' shifts.

A visit stays with its doctor, branch and week if there is room; otherwise it moves to another week of
the same doctor, then to another doctor of the branch, then to the other branch. Half hours are filled
in the order of the wishes, liked hours first. No half hour of a room is used twice.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.random import Generator

from audit.simulate.days import Days, slot_weight
from audit.simulate.sampling import rank_within, take_per_group

DOCTORS = 11


def place_visits(visits: pd.DataFrame, slots: pd.DataFrame, calendar: Days, rng: Generator) -> pd.DataFrame:
    """Visits with the half hour they got: columns room, day, slot, and doctor and branch as they became.

    ``visits`` needs person, want (day with fraction), month, doctor, branch, priority (first visits move
    after repeats, promised returns never leave their week if it has any room). Visits no half hour is
    left for in their month are dropped.
    """
    day = np.clip(np.floor(visits.want.to_numpy()).astype(int), 0, len(calendar.cell) - 1)
    cell = _code(calendar.cell[day], visits.branch.to_numpy(), visits.doctor.to_numpy())
    slot_cell = _code(calendar.cell[slots.day], slots.branch.to_numpy(), slots.doctor.to_numpy())
    cell = _fit(cell, visits.priority.to_numpy(), slot_cell, calendar, rng)
    kept = cell >= 0
    cell, visits = cell[kept], visits[kept]
    need = np.bincount(cell, minlength=int(max(slot_cell.max(), cell.max())) + 1)
    liking = slot_weight(calendar.weekday[slots.day], slots.slot.to_numpy())
    used = slots[take_per_group(slot_cell, need, liking, rng)]
    used_cell = slot_cell[used.index]
    at_slot = np.lexsort((used.slot, used.day, used_cell))
    at_visit = np.lexsort((visits.want, cell))
    placed = visits.iloc[at_visit].reset_index(drop=True)
    taken = used.iloc[at_slot].reset_index(drop=True)
    for column in ("doctor", "branch", "room", "day", "slot", "month"):
        placed[column] = taken[column]
    return _apart(_in_order(placed), rng)


def _code(week_cell: np.ndarray, branch: np.ndarray, doctor: np.ndarray) -> np.ndarray:
    return (week_cell * 2 + branch) * DOCTORS + doctor


def _fit(cell: np.ndarray, priority: np.ndarray, slot_cell: np.ndarray, calendar: Days, rng: Generator) -> np.ndarray:
    """Cells moved so that none holds more visits than half hours; −1 where nothing is free in the month."""
    size = calendar.cells * 2 * DOCTORS
    capacity = np.bincount(slot_cell, minlength=size)
    month_of_cell = np.zeros(calendar.cells, int)
    month_of_cell[calendar.cell] = calendar.month
    number = np.arange(size)
    week, branch, doctor = number // (2 * DOCTORS), number // DOCTORS % 2, number % DOCTORS
    month = month_of_cell[week]
    cell = cell.copy()
    keys = ((month * 2 + branch) * DOCTORS + doctor, week * 2 + branch, week, month * 2 + branch, month)
    moving = _overflow(cell, priority, capacity, rng)
    spare = capacity - np.bincount(np.delete(cell, moving), minlength=size)
    promised = moving[priority[moving] == 2]
    for key in keys[1:3]:
        promised, spare = _move(cell, promised, spare, key, rng)
    moving = np.r_[moving[priority[moving] < 2], promised]
    for key in keys:
        moving, spare = _move(cell, moving, spare, key, rng)
    cell[moving] = -1
    return cell


def _overflow(cell: np.ndarray, priority: np.ndarray, capacity: np.ndarray, rng: Generator) -> np.ndarray:
    order = rng.random(len(cell)) - priority
    return np.flatnonzero(rank_within(cell, order) >= capacity[cell])


def _move(
    cell: np.ndarray, moving: np.ndarray, spare: np.ndarray, key: np.ndarray, rng: Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Move visits to spare half hours of cells that share their key; returns who is left and what is left."""
    units = rng.permutation(np.repeat(np.arange(len(spare)), np.maximum(spare, 0)))
    units = units[np.argsort(key[units], kind="stable")]
    starts = np.searchsorted(key[units], key[cell[moving]], side="left")
    ends = np.searchsorted(key[units], key[cell[moving]], side="right")
    rank = rank_within(key[cell[moving]], rng.random(len(moving)))
    fits = rank < ends - starts
    target = units[starts[fits] + rank[fits]]
    cell[moving[fits]] = target
    return moving[~fits], spare - np.bincount(target, minlength=len(spare))


def _in_order(placed: pd.DataFrame) -> pd.DataFrame:
    """Each person's half hours in the order of his visits: moving between weeks must not turn them round."""
    person = placed.person.to_numpy()
    by_slot = np.lexsort((placed.slot, placed.day, person))
    by_order = np.lexsort((placed.want, placed.ordinal, person))
    result = placed.iloc[by_order].reset_index(drop=True)
    for column in ("doctor", "branch", "room", "day", "slot", "month"):
        result[column] = placed[column].to_numpy()[by_slot]
    return result


def _apart(placed: pd.DataFrame, rng: Generator) -> pd.DataFrame:
    """Nobody in two rooms at once: the second visit changes places with another repeat visit of the day."""
    columns = ["doctor", "branch", "room", "slot"]
    for _ in range(5):
        clash = np.flatnonzero(placed.duplicated(["person", "day", "slot"]) & (placed.ordinal > 0))
        if not len(clash):
            break
        able = rng.permutation(np.flatnonzero((placed.ordinal > 1) & (placed.priority == 0)))
        days = placed.day.to_numpy()
        able = able[np.argsort(days[able], kind="stable")]
        at = np.searchsorted(days[able], days[clash])
        partner = able[np.minimum(at, len(able) - 1)]
        _, once = np.unique(partner, return_index=True)
        clash, partner = clash[once], partner[once]
        values = placed[columns].to_numpy()
        values[clash], values[partner] = values[partner].copy(), values[clash].copy()
        placed = placed.assign(**{name: values[:, at] for at, name in enumerate(columns)})
    return placed


def place_freely(visits: pd.DataFrame, calendar: Days, rng: Generator) -> pd.DataFrame:
    """Visits at the very day they were wished, in any room, for process G1 which knows no capacity."""
    day = np.floor(visits.want.to_numpy()).astype(int)
    return visits.assign(
        day=day,
        room=np.where(visits.branch == 1, 4 + rng.integers(0, 3, len(visits)), rng.integers(0, 4, len(visits))),
        slot=rng.integers(0, 24, len(visits)),
        month=calendar.month[day],
    )
