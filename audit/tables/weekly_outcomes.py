"""Weekly outcomes: what a change is measured by, per unit and week (computed, never stored)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import ibis
import numpy as np
import pandas as pd
from ibis import _
from ibis.expr.types import Table
from numpy.typing import NDArray

from audit.config import Days
from audit.tables.opportunities import FOLLOW_DAYS

Array = NDArray[np.float64]

RETURN_DAYS = 90
SETTLED_DAYS = 365
"""Visits of patients of more than a year follow season and holidays, not what is done to win or keep new ones."""

COUNTED_BY: dict[str, tuple[str, ...]] = {
    "callers": ("branch", "administrator_id", "channel"),
    "booked": ("branch", "administrator_id", "channel"),
    "attended": ("branch", "administrator_id", "channel"),
    "first_visits": ("branch", "doctor_id"),
    "return_90": ("branch", "doctor_id"),
    "revenue": (),
    "settled_visits": (),
}
"""Outcomes, and the kinds of unit each can be counted by."""

FOLLOWED_DAYS = {"booked": FOLLOW_DAYS, "attended": FOLLOW_DAYS, "return_90": RETURN_DAYS}
"""Days after its week until an outcome is settled."""

SHARES = ("booked", "attended", "return_90")
WHOLE = "all"


@dataclass(frozen=True)
class Outcomes:
    """Arrays (units, weeks): ``outcome`` is a count, a number of successes or money, ``size`` the tries of a share.

    NaN before a unit's first and after its last week; ``weeks`` are Mondays without a gap.
    """

    units: list[str]
    weeks: list[date]
    outcome: Array
    size: Array | None

    def only(self, keep: NDArray[np.bool_]) -> Outcomes:
        """Some of the units (units,)."""
        units = [unit for unit, stays in zip(self.units, keep, strict=True) if stays]
        return Outcomes(units, self.weeks, self.outcome[keep], None if self.size is None else self.size[keep])

    def summed(self) -> tuple[Array, Array | None]:
        """Outcome and size (weeks,) of all units together; NaN where no unit is seen."""
        seen = np.isfinite(self.outcome).any(axis=0)
        sums = (None if part is None else np.where(seen, np.nansum(part, axis=0), np.nan) for part in (self.outcome, self.size))
        outcome, size = sums
        assert outcome is not None
        return outcome, size


def whole_weeks(days: Days) -> list[date]:
    """Mondays of the weeks wholly inside ``days``."""
    start = days.start + timedelta(days=-days.start.weekday() % 7)
    return [start + timedelta(weeks=number) for number in range(max((days.end - start).days, 0) // 7)]


def weekly_outcomes(
    name: str, unit: str | None, *, opportunities: Table | None, first_visits: Table, patient_days: Table, days: Days,
) -> Outcomes | None:
    """Outcome ``name`` by ``unit`` (None: the whole clinic) in the whole weeks of ``days``; None where it is not recorded."""
    counted = _counted(name, opportunities, first_visits, patient_days)
    weeks = whole_weeks(days)
    if counted is None or not weeks:
        return None
    key = counted[unit] if unit else ibis.literal(WHOLE)
    sums = counted.mutate(unit=key, week=_.day.truncate("W")).filter(_.unit.notnull()).group_by("unit", "week").aggregate(
        outcome=_.outcome.sum().cast("float64"), size=_.size.sum().cast("float64")
    )
    frame = sums.order_by("unit", "week").to_pandas()
    frame = frame[pd.to_datetime(frame["week"]).isin(pd.to_datetime(weeks))]
    if frame.empty:
        return None
    units = sorted(set(frame["unit"]))
    outcome, size = (_grid(frame, column, units, weeks) for column in ("outcome", "size"))
    _unseen(outcome, size)
    return Outcomes(units, weeks, outcome, size if name in SHARES else None)


def _counted(name: str, opportunities: Table | None, first_visits: Table, patient_days: Table) -> Table | None:
    """Rows with a day, ``outcome`` and ``size`` each, and the units they can be counted by."""
    if name in ("callers", "booked", "attended"):
        if opportunities is None:
            return None
        calls = opportunities.filter(_.is_answered).mutate(day=_.opened_at.date())
        if name == "callers":
            return calls.mutate(outcome=1, size=1)
        success = calls.is_booked if name == "booked" else calls.is_attended
        return calls.mutate(outcome=success.cast("int64"), size=1).filter(_.is_mature)
    if name in ("first_visits", "return_90"):
        new = first_visits.filter(_.is_new).mutate(day=_.first_day, size=1)
        if name == "first_visits":
            return new.mutate(outcome=1)
        back = ibis.coalesce(_.second_day.delta(_.first_day, unit="day") <= RETURN_DAYS, False)
        return new.filter(_.tenure_days >= RETURN_DAYS).mutate(outcome=back.cast("int64"))
    if name == "revenue":
        return patient_days.mutate(outcome=_.revenue, size=1)
    return patient_days.filter(_.tenure_day >= SETTLED_DAYS, _.visits > 0).mutate(outcome=_.visits, size=1)


def _grid(frame: pd.DataFrame, column: str, units: list[str], weeks: list[date]) -> Array:
    wide = frame.assign(week=pd.to_datetime(frame["week"])).pivot(index="unit", columns="week", values=column)
    grid: Array = wide.reindex(index=units, columns=pd.to_datetime(weeks)).astype("float64").fillna(0.0).to_numpy(copy=True)
    return grid


def _unseen(outcome: Array, size: Array) -> None:
    """Blanks the weeks before a unit was first seen and after it was last seen."""
    for values, tries in zip(outcome, size, strict=True):
        seen = np.flatnonzero(tries)
        for row in (values, tries):
            row[: seen[0]] = np.nan
            row[seen[-1] + 1 :] = np.nan
