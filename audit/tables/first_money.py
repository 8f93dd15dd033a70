"""First money: what each patient paid in a span at first visits and at later ones, by two definitions (never stored)."""

from __future__ import annotations

import ibis
from ibis import _
from ibis.expr.types import Table

from audit.config import Days


def first_money(
    patient_days: Table, first_visits: Table, appointments: Table, charges: Table | None, services: Table | None, *,
    days: Days,
) -> Table:
    """One row per patient with outpatient money in ``days``, in the order of the amounts.

    Columns: ``whole`` outpatient money, ``first`` of it on the day of the patient's first visit ever, ``marked``
    of it on days with a visit or bill line that the clinic itself marks as a first one. Refunded days count net.
    """
    marks = appointments.filter(_.status == "completed", ibis.coalesce(_.is_first_recorded, False)).select(
        "patient_id", day=_.starts_at.date()
    )
    if charges is not None and services is not None:
        items = services.filter(ibis.coalesce(_.is_first_visit, False)).select("service_id")
        sold = charges.filter(_.kind == "sale").semi_join(items, "service_id").select("patient_id", day="charged_on")
        marks = ibis.union(marks, sold)
    marks = marks.distinct().mutate(is_marked=True)
    seen = patient_days.filter(_.day >= days.start, _.day < days.end)
    seen = seen.left_join(marks, ["patient_id", "day"]).drop("patient_id_right", "day_right")
    new = first_visits.filter(_.is_new).select("patient_id", is_new=True)
    seen = seen.left_join(new, "patient_id").drop("patient_id_right").mutate(money=_.revenue - _.surgery_revenue)
    is_first = ibis.coalesce(_.is_new, False) & (ibis.coalesce(_.tenure_day, -1) == 0)
    sums = seen.group_by("patient_id").aggregate(
        whole=_.money.sum().cast("float64"),
        first=_.money.sum(where=is_first).cast("float64").fill_null(0.0),
        marked=_.money.sum(where=ibis.coalesce(_.is_marked, False)).cast("float64").fill_null(0.0),
    )
    return sums.select("whole", "first", "marked").order_by(["whole", "first", "marked"])
