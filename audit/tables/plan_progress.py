"""Plan progress: what was done of each plan, and when (computed, never stored)."""

from __future__ import annotations

from datetime import date

import ibis
from ibis import _
from ibis.expr.types import Table


def plan_lines(plans: Table, *, end: date) -> Table:
    """One row per plan line made before ``end``: where its services lie in the patient's sequence of that service.

    Plans of one patient and service follow each other by day: ``begins`` … ``ends`` are the numbers, from 0, of the
    planned services among all of them. ``stops`` is the day after which nothing counts (called off, else ``end``).
    """
    made = plans.filter(_.planned_on < end).group_by("plan_id", "patient_id", "service_id").aggregate(
        planned_on=_.planned_on.min(), planned=_.planned.sum(), amount=_.amount.sum().cast("float64"), cancelled_on=_.cancelled_on.min()
    )
    order = {"group_by": ["patient_id", "service_id"], "order_by": [_.planned_on, _.plan_id]}
    lines = made.mutate(ends=_.planned.sum().over(rows=(None, 0), **order), stops=ibis.least(ibis.coalesce(_.cancelled_on, end), end))
    return lines.mutate(begins=_.ends - _.planned)


def plan_progress(lines: Table, appointments: Table, charges: Table | None) -> Table:
    """One row per plan and day on which planned services were done: plan_id, day, done (number).

    Done are sold bill lines, without bills completed appointments, of the same patient and service on or after the day
    of the plan; each counts once, for the earliest plan that still wants it.
    """
    if charges is not None:
        done = charges.filter(_.kind == "sale").select("patient_id", "service_id", day="charged_on", number=ibis.coalesce(_.quantity, 1.0))
    else:
        done = appointments.filter(_.status == "completed").select(
            "patient_id", "service_id", day=_.starts_at.date(), number=ibis.literal(1.0)
        )
    first = lines.group_by("patient_id", "service_id").aggregate(since=_.planned_on.min())
    days = done.inner_join(first, ["patient_id", "service_id"]).filter(_.day >= _.since)
    days = days.group_by("patient_id", "service_id", "day").aggregate(number=_.number.sum())
    order = {"group_by": ["patient_id", "service_id"], "order_by": "day"}
    counted = days.mutate(upto=_.number.sum().over(rows=(None, 0), **order))
    counted = counted.mutate(since=_.upto - _.number)
    met = lines.inner_join(counted, ["patient_id", "service_id"]).filter(
        _.day >= _.planned_on, _.day < _.stops, _.upto > _.begins, _.since < _.ends
    )
    share = met.mutate(done=ibis.least(_.upto, _.ends) - ibis.greatest(_.since, _.begins))
    return share.group_by("plan_id", "day").aggregate(done=_.done.sum()).order_by("plan_id", "day")
