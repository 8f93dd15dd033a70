"""Free hours: rota without visits by week and unit, on a drawn clinic."""

from __future__ import annotations

from datetime import date

import pytest

from audit.config import Days
from audit.tables.free_hours import free_hours
from tests.spec import clinic


def test_hours_on_the_rota_without_visits():
    tables = clinic(
        date(2017, 1, 1),
        patients="""
            patient_id
            anna
        """,
        doctors="""
            doctor_id | specialty | branch
            D1        | ENT       | north
            D2        | eyes      | north
        """,
        shifts="""
            shift_id | staff_id | role   | starts_at        | ends_at
            s1       | D1       | doctor | 2016-03-07 08:00 | 2016-03-07 12:00
            s2       | D1       | doctor | 2016-03-14 08:00 | 2016-03-14 12:00
            s3       | D2       | doctor | 2016-03-14 08:00 | 2016-03-14 10:00
        """,
        appointments="""
            appointment_id | patient_id | doctor_id | starts_at        | minutes | kind       | status
            a1             | anna       | D1        | 2016-03-07 09:00 | 60      | outpatient | completed
            a2             | anna       | D1        | 2016-03-07 10:00 | 60      | outpatient | cancelled
            a3             | anna       | D2        | 2016-03-14 08:00 | 180     | outpatient | completed
        """,
    )
    days = Days(start=date(2016, 3, 1), end=date(2016, 3, 22))
    free, load = free_hours(tables["appointments"], tables["shifts"], tables["doctors"], None, days=days, by="specialty")
    assert free.to_dict() == {"ENT": {date(2016, 3, 7): 3.0, date(2016, 3, 14): 4.0}, "eyes": {date(2016, 3, 7): 0.0, date(2016, 3, 14): 0.0}}
    # an hour more than rostered does not fill another doctor's rota
    assert load.to_dict() == pytest.approx({"ENT": 1 / 8, "eyes": 1.0})
