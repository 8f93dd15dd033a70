"""Discounts: sales against the price list, and units of a service by week (computed from charges, never stored)."""

from __future__ import annotations

from datetime import date

import ibis
from ibis import _
from ibis.expr.types import Table

from audit.config import Days
from audit.tables.bill_lines import bill_lines


def discounts(charges: Table, services: Table | None, *, start: date, end: date, now: Days, before: Days | None, least: float) -> Table:
    """One row per month of ``start`` … ``end`` (exclusive), part (now, before, else empty) and kind of service: sales with a list price.

    Columns month, part, kind; n, paid and listed (currency) of all of them; cut, cut_paid and cut_listed of those sold at least
    ``least`` (a share) below list. Sales of no price are left out: what is included in a package is not a discount.
    """
    lines = bill_lines(charges, services).filter(
        _.kind == "sale", _.paid > 0, _.list_amount > 0, _.charged_on >= start, _.charged_on < end
    ).mutate(paid=_.paid.cast("float64"), listed=_.list_amount.cast("float64"))
    # a list price in whole units and a rounded percentage stray by a hair
    is_cut = lines.paid <= lines.listed * (1 - least) + 1e-9
    parts = [((_.charged_on >= days.start) & (_.charged_on < days.end), name)
             for name, days in (("now", now), ("before", before)) if days is not None]
    return lines.mutate(is_cut=is_cut, part=ibis.cases(*parts, else_="")).group_by("service_kind", "part", month=_.charged_on.truncate("M")).aggregate(
        n=_.count(), paid=_.paid.sum(), listed=_.listed.sum(), cut=_.is_cut.sum(), cut_paid=_.paid.sum(where=_.is_cut).fill_null(0.0),
        cut_listed=_.listed.sum(where=_.is_cut).fill_null(0.0),
    ).rename(kind="service_kind").order_by(["month", "part", "kind"])


def weekly_units(charges: Table, services: list[str], *, start: date, end: date) -> Table:
    """Columns service, branch (empty if not recorded), week (Monday) and units sold to payers who see the price.

    Sales of ``start`` … ``end`` (exclusive); an insurer or the state pays its own price and would dilute the reaction.
    """
    sold = charges.filter(
        _.kind == "sale", _.paid > 0, _.service_id.isin(services), _.charged_on >= start, _.charged_on < end,
        ibis.coalesce(_.payer, "cash").isin(["cash", "corporate"]),
    )
    return sold.group_by(service="service_id", branch=_.branch.fill_null(""), week=_.charged_on.truncate("W")).aggregate(
        units=ibis.coalesce(_.quantity, 1.0).sum()
    ).order_by(["service", "branch", "week"])
