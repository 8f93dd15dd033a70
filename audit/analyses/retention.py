"""Coming again: how many new patients return, whose do not, and where courses of treatment break off.

Question   How many new patients come a second time, who does not, and where are courses of treatment dropped?
Method     Kaplan–Meier of the time to the second visit (entry the first visit, censored at the cut-off), log-rank
           of each group against the rest; repeat visits per new patient in the period and by cohort, the two joined
           by the convolution of the cohort's curve with the inflow; share of money at first visits by three
           definitions; courses as treatment plans, or as runs of procedure days where none are recorded: continuation
           by step and completion with censoring.
Reads      first_visits, patient_days, appointments; opportunities, charges, services, plans if there are any.
Cannot say Why a patient did not return; without plans, whether a course ended because it was complete.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import ibis
import numpy as np
import pandas as pd
from ibis import _
from ibis.expr.types import Table
from matplotlib.figure import Figure
from pydantic import Field

from audit.config import Params, Period
from audit.errors import NotAnswerable
from audit.models import bootstrap, cohort_triangle
from audit.models.courses import Steps, course_steps
from audit.models.mean_cumulative import mean_cumulative
from audit.models.plan_completion import plan_completion, planned_money
from audit.models.proportions import wilson
from audit.models.repeat_ratio import carried
from audit.models.survival import groups_that_differ, incidence
from audit.plots import theme
from audit.plots.cohorts import cohorts
from audit.plots.columns import columns
from audit.plots.dots import dots
from audit.results import Estimate, Finding, Measure, Result, Sentence, table
from audit.tables.channel_days import credited
from audit.tables.first_money import first_money
from audit.tables.money_days import first_day_money
from audit.tables.new_patients import EPOCH, new_patient_days, new_patients
from audit.tables.plan_progress import plan_lines, plan_progress, plan_totals, services_done
from audit.tables.treatment_days import procedure_days
from audit.wording import Labels

FIGURES = ("returns", "who_returns", "courses")
HORIZONS = (30, 90, 180, 365)
YEAR, QUARTER = 365, 91
PARTS = ("channel", "diagnosis", "doctor")
STEPS = 12
MOST_GROUPS = 12
ALIKE = 0.05
"""Two ways of counting repeats, or a change of the share that returns, closer than this are the same to a reader."""
REST = "rest"


class RetentionParams(Params):
    """Settings of coming again."""

    fewest_returns: int = Field(100, ge=20, description="first visits watched to the end of a horizon, for its return share")
    fewest_in_group: int = Field(30, ge=10, description="first visits of a group watched for 90 days; smaller groups join the rest")
    course_gap_days: int = Field(45, ge=7, description="days without a procedure after which a course counts as ended")
    plan_gap_days: int = Field(60, ge=7, description="days without a planned service after which a plan counts as dropped")
    plan_days: int = Field(180, ge=30, description="days within which a treatment plan should be done")
    fewest_courses: int = Field(30, ge=10, description="courses that reached a step, below which it is not judged")


@dataclass(frozen=True, kw_only=True)
class RetentionResult(Result):
    """Shares are of new patients; ``return_latest`` is that of the newest quarter watched for 91 days, ``return_earlier``
    that of the quarters before it. ``repeats_…`` are outpatient visits after the first per new patient.

    ``repeats_period`` divides the repeats of the present period by its new patients, ``repeats_cohort`` follows new
    patients for a year, ``repeats_expected`` is what the period would show if every cohort followed that curve.
    ``split_…`` are shares of outpatient money at first visits. ``weak_step`` is the step of a course after which
    clearly more stop (``weak_stops``) than after the others; ``steps_of`` says whether courses are plans or procedures.
    ``plan_done`` is the share of planned services done and ``plan_finished`` of plans finished within ``plan_days``,
    ``plan_begun`` of plans with a first service within the gap. ``dropped_value`` is the planned money, not done, of plans
    silent for longer than the gap, by month of the last year in which they fell silent; ``open_value`` that of running plans.
    """

    new_patients: int
    return_30: Estimate | None
    return_90: Estimate | None
    return_180: Estimate | None
    return_365: Estimate | None
    return_latest: Estimate | None
    return_earlier: Estimate | None
    repeats_period: Estimate | None
    repeats_cohort: Estimate | None
    repeats_expected: Estimate | None
    split_marked: Estimate | None
    split_first: Estimate | None
    split_cohort: Estimate | None
    courses_started: int | None
    course_gap: int
    steps_of: str
    weak_step: int | None
    weak_stops: Estimate | None
    plans: int | None
    plan_days: int
    plan_done: Estimate | None
    plan_finished: Estimate | None
    plan_begun: Estimate | None
    plans_dropped: int | None
    dropped_value: Estimate | None
    open_value: Estimate | None
    lowest_group: str | None
    lowest_return: Estimate | None
    highest_group: str | None
    highest_return: Estimate | None
    curve: pd.DataFrame = table(
        Measure("days", "days"), Measure("returned", "share", interval=True), Measure("n", "count", people=True),
    )
    groups: pd.DataFrame | None = table(
        Measure("part", "label"), Measure("group", "label"), Measure("patients", "count", people=True),
        Measure("return_30", "share"), Measure("return_90", "share", interval=True, form="line"),
        Measure("return_180", "share"), Measure("return_365", "share"), Measure("reading", "label"),
        Measure("n", "count", shown=False),
    )
    cohorts: pd.DataFrame | None = table(
        Measure("quarter", "date"), Measure("after", "count"), Measure("patients", "count", people=True),
        Measure("returned", "share"), Measure("is_complete", "flag"),
    )
    ratios: pd.DataFrame | None = table(
        Measure("way", "label"), Measure("repeats", "number", interval=True), Measure("n", "count", people=True),
    )
    splits: pd.DataFrame | None = table(
        Measure("definition", "label"), Measure("first", "share", interval=True, form="bar"),
        Measure("money", "currency", shown=False), Measure("n", "count", people=True),
    )
    steps: pd.DataFrame | None = table(
        Measure("step", "count"), Measure("reached", "count", people=True), Measure("goes_on", "share", interval=True),
        Measure("open", "count"), Measure("stands_out", "flag"), Measure("n", "count", shown=False),
    )


@dataclass(frozen=True)
class _New:
    """New patients, one row each in the order of ``owner``, and their days with visits."""

    people: pd.DataFrame
    days: pd.DataFrame

    @property
    def last_age(self) -> np.ndarray:
        return self.people["last_age"].to_numpy()

    @property
    def came(self) -> np.ndarray:
        gap = self.people["gap"].to_numpy(float)
        return np.isfinite(gap) & (gap <= self.last_age)

    @property
    def waited(self) -> np.ndarray:
        return np.where(self.came, self.people["gap"].to_numpy(float), self.last_age)


def analyse(
    first_visits: Table, patient_days: Table, appointments: Table, opportunities: Table | None, charges: Table | None,
    services: Table | None, plans: Table | None, *, period: Period, params: RetentionParams,
) -> RetentionResult:
    """Returns of all and by group, repeats per new patient, first against later money, and courses."""
    new = _new(first_visits, patient_days, opportunities, period)
    curve, facts = _returns(new, params)
    groups, extremes = _groups(new, params)
    ratios, repeats = _ratios(new, first_visits, patient_days, period, params)
    splits, shares = _splits(first_visits, patient_days, appointments, charges, services, period, params)
    steps, course = _plans(plans, first_visits, appointments, charges, period, params)
    if steps is None:
        steps, found = _steps(procedure_days(appointments, charges, services, end=period.end), period, params)
        course |= found
    facts |= extremes | repeats | shares | course
    if facts["return_30"] is None and facts["repeats_cohort"] is None:
        raise NotAnswerable("too_few", verdict="not_enough_data", values={"patients": len(new.people)})
    facts |= {"new_patients": len(new.people), "plan_days": params.plan_days,
              "course_gap": params.plan_gap_days if facts["steps_of"] == "plans" else params.course_gap_days}
    cohorts = _cohorts(new)
    facts |= _latest(cohorts, params)
    return RetentionResult(
        grade="A", headline="return_90" if facts["return_90"] else "return_30" if facts["return_30"] else "repeats_cohort",
        says=_says(facts, cohorts, groups), findings=_findings(facts, groups, charges is not None, plans is not None),
        curve=curve, groups=groups, cohorts=cohorts, ratios=ratios, splits=splits, steps=steps, **facts,
    )


def _new(first_visits: Table, patient_days: Table, opportunities: Table | None, period: Period) -> _New:
    new = new_patients(first_visits)
    people = new.select("owner", "patient_id", "first_day", "first", "last_age", "gap", doctor="doctor_id",
                        diagnosis=_.diagnosis.strip().upper().substr(0, 3), stated="stated_source")
    # what a telephone system recorded and what a patient named are two lists of sources: they do not mix
    if opportunities is not None:
        people = people.left_join(credited(opportunities).select("patient_id", "channel"), "patient_id").drop("patient_id_right", "stated")
    else:
        people = people.rename(channel="stated")
    frame = people.order_by("owner").to_pandas()
    if frame.empty:
        raise NotAnswerable("no_new_patients", verdict="not_enough_data")
    days = new_patient_days(patient_days, new, end=period.end).filter(_.visits > 0)
    return _New(frame, days.select("owner", "age", "visits").order_by("owner", "age").to_pandas())


# ------------------------------------------------------------------ second visits
def _returns(new: _New, params: RetentionParams) -> tuple[pd.DataFrame, dict[str, Any]]:
    back = incidence(
        duration=new.waited, event=new.came, follow_up=new.last_age, horizons=HORIZONS, level=params.level
    )
    facts: dict[str, Any] = {}
    for k, days in enumerate(HORIZONS):
        known = back.watched[k] >= params.fewest_returns
        facts[f"return_{days}"] = Estimate(
            back.value[k], back.low[k], back.high[k], "share", len(new.people), params.level
        ) if known else None
    frame = pd.DataFrame({
        "days": HORIZONS, "returned": back.value, "returned_low": back.low, "returned_high": back.high, "n": back.watched,
    })
    return frame[back.watched >= params.fewest_returns].reset_index(drop=True), facts


def _groups(new: _New, params: RetentionParams) -> tuple[pd.DataFrame | None, dict[str, Any]]:
    """Returns by channel, diagnosis and first doctor; small groups are told together.

    A return is to the clinic, whoever is seen and whether the first doctor is still there; the page of the doctors
    follows patients no longer than their doctor was there, for what a colleague makes of them is not his.
    """
    rows = []
    for part in PARTS:
        code, names = _coded(new.people[part], new.last_age >= HORIZONS[1], params.fewest_in_group)
        if len(names) < 2:
            continue
        differs = groups_that_differ(
            duration=new.waited, event=new.came, group=code, groups=len(names), level=params.level
        )
        for k, name in enumerate(names):
            mine = code == k
            back, rest = (
                incidence(duration=new.waited[who], event=new.came[who], follow_up=new.last_age[who], horizons=HORIZONS, level=params.level)
                for who in (mine, ~mine)
            )
            enough = back.watched >= params.fewest_in_group
            value = np.where(enough, back.value, np.nan)
            reading = "as_rest" if not differs[k] or not enough[1] else "more" if value[1] > rest.value[1] else "fewer"
            rows.append((part, name, int(mine.sum()), value[0], value[1], *(np.where(enough[1], (back.low[1], back.high[1]), np.nan)),
                         value[2], value[3], reading, int(back.watched[1])))
    if not rows:
        return None, dict.fromkeys(("lowest_group", "lowest_return", "highest_group", "highest_return"))
    names_of = [name for measure in RetentionResult.measures("groups") for name in measure.names]
    frame = pd.DataFrame(rows, columns=names_of)
    frame["place"] = frame["part"].map(PARTS.index)
    frame = frame.sort_values(["place", "return_90", "group"], ascending=[True, False, True], kind="stable")
    frame = frame.drop(columns="place").reset_index(drop=True)
    return frame, _extremes(frame, params)


def _coded(labels: pd.Series, watched: np.ndarray, fewest: int) -> tuple[np.ndarray, list[str]]:
    """Codes (N,) of the groups with at least ``fewest`` watched patients; missing ones and the rest share the last."""
    counts = labels[watched].value_counts()
    names = sorted(str(name) for name in counts.index[counts >= fewest])
    code = pd.Index(names, dtype=object).get_indexer(labels.astype(object))
    return np.where(code < 0, len(names), code), [*names, REST] if (code < 0).any() else names


def _extremes(frame: pd.DataFrame, params: RetentionParams) -> dict[str, Any]:
    """The channel or diagnosis that differs most from the rest, either way; doctors have a section of their own."""
    facts: dict[str, Any] = {}
    judged = frame[(frame["part"] != "doctor") & (frame["group"] != REST)]
    for which, reading, best in (("lowest", "fewer", "idxmin"), ("highest", "more", "idxmax")):
        rows = judged[judged["reading"] == reading]
        row = rows.loc[getattr(rows["return_90"], best)()] if len(rows) else None
        facts[f"{which}_group"] = None if row is None else str(row["group"])
        facts[f"{which}_return"] = None if row is None else Estimate(
            row["return_90"], row["return_90_low"], row["return_90_high"], "share", int(row["n"]), params.level
        )
    return facts


def _cohorts(new: _New, periods: int = 8, most: int = 8) -> pd.DataFrame | None:
    """Share of each quarter's new patients who came again in the 1st, 2nd … 91 days after the first visit."""
    quarter = pd.to_datetime(new.people["first_day"]).dt.to_period("Q")
    names = sorted(quarter.unique())
    triangle = cohort_triangle.cohort_triangle(
        cohort=pd.Categorical(quarter, names).codes, last_age=new.last_age, owner=new.days["owner"], age=new.days["age"],
        cohorts=len(names), periods=periods, length=QUARTER,
    )
    rows = [
        (names[k].start_time.date(), j + 1, int(triangle.size[k]), triangle.share[k, j], bool(triangle.complete[k, j]))
        for k, j in np.argwhere(np.isfinite(triangle.share) | triangle.begun) if k >= len(names) - most
    ]
    return pd.DataFrame(rows, columns=[m.name for m in RetentionResult.measures("cohorts")]) if np.isfinite(triangle.share).any() else None


def _latest(cohorts: pd.DataFrame | None, params: RetentionParams) -> dict[str, Estimate | None]:
    """Return within the first quarter of the newest cohort that was watched through it, and of those before."""
    nothing: dict[str, Estimate | None] = {"return_latest": None, "return_earlier": None}
    if cohorts is None:
        return nothing
    first = cohorts[(cohorts["after"] == 1) & cohorts["is_complete"]].sort_values("quarter")
    if len(first) < 2:
        return nothing
    came, n = first["returned"].to_numpy() * first["patients"].to_numpy(), first["patients"].to_numpy()
    k, of = np.r_[came[-1], came[:-1].sum()].round(), np.r_[n[-1], n[:-1].sum()]
    low, high = wilson(k, of, params.level)
    bounds = zip(("return_latest", "return_earlier"), k / of, low, high, of, strict=True)
    return {name: Estimate(value, min(a, value), max(b, value), "share", int(size), params.level) for name, value, a, b, size in bounds}


# ------------------------------------------------------------------ repeats per new patient
def _ratios(
    new: _New, first_visits: Table, patient_days: Table, period: Period, params: RetentionParams
) -> tuple[pd.DataFrame | None, dict[str, Any]]:
    """Repeat visits per new patient: of the period, of the cohort, and what the cohort's curve makes of the inflow."""
    facts: dict[str, Any] = dict.fromkeys(("repeats_period", "repeats_cohort", "repeats_expected"))
    now, origin = period.present, int(new.people["first"].min())
    start, stop = ((day - EPOCH).days - origin for day in (now.start, now.end))
    arrived = np.bincount(new.people["first"].to_numpy() - origin, minlength=max(stop, 1))
    firsts = arrived[max(start, 0) : stop]
    daily = patient_days.filter(_.day >= now.start, _.day < now.end, _.visits > 0).group_by("day").aggregate(visits=_.visits.sum())
    seen = daily.order_by("day").to_pandas()
    if start >= 0 and firsts.sum() >= params.fewest_in_group and len(seen):
        visits = np.zeros(len(firsts))
        visits[[(day - now.start).days for day in pd.to_datetime(seen["day"]).dt.date]] = seen["visits"]
        repeats = visits - firsts
        low, high = bootstrap.ratio_interval(
            repeats, firsts, params.level, params.seed, block=7 if len(firsts) >= 28 else 1
        )
        value = repeats.sum() / firsts.sum()
        if np.isfinite([low, high]).all():
            facts["repeats_period"] = Estimate(value, min(low, value), max(high, value), "number", int(firsts.sum()), params.level)
    watched = int((new.last_age >= YEAR).sum())
    if watched >= params.fewest_returns:
        amount = new.days["visits"].to_numpy(float) - (new.days["age"].to_numpy() == 0)
        curve = mean_cumulative(
            owner=new.days["owner"], age=new.days["age"], amount=amount, last_age=new.last_age, horizons=np.arange(YEAR + 1)
        )
        low, high = (part[-1] for part in curve.interval(params.level))
        facts["repeats_cohort"] = Estimate(curve.value[-1], low, high, "number", len(new.people), params.level)
        if facts["repeats_period"] and start >= YEAR:
            relative = (low / curve.value[-1], high / curve.value[-1]) if curve.value[-1] > 0 else (1.0, 1.0)
            value = carried(curve.value, arrived, start, stop) / firsts.sum()
            facts["repeats_expected"] = Estimate(
                value, value * relative[0], value * relative[1], "number", len(new.people), params.level
            )
    told = [(way, facts[f"repeats_{way}"]) for way in ("period", "expected", "cohort") if facts[f"repeats_{way}"]]
    rows = [(way, e.value, e.low, e.high, e.n) for way, e in told]
    names = [name for measure in RetentionResult.measures("ratios") for name in measure.names]
    return pd.DataFrame(rows, columns=names) if rows else None, facts


# ------------------------------------------------------------------ first and later money
def _splits(
    first_visits: Table, patient_days: Table, appointments: Table, charges: Table | None, services: Table | None,
    period: Period, params: RetentionParams,
) -> tuple[pd.DataFrame | None, dict[str, Any]]:
    """Share of outpatient money at first visits: by the clinic's mark, by the person's first day, by the cohort's year."""
    facts: dict[str, Any] = dict.fromkeys(("split_marked", "split_first", "split_cohort"))
    if charges is None:
        return None, facts
    now = first_money(patient_days, first_visits, appointments, charges, services, days=period.present).to_pandas()
    ripe = first_day_money(
        patient_days, first_visits, start=period.start, end=period.end - timedelta(days=YEAR), horizon_days=YEAR
    ).to_pandas()
    rows = []
    for name, part, whole in (
        ("marked", now["marked"], now["whole"]), ("first", now["first"], now["whole"]), ("cohort", ripe["first"], ripe["whole"]),
    ):
        if len(whole) < params.fewest_in_group or not whole.sum() > 0 or (name == "marked" and not part.any()):
            continue
        value = float(part.sum() / whole.sum())
        low, high = bootstrap.ratio_interval(part, whole, params.level, params.seed)
        if not (0 <= value <= 1 and np.isfinite([low, high]).all()):
            continue
        facts[f"split_{name}"] = e = Estimate(value, min(low, value), max(high, value), "share", len(whole), params.level)
        rows.append((name, e.value, e.low, e.high, float(whole.sum()), e.n))
    names = [name for measure in RetentionResult.measures("splits") for name in measure.names]
    return pd.DataFrame(rows, columns=names) if rows else None, facts


# ------------------------------------------------------------------ courses
def _steps(procedures: Table, period: Period, params: RetentionParams) -> tuple[pd.DataFrame | None, dict[str, Any]]:
    facts: dict[str, Any] = dict.fromkeys(("courses_started", "weak_step", "weak_stops"))
    owner = ibis.dense_rank().over(order_by=_.patient_id)
    days = procedures.select(owner=owner, day=_.day.delta(ibis.date(EPOCH), unit="day")).order_by("owner", "day").to_pandas()
    if len(days) < params.fewest_courses:
        return None, facts
    found = course_steps(
        owner=days["owner"], day=days["day"], end=(period.end - EPOCH).days, gap=params.course_gap_days, steps=STEPS,
        fewest=params.fewest_courses, level=params.level,
    )
    facts["courses_started"] = int(found.reached[0])
    frame, weak = _table_of_steps(found, params)
    return frame, facts | weak


def _table_of_steps(found: Steps, params: RetentionParams) -> tuple[pd.DataFrame | None, dict[str, Any]]:
    """Steps that enough reached, and the one after which clearly more stop than after those around it."""
    facts: dict[str, Any] = {}
    known = np.isfinite(found.goes_on)
    if not known.any():
        return None, facts
    frame = pd.DataFrame({
        "step": np.arange(1, STEPS + 1), "reached": found.reached, "goes_on": found.goes_on, "goes_on_low": found.low,
        "goes_on_high": found.high, "open": found.open, "stands_out": found.stands_out, "n": found.reached,
    })[known].reset_index(drop=True)
    # After the last steps courses end as planned; a break is where more stop than before and after.
    weak = frame[frame["stands_out"] & (frame["step"] > 1) & (frame["goes_on_high"] < frame["goes_on"].shift(-1))]
    if len(weak):
        row = weak.loc[weak["goes_on"].idxmin()]
        facts["weak_step"] = int(row["step"])
        facts["weak_stops"] = Estimate(
            1 - row["goes_on"], 1 - row["goes_on_high"], 1 - row["goes_on_low"], "share", int(row["reached"]), params.level
        )
    return frame, facts


def _plans(
    plans: Table | None, first_visits: Table, appointments: Table, charges: Table | None, period: Period, params: RetentionParams
) -> tuple[pd.DataFrame | None, dict[str, Any]]:
    """Completion of treatment plans and the steps after which they are dropped; plans of people who never came do not count."""
    facts: dict[str, Any] = dict.fromkeys((
        "courses_started", "weak_step", "weak_stops", "plans", "plan_done", "plan_finished", "plan_begun", "plans_dropped",
        "dropped_value", "open_value",
    ))
    facts["steps_of"] = "procedures"
    if plans is None:
        return None, facts
    care = services_done(appointments, charges)
    lines = plan_lines(plans.semi_join(first_visits, "patient_id"), care, end=period.end)
    whole = plan_totals(lines, care).order_by("plan").to_pandas()
    if len(whole) < params.fewest_courses:
        return None, facts
    done = plan_progress(lines, care).to_pandas()
    start, stops = ((pd.to_datetime(whole[column]) - pd.Timestamp(EPOCH)).dt.days.to_numpy() for column in ("day", "stops"))
    code = pd.Index(whole["plan"]).get_indexer(done["plan"])
    owner = pd.factorize(whole["patient_id"])[0]
    found = plan_completion(
        owner=owner, planned=whole["planned"], watched=np.maximum(stops - start - 1, 0), plan=code,
        age=(pd.to_datetime(done["day"]) - pd.Timestamp(EPOCH)).dt.days - start[code], done=done["done"].astype(float),
        horizon=params.plan_days, gap=params.plan_gap_days, steps=STEPS, fewest=params.fewest_courses, level=params.level,
        seed=params.seed,
    )
    facts |= {"plans": len(whole), "plans_dropped": int(found.dropped.sum()), "courses_started": len(whole), "steps_of": "plans"}
    for name, told in (("plan_done", found.done), ("plan_finished", found.finished), ("plan_begun", found.begun)):
        facts[name] = Estimate(*told, "share", len(whole), params.level) if told else None
    end, left = (period.end - EPOCH).days, whole["amount_left"].to_numpy(float)
    runs = (found.left > 0) & ~found.dropped & (stops == end)
    facts["open_value"] = _money(owner, np.where(runs, left, 0.0), 1.0, params)
    # the year of which every plan was watched for the gap after its last sign
    to, silent_since = end - params.plan_gap_days - 1, start + found.last
    since = max(to - YEAR, int(start.min()))
    if to - since >= QUARTER:
        fell = found.dropped & (silent_since >= since) & (silent_since < to)
        facts["dropped_value"] = _money(owner, np.where(fell, left, 0.0), (to - since) * 12 / YEAR, params)
    frame, weak = _table_of_steps(found.steps, params)
    return frame, facts | weak


def _money(owner: np.ndarray, money: np.ndarray, months: float, params: RetentionParams) -> Estimate | None:
    """Planned money per ``months``; None where plans carry none."""
    told = planned_money(owner=owner, money=money, level=params.level, seed=params.seed)
    return Estimate(*told, "currency", int((money > 0).sum()), params.level).scaled(1 / months) if told else None


# ------------------------------------------------------------------ words
def _says(facts: Mapping[str, Any], cohorts: pd.DataFrame | None, groups: pd.DataFrame | None) -> dict[str, Sentence]:
    by_age = cohorts.dropna(subset=["returned"]).groupby("after")["returned"].mean() if cohorts is not None else {}
    early = by_age.get(1, 0.0) > 4 * by_age.get(2, 1.0)
    nobody = not any(by_age)
    differ = groups is not None and bool((groups.loc[groups["part"] != "doctor", "reading"] != "as_rest").any())
    title = "early" if early and facts["return_90"] else "steady" if facts["return_90"] else "plain"
    return {
        "title": Sentence(title), "lede": Sentence("returns" if facts["return_90"] else "short"),
        "figures.returns.title": Sentence("first" if nobody or 2 not in by_age else "early" if early else "steady"),
        "figures.who_returns.title": Sentence("differ" if differ else "alike"),
        "figures.courses.title": Sentence(f"{facts['steps_of']}_{'weak' if facts['weak_step'] else 'even'}"),
        "figures.courses.subtitle": Sentence(facts["steps_of"]), "notes.care": Sentence(facts["steps_of"]),
    }


def _findings(facts: Mapping[str, Any], groups: pd.DataFrame | None, has_money: bool, has_plans: bool) -> tuple[Finding, ...]:
    period, cohort, inflow = (facts[f"repeats_{way}"] for way in ("period", "cohort", "expected"))
    ratio = _ratio(period, cohort, inflow) if period and cohort and inflow and cohort.value > 0 else None
    latest = _moved(facts["return_latest"], facts["return_earlier"])
    told = (
        (latest, Finding(latest or "latest_more", "risk" if latest == "latest_fewer" else "strength")),
        (facts["weak_step"], Finding(f"weak_step_{facts['steps_of']}", "risk")),
        (facts["plan_done"], Finding("plans", "risk" if facts["plan_done"] and facts["plan_done"].high < 0.8 else "caveat")),
        (facts["lowest_group"], Finding("lowest", "risk")),
        (facts["highest_group"] and not facts["lowest_group"], Finding("highest", "strength")),
        (ratio, Finding(ratio or "ratio_alike", "caveat")),
        (facts["split_first"], Finding("split", "caveat")),
        (facts["return_30"] is None, Finding("short_history", "not_answered")),
        (groups is None, Finding("no_groups", "not_answered")),
        (facts["courses_started"] is None, Finding("no_courses", "not_answered")),
        (not has_plans, Finding("no_plans", "not_answered")),
        (has_plans and facts["plans"] is None, Finding("few_plans", "not_answered")),
        (not has_money, Finding("no_money", "not_answered")),
    )
    return tuple(finding for applies, finding in told if applies)


def _moved(latest: Estimate | None, earlier: Estimate | None) -> str | None:
    """Whether the newest quarter's patients come again more or less often than those before, by more than chance."""
    if latest is None or earlier is None or abs(latest.value - earlier.value) <= ALIKE * earlier.value:
        return None
    return "latest_more" if latest.low > earlier.high else "latest_fewer" if latest.high < earlier.low else None


def _ratio(period: Estimate, cohort: Estimate, inflow: Estimate) -> str:
    """Which of two causes sets the period's repeats apart from the cohort's: the inflow, or patients who come otherwise now."""
    by_inflow, by_patients = inflow.value / cohort.value - 1, period.value / inflow.value - 1 if inflow.value > 0 else 0.0
    if max(abs(by_inflow), abs(by_patients)) < ALIKE:
        return "ratio_alike"
    if abs(by_patients) > abs(by_inflow):
        return "ratio_more" if period.low > inflow.high else "ratio_fewer" if period.high < inflow.low else "ratio_unsure"
    return "ratio_growing" if by_inflow < 0 else "ratio_shrinking"


def returns(result: RetentionResult, labels: Labels) -> Figure | None:
    """Who came again, by quarter of the first visit and quarter after it."""
    frame = result.cohorts
    if frame is None:
        return None
    return cohorts(
        frame, "returned", row=labels.cohort, text=lambda v: labels.number(round(v, 2), "share"), x_label=labels["x"],
        hatched_text=labels["hatched"],
    )


def who_returns(result: RetentionResult, labels: Labels) -> Figure | None:
    """Second visit within 90 days by channel and diagnosis, against all."""
    frame, centre = result.groups, result.return_90
    if frame is None or centre is None:
        return None
    frame = frame[(frame["part"] != "doctor") & (frame["group"] != REST)].dropna(subset=["return_90"])
    frame = frame.sort_values(["n", "group"], ascending=[False, True], kind="stable").head(MOST_GROUPS).sort_values(["part", "return_90", "group"], ascending=[False, False, True], kind="stable")
    if len(frame) < 2:
        return None
    names = [labels.text(row.part, name=labels.value("group", row.group)) for row in frame.itertuples()]
    return dots(
        names, frame["return_90"], frame["return_90_low"], frame["return_90_high"],
        marked=list(frame["reading"] == "fewer"), centre=(centre.value, centre.low, centre.high), centre_text=labels.text("centre", centre=labels.number(centre)), x=labels["x"],
        number=lambda v: labels.number(v, "share"), height=max(40.0, 15 + 3.2 * len(frame)),
    )


def courses(result: RetentionResult, labels: Labels) -> Figure | None:
    """Courses that reached each step, and the share of them that stopped there."""
    frame = result.steps
    if frame is None or len(frame) < 2:
        return None
    stopped = (1 - frame["goes_on"]) * frame["reached"]
    return columns(
        frame["reached"], stopped, names=[labels.number(step, "count") for step in frame["step"]],
        texts=[labels.number(round(1 - share, 2), "share") for share in frame["goes_on"]],
        accent=list(frame["step"] == result.weak_step), key=labels["key"], x_label=labels["x"],
        tick=lambda v: labels.number(v, "count"), width=theme.HALF, height=42.0,
    )
