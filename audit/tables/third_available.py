"""Third available: one row is one doctor, specialty or the clinic on one day, and how soon the third free appointment was (computed)."""

from __future__ import annotations

from datetime import date

import ibis
from ibis import _
from ibis.expr.types import Table

from audit.tables.rostered_hours import rostered_hours

THIRD = 3
"""The first free appointments are often a chance cancellation; the third tells what a caller is offered."""


def third_available(
    appointments: Table, shifts: Table, rooms: Table | None, doctors: Table | None, *,
    start: date, end: date, horizon: int, minutes: float,
) -> Table:
    """Columns by (doctor, specialty), unit, day and days until the third free appointment, seen before opening.

    For every day from ``start`` to ``end`` (exclusive) on which anybody has a shift. Free is the rota of the coming
    ``horizon`` days less what had been booked by then, in appointments of ``minutes``; the day itself is 0. Where there are
    fewer than three within the horizon, days is the horizon and ``capped`` true. The rota is taken as it was in the end,
    and a cancelled appointment as free from the moment of cancelling, or from the start if nobody recorded it: where that
    is wrong, patients waited longer than this says.
    """
    rota = rostered_hours(shifts, rooms)
    seen = rota.filter(_.day >= start, _.day < end).select(seen_on="day").distinct()
    cells = rota.join(seen, [rota.day >= seen.seen_on, rota.day < seen.seen_on + ibis.interval(days=horizon)])
    diary = appointments.filter(_.kind == "outpatient", _.booked_at.notnull(), (_.status != "cancelled") | _.cancelled_at.notnull())
    booked = diary.group_by("doctor_id", day=_.starts_at.date(), made=_.booked_at.date(), freed=_.cancelled_at.date()).aggregate(
        booked=_.minutes.fill_null(minutes).sum()
    )
    held = cells.select("doctor_id", "day", "seen_on").inner_join(booked, ["doctor_id", "day"])
    held = held.filter(_.made < _.seen_on, _.freed.isnull() | (_.freed >= _.seen_on))
    held = held.group_by("doctor_id", "day", "seen_on").aggregate(booked=_.booked.sum())
    both = cells.left_join(held, ["doctor_id", "day", "seen_on"]).select(
        "doctor_id", "day", "seen_on", slots=((ibis.greatest(0.0, _.minutes - _.booked.fill_null(0.0))) / minutes).floor()
    )
    parts = [both.mutate(by=ibis.literal("doctor"), unit=_.doctor_id)]
    if doctors is not None:
        skilled = both.inner_join(doctors.filter(_.specialty.notnull()).select("doctor_id", "specialty"), "doctor_id")
        parts.append(skilled.mutate(by=ibis.literal("specialty"), unit=_.specialty))
    days = ibis.union(*(part.select("by", "unit", "seen_on", "day", "slots") for part in parts)) if len(parts) > 1 else parts[0]
    days = days.group_by("by", "unit", "seen_on", "day").aggregate(slots=_.slots.sum())
    running = ibis.window(group_by=["by", "unit", "seen_on"], order_by="day", preceding=None, following=0)
    reached = days.mutate(free=_.slots.sum().over(running))
    found = reached.group_by("by", "unit", "seen_on").aggregate(third=_.day.min(where=_.free >= THIRD))
    return found.select(
        "by", "unit", day="seen_on", capped=_.third.isnull(),
        days=ibis.coalesce(_.third.delta(_.seen_on, unit="day"), horizon).cast("float64"),
    ).order_by("by", "unit", "day")
