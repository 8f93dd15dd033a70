"""Counts of one period: patients, visits, calls and their join (computed, never stored)."""

from __future__ import annotations

from datetime import date

import numpy as np
from ibis import _
from ibis.expr.types import Table


def period_counts(
    first_visits: Table, patient_days: Table, opportunities: Table | None, *, start: date, end: date
) -> dict[str, float]:
    """What happened in ``start`` … ``end`` (exclusive), as counts; NaN for calls without ``opportunities``.

    first_patients, visits, operations; answered_calls are opportunities opened then and answered,
    first_by_call the first patients of these days whose answered call is known, whenever they called.
    """
    new = first_visits.filter(_.is_new, _.first_day >= start, _.first_day < end)
    seen = patient_days.filter(_.day >= start, _.day < end)
    sums = seen.aggregate(visits=_.visits.sum(), operations=_.operations.sum()).to_pandas().fillna(0).iloc[0]
    counts = {
        "first_patients": float(new.count().execute()), "visits": float(sums["visits"]),
        "operations": float(sums["operations"]), "answered_calls": np.nan, "first_by_call": np.nan,
    }
    if opportunities is not None:
        answered = opportunities.filter(_.is_answered)
        opened = answered.filter(_.opened_at.date() >= start, _.opened_at.date() < end)
        came = answered.filter(_.first_visit_day >= start, _.first_visit_day < end).select("patient_id")
        counts["answered_calls"] = float(opened.count().execute())
        counts["first_by_call"] = float(new.semi_join(came, "patient_id").count().execute())
    return counts
