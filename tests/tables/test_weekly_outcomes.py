"""Weekly outcomes, from a clinic small enough to be counted by hand."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from audit.config import Days
from audit.tables.weekly_outcomes import COUNTED_BY, weekly_outcomes, whole_weeks
from tests.spec import clinic

END = date(2017, 1, 1)
DAYS = Days(start=date(2016, 1, 1), end=END)
TABLES = clinic(
    END,
    patients="""
patient_id | registered_on | phone_key
A          | 2016-01-05    | 1
B          | 2016-01-12    | 2
C          | 2016-01-13    | 3
""",
    appointments="""
appointment_id | patient_id | kind       | starts_at           | status    | branch | doctor_id
1              | A          | outpatient | 2016-01-05T10:00:00 | completed | North  | D1
2              | A          | outpatient | 2016-03-01T10:00:00 | completed | North  | D1
3              | B          | outpatient | 2016-01-19T10:00:00 | completed | South  | D2
4              | C          | outpatient | 2016-01-20T10:00:00 | completed | North  | D1
5              | C          | outpatient | 2016-10-20T10:00:00 | completed | North  | D1
""",
    enquiries="""
enquiry_id | kind | direction | started_at          | is_answered | caller_key | branch | administrator_id
e1         | call | in        | 2016-01-04T10:00:00 | yes         | 1          | North  | X
e2         | call | in        | 2016-01-18T10:00:00 | yes         | 2          | South  | Y
e3         | call | in        | 2016-01-18T11:00:00 | yes         | 4          | South  | Y
e4         | call | in        | 2016-01-18T12:00:00 | no          | 5          | South  |
e5         | call | in        | 2016-12-20T12:00:00 | yes         | 6          | South  | X
""",
)


def found(name: str, unit: str | None = None):
    return weekly_outcomes(
        name, unit, opportunities=TABLES["opportunities"], first_visits=TABLES["first_visits"], patient_days=TABLES["patient_days"], days=DAYS,
    )


def test_weeks_are_whole_ones_from_monday() -> None:
    weeks = whole_weeks(DAYS)
    assert weeks[0] == date(2016, 1, 4) and weeks[-1] == date(2016, 12, 19) and len(weeks) == 51, "the last Sunday is not in the days"
    assert whole_weeks(Days(start=date(2016, 1, 5), end=date(2016, 1, 12))) == []


def test_callers_by_branch_are_answered_ones_and_blank_before_and_after_a_branch_is_seen() -> None:
    counted = found("callers", "branch")
    assert counted is not None and counted.units == ["North", "South"] and counted.size is None
    assert counted.outcome[0, 0] == 1 and np.isnan(counted.outcome[0, 1:]).all()
    assert np.isnan(counted.outcome[1, :2]).all() and counted.outcome[1, 2] == 2 and counted.outcome[1, 3] == 0 and counted.outcome[1, 50] == 1


def test_shares_are_of_what_is_settled() -> None:
    """Who called 12 days before the cut-off may still come; D1 and D2 saw three new patients, one back within 90 days."""
    counted = found("attended")
    assert counted is not None and counted.size is not None
    assert np.nansum(counted.size) == 3 and np.nansum(counted.outcome) == 2
    back = found("return_90", "doctor_id")
    assert back is not None and back.size is not None
    assert np.nansum(back.size, axis=1).tolist() == [2, 1] and np.nansum(back.outcome, axis=1).tolist() == [1, 0]


def test_the_whole_is_the_sum_of_its_units() -> None:
    whole, units = found("callers"), found("callers", "branch")
    assert whole is not None and units is not None
    assert np.nansum(whole.outcome) == np.nansum(units.summed()[0]) == 4


@pytest.mark.parametrize("name", COUNTED_BY)
def test_every_outcome_can_be_counted_by_its_units(name: str) -> None:
    for unit in (None, *COUNTED_BY[name]):
        assert name == "settled_visits" or found(name, unit) is not None or unit == "channel"


def test_what_is_not_recorded_is_none() -> None:
    tables = {"first_visits": TABLES["first_visits"], "patient_days": TABLES["patient_days"]}
    assert weekly_outcomes("callers", None, opportunities=None, days=DAYS, **tables) is None
    assert found("settled_visits") is None
