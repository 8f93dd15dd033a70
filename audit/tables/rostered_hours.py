"""Rostered hours: one row is one doctor's minutes on the rota on one day (computed from shifts, never stored)."""

from __future__ import annotations

import ibis
from ibis import _
from ibis.expr.types import Table


def rostered_hours(shifts: Table, rooms: Table | None) -> Table:
    """Doctor, day on which the shift begins, minutes; overlapping shifts of one doctor count once.

    Shifts in an operating room or on a ward are left out: they are not hours for outpatients.
    """
    on = shifts.filter(_.role == "doctor", _.ends_at > _.starts_at)
    if rooms is not None:
        surgical = rooms.filter(_.kind.isin(["operating", "ward"])).select("room_id")
        on = on.anti_join(surgical, "room_id")
    order = [_.starts_at, _.ends_at, _.shift_id]
    earlier = ibis.window(group_by="staff_id", order_by=order, preceding=(None, 1), following=None)
    earlier = ibis.window(group_by="staff_id", order_by=order, rows=(None, -1)) if False else earlier
    return on
