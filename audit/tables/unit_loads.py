"""Unit loads: one row is one room, branch, doctor or specialty in one stretch of days, and how much of its time was used (computed)."""

from __future__ import annotations

from datetime import date

import ibis
from ibis import _
from ibis.expr.types import Table

from audit.tables.open_hours import open_hours
from audit.tables.rostered_hours import rostered_hours

BY_ROOM = ("room", "branch")
BY_ROTA = ("doctor", "specialty")


def unit_loads(
    timed: Table, rooms: Table | None, shifts: Table | None, doctors: Table | None, events: Table | None, *,
    start: date, end: date, span: int,
) -> Table | None:
    """Columns by, unit, stretch (of ``span`` days from ``start``), used, offered minutes; None without rooms and shifts.

    ``timed`` is room_time. Rooms and branches: completed visits in consulting and diagnostics rooms, of their open hours.
    Doctors and specialties: completed outpatient visits of doctors on the rota, of their rota hours; the specialty is the
    doctor's. Units without any open time are left out.
    """
    came = timed.filter(_.status == "completed", _.kind == "outpatient", _.day >= start, _.day < end)
    came = came.mutate(minutes=_.minutes.fill_null(0.0))
    parts = []
    if rooms is not None:
        own = rooms.filter(_.kind.isin(["consulting", "diagnostics"])).select("room_id", home="branch")
        opened = open_hours(rooms, events, start=start, end=end).inner_join(own, "room_id")
        used = came.inner_join(own, "room_id")
        for by, unit in (("room", "room_id"), ("branch", "home")):
            parts += [_part(opened, by, unit, "offered"), _part(used, by, unit, "used")]
    if shifts is not None:
        rota = rostered_hours(shifts, rooms).filter(_.day >= start, _.day < end)
        seen = came.semi_join(rota, "doctor_id")
        known = None if doctors is None else doctors.select("doctor_id", skill="specialty")
        for by, unit in (("doctor", "doctor_id"), ("specialty", "skill")):
            if by == "specialty" and known is None:
                continue
            offered, used = (rota, seen) if known is None else (part.inner_join(known, "doctor_id") for part in (rota, seen))
            parts += [_part(offered, by, unit, "offered"), _part(used, by, unit, "used")]
    if not parts:
        return None
    whole = ibis.union(*parts) if len(parts) > 1 else parts[0]
    first = ibis.timestamp(start.isoformat())
    stretch = (whole.day.cast("timestamp").epoch_seconds() - first.epoch_seconds()) // (86_400 * span)
    summed = whole.mutate(stretch=stretch.cast("int64")).group_by("by", "unit", "stretch").aggregate(
        used=_.used.sum(), offered=_.offered.sum()
    )
    is_open = ibis.window(group_by=["by", "unit"])
    kept = summed.mutate(whole=_.offered.sum().over(is_open)).filter(_.whole > 0, _.unit.notnull())
    return kept.drop("whole").order_by("by", "unit", "stretch")


def _part(rows: Table, by: str, unit: str, amount: str) -> Table:
    other = "used" if amount == "offered" else "offered"
    summed = rows.group_by("day", unit=rows[unit].cast("string")).aggregate(total=_.minutes.sum().cast("float64"))
    return summed.select(
        "day", "unit", by=ibis.literal(by), **{amount: _.total, other: ibis.literal(0.0)}
    ).select("by", "unit", "day", "used", "offered")


def double_booked(timed: Table, rooms: Table, *, start: date, end: date) -> Table:
    """Columns room_id and minutes in which two completed visits were in one room for one patient at a time."""
    single = rooms.filter(_.kind.isin(["consulting", "diagnostics"]), _.places == 1).select("room_id")
    came = timed.filter(_.status == "completed", _.kind == "outpatient", _.day >= start, _.day < end, _.minutes > 0)
    came = came.semi_join(single, "room_id").mutate(
        begins=_.starts_at.epoch_seconds() / 60, ends=_.starts_at.epoch_seconds() / 60 + _.minutes
    )
    earlier = ibis.window(group_by=["room_id", "day"], order_by=["begins", "ends", "appointment_id"], preceding=(None, 1))
    reached = came.mutate(reach=ibis.coalesce(_.ends.max().over(earlier), _.begins))
    over = reached.mutate(over=ibis.greatest(0.0, ibis.least(_.ends, _.reach) - _.begins))
    return over.group_by("room_id").aggregate(minutes=_.over.sum()).filter(_.minutes > 0)
