"""Open hours, bed nights, rota and money: specifications as small tables."""

from __future__ import annotations

from datetime import date

import pytest

from audit.tables.bed_nights import bed_nights
from audit.tables.due_appointments import due_appointments
from audit.tables.open_hours import open_hours
from audit.tables.outpatient_money import outpatient_money
from audit.tables.resource_days import resource_days
from audit.tables.room_time import room_time
from audit.tables.rostered_hours import rostered_hours, rota_patterns
from tests.spec import clinic

END = date(2017, 1, 1)
ROOMS = """
room_id | branch | kind       | places | opens_minute | closes_minute | weekdays | slot_minutes
R1      | North  | consulting | 1      | 540          | 1260          | 123456   | 30
R2      | South  | consulting | 2      | 540          | 600           | 12345    |
W       | North  | ward       | 6      |              |               |          |
X       | North  | consulting | 1      |              |               |          | 30
"""
EVENTS = """
event    | kind      | from_day   | to_day     | branch
New Year | closed    | 2016-12-31 | 2017-01-04 |
Repair   | closed    | 2016-12-05 | 2016-12-06 | South
Adverts  | marketing | 2016-12-01 | 2016-12-31 |
"""


def by_room(tables, **days):
    frame = open_hours(tables["rooms"], tables.get("events"), **days).to_pandas()
    return frame.groupby("room_id").agg(days=("day", "count"), minutes=("minutes", "sum"), slots=("slots", "sum"))


def test_rooms_are_open_on_their_days_but_not_when_the_clinic_is_closed():
    found = by_room(clinic(END, rooms=ROOMS, events=EVENTS), start=date(2016, 12, 1), end=END)
    # December 2016 has 27 days without Sundays, one of them New Year's Eve
    assert found.loc["R1"].tolist() == [26, 26 * 720, 26 * 24]
    assert found.loc["R2"].tolist() == [20, 20 * 120, 0], "22 working days, two of them lost to a repair in its branch"
    assert found.loc["W"].tolist() == [30, 30 * 6 * 1440, 0], "a ward needs beds only"
    assert "X" not in found.index, "a room without hours is not capacity"


def test_without_events_every_day_counts():
    assert by_room(clinic(END, rooms=ROOMS), start=date(2016, 12, 1), end=END).loc["R1", "days"] == 27


STAYS = """
appointment_id | patient_id | kind      | starts_at        | nights | status
1              | p1         | ward      | 2016-12-01 10:00 | 2      | completed
2              | p2         | ward      | 2016-12-02 10:00 | 1.5    | completed
3              | p3         | ward      | 2016-12-02 10:00 | 3      | cancelled
4              | p4         | operation | 2016-12-02 10:00 | 5      | completed
"""


def test_nights_by_census_and_by_begin():
    tables = clinic(END, appointments=STAYS, patients="patient_id\np1")
    rows = bed_nights(tables["appointments"]).order_by("day").to_pandas()
    assert rows.occupied.tolist() == [1, 2, 0.5]
    assert rows.begun.tolist() == [2, 1.5, 0]


def test_operations_carry_the_nights_of_a_clinic_without_ward_appointments():
    tables = clinic(END, appointments="\n".join(STAYS.strip().splitlines()[:1] + STAYS.strip().splitlines()[-1:]))
    assert bed_nights(tables["appointments"]).begun.sum().execute() == 5


SHIFTS = """
shift_id | staff_id | role          | room_id | starts_at        | ends_at
1        | D1       | doctor        | R1      | 2016-12-01 09:00 | 2016-12-01 13:00
2        | D1       | doctor        | R1      | 2016-12-01 12:00 | 2016-12-01 15:00
3        | D1       | doctor        | R1      | 2016-12-01 10:00 | 2016-12-01 11:00
4        | D2       | doctor        | R1      | 2016-12-01 20:00 | 2016-12-02 02:00
5        | A        | administrator |         | 2016-12-01 09:00 | 2016-12-01 21:00
6        | D2       | doctor        | O       | 2016-12-01 08:00 | 2016-12-01 12:00
"""


def test_a_doctor_is_not_in_two_places_on_the_rota():
    rooms = ROOMS + "O | North | operating | 1 | 540 | 1260 | 12345 |\n"
    tables = clinic(END, shifts=SHIFTS, rooms=rooms)
    rows = rostered_hours(tables["shifts"], tables["rooms"]).order_by("doctor_id").to_pandas()
    assert rows[["doctor_id", "minutes"]].values.tolist() == [["D1", 360], ["D2", 360]]


def test_money_without_surgery_and_net_of_refunds():
    tables = clinic(
        END,
        services="service_id | kind | direct_cost\nV | consultation | 100\nO | operation | 5000\nU | other |",
        charges="""
charge_id | patient_id | charged_on | service_id | kind    | quantity | paid
1         | p          | 2016-12-01 | V          | sale    | 2        | 1000
2         | p          | 2016-12-01 | V          | refund  | 1        | -300
3         | p          | 2016-12-01 | O          | sale    | 1        | 70000
4         | p          | 2016-12-01 | U          | sale    | 1        | 50
5         | p          | 2016-12-01 | V          | deposit | 1        | 9999
""",
    )
    row = outpatient_money(tables["charges"], tables["services"]).to_pandas().iloc[0]
    assert (row.paid, row.direct_cost, row.paid_with_cost) == (750, 100, 700)
    everything = outpatient_money(tables["charges"], None).to_pandas().iloc[0]
    assert (everything.paid, everything.paid_with_cost) == (70750, 0)


def test_minutes_are_recorded_planned_or_a_slot():
    tables = clinic(
        END, rooms=ROOMS, services="service_id | minutes\nV | 45",
        appointments="""
appointment_id | patient_id | kind       | starts_at        | status    | minutes | service_id | room_id
1              | p          | outpatient | 2016-12-01 10:00 | completed | 20      | V          | R1
2              | p          | outpatient | 2016-12-01 10:00 | completed |         | V          | R1
3              | p          | outpatient | 2016-12-01 10:00 | completed |         |            | R1
4              | p          | outpatient | 2016-12-01 10:00 | completed |         |            |
""",
    )
    rows = room_time(tables["appointments"], tables["rooms"], tables["services"]).order_by("appointment_id").to_pandas()
    assert rows.minutes.fillna(-1).tolist() == [20, 45, 30, -1]
    assert set(rows.resource) == {"consulting"}


@pytest.mark.parametrize(
    ("booked", "lead"),
    [("2016-12-05 23:00", "same_day"), ("2016-12-04 08:00", "days_1_3"), ("2016-11-05 08:00", "days_15_30"),
     ("2016-01-01 08:00", "days_31"), ("2016-12-06 08:00", None), ("", None)],
)  # fmt: skip
def test_lead_is_counted_in_calendar_days(booked, lead):
    tables = clinic(END, patients="patient_id\np", appointments=f"""
appointment_id | patient_id | kind       | starts_at        | booked_at | status
1              | p          | outpatient | 2016-12-05 10:00 | {booked}  | no_show
2              | p          | outpatient | 2016-12-05 10:00 | {booked}  | booked
""")  # fmt: skip
    timed = room_time(tables["appointments"], None, None)
    rows = due_appointments(timed, tables["first_visits"], start=date(2016, 12, 1), end=END, late_hours=24).to_pandas()
    assert len(rows) == 1 and rows.weekday[0] == "0"
    assert (None if rows.lead.isna()[0] else rows.lead[0]) == lead


def test_operating_shifts_are_hours_of_surgeons_and_no_pattern_of_the_rota():
    tables = clinic(
        END,
        rooms="room_id | kind       | places\nR | consulting | 1\nOR | operating | 1",
        shifts="""
shift_id | staff_id | role   | room_id | starts_at        | ends_at
1        | D1       | doctor | R       | 2016-12-05 09:00 | 2016-12-05 12:00
2        | D1       | doctor | OR      | 2016-12-05 13:00 | 2016-12-05 15:00
3        | D2       | doctor | R       | 2016-12-12 09:00 | 2016-12-12 12:00
""",
    )
    operating = rostered_hours(tables["shifts"], tables["rooms"], "operating").to_pandas()
    assert operating.minutes.tolist() == [120.0]
    patterns = rota_patterns(tables["shifts"], tables["rooms"], start=date(2016, 12, 1), end=END).to_pandas()
    assert patterns.to_numpy().tolist() == [[0, 540, 180, 2]]


def test_resource_days_count_use_bookings_and_open_time():
    tables = clinic(
        END,
        rooms="""
room_id | kind       | places | opens_minute | closes_minute | weekdays | slot_minutes
R       | consulting | 1      | 540          | 660           | 1        | 30
W       | ward       | 2      |              |               |          |
""",
        appointments="""
appointment_id | patient_id | kind       | room_id | starts_at        | minutes | nights | status
1              | p          | outpatient | R       | 2016-12-05 09:00 | 40      |        | completed
2              | p          | outpatient | R       | 2016-12-05 10:00 | 50      |        | no_show
3              | p          | outpatient | R       | 2016-12-05 10:30 | 60      |        | booked
4              | p          | ward       | W       | 2016-12-05 18:00 |         | 2      | completed
""",
    )
    days = resource_days(tables["appointments"], tables["rooms"], None, None, start=date(2016, 12, 5), end=date(2016, 12, 7))
    columns = ["day", "resource", "visits", "used", "booked", "census", "offered", "slots"]
    assert [[str(row[0])[:10], *row[1:]] for row in days.to_pandas()[columns].to_numpy().tolist()] == [
        ["2016-12-05", "consulting", 1, 40, 90, 0, 120, 4],
        ["2016-12-05", "ward", 1, 2880, 0, 1440, 2880, 0],
        ["2016-12-06", "ward", 0, 0, 0, 1440, 2880, 0],
    ]
