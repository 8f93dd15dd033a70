"""Leads: one telephone by three channels is one person, response by hand, and no word of cause."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from audit.analyses import leads
from audit.config import Days, Period
from audit.errors import NotAnswerable
from audit.tables import leads as queries
from audit.tables.connection import tables_from_frames
from tests.pages import spoken
from tests.spec import clinic

END = date(2016, 12, 1)
DAYS = Days(start=date(2016, 3, 1), end=date(2016, 4, 1))
PERIOD = Period(start=date(2016, 1, 1), end=END, now=DAYS)

ENQUIRIES = """
enquiry_id | started_at          | kind | direction | caller_key | channel | is_answered | wait_seconds
e1         | 2016-03-01 10:00:00 | lead | in        | t1         | site    | no          |
e2         | 2016-03-01 10:30:00 | call | in        | t1         | portal  | no          | 20
e3         | 2016-03-01 10:50:00 | chat | in        | t1         | network | yes         | 600
e4         | 2016-03-02 11:00:00 | call | in        | t2         | site    | no          | 30
e5         | 2016-03-02 11:20:00 | call | out       | t2         |         | yes         |
e6         | 2016-03-03 12:00:00 | call | in        | t3         | portal  | yes         | 15
e7         | 2016-03-04 12:00:00 | call | in        | t4         | portal  | no          | 15
e8         | 2016-05-04 12:00:00 | call | in        | t1         | portal  | yes         | 15
"""
PATIENTS = """
patient_id | registered_on | phone_key
p3         | 2016-03-03    | t3
"""
APPOINTMENTS = """
appointment_id | patient_id | kind       | booked_at           | starts_at           | status
a3             | p3         | outpatient | 2016-03-03 12:05:00 | 2016-03-05 09:00:00 | completed
"""


@pytest.fixture(scope="module")
def drawn():
    return clinic(END, enquiries=ENQUIRIES, patients=PATIENTS, appointments=APPOINTMENTS)


def run(tables, period=PERIOD, **params):
    return leads.analyse(*(tables[name] for name in ("enquiries", "opportunities", "first_visits", "patients")), period=period,
                         params=leads.LeadsParams(**params))


def contacts(tables, days=DAYS):
    return queries.contacts_of(tables["enquiries"], tables["first_visits"], tables["patients"], tables["opportunities"], days)


def test_one_telephone_by_three_channels_is_one_person(drawn):
    result = run(drawn)
    assert (result.new_contacts.value, result.people.value) == (6, 4)
    assert result.several_share.value == pytest.approx(1 / 4)
    # site 2, portal 3, network 1 would be six people
    assert result.overcount.value == pytest.approx(6 / 4 - 1)
    assert dict(zip(result.channels.channel, result.channels.people, strict=True)) == {"site": 2, "portal": 2, "network": 0}


def test_minutes_to_the_first_conversation(drawn):
    told = queries.responses(contacts(drawn), drawn["enquiries"], (12,))
    # 50 minutes and ten of waiting in the chat; the call back after twenty; fifteen seconds; never
    assert sorted(told.minutes.dropna()) == pytest.approx([0.25, 20, 60])
    assert told.minutes.isna().sum() == 1
    result = run(drawn)
    assert result.soon_share.value == pytest.approx(1 / 4) and result.never_share.value == pytest.approx(1 / 4)
    assert result.response.set_index("bucket").people.to_dict() == {"at_once": 1, "hour": 2, "never": 1}


def test_contacts_are_those_of_the_opportunities(demo_tables):
    days = Days(start=date(2016, 1, 1), end=date(2016, 3, 1))
    mine = contacts(demo_tables, days)
    opened = demo_tables["opportunities"].opened_at.date()
    people = demo_tables["opportunities"].filter((opened >= days.start) & (opened < days.end))
    assert mine.count().execute() == people.enquiries.sum().execute()
    assert mine.opportunity_id.nunique().execute() == people.count().execute()


def test_speed_of_the_teaching_clinic(demo_tables, demo_period):
    result = run(demo_tables, demo_period)
    # nothing is planted between speed and booking
    assert result.soon_gap.low < 0.05 and result.soon_gap.grade == "C"
    assert result.people.value == 1782


def confounded(seed: int = 3, n: int = 3000) -> dict[str, pd.DataFrame]:
    """Evening callers wait longer and book less, whatever their wait: the raw difference is all confounding."""
    rng = np.random.default_rng(seed)
    number, evening = np.arange(n), rng.random(n) < 0.5
    at = pd.Timestamp("2016-03-01") + pd.to_timedelta(number % 28, "D") + pd.to_timedelta(np.where(evening, 19, 10), "h")
    late = rng.random(n) < np.where(evening, 0.7, 0.1)
    return {
        "enquiries": pd.DataFrame({
            "enquiry_id": [f"e{i}" for i in number], "started_at": at, "kind": "call", "direction": "in", "caller_key": [f"t{i}" for i in number],
            "channel": "site", "is_answered": True, "wait_seconds": np.where(late, 1200.0, 10.0),
            "outcome": np.where(rng.random(n) < np.where(evening, 0.3, 0.7), "booked", "lost"),
        }),
        "patients": pd.DataFrame({"patient_id": ["p"], "registered_on": date(2016, 3, 1)}),
        "appointments": pd.DataFrame({"appointment_id": ["a"], "patient_id": ["p"], "kind": "outpatient", "starts_at": pd.Timestamp("2016-03-03"), "status": "completed"}),
    }


def test_the_mix_of_calls_is_taken_out():
    result = run(tables_from_frames(confounded(), end=END))
    assert result.booked_soon.value - result.booked_late.value > 0.15
    assert abs(result.soon_gap.value) < 0.05 and result.soon_gap.low < 0 < result.soon_gap.high
    assert result.soon_gap.verdict == "weak"
    assert result.says["figures.response.title"].key == "alike"
    said = " ".join(spoken("leads", result, PERIOD).texts)
    assert "an association and not what faster answers would bring" in said


def test_calls_without_numbers_are_no_persons():
    frames = confounded(n=200)
    frames["enquiries"]["caller_key"] = None
    with pytest.raises(NotAnswerable) as refused:
        run(tables_from_frames(frames, end=END))
    assert refused.value.reason == "no_numbers"


def test_some_calls_without_numbers_are_left_out_and_told():
    frames = confounded(n=200)
    frames["enquiries"].loc[::4, "caller_key"] = None
    result = run(tables_from_frames(frames, end=END))
    assert result.people.value == 150 and result.no_number_share.value == pytest.approx(0.25)
    assert "no_numbers" in {finding.key for finding in result.findings}
    spoken("leads", result, PERIOD)


def test_title_is_of_the_period_and_tables_name_their_own_days(drawn):
    """Before March nobody was answered; March itself is what the title says."""
    frames = confounded(n=200)
    earlier = frames["enquiries"].assign(
        enquiry_id="x" + frames["enquiries"].enquiry_id, caller_key="x" + frames["enquiries"].caller_key, is_answered=False, outcome=None,
        started_at=pd.to_datetime(frames["enquiries"].started_at) - pd.Timedelta(days=31),
    )
    alone = run(tables_from_frames(frames, end=END))
    result = run(tables_from_frames(frames | {"enquiries": pd.concat([frames["enquiries"], earlier])}, end=END))
    assert result.soon_share.value == alone.soon_share.value and result.never_share.value == alone.never_share.value
    assert result.channels.people.sum() == alone.channels.people.sum() + 200
    assert "31 March 2016" in "\n".join(spoken("leads", result, PERIOD).texts).replace("\xa0", " ")


def test_all_calls_missed():
    frames = confounded(n=200)
    frames["enquiries"] = frames["enquiries"].assign(is_answered=False, outcome=None)
    result = run(tables_from_frames(frames, end=END))
    assert result.soon_share is None and "no_answers" in {finding.key for finding in result.findings}
    spoken("leads", result, PERIOD)


def test_nobody_new_in_the_period(drawn):
    with pytest.raises(NotAnswerable):
        run(drawn, Period(start=date(2016, 1, 1), end=END, now=Days(start=date(2016, 8, 1), end=date(2016, 9, 1))))
