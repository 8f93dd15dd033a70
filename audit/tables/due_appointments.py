"""Due appointments: one row is one booked appointment whose day has come, what became of it and what may explain it (computed)."""

from __future__ import annotations

from datetime import date

import ibis
from ibis import _
from ibis.expr.types import Table

LEADS = ((0, "same_day"), (3, "days_1_3"), (7, "days_4_7"), (14, "days_8_14"), (30, "days_15_30"))
LONGEST = "days_31"
LEAD_GROUPS = (*(name for _days, name in LEADS), LONGEST)
"""How long before the visit it was booked, in calendar days."""


def due_appointments(timed: Table, first_visits: Table, *, start: date, end: date, late_hours: float) -> Table:
    """Outpatient appointments completed, missed or cancelled from ``start`` to ``end`` (exclusive); ``timed`` is room_time.

    Columns appointment_id, patient_id, day, minutes; outcome (came, missed, late: cancelled fewer than ``late_hours``
    before, early, cancelled: nobody knows when); lead (a LEAD_GROUPS name), weekday (“0” Monday …), reminder, doctor_id, who
    (new: no visit before that day, returning), each empty where not recorded. One made after its own day has no lead.
    ``refilled`` says that a visit overlapped it in its room, or with its doctor where rooms are not
    recorded; empty without minutes, and for one that took place.
    """
    due = timed.filter(_.kind == "outpatient", _.status.isin(["completed", "no_show", "cancelled"]), _.day >= start, _.day < end)
    due = due.left_join(first_visits.select("patient_id", "first_day"), "patient_id").drop("patient_id_right")
    lead = due.day.delta(due.booked_at.date(), unit="day")
    notice = (due.starts_at.epoch_seconds() - due.cancelled_at.epoch_seconds()) / 3600
    told = due.select(
        "appointment_id", "patient_id", "day", "minutes", "doctor_id", "starts_at",
        outcome=ibis.cases(
            (due.status == "completed", "came"), (due.status == "no_show", "missed"), (due.cancelled_at.isnull(), "cancelled"),
            (notice < late_hours, "late"), else_="early",
        ),
        lead=ibis.cases(
            (lead.isnull() | (lead < 0), ibis.null("string")), *((lead <= days, name) for days, name in LEADS), else_=LONGEST
        ),
        weekday=due.day.day_of_week.index().cast("string"),
        reminder=ibis.cases((due.reminder_sent, "reminded"), (~due.reminder_sent, "not_reminded")),
        who=ibis.ifelse(due.first_day.isnull() | (due.first_day >= due.day), "new", "returning"),
        place=ibis.coalesce(due.room_id, due.doctor_id),
    )
    return _refilled(told, timed).drop("starts_at", "place")


def _refilled(due: Table, timed: Table) -> Table:
    """``due`` with whether the time of those that did not take place was used after all."""
    seconds = {"from_second": _.starts_at.epoch_seconds(), "to_second": _.starts_at.epoch_seconds() + (_.minutes * 60).cast("int64")}
    lost = due.filter(_.outcome != "came", _.minutes > 0, _.place.notnull()).mutate(**seconds)
    came = timed.filter(_.status == "completed", _.kind == "outpatient", _.minutes > 0).mutate(**seconds).select(
        "day", "from_second", "to_second", place=ibis.coalesce(_.room_id, _.doctor_id), other="appointment_id"
    )
    met = lost.inner_join(came, ["day", "place", lost.from_second < came.to_second, came.from_second < lost.to_second])
    filled = met.group_by("appointment_id").aggregate(visits=_.count())
    both = due.left_join(filled, "appointment_id").drop("appointment_id_right")
    known = (_.outcome != "came") & (_.minutes > 0) & _.place.notnull()
    return both.mutate(refilled=ibis.ifelse(known, _.visits.notnull(), ibis.null("boolean"))).drop("visits")


def came_later(due: Table, appointments: Table, *, days: int) -> Table:
    """``due`` that were missed or cancelled, with whether the patient came to an outpatient visit within ``days`` after."""
    lost = due.filter(_.outcome != "came")
    visits = appointments.filter(_.status == "completed", _.kind == "outpatient").select("patient_id", visited=_.starts_at.date())
    met = lost.inner_join(visits, [
        "patient_id", visits.visited > lost.day, visits.visited <= lost.day + ibis.interval(days=days),
    ])
    back = met.select("appointment_id").distinct().mutate(came_later=ibis.literal(True))
    both = lost.left_join(back, "appointment_id").drop("appointment_id_right")
    return both.mutate(came_later=both.came_later.fill_null(False))
