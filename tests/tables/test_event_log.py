"""The event log: as many events as the source tables have rows, in order, and the ways made of them."""

from __future__ import annotations

from datetime import date

import pytest
from ibis import _

from audit.config import Days
from audit.tables import ways
from audit.tables.event_log import EVENTS, event_log
from tests.spec import clinic

END = date(2016, 12, 1)


def log_of(tables):
    return event_log(*(tables.get(name) for name in ("appointments", "patients", "enquiries", "charges", "feedback", "campaign_members")))


def test_counts_equal_the_source_tables(demo_tables):
    t = demo_tables
    counted = dict(log_of(t).group_by("event").aggregate(n=_.count()).execute().itertuples(index=False))
    calls = t["enquiries"].filter(_.direction == "in")
    appointments = t["appointments"].filter(_.kind != "ward")
    expected = {
        "call": calls.filter(_.is_answered), "missed_call": calls.filter(~_.is_answered), "call_out": t["enquiries"].filter(_.direction == "out"),
        "booking": appointments.filter(_.booked_at.notnull()), "reminder": appointments.filter(_.reminder_sent),
        "visit": appointments.filter(_.status == "completed", _.kind == "outpatient"),
        "operation": appointments.filter(_.status == "completed", _.kind == "operation"),
        "cancelled": appointments.filter(_.status == "cancelled"), "no_show": appointments.filter(_.status == "no_show"),
        "payment": t["charges"].filter(_.kind == "sale", _.paid > 0, _.appointment_id.notnull()).select("appointment_id").distinct(),
        "review": t["feedback"].filter(_.patient_id.notnull()), "reactivation": t["campaign_members"].filter(_.group == "called"),
    }
    assert counted == {event: rows.count().execute() for event, rows in expected.items()}
    assert set(counted) <= set(EVENTS)


ENQUIRIES = """
enquiry_id | started_at          | kind | direction | caller_key | is_answered
e1         | 2016-03-01 10:00:00 | call | in        | t1         | no
e2         | 2016-03-01 10:05:00 | call | in        | t1         | yes
e3         | 2016-03-02 11:00:00 | lead | in        | t2         | yes
e4         | 2016-03-03 11:00:00 | call | in        |            | yes
e5         | 2016-03-09 09:00:00 | call | in        | t1         | yes
"""
PATIENTS = """
patient_id | registered_on | phone_key
p1         | 2016-03-05    | t1
p2         | 2016-03-02    | t2
"""
APPOINTMENTS = """
appointment_id | patient_id | kind       | booked_at           | starts_at           | status    | reminder_sent
a1             | p1         | outpatient | 2016-03-01 10:06:00 | 2016-03-05 09:00:00 | completed | yes
a2             | p1         | outpatient | 2016-03-05 09:30:00 | 2016-03-12 09:00:00 | completed | no
a3             | p2         | outpatient | 2016-03-02 11:10:00 | 2016-03-02 12:00:00 | no_show   | yes
"""
CHARGES = """
charge_id | patient_id | appointment_id | charged_on | kind | paid
c1        | p1         | a1             | 2016-03-05 | sale | 100
c2        | p1         | a1             | 2016-03-05 | sale | 50
c3        | p1         | a2             | 2016-03-12 | sale | 70
"""


@pytest.fixture
def drawn():
    return clinic(END, enquiries=ENQUIRIES, patients=PATIENTS, appointments=APPOINTMENTS, charges=CHARGES)


def test_ways_end_with_the_first_visit_and_its_payment(drawn):
    days = Days(start=date(2016, 3, 1), end=date(2016, 4, 1))
    cases = ways.callers(drawn["opportunities"], drawn["enquiries"], days)
    steps = ways.steps(log_of(drawn), cases)
    rows = ways.variants(steps, cases, drawn["first_visits"], drawn["patient_days"], 90)
    assert sorted(rows.itertuples(index=False, name=None)) == [
        ("call", False, False, 0.0),
        # a reminder for a visit of the same day goes out with the booking
        ("missed_call>call>booking>reminder>visit>payment", True, True, 220.0),
        ("request>booking>reminder>no_show", False, False, 0.0),
    ]


def test_what_follows_what(drawn):
    days = Days(start=date(2016, 3, 1), end=date(2016, 4, 1))
    cases = ways.callers(drawn["opportunities"], drawn["enquiries"], days)
    graph = ways.follows(ways.steps(log_of(drawn), cases)).set_index(["event", "next"])
    assert graph.n.sum() == 11, "every step is followed by another or by the end"
    assert graph.n["booking", "reminder"] == 2 and graph.n["call", "end"] == 1
    assert graph.days["missed_call", "call"] == pytest.approx(5 / (24 * 60))


def test_clinics_without_calls_have_ways_of_those_who_came(drawn):
    cases = ways.new_patients(drawn["first_visits"], drawn["patients"], Days(start=date(2016, 3, 1), end=date(2016, 4, 1)))
    log = event_log(drawn["appointments"], drawn["patients"], None, None, None, None)
    rows = ways.variants(ways.steps(log, cases), cases, drawn["first_visits"], None, 90)
    assert rows.path.tolist() == ["booking>reminder>visit"] and rows.revenue.isna().all()


def test_only_people_watched_long_enough():
    assert ways.watched(date(2017, 1, 1), date(2014, 1, 1), 90, 365).end == date(2016, 8, 4)
    assert ways.watched(date(2017, 1, 1), date(2016, 8, 1), 90, 365).days == 3
    assert ways.watched(date(2017, 1, 1), date(2016, 9, 1), 90, 365) is None
