"""Rostered hours: one row is one doctor's minutes on the rota on one day (computed from shifts, never stored)."""

from __future__ import annotations

from datetime import date
from typing import Literal

import ibis
from ibis import _
from ibis.expr.types import Table


def rostered_hours(shifts: Table, rooms: Table | None, kind: Literal["outpatient", "operating"] = "outpatient") -> Table:
    """Columns doctor_id, day on which the shift begins, minutes; time in two overlapping shifts counts once.

    Shifts in an operating room or on a ward are not hours for outpatients; ``operating`` are those in operating rooms only.
    """
    on = _on(shifts, rooms, kind)
    earlier = ibis.window(group_by="staff_id", order_by=[_.starts_at, _.ends_at, _.shift_id], preceding=(None, 1))
    seconds = on.mutate(start=_.starts_at.epoch_seconds(), end=_.ends_at.epoch_seconds())
    reached = seconds.mutate(reach=ibis.coalesce(_.end.max().over(earlier), _.start))
    # a shift adds only what lies after the latest end of the shifts before it
    added = reached.mutate(added=ibis.greatest(0, _.end - ibis.greatest(_.start, _.reach)))
    return added.group_by(doctor_id="staff_id", day=_.starts_at.date()).aggregate(minutes=_.added.sum() / 60)


def rota_patterns(shifts: Table, rooms: Table | None, *, start: date, end: date) -> Table:
    """Columns weekday (0 = Monday), start and length in minutes, and how often such a shift for outpatients began."""
    day = _.starts_at.date()
    on = _on(shifts, rooms, "outpatient").filter(day >= start, day < end)
    return on.group_by(
        weekday=day.day_of_week.index(), start=_.starts_at.hour() * 60 + _.starts_at.minute(),
        length=(_.ends_at.epoch_seconds() - _.starts_at.epoch_seconds()) / 60,
    ).aggregate(times=_.count()).order_by("weekday", "start", "length")


def _on(shifts: Table, rooms: Table | None, kind: Literal["outpatient", "operating"]) -> Table:
    on = shifts.filter(_.role == "doctor", _.ends_at > _.starts_at)
    if rooms is None:
        return on
    surgical = rooms.filter(_.kind.isin(["operating", "ward"])).select("room_id")
    operating = rooms.filter(_.kind == "operating").select("room_id")
    return on.anti_join(surgical, "room_id") if kind == "outpatient" else on.semi_join(operating, "room_id")
