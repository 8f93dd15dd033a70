"""Treatment days: who had a procedure when, and the strongest kind of treatment of a first year (never stored)."""

from __future__ import annotations

from datetime import date

import ibis
from ibis import _
from ibis.expr.types import Table

TREATMENTS = ("consultation", "diagnostics", "procedure", "operation")
"""From the lightest to the heaviest; a patient counts under the heaviest he had."""


def performed_services(appointments: Table, charges: Table | None, services: Table | None) -> Table:
    """Columns patient_id, day and kind (of ``TREATMENTS``) of everything done: bill lines, and completed appointments.

    Without ``services`` only operations are told from consultations.
    """
    came = appointments.filter(_.status == "completed", _.kind != "ward").select(
        "patient_id", "service_id", day=_.starts_at.date(),
        plain=ibis.ifelse(_.kind == "operation", "operation", "consultation"),
    )
    lines = came
    if charges is not None:
        sold = charges.filter(_.kind == "sale").select(
            "patient_id", "service_id", day="charged_on", plain=ibis.null("string"),
        )
        lines = ibis.union(came, sold)
    if services is None:
        return lines.filter(_.plain.notnull()).select("patient_id", "day", kind="plain")
    kinds = services.select("service_id", listed="kind")
    joined = lines.left_join(kinds, "service_id").drop("service_id_right")
    known = joined.mutate(kind=ibis.ifelse(_.listed.isin(TREATMENTS), _.listed, _.plain))
    return known.filter(_.kind.notnull()).select("patient_id", "day", "kind")


def procedure_days(appointments: Table, charges: Table | None, services: Table | None, *, end: date) -> Table:
    """One row per patient and day before ``end`` with at least one procedure."""
    done = performed_services(appointments, charges, services)
    return done.filter(_.kind == "procedure", _.day < end).select("patient_id", "day").distinct()


def heaviest_treatment(
    appointments: Table, charges: Table | None, services: Table | None, first_visits: Table, *, within: int
) -> Table:
    """Columns patient_id and rank (index in ``TREATMENTS``) of the heaviest treatment up to ``within`` days of age."""
    done = performed_services(appointments, charges, services)
    start = first_visits.select("patient_id", "first_day")
    aged = done.inner_join(start, "patient_id").filter(
        _.day >= _.first_day, _.day.delta(_.first_day, unit="day") <= within
    )
    ranks = ibis.cases(*((aged.kind == kind, rank) for rank, kind in enumerate(TREATMENTS)), else_=0)
    return aged.mutate(rank=ranks).group_by("patient_id").aggregate(rank=_["rank"].max())
