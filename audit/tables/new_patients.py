"""New patients and their days: one row per person, and per person and day (computed from the derived tables, never stored)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import ibis
from ibis import _
from ibis.expr.types import Table

EPOCH = date(1970, 1, 1)
"""Day 0 of the whole-numbered days the models count in."""


def new_patients(first_visits: Table) -> Table:
    """Patients who became so inside the records, numbered by ``owner`` (0, 1, …) in order of first day.

    Adds ``first`` (first day as a number since 1970), ``last_age`` (last day of age, from 0, at which the
    person was watched) and ``gap`` (days to the second visit, empty if there was none).
    """
    return first_visits.filter(_.is_new, _.tenure_days > 0).mutate(
        owner=ibis.row_number().over(order_by=[_.first_day, _.patient_id]),
        first=_.first_day.delta(ibis.date(EPOCH), unit="day"),
        last_age=_.tenure_days - 1,
        gap=_.second_day.delta(_.first_day, unit="day"),
    )


def new_patient_days(patient_days: Table, new: Table, *, end: date) -> Table:
    """Days of the persons in ``new`` before ``end``: owner, age in days, visits, operations and money as floats.

    ``outpatient`` is revenue without operations and ward, ``cost`` the direct cost, ``costed`` the revenue of
    days whose cost is known. Money paid before the first visit (a deposit, a wrong date) lies on age 0.
    """
    mine = patient_days.filter(_.day < end).inner_join(new.select("patient_id", "owner"), "patient_id")
    return mine.group_by("owner", age=ibis.greatest(_.tenure_day, 0)).aggregate(
        visits=_.visits.sum(),
        operations=_.operations.sum(),
        revenue=_.revenue.sum().cast("float64"),
        outpatient=(_.revenue - _.surgery_revenue).sum().cast("float64"),
        cost=_.direct_cost.sum().cast("float64"),
        costed=_.revenue.sum(where=_.direct_cost.notnull()).cast("float64"),
    )


def outpatient_value(patient_days: Table, *, horizons: Iterable[int], end: date) -> Table:
    """Money of each person without operations and ward up to each age in ``horizons``: columns value_<days>."""
    return patient_days.filter(_.day < end).group_by("patient_id").aggregate(
        **{f"value_{h}": (_.revenue - _.surgery_revenue).sum(where=_.tenure_day <= h).cast("float64") for h in horizons}
    )
