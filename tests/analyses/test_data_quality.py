"""Data quality: what is missing is told, and nothing is invented where it is."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from audit.analyses.data_quality import DAYS, KEY_FIELDS, QUESTIONS, DataQualityParams, DataQualityResult, analyse
from audit.catalogue import SECTIONS
from audit.config import Period
from audit.errors import NotAnswerable
from audit.tables import CANONICAL, RECORDS
from audit.tables.connection import Tables, create, tables_from_frames
from tests.pages import spoken
from tests.spec import clinic

END = date(2016, 4, 1)
PERIOD = Period(start=date(2016, 1, 1), end=END)
VISITS = """
appointment_id | patient_id | doctor_id | kind       | starts_at        | status    | diagnosis | minutes | booked_at        | payer
1              | p1         | D1        | outpatient | 2016-01-05 10:00 | completed | J35       | 30      | 2016-01-04 10:00 | cash
2              | p2         | D1        | outpatient | 2016-03-05 10:00 | completed |           | 30      | 2016-03-04 10:00 | cash
3              | p2         | D9        | outpatient | 2016-03-06 10:00 | no_show   | J35       | 30      | 2016-03-04 10:00 | cash
"""
PATIENTS = """
patient_id | age_years | sex    | registered_on | phone_key
p1         | 30        | female | 2016-01-05    | k1
p2         | 40        | male   | 2016-03-05    | k2
"""


def computed(tables: Tables, period: Period = PERIOD) -> DataQualityResult:
    names = [*CANONICAL, "first_visits", *RECORDS]
    return analyse(**{name: tables.get(name) for name in names}, period=period, params=DataQualityParams())


def test_a_month_without_rows_is_a_hole():
    result = computed(clinic(END, appointments=VISITS, patients=PATIENTS))
    assert result.holes == 1 and result.months == 3
    row = result.sources.set_index("table").loc["appointments"]
    assert (row.months, row.remark, row.state) == (2, "hole", "act")
    assert row.concerned == pytest.approx(1 / 3)
    assert result.monthly["rows"].tolist() == [1, 0, 2]


def test_filled_fields_are_counted():
    result = computed(clinic(END, appointments=VISITS, patients=PATIENTS))
    filled = result.fields.set_index(["table", "field"]).filled
    assert filled["appointments", "diagnosis"] == pytest.approx(2 / 3)
    assert filled["patients", "sex"] == 1
    assert result.visits_uncoded.value == 0.5, "of the two visits that took place"


def test_keys_that_find_no_partner():
    result = computed(clinic(
        END, appointments=VISITS, patients=PATIENTS, doctors="doctor_id\nD1",
        charges="""
charge_id | patient_id | appointment_id | charged_on | kind | paid
1         | p1         | 1              | 2016-01-05 | sale | 100
2         | p1         | 77             | 2016-02-05 | sale | 100
3         | p3         |                | 2016-03-05 | sale | 100
"""))  # fmt: skip
    linked = result.links.set_index("link").linked
    assert linked["appointments_doctors"] == pytest.approx(2 / 3)
    assert linked["charges_appointments"] == pytest.approx(1 / 3)
    assert linked["charges_patients"] == pytest.approx(2 / 3)
    assert linked["visits_charges"] == pytest.approx(1 / 2)


@pytest.mark.parametrize(("ledger", "gap", "key"), [(1000, 0.0, "reconciles"), (900, 100 / 900, "does_not_reconcile")])
def test_bills_against_the_ledger(ledger, gap, key):
    result = computed(clinic(
        END, appointments=VISITS, patients=PATIENTS,
        charges="""
charge_id | patient_id | charged_on | kind    | paid
1         | p1         | 2016-01-05 | sale    | 1200
2         | p1         | 2016-01-06 | refund  | -200
3         | p1         | 2016-01-06 | deposit | 999
""",
        expenses=f"month | item | nature | amount\n2016-01-01 | sales | revenue | {ledger}\n2016-01-01 | rent | fixed | 500"
    ))  # fmt: skip
    assert result.ledger_gap.value == pytest.approx(gap)
    assert key in {finding.key for finding in result.findings}


def test_what_can_be_answered_follows_from_the_tables():
    result = computed(clinic(END, appointments=VISITS, patients=PATIENTS))
    state = result.questions.set_index("question").state
    assert state["capacity"] == "watch" and state["clv"] == "act"
    assert result.questions_answered == 2
    assert result.says["title"].key == "little"
    assert {"no_ledger", "no_charges", "no_rooms"} <= {finding.key for finding in result.findings}


def test_visits_outside_the_rota():
    result = computed(clinic(
        END, appointments=VISITS, patients=PATIENTS,
        shifts="""
shift_id | staff_id | role   | starts_at        | ends_at
1        | D1       | doctor | 2016-01-05 09:00 | 2016-01-05 12:00
2        | D1       | doctor | 2016-03-05 12:00 | 2016-03-05 15:00
"""))  # fmt: skip
    row = result.links.set_index("link").loc["visits_shifts"]
    assert row.linked == 0.5 and row["rows"] == 2


def test_records_of_the_load_are_told():
    tables = clinic(END, appointments=VISITS, patients=PATIENTS)
    base = {"encoding": "utf-8", "sha256": "0", "first_day": None, "last_day": None, "complete_share": 1.0}
    exports = pd.DataFrame([
        {"file": "p.csv", "table": "patients", "rows_read": 4, "rows_used": 3, "rows_set_aside": 0, "rows_left_out": 1} | base,
        {"file": "a.csv", "table": "appointments", "rows_read": 6, "rows_used": 3, "rows_set_aside": 3, "rows_left_out": 0} | base,
    ])  # fmt: skip
    checks = pd.DataFrame([
        {"check": "one", "table": "patients", "status": "pass"}, {"check": "two", "table": "patients", "status": "fail"},
        {"check": "two", "table": "charges", "status": "warn"},
    ])  # fmt: skip
    create(tables.connection, RECORDS["exports"], exports)
    create(tables.connection, RECORDS["checks"], checks)
    result = computed(Tables(tables.connection))
    assert (result.checks_passed, result.checks_warned, result.checks_failed) == (1, 1, 1)
    assert result.checks.state.tolist() == ["act", "watch", "good"]
    assert result.set_aside.value == pytest.approx(0.3)
    assert result.persons_merged == 1


def test_values_that_were_not_understood_are_told_with_their_table():
    tables = clinic(END, appointments=VISITS, patients=PATIENTS)
    checks = pd.DataFrame([
        {"check": "values_emptied", "table": "appointments", "status": "warn", "rows": 2, "share": 2 / 3},
        {"check": "values_emptied", "table": "appointments", "status": "warn", "rows": 1, "share": 1 / 3},
        {"check": "contract", "table": "appointments", "status": "pass", "rows": 9, "share": 0.0},
    ])  # fmt: skip
    create(tables.connection, RECORDS["checks"], checks)
    # the month with visits, else its hole would be the remark
    result = computed(Tables(tables.connection), Period(start=date(2016, 3, 1), end=END))
    assert result.values_unread == 3 and "unread" in {finding.key for finding in result.findings}
    row = result.sources.set_index("table").loc["appointments"]
    assert (row.remark, row.concerned) == ("unread", 1.0)
    assert any("3 values were not understood" in text for text in spoken("data_quality", result, PERIOD).texts)


def test_the_demo_is_whole(demo_tables, demo_period):
    result = computed(demo_tables, demo_period)
    assert result.holes == 0 and result.questions_answered == len(QUESTIONS)
    assert result.ledger_gap.value < 0.02
    assert (result.links.linked > 0.97).all()


def test_nothing_at_all_cannot_be_answered():
    with pytest.raises(NotAnswerable, match="no_tables"):
        computed(tables_from_frames({}, end=END))


def test_lists_of_columns_and_questions_are_complete():
    assert set(QUESTIONS) == {names[0] for names in SECTIONS} - {"data_quality"}
    assert set(KEY_FIELDS) == set(CANONICAL)
    for table, fields in KEY_FIELDS.items():
        assert set(fields) <= set(CANONICAL[table].names)
    assert all(column in CANONICAL[table].names for table, column in DAYS.items())
