"""Resource days: one row is one day of one resource (consulting, diagnostics, operating, ward) and how much of it was used."""

from __future__ import annotations

from datetime import date

import ibis
from ibis import _
from ibis.expr.types import Table

from audit.tables.bed_nights import bed_nights
from audit.tables.open_hours import open_hours
from audit.tables.room_time import room_time

NIGHT = 1440.0
"""Minutes of one bed-night, so that beds and rooms are counted alike."""
AMOUNTS = ("visits", "timed", "used", "booked", "census", "offered", "slots")


def resource_days(
    appointments: Table, rooms: Table | None, services: Table | None, events: Table | None, *, start: date, end: date
) -> Table:
    """Days from ``start`` to ``end`` (exclusive) with the AMOUNTS, 0 where there is none.

    ``visits`` completed, ``timed`` of them with known minutes, ``used`` minutes of these, ``booked`` minutes of
    everything whose day has come (completed, missed, cancelled), ``offered`` minutes that were open, ``slots`` bookable
    ones. On the ward ``used`` are the minutes of the stays that begin (a stay belongs to the month of its operation),
    ``census`` those of the beds taken that night.
    """
    inside = (_.day >= start, _.day < end)
    came, due = _.status == "completed", _.status.isin(["completed", "no_show", "cancelled"])
    diary = room_time(appointments, rooms, services).filter(*inside).group_by("day", "resource").aggregate(
        visits=came.sum(), timed=(came & _.minutes.notnull()).sum(),
        used=_.minutes.sum(where=came & (_.resource != "ward")), booked=_.minutes.sum(where=due),
    )
    beds = bed_nights(appointments).filter(*inside).select(
        "day", resource=ibis.literal("ward"), used=_.begun * NIGHT, census=_.occupied * NIGHT
    )
    parts = [_complete(diary), _complete(beds)]
    if rooms is not None:
        opened = open_hours(rooms, events, start=start, end=end)
        parts.append(_complete(opened.select("day", resource="kind", offered="minutes", slots="slots")))
    summed = ibis.union(*parts).group_by("day", "resource").aggregate(**{name: _[name].sum() for name in AMOUNTS})
    return summed.order_by("day", "resource")


def _complete(part: Table) -> Table:
    missing = {name: ibis.literal(0.0) for name in AMOUNTS if name not in part.columns}
    known = {name: part[name].cast("float64").fill_null(0.0) for name in AMOUNTS if name in part.columns}
    return part.mutate(**known, **missing).select("day", "resource", *AMOUNTS)
