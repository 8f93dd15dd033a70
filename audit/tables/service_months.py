"""Service months: what was sold of each service in each month (computed from charges, never stored)."""

from __future__ import annotations

from datetime import date

from ibis import _
from ibis.expr.types import Table

from audit.tables.bill_lines import bill_lines


def service_months(charges: Table, services: Table | None, *, start: date, end: date) -> Table:
    """One row per service and month of ``start`` … ``end`` (exclusive): kind, units, revenue, costed, direct_cost (currency).

    ``costed`` is the part of revenue whose direct cost is known. Lines without a service are left out; lines of no price
    (parts of a package, what is included) count as units and bring nothing.
    """
    lines = bill_lines(charges, services).filter(_.charged_on >= start, _.charged_on < end, _.service_id.notnull())
    return lines.group_by(service="service_id", kind="service_kind", month=_.charged_on.truncate("M")).aggregate(
        units=_.units.sum(), revenue=_.paid.sum().cast("float64"),
        costed=_.paid.sum(where=_.direct_cost.notnull()).fill_null(0).cast("float64"),
        direct_cost=_.direct_cost.sum().fill_null(0).cast("float64"),
    ).order_by(["service", "month"])
