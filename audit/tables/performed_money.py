"""Performed money: what was paid for the services of each doctor (computed from charges, never stored)."""

from __future__ import annotations

from ibis import _
from ibis.expr.types import Table

from audit.tables.bill_lines import bill_lines


def performed_money(charges: Table, appointments: Table) -> Table:
    """Columns doctor_id, day and paid (net of refunds, float); the doctor of the line, else of its appointment.

    Money with neither is left out. This is who worked, not whose patients they are.
    """
    lines = charges.filter(_.kind.isin(["sale", "refund"]))
    by_day = _performed(lines, appointments)
    return by_day.group_by(doctor_id="doctor", day="charged_on").aggregate(paid=_.paid.sum())


def performed_outpatient(charges: Table, services: Table | None, appointments: Table) -> Table:
    """The same without operations and ward, and with cost: columns doctor_id, day, paid, costed, direct_cost (floats).

    ``costed`` is the part of paid whose direct cost is known.
    """
    lines = bill_lines(charges, services).filter(~_.service_kind.fill_null("").isin(["operation", "ward"]))
    return _performed(lines, appointments).group_by(doctor_id="doctor", day="charged_on").aggregate(
        paid=_.paid.sum().cast("float64"),
        costed=_.paid.sum(where=_.direct_cost.notnull()).cast("float64"),
        direct_cost=_.direct_cost.sum().cast("float64"),
    )


def _performed(lines: Table, appointments: Table) -> Table:
    visits = appointments.select("appointment_id", seen_by="doctor_id")
    lines = lines.left_join(visits, "appointment_id").drop("appointment_id_right")
    return lines.mutate(doctor=_.doctor_id.coalesce(_.seen_by)).filter(_.doctor.notnull())
