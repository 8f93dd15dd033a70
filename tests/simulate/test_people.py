"""Who the patients are, what they are worth, and to whom they went first."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="module")
def cohort(counted) -> pd.DataFrame:
    """New patients with a whole year of follow-up, before the clinic changed: value, visits, first doctor."""
    new = counted.new[(counted.new.first_day >= pd.Timestamp("2014-01-01")) & (counted.new.tenure_days > 397)]
    days = counted.days[counted.days.tenure_day.between(0, 365)]
    sums = (
        days.assign(outpatient=days.revenue - days.surgery_revenue)
        .groupby("patient_id")[["outpatient", "visits", "operations"]]
        .sum()
    )
    return new.drop(columns="visits").join(sums, on="patient_id")


def test_totals(counted):
    came = counted.came[counted.came.kind != "ward"]
    assert len(counted.first) == pytest.approx(19_000, rel=0.07)
    assert len(came) == pytest.approx(75_000, rel=0.05)
    assert len(counted.tables["enquiries"]) == pytest.approx(60_000, rel=0.05)


def test_old_patients_are_told_from_new_ones(counted):
    january = counted.first[counted.first.month == "2014-01"]
    assert 0.25 < 1 - january.is_new.mean() < 0.75
    later = counted.first[counted.first.month > "2015-01"]
    assert later.is_new.mean() > 0.95


def test_value_of_doctors_patients(cohort, demo_truth):
    value = cohort.groupby("doctor_id").outpatient.agg(["mean", "std", "size"])
    for doctor in demo_truth.doctors:
        found = value.loc[doctor.code]
        error = found["std"] / np.sqrt(found["size"])
        # 4 % is what thinning to the path and unasked returns may add
        assert abs(found["mean"] - doctor.value_before) < 2.6 * error + 0.04 * doctor.value_before, doctor.code
    assert cohort.outpatient.mean() == pytest.approx(12_000, rel=0.05)
    assert cohort.visits.mean() - 1 == pytest.approx(demo_truth.cohort_repeats_12_months[0], rel=0.05)


def test_ranks_that_disagree(cohort, counted):
    """D05 brings most money and an average value; the over-treating D06 leads by value only."""
    charges = counted.tables["charges"]
    money = charges[charges.charged_on < "2016-01-01"].groupby("doctor_id").paid.sum()
    value = cohort.groupby("doctor_id").outpatient.mean()
    shifts = counted.tables["shifts"].query("role == 'doctor'")
    assert money.idxmax() == "D05"
    assert value.idxmax() == "D06"
    assert 3 < value.rank(ascending=False)["D05"] < 8
    assert shifts[shifts.starts_at < "2016-01-01"].staff_id.value_counts().idxmax() == "D05"
    score = (
        counted.tables["feedback"]
        .query("source == 'survey' and given_on < '2016-05-01'")
        .groupby("doctor_id")
        .score.mean()
    )
    assert score.idxmin() == "D06"


def test_laggards_rise_by_half(demo_truth):
    for doctor in demo_truth.doctors:
        if doctor.role == "laggard":
            assert doctor.value_after / doctor.value_before == pytest.approx(1.5, abs=0.01)


def test_shares_of_first_visits(counted, demo_truth):
    before = counted.new[counted.new.month == "2015-12"].doctor_id.value_counts(normalize=True)
    after = counted.new[counted.new.month == "2016-12"].doctor_id.value_counts(normalize=True)
    kept = 1 - demo_truth.newcomer_share
    for doctor in demo_truth.doctors:
        assert before[doctor.code] == pytest.approx(doctor.share_before, abs=0.01)
        assert after[doctor.code] == pytest.approx(doctor.share_after * kept, abs=0.01)
    assert after[demo_truth.newcomer] == pytest.approx(demo_truth.newcomer_share, abs=0.01)
    first_of_newcomer = counted.came[counted.came.doctor_id == demo_truth.newcomer].starts_at.min()
    assert first_of_newcomer >= pd.Timestamp(demo_truth.newcomer_from)


def test_classes(cohort, demo_truth):
    """Classes as an audit counts them, without sight of the hidden class."""
    is_operated = cohort.operations > 0
    once = (cohort.visits == 1) & ~is_operated
    assert once.mean() == pytest.approx(demo_truth.classes[0].share_before, abs=0.02)
    assert is_operated.mean() == pytest.approx(demo_truth.classes[4].share_before, abs=0.015)
    assert cohort.visits[is_operated].mean() == pytest.approx(demo_truth.classes[4].visits_before, rel=0.07)


def test_hidden_classes_have_their_visits(cohort, counted, demo_truth):
    names = counted.hidden["people"].set_index("patient_id").class_name
    named = cohort.assign(name=cohort.patient_id.map(names))
    share, visits = named.name.value_counts(normalize=True), named.groupby("name").visits.mean()
    for number, of in enumerate(demo_truth.classes):
        assert share[of.name] == pytest.approx(of.share_before, abs=0.012), of.name
        assert visits[of.name] == pytest.approx(of.visits_before, rel=0.06), number


def test_ages_sex_and_diagnoses(counted):
    first = counted.new[counted.new.month <= "2015-12"]
    bands = pd.cut(first.age_years, [-1, 6, 17, 34, 54, 120], labels=False).value_counts(normalize=True).sort_index()
    assert bands.to_numpy() == pytest.approx([0.09, 0.11, 0.33, 0.30, 0.17], abs=0.012)
    assert (first.sex == "female").mean() == pytest.approx(0.54, abs=0.01)
    block = first.diagnosis.str[:3]
    for codes, share in (
        (("J35",), 0.16),
        (("J32",), 0.18),
        (("J34",), 0.12),
        (("H65", "H66"), 0.14),
        (("J30", "J31"), 0.15),
        (("H90", "H91"), 0.06),
        (("J02", "J03", "J04"), 0.09),
    ):
        assert block.isin(codes).mean() == pytest.approx(share, abs=0.012), codes


def test_older_patients_of_d03(counted):
    first = counted.new[counted.new.month <= "2015-12"]
    older = (first.age_years >= 55).groupby(first.doctor_id).mean()
    assert older.idxmax() == "D03"
    assert older["D03"] > 2 * older.drop("D03").mean()


def test_who_is_operated(counted):
    first = counted.new[counted.new.month.between("2014-01", "2016-09")]
    operated = first.patient_id.isin(counted.came[counted.came.kind == "operation"].patient_id)
    child, block = first.age_years < 18, first.diagnosis.str[:3]
    assert operated[child & (block == "J35")].mean() == pytest.approx(0.22, abs=0.02)
    assert operated[~child & (block == "J34")].mean() == pytest.approx(0.38, abs=0.02)


def test_payers(counted):
    charges = counted.tables["charges"]
    share = charges.groupby("payer").paid.sum() / charges.paid.sum()
    assert share["cash"] == pytest.approx(0.85, abs=0.015)
    corporate = counted.came[counted.came.payer == "corporate"]
    assert corporate.starts_at.min() >= pd.Timestamp("2016-11-01")
    assert corporate.patient_id.nunique() == 48


def test_survey_scores(counted, demo_truth):
    survey = counted.tables["feedback"].query("source == 'survey'")
    before = survey[survey.given_on < "2016-05-01"].groupby("doctor_id").score.mean()
    after = survey[survey.given_on >= "2016-09-01"].groupby("doctor_id").score.mean()
    for doctor in demo_truth.doctors:
        assert before[doctor.code] == pytest.approx(doctor.score_before, abs=0.16)
        assert after[doctor.code] == pytest.approx(doctor.score_after, abs=0.28)
