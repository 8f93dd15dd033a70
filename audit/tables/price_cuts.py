"""Price cuts: times at which a service was cheaper than before and after (computed from prices)."""

from __future__ import annotations

from datetime import date

import ibis
from ibis import _
from ibis.expr.types import Table


def price_cuts(prices: Table, *, start: date, end: date, longest_days: int) -> Table:
    """One row per promotion on the price list that began and ended inside ``start`` … ``end`` (exclusive).

    Columns service, branch (empty if all), from_day, to_day (last day), price, usual (the price before). A promotion is a price
    below the one before it and the one after it, of at most ``longest_days``; a lasting cut is none.
    """
    keys = ["service_id", "branch"]
    order = {"group_by": keys, "order_by": "valid_from"}
    lined = prices.mutate(branch=_.branch.fill_null("")).mutate(
        usual=_.price.lag().over(**order), later=_.price.lead().over(**order), back=_.valid_from.lead().over(**order)
    )
    last = ibis.coalesce(_.valid_to, _.back - ibis.interval(days=1)).cast("date")
    cuts = lined.mutate(to_day=last).filter(
        _.price > 0, _.price < _.usual, _.price < _.later, _.valid_from >= start, _.to_day < end,
        _.to_day.delta(_.valid_from, unit="day") < longest_days,
    )
    return cuts.select(
        service="service_id", branch="branch", from_day="valid_from", to_day="to_day", price=_.price.cast("float64"), usual=_.usual.cast("float64")
    ).order_by(["from_day", "service", "branch"])
