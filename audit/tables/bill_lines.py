"""Bill lines: one row is one line of revenue with what was sold (computed from charges and services, never stored)."""

from __future__ import annotations

import ibis
from ibis import _
from ibis.expr.types import Table

from audit.config import Days

MONEY = "decimal(18, 2)"


def bill_lines(charges: Table, services: Table | None) -> Table:
    """Sales and refunds: the columns of charges and service_kind, units (negative for a refund), direct_cost.

    Deposits and transfers are not revenue and are left out. Direct cost is empty where the service does
    not carry one; without ``services`` it and the kind are empty throughout.
    """
    lines = charges.filter(_.kind.isin(["sale", "refund"]))
    if services is None:
        lines = lines.mutate(service_kind=ibis.null("string"), unit_cost=ibis.null(MONEY))
    else:
        facts = services.select("service_id", service_kind=_.kind, unit_cost=_.direct_cost)
        lines = lines.left_join(facts, "service_id").drop("service_id_right")
    sign = ibis.cases((_.kind == "refund", -1.0), else_=1.0)
    signed = lines.mutate(units=sign * ibis.coalesce(_.quantity, 1.0))
    return signed.mutate(direct_cost=(_.unit_cost * _.units).cast(MONEY)).drop("unit_cost")


def sold(lines: Table, now: Days, before: Days | None, unknown: str) -> Table:
    """Bill lines summed by part (now, before) and by service, kind, branch, payer and doctor (``unknown`` if empty).

    Columns revenue, direct_cost (currency), costed (the part of revenue whose direct cost is known), units, n (lines).
    ``business`` is surgery for operations and ward, else outpatient.
    """
    parts = [((_.charged_on >= days.start) & (_.charged_on < days.end), name)
             for name, days in (("now", now), ("before", before)) if days is not None]
    columns = {"service": "service_id", "kind": "service_kind", "branch": "branch", "payer": "payer", "doctor": "doctor_id"}
    keys = {name: lines[column].fill_null(unknown) for name, column in columns.items()}
    surgery = lines.service_kind.isin(["operation", "ward"])
    keys["business"] = ibis.cases((lines.service_kind.isnull(), unknown), (surgery, "surgery"), else_="outpatient")
    measured = lines.select("paid", "direct_cost", "units", part=ibis.cases(*parts), **keys).filter(_.part.notnull())
    return measured.group_by("part", *keys).aggregate(
        revenue=_.paid.sum().cast("float64"), direct_cost=_.direct_cost.sum().cast("float64"), units=_.units.sum(), n=_.count(),
        costed=_.paid.sum(where=_.direct_cost.notnull()).fill_null(0).cast("float64"),
    ).order_by(["part", *keys])
