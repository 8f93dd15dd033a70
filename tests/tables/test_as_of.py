"""The clinic as it stood on an earlier day, drawn."""

from __future__ import annotations

from datetime import date

from audit.tables.as_of import as_of, first_days
from tests.spec import clinic, rows

TABLES = clinic(
    date(2016, 6, 1),
    patients="""
    patient_id | registered_on
    a          | 2016-01-05
    b          | 2016-03-20
    """,
    appointments="""
    appointment_id | patient_id | booked_at           | starts_at           | status    | kind
    1              | a          | 2016-01-04T10:00:00 | 2016-01-05T10:00:00 | completed | outpatient
    2              | a          | 2016-03-10T10:00:00 | 2016-04-02T10:00:00 | completed | outpatient
    3              | a          | 2016-04-01T10:00:00 | 2016-05-02T10:00:00 | completed | outpatient
    4              | b          |                     | 2016-03-31T10:00:00 | completed | outpatient
    """,
    charges="""
    charge_id | patient_id | charged_on | paid
    x         | a          | 2016-03-31 | 10
    y         | a          | 2016-04-01 | 20
    """,
)


def test_what_came_later_is_gone_and_what_was_booked_is_booked() -> None:
    then = as_of(TABLES, date(2016, 4, 1))
    assert rows(then, "appointments", "appointment_id", "status", by="appointment_id") == [
        ("1", "completed"), ("2", "booked"), ("4", "completed"),
    ]  # fmt: skip
    assert rows(then, "charges", "charge_id", by="charge_id") == [("x",)]


def test_derived_tables_know_only_what_was_known() -> None:
    then = as_of(TABLES, date(2016, 4, 1))
    assert rows(then, "first_visits", "patient_id", "second_day", "tenure_days", by="patient_id") == [("a", None, 87), ("b", None, 1)]
    assert rows(TABLES, "first_visits", "patient_id", "second_day", by="patient_id")[0] == ("a", date(2016, 4, 2))


def test_where_exports_begin() -> None:
    assert first_days(TABLES, ("appointments", "charges", "shifts")) == {"appointments": date(2016, 1, 5), "charges": date(2016, 3, 31)}
