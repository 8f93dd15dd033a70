"""Visit receipts: outpatient money and visits by month and by patient (computed from patient_days, never stored)."""

from __future__ import annotations

from datetime import date

import ibis
from ibis import _
from ibis.expr.types import Table

from audit.config import Days


def receipts_by_month(patient_days: Table, *, start: date, end: date) -> Table:
    """Columns month, amount (outpatient money, currency), visits; months of ``start`` … ``end`` (exclusive) with visits."""
    inside = patient_days.filter(_.day >= start, _.day < end)
    summed = inside.group_by(month=_.day.truncate("M")).aggregate(
        amount=(_.revenue - _.surgery_revenue).sum().cast("float64"), visits=_.visits.sum()
    )
    return summed.filter(_.visits > 0).order_by("month")


def receipts_by_patient(patient_days: Table, now: Days, before: Days | None) -> Table:
    """One row per part (now, before) and patient seen in it: amount and visits of first days, and of the others.

    Columns part, first_amount, first_visits, repeat_amount, repeat_visits; in the order of the amounts, so that names of
    patients do not matter.
    """
    parts = [((_.day >= days.start) & (_.day < days.end), name) for name, days in (("now", now), ("before", before)) if days is not None]
    dated = patient_days.mutate(
        part=ibis.cases(*parts), first=(_.tenure_day == 0).fill_null(False), amount=(_.revenue - _.surgery_revenue).cast("float64")
    ).filter(_.part.notnull(), (_.visits > 0) | (_.amount != 0))
    names = ["first_amount", "first_visits", "repeat_amount", "repeat_visits"]
    return dated.group_by("part", "patient_id").aggregate(
        first_amount=_.amount.sum(where=_.first).fill_null(0), first_visits=_.visits.sum(where=_.first).fill_null(0),
        repeat_amount=_.amount.sum(where=~_.first).fill_null(0), repeat_visits=_.visits.sum(where=~_.first).fill_null(0),
    ).select("part", *names).order_by(["part", *names])
