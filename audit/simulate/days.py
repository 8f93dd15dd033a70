"""The clinic's calendar: which days it is open, in which month and week they lie.

Days are whole numbers from 1 January 2013: one year before the records begin, so that January 2014
already has the repeat visits of 2013's patients.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

ORIGIN = np.datetime64("2013-01-01", "D")
WINDOW_START = np.datetime64("2014-01-01", "D")
WINDOW_END = np.datetime64("2017-01-01", "D")
FIRST_MONTH = 12
"""Index of January 2014; months are counted from January 2013."""
BEFORE_MONTH, AFTER_MONTH, MONTHS = 35, 47, 48
SLOTS_PER_DAY = 24
HALF_DAY_SLOTS = 12
OPENS_MINUTE, CLOSES_MINUTE = 540, 1260


@dataclass(frozen=True)
class Days:
    """One element per day from ORIGIN to the end of 2016.

    ``cell`` numbers the pieces of ISO weeks inside one month, so a count by cell adds up to months.
    """

    date: np.ndarray
    weekday: np.ndarray
    month: np.ndarray
    week: np.ndarray
    cell: np.ndarray
    is_open: np.ndarray

    @property
    def cells(self) -> int:
        """Number of week-in-month cells."""
        return int(self.cell[-1]) + 1

    def open_days(self, month: int) -> np.ndarray:
        """Day numbers of the open days of a month."""
        return np.flatnonzero(self.is_open & (self.month == month))

    def number(self, day: str) -> int:
        """Day number of an ISO date."""
        return int((np.datetime64(day, "D") - ORIGIN).astype(int))


def days() -> Days:
    """The calendar: open Monday to Saturday, closed on 31 December and 1–4 January."""
    date = np.arange(ORIGIN, WINDOW_END)
    index = pd.DatetimeIndex(date)
    weekday = index.day_of_week.to_numpy()
    month = ((index.year - 2013) * 12 + index.month - 1).to_numpy()
    week = (np.arange(len(date)) + weekday[0]) // 7
    changed = np.r_[False, (week[1:] != week[:-1]) | (month[1:] != month[:-1])]
    holiday = ((index.month == 12) & (index.day == 31)) | ((index.month == 1) & (index.day <= 4))
    return Days(
        date=date,
        weekday=weekday,
        month=month,
        week=week,
        cell=np.cumsum(changed),
        is_open=(weekday < 6) & ~np.asarray(holiday),
    )


def previous_open(calendar: Days, day: np.ndarray) -> np.ndarray:
    """The day itself if open, else the last open day before it."""
    last = np.maximum.accumulate(np.where(calendar.is_open, np.arange(len(calendar.date)), 0))
    return last[np.clip(day, 0, len(last) - 1)]


def next_open(calendar: Days, day: np.ndarray) -> np.ndarray:
    """The day itself if open, else the first open day after it; beyond the end, the number past the last day."""
    size = len(calendar.date)
    ahead = np.where(calendar.is_open, np.arange(size), size)
    coming = np.r_[np.minimum.accumulate(ahead[::-1])[::-1], size]
    return coming[np.clip(day, 0, size)]


def moment(day: np.ndarray, minute: np.ndarray) -> np.ndarray:
    """Day number and minutes after midnight as a timestamp to the second."""
    seconds = np.round(np.asarray(minute, float) * 60).astype("timedelta64[s]")
    return (ORIGIN + np.asarray(day).astype("timedelta64[D]")).astype("datetime64[s]") + seconds


def slot_weight(weekday: np.ndarray, slot: np.ndarray) -> np.ndarray:
    """How much patients like a half-hour: evenings from 18:00, Monday mornings and Saturdays more."""
    evening = np.where((slot >= 18) & (slot < 22), 1.9, 1.0)
    monday = np.where((weekday == 0) & (slot < 5), 1.7, 1.0)
    saturday = np.where(weekday == 5, 1.15, 1.0)
    noon = np.where((slot >= 6) & (slot < 12) & (weekday < 5), 0.75, 1.0)
    return evening * monday * saturday * noon
