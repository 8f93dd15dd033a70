"""Patient days: one row is one person on one day with a completed visit or with money (derived).

The transaction of every model of repeat buying here: two doctors on one day are one transaction,
and a refund lies on the day it refunds.
"""

from __future__ import annotations

import ibis
from ibis import _
from ibis.expr.types import Table

from audit.tables.columns import Column, TableSpec

PATIENT_DAYS = TableSpec(
    name="patient_days",
    row="one person on one day with a completed visit or with money",
    needs=("appointments", "first_visits"),
    traps=(
        "Several visits on one day are one transaction; otherwise the timing looks twice as busy as it is.",
        "Days before the first completed visit carry money without a visit (a deposit, a wrong date): tenure_day is negative there.",
    ),
    columns=(
        Column("patient_id", "string", "id", "the person", required=True, identifying=True),
        Column("day", "date", "date", "the day", required=True),
        Column("tenure_day", "int64", "days", "days since the first visit, 0 on that day"),
        Column("visits", "int64", "count", "completed outpatient visits", required=True, least=0),
        Column("operations", "int64", "count", "completed operations", required=True, least=0),
        Column("revenue", "decimal(18, 2)", "currency", "paid, net of refunds, all services", required=True),
        Column("surgery_revenue", "decimal(18, 2)", "currency", "of it operations and ward", required=True),
        Column("direct_cost", "decimal(18, 2)", "currency", "doctors' pay and supplies, where services carry it"),
    ),
)

MONEY = "decimal(18, 2)"


NO_MONEY = ibis.literal(0).cast(MONEY)


def patient_days(appointments: Table, first_visits: Table, charges: Table | None, services: Table | None) -> Table:
    """Visits and money of each person and day; money is zero throughout without charges."""
    days = _visits(appointments)
    if charges is not None:
        days = ibis.union(days, _money(charges, services, appointments))
    days = days.group_by("patient_id", "day").aggregate(
        visits=_.visits.sum().cast("int64"),
        operations=_.operations.sum().cast("int64"),
        revenue=_.revenue.sum().cast(MONEY),
        surgery_revenue=_.surgery_revenue.sum().cast(MONEY),
        direct_cost=_.direct_cost.sum().cast(MONEY),
    )
    start = first_visits.select("patient_id", "first_day")
    dated = days.left_join(start, "patient_id").drop("patient_id_right")
    return dated.mutate(tenure_day=_.day.delta(_.first_day, unit="day").cast("int64")).drop("first_day")


def _visits(appointments: Table) -> Table:
    came = appointments.filter(_.status == "completed")
    return came.select(
        "patient_id",
        day=_.starts_at.date(),
        visits=(_.kind == "outpatient").cast("int64"),
        operations=(_.kind == "operation").cast("int64"),
        revenue=NO_MONEY,
        surgery_revenue=NO_MONEY,
        direct_cost=ibis.null(MONEY),
    )


def _money(charges: Table, services: Table | None, appointments: Table) -> Table:
    lines = on_day_refunded(charges.filter(_.kind.isin(["sale", "refund"])), appointments)
    if services is None:
        lines = lines.mutate(is_surgery=ibis.literal(False), unit_cost=ibis.null(MONEY))
    else:
        facts = services.select("service_id", is_surgery=_.kind.isin(["operation", "ward"]), unit_cost=_.direct_cost)
        lines = lines.left_join(facts, "service_id").drop("service_id_right")
    sign = ibis.cases((_.kind == "refund", -1.0), else_=1.0)
    return lines.select(
        "patient_id",
        day=_.charged_on,
        visits=ibis.literal(0).cast("int64"),
        operations=ibis.literal(0).cast("int64"),
        revenue=_.paid,
        surgery_revenue=ibis.ifelse(ibis.coalesce(_.is_surgery, False), _.paid, NO_MONEY),
        direct_cost=(_.unit_cost * sign * ibis.coalesce(_.quantity, 1.0)).cast(MONEY),
    )


def on_day_refunded(lines: Table, appointments: Table) -> Table:
    """A refund moves to the day of its appointment: dated when it was paid out it would be a visit of negative worth."""
    visit = appointments.select("appointment_id", visit_day=_.starts_at.date())
    dated = lines.left_join(visit, "appointment_id").drop("appointment_id_right")
    day = ibis.ifelse(_.kind == "refund", ibis.coalesce(_.visit_day, _.charged_on), _.charged_on)
    return dated.mutate(charged_on=day).drop("visit_day")
