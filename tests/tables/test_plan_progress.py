"""What of a plan is done: each service counts once, for the earliest plan that still wants it, never before the plan."""

from __future__ import annotations

from datetime import date

from audit.tables.plan_progress import plan_lines, plan_progress
from tests.spec import clinic

END = date(2016, 1, 1)


def progress(plans: str, charges: str | None = None, appointments: str | None = None) -> dict[tuple[str, str], float]:
    tables = clinic(
        END,
        patients="""
            patient_id | registered_on
            p          | 2015-01-01
            q          | 2015-01-01
        """,
        appointments=appointments or """
            appointment_id | patient_id | starts_at           | kind       | status    | service_id
            a1             | p          | 2015-02-01 10:00:00 | outpatient | completed | visit
        """,
        plans=plans,
        **({"charges": charges} if charges else {}),
    )
    lines = plan_lines(tables["plans"], end=END)
    rows = plan_progress(lines, tables["appointments"], tables["charges"] if charges else None).to_pandas()
    return {(row.plan_id, str(row.day)[:10]): float(row.done) for row in rows.itertuples()}


def test_services_count_from_the_day_of_the_plan_and_once():
    found = progress(
        plans="""
            plan_id | patient_id | planned_on | service_id | planned
            one     | p          | 2015-03-01 | laser      | 2
            two     | p          | 2015-03-20 | laser      | 2
            other   | q          | 2015-03-01 | laser      | 1
        """,
        charges="""
            charge_id | patient_id | charged_on | service_id | kind   | quantity | paid
            c0        | p          | 2015-02-01 | laser      | sale   | 1        | 10
            c1        | p          | 2015-03-05 | laser      | sale   | 1        | 10
            c2        | p          | 2015-03-06 | massage    | sale   | 1        | 10
            c3        | p          | 2015-04-01 | laser      | sale   | 2        | 20
            c4        | p          | 2015-04-02 | laser      | refund | 1        | -10
            c5        | p          | 2015-04-03 | laser      | sale   | 5        | 50
        """,
    )
    assert found == {
        ("one", "2015-03-05"): 1, ("one", "2015-04-01"): 1, ("two", "2015-04-01"): 1, ("two", "2015-04-03"): 1,
    }


def test_a_plan_called_off_counts_nothing_after_it():
    found = progress(
        plans="""
            plan_id | patient_id | planned_on | service_id | planned | cancelled_on
            one     | p          | 2015-03-01 | laser      | 3       | 2015-03-10
        """,
        charges="""
            charge_id | patient_id | charged_on | service_id | kind | quantity | paid
            c1        | p          | 2015-03-05 | laser      | sale | 1        | 10
            c2        | p          | 2015-03-10 | laser      | sale | 1        | 10
        """,
    )
    assert found == {("one", "2015-03-05"): 1}


def test_without_bills_completed_appointments_count():
    found = progress(
        plans="""
            plan_id | patient_id | planned_on | service_id | planned
            one     | p          | 2015-03-01 | laser      | 3
        """,
        appointments="""
            appointment_id | patient_id | starts_at           | kind       | status    | service_id
            a1             | p          | 2015-03-02 10:00:00 | outpatient | completed | laser
            a2             | p          | 2015-03-04 10:00:00 | outpatient | no_show   | laser
            a3             | p          | 2015-03-06 10:00:00 | outpatient | completed | visit
        """,
    )
    assert found == {("one", "2015-03-02"): 1}


def test_plans_made_after_the_cut_off_are_not_there():
    assert progress(
        plans="""
            plan_id | patient_id | planned_on | service_id | planned
            one     | p          | 2016-03-01 | laser      | 3
        """,
        charges="""
            charge_id | patient_id | charged_on | service_id | kind | quantity | paid
            c1        | p          | 2015-03-05 | laser      | sale | 1        | 10
        """,
    ) == {}
