"""Operation cases: one row is one completed operation with what it took and brought (computed, never stored)."""

from __future__ import annotations

from datetime import date

import ibis
from ibis import _
from ibis.expr.types import Table


def operation_cases(
    appointments: Table, charges: Table | None, services: Table | None, *, start: date, end: date
) -> Table:
    """Columns appointment_id, day, kind (the service), minutes, nights, stay, paid, direct_cost, has_cost.

    Operations from ``start`` to ``end`` (exclusive). Nights are the operation's own, else those of the patient's stay
    that begins on its day or the next (``stay``); two operations of a day share the stay. Money is that of the surgical lines
    charged to the patient from the day of the operation to the end of the stay, empty without any; ``has_cost`` says
    that all of these have a known direct cost.
    """
    came = appointments.filter(_.status == "completed").mutate(day=_.starts_at.date())
    cases = came.filter(_.kind == "operation", _.day >= start, _.day < end)
    cases = cases.mutate(sharing=_.count().over(ibis.window(group_by=["patient_id", "day"])))
    if services is not None:
        planned = services.select("service_id", planned="minutes")
        cases = cases.left_join(planned, "service_id").drop("service_id_right")
    else:
        cases = cases.mutate(planned=ibis.null("float64"))
    stays = came.filter(_.kind == "ward", _.nights > 0).group_by("patient_id", "day").aggregate(stay=_.nights.sum())
    both = cases.left_join(stays, [
        cases.patient_id == stays.patient_id, stays.day >= cases.day, stays.day <= cases.day + ibis.interval(days=1),
    ]).drop("patient_id_right", "day_right")
    whole = both.group_by("appointment_id", "patient_id", "day", "sharing", kind=_.service_id).aggregate(
        minutes=ibis.coalesce(_.minutes, _.planned).max(), own=_.nights.max(), stay=ibis.coalesce(_.stay.sum() / _.sharing.max(), 0.0),
    )
    return _priced(whole.mutate(nights=ibis.coalesce(_.own, _.stay)).drop("own"), charges, services).drop("patient_id", "sharing")


def stay_nights(appointments: Table, *, start: date, end: date) -> float:
    """Nights of all completed stays of the ward that begin from ``start`` to ``end`` (exclusive)."""
    day = appointments.starts_at.date()
    stays = appointments.filter(_.kind == "ward", _.status == "completed", day >= start, day < end)
    return float(ibis.coalesce(stays.nights.sum(), 0.0).execute())


def _priced(cases: Table, charges: Table | None, services: Table | None) -> Table:
    """``cases`` with the money of their surgical bill lines."""
    if charges is None or services is None:
        nothing = ibis.null("float64")
        return cases.mutate(paid=nothing, direct_cost=nothing, has_cost=ibis.literal(False))
    surgical = services.filter(_.kind.isin(["operation", "ward"])).select("service_id", unit_cost="direct_cost")
    sign = ibis.cases((_.kind == "refund", -1.0), else_=1.0)
    lines = charges.filter(_.kind.isin(["sale", "refund"])).inner_join(surgical, "service_id")
    lines = lines.select(
        "patient_id", "charged_on", paid=_.paid.cast("float64"),
        cost=_.unit_cost.cast("float64") * ibis.coalesce(_.quantity.abs(), 1.0) * sign,
    )
    last = cases.day + cases.nights.ceil().cast("int64").as_interval("D")
    found = cases.left_join(lines, [
        cases.patient_id == lines.patient_id, lines.charged_on >= cases.day, lines.charged_on.cast("timestamp") <= last.cast("timestamp"),
    ]).drop("patient_id_right", "charged_on")
    return found.group_by("appointment_id", "patient_id", "day", "sharing", "kind", "minutes", "nights", "stay").aggregate(
        paid=_.paid.sum() / _.sharing.max(), direct_cost=_.cost.sum() / _.sharing.max(),
        has_cost=(_.paid.notnull() & _.cost.notnull()).all(),
    )
