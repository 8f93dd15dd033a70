"""Patient value: drawn clinics with known answers, the synthetic clinic's truth, and odd inputs."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from audit.analyses import clv
from audit.analyses.clv import ClvParams, ClvResult
from audit.config import Period
from audit.errors import NotAnswerable
from audit.results import protect
from audit.tables.connection import Tables, tables_from_frames
from audit.wording.text import Words
from tests.pages import spoken

from .small_clinic import clinic

END = date(2017, 1, 1)
PERIOD = Period(start=date(2014, 1, 1), end=END)
SMALL = ClvParams(fewest_patients=20, fewest_at_risk=10)


def analysed(tables: Tables, params: ClvParams = SMALL, period: Period = PERIOD) -> ClvResult:
    return clv.analyse(
        tables["first_visits"], tables["patient_days"], tables["appointments"], tables.get("charges"), tables.get("services"),
        period=period, params=params,
    )


@pytest.fixture(scope="module")
def drawn() -> ClvResult:
    """100 patients of 2014: 50 come once, 20 three times, 15 six times, 5 sixteen times, 10 are operated on."""
    plan = [("once", 50, 1), ("short", 20, 3), ("course", 15, 6), ("chronic", 5, 16), ("operated", 10, 2)]
    visits, first = [], {}
    for name, patients, times in plan:
        for k in range(patients):
            who = f"{name}{k}"
            first[who] = date(2014, 3, 1) + timedelta(days=len(first))
            visits += [(who, 20 * t, "outpatient", 100.0) for t in range(times)]
            if name == "operated":
                visits.append((who, 200, "operation", 1000.0))
    visits.append(("once0", 0, "outpatient", -40.0))
    return analysed(tables_from_frames(clinic(visits, first), end=END))


def test_value_is_what_was_paid_by_each_age(drawn):
    by_90 = (50 * 1 + 20 * 3 + 15 * 5 + 5 * 5 + 10 * 2) * 100 - 40
    by_365 = (50 * 1 + 20 * 3 + 15 * 6 + 5 * 16 + 10 * 2) * 100 + 10 * 1000 - 40
    assert drawn.value_90.value == pytest.approx(by_90 / 100)
    assert drawn.value_365.value == pytest.approx(by_365 / 100)
    assert drawn.value_730.value == pytest.approx(by_365 / 100)
    assert drawn.value_365.low < drawn.value_365.value < drawn.value_365.high
    assert drawn.headline == "value_365" and drawn.value_365.grade == "A"


def test_margin_takes_direct_cost_off(drawn):
    visits = 50 + 60 + 90 + 80 + 20 + 1  # the refunded line gives its cost back
    assert drawn.margin_365.value == pytest.approx(drawn.value_365.value - (25 * (visits - 2) + 400 * 10) / 100)


def test_classes_by_what_was_done_in_the_first_year(drawn):
    classes = drawn.classes.set_index("class")
    assert classes["patients"].to_dict() == {"one_off": 50, "short": 20, "course": 15, "chronic": 5, "surgical": 10}
    assert classes["patient_share"].sum() == pytest.approx(1) and classes["revenue_share"].sum() == pytest.approx(1)
    assert classes.loc["surgical", "value_365"] == pytest.approx(1200)
    assert drawn.surgical_revenue.value == pytest.approx(12_000 / (drawn.value_365.value * 100))
    assert drawn.one_off_share.value == 0.5


def test_margin_has_an_interval_and_shares_of_it_add_up(drawn):
    assert drawn.margin_90.low < drawn.margin_90.value < drawn.margin_90.high < drawn.value_90.high
    assert drawn.classes["margin_share"].sum() == pytest.approx(1)
    operated = drawn.classes.set_index("class").loc["surgical"]
    assert operated["margin_share"] < operated["revenue_share"]  # an operation costs 40 % of its price, a visit 25 %


def test_classes_by_what_was_paid(drawn):
    worth = drawn.worth.set_index("class")
    assert worth["patients"].to_dict() == {"one_off": 50, "medium": 20, "high": 20, "surgical": 10}
    assert worth.loc["high", "from_value"] == 600 and worth["revenue_share"].sum() == pytest.approx(1)


def test_how_early_the_class_is_seen(drawn):
    """After 90 days those with 16 visits have made five and those to be operated on have not been."""
    table = drawn.stability.set_index(["class_90", "class_365"])["patients"]
    assert table[("course", "chronic")] == 5 and table[("short", "surgical")] == 10 and table.sum() == 100
    assert drawn.kept.value == pytest.approx(0.85) and 0 < drawn.kappa.value < 1


def test_a_class_that_moves_is_not_said_to_be_seen_early():
    """Half come once, half come back after the first quarter: at 90 days all look alike."""
    first = {f"p{i}": date(2014, 6, 1) for i in range(60)}
    visits = [(who, day, "outpatient", 100.0) for who in first for day in ((0, 120, 240) if int(who[1:]) % 2 else (0,))]
    result = analysed(tables_from_frames(clinic(visits, first), end=END))
    assert result.kept.value == pytest.approx(0.5)
    assert {"class_moves"} == {"class_moves", "stability"} & {finding.key for finding in result.findings}


def test_class_by_diagnosis_and_treatment_keeps_its_margins():
    plan = [("J32", 1, 40), ("J35", 3, 40)]
    visits, first, diagnosis = [], {}, {}
    for code, times, patients in plan:
        for k in range(patients):
            who = f"{code}{k}"
            first[who], diagnosis[who] = date(2014, 3, 1) + timedelta(days=k), code
            visits += [(who, 20 * t, "outpatient", 100.0) for t in range(times)]
    frames = clinic(visits, first)
    frames["appointments"]["diagnosis"] = frames["appointments"]["patient_id"].map(diagnosis)
    mix = analysed(tables_from_frames(frames, end=END)).mix
    assert mix.groupby("class")["patients"].sum().to_dict() == {"one_off": 40, "short": 40}
    assert mix["expected"].sum() == pytest.approx(80)
    lift = mix.set_index(["class", "diagnosis"])["lift"]
    assert lift[("one_off", "J32")] == pytest.approx(2) and lift[("one_off", "J35")] == 0


@pytest.mark.parametrize(("insured", "payers"), [(100.0, "all"), (20.0, "own")])
def test_insured_patients_stand_apart_where_they_pay_otherwise(insured, payers):
    """At the clinic's own prices insured patients belong to the same classes; at another tariff they do not."""
    first = {f"p{k:02d}": date(2014, 3, 1) + timedelta(days=k) for k in range(80)}
    visits = [(who, 20 * t, "outpatient", insured if k % 2 else 100.0) for k, who in enumerate(first) for t in range(1 + k // 2 % 3)]
    frames = clinic(visits, first)
    frames["appointments"]["payer"] = np.where(frames["appointments"]["patient_id"].str[1:].astype(int) % 2, "insurer", "cash")
    result = analysed(tables_from_frames(frames, end=END))
    assert result.class_payers == payers
    assert result.classes["patients"].sum() == (80 if payers == "all" else 40)
    by_payer = result.payers.set_index("payer")["value_365"]
    assert by_payer["insurer"] / by_payer["cash"] == pytest.approx(insured / 100, abs=0.05)


def test_value_that_drifts_is_told_by_cohort():
    """Each quarter's patients pay a tenth more than those of the quarter before."""
    rng = np.random.default_rng(2)
    first = {f"p{k:03d}": date(2014, 1, 1) + timedelta(days=int(3 * k)) for k in range(330)}
    visits = [(who, 0, "outpatient", float(100 * 1.1 ** ((day.year - 2014) * 4 + (day.month - 1) // 3) * rng.uniform(0.9, 1.1)))
              for who, day in first.items()]
    result = analysed(tables_from_frames(clinic(visits, first), end=END), ClvParams(fewest_patients=50, fewest_at_risk=20))
    assert result.drifts == "up" and "drift_up" in {finding.key for finding in result.findings}
    cohorts = result.cohorts.query("after == 1").sort_values("quarter")["value"].to_numpy()
    assert (np.diff(cohorts) > 0).all()


def test_quarters_are_alike_only_where_that_is_known(drawn):
    """Two quarters of few patients: not shown to differ, and not shown to be the same."""
    first = {f"p{i}": date(2014, 1 + 3 * (i % 2), 10) for i in range(60)}
    visits = [(who, 0, "outpatient", 100.0 + 50 * (int(who[1:]) % 2)) for who in first]
    result = analysed(tables_from_frames(clinic(visits, first), end=END))
    assert result.drift_ratio is None and result.says["figures.cohort_value.title"].key == "untold"


def test_a_year_not_yet_watched_is_told_without_a_zero():
    first = {f"p{i}": date(2016, 9, 1) for i in range(60)}
    result = analysed(tables_from_frames(clinic([(who, 0, "outpatient", 100.0) for who in first], first), end=END))
    told = [finding for finding in result.findings if finding.key == "no_year"]
    assert told and "because no new patient was watched" in Words("clv", period=PERIOD).finding(result, told[0])


def test_one_row_per_patient_for_other_analyses(drawn):
    assert len(drawn.patients) == 100 and drawn.patients["value_365"].sum() == pytest.approx(100 * drawn.value_365.value)
    assert all(not measure.shown for measure in ClvResult.measures("patients"))




def test_recent_patients_do_not_lower_the_value():
    """Half came last month: 100 at once and 100 after 60 days is still 200 within 90 days."""
    first = {f"p{i}": date(2016, 12, 1) if i % 2 else date(2016, 3, 1) for i in range(80)}
    visits = [(who, day, "outpatient", 100.0) for who, start in first.items() for day in (0, 60)
              if start + timedelta(days=day) < END]
    result = analysed(tables_from_frames(clinic(visits, first), end=END))
    assert result.value_90.value == pytest.approx(200)
    assert result.naive_value.value == pytest.approx(150)  # a plain division mistakes the recent ones for poor ones
    assert result.value_365 is None and result.classes is None
    assert "no_year" in {finding.key for finding in result.findings}


# ---------------------------------------------------------------- the synthetic clinic
@pytest.fixture(scope="module")
def demo(demo_tables, demo_period) -> ClvResult:
    return analysed(demo_tables, ClvParams(), demo_period)


def test_classes_of_the_synthetic_clinic(demo):
    """Patients watched for a year are those of 2014 and 2015: the shares planted before the change, within a point."""
    classes = demo.classes.set_index("class")
    planted = {"one_off": 0.52, "short": 0.22, "course": 0.104, "chronic": 0.03, "surgical": 0.126}
    for name, share in planted.items():
        assert classes.loc[name, "patient_share"] == pytest.approx(share, abs=0.01), name
    revenue = {"one_off": 0.100, "short": 0.090, "course": 0.125, "chronic": 0.096, "surgical": 0.589}
    for name, share in revenue.items():
        assert classes.loc[name, "revenue_share"] == pytest.approx(share, abs=0.01), name
    assert classes.loc["one_off", "value_365"] == pytest.approx(4000, rel=0.03)
    assert classes.loc["course", "value_365"] == pytest.approx(24_972, rel=0.06)


def test_page_can_be_written_and_drawn(demo, demo_period):
    assert spoken("clv", demo, demo_period, "RUB").figures == clv.FIGURES


# ---------------------------------------------------------------- odd inputs
def test_without_bills_classes_remain():
    first = {f"p{i}": date(2014, 6, 1) for i in range(40)}
    frames = clinic([(who, day, "outpatient", 0.0) for who in first for day in (0, 10)], first)
    for tables in (frames, {name: frame for name, frame in frames.items() if name != "charges"}):
        result = analysed(tables_from_frames(tables, end=END))
        assert list(result.classes["class"]) == ["short"] and result.value_365 is None and result.top_tenth is None
        assert "no_money" in {finding.key for finding in result.findings}
        words = Words("clv", period=PERIOD)
        assert words.sentence("title", result) and words.sentence("lede", result)


def test_refunds_of_everything():
    first = {f"p{i}": date(2014, 6, 1) for i in range(40)}
    visits = [(who, 0, "outpatient", paid) for who in first for paid in (50.0, -50.0)]
    result = analysed(tables_from_frames(clinic(visits, first), end=END))
    assert result.value_365 is None and result.one_off_share.value == 1


def test_nobody_new_and_hardly_anybody():
    frames = clinic([("p0", 0, "outpatient", 10.0)], {"p0": date(2014, 6, 1)})
    with pytest.raises(NotAnswerable) as few:
        analysed(tables_from_frames(frames, end=END))
    assert few.value.reason == "too_few"
    frames["patients"]["registered_on"] = date(2001, 1, 1)
    with pytest.raises(NotAnswerable) as nobody:
        analysed(tables_from_frames(frames, end=END))
    assert nobody.value.reason == "no_new_patients"


def test_no_hidden_class_can_be_worked_out_from_the_totals_of_early_and_late_classes(demo):
    shown = protect(demo).stability
    for label in ("class_90", "class_365"):
        hidden = shown[shown["patients"].isna()].groupby(label).size()
        several = shown[shown["patients"].notna()][label].unique()
        assert (hidden[hidden.index.isin(several)] >= 2).all(), f"a single hidden cell of a {label} is its total less the others"
    assert shown["patients"].isna().any()
