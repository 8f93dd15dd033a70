"""First visits, patient days and opportunities: the definitions every analysis counts by."""

from __future__ import annotations

from datetime import date, datetime

from tests.spec import clinic, rows

END = date(2021, 1, 1)


def test_first_visit_is_the_earliest_completed_one():
    tables = clinic(
        END,
        patients="""
        patient_id | registered_on | age_years | sex
        p1         | 2020-01-02    | 34        | female
        """,
        appointments="""
        appointment_id | patient_id | doctor_id | kind       | starts_at        | status    | diagnosis
        1              | p1         | D01       | outpatient | 2020-01-02 10:00 | no_show   |
        2              | p1         | D02       | outpatient | 2020-01-09 10:00 | completed |
        3              | p1         | D03       | outpatient | 2020-02-09 10:00 | completed | J32
        """,
    )
    (found,) = rows(
        tables,
        "first_visits",
        "first_day",
        "doctor_id",
        "diagnosis",
        "tenure_days",
        "visits",
        "second_day",
        by="patient_id",
    )
    assert found == (date(2020, 1, 9), "D02", "J32", 358, 2, date(2020, 2, 9))


def test_specialist_wins_when_two_visits_begin_together():
    tables = clinic(
        END,
        patients="""
        patient_id
        p1
        """,
        doctors="""
        doctor_id | is_specialist
        D01       | no
        D02       | yes
        """,
        appointments="""
        appointment_id | patient_id | doctor_id | kind       | starts_at        | status
        1              | p1         | D01       | outpatient | 2020-01-09 10:00 | completed
        2              | p1         | D02       | outpatient | 2020-01-09 10:00 | completed
        """,
    )
    assert rows(tables, "first_visits", "doctor_id", "visits", "second_day", by="patient_id") == [("D02", 2, None)]


def test_old_patients_do_not_look_new_in_the_first_months():
    tables = clinic(
        END,
        patients="""
        patient_id | registered_on
        old_card   | 2017-05-01
        new_card   | 2020-01-20
        no_card_1  |
        no_card_2  |
        """,
        appointments="""
        appointment_id | patient_id | kind       | starts_at        | status
        1              | old_card   | outpatient | 2020-01-09 10:00 | completed
        2              | new_card   | outpatient | 2020-01-20 10:00 | completed
        3              | no_card_1  | outpatient | 2020-03-01 10:00 | completed
        4              | no_card_2  | outpatient | 2020-09-01 10:00 | completed
        """,
    )
    found = dict(rows(tables, "first_visits", "patient_id", "is_new", by="patient_id"))
    assert found == {"old_card": False, "new_card": True, "no_card_1": False, "no_card_2": True}


def test_two_doctors_on_one_day_are_one_transaction_and_refunds_net():
    tables = clinic(
        END,
        patients="""
        patient_id
        p1
        """,
        services="""
        service_id | kind         | direct_cost
        visit      | consultation | 400
        septum     | operation    | 20000
        """,
        appointments="""
        appointment_id | patient_id | kind       | starts_at        | status
        1              | p1         | outpatient | 2020-01-09 10:00 | completed
        2              | p1         | outpatient | 2020-01-09 12:00 | completed
        3              | p1         | operation  | 2020-01-20 09:00 | completed
        """,
        charges="""
        charge_id | patient_id | charged_on | service_id | kind    | quantity | paid
        a         | p1         | 2020-01-09 | visit      | sale    | 1        | 2500.10
        b         | p1         | 2020-01-09 | visit      | sale    | 1        | 1500.20
        c         | p1         | 2020-01-09 | visit      | refund  | 1        | -500.30
        d         | p1         | 2020-01-20 | septum     | sale    | 1        | 70000
        e         | p1         | 2020-01-25 | visit      | deposit | 1        | 9999
        """,
    )
    found = rows(
        tables,
        "patient_days",
        "day",
        "tenure_day",
        "visits",
        "operations",
        "revenue",
        "surgery_revenue",
        "direct_cost",
        by="day",
    )
    assert found == [
        (date(2020, 1, 9), 0, 2, 0, 3500.0, 0.0, 400.0),
        (date(2020, 1, 20), 11, 0, 1, 70000.0, 70000.0, 20000.0),
    ]


def test_one_telephone_within_thirty_days_is_one_opportunity():
    tables = clinic(
        END,
        patients="""
        patient_id | phone_key | registered_on
        p1         | +1        | 2020-02-05
        p2         | +2        | 2020-01-01
        """,
        appointments="""
        appointment_id | patient_id | kind       | booked_at        | starts_at        | status
        1              | p2         | outpatient | 2020-01-01 09:00 | 2020-01-01 10:00 | completed
        2              | p1         | outpatient | 2020-02-03 09:00 | 2020-02-05 10:00 | completed
        """,
        enquiries="""
        enquiry_id | started_at       | kind | direction | caller_key | channel | administrator_id | is_answered | intent
        1          | 2020-02-01 10:00 | call | in        | +1         |         |                  | no          |
        2          | 2020-02-03 10:00 | call | in        | +1         | search  | B                | yes         |
        3          | 2020-02-03 11:00 | call | in        | +2         | search  | A                | yes         |
        4          | 2020-02-10 11:00 | call | in        | +3         | ads     | A                | yes         | spam
        5          | 2020-03-01 11:00 | call | in        | +4         | ads     | A                | yes         |
        6          | 2020-05-01 11:00 | call | in        | +4         | search  | A                | no          |
        7          | 2020-05-02 11:00 | call | out       | +5         |         | A                | yes         |
        8          | 2020-12-30 11:00 | call | in        |            | ads     |                  | no          |
        """,
    )
    found = rows(
        tables, "opportunities", "opportunity_id", "channel", "administrator_id", "enquiries", "is_answered",
        "is_attended", "is_mature", "patient_id", by="opened_at",
    )  # fmt: skip
    assert found == [
        ("1", "search", "B", 2, True, True, True, "p1"),
        ("5", "ads", "A", 1, True, False, True, None),
        ("6", "search", None, 1, False, False, True, None),
        ("8", "ads", None, 1, False, False, False, None),
    ]


def test_an_empty_clinic_has_empty_derived_tables():
    tables = clinic(END, patients="patient_id", appointments="appointment_id | patient_id | kind | starts_at | status")
    assert [tables[name].count().execute() for name in ("first_visits", "patient_days")] == [0, 0]


def test_booked_at_of_an_appointment_counts_as_booking():
    tables = clinic(
        END,
        patients="""
        patient_id | phone_key
        p1         | +1
        """,
        appointments="""
        appointment_id | patient_id | kind       | booked_at        | starts_at        | status
        1              | p1         | outpatient | 2020-02-03 09:00 | 2020-02-05 10:00 | no_show
        """,
        enquiries="""
        enquiry_id | started_at       | kind | direction | caller_key | is_answered
        1          | 2020-02-03 08:59 | call | in        | +1         | yes
        """,
    )
    assert rows(tables, "opportunities", "is_booked", "is_attended", "opened_at", by="opened_at") == [
        (True, False, datetime(2020, 2, 3, 8, 59))
    ]


def test_only_completed_appointments_are_visits():
    tables = clinic(
        END,
        patients="""
        patient_id
        p1
        p2
        """,
        appointments="""
        appointment_id | patient_id | kind       | starts_at        | status
        1              | p1         | outpatient | 2020-01-09 10:00 | completed
        2              | p1         | outpatient | 2020-02-09 10:00 | cancelled
        3              | p1         | outpatient | 2020-03-09 10:00 | no_show
        4              | p2         | outpatient | 2020-03-09 10:00 | no_show
        """,
    )
    assert rows(tables, "first_visits", "patient_id", "visits", "second_day", by="patient_id") == [("p1", 1, None)]
    assert rows(tables, "patient_days", "patient_id", "day", "visits", by="day") == [("p1", date(2020, 1, 9), 1)]


def test_first_doctor_is_the_earlier_start_even_if_no_specialist():
    tables = clinic(
        END,
        patients="""
        patient_id
        p1
        """,
        doctors="""
        doctor_id | is_specialist
        nurse     | no
        surgeon   | yes
        """,
        appointments="""
        appointment_id | patient_id | doctor_id | kind       | starts_at        | status
        1              | p1         | surgeon   | outpatient | 2020-01-09 10:30 | completed
        2              | p1         | nurse     | outpatient | 2020-01-09 10:00 | completed
        """,
    )
    assert rows(tables, "first_visits", "doctor_id", by="patient_id") == [("nurse",)]


def test_first_doctor_of_equals_is_the_first_appointment():
    tables = clinic(
        END,
        patients="""
        patient_id
        p1
        """,
        doctors="""
        doctor_id | is_specialist
        D01       | yes
        D02       | yes
        """,
        appointments="""
        appointment_id | patient_id | doctor_id | kind       | starts_at        | status
        b              | p1         | D01       | outpatient | 2020-01-09 10:00 | completed
        a              | p1         | D02       | outpatient | 2020-01-09 10:00 | completed
        """,
    )
    assert rows(tables, "first_visits", "doctor_id", by="patient_id") == [("D02",)]


def test_tenure_counts_to_the_cut_off_and_nothing_after_it_is_seen():
    tables = clinic(
        END,
        patients="""
        patient_id
        p1
        p2
        p3
        """,
        appointments="""
        appointment_id | patient_id | kind       | starts_at        | status
        1              | p1         | outpatient | 2020-12-31 10:00 | completed
        2              | p2         | outpatient | 2020-01-01 10:00 | completed
        3              | p2         | outpatient | 2021-01-01 10:00 | completed
        4              | p3         | outpatient | 2021-01-05 10:00 | completed
        """,
    )
    found = rows(tables, "first_visits", "patient_id", "tenure_days", "visits", by="patient_id")
    # the last day of the records is one day watched; 2020 has 366
    assert found == [("p1", 1, 1), ("p2", 366, 1)]


def test_a_refund_lies_on_the_day_of_the_visit_it_refunds():
    tables = clinic(
        END,
        patients="""
        patient_id
        p1
        """,
        appointments="""
        appointment_id | patient_id | kind       | starts_at        | status
        1              | p1         | outpatient | 2020-01-09 10:00 | completed
        """,
        charges="""
        charge_id | patient_id | appointment_id | charged_on | kind   | paid
        a         | p1         | 1              | 2020-01-09 | sale   | 2500
        b         | p1         | 1              | 2020-03-20 | refund | -1000
        c         | p1         |                | 2020-04-01 | refund | -300
        """,
    )
    # b is of the visit; which visit c refunds is not recorded, so it stays where it was dated
    assert rows(tables, "patient_days", "day", "visits", "revenue", by="day") == [
        (date(2020, 1, 9), 1, 1500.0),
        (date(2020, 4, 1), 0, -300.0),
    ]


def test_deposits_and_transfers_are_no_revenue():
    tables = clinic(
        END,
        patients="""
        patient_id
        p1
        """,
        appointments="""
        appointment_id | patient_id | kind       | starts_at        | status
        1              | p1         | outpatient | 2020-01-09 10:00 | completed
        """,
        charges="""
        charge_id | patient_id | charged_on | kind     | paid
        a         | p1         | 2020-01-09 | sale     | 2500
        b         | p1         | 2020-01-09 | deposit  | 9000
        c         | p1         | 2020-01-09 | transfer | 7000
        """,
    )
    assert rows(tables, "patient_days", "revenue", by="day") == [(2500.0,)]


def test_payer_is_that_of_the_first_visit():
    tables = clinic(
        END,
        patients="""
        patient_id
        p1
        p2
        """,
        appointments="""
        appointment_id | patient_id | kind       | starts_at        | status    | payer
        1              | p1         | outpatient | 2020-01-09 10:00 | completed | insurer
        2              | p1         | outpatient | 2020-02-09 10:00 | completed | cash
        3              | p2         | outpatient | 2020-01-09 10:00 | no_show   | insurer
        4              | p2         | outpatient | 2020-02-09 10:00 | completed | cash
        """,
    )
    assert rows(tables, "first_visits", "patient_id", "payer", by="patient_id") == [("p1", "insurer"), ("p2", "cash")]


def test_registration_decides_before_the_watch_does():
    """Left truncation: an old card is old even when its first recorded visit is late in the export."""
    tables = clinic(
        END,
        patients="""
        patient_id | registered_on
        early      | 2020-01-01
        old        | 2016-05-01
        """,
        appointments="""
        appointment_id | patient_id | kind       | starts_at        | status
        1              | early      | outpatient | 2020-01-01 10:00 | completed
        2              | old        | outpatient | 2020-11-09 10:00 | completed
        """,
    )
    assert dict(rows(tables, "first_visits", "patient_id", "is_new", by="patient_id")) == {"early": True, "old": False}
