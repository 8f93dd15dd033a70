"""Booking leads: one row is one first visit of a new patient and the days between booking and coming (computed)."""

from __future__ import annotations

from datetime import date

from ibis import _
from ibis.expr.types import Table


def booking_leads(appointments: Table, first_visits: Table, *, start: date, end: date) -> Table:
    """Columns patient_id, day and days, for new patients who came from ``start`` to ``end`` (exclusive) and had booked.

    The first of several appointments on the day counts; one made after its own day has no lead and is left out.
    """
    day, lead = _.starts_at.date(), _.starts_at.date().delta(_.booked_at.date(), unit="day")
    came = appointments.filter(_.status == "completed", _.kind == "outpatient", day >= start, day < end, _.booked_at.notnull())
    came = came.select("patient_id", day=day, days=lead).filter(_.days >= 0)
    new = first_visits.filter(_.is_new).select("patient_id", day="first_day")
    return came.semi_join(new, ["patient_id", "day"]).group_by("patient_id", "day").aggregate(days=_.days.min().cast("float64"))
