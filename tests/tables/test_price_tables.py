"""Prices as drawn tables: lists with gaps and overlaps, specialties, bills, competitors."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from audit.tables.competitor_prices import competitor_prices
from audit.tables.list_prices import listed
from audit.tables.weekly_prices import charged, unit_services
from tests.spec import clinic, rows

END = date(2016, 2, 1)
WEEKS = [date(2016, 1, 4) + timedelta(weeks=week) for week in range(4)]
BARE = {
    "patients": "patient_id | registered_on\n1 | 2016-01-04\n2 | 2016-01-05",
    "appointments": """
        appointment_id | patient_id | kind | starts_at | status | specialty | service_id | branch
        a1 | 1 | outpatient | 2016-01-04 10:00 | completed | ENT | F | North
        a2 | 2 | outpatient | 2016-01-05 10:00 | completed | eyes | E | North""",
}
SERVICES = "service_id | name | kind | specialty | is_first_visit\nF | First ENT | consultation | ENT | yes\nE | First eyes | consultation | eyes | yes"


def prices(text, services=SERVICES, **more):
    return clinic(END, **BARE, services=services, prices="service_id | branch | valid_from | valid_to | price\n" + text, **more)


def paths(tables, units=("North", "South"), kind="branch"):
    weights = unit_services(tables["first_visits"], tables["services"], units, kind)
    found = listed(tables["prices"], weights, WEEKS, charges=tables.get("charges"), kind=kind)
    return found.price, (found.overlaps, found.settled, found.gaps)


ONE = "service_id | name | kind | is_first_visit\nF | First | consultation | yes"


def test_a_gap_in_the_list_is_no_price_and_is_counted():
    path, faults = paths(prices("F | | 2016-01-01 | 2016-01-10 | 100\nF | | 2016-01-18 | | 120", ONE))
    assert path[0].tolist()[:1] + path[0].tolist()[2:] == [100, 120, 120] and np.isnan(path[0, 1])
    assert faults == (0, 0, 1)


OVERLAP = "F | | 2016-01-01 | 2016-01-24 | 100\nF | | 2016-01-11 | 2016-01-28 | 120"


def bills(*paid):
    """A bill for F on the Tuesday of each week, in both branches."""
    lines = [f"{branch}{week} | 1 | {WEEKS[week] + timedelta(days=1)} | F | {branch} | sale | 1 | {amount}"
             for branch in ("North", "South") for week, amount in enumerate(paid)]
    return "charge_id | patient_id | charged_on | service_id | branch | kind | quantity | paid\n" + "\n".join(lines)


def test_weeks_with_two_prices_have_none_unless_the_bills_settle_them():
    path, faults = paths(prices(OVERLAP, ONE))
    assert np.isnan(path[:, 1:3]).all() and path[:, [0, 3]].tolist() == [[100, 120]] * 2 and faults == (4, 0, 0)
    path, faults = paths(prices(OVERLAP, ONE, charges=bills(100, 100, 120, 120)))
    assert path[0].tolist() == [100, 100, 120, 120] and faults == (4, 4, 0)
    path, faults = paths(prices(OVERLAP, ONE, charges=bills(100, 110, 120, 120)))
    assert np.isnan(path[0, 1]) and path[0, 2] == 120 and faults == (4, 2, 0), "110 is neither of the two"


@pytest.mark.parametrize("entries", [
    "F | | 2016-01-01 | 2016-01-11 | 100\nF | | 2016-01-11 | | 120",
    "F | | 2016-01-01 | 2099-12-31 | 100\nF | | 2016-01-11 | 2099-12-31 | 120",
    "F | | 2016-01-01 | 2016-01-31 | 100\nF | | 2016-01-11 | | 120\nF | | 2016-01-11 | | 120",
])
def test_a_day_of_handing_over_a_far_last_day_and_a_repeated_line_are_no_faults(entries):
    path, faults = paths(prices(entries, ONE))
    assert path[0].tolist() == [100, 120, 120, 120] and faults == (0, 0, 0)


def test_a_short_price_inside_a_longer_one_without_last_day_leaves_no_gap_behind():
    path, faults = paths(prices("F | | 2016-01-01 | | 100\nF | | 2016-01-11 | 2016-01-17 | 80\nF | | 2016-01-25 | | 110", ONE))
    assert path[0].tolist() == [100, 80, 100, 110] and faults == (0, 0, 0)


def test_a_service_that_loses_its_price_is_not_a_change_of_price():
    """Both services count; when E has no price the mean of the rest would fall from 80 to 60 though nobody changed anything."""
    both = SERVICES
    path, faults = paths(prices("F | | 2016-01-01 | | 100\nE | | 2016-01-01 | 2016-01-29 | 60", both))
    assert path[0].tolist() == [80] * 4 and faults == (0, 0, 0)
    path, faults = paths(prices("F | | 2016-01-01 | | 60\nE | | 2016-01-01 | 2016-01-17 | 100\nE | | 2016-01-25 | | 100", both))
    assert path[0].tolist() == [60] * 4 and faults == (0, 0, 1), "E is left out, since it is not priced throughout"


def test_an_open_price_ends_where_the_next_begins_and_is_no_fault():
    path, faults = paths(prices("F | | 2016-01-01 | | 100\nF | | 2016-01-18 | | 120", ONE))
    assert path[0].tolist() == [100, 100, 120, 120] and faults == (0, 0, 0)


def test_a_price_of_the_branch_wins_over_one_for_all():
    path, _ = paths(prices("F | | 2016-01-01 | | 100\nF | South | 2016-01-18 | | 80", ONE))
    assert path.tolist() == [[100, 100, 100, 100], [100, 100, 80, 80]]


def test_each_specialty_has_the_price_of_its_own_first_visit():
    path, _ = paths(prices("F | | 2016-01-01 | | 100\nE | | 2016-01-01 | | 60\nE | | 2016-01-18 | | 90"), ("ENT", "eyes"), "specialty")
    assert path.tolist() == [[100, 100, 100, 100], [60, 60, 90, 90]]


def test_bills_stand_in_by_specialty():
    tables = clinic(END, **BARE, services=SERVICES, charges="""
        charge_id | patient_id | charged_on | service_id | branch | kind | quantity | paid
        1 | 1 | 2016-01-05 | F | North | sale | 1 | 100
        2 | 1 | 2016-01-06 | F | North | sale | 2 | 200
        3 | 2 | 2016-01-12 | E | | sale | 1 | 60
        4 | 2 | 2016-01-13 | E | | refund | 1 | -60""")
    weights = unit_services(tables["first_visits"], tables["services"], ("ENT", "eyes"), "specialty")
    path = charged(tables["charges"], weights, WEEKS, "specialty")
    assert path[0].tolist() == [100] * 4
    assert np.isnan(path[1, 0]) and path[1, 1:].tolist() == [60] * 3


def test_a_week_with_more_of_the_dear_service_is_no_dearer_week():
    """The median of all bills would go from 100 to 60 though neither price moved."""
    lines = [f"{week}{n} | 1 | {WEEKS[week] + timedelta(days=n % 5)} | {service} | North | sale | 1 | {paid}"
             for week, dear in enumerate((4, 1, 3, 1)) for n, (service, paid) in enumerate([("F", 100)] * dear + [("E", 60)] * (5 - dear))]
    tables = clinic(END, **BARE, services=SERVICES, charges=(
        "charge_id | patient_id | charged_on | service_id | branch | kind | quantity | paid\n" + "\n".join(lines)))
    weights = unit_services(tables["first_visits"], tables["services"], ("North",), "branch")
    assert charged(tables["charges"], weights, WEEKS, "branch").tolist() == [[80] * 4]


def test_bills_without_a_branch_price_a_clinic_that_is_one():
    tables = clinic(END, **BARE, services=ONE, charges="""
        charge_id | patient_id | charged_on | service_id | kind | quantity | paid
        1 | 1 | 2016-01-05 | F | sale | 1 | 100""")
    weights = unit_services(tables["first_visits"], tables["services"], ("all",), "branch")
    assert charged(tables["charges"], weights, WEEKS, "branch").tolist() == [[100] * 4]


def test_a_missing_competitor_price_is_not_zero():
    tables = prices("F | | 2015-01-01 | 2016-01-14 | 100\nF | | 2016-01-15 | | 120", ONE, competitors="""
        competitor | service_id | seen_on | price
        K | F | 2016-01-01 | 90
        K | F | 2016-01-20 | 110
        L | F | 2016-01-10 | 0
        M | F | 2016-01-10 | 80
        M | X | 2016-01-10 | 70
        N | F | 2016-03-10 | 60""")
    found = competitor_prices(tables["competitors"], tables["prices"], end=END)
    told = rows({"found": found}, "found", "service_id", "competitor", "price", "own", by="competitor")
    assert sorted(told) == [("F", "K", 110.0, 120.0), ("F", "M", 80.0, 100.0), ("X", "M", 70.0, None)]


@pytest.mark.parametrize("kind", ["branch", "specialty"])
def test_a_service_nobody_prices_leaves_the_path_empty(kind):
    path, faults = paths(prices("Z | | 2016-01-01 | | 100"), ("ENT", "eyes"), kind)
    assert np.isnan(path).all() and faults == (0, 0, 0)
