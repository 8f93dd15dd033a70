"""Rota filled: one row is one doctor's share of rota minutes that held outpatient visits (computed, never stored)."""

from __future__ import annotations

from ibis import _
from ibis.expr.types import Table

from audit.config import Days
from audit.tables.rostered_hours import rostered_hours


def rota_filled(appointments: Table, shifts: Table, rooms: Table | None, days: Days) -> Table:
    """Columns doctor_id and share, for doctors on the rota of ``days``; empty where no minutes of visits are known."""
    rota = rostered_hours(shifts, rooms).filter(_.day >= days.start, _.day < days.end)
    offered = rota.group_by("doctor_id").aggregate(offered=_.minutes.sum())
    visits = appointments.filter(_.status == "completed", _.kind == "outpatient").mutate(day=_.starts_at.date())
    visits = visits.filter(_.day >= days.start, _.day < days.end)
    used = visits.group_by("doctor_id").aggregate(used=_.minutes.sum())
    both = offered.filter(_.offered > 0).left_join(used, "doctor_id").drop("doctor_id_right")
    return both.select("doctor_id", share=(_.used / _.offered).cast("float64"))
