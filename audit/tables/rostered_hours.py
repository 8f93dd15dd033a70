"""Rostered hours: one row is one doctor's minutes on the rota on one day (computed from shifts, never stored)."""

from __future__ import annotations

from typing import Literal

import ibis
from ibis import _
from ibis.expr.types import Table


def rostered_hours(shifts: Table, rooms: Table | None, kind: Literal["outpatient", "operating"] = "outpatient") -> Table:
    """Columns doctor_id, day on which the shift begins, minutes; time in two overlapping shifts counts once.

    Shifts in an operating room or on a ward are not hours for outpatients; ``operating`` are those in operating rooms only.
    """
    on = shifts.filter(_.role == "doctor", _.ends_at > _.starts_at)
    if rooms is not None and kind == "outpatient":
        on = on.anti_join(rooms.filter(_.kind.isin(["operating", "ward"])).select("room_id"), "room_id")
    elif rooms is not None:
        on = on.semi_join(rooms.filter(_.kind == "operating").select("room_id"), "room_id")
    earlier = ibis.window(group_by="staff_id", order_by=[_.starts_at, _.ends_at, _.shift_id], preceding=(None, 1))
    seconds = on.mutate(start=_.starts_at.epoch_seconds(), end=_.ends_at.epoch_seconds())
    reached = seconds.mutate(reach=ibis.coalesce(_.end.max().over(earlier), _.start))
    # a shift adds only what lies after the latest end of the shifts before it
    added = reached.mutate(added=ibis.greatest(0, _.end - ibis.greatest(_.start, _.reach)))
    return added.group_by(doctor_id="staff_id", day=_.starts_at.date()).aggregate(minutes=_.added.sum() / 60)
