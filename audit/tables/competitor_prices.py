"""Competitor prices: the last price seen at each competitor beside our own of that day (never stored)."""

from __future__ import annotations

from datetime import date

import ibis
from ibis import _
from ibis.expr.types import Table


def competitor_prices(competitors: Table, prices: Table | None, *, end: date) -> Table:
    """The last price of each competitor and service seen before ``end``, and our list price of the same day.

    Columns: service_id, competitor, seen_on, price, own (mean over branches, empty where the list gives none). A price
    of zero is a cell nobody filled, not a free visit: both are left out, never counted as zero.
    """
    seen = competitors.filter(_.price > 0, _.seen_on < end)
    newest = [ibis.desc(_.seen_on), _.price]
    last = (
        seen.mutate(place=ibis.row_number().over(group_by=["service_id", "competitor"], order_by=newest))
        .filter(_.place == 0).select("service_id", "competitor", "seen_on", price=_.price.cast("float64"))
    )
    if prices is None:
        return last.mutate(own=ibis.null("float64"))
    ours = prices.filter(_.price > 0).select("service_id", "branch", "valid_from", "valid_to", listed=_.price.cast("float64"))
    held = last.inner_join(ours, "service_id").filter(
        _.valid_from <= _.seen_on, ibis.coalesce(_.valid_to >= _.seen_on, True)
    )
    latest = held.mutate(place=ibis.row_number().over(
        group_by=["service_id", "competitor", "branch"], order_by=[ibis.desc(_.valid_from), _.listed])).filter(_.place == 0)
    own = latest.group_by("service_id", "competitor").aggregate(own=_.listed.mean())
    joined = last.left_join(own, ["service_id", "competitor"])
    return joined.select("service_id", "competitor", "seen_on", "price", "own").order_by("service_id", "competitor")
