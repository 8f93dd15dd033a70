"""Open hours: one row is one room on one day it is open (computed from rooms and closed days, never stored)."""

from __future__ import annotations

from datetime import date

import ibis
from ibis import _
from ibis.expr.types import Table

DAY_MINUTES = 1440.0


def open_hours(rooms: Table, events: Table | None, *, start: date, end: date) -> Table:
    """Rooms on the days from ``start`` to ``end`` (exclusive) on which they are open.

    Columns: day, room_id, kind, opens, closes (minutes after midnight), minutes (places × open minutes; of a
    ward beds × 1440), slots (bookable ones, empty without a slot length). A ward is open every day unless its
    weekdays say otherwise; days of an event of kind “closed”, in its branch or in all, are left out (without a
    last day it is one day: a forgotten date must not close the clinic for good). A room without hours or
    weekdays is not capacity and has no row.
    """
    is_ward = _.kind == "ward"
    hours = rooms.mutate(
        opens=ibis.ifelse(is_ward, 0.0, _.opens_minute.cast("float64")),
        closes=ibis.ifelse(is_ward, DAY_MINUTES, _.closes_minute.cast("float64")),
        weekdays=ibis.ifelse(is_ward & _.weekdays.isnull(), "1234567", _.weekdays),
    )
    hours = hours.filter(_.closes > _.opens, _.weekdays.notnull(), _.places > 0)
    first, last = (ibis.timestamp(day.isoformat()) for day in (start, end))
    days = ibis.range(first, last, ibis.interval(days=1)).unnest().name("at").as_table()
    days = days.select(day=_["at"].cast("date"))
    both = hours.cross_join(days)
    both = both.filter(_.weekdays.contains((_.day.day_of_week.index() + 1).cast("string")))
    if events is not None:
        closed = events.filter(_.kind == "closed").select(
            "from_day", to_day=ibis.coalesce(_.to_day, _.from_day), closed_branch="branch"
        )
        both = both.anti_join(closed, [
            both.day >= closed.from_day, both.day <= closed.to_day,
            closed.closed_branch.isnull() | (closed.closed_branch == both.branch),
        ])
    return both.select(
        "day", "room_id", "kind", "opens", "closes",
        minutes=_.places * (_.closes - _.opens),
        slots=(_.places * ((_.closes - _.opens) / _.slot_minutes).floor()).cast("float64"),
    )
