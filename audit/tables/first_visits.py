"""First visits: one row is one person's first completed visit in the whole history (derived).

Definitions of METHODS that change every answer built on them: first visit, first doctor, tenure and
left truncation are decided here, once.
"""

from __future__ import annotations

from datetime import date

import ibis
from ibis import _
from ibis.expr.types import Table

from audit.tables.columns import Column, TableSpec

WATCH_DAYS = 180
"""Without a registration date a person seen in the first 180 days of the export counts as an old
patient: half a year is the longest usual gap between two visits of a patient still in care."""

FIRST_VISITS = TableSpec(
    name="first_visits",
    row="one person's first completed visit in the whole history",
    needs=("appointments", "patients"),
    traps=(
        "In the first months of an export every old patient looks new: is_new keeps them apart.",
        "When two visits begin at the same moment the specialist's counts, not the nurse's or the laboratory's.",
    ),
    columns=(
        Column("patient_id", "string", "id", "the person", required=True, unique=True, identifying=True),
        Column("first_day", "date", "date", "day of the first completed visit", required=True),
        Column("doctor_id", "string", "label", "doctor of the first visit"),
        Column("branch", "string", "label", "branch of the first visit"),
        Column("specialty", "string", "label", "specialty of the first visit"),
        Column("service_id", "string", "label", "main service of the first visit"),
        Column("diagnosis", "string", "label", "principal diagnosis, ICD-10; the first one recorded for the person"),
        Column("payer", "string", "label", "who paid the first visit"),
        Column("age_years", "int64", "years", "age in completed years at the first visit"),
        Column("sex", "string", "label", "sex on the card"),
        Column("district", "string", "label", "district of residence"),
        Column("stated_source", "string", "label", "source the person named"),
        Column("tenure_days", "int64", "days", "days from the first visit to the cut-off, T", required=True),
        Column("is_new", "boolean", "flag", "became a patient inside the window (not left-truncated)", required=True),
        Column("visits", "int64", "count", "completed appointments to the cut-off", required=True),
        Column("second_day", "date", "date", "day of the second visit, empty if there was none"),
    ),
)


def first_visits(appointments: Table, patients: Table, doctors: Table | None, *, end: date) -> Table:
    """First visit of each person before the cut-off ``end`` (exclusive)."""
    came = appointments.filter(_.status == "completed").mutate(day=_.starts_at.date()).filter(_.day < end)
    if doctors is not None:
        came = came.left_join(doctors.select("doctor_id", "is_specialist"), "doctor_id").drop("doctor_id_right")
    else:
        came = came.mutate(is_specialist=ibis.null("boolean"))
    window_start = came.day.min().as_scalar()
    order = [_.starts_at, ibis.coalesce(_.is_specialist, True).desc(), _.appointment_id]
    ranked = came.mutate(
        rank=ibis.row_number().over(group_by="patient_id", order_by=order),
        first_day=_.day.min().over(group_by="patient_id"),
    )
    history = ranked.group_by("patient_id").aggregate(
        any_diagnosis=_.diagnosis.first(order_by=order),
        visits=_.count(),
        second_day=_.day.min(where=_.day > _.first_day),
    )
    card = patients.select("patient_id", "registered_on", "age_years", "sex", "district", "stated_source")
    first = ranked.filter(_["rank"] == 0)
    joined = first.left_join(card, "patient_id").drop("patient_id_right")
    joined = joined.left_join(history, "patient_id").drop("patient_id_right")
    seen_new = _.first_day >= window_start + ibis.interval(days=WATCH_DAYS)
    return joined.select(
        "patient_id",
        "first_day",
        "doctor_id",
        "branch",
        "specialty",
        "service_id",
        diagnosis=ibis.coalesce(_.diagnosis, _.any_diagnosis),
        payer=_.payer,
        age_years=_.age_years,
        sex=_.sex,
        district=_.district,
        stated_source=_.stated_source,
        tenure_days=ibis.literal(end).delta(joined.first_day, unit="day").cast("int64"),
        is_new=ibis.coalesce(_.registered_on >= window_start, seen_new),
        visits=_.visits,
        second_day=_.second_day,
    )
