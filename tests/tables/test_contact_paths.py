"""Contact paths: which contacts count before a first visit, on a drawn clinic."""

from __future__ import annotations

from datetime import date

from audit.config import Days
from audit.tables.contact_paths import contact_paths
from audit.tables.conversions import conversions
from tests.spec import clinic

TABLES = {
    "patients": """
        patient_id | phone_key | registered_on | stated_source
        anna       | k1        | 2016-03-20    | friends
        boris      | k2        | 2016-03-21    |
    """,
    "appointments": """
        appointment_id | patient_id | starts_at        | kind       | status
        a1             | anna       | 2016-03-20 10:00 | outpatient | completed
        a2             | boris      | 2016-03-21 10:00 | outpatient | completed
    """,
    "enquiries": """
        enquiry_id | started_at       | kind | direction | caller_key | channel | is_answered | talk_seconds | intent
        long ago   | 2015-10-01 10:00 | call | in        | k1         | radio   | yes         | 50           |
        first      | 2016-02-20 10:00 | call | in        | k1         | ads     | yes         | 50           |
        second     | 2016-03-19 10:00 | call | in        | k1         | friends | yes         | 20           |
        called us  | 2016-03-19 12:00 | call | out       | k1         | desk    | yes         | 20           |
        after      | 2016-03-25 10:00 | call | in        | k1         | direct  | yes         | 90           | results
        boris      | 2016-03-01 10:00 | call | in        | k2         |         | yes         | 90           |
        stranger   | 2016-03-02 10:00 | call | in        |            | ads     | no          |              |
    """,
}
MARCH = Days(start=date(2016, 3, 1), end=date(2016, 4, 1))


def test_incoming_contacts_within_the_lookback_up_to_the_first_visit():
    tables = clinic(date(2017, 1, 1), **TABLES)
    paths = contact_paths(tables["opportunities"], tables["enquiries"], tables["first_visits"], days=MARCH, lookback_days=90)
    assert list(zip(paths.patient.tolist(), paths.channel.tolist(), strict=True)) == [(0, "ads"), (0, "friends"), (1, "no_source")]
    assert paths.stated[0] == "friends" and paths.stated.isna().tolist() == [False, True]


def test_four_counts_of_a_conversion():
    tables = clinic(date(2017, 1, 1), **TABLES)
    found = conversions(tables["opportunities"], tables["enquiries"], days=MARCH, target_seconds=30)
    # second, after, boris and the stranger rang; two of them spoke long; Anna rang first in February; both came
    assert found == {"contact": 4, "target_call": 2, "new_caller": 1, "first_patient": 2}
