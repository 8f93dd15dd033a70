"""Due appointments: one row is one booked appointment whose day has come, with what may explain its outcome (computed)."""

from __future__ import annotations

from datetime import date

import ibis
from ibis import _
from ibis.expr.types import Table

LEADS = ((0, "same_day"), (3, "days_1_3"), (7, "days_4_7"), (14, "days_8_14"), (30, "days_15_30"))
LONGEST = "days_31"
LEAD_GROUPS = (*(name for _days, name in LEADS), LONGEST)
"""How long before the visit it was booked, in calendar days."""


def due_appointments(appointments: Table, *, start: date, end: date) -> Table:
    """Columns status, lead (a LEAD_GROUPS name), weekday (“0” Monday …), reminder; empty where not recorded.

    Appointments completed, missed or cancelled from ``start`` to ``end`` (exclusive); one made after its own
    day has no lead.
    """
    day = appointments.starts_at.date()
    due = appointments.filter(_.status.isin(["completed", "no_show", "cancelled"]), day >= start, day < end)
    lead = due.starts_at.date().delta(due.booked_at.date(), unit="day")
    return due.select(
        "status",
        lead=ibis.cases(
            (lead.isnull() | (lead < 0), ibis.null("string")), *((lead <= days, name) for days, name in LEADS), else_=LONGEST
        ),
        weekday=due.starts_at.day_of_week.index().cast("string"),
        reminder=ibis.cases((due.reminder_sent, "reminded"), (~due.reminder_sent, "not_reminded")),
    )
