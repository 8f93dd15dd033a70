"""Drivers by day and month, drawn; they agree with the counts of a period."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from audit.tables.driver_months import by_month, driver_days, returns_by_age
from audit.tables.period_counts import period_counts
from tests.spec import clinic

END = date(2016, 4, 1)
DRAWN = {
    "patients": """patient_id|registered_on
        old|2015-05-01
        new|2016-01-10""",
    "appointments": """appointment_id|patient_id|kind|starts_at|status
        a1|old|outpatient|2016-01-04T10:00|completed
        a2|new|outpatient|2016-01-10T10:00|completed
        a3|new|outpatient|2016-01-20T10:00|completed
        a4|new|operation|2016-03-02T10:00|completed
        a5|old|outpatient|2016-03-03T10:00|completed""",
    "services": """service_id|kind
        c|consultation
        o|operation""",
    "charges": """charge_id|patient_id|appointment_id|charged_on|service_id|kind|paid
        1|new|a2|2016-01-10|c|sale|100
        2|new|a3|2016-01-20|c|sale|60
        3|new|a4|2016-03-02|o|sale|900
        4|old|a5|2016-03-03|c|sale|70""",
}


def test_days_and_months():
    tables = clinic(END, **DRAWN)
    days = driver_days(tables["first_visits"], tables["patient_days"], None, start=date(2016, 1, 1), end=END)
    assert len(days) == 91 and days["answered_calls"].isna().all()
    months = by_month(days)
    assert months["visits"].tolist() == [3, 0, 1] and months["operations"].tolist() == [0, 0, 1]
    assert months["first_patients"].tolist() == [1, 0, 0] and months["first_money"].tolist() == [100, 0, 0]
    assert months["ambulatory"].tolist() == [160, 0, 70] and months["surgery"].tolist() == [0, 0, 900]


def test_returns_by_age():
    tables = clinic(END, **DRAWN)
    visits, operations = returns_by_age(tables["first_visits"], tables["patient_days"], start=date(2016, 1, 1), end=END)
    expected = np.zeros((3, 4))
    expected[0, 0], expected[0, -1], expected[2, -1] = 1, 1, 1  # the first visit itself is no repeat
    assert visits.tolist() == expected.tolist()
    assert operations.tolist() == [[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0]]


def test_agrees_with_the_counts_of_a_period(demo_tables, demo_period):
    first, days, calls = (demo_tables[name] for name in ("first_visits", "patient_days", "opportunities"))
    now = demo_period.present
    counted = period_counts(first, days, calls, start=now.start, end=now.end)
    summed = driver_days(first, days, calls, start=now.start, end=now.end).sum()
    assert {name: summed[name] for name in counted} == pytest.approx(counted)
