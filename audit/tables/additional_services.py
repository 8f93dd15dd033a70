"""Additional services: one row is a kind of visit of one doctor with what was billed beyond it (computed, never stored)."""

from __future__ import annotations

from datetime import date

import ibis
from ibis import _
from ibis.expr.types import Table

FIRST_LETTERS = 3
"""Letters of an ICD-10 code that name its block, J35 for J35.1."""


def additional_services(
    appointments: Table, charges: Table, services: Table | None, first_visits: Table, *, start: date, end: date
) -> Table:
    """Columns doctor_id, diagnosis block, payer, is_first, quarter; n visits, lines and squares (their sum per visit),
    attached (visits with any).

    A line is a sale of diagnostics or a procedure at a completed outpatient visit from ``start`` to ``end`` beyond the
    visit's own main service, as often as its quantity says; without ``services`` every sold line beyond the first. The doctor is who saw the
    patient. Visits without any bill line are left out: nothing was recorded for them.
    """
    came = first_visits.select("patient_id", "first_day")
    rows = _counted(appointments, charges, services, start, end).left_join(came, "patient_id").drop("patient_id_right")
    return rows.group_by(
        "doctor_id", "payer", block=_.diagnosis.upper().left(FIRST_LETTERS),
        is_first=ibis.coalesce(_.starts_at.date() == _.first_day, False),
        quarter=_.starts_at.year() * 4 + _.starts_at.quarter() - 1,
    ).aggregate(
        n=_.count(), lines=_.lines.sum().cast("float64"), squares=(_.lines * _.lines).sum().cast("float64"),
        attached=(_.lines > 0).sum(),
    )


def attachments(
    appointments: Table, charges: Table, services: Table | None, *, start: date, end: date, by_doctor: bool
) -> Table:
    """Visits with additional services summed over patients, because one patient's visits are alike.

    One row per doctor, or one row in all: clusters (patients), n visits, attached, and over patients attached_squares, products
    (attached × visits), n_squares. Visits and lines as in ``additional_services``.
    """
    rows = _counted(appointments, charges, services, start, end)
    unit = ["doctor_id"] if by_doctor else []
    each = rows.group_by(*unit, "patient_id").aggregate(n=_.count(), attached=(_.lines > 0).sum())
    sums = {
        "clusters": _.count(), "attached_squares": (_.attached * _.attached).sum(), "products": (_.attached * _.n).sum(),
        "n_squares": (_.n * _.n).sum(), "n": _.n.sum(), "attached": _.attached.sum(),
    }
    return each.group_by(*unit).aggregate(**sums).order_by(unit) if by_doctor else each.aggregate(**sums)


def _counted(appointments: Table, charges: Table, services: Table | None, start: date, end: date) -> Table:
    """Completed outpatient visits of a known doctor with bills, and the additional lines of each."""
    visits = appointments.filter(
        _.status == "completed", _.kind == "outpatient", _.doctor_id.notnull(),
        _.starts_at.date() >= start, _.starts_at.date() < end,
    ).select("appointment_id", "patient_id", "doctor_id", "diagnosis", "payer", "starts_at", main="service_id")
    lines = charges.filter(_.kind == "sale", _.appointment_id.notnull()).select("appointment_id", "service_id", "quantity")
    billed = visits.inner_join(lines, "appointment_id")
    if services is None:
        counted = billed.group_by("appointment_id").aggregate(lines=_.count() - 1)
    else:
        kinds = services.select("service_id", what="kind")
        billed = billed.left_join(kinds, "service_id").drop("service_id_right")
        beyond = _.what.isin(["diagnostics", "procedure"]) & ~ibis.coalesce(_.service_id == _.main, False)
        units = ibis.greatest(ibis.coalesce(_.quantity, 1.0), 0.0)
        counted = billed.mutate(beyond=ibis.ifelse(ibis.coalesce(beyond, False), units, 0.0))
        counted = counted.group_by("appointment_id").aggregate(lines=_.beyond.sum())
    return visits.inner_join(counted, "appointment_id")
