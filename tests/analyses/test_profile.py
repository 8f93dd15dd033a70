"""Profile: the synthetic clinic's truth, hand-made clinics, and records that lack something."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from audit.analyses.profile import ProfileParams, ProfileResult, analyse
from audit.config import Days, Period
from audit.errors import NotAnswerable
from audit.results import protect
from audit.tables.connection import Tables, tables_from_frames

END = date(2017, 1, 1)
DECEMBER = Days(start=date(2016, 12, 1), end=END)
PERIOD = Period(start=date(2015, 1, 1), end=END, now=DECEMBER, before=Days(start=date(2015, 12, 1), end=date(2016, 1, 1)))


def computed(tables: Tables, period: Period = PERIOD, **params) -> ProfileResult:
    given = {name: tables.get(name) for name in ("first_visits", "appointments", "patient_days", "population")}
    return analyse(**given, period=period, params=ProfileParams(**params))


def clinic(ages: list[float | None], *, registered: date | None = date(2016, 12, 1), sex: list | None = None,
           codes: list | None = None, paid: list | None = None, population: pd.DataFrame | None = None) -> Tables:  # fmt: skip
    """One first visit in December 2016 for each age; codes and money by patient."""
    n = len(ages)
    ids = [f"p{i:04d}" for i in range(n)]
    patients = pd.DataFrame({"patient_id": ids, "age_years": pd.array(ages, dtype="Int64"), "registered_on": registered,
                             "sex": sex or ["female", "male"] * (n // 2) + ["female"] * (n % 2)})  # fmt: skip
    visits = pd.DataFrame({
        "appointment_id": [f"a{i}" for i in range(n)], "patient_id": ids, "kind": "outpatient", "status": "completed",
        "starts_at": [datetime(2016, 12, 1, 10) + timedelta(days=i % 28) for i in range(n)], "doctor_id": "D1",
        "diagnosis": codes or ["J35.2"] * n,
    })  # fmt: skip
    frames = {"patients": patients, "appointments": visits}
    if paid is not None:
        frames["charges"] = pd.DataFrame({
            "charge_id": [f"c{i}" for i in range(n)], "patient_id": ids, "charged_on": visits.starts_at.dt.date, "kind": "sale",
            "paid": paid,
        })  # fmt: skip
    if population is not None:
        frames["population"] = population
    return tables_from_frames(frames, end=END)


def residents(children: float, adults: float) -> pd.DataFrame:
    return pd.DataFrame([
        {"district": "x", "age_from": low, "age_to": high, "sex": sex, "people": people / 2}
        for low, high, people in ((0, 17, children), (18, 89, adults)) for sex in ("female", "male")
    ])  # fmt: skip


def test_recovers_the_children_the_clinic_was_made_with(demo_tables, demo_period, demo_truth):
    result = computed(demo_tables, demo_period)
    assert result.basis == "new"
    # first visits are simulated around the month's target
    assert result.patients == pytest.approx(demo_truth.after.primaries, rel=0.03)
    assert result.patients_before == pytest.approx(demo_truth.before.primaries, rel=0.03)
    assert result.children_share.value == pytest.approx(demo_truth.after.children_share, abs=0.01)
    assert result.children_share_before.value == pytest.approx(demo_truth.before.children_share, abs=0.01)
    assert result.children_change.low > 0
    assert result.says["title"].key == "risen"
    assert result.diagnoses.patient_share.sum() == pytest.approx(1)
    assert result.diagnoses.revenue_share.sum() == pytest.approx(1)
    assert result.ages.women_share.sum() + result.ages.men_share.sum() == pytest.approx(1)


def test_share_of_children_is_counted_at_the_first_visit():
    result = computed(clinic([5] * 20 + [17] * 5 + [18] * 75))
    assert result.children_share.value == 0.25
    # Wilson, 90 %, 25 of 100
    assert (result.children_share.low, result.children_share.high) == pytest.approx((0.1860, 0.3272), abs=1e-4)


def test_a_missing_group_needs_residents_to_be_called_so():
    ages = [5] * 20 + [40] * 180
    assert computed(clinic(ages)).children_missing is None
    result = computed(clinic(ages, population=residents(30, 70)))
    assert result.children_residents.value == pytest.approx(0.3)
    assert result.children_expected.value == pytest.approx(20 / 60)
    # with 180 adults a month a clinic of 30 % children would see 77: 57 more
    assert result.children_missing.value == pytest.approx(180 * 3 / 7 - 20)
    assert result.children_missing.low < result.children_missing.value < result.children_missing.high
    assert result.says["title"].key == "fewer"
    level = computed(clinic([5] * 60 + [40] * 140, population=residents(30, 70)))
    assert level.children_missing is None and level.says["title"].key == "mirror"


def test_residents_of_wide_bands_are_spread_over_their_years():
    result = computed(clinic([5] * 300 + [40] * 300, population=residents(36, 64)))
    child_bands = result.ages.women_residents + result.ages.men_residents
    # 18 years hold 36 %: five of them a tenth
    assert child_bands[:3].tolist() == pytest.approx([0.1, 0.1, 0.1])
    assert child_bands.sum() == pytest.approx(1)


def test_money_and_patients_by_diagnosis():
    codes = ["J35.2"] * 30 + ["J34"] * 10 + ["Q99"] * 2
    result = computed(clinic([30] * 42, codes=codes, paid=[100.0] * 30 + [600.0] * 10 + [0.0] * 2), smallest_group=8)
    rows = result.diagnoses.set_index("diagnosis")
    assert rows.patients.to_dict() == {"J35": 30, "J34": 10, "other": 2}
    assert rows.revenue_share.to_dict() == pytest.approx({"J35": 1 / 3, "J34": 2 / 3, "other": 0})
    assert rows.relative_value["J34"] == pytest.approx((2 / 3) / (10 / 42))
    assert ((rows.revenue_share_low <= rows.revenue_share) & (rows.revenue_share <= rows.revenue_share_high)).all()


def test_each_patient_counts_once_under_the_most_frequent_code():
    visits = pd.DataFrame([
        {"appointment_id": str(i), "patient_id": "p1", "kind": "outpatient", "status": "completed", "diagnosis": code,
         "starts_at": datetime(2016, 12, i + 1)} for i, code in enumerate(["J30", "J32", "J32.9"])
    ])  # fmt: skip
    tables = tables_from_frames({"appointments": visits, "patients": pd.DataFrame({"patient_id": ["p1"]})}, end=END)
    result = computed(tables, smallest_group=1)
    assert result.diagnoses[["diagnosis", "patients"]].values.tolist() == [["J32", 1]]


def test_diagnoses_are_refused_below_the_share_that_must_be_coded():
    codes = ["J35"] * 69 + [None] * 31
    result = computed(clinic([30] * 100, codes=codes))
    assert result.coded.value == 0.69 and result.diagnoses is None
    assert result.coding.coded.tolist() == [0.69]
    assert "few_coded" in {finding.key for finding in result.findings}
    telling_nothing = computed(clinic([30] * 100, codes=["Z00"] * 60 + ["J35"] * 40))
    assert telling_nothing.diagnoses is None


def test_without_registration_dates_all_patients_seen_are_told():
    result = computed(clinic([30] * 40, registered=None))
    assert result.basis == "seen" and result.patients == 40


def test_few_people_are_hidden_and_the_rest_does_not_give_them_away():
    result = protect(computed(clinic([5] * 3 + [40] * 50 + [50] * 40)))
    shown = result.ages[result.ages.women.notna() & (result.ages.n > 0)]
    assert (shown[["women", "men"]].min(axis=1) >= 8).all()
    assert result.ages.women.isna().sum() >= 2


@pytest.mark.parametrize("column", ["age_years", "sex"])
def test_missing_columns_leave_the_rest(column):
    tables = clinic([30] * 50)
    frames = {"patients": tables["patients"].to_pandas().assign(**{column: None}), "appointments": tables["appointments"].to_pandas()}
    result = computed(tables_from_frames(frames, end=END))
    assert result.ages is None and result.diagnoses is not None
    keys = {finding.key for finding in result.findings}
    assert ("no_age" in keys) == (column == "age_years") and ("no_sex" in keys) == (column == "sex")


def test_nobody_cannot_be_answered():
    with pytest.raises(NotAnswerable, match="nobody"):
        computed(clinic([30] * 5), Period(start=date(2014, 1, 1), end=date(2014, 2, 1)))


def test_bounds_of_shares_hold_their_values(demo_tables, demo_period):
    result = computed(demo_tables, demo_period)
    for frame, name in ((result.diagnoses, "patient_share"), (result.mix, "share")):
        assert (frame[f"{name}_low"] <= frame[name]).all() and (frame[name] <= frame[f"{name}_high"]).all()
    assert np.isfinite(result.ages.represented).all()
