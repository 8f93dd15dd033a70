"""Plan progress: what was done of each plan, and when (computed, never stored)."""

from __future__ import annotations

from datetime import date

import ibis
from ibis import _
from ibis.expr.types import Table

KEY = ("patient_id", "service_id")


def services_done(appointments: Table, charges: Table | None) -> Table:
    """One row per patient, service and day: the ``number`` of times it was done.

    Done are completed appointments and sold bill lines. A bill is of a visit, so of the two the day counts whichever
    are more: visits an insurer pays for need no bill, and a visit billed is not two. A refund gives back money, not treatment.
    """
    came = appointments.filter(_.status == "completed").select(*KEY, day=_.starts_at.date(), came=ibis.literal(1.0), sold=ibis.literal(0.0))
    both = came
    if charges is not None:
        both = ibis.union(came, charges.filter(_.kind == "sale").select(
            *KEY, day="charged_on", came=ibis.literal(0.0), sold=ibis.coalesce(_.quantity, 1.0)
        ))
    daily = both.filter(_.service_id.notnull()).group_by(*KEY, "day").aggregate(came=_.came.sum(), sold=_.sold.sum())
    return daily.select(*KEY, "day", number=ibis.greatest(_.came, _.sold)).filter(_.number > 0)


def plan_lines(plans: Table, done: Table, *, end: date) -> Table:
    """One row per plan line made before ``end`` that plans anything: where its services lie in the patient's queue of that service.

    Lines of one patient and service are served in the order they were made: ``begins`` … ``ends`` are the numbers, from 0,
    of the line's services in the queue. ``stops`` is the day from which nothing counts (called off, else ``end``). ``due``
    is what is planned, of a line called off only what was done by then: the rest leaves the queue to later plans.
    ``plan`` numbers the plans from 0; a number used for two patients is two plans.
    """
    cut = ibis.date(end)
    made = plans.filter(_.planned_on < cut, _.planned > 0, _.service_id.notnull()).mutate(
        off=ibis.ifelse(_.cancelled_on < cut, ibis.greatest(_.cancelled_on, _.planned_on), ibis.null("date"))
    ).group_by("plan_id", *KEY, "planned_on", "off").aggregate(planned=_.planned.sum(), amount=_.amount.sum().cast("float64"))
    made = made.mutate(
        line=ibis.row_number().over(order_by=["planned_on", "plan_id", *KEY, "off", "planned"]),
        plan=ibis.dense_rank().over(order_by=["plan_id", "patient_id"]),
    )
    off = made.filter(_.off.notnull())
    by_then = off.inner_join(done, [
        off.patient_id == done.patient_id, off.service_id == done.service_id, done.day >= off.planned_on, done.day < off.off,
    ]).group_by("line").aggregate(by_then=_.number.sum())
    known = made.left_join(by_then, "line").drop("line_right")
    due = known.mutate(
        due=ibis.ifelse(_.off.isnull(), _.planned, ibis.least(_.planned, _.by_then.fill_null(0.0))), stops=_.off.fill_null(cut)
    ).drop("by_then", "off")
    lines = due.mutate(ends=_.due.sum().over(rows=(None, 0), group_by=KEY, order_by=["planned_on", "plan_id", "line"]))
    return lines.mutate(begins=_.ends - _.due)


def plan_progress(lines: Table, done: Table) -> Table:
    """One row per plan and day on which planned services were done: plan, plan_id, day, done (number).

    Each service counts once, for the earliest plan of the same patient and service that was made by then and still wants it.
    """
    return _served(lines, done).group_by("plan", "plan_id", "day").aggregate(done=_.done.sum()).order_by("plan", "day")


def plan_totals(lines: Table, done: Table) -> Table:
    """One row per plan: plan, plan_id, patient_id, day it was made, planned (number), stops, and amount_left, its money not done.

    Lines called off are no longer planned as long as the plan goes on; a plan called off as a whole keeps its number.
    """
    by_line = _served(lines, done).group_by("line").aggregate(done=_.done.sum())
    whole = lines.left_join(by_line, "line").drop("line_right").mutate(goes_on=_.stops == _.stops.max().over(group_by="plan"))
    left = _.amount * (1 - _.done.fill_null(0.0) / _.planned)
    whole = whole.mutate(wanted=ibis.ifelse(_.goes_on, _.planned, _.due), left=ibis.ifelse(_.goes_on, left, 0.0))
    return whole.group_by("plan", "plan_id", "patient_id").aggregate(
        day=_.planned_on.min(), planned=_.wanted.sum(), stops=_.stops.max(),
        amount_left=ibis.ifelse(_.amount.count() > 0, _.left.sum(), ibis.null("float64")),
    )


def _served(lines: Table, done: Table) -> Table:
    """Columns plan, plan_id, line, day, done: the services that planned ones were waiting for, first come, first served.

    With C(d) services planned by day d and Q(d) done, min over earlier days e of C(e) + Q(d) − Q(e), at most Q(d), are
    served by day d (Lindley's recursion, unrolled): what is done while nothing waits is no part of a later plan.
    """
    waiting = lines.inner_join(
        done, [lines.patient_id == done.patient_id, lines.service_id == done.service_id, done.day >= lines.planned_on]
    ).group_by(*KEY, "day").aggregate(number=_.number.first(), asked=_.ends.max())
    order = {"group_by": KEY, "order_by": "day"}
    counted = waiting.mutate(total=_.number.sum().over(rows=(None, 0), **order))
    short = counted.mutate(short=ibis.least(0.0, (_.asked - _.total).min().over(rows=(None, 0), **order)))
    served = short.mutate(upto=_.total + _.short)
    served = served.mutate(since=_.upto.lag().over(**order).fill_null(0.0)).select(*KEY, "day", "since", "upto")
    met = lines.inner_join(served, list(KEY)).filter(_.day < _.stops, _.upto > _.begins, _.since < _.ends)
    return met.select("plan", "plan_id", "line", "day", done=ibis.least(_.upto, _.ends) - ibis.greatest(_.since, _.begins))
