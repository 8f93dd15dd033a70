"""Paying patients: one row is one patient of some days with what he paid in them (computed, never stored)."""

from __future__ import annotations

from typing import Literal

import ibis
from ibis import _
from ibis.expr.types import Table

from audit.config import Days

Basis = Literal["new", "seen"]
CATEGORY = 3
"""Letters of an ICD-10 code that name its category, J35 for J35.1."""


def paying_patients(first_visits: Table, appointments: Table, patient_days: Table, days: Days, basis: Basis) -> Table:
    """Columns patient_id, age_years, sex, district, payer and revenue (currency, 0 for who paid nothing).

    ``new`` are patients whose first visit lies in the days, ``seen`` all with a completed visit in them.
    """
    if basis == "new":
        chosen = first_visits.filter(_.is_new, _.first_day >= days.start, _.first_day < days.end)
    else:
        chosen = first_visits.semi_join(visits_within(appointments, days), "patient_id")
    return _with_revenue(chosen.select("patient_id", "age_years", "sex", "district", "payer"), patient_days, days)


def diagnosed_patients(first_visits: Table, appointments: Table, patient_days: Table, days: Days) -> Table:
    """Columns patient_id, code, revenue, age_years of patients seen with a diagnosis in the days.

    ``code`` is the ICD-10 category the patient was seen with most often; of equals the earlier, then by letters.
    """
    coded = visits_within(appointments, days).filter(_.diagnosis.notnull(), _.diagnosis.strip() != "")
    coded = coded.mutate(code=_.diagnosis.strip().upper().substr(0, CATEGORY))
    times = coded.group_by("patient_id", "code").aggregate(times=_.count(), first=_.starts_at.min())
    main = times.mutate(place=ibis.row_number().over(
        group_by="patient_id", order_by=[_.times.desc(), _["first"], _.code]
    )).filter(_.place == 0).select("patient_id", "code")
    aged = main.left_join(first_visits.select("patient_id", "age_years"), "patient_id").drop("patient_id_right")
    return _with_revenue(aged, patient_days, days)


def coded_visits(appointments: Table, days: Days) -> Table:
    """Columns doctor, visits and coded (those with a diagnosis): completed visits of the days outside the ward."""
    has_code = _.diagnosis.notnull() & (_.diagnosis.strip() != "")
    came = visits_within(appointments, days).filter(_.kind != "ward")
    return came.group_by(doctor=ibis.coalesce(_.doctor_id, "–")).aggregate(visits=_.count(), coded=has_code.sum())


def visits_within(appointments: Table, days: Days) -> Table:
    """Appointments of the days that took place."""
    day = appointments.starts_at.date()
    return appointments.filter(_.status == "completed", day >= days.start, day < days.end)


def _with_revenue(patients: Table, patient_days: Table, days: Days) -> Table:
    within = patient_days.filter(_.day >= days.start, _.day < days.end)
    paid = within.group_by("patient_id").aggregate(revenue=_.revenue.sum().cast("float64"))
    joined = patients.left_join(paid, "patient_id").drop("patient_id_right")
    return joined.mutate(revenue=_.revenue.fill_null(0.0), age_years=_.age_years.cast("float64")).order_by("patient_id")
