"""Money kinds: what bills hold by sort of line, revenue or not (computed from charges, never stored)."""

from __future__ import annotations

import ibis
from ibis import _
from ibis.expr.types import Table

from audit.config import Days


def money_kinds(charges: Table, now: Days, before: Days | None) -> Table:
    """Columns part (now, before), kind (sale, refund, deposit, transfer), paid and loose (paid without an appointment)."""
    parts = [((_.charged_on >= days.start) & (_.charged_on < days.end), name)
             for name, days in (("now", now), ("before", before)) if days is not None]
    dated = charges.mutate(part=ibis.cases(*parts)).filter(_.part.notnull())
    return dated.group_by("part", "kind").aggregate(
        paid=_.paid.sum().cast("float64"), loose=_.paid.sum(where=_.appointment_id.isnull()).fill_null(0).cast("float64"),
    ).order_by(["part", "kind"])
