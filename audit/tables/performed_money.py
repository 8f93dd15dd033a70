"""Performed money: what was paid for the services of each doctor (computed from charges, never stored)."""

from __future__ import annotations

from ibis import _
from ibis.expr.types import Table


def performed_money(charges: Table, appointments: Table) -> Table:
    """Columns doctor_id, day and paid (net of refunds, float); the doctor of the line, else of its appointment.

    Money with neither is left out. This is who worked, not whose patients they are.
    """
    lines = charges.filter(_.kind.isin(["sale", "refund"]))
    visits = appointments.select("appointment_id", seen_by="doctor_id")
    lines = lines.left_join(visits, "appointment_id").drop("appointment_id_right")
    by_day = lines.mutate(doctor=_.doctor_id.coalesce(_.seen_by)).filter(_.doctor.notnull())
    return by_day.group_by(doctor_id="doctor", day="charged_on").aggregate(paid=_.paid.sum())
