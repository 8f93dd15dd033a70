"""Doctor work: one row is one doctor's money and hours on the rota (computed, never stored)."""

from __future__ import annotations

from ibis import _
from ibis.expr.types import Table

from audit.config import Days
from audit.tables.performed_money import performed_money, performed_outpatient
from audit.tables.rostered_hours import rostered_hours


def doctor_money(charges: Table, services: Table | None, appointments: Table, days: Days) -> Table:
    """Columns doctor_id, revenue (all money), outpatient (without operations and ward), costed (the part of that whose
    direct cost is known) and direct_cost of the services the doctor performed; currency, floats."""
    within = (_.day >= days.start, _.day < days.end)
    everything = performed_money(charges, appointments).filter(*within)
    outpatient = performed_outpatient(charges, services, appointments).filter(*within)
    total = everything.group_by("doctor_id").aggregate(revenue=_.paid.sum().cast("float64"))
    part = outpatient.group_by("doctor_id").aggregate(
        outpatient=_.paid.sum(), costed=_.costed.sum(), direct_cost=_.direct_cost.sum()
    )
    return total.left_join(part, "doctor_id").drop("doctor_id_right")


def doctor_hours(shifts: Table, rooms: Table | None, *, year: Days, now: Days) -> Table:
    """Columns doctor_id, year (hours on the outpatient rota in it) and now (hours a month in it)."""
    hours = rostered_hours(shifts, rooms).filter(_.day >= min(year.start, now.start), _.day < max(year.end, now.end))
    return hours.group_by("doctor_id").aggregate(
        year=_.minutes.sum(where=(_.day >= year.start) & (_.day < year.end)) / 60.0,
        now=_.minutes.sum(where=(_.day >= now.start) & (_.day < now.end)) / 60.0 / now.months,
    )
