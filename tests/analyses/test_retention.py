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
from audit.results import Estimate
from audit.tables.connection import Tables, tables_from_frames
from audit.wording.text import Words
from tests.pages import spoken

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


def test_what_becomes_of_plans_is_recovered(demo, demo_truth):
    planted = demo_truth.plans
    assert demo.steps_of == "plans" and demo.weak_step == planted.breaks_after
    assert demo.plan_finished.low < planted.complete < demo.plan_finished.high
    assert demo.plan_begun.low < 1 - planted.never_begun < demo.plan_begun.high
    assert {"plans", "weak_step_plans"} <= {finding.key for finding in demo.findings}


def test_dropped_money_is_of_plans_that_fell_silent_within_a_year(demo, demo_clinic):
    """Counted again from the clean tables: of plans with one line that nobody called off."""
    plans = demo_clinic.tables["plans"]
    single = plans[~plans["plan_id"].duplicated(keep=False) & plans["cancelled_on"].isna()].reset_index()
    sold = demo_clinic.tables["charges"].query("kind == 'sale'")
    done = single.merge(sold, on=["patient_id", "service_id"]).query("charged_on >= planned_on").groupby("index")["charged_on"]
    made = done.size().reindex(single["index"], fill_value=0).to_numpy()
    last = pd.to_datetime(done.max()).reindex(single["index"]).to_numpy()
    last = pd.Series(last).fillna(pd.to_datetime(single["planned_on"]))
    left = (single["planned"] - made).clip(lower=0) * single["amount"].astype(float) / single["planned"]
    silent = last < pd.Timestamp(END) - pd.Timedelta(days=61)
    year = silent & (last >= pd.Timestamp(END) - pd.Timedelta(days=61 + 365))
    assert demo.dropped_value.value == pytest.approx(left[year].sum() / 12)
    assert demo.dropped_value.low < demo.dropped_value.value < demo.dropped_value.high
    assert demo.open_value.value == pytest.approx(left[~silent].sum())


def test_doctors_keep_patients_as_planted(demo):
    by_doctor = demo.groups[demo.groups["part"] == "doctor"].set_index("group")["return_90"]
    assert by_doctor[["D01", "D02"]].min() > by_doctor["D05"] > by_doctor[["D07", "D08", "D09", "D10"]].max()


def test_page_can_be_written_and_drawn(demo, demo_period):
    assert spoken("retention", demo, demo_period, "RUB").figures == retention.FIGURES


# ---------------------------------------------------------------- plans
def planned(count: int = 40, **columns) -> Tables:
    """A visit and two procedures, five days apart, of patients who began on successive days; a plan of two of each."""
    visits, first = spread_out(count, (0, 1, 6))
    frames = clinic(visits, first)
    frames["plans"] = pd.DataFrame({
        "plan_id": [f"t{k}" for k in range(count)], "patient_id": list(first), "planned_on": list(first.values()), "service_id": "laser",
        "planned": 2.0, "amount": 200.0, "cancelled_on": None,
    } | columns)
    procedure = frames["charges"]["charge_id"].str[2:].astype(int) % 3 > 0
    frames["charges"].loc[procedure, "service_id"] = "laser"
    return tables_from_frames(frames, end=END)


def test_plans_that_are_done():
    result = analysed(planned())
    assert result.plan_done.value == result.plan_finished.value == result.plan_begun.value == 1
    assert result.plans_dropped == 0 and result.dropped_value is None and result.open_value is None
    told(result)


def test_plans_of_three_of_which_two_are_done():
    result = analysed(planned(planned=3.0, amount=300.0))
    assert result.plan_done.value == pytest.approx(2 / 3) and result.plan_finished.value == 0
    assert result.plans_dropped == 40 and result.steps.set_index("step").loc[2, "goes_on"] == 0
    told(result)


def test_services_the_bills_call_otherwise_are_never_done():
    result = analysed(planned(service_id="LASER 1"))
    assert result.plan_done.value == 0 and result.plan_begun.value == 0 and result.steps_of == "plans"
    told(result)


def test_plans_called_off_at_once_are_nobody_s_failure():
    result = analysed(planned(cancelled_on=[date(2014, 3, 1) + timedelta(days=k) for k in range(40)]))
    assert result.plan_done is None and result.plan_finished is None and result.plans_dropped == 0
    told(result)


@pytest.mark.parametrize(
    "columns",
    [{"planned": 0.0}, {"planned_on": date(2018, 1, 1)}, {"service_id": None}, {"patient_id": "nobody"}],
    ids=["nothing planned", "after the cut-off", "no service", "unknown patients"],
)
def test_plans_that_cannot_be_followed(columns):
    result = analysed(planned(**columns))
    assert result.plans is None and result.plan_done is None and result.steps_of == "procedures"
    assert "few_plans" in {finding.key for finding in result.findings}
    told(result)


def test_no_plans_and_plans_without_money():
    tables = planned(planned=3.0, amount=None)
    result = analysed(tables)
    assert result.plans_dropped == 40 and result.dropped_value is None and result.open_value is None
    without = analysed({name: table for name, table in tables.items() if name != "plans"})
    assert without.plans is None and "no_plans" in {finding.key for finding in without.findings}
    told(result)
    told(without)


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


def test_one_quarter_after_the_first_visit_is_no_trend():
    visits, first = spread_out(60, (0, 20), start=END - timedelta(days=150))
    first = {who: END - timedelta(days=150) for who in first}
    result = analysed(tables_from_frames(clinic(visits, first), end=END))
    assert set(result.cohorts.dropna(subset=["returned"])["after"]) == {1} and result.says["figures.returns.title"].key == "first"
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


def test_the_newest_patients_are_compared_with_those_before(demo):
    assert demo.return_latest.low > demo.return_earlier.high
    assert "latest_more" in {finding.key for finding in demo.findings}


@pytest.mark.parametrize(("period", "cohort", "inflow", "key"), [
    (3.0, 2.85, 2.55, "ratio_more"), (2.65, 2.85, 2.55, "ratio_growing"), (3.2, 2.85, 3.2, "ratio_shrinking"),
    (2.0, 2.85, 2.8, "ratio_fewer"), (2.9, 2.85, 2.85, "ratio_alike"), (1.0, 2.0, 0.0, "ratio_growing"),
])
def test_the_larger_cause_of_the_difference_is_told(period, cohort, inflow, key):
    """Known to a hundredth."""
    sure = [Estimate(value, value - 0.01, value + 0.01, "number", 900) for value in (period, cohort, inflow)]
    assert retention._ratio(*sure) == key


def test_a_difference_within_its_intervals_has_no_cause():
    wide = [Estimate(value, value - 0.4, value + 0.4, "number", 90) for value in (3.0, 2.85, 2.55)]
    assert retention._ratio(*wide) == "ratio_unsure"
