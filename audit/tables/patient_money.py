"""Patient money: what each new patient brought on the first day and after it, at one horizon for all (never stored)."""

from __future__ import annotations

from datetime import date

from ibis import _
from ibis.expr.types import Table


def patient_money(patient_days: Table, first_visits: Table, *, horizon_days: int, since: date | None = None) -> Table:
    """Money of each new patient followed for longer than ``horizon_days``, counted on days 0 … ``horizon_days``.

    Columns: patient_id, first_day, first_money, later_money (paid, net of refunds), later_surgery (the part of
    later_money from operations and ward), first_cost, later_cost (direct cost, empty where services carry none),
    later_visits (completed outpatient visits after the first day). Only patients followed long enough are in it, so that
    early and late ones are compared at the same age; a patient without money counts as zero.
    ``since`` leaves out those whose first visit was earlier.
    """
    ripe = first_visits.filter(_.is_new, _.tenure_days > horizon_days)
    if since is not None:
        ripe = ripe.filter(_.first_day >= since)
    days = patient_days.filter(_.tenure_day >= 0, _.tenure_day <= horizon_days)
    sums = days.group_by("patient_id").aggregate(
        first_money=_.revenue.sum(where=_.tenure_day == 0).cast("float64"),
        later_money=_.revenue.sum(where=_.tenure_day > 0).cast("float64"),
        later_surgery=_.surgery_revenue.sum(where=_.tenure_day > 0).cast("float64"),
        first_cost=_.direct_cost.sum(where=_.tenure_day == 0).cast("float64"),
        later_cost=_.direct_cost.sum(where=_.tenure_day > 0).cast("float64"),
        later_visits=_.visits.sum(where=_.tenure_day > 0).cast("float64"),
    )
    return (
        ripe.select("patient_id", "first_day").left_join(sums, "patient_id").drop("patient_id_right")
        .mutate(first_money=_.first_money.fill_null(0.0), later_money=_.later_money.fill_null(0.0),
                later_surgery=_.later_surgery.fill_null(0.0), later_visits=_.later_visits.fill_null(0.0))
    )
