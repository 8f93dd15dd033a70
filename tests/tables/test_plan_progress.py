"""What of a plan is done: each service counts once, for the earliest plan that still wants it, never before the plan."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from audit.tables.connection import Tables, tables_from_frames
from audit.tables.plan_progress import plan_lines, plan_progress, plan_totals, services_done
from tests.spec import clinic

END = date(2016, 1, 1)


def drawn(plans: str, charges: str | None = None, appointments: str | None = None) -> Tables:
    return clinic(
        END,
        patients="""
            patient_id | registered_on
            p          | 2015-01-01
            q          | 2015-01-01
        """,
        appointments=appointments or """
            appointment_id | patient_id | starts_at           | kind       | status    | service_id
            a1             | p          | 2015-02-01 10:00:00 | outpatient | completed | visit
        """,
        plans=plans,
        **({"charges": charges} if charges else {}),
    )


def progress(*texts: str, **more: str) -> dict[tuple[str, str], float]:
    tables = drawn(*texts, **more)
    done = services_done(tables["appointments"], tables.get("charges"))
    rows = plan_progress(plan_lines(tables["plans"], done, end=END), done).to_pandas()
    return {(row.plan_id, str(row.day)[:10]): float(row.done) for row in rows.itertuples()}


def totals(*texts: str, **more: str) -> dict[str, tuple[float, float]]:
    """Services planned and money left of each plan."""
    tables = drawn(*texts, **more)
    done = services_done(tables["appointments"], tables.get("charges"))
    rows = plan_totals(plan_lines(tables["plans"], done, end=END), done).to_pandas()
    return {row.plan_id: (float(row.planned), round(float(row.amount_left), 6)) for row in rows.itertuples()}


LASER = """
    charge_id | patient_id | charged_on | service_id | kind | quantity | paid
    c1        | p          | 2015-03-02 | laser      | sale | 1        | 10
    c2        | p          | 2015-03-09 | laser      | sale | 1        | 10
    c3        | p          | 2015-04-02 | laser      | sale | 1        | 10
    c4        | p          | 2015-04-03 | laser      | sale | 1        | 10
    c5        | p          | 2015-04-04 | laser      | sale | 1        | 10
"""


def test_services_count_from_the_day_of_the_plan_and_once():
    found = progress(
        plans="""
            plan_id | patient_id | planned_on | service_id | planned
            one     | p          | 2015-03-01 | laser      | 2
            two     | p          | 2015-03-20 | laser      | 2
            other   | q          | 2015-03-01 | laser      | 1
        """,
        charges="""
            charge_id | patient_id | charged_on | service_id | kind   | quantity | paid
            c0        | p          | 2015-02-01 | laser      | sale   | 1        | 10
            c1        | p          | 2015-03-05 | laser      | sale   | 1        | 10
            c2        | p          | 2015-03-06 | massage    | sale   | 1        | 10
            c3        | p          | 2015-04-01 | laser      | sale   | 2        | 20
            c4        | p          | 2015-04-02 | laser      | refund | 1        | -10
            c5        | p          | 2015-04-03 | laser      | sale   | 5        | 50
        """,
    )
    assert found == {
        ("one", "2015-03-05"): 1, ("one", "2015-04-01"): 1, ("two", "2015-04-01"): 1, ("two", "2015-04-03"): 1,
    }


def test_a_plan_called_off_counts_nothing_after_it():
    found = progress(
        plans="""
            plan_id | patient_id | planned_on | service_id | planned | cancelled_on
            one     | p          | 2015-03-01 | laser      | 3       | 2015-03-10
        """,
        charges="""
            charge_id | patient_id | charged_on | service_id | kind | quantity | paid
            c1        | p          | 2015-03-05 | laser      | sale | 1        | 10
            c2        | p          | 2015-03-10 | laser      | sale | 1        | 10
        """,
    )
    assert found == {("one", "2015-03-05"): 1}


def test_without_bills_completed_appointments_count():
    found = progress(
        plans="""
            plan_id | patient_id | planned_on | service_id | planned
            one     | p          | 2015-03-01 | laser      | 3
        """,
        appointments="""
            appointment_id | patient_id | starts_at           | kind       | status    | service_id
            a1             | p          | 2015-03-02 10:00:00 | outpatient | completed | laser
            a2             | p          | 2015-03-04 10:00:00 | outpatient | no_show   | laser
            a3             | p          | 2015-03-06 10:00:00 | outpatient | completed | visit
        """,
    )
    assert found == {("one", "2015-03-02"): 1}


def test_plans_made_after_the_cut_off_are_not_there():
    assert progress(
        plans="""
            plan_id | patient_id | planned_on | service_id | planned
            one     | p          | 2016-03-01 | laser      | 3
        """,
        charges="""
            charge_id | patient_id | charged_on | service_id | kind | quantity | paid
            c1        | p          | 2015-03-05 | laser      | sale | 1        | 10
        """,
    ) == {}


def test_a_service_more_than_planned_takes_no_place_in_the_next_plan():
    """One was planned and two were done in March: the three of April are all of the second plan."""
    found = progress(
        plans="""
            plan_id | patient_id | planned_on | service_id | planned
            one     | p          | 2015-03-01 | laser      | 1
            two     | p          | 2015-04-01 | laser      | 3
        """,
        charges=LASER,
    )
    assert found == {("one", "2015-03-02"): 1, **{("two", f"2015-04-0{day}"): 1 for day in (2, 3, 4)}}


def test_a_plan_that_replaces_one_called_off_gets_what_is_done_after_it():
    plans = """
        plan_id | patient_id | planned_on | service_id | planned | amount | cancelled_on
        one     | p          | 2015-03-01 | laser      | 6       | 60     | 2015-03-20
        two     | p          | 2015-03-20 | laser      | 4       | 40     |
    """
    assert progress(plans, charges=LASER) == {
        ("one", "2015-03-02"): 1, ("one", "2015-03-09"): 1, **{("two", f"2015-04-0{day}"): 1 for day in (2, 3, 4)},
    }
    assert totals(plans, charges=LASER) == {"one": (6, 40), "two": (4, 10)}


def test_a_line_called_off_is_no_longer_planned_while_the_plan_goes_on():
    """Of the first line two were done and four fell away; the free massage and one laser remain to be done."""
    plans = """
        plan_id | patient_id | planned_on | service_id | planned | amount | cancelled_on
        one     | p          | 2015-03-01 | laser      | 6       | 60     | 2015-03-20
        one     | p          | 2015-03-20 | laser      | 4       | 40     |
        one     | p          | 2015-03-20 | massage    | 1       |        |
    """
    assert totals(plans, charges=LASER) == {"one": (7, 10)}
    assert sum(progress(plans, charges=LASER).values()) == 5


def test_a_visit_and_its_bill_are_one_service_and_a_visit_without_a_bill_is_one_too():
    found = progress(
        plans="""
            plan_id | patient_id | planned_on | service_id | planned
            one     | p          | 2015-03-01 | laser      | 6
        """,
        charges=LASER,
        appointments="""
            appointment_id | patient_id | starts_at           | kind       | status    | service_id
            a1             | p          | 2015-03-02 10:00:00 | outpatient | completed | laser
            a2             | p          | 2015-03-05 10:00:00 | outpatient | completed | laser
        """,
    )
    assert list(found) == [("one", f"2015-{day}") for day in ("03-02", "03-05", "03-09", "04-02", "04-03", "04-04")]


def test_a_plan_without_money_leaves_an_unknown_amount_not_none():
    assert np.isnan(totals("""
        plan_id | patient_id | planned_on | service_id | planned | amount
        one     | p          | 2015-03-01 | laser      | 1       |
    """)["one"][1])


def test_a_number_used_for_two_patients_is_two_plans():
    tables = drawn("""
        plan_id | patient_id | planned_on | service_id | planned | amount
        one     | p          | 2015-03-01 | laser      | 6       | 60
        one     | q          | 2015-03-01 | laser      | 1       | 10
    """, charges=LASER)
    done = services_done(tables["appointments"], tables["charges"])
    rows = plan_totals(plan_lines(tables["plans"], done, end=END), done).order_by("patient_id").to_pandas()
    assert rows["planned"].tolist() == [6, 1] and rows["amount_left"].round(6).tolist() == [10, 10] and rows["plan"].nunique() == 2


def one_by_one(plans: pd.DataFrame, sold: pd.DataFrame) -> dict[tuple[str, str], int]:
    """The rule as a person would apply it: take each service in turn and look for the first line that wants it."""
    wants, given = plans["planned"].to_list(), {}
    ordered = plans.reset_index(drop=True).sort_values(["planned_on", "plan_id"])
    for bill in sold.sort_values("charged_on").itertuples():
        for line in ordered[(ordered["patient_id"] == bill.patient_id) & (ordered["service_id"] == bill.service_id)].itertuples():
            still = pd.isna(line.cancelled_on) or bill.charged_on < line.cancelled_on
            if line.planned_on <= bill.charged_on and still and wants[line.Index] > 0:
                wants[line.Index] -= 1
                key = (line.plan_id, str(bill.charged_on)[:10])
                given[key] = given.get(key, 0) + 1
                break
    return given


def told(tables: Tables, end: date) -> dict[tuple[str, str], float]:
    done = services_done(tables["appointments"], tables["charges"])
    rows = plan_progress(plan_lines(tables["plans"], done, end=end), done).to_pandas()
    return {(row.plan_id, str(row.day)[:10]): float(row.done) for row in rows.itertuples()}


@pytest.mark.parametrize("seed", range(5))
def test_the_queue_serves_as_a_person_would(seed):
    rng = np.random.default_rng(seed)
    day = pd.Timestamp("2015-03-01") + pd.to_timedelta(np.arange(60), unit="D")
    plans = pd.DataFrame({
        "plan_id": [f"t{k:02d}" for k in range(40)], "patient_id": rng.choice(["p", "q", "r"], 40),
        "service_id": rng.choice(["laser", "massage"], 40), "planned_on": day[rng.integers(0, 60, 40)],
        "planned": rng.integers(1, 5, 40).astype(float), "cancelled_on": pd.NaT,
    })
    sold = pd.DataFrame({
        "charge_id": [f"c{k}" for k in range(90)], "patient_id": rng.choice(["p", "q", "r"], 90),
        "service_id": rng.choice(["laser", "massage"], 90), "charged_on": day[rng.integers(0, 60, 90)], "kind": "sale", "paid": 1.0,
    })
    frames = {
        "patients": pd.DataFrame({"patient_id": ["p", "q", "r"]}), "plans": plans, "charges": sold,
        "appointments": pd.DataFrame({"appointment_id": ["a"], "patient_id": ["p"], "starts_at": [pd.Timestamp("2015-02-01")],
                                      "kind": ["outpatient"], "status": ["completed"]}),
    }
    want = one_by_one(plans, sold)
    assert sum(want.values()) > 30 and told(tables_from_frames(frames, end=END), END) == want


def test_plans_of_the_synthetic_clinic_are_served_as_a_person_would(demo_clinic):
    """Of patients with several lines or one called off: second lines, physiotherapy beside a course, plans replaced."""
    frames = {name: demo_clinic.tables[name] for name in ("patients", "appointments", "charges", "plans")}
    plans = frames["plans"]
    chosen = plans[plans["patient_id"].duplicated(keep=False) | plans["cancelled_on"].notna()]["patient_id"].drop_duplicates()[:120]
    frames |= {name: frames[name][frames[name]["patient_id"].isin(chosen)] for name in ("appointments", "charges", "plans")}
    bills = frames["charges"][frames["charges"]["service_id"].isin(plans["service_id"]) & (frames["charges"]["kind"] == "sale")]
    assert frames["plans"]["plan_id"].duplicated().any() and frames["plans"]["cancelled_on"].notna().sum() > 10
    end = date(2017, 1, 1)
    assert told(tables_from_frames(frames, end=end), end) == one_by_one(frames["plans"], bills)
