"""Money days: patients' money summed by day, apart for first days and new patients (computed, never stored)."""

from __future__ import annotations

from datetime import date

import ibis
from ibis import _
from ibis.expr.types import Table

from audit.config import Days


def money_days(patient_days: Table, first_visits: Table, *, start: date, end: date, now: Days) -> Table:
    """One row per day of ``start`` … ``end`` (exclusive), is_first and is_new_now.

    is_first marks first days of new patients, is_new_now all days of those who became patients in
    ``now``. Columns: revenue, surgery, ambulatory (currency), visits, n (patient days).
    """
    began = first_visits.select("patient_id", "first_day", "is_new")
    joined = patient_days.left_join(began, "patient_id").drop("patient_id_right")
    is_new = ibis.coalesce(_.is_new, False)
    began_now = ibis.coalesce((_.first_day >= now.start) & (_.first_day < now.end), False)
    return joined.filter(_.day >= start, _.day < end).group_by(
        "day", is_first=is_new & (ibis.coalesce(_.tenure_day, -1) == 0), is_new_now=is_new & began_now
    ).aggregate(
        revenue=_.revenue.sum().cast("float64"), surgery=_.surgery_revenue.sum().cast("float64"),
        ambulatory=(_.revenue - _.surgery_revenue).sum().cast("float64"), visits=_.visits.sum(), n=_.count(),
    ).order_by(["day", "is_first", "is_new_now"])


def first_day_money(patient_days: Table, first_visits: Table, *, start: date, end: date, horizon_days: int) -> Table:
    """One row per patient who began in ``start`` … ``end`` (exclusive): outpatient money of the first day (first) and of
    ``horizon_days`` (whole), in the order of the amounts, so that names of patients do not matter."""
    cohort = first_visits.filter(_.is_new, _.first_day >= start, _.first_day < end).select("patient_id")
    seen = patient_days.filter(_.tenure_day >= 0, _.tenure_day <= horizon_days).inner_join(cohort, "patient_id")
    money = seen.mutate(money=_.revenue - _.surgery_revenue).group_by("patient_id").aggregate(
        first=_.money.sum(where=_.tenure_day == 0).fill_null(0).cast("float64"), whole=_.money.sum().cast("float64"),
    )
    return money.select("first", "whole").order_by(["whole", "first"])
