"""Drivers by day and by month: what revenue is a product of, and visits by month since the first (never stored)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import ibis
import numpy as np
import pandas as pd
from ibis import _
from ibis.expr.types import Table

from audit.config import calendar_months

COUNTED = ("enquiries", "answered_calls", "booked_calls", "first_by_call", "first_patients", "visits", "operations")
MONEY = ("ambulatory", "surgery", "first_money")


def driver_days(
    first_visits: Table, patient_days: Table, opportunities: Table | None, *, start: date, end: date
) -> pd.DataFrame:
    """One row per day of ``start`` … ``end`` (exclusive): COUNTED, first_visits_made and MONEY as floats, 0 where nothing happened.

    Calls are opportunities opened that day; first_by_call are first patients of the day whose answered call is known,
    whenever they called. Without opportunities the four of calls are missing throughout. first_money and
    first_visits_made are what patients new to the clinic paid (without surgery) and how often they were seen that first day.
    """
    new = first_visits.filter(_.is_new)
    seen = patient_days.filter(_.day >= start, _.day < end).left_join(new.select("patient_id", is_known=_.is_new), "patient_id")
    is_first = ((_.tenure_day == 0) & _.is_known).fill_null(False)
    outpatient = _.revenue - _.surgery_revenue
    parts = [
        seen.group_by("day").aggregate(
            visits=_.visits.sum(), operations=_.operations.sum(), ambulatory=outpatient.sum(), surgery=_.surgery_revenue.sum(),
            first_money=outpatient.sum(where=is_first), first_visits_made=_.visits.sum(where=is_first),
        ),
        new.filter(_.first_day >= start, _.first_day < end).group_by(day=_.first_day).aggregate(first_patients=_.count()),
    ]
    if opportunities is not None:
        opened = opportunities.filter(_.opened_at.date() >= start, _.opened_at.date() < end)
        answered = opportunities.filter(_.is_answered)
        parts += [
            opened.group_by(day=_.opened_at.date()).aggregate(
                enquiries=_.count(), answered_calls=_.is_answered.sum(), booked_calls=(_.is_answered & _.is_booked).sum()
            ),
            new.inner_join(answered.select("patient_id", "first_visit_day"), "patient_id").filter(
                _.first_visit_day >= start, _.first_visit_day < end, _.first_day >= start, _.first_day < end
            ).group_by(day=_.first_day).aggregate(first_by_call=_.patient_id.nunique()),
        ]
    frames = [part.to_pandas() for part in parts]
    days = pd.date_range(start, end, inclusive="left", name="day")
    joined = pd.concat([frame.assign(day=pd.to_datetime(frame["day"])).set_index("day").astype(float).reindex(days) for frame in frames], axis=1)
    known = joined.fillna(0.0).reindex(columns=[*COUNTED, "first_visits_made", *MONEY])
    return known if opportunities is None else known.fillna(0.0)


def by_month(days: pd.DataFrame) -> pd.DataFrame:
    """The sums of ``driver_days`` by month (its first day), a missing count stays missing."""
    return days.groupby(days.index.to_period("M").start_time).sum(min_count=1)


@dataclass(frozen=True)
class History:
    """The whole months of a range, M of them: their first days, sums by month (``by_month``), and repeats and operations by age
    (``returns_by_age``), both (M, M + 1)."""

    months: list[date]
    sums: pd.DataFrame
    visits: np.ndarray
    operations: np.ndarray


def driver_history(first_visits: Table, patient_days: Table, opportunities: Table | None, *, start: date, end: date) -> History | None:
    """All whole months in ``start`` … ``end`` (exclusive), None without one."""
    months = [month for month in calendar_months(start, end) if month.start >= start and month.end <= end]
    if not months:
        return None
    first, last = months[0].start, months[-1].end
    sums = by_month(driver_days(first_visits, patient_days, opportunities, start=first, end=last))
    visits, operations = returns_by_age(first_visits, patient_days, start=first, end=last)
    return History([month.start for month in months], sums.assign(revenue=sums["ambulatory"] + sums["surgery"]), visits, operations)


def returns_by_age(first_visits: Table, patient_days: Table, *, start: date, end: date) -> tuple[np.ndarray, np.ndarray]:
    """Repeat visits and operations by month and months since the first visit; ``start`` … ``end`` (exclusive) are whole months.

    Two arrays (months, months + 1): element [t, j] counts what patients whose first visit lay in month t − j did in month t,
    the last column what everybody else did (patients of before the records). Visits of the first day are not repeats.
    """
    who = first_visits.filter(_.is_new, _.first_day >= start).select("patient_id", "first_day")
    done = patient_days.filter(_.day >= start, _.day < end).left_join(who, "patient_id")
    month = _.day.year() * 12 + _.day.month() - (start.year * 12 + start.month)
    first = _.first_day.year() * 12 + _.first_day.month() - (start.year * 12 + start.month)
    summed = done.mutate(
        month=month, age=ibis.ifelse(_.first_day.isnull(), -1, ibis.greatest(month - first, 0)),
        repeats=ibis.ifelse((_.first_day == _.day).fill_null(False), 0, _.visits),
    ).group_by("month", "age").aggregate(repeats=_.repeats.sum(), operations=_.operations.sum()).to_pandas()
    count = (end.year - start.year) * 12 + end.month - start.month
    visits, operations = np.zeros((count, count + 1)), np.zeros((count, count + 1))
    at = summed["month"].to_numpy(int), summed["age"].to_numpy(int)
    visits[at], operations[at] = summed["repeats"].to_numpy(float), summed["operations"].to_numpy(float)
    return visits, operations
