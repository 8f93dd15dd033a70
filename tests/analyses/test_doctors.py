"""Doctors: planted differences are found, chance is not, and few patients say nothing."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from audit.analyses import doctors
from audit.analyses.doctors import DoctorsParams, DoctorsResult
from audit.config import Period
from audit.errors import NotAnswerable
from audit.tables.connection import Tables, tables_from_frames
from audit.wording import Labels
from audit.wording.text import Words

END = date(2017, 1, 1)
PERIOD = Period(start=date(2014, 1, 1), end=END)


def analysed(tables: Tables, period: Period = PERIOD, **params: object) -> DoctorsResult:
    return doctors.analyse(
        tables["first_visits"], tables["patient_days"], tables["appointments"],
        *(tables.get(name) for name in ("charges", "services", "shifts", "feedback", "doctors", "rooms")),
        period=period, params=DoctorsParams(**params),
    )


def clinic(
    returns: dict[str, float], patients: int | dict[str, int] = 250, *, dear: dict[str, float] | None = None, seed: int = 0
) -> dict[str, pd.DataFrame]:
    """Patients of doctors who see a share ``dear`` of diagnosis J35 (which doubles money and halves returns)."""
    rng = np.random.default_rng(seed)
    people, visits = [], []
    for doctor, rate in returns.items():
        n = patients if isinstance(patients, int) else patients[doctor]
        heavy = rng.random(n) < (dear or {}).get(doctor, 0.5)
        day = pd.Timestamp("2014-01-10") + pd.to_timedelta(rng.integers(0, 700, n), unit="D")
        back = rng.random(n) < rate * np.where(heavy, 0.5, 1.0)
        for k in range(n):
            who = f"{doctor}-{k}"
            people.append((who, day[k].date(), ("male", "female")[k % 2], 20 + k % 50))
            price = 100.0 * (1 + heavy[k])
            for at in [day[k]] + [day[k] + pd.Timedelta(days=30)] * int(back[k]):
                visits.append((who, doctor, at + pd.Timedelta(hours=10), "J35" if heavy[k] else "H66", price))
    seen = pd.DataFrame(visits, columns=["patient_id", "doctor_id", "starts_at", "diagnosis", "paid"])
    seen["appointment_id"] = [f"a{i}" for i in range(len(seen))]
    return {
        "patients": pd.DataFrame(people, columns=["patient_id", "registered_on", "sex", "age_years"]),
        "appointments": seen.drop(columns="paid").assign(kind="outpatient", status="completed", minutes=30.0),
        "charges": pd.DataFrame({
            "charge_id": "c" + seen["appointment_id"], "patient_id": seen["patient_id"], "appointment_id": seen["appointment_id"],
            "charged_on": seen["starts_at"].dt.date, "paid": seen["paid"], "kind": "sale",
        }),
    }


EIGHT = {f"D{i:02d}": 0.6 for i in range(1, 9)}


def test_nobody_differs_by_chance_alone():
    found = [analysed(tables_from_frames(clinic(EIGHT, 150, seed=seed), end=END)).different for seed in range(2)]
    assert sum(found) <= 1


def test_the_planted_ones_are_found():
    result = analysed(tables_from_frames(clinic(EIGHT | {"D01": 0.95, "D08": 0.2}, 400), end=END))
    reading = result.doctors.set_index("doctor")["reading"]
    assert reading["D01"] == "above" and reading["D08"] == "below"
    assert result.best == "D01" and result.lowest == "D08" and result.n_doctors == 8
    assert result.doctors["doctor"].iloc[0] == "D01", "sorted by value"
    assert result.doctors["top_third"].iloc[0] > 0.9


def test_a_heavier_mix_of_cases_is_no_merit_and_no_fault():
    """D01 sees mostly J35: twice the money, half the returns, for reasons that are not the doctor's."""
    mix = dict.fromkeys(EIGHT, 0.4) | {"D01": 0.95}
    result = analysed(tables_from_frames(clinic(EIGHT, 400, dear=mix), end=END))
    row = result.doctors.set_index("doctor").loc["D01"]
    assert row["value_raw"] > 1.2 * result.clinic_value.value and row["return_raw"] < 0.8 * result.clinic_return.value
    assert row["value_low"] < result.clinic_value.value < row["value_high"]
    assert row["return_90_low"] < result.clinic_return.value < row["return_90_high"]


def test_few_matured_patients_are_not_judged():
    result = analysed(tables_from_frames(clinic(EIGHT, dict.fromkeys(EIGHT, 200) | {"D08": 20}), end=END))
    row = result.doctors.set_index("doctor").loc["D08"]
    assert row["reading"] == "too_few" and np.isnan(row["value"]) and np.isnan(row["return_90"])
    assert result.n_doctors == 7 and result.waiting == 1
    assert "too_few" in {finding.key for finding in result.findings}


def test_high_value_with_low_rating_asks_for_a_review_not_a_verdict():
    frames = clinic(EIGHT | {"D02": 0.95, "D03": 0.95}, 400)
    rng = np.random.default_rng(1)
    score = {doctor: 3.4 if doctor == "D02" else 4.6 for doctor in EIGHT}
    rows = [(doctor, np.clip(rng.normal(mean, 0.5), 1, 5)) for doctor, mean in score.items() for _ in range(80)]
    stars = [("D03", 1.0)] * 200  # public stars select themselves and must not count
    frames["feedback"] = pd.DataFrame(rows + stars, columns=["doctor_id", "score"]).assign(
        feedback_id=lambda f: [f"f{i}" for i in range(len(f))], given_on=date(2015, 6, 1),
        source=["survey"] * len(rows) + ["site"] * len(stars),
    )
    result = analysed(tables_from_frames(frames, end=END))
    reading = result.doctors.set_index("doctor")["reading"]
    assert reading["D02"] == "review" and reading["D03"] == "above"
    assert result.review == "D02" and result.best == "D03"
    assert 4.3 < result.clinic_rating.value < 4.6


def test_rota_filled_counts_overlapping_shifts_once():
    frames = clinic(EIGHT, 60)
    visit = pd.DataFrame({
        "appointment_id": ["x1", "x2"], "patient_id": ["D01-0", "D01-1"], "doctor_id": "D01", "kind": "outpatient",
        "starts_at": [pd.Timestamp("2016-12-05 10:00"), pd.Timestamp("2016-12-05 11:00")], "minutes": 60.0, "status": "completed",
    })
    frames["appointments"] = pd.concat([frames["appointments"], visit], ignore_index=True)
    frames["shifts"] = pd.DataFrame({
        "shift_id": ["s1", "s2"], "staff_id": "D01", "role": "doctor",
        "starts_at": [pd.Timestamp("2016-12-05 09:00"), pd.Timestamp("2016-12-05 10:00")],
        "ends_at": [pd.Timestamp("2016-12-05 12:00"), pd.Timestamp("2016-12-05 13:00")],
    })
    filled = analysed(tables_from_frames(frames, end=END)).doctors.set_index("doctor")["rota_filled"]
    assert filled["D01"] == pytest.approx(2 / 4) and np.isnan(filled["D02"])


def test_without_money_returns_are_compared():
    frames = clinic(EIGHT | {"D01": 0.95, "D08": 0.2}, 300)
    result = analysed(tables_from_frames({k: v for k, v in frames.items() if k != "charges"}, end=END))
    assert result.value_days is None and result.clinic_value is None and result.headline == "clinic_return"
    assert result.doctors.set_index("doctor")["reading"][["D01", "D08"]].tolist() == ["above", "below"]
    words = Words("doctors", period=PERIOD)
    assert all(words.sentence(slot, result) for slot in ("title", "lede", "notes.care", "tables.doctors.subtitle"))
    assert doctors.doctors_value(result, Labels(words, "doctors_value", result)) is None


def test_a_young_clinic_is_compared_at_a_shorter_horizon():
    frames = clinic(EIGHT, 150)
    result = analysed(tables_from_frames(frames, end=date(2015, 10, 1)), Period(start=date(2014, 1, 1), end=date(2015, 10, 1)))
    assert result.value_days == 365
    result = analysed(tables_from_frames(frames, end=date(2014, 12, 1)), Period(start=date(2014, 1, 1), end=date(2014, 12, 1)))
    assert result.value_days in (90, 180)


@pytest.mark.parametrize("names", [1, 0])
def test_one_doctor_or_none(names):
    frames = clinic({"D01": 0.5}, 60)
    if not names:
        frames["appointments"]["doctor_id"] = None
    with pytest.raises(NotAnswerable) as refused:
        analysed(tables_from_frames(frames, end=END))
    assert refused.value.reason == ("one_doctor" if names else "no_doctors")


def test_bare_columns():
    frames = clinic(EIGHT, 80)
    frames["appointments"] = frames["appointments"].assign(diagnosis=None, minutes=None)
    frames["patients"] = frames["patients"].assign(sex=None, age_years=None)
    result = analysed(tables_from_frames(frames, end=END))
    assert result.grade == "C" and "no_diagnosis" in {finding.key for finding in result.findings}


# ---------------------------------------------------------------- the synthetic clinic
@pytest.fixture(scope="module")
def demo(demo_tables, demo_period) -> DoctorsResult:
    return analysed(demo_tables, demo_period)


def test_readings_of_the_synthetic_clinic(demo):
    reading = demo.doctors.set_index("doctor")["reading"]
    assert reading["D06"] == "review" and demo.review == "D06"
    assert reading[["D01", "D02"]].tolist() == ["above", "above"] and demo.best in ("D01", "D02")
    assert reading[["D07", "D08", "D09", "D10"]].tolist() == ["below"] * 4
    assert reading["D11"] == "too_few"
    assert demo.biggest == "D05" and demo.doctors.set_index("doctor")["revenue"].idxmax() == "D05"


def test_values_of_the_synthetic_clinic(demo, demo_truth):
    """Values ripen for a year: first patients of 2014 and 2015, planted by doctor."""
    rows = demo.doctors.set_index("doctor")
    planted = {doctor.code: doctor.value_before for doctor in demo_truth.doctors if doctor.code in rows.index}
    near = [rows.loc[code, "value"] == pytest.approx(value, rel=0.15) for code, value in planted.items()]
    assert sum(near) >= 9
    order = rows.loc[list(planted), "value"].rank().corr(pd.Series(planted).rank())
    assert order > 0.9


def test_raising_the_low_ones_is_an_opportunity(demo):
    impact = {finding.key: finding.impact for finding in demo.findings}["raise_low"]
    assert impact.low > 0 and impact.unit == "currency" and impact.grade == "C"


@pytest.mark.parametrize("figure", doctors.FIGURES)
def test_page_can_be_written_and_drawn(demo, demo_period, figure):
    words = Words("doctors", currency="RUB", period=demo_period)
    for slot in ("title", "lede", "notes.how", "notes.care", "notes.decide", f"figures.{figure}.title"):
        assert words.sentence(slot, demo)
    assert all(words.finding(demo, finding) for finding in demo.findings)
    assert getattr(doctors, figure)(demo, Labels(words, figure, demo)) is not None
