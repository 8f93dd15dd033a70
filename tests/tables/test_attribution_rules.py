"""Attribution rules: when channels began to be recorded by another rule, and what a caller without a number counts as."""

from __future__ import annotations

from datetime import date

import pytest

from audit.config import Days
from audit.tables.attribution_rules import RuleChange, rule_change, rule_of
from audit.tables.channel_days import channel_days
from tests.spec import clinic

END = date(2021, 1, 1)
VISITS = {"patients": "patient_id | phone_key\np1 | +1", "appointments": """
    appointment_id | patient_id | kind       | starts_at        | status
    1              | p1         | outpatient | 2020-03-02 10:00 | completed
    """}


@pytest.fixture(scope="module")
def callers():
    return clinic(END, **VISITS, enquiries="""
        enquiry_id | started_at       | kind | direction | caller_key | channel | attribution | is_answered
        1          | 2020-01-10 10:00 | call | in        | +1         |         | first       | yes
        2          | 2020-02-01 10:00 | call | in        | +1         | ads     | first       | yes
        3          | 2020-04-01 10:00 | call | in        | +2         | ads     | last        | yes
        4          | 2020-05-01 10:00 | call | in        | +3         | search  | last        | yes
        5          | 2020-05-02 10:00 | call | in        | +4         | search  |             | yes
        """)["opportunities"]


def test_a_rule_begins_with_its_first_call(callers):
    assert rule_change(callers, after=date(2020, 1, 1), until=END) == RuleChange(date(2020, 4, 1), "first", "last")
    assert (rule_of(callers, date(2020, 1, 1), date(2020, 4, 1)), rule_of(callers, date(2020, 6, 1), END)) == ("first", None)


@pytest.mark.parametrize(("after", "until"), [(date(2020, 4, 1), END), (date(2020, 1, 1), date(2020, 4, 1))])
def test_days_recorded_by_one_rule_cross_no_change(callers, after, until):
    assert rule_change(callers, after=after, until=until) is None


def test_a_declared_day_needs_no_record(callers):
    found = rule_change(callers, after=date(2020, 4, 2), until=END, declared=(date(2020, 4, 20), date(2019, 1, 1)))
    assert found == RuleChange(date(2020, 4, 20), None, None), "one rule is written on both sides, so no names are told"


def test_callers_without_a_number_bound_people_and_patients():
    tables = clinic(END, **VISITS, enquiries="""
        enquiry_id | started_at       | kind | direction | caller_key | channel | is_answered
        1          | 2020-03-01 10:00 | call | in        | +1         | ads     | yes
        2          | 2020-03-01 11:00 | call | in        | +1         | ads     | yes
        3          | 2020-03-02 10:00 | call | in        |            | ads     | yes
        4          | 2020-03-03 10:00 | call | in        |            | ads     | yes
        5          | 2020-03-03 10:00 | call | in        |            | search  | yes
        """)
    sums = channel_days(tables["opportunities"], None, Days(start=date(2020, 3, 1), end=date(2020, 4, 1))).sums(
        Days(start=date(2020, 3, 1), end=date(2020, 4, 1)))
    # who has a number called twice: two calls without one may be one more person, and come as the first did
    assert sums.loc["ads", ["answered", "unnumbered", "least_answered", "came", "most_came"]].tolist() == pytest.approx([3, 2, 2, 1, 3])
    assert sums.loc["search", ["least_answered", "most_came"]].tolist() == [0.5, 0]
