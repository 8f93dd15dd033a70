"""Outpatient money: one row is one day's bills without operations and ward (computed from charges, never stored)."""

from __future__ import annotations

import ibis
from ibis import _
from ibis.expr.types import Table


def outpatient_money(charges: Table, services: Table | None) -> Table:
    """Columns day, paid (net of refunds), direct_cost, and paid_with_cost: what lines with a known cost brought.

    Money is float, in the client's currency. Without services no line is known to be surgery or to have a cost.
    """
    lines = charges.filter(_.kind.isin(["sale", "refund"]))
    if services is None:
        lines = lines.mutate(cost=ibis.null("decimal(18, 2)"), surgical=ibis.literal(False))
    else:
        facts = services.select("service_id", unit_cost="direct_cost", surgical=_.kind.isin(["operation", "ward"]))
        sign = ibis.cases((_.kind == "refund", -1.0), else_=1.0)
        lines = lines.left_join(facts, "service_id").drop("service_id_right")
        lines = lines.mutate(cost=(_.unit_cost * sign * ibis.coalesce(_.quantity, 1.0)).cast("decimal(18, 2)"))
    outpatient = lines.filter(~ibis.coalesce(_.surgical, False))
    return outpatient.group_by(day=_.charged_on).aggregate(
        paid=_.paid.sum().cast("float64"),
        direct_cost=ibis.coalesce(_.cost.sum().cast("float64"), 0.0),
        paid_with_cost=ibis.coalesce(_.paid.sum(where=_.cost.notnull()).cast("float64"), 0.0),
    )
