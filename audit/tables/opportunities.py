"""Opportunities: one row is one person who might become a patient and got in touch (derived).

One telephone within 30 days is one opportunity however often it rings; known patients, suppliers
and spam are none. Channels, funnel and administrators all count these, so their numbers agree.
"""

from __future__ import annotations

from datetime import date

import ibis
from ibis import _
from ibis.expr.types import StringValue, Table

from audit.tables.columns import Column, TableSpec

SAME_CALLER_DAYS = 30
"""Calls of one telephone less than 30 days after its previous call belong to one opportunity."""

FOLLOW_DAYS = 60
"""A first visit up to 60 days after the first call is credited to it."""

NOT_NEW = ("repeat", "results", "supplier", "spam", "other")

OPPORTUNITIES = TableSpec(
    name="opportunities",
    row="one person who might become a patient and got in touch, all their calls of 30 days together",
    needs=("enquiries", "appointments", "first_visits", "patients"),
    traps=(
        "Somebody who was a patient before the call is not new demand.",
        "A caller without a telephone number cannot be joined to a patient and each call counts as an opportunity of its own: is_numbered.",
        "An opportunity opened less than 60 days before the cut-off may still become a visit: is_mature says which are settled.",
    ),
    columns=(
        Column("opportunity_id", "string", "id", "key of its first enquiry", required=True, unique=True),
        Column("opened_at", "timestamp(6)", "moment", "first contact", required=True),
        Column("channel", "string", "label", "channel of the first contact that has one"),
        Column("attribution", "string", "label", "rule by which that channel was recorded"),
        Column("campaign", "string", "label", "campaign of the first contact that has one"),
        Column("branch", "string", "label", "branch called first"),
        Column("administrator_id", "string", "label", "who answered first"),
        Column("enquiries", "int64", "count", "calls and leads in it", required=True, least=1),
        Column("is_numbered", "boolean", "flag", "the caller's telephone is recorded", required=True),
        Column("is_answered", "boolean", "flag", "somebody spoke with the caller at least once", required=True),
        Column("is_booked", "boolean", "flag", "an appointment was made", required=True),
        Column("is_open", "boolean", "flag", "booked, has not come, and may still: an appointment is ahead, or none is on record", required=True),
        Column("is_attended", "boolean", "flag", "a first visit took place within 60 days", required=True),
        Column("is_mature", "boolean", "flag", "opened at least 60 days before the cut-off", required=True),
        Column("patient_id", "string", "id", "the patient it became", identifying=True),
        Column("first_visit_day", "date", "date", "day of the first visit"),
        Column("loss_reason", "string", "label", "why it was lost, from tags"),
    ),
)


def opportunities(enquiries: Table, appointments: Table, first_visits: Table, patients: Table, *, end: date) -> Table:
    """New demand before the cut-off ``end`` (exclusive), joined to the first visit it led to."""
    persons = _persons(new_demand(enquiries, first_visits, patients))
    return _followed(persons, appointments, first_visits, patients, end)


def new_demand(enquiries: Table, first_visits: Table, patients: Table) -> Table:
    """Calls and leads of people who were no patients yet, with ``caller`` and the ``number`` of their opportunity."""
    known_since = (
        patients.filter(_.phone_key.notnull())
        .inner_join(first_visits, "patient_id")
        .group_by("phone_key")
        .aggregate(patient_since=_.first_day.min())
    )
    incoming = enquiries.filter(_.direction == "in", ibis.coalesce(~_.intent.isin(NOT_NEW), True))
    joined = incoming.left_join(known_since, incoming.caller_key == known_since.phone_key)
    return _numbered(joined.filter(ibis.coalesce(_.started_at.date() <= _.patient_since, True)).drop("phone_key"))


def caller(enquiries: Table) -> StringValue:
    """Who got in touch: the telephone, or the enquiry itself where no number is recorded."""
    return ibis.coalesce(enquiries.caller_key, ibis.literal("no number ") + enquiries.enquiry_id)


def _numbered(calls: Table) -> Table:
    order = [_.started_at, _.enquiry_id]
    return (
        calls.mutate(caller=caller(calls))
        .mutate(previous=_.started_at.lag().over(group_by="caller", order_by=order))
        .mutate(
            opens=ibis.coalesce(
                (_.started_at.date().delta(_.previous.date(), unit="day") > SAME_CALLER_DAYS), True
            ).cast("int64")
        )
        .mutate(number=_.opens.sum().over(ibis.cumulative_window(group_by="caller", order_by=order)))
    )


def _persons(demand: Table) -> Table:
    order = [_.started_at, _.enquiry_id]
    return demand.group_by("caller", "number").aggregate(
        opportunity_id=_.enquiry_id.first(order_by=order),
        caller_key=_.caller_key.first(order_by=order),
        opened_at=_.started_at.min(),
        channel=_.channel.first(order_by=order),
        attribution=_.attribution.first(where=_.channel.notnull(), order_by=order),
        campaign=_.campaign.first(order_by=order),
        branch=_.branch.first(order_by=order),
        administrator_id=_.administrator_id.first(where=_.is_answered, order_by=order),
        enquiries=_.count(),
        is_answered=_.is_answered.any(),
        said_booked=ibis.coalesce((_.outcome == "booked").any(), False),
        loss_reason=_.loss_reason.last(order_by=order),
    )


def _followed(persons: Table, appointments: Table, first_visits: Table, patients: Table, end: date) -> Table:
    horizon = ibis.interval(days=FOLLOW_DAYS)
    phone = patients.filter(_.phone_key.notnull()).select("patient_id", "phone_key")
    visits = (
        first_visits.select("patient_id", "first_day")
        .inner_join(phone, "patient_id")
        .select("phone_key", "patient_id", "first_day")
    )
    attended = (
        persons.select("opportunity_id", "caller_key", "opened_at")
        .inner_join(visits, [_.caller_key == visits.phone_key])
        .filter(_.first_day >= _.opened_at.date(), _.first_day <= _.opened_at.date() + horizon)
        .group_by("opportunity_id")
        .aggregate(
            patient_id=_.patient_id.first(order_by=[_.first_day, _.patient_id]), first_visit_day=_.first_day.min()
        )
    )
    ahead = (_.status == "booked") | (_.starts_at.date() >= end)
    made = appointments.mutate(is_ahead=ahead).inner_join(phone, "patient_id").select("phone_key", "booked_at", "is_ahead")
    booked = (
        persons.select("opportunity_id", "caller_key", "opened_at")
        .inner_join(made, [_.caller_key == made.phone_key])
        .filter(_.booked_at.date() >= _.opened_at.date(), _.booked_at.date() <= _.opened_at.date() + horizon)
        .group_by("opportunity_id")
        .aggregate(has_booking=_.count() > 0, is_ahead=_.is_ahead.any())
    )
    whole = persons.left_join(attended, "opportunity_id").drop("opportunity_id_right")
    whole = whole.left_join(booked, "opportunity_id").drop("opportunity_id_right")
    came = whole.first_visit_day.notnull()
    last_mature = ibis.literal(end) - horizon
    return whole.select(
        "opportunity_id",
        "opened_at",
        "channel",
        "attribution",
        "campaign",
        "branch",
        "administrator_id",
        "enquiries",
        "is_answered",
        is_numbered=whole.caller_key.notnull(),
        is_booked=came | whole.said_booked | ibis.coalesce(whole.has_booking, False),
        is_open=~came & ibis.coalesce(whole.is_ahead, whole.said_booked),
        is_attended=came,
        is_mature=whole.opened_at.date() <= last_mature.cast("date"),
        patient_id=whole.patient_id,
        first_visit_day=whole.first_visit_day,
        loss_reason=whole.loss_reason,
    )
