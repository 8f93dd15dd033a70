"""Coming again: drawn clinics with known answers, the synthetic clinic's truth, and odd inputs."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from audit.analyses import retention
from audit.analyses.retention import RetentionParams, RetentionResult
from audit.config import Days, Period
from audit.errors import NotAnswerable
from audit.tables.connection import Tables, tables_from_frames
from audit.wording import Labels
from audit.wording.text import Words

from .small_clinic import clinic

END = date(2017, 1, 1)
PERIOD = Period(start=date(2014, 1, 1), end=END)
SMALL = RetentionParams(fewest_returns=20, fewest_in_group=10, fewest_courses=10)


def analysed(tables: Tables, params: RetentionParams = SMALL, period: Period = PERIOD) -> RetentionResult:
    return retention.analyse(
        tables["first_visits"], tables["patient_days"], tables["appointments"], tables.get("opportunities"),
        tables.get("charges"), tables.get("services"), tables.get("plans"), period=period, params=params,
    )


def spread_out(patients: int, days: tuple[int, ...], start: date = date(2014, 3, 1)) -> tuple[list, dict]:
    """Visits at the same ages of patients who began on successive days."""
    first = {f"p{k}": start + timedelta(days=k) for k in range(patients)}
    return [(who, day, "outpatient", 100.0) for who in first for day in days], first


@pytest.fixture(scope="module")
def drawn() -> RetentionResult:
    """100 patients: 60 come after 20 days, 20 more after 100, all at 100 a visit; every other one has J32."""
    visits, first = spread_out(100, (0,))
    for k, who in enumerate(first):
        if k % 5 < 3:
            visits.append((who, 20, "outpatient", 100.0))
        elif k % 5 == 3:
            visits.append((who, 100, "outpatient", 100.0))
    frames = clinic(visits, first)
    kind = {who: "J32" if k % 5 < 2 else "J35" for k, who in enumerate(first)}
    frames["appointments"]["diagnosis"] = frames["appointments"]["patient_id"].map(kind)
    return analysed(tables_from_frames(frames, end=END))


def test_returns_are_shares_of_first_patients(drawn):
    assert [drawn.return_30.value, drawn.return_90.value] == pytest.approx([0.6, 0.6])
    assert [drawn.return_180.value, drawn.return_365.value] == pytest.approx([0.8, 0.8])
    assert drawn.return_90.low < 0.6 < drawn.return_90.high and drawn.headline == "return_90"


def test_groups_that_differ_are_told(drawn):
    groups = drawn.groups.set_index(["part", "group"])
    assert groups.loc[("diagnosis", "J32"), "return_90"] == 1 and groups.loc[("diagnosis", "J32"), "reading"] == "more"
    assert groups.loc[("diagnosis", "J35"), "return_90"] == pytest.approx(1 / 3)
    assert drawn.lowest_group == "J35" and "lowest" in {finding.key for finding in drawn.findings}


def test_first_money_of_the_cohort(drawn):
    assert drawn.split_cohort.value == pytest.approx(100 / 180)
    assert drawn.repeats_cohort.value == pytest.approx(0.8)


def test_growth_explains_why_the_period_shows_fewer_repeats():
    """Everybody returns once, after 150 days; inflow doubles every 150 days: half of the repeats are due."""
    days = np.arange(600)
    arrivals = np.round(2 * 2 ** (days / 150)).astype(int)
    first = {f"p{d}_{k}": date(2015, 5, 12) + timedelta(days=int(d)) for d in days for k in range(arrivals[d])}
    visits = [(who, age, "outpatient", 100.0) for who, start in first.items() for age in (0, 150)
              if start + timedelta(days=age) < END]
    period = Period(start=date(2014, 1, 1), end=END, now=Days(start=date(2016, 10, 1), end=END))
    result = analysed(tables_from_frames(clinic(visits, first), end=END), period=period)
    assert result.repeats_cohort.value == pytest.approx(1.0)
    assert result.repeats_period.value == pytest.approx(0.5, abs=0.01)
    assert result.repeats_expected.value == pytest.approx(result.repeats_period.value, abs=0.01)
    assert "ratio_growing" in {finding.key for finding in result.findings}


def test_recent_patients_do_not_lower_the_share():
    """All come again after 60 days; half came last month and cannot have yet."""
    first = {f"p{i}": date(2016, 12, 10) if i % 2 else date(2016, 3, 1) for i in range(80)}
    visits = [(who, day, "outpatient", 1.0) for who, start in first.items() for day in (0, 60) if start + timedelta(days=day) < END]
    result = analysed(tables_from_frames(clinic(visits, first), end=END))
    assert result.return_90.value == pytest.approx(1) and result.return_30.value == pytest.approx(0)
    assert result.return_365 is None or result.return_365.value == 1


def procedures(stay: np.ndarray, patients: int, seed: int) -> Tables:
    """Courses of procedure days a week apart that go on with chance ``stay`` after each step."""
    rng = np.random.default_rng(seed)
    first, visits, end = {}, [], (END - date(2014, 3, 1)).days
    for k in range(patients):
        who, start = f"p{k:04d}", int(rng.integers(0, end))
        first[who] = date(2014, 3, 1) + timedelta(days=start)
        steps = 1 + int(np.cumprod(rng.random(len(stay)) < stay).sum())
        visits += [(who, 7 * step, "outpatient", 100.0) for step in range(steps) if start + 7 * step < end]
    frames = clinic(visits, first)
    frames["services"]["kind"] = ["operation", "procedure"]
    return tables_from_frames(frames, end=END)


def test_the_step_where_courses_break_off_is_found():
    result = analysed(procedures(np.array([0.9, 0.9, 0.5, 0.9, 0.9, 0.9]), 600, seed=1))
    assert result.weak_step == 3 and result.weak_stops.low < 0.5 < result.weak_stops.high
    assert "weak_step_procedures" in {finding.key for finding in result.findings}
    assert analysed(procedures(np.full(6, 0.85), 600, seed=2)).weak_step is None


# ---------------------------------------------------------------- the synthetic clinic
@pytest.fixture(scope="module")
def demo(demo_tables, demo_period) -> RetentionResult:
    return analysed(demo_tables, RetentionParams(), demo_period)


def test_a_third_of_the_money_comes_from_first_visits(demo):
    for split in (demo.split_first, demo.split_cohort):
        assert split.low < 1 / 3 < split.high
    assert demo.split_marked.value > demo.split_first.high  # the practice system marks a first visit per doctor


def test_december_makes_three_repeats_per_new_patient(demo):
    assert demo.repeats_period.value == pytest.approx(3.0, abs=0.02)
    assert demo.repeats_expected.value < demo.repeats_cohort.value < demo.repeats_period.value


def test_plans_are_dropped_after_the_third_procedure(demo, demo_clinic):
    """Planted: who had three procedures mostly had more planned, of the others one in twenty; the visits alone do not tell."""
    planted = demo_clinic.truth.plans
    assert demo.steps_of == "plans" and demo.weak_step == planted.breaks_after
    plans = demo_clinic.tables["plans"].set_index("patient_id")
    sold = demo_clinic.tables["charges"].query("service_id == 'P01' and kind == 'sale'").groupby("patient_id")["charged_on"]
    left, last = plans["planned"] - sold.size().reindex(plans.index), pd.to_datetime(sold.max()).reindex(plans.index)
    silent = left[last < pd.Timestamp(END) - pd.Timedelta(days=61)]
    assert demo.plans == len(plans) and demo.plans_dropped == (silent > 0).sum()
    year = last >= pd.Timestamp(END) - pd.Timedelta(days=61 + 365)
    assert demo.dropped_value.value == pytest.approx(1500 * silent[year & (left > 0)].sum() / 12)


def test_doctors_keep_patients_as_planted(demo):
    by_doctor = demo.groups[demo.groups["part"] == "doctor"].set_index("group")["return_90"]
    assert by_doctor[["D01", "D02"]].min() > by_doctor["D05"] > by_doctor[["D07", "D08", "D09", "D10"]].max()


@pytest.mark.parametrize("figure", retention.FIGURES)
def test_page_can_be_written_and_drawn(demo, demo_period, figure):
    words = Words("retention", currency="RUB", period=demo_period)
    for slot in ("title", "lede", "notes.how", "notes.care", "notes.decide"):
        assert words.sentence(slot, demo)
    assert all(words.finding(demo, finding) for finding in demo.findings)
    assert getattr(retention, figure)(demo, Labels(words, figure, demo)) is not None


# ---------------------------------------------------------------- odd inputs
def told(result: RetentionResult) -> None:
    words = Words("retention", period=PERIOD)
    assert words.sentence("title", result) and words.sentence("lede", result)
    assert all(words.finding(result, finding) for finding in result.findings)


def test_nobody_returns():
    visits, first = spread_out(60, (0,))
    result = analysed(tables_from_frames(clinic(visits, first), end=END))
    assert result.return_365.value == 0 and result.repeats_cohort.value == 0 and result.split_cohort.value == 1
    told(result)


def test_everybody_returns_every_day():
    visits, first = spread_out(40, tuple(range(60)))
    result = analysed(tables_from_frames(clinic(visits, first), end=END))
    assert result.return_30.value == 1 and result.repeats_cohort.value == pytest.approx(59)
    told(result)


def test_two_weeks_of_records():
    visits, first = spread_out(60, (0, 3), start=END - timedelta(days=14))
    first = {who: min(day, END - timedelta(days=1)) for who, day in first.items()}
    visits = [v for v in visits if first[v[0]] + timedelta(days=v[1]) < END]
    with pytest.raises(NotAnswerable) as few:
        analysed(tables_from_frames(clinic(visits, first), end=END))
    assert few.value.reason == "too_few"


@pytest.mark.parametrize("paid", [0.0, -100.0])
def test_amounts_of_nothing(paid):
    visits, first = spread_out(60, (0, 10))
    if paid < 0:
        visits += [(who, day, "outpatient", paid) for who in first for day in (0, 10)]
    else:
        visits = [(*visit[:3], 0.0) for visit in visits]
    result = analysed(tables_from_frames(clinic(visits, first), end=END))
    assert result.split_first is None and result.split_cohort is None and result.return_90.value == 1
    told(result)


def test_one_patient_and_nobody_new():
    frames = clinic([("p0", 0, "outpatient", 10.0)], {"p0": date(2014, 6, 1)})
    with pytest.raises(NotAnswerable):
        analysed(tables_from_frames(frames, end=END))
    frames["patients"]["registered_on"] = date(2001, 1, 1)
    with pytest.raises(NotAnswerable) as nobody:
        analysed(tables_from_frames(frames, end=END))
    assert nobody.value.reason == "no_new_patients"
