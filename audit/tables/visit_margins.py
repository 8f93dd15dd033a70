"""Visit margins: money after direct cost and the scarce time of visits and operations, by their main service (never stored)."""

from __future__ import annotations

from datetime import date

import ibis
from ibis import _
from ibis.expr.types import Table

from audit.tables.bill_lines import bill_lines


def visit_margins(charges: Table, services: Table | None, appointments: Table, *, start: date, end: date) -> Table:
    """One row per kind (outpatient, operation) and main service of completed appointments with bills and recorded minutes.

    Columns service, kind; n (appointments), clusters (patients), hours, nights; revenue, costed (of it with a known direct cost),
    margin (costed less direct cost) and, over patients, the squares margin_squares, products (margin × hours), hours_squares,
    and night_products, night_squares: one patient's visits are alike. All lines of the appointment count, whoever performed them. Nights are those of the
    patient's stay on the ward that begins within a day of the operation, or of the operation itself if it carries them.
    """
    done = appointments.filter(
        _.status == "completed", _.kind.isin(["outpatient", "operation"]), _.minutes > 0, _.service_id.notnull(),
        _.starts_at.date() >= start, _.starts_at.date() < end,
    ).select("appointment_id", "patient_id", "kind", "minutes", "nights", service="service_id", day=_.starts_at.date())
    lines = bill_lines(charges, services).filter(_.appointment_id.notnull())
    money = lines.group_by("appointment_id").aggregate(
        revenue=_.paid.sum().cast("float64"),
        costed=_.paid.sum(where=_.direct_cost.notnull()).fill_null(0).cast("float64"),
        cost=_.direct_cost.sum().fill_null(0).cast("float64"),
    )
    stays = appointments.filter(_.status == "completed", _.kind == "ward", _.nights > 0).select(
        "patient_id", stay="nights", begun=_.starts_at.date()
    )
    near = [done.patient_id == stays.patient_id, stays.begun >= done.day - ibis.interval(days=1), stays.begun <= done.day + ibis.interval(days=1)]
    slept = done.filter(_.kind == "operation").inner_join(stays, near).group_by("appointment_id").aggregate(stay=_.stay.max())
    whole = done.inner_join(money, "appointment_id").left_join(slept, "appointment_id").drop("appointment_id_right")
    whole = whole.mutate(
        margin=_.costed - _.cost, hours=_.minutes / 60.0, night=ibis.ifelse(_.kind == "operation", ibis.coalesce(_.stay, _.nights, 0.0), 0.0)
    )
    each = whole.group_by("service", "kind", "patient_id").aggregate(
        n=_.count(), hours=_.hours.sum(), night=_.night.sum(), revenue=_.revenue.sum(), costed=_.costed.sum(), margin=_.margin.sum(),
    )
    return each.group_by("service", "kind").aggregate(
        n=_.n.sum(), clusters=_.count(), hours=_.hours.sum(), nights=_.night.sum(), revenue=_.revenue.sum(), costed=_.costed.sum(),
        margin=_.margin.sum(), margin_squares=(_.margin * _.margin).sum(), products=(_.margin * _.hours).sum(),
        hours_squares=(_.hours * _.hours).sum(), night_products=(_.margin * _.night).sum(), night_squares=(_.night * _.night).sum(),
    ).order_by(["kind", "service"])
