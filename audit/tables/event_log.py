"""Event log: everything that happened between the clinic and a person, one row per source row (METHODS §13).

Built in the engine from the tables that are there; a directly-follows graph is a window and a group-by over it.
Two moments are not in any export and are supposed: a reminder goes out ``REMINDER_HOURS`` before the visit (or at the
booking, if that is later), and a payment or a review of a day ends that day.
"""

from __future__ import annotations

from collections.abc import Iterator

import ibis
from ibis import _
from ibis.expr.types import StringScalar, StringValue, Table, TimestampValue

from audit.tables.opportunities import caller

REMINDER_HOURS = 24

EVENTS = (
    "missed_call", "call", "request", "walk_in", "call_out", "booking", "reminder", "cancelled", "no_show", "visit",
    "operation", "payment", "review", "reactivation",
)
"""In the order in which events of one moment follow each other."""

RANK = {event: i for i, event in enumerate(EVENTS)}


def event_log(
    appointments: Table, patients: Table, enquiries: Table | None, charges: Table | None, feedback: Table | None,
    campaign_members: Table | None,
) -> Table:
    """One row per event: ``person`` (telephone, else patient), ``event``, ``at``, ``source_id``, and its ``rank`` in ties.

    Counts equal those of the source tables: enquiries by kind, direction and answer; bookings, reminders, visits,
    operations, cancelled and missed appointments; appointments with money; reviews of known patients; patients
    contacted in campaigns. Stays on the ward belong to their operation and are no event.
    """
    phone = ibis.coalesce(patients.phone_key, ibis.literal("patient ") + patients.patient_id)
    people = patients.select("patient_id", person=phone)
    parts = list(_of_appointments(appointments, people))
    if enquiries is not None:
        parts.append(_of_enquiries(enquiries))
    if charges is not None:
        parts.append(_payments(charges, appointments, people))
    if feedback is not None:
        parts.append(_reviews(feedback, people))
    if campaign_members is not None:
        parts.append(_contacts(campaign_members, people))
    ranks = ibis.cases(*[(_.event == event, rank) for event, rank in RANK.items()], else_=len(EVENTS))
    return ibis.union(*parts).mutate(rank=ranks.cast("int64"))


def _events(rows: Table, event: StringValue | StringScalar, at: TimestampValue, source: StringValue) -> Table:
    return rows.select(
        person=rows.person, event=event.cast("string"), at=at.cast("timestamp(6)"), source_id=source.cast("string")
    )


def _of_appointments(appointments: Table, people: Table) -> Iterator[Table]:
    seen = appointments.filter(_.kind != "ward").inner_join(people, "patient_id")
    outcomes = {
        "visit": (seen.status == "completed") & (seen.kind == "outpatient"),
        "operation": (seen.status == "completed") & (seen.kind == "operation"),
        "cancelled": seen.status == "cancelled", "no_show": seen.status == "no_show",
    }
    for event, applies in outcomes.items():
        rows = seen.filter(applies)
        yield _events(rows, ibis.literal(event), rows.starts_at, rows.appointment_id)
    booked = seen.filter(seen.booked_at.notnull())
    yield _events(booked, ibis.literal("booking"), booked.booked_at, booked.appointment_id)
    reminded = seen.filter(ibis.coalesce(seen.reminder_sent, False))
    before = reminded.starts_at - ibis.interval(hours=REMINDER_HOURS)
    sent = ibis.greatest(before, ibis.coalesce(reminded.booked_at, before))
    yield _events(reminded, ibis.literal("reminder"), sent, reminded.appointment_id)


def _of_enquiries(enquiries: Table) -> Table:
    rows = enquiries.mutate(person=caller(enquiries))
    event = ibis.cases(
        (rows.direction == "out", "call_out"), (rows.kind.isin(["lead", "chat"]), "request"),
        (rows.kind == "walk_in", "walk_in"), (rows.is_answered, "call"), else_="missed_call",
    )
    return _events(rows, event, rows.started_at, rows.enquiry_id)


def _payments(charges: Table, appointments: Table, people: Table) -> Table:
    """One payment per appointment with money (several lines of a bill are one), at the end of the day of the service."""
    known = appointments.select("appointment_id", visit_day=_.starts_at.date())
    sales = charges.filter(_.kind == "sale", _.paid > 0, _.appointment_id.notnull()).left_join(known, "appointment_id")
    paid = sales.group_by("appointment_id", "patient_id").aggregate(day=ibis.coalesce(_.visit_day, _.charged_on).min())
    rows = paid.inner_join(people, "patient_id")
    return _events(rows, ibis.literal("payment"), _end_of(rows.day), rows.appointment_id)


def _reviews(feedback: Table, people: Table) -> Table:
    rows = feedback.inner_join(people, "patient_id")
    return _events(rows, ibis.literal("review"), _end_of(rows.given_on), rows.feedback_id)


def _contacts(campaign_members: Table, people: Table) -> Table:
    rows = campaign_members.filter(_.group == "called").inner_join(people, "patient_id")
    return _events(rows, ibis.literal("reactivation"), rows.contacted_on.cast("timestamp(6)"), rows.patient_id)


def _end_of(day: ibis.expr.types.DateValue) -> TimestampValue:
    return day.cast("timestamp(6)") + ibis.interval(hours=23, minutes=59)
