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
    assert np.isnan(child_bands[4:]).all(), "adults of 18 to 89 are one band, which says nothing of an age"


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
    assert np.isfinite(result.ages.represented[:5]).all()


# ------------------------------------------------------------------ shares of revenue
def test_revenue_stands_beside_patients_for_every_kind_of_group():
    result = computed(clinic([5] * 20 + [30] * 20 + [60] * 20, paid=[100.0] * 20 + [300.0] * 20 + [200.0] * 20))
    rows = result.mix.set_index(["part", "group"])
    assert rows.share["age"].to_dict() == pytest.approx({"0–6": 1 / 3, "18–34": 1 / 3, "55+": 1 / 3})
    assert rows.revenue_share["age"].to_dict() == pytest.approx({"0–6": 1 / 6, "18–34": 1 / 2, "55+": 1 / 3})
    assert ((rows.revenue_share_low < rows.revenue_share) & (rows.revenue_share < rows.revenue_share_high)).all()
    assert result.ages.revenue_share.sum() == pytest.approx(1)
    assert result.children_revenue.value == pytest.approx(1 / 6)
    assert "no_money" not in keys(result)


@pytest.mark.parametrize("paid", [None, [0.0] * 40])
def test_without_money_shares_of_revenue_are_said_to_be_missing(paid):
    result = computed(clinic([30] * 40, paid=paid))
    assert result.mix.revenue_share.isna().all() and result.children_revenue is None and "no_money" in keys(result)


def keys(result: ProfileResult) -> set[str]:
    return {finding.key for finding in result.findings}


# ------------------------------------------------------------------ unknown facts
def test_unknown_is_a_row_of_its_own_and_no_part_of_the_shares():
    result = computed(clinic([30] * 60 + [None] * 20))
    rows = result.mix[result.mix.part == "age"].set_index("group")
    assert rows.patients.to_dict() == {"18–34": 60, "unknown": 20}
    assert rows.share["18–34"] == 1 and np.isnan(rows.share["unknown"])
    told = result.changes.set_index("part")
    assert (told.known["age"], told.unknown["age"]) == (60, 20) and told.unknown["sex"] == 0
    assert "ages_missing" in keys(result)


def test_a_handful_of_unknown_is_counted_without_hiding_a_group():
    result = protect(computed(clinic([30] * 60 + [None] * 3)))
    assert result.changes.set_index("part").unknown["age"] == 3
    assert result.mix[result.mix.part == "age"].patients.tolist() == [60]


# ------------------------------------------------------------------ who does not come
def test_the_group_that_comes_least_is_named_with_its_interval():
    # women of 18–34 come 10 times where their tenth part of the residents would be 20
    ages, sex = [25] * 10 + [25] * 60 + [40] * 60 + [40] * 70, ["female"] * 10 + ["male"] * 60 + ["female"] * 60 + ["male"] * 70
    around = pd.DataFrame([
        {"district": "x", "age_from": low, "age_to": low + 9, "sex": who, "people": people}
        for low, who, people in ((20, "female", 100), (20, "male", 300), (40, "female", 300), (40, "male", 300))
    ])  # fmt: skip
    result = computed(clinic(ages, sex=sex, population=around))
    assert (result.away_sex, result.away_age, result.away_represented.value) == ("female", "18–34", 0.5)
    # Garwood, 90 %, 10 events: 5.4254 to 16.9622
    assert (result.away_represented.low, result.away_represented.high) == pytest.approx((5.4254 / 20, 16.9622 / 20), abs=1e-4)
    first = result.represented.iloc[0]
    assert (first.sex, first.group, first.expected) == ("female", "18–34", 20)
    assert [f.kind for f in result.findings if f.key == "away"] == ["caveat"], "descriptive only"


def test_districts_are_compared_when_their_names_agree():
    people = clinic([30] * 60, population=pd.concat([residents(30, 70), residents(30, 70).assign(district="y")]))
    frames = {name: people[name].to_pandas() for name in ("patients", "appointments", "population")}
    frames["patients"]["district"] = ["x"] * 45 + ["y"] * 15
    rows = computed(tables_from_frames(frames, end=END)).represented
    rows = rows[rows.part == "district"]
    assert rows.group.tolist() == ["y", "x"] and rows.represented.tolist() == [0.5, 1.5]
    frames["patients"]["district"] = "elsewhere"
    assert "district" not in set(computed(tables_from_frames(frames, end=END)).represented.part)


def test_a_missing_group_is_no_opportunity_by_itself():
    result = computed(clinic([5] * 20 + [40] * 180, population=residents(30, 70)))
    assert [f.kind for f in result.findings if f.key == "children_missing"] == ["caveat"]


# ------------------------------------------------------------------ change of mix
def two_years(now: list[str], past: list[str], codes: tuple[list, list] | None = None) -> Tables:
    """First visits of December 2016 and 2015 with their payers (and codes)."""
    n = len(now) + len(past)
    day = [datetime(2016, 12, 5, 10)] * len(now) + [datetime(2015, 12, 7, 10)] * len(past)
    patients = pd.DataFrame({"patient_id": [f"p{i:04d}" for i in range(n)], "registered_on": [d.date() for d in day], "age_years": 30, "sex": "female"})
    visits = pd.DataFrame({
        "appointment_id": [f"a{i}" for i in range(n)], "patient_id": patients.patient_id, "kind": "outpatient", "status": "completed",
        "starts_at": day, "payer": now + past, "diagnosis": codes[0] + codes[1] if codes else None, "doctor_id": "D1",
    })  # fmt: skip
    return tables_from_frames({"patients": patients, "appointments": visits}, end=END)


def test_a_change_of_mix_is_told_from_an_effect_of_a_tenth_on():
    large = computed(two_years(["cash"] * 60 + ["insurer"] * 40, ["cash"] * 90 + ["insurer"] * 10))
    row = large.changes.set_index("part").loc["payer"]
    # 2 × 2 table of 60/40 and 90/10: chi-square 24, n 200; V = sqrt(0.12) before Bergsma's correction
    assert row.chi_square == pytest.approx(24.0) and row.effect == pytest.approx(0.34, abs=0.01)
    assert 0.1 < row.effect_low < row.effect < row.effect_high
    assert row.moved in ("cash", "insurer") and abs(row.points) == pytest.approx(0.3)
    assert "mix_changed" in keys(large)
    small = computed(two_years(["cash"] * 86 + ["insurer"] * 14, ["cash"] * 90 + ["insurer"] * 10))
    assert np.isnan(small.changes.set_index("part").loc["payer"].points) and "mix_changed" not in keys(small)


def test_a_trend_of_diagnoses_comes_with_the_share_coded_before():
    now, past = ["J35"] * 70 + ["J32"] * 30, ["J35"] * 30 + ["J32"] * 50 + [None] * 20
    result = computed(two_years(["cash"] * 100, ["cash"] * 100, (now, past)))
    rows = result.diagnoses.set_index("diagnosis")
    assert rows.trend["J35"] == pytest.approx(0.7 - 3 / 8)
    assert (result.coded.value, result.coded_before.value, result.cases) == (1.0, 0.8, 100)
    assert "coding_moved" in keys(result) and "diagnosis" in set(result.changes.part)
    # before, too few visits were coded to compare with
    few = computed(two_years(["cash"] * 100, ["cash"] * 100, (now, ["J35"] * 30 + [None] * 70)))
    assert few.diagnoses is not None and few.diagnoses.trend.isna().all()


def test_few_patients_of_the_past_cannot_be_computed_from_their_share():
    result = protect(computed(two_years(["cash"] * 50 + ["insurer"] * 30 + ["corporate"] * 20, ["cash"] * 77 + ["insurer"] * 20 + ["corporate"] * 3)))
    before = result.mix[result.mix.part == "payer"].set_index("group").share_before
    assert np.isnan(before["corporate"]) and before.isna().sum() == 2


# ------------------------------------------------------------------ few people
def test_a_payer_of_three_cannot_be_solved_from_the_others():
    frames = {name: clinic([30] * 100)[name].to_pandas() for name in ("patients", "appointments")}
    frames["appointments"]["payer"] = ["cash"] * 57 + ["insurer"] * 40 + ["corporate"] * 3
    result = protect(computed(tables_from_frames(frames, end=END), smallest_group=8))
    payer = result.mix[result.mix.part == "payer"]
    # three under “other”: hidden, and with it the next smallest, so that 100 less the rest is no answer
    assert payer.patients.isna().sum() == 2 and payer.patients.notna().sum() == 1
    assert result.mix[result.mix.part == "sex"].patients.notna().all(), "another part of the table needs no hiding"


def test_one_patient():
    result = protect(computed(clinic([30], paid=[100.0], population=residents(30, 70))))
    assert result.patients == 1 and result.away_represented is None
    assert all(frame.patients.isna().all() for frame in (result.mix, result.diagnoses) if frame is not None)


def test_a_wide_band_of_residents_draws_no_line_over_its_ages(demo_tables, demo_period):
    """The city counts everybody from 55 on together: how many are 60 or 75 is not known."""
    ages = computed(demo_tables, demo_period).ages.set_index("age")
    old = [name for name in ages.index if name.startswith(("50", "60", "70"))]
    assert ages.loc[old, ["women_residents", "represented"]].isna().all(axis=None)
    assert ages.drop(index=old)["women_residents"].notna().all()
