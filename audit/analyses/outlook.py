"""Visits ahead: how many visits and how much money the known patients will still bring, and whether a model may say so.

Question   How many visits and how much money will the known patients still bring, and may a model say so?
Method     BG/NBD, MBG/NBD and Pareto/NBD with Gamma-Gamma (Fader & Hardie) on visit-days, or on episodes of care
           where visits are clumped; the family nearest to held-out months speaks, if it is near enough. When none
           is: the counted share of patients who came again after so many months of silence.
Reads      first_visits, patient_days; charges for money, campaign_members to leave out whom a campaign called.
Cannot say Anything about patients registered before the records begin; what a recall would change. Who was called in
           the held-out months is watched until the call; calls before them are part of what was known.
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
from audit.models import repeat_visits
from audit.models.histories import Histories
from audit.models.outlook import Base, Outlook, outlook
from audit.models.proportions import wilson
from audit.models.repeat_visits import GATES, Check, Held
from audit.plots import theme
from audit.plots.calibration import calibration as draw_calibration
from audit.plots.heatmap import heatmap
from audit.plots.reliability import reliability
from audit.results import Estimate, Finding, Measure, Result, Sentence, exact, table
from audit.tables import repeat_histories as engine
from audit.tables.new_patients import EPOCH, new_patients
from audit.wording import Labels

FIGURES = ("again", "calibration", "returns")
YEAR = 365
MOST_VISITS, MOST_MONTHS = 8, 24
STEP_MONTHS = 2
SILENT_MONTHS = 6
SHOWN_PATIENTS = 8

CHANCE_OFF, ASTRAY_OFF = 0.05, 0.10
"""Up to so much chances are off on average, and returns are foretold of the wrong patients, they are said to have come true."""


class OutlookParams(Params):
    """Settings of the visits ahead."""

    episode_days: int = Field(30, ge=7, le=90, description="longest gap between visits of one episode of care, days")
    again_days: int = Field(90, ge=30, le=360, multiple_of=30, description="days within which a return is counted in the counted shares")
    fewest_cases: int = Field(30, ge=8, description="cases below which no counted share is printed")


@dataclass(frozen=True, kw_only=True)
class OutlookResult(Result):
    """The verdict on models of repeat visits, and what the one that passed says of the coming year.

    ``gate`` is ok, weak, rejected or not_enough_data; only after ok and weak are ``expected_…``, ``still_active``
    and the numbers of ``patients`` given. ``unit`` is what the models count: visit (a day with a visit) or
    episode. ``misfit`` is the share of held-out visits foretold of patients with the wrong past frequency,
    ``astray`` that of patients who came foretold of those with the wrong chance, beyond luck. ``grid`` holds
    chances of the coming year by a model that may speak, else (``grid_counted``) counted shares of patients who
    came again within ``again_days`` of such a moment.
    """

    gate: str
    model: str | None
    unit: str
    known_patients: int
    holdout_error: Estimate | None
    holdout_weeks: int | None
    misfit: Estimate | None
    astray: Estimate | None
    chance_error: Estimate | None
    visits_per_episode: Estimate | None
    expected_visits: Estimate | None
    expected_revenue: Estimate | None
    still_active: Estimate | None
    again_fresh: Estimate | None
    again_silent: Estimate | None
    again_days: int
    grid_counted: int
    silence_falls: int
    grid: pd.DataFrame | None = table(
        Measure("visits", "count"), Measure("months", "count"), Measure("patients", "count", people=True),
        Measure("chance", "share"),
    )
    calibration: pd.DataFrame | None = table(
        Measure("month", "date"), Measure("counted", "count"), Measure("model", "count", interval=True),
        Measure("held_out", "flag"),
    )
    by_frequency: pd.DataFrame | None = table(
        Measure("repeats", "count"), Measure("patients", "count", people=True), Measure("predicted", "count"),
        Measure("counted", "count"),
    )
    chances: pd.DataFrame | None = table(
        Measure("patients", "count", people=True), Measure("predicted", "share"), Measure("seen", "share", interval=True),
    )
    families: pd.DataFrame | None = table(
        Measure("family", "label"), Measure("unit", "label"), Measure("predicted", "count", shown=False),
        Measure("counted", "count", shown=False), Measure("error", "share"), Measure("misfit", "share"),
        Measure("astray", "share"), Measure("verdict", "label"), Measure("kept", "flag", shown=False),
    )
    patients: pd.DataFrame | None = table(
        Measure("patient_id", "id", shown=False), Measure("alive", "share", shown=False),
        Measure("expected_visits", "number", shown=False), Measure("expected_value", "currency", shown=False),
    )


@dataclass(frozen=True)
class _Tried:
    """The hold-out in one unit; ``split`` is the first held-out day, ``starts`` the repeat transactions by day."""

    unit: str
    days: Table
    check: Check
    held: Held | None = None
    starts: pd.DataFrame | None = None


def analyse(
    first_visits: Table, patient_days: Table, charges: Table | None, campaign_members: Table | None, *, period: Period,
    params: OutlookParams,
) -> OutlookResult:
    """Try the models on what is known to have come; let the best speak if it may, and count in any case."""
    new, end = new_patients(first_visits), (period.end - EPOCH).days
    people = new.filter(new["first"] < end).select("owner", "patient_id", "first").order_by("owner").to_pandas()
    if people.empty:
        raise NotAnswerable("no_new_patients", verdict="not_enough_data")
    edges = _months(people, period)
    split = repeat_visits.split_day(start=int(people["first"].min()), end=end, splits=edges[:-1])
    contacts = _contacts(campaign_members, new)
    tried = _tries(patient_days, new, contacts, split, period, params)
    best = min(tried, key=lambda one: (GATES.index(one.check.gate), *(one.check.kept.place if one.check.kept else ())))
    known = _known(best, end)
    found = outlook(best.check, known, weeks=YEAR / 7, level=params.level, seed=params.seed)
    has_money = charges is not None and bool(known.paid.sum() > 0)
    facts = _verdict(best, split, end, found) | _ahead(best, found, known, has_money, params)
    counted, again, falls = _counted_grid(tried[0].days, contacts, end, params)
    if counted is None and found is None:
        raise NotAnswerable("too_few", verdict="not_enough_data", values={"patients": len(people)})
    facts |= again | {"known_patients": len(people), "again_days": params.again_days, "grid_counted": int(found is None)}
    facts |= {"silence_falls": int(falls)}
    ok = facts["gate"] == "ok"
    return OutlookResult(
        grade="B" if found and ok else "C" if found else "A",
        headline=next((name for name in ("expected_revenue", "expected_visits", "again_fresh") if facts[name]), None),
        says=_says(facts), findings=_findings(facts, best, has_money),
        **facts, grid=counted if found is None else _grid(best, found, end), calibration=_calibration(best, people, edges, split, params),
        by_frequency=_by_frequency(best.check), chances=_chances(best, params), families=_families(tried, best),
        patients=_patients(people, best, found, has_money, end),
    )


def _months(people: pd.DataFrame, period: Period) -> np.ndarray:
    """First days of the months from the first new patient on, and the cut-off, as numbers."""
    start = (pd.Timestamp(EPOCH) + timedelta(days=int(people["first"].min()))).to_period("M").start_time
    months = pd.date_range(start, period.end - timedelta(days=1), freq="MS")
    return np.array([(day.date() - EPOCH).days for day in (*months, pd.Timestamp(period.end))])


# ---------------------------------------------------------------- the hold-out
def _tries(
    patient_days: Table, new: Table, contacts: Table | None, split: int | None, period: Period, params: OutlookParams
) -> list[_Tried]:
    """Visit-days, and episodes too where visits are clumped and visit-days did not pass."""
    days = engine.transactions(patient_days, new, end=period.end)
    first = _try("visit", days, contacts, split, period, params)
    if split is None or first.check.gate not in ("weak", "rejected") or not _clumped(first, split, params):
        return [first]
    episodes = engine.transactions(patient_days, new, end=period.end, gap_days=params.episode_days)
    return [first, _try("episode", episodes, contacts, split, period, params)]


def _try(
    unit: str, days: Table, contacts: Table | None, split: int | None, period: Period, params: OutlookParams
) -> _Tried:
    """The hold-out; who was called in it is watched until then. Earlier calls are part of what was known."""
    if split is None:
        return _Tried(unit, days, Check("not_enough_data"))
    end = (period.end - EPOCH).days
    rows = engine.histories(days, contacts, at=split, end=end)
    cells, frame = engine.cells(rows).to_pandas(), rows.order_by("owner").to_pandas()
    starts = engine.starts_by_day(days, rows, known_before=split).to_pandas()
    before = starts[starts["day"] < split]
    held = Held(
        cells=_histories(cells), known=_in_weeks(frame), later=frame["later"].to_numpy(np.int64), weeks=(end - split) / 7,
        curve=repeat_visits.cohort_curve(
            age=before["age_days"] / 7, count=before["count"], watched=frame["age_days"] / 7),
        each=float(frame["visits"].sum() / max(frame["frequency"].sum(), 1)), later_visits=int(frame["later_visits"].sum()),
        called=_called(frame, end),
    )
    gap = engine.clumping(days, at=split).to_pandas()["median_gap"][0]
    gap = np.inf if pd.isna(gap) else float(gap) / 7
    return _Tried(unit, days, repeat_visits.hold_out(held, median_gap=gap, seed=params.seed), held, starts)


def _called(frame: pd.DataFrame, end: int) -> repeat_visits.Called | None:
    """Who was called in the held-out weeks, and what was known of them on that day."""
    stopped = frame["stop"].to_numpy(np.int64) < end
    then = frame[stopped]
    if then.empty:
        return None
    known = Histories.of(then["stop_frequency"], then["stop_recency_days"] / 7, (then["stop"] - then["first"]) / 7)
    return repeat_visits.Called(np.flatnonzero(stopped), known, (end - then["stop"].to_numpy(float)) / 7)


def _clumped(tried: _Tried, split: int, params: OutlookParams) -> bool:
    assert tried.held is not None
    facts = engine.clumping(tried.days, at=split).to_pandas().fillna(0).iloc[0]
    early = float(facts["early_gap"]) or np.inf
    return repeat_visits.is_clumped(
        tried.check, tried.held.known.age, early_gap=early, months=int(facts["months"]), visits=int(facts["visits"]),
        squares=int(facts["squares"]), seed=params.seed,
    )


def _histories(cells: pd.DataFrame) -> Histories:
    return Histories.of(cells["frequency"], cells["recency"], cells["age"], cells["weight"])


def _in_weeks(frame: pd.DataFrame) -> Histories:
    return Histories.of(frame["frequency"], frame["recency_days"] / 7, frame["age_days"] / 7)


def _verdict(best: _Tried, split: int | None, end: int, found: Outlook | None) -> dict[str, Any]:
    """The gate, and by how much the best family missed; rejected when it does not converge on all data."""
    check, kept = best.check, best.check.kept
    facts: dict[str, Any] = dict.fromkeys(("model", "holdout_error", "holdout_weeks", "misfit", "astray"))
    facts |= {"unit": best.unit, "gate": "rejected" if check.gate in ("ok", "weak") and found is None else check.gate}
    if split is not None and check.gate != "not_enough_data":
        facts["holdout_weeks"] = round((end - split) / 7)
    if kept is not None:
        facts |= {"model": kept.family, "holdout_error": exact(kept.error, "share", check.patients),
                  "misfit": exact(kept.misfit, "share", check.patients), "astray": exact(kept.astray, "share", check.patients)}
    return facts


# ---------------------------------------------------------------- the coming year
def _known(best: _Tried, end: int) -> Base:
    rows = engine.histories(best.days, at=end, end=end)
    cells, frame = engine.cells(rows).to_pandas(), rows.order_by("owner").to_pandas()
    return Base(_histories(cells), _in_weeks(frame), frame["visits"].to_numpy(float), frame["paid"].to_numpy(float))


def _ahead(
    best: _Tried, found: Outlook | None, known: Base, has_money: bool, params: OutlookParams
) -> dict[str, Estimate | None]:
    facts: dict[str, Estimate | None] = dict.fromkeys(
        ("expected_visits", "expected_revenue", "still_active", "visits_per_episode", "chance_error"))
    repeats, n = known.known.frequency.sum(), known.known.patients
    if best.unit == "episode" and repeats:
        facts["visits_per_episode"] = exact(known.visits.sum() / repeats, "number", n)
    if best.check.kept is not None and best.held is not None:
        told = repeat_visits.chances(best.check.kept.fit, best.held, level=params.level)
        facts["chance_error"] = exact(told.error, "share", best.check.patients)
    if found is None:
        return facts
    ok = best.check.gate == "ok"
    rest: Any = (n, params.level, "B" if ok else "C", "identified" if ok else "weak")
    facts["expected_visits"] = Estimate(*found.visits, "count", *rest)
    come, least, most = (part / n for part in found.active)
    facts["still_active"] = Estimate(come, least, most, "share", *rest)
    if has_money:
        facts["expected_revenue"] = Estimate(*found.money, "currency", *rest)
    return facts


def _grid(best: _Tried, found: Outlook, end: int) -> pd.DataFrame:
    """Mean chance to come in the coming year by repeat transactions so far and months of silence."""
    frame = engine.histories(best.days, at=end, end=end).order_by("owner").to_pandas().assign(chance=found.returns)
    frame = frame[frame["frequency"] > 0]
    keys = [np.minimum(frame["frequency"], MOST_VISITS).rename("visits"),
            (frame["silent_days"] // engine.MONTH_DAYS // STEP_MONTHS * STEP_MONTHS).rename("months")]
    grid = frame.groupby(keys)["chance"].agg(["size", "mean"]).reset_index()
    grid.columns = pd.Index([measure.name for measure in OutlookResult.measures("grid")])
    return grid[(grid["patients"] >= SHOWN_PATIENTS) & (grid["months"] < MOST_MONTHS)].reset_index(drop=True)


def _contacts(campaign_members: Table | None, new: Table) -> Table | None:
    """First days of campaigns for those called by them, by owner."""
    if campaign_members is None:
        return None
    called = campaign_members.filter(_.group == "called").inner_join(new.select("patient_id", "owner"), "patient_id")
    return called.select("owner", contact=_.contacted_on.delta(ibis.date(EPOCH), unit="day"))


def _counted_grid(
    days: Table, contacts: Table | None, end: int, params: OutlookParams
) -> tuple[pd.DataFrame | None, dict[str, Estimate | None], bool]:
    """Who came again unasked within ``again_days`` of a moment, by visits so far and months of silence at that moment.

    Also whether the share never rises from a shorter silence to a longer one by more than chance.
    """
    seen, reach = (
        part.to_pandas() for part in engine.moments(
            days, contacts, end=end, within_days=params.again_days, most_visits=MOST_VISITS, most_months=MOST_MONTHS - 1)
    )
    ahead = params.again_days / engine.MONTH_DAYS
    rows, persons = [], {}
    for month in range(MOST_MONTHS):
        here = seen[(seen["until"] > month) & (seen["watched"] >= month)]
        came = here.loc[here["until"] <= month + ahead].groupby("visits")["count"].sum()
        people = reach[reach["reach"] >= month].groupby("visits")["count"].sum()
        persons[month] = int(people.get(0, 0))
        rows += [(k, month, int(people[k]), int(n), int(came.get(k, 0))) for k, n in here.groupby("visits")["count"].sum().items()]
    cases = pd.DataFrame(rows, columns=["visits", "month", "patients", "cases", "came"])
    again = {"again_fresh": _share(cases[cases["month"] == 0], persons[0], params),
             "again_silent": _share(cases[cases["month"] == SILENT_MONTHS], persons[SILENT_MONTHS], params)}
    shares = [share for month in range(MOST_MONTHS) if (share := _share(cases[cases["month"] == month], persons[month], params))]
    falls = len(shares) > 1 and shares[-1].value < shares[0].value and all(late.low <= early.high for k, early in enumerate(shares) for late in shares[k + 1 :])
    cases["months"] = cases["month"] // STEP_MONTHS * STEP_MONTHS
    # two months of one patient are one patient: the earlier month holds the most of them
    grid = cases.groupby(["visits", "months"]).agg(patients=("patients", "max"), cases=("cases", "sum"), came=("came", "sum"))
    grid = grid[(grid["patients"] >= SHOWN_PATIENTS) & (grid["cases"] >= params.fewest_cases)].reset_index()
    if grid.empty or again["again_fresh"] is None:
        return None, again, falls
    return grid.assign(chance=grid["came"] / grid["cases"])[["visits", "months", "patients", "chance"]], again, falls


def _share(cases: pd.DataFrame, persons: int, params: OutlookParams) -> Estimate | None:
    """Share of cases that came again; interval by ``persons``, because the cases of one person go together."""
    if persons < params.fewest_cases or not len(cases) or not cases["cases"].sum():
        return None
    share = float(cases["came"].sum() / cases["cases"].sum())
    low, high = wilson(share * persons, persons, params.level)
    return Estimate(share, min(float(low), share), max(float(high), share), "share", persons, params.level)


# ---------------------------------------------------------------- tables
def _calibration(
    best: _Tried, people: pd.DataFrame, edges: np.ndarray, split: int | None, params: OutlookParams
) -> pd.DataFrame | None:
    kept, held, starts = best.check.kept, best.held, best.starts
    if kept is None or held is None or starts is None or split is None:
        return None
    first = people["first"].to_numpy(np.int64)
    columns = repeat_visits.monthly(
        kept.fit, held, first=first[first < split], day=starts["day"], count=starts["count"], split=split,
        edges=edges, level=params.level, seed=params.seed,
    )
    names = [name for measure in OutlookResult.measures("calibration") for name in measure.names]
    months = [EPOCH + timedelta(days=int(day)) for day in edges[:-1]]
    return pd.DataFrame(dict(zip(names, (months, *columns, edges[:-1] >= split), strict=True)))


def _by_frequency(check: Check) -> pd.DataFrame | None:
    if check.kept is None:
        return None
    patients, predicted, counted = check.kept.by_frequency
    return pd.DataFrame({"repeats": np.arange(len(patients)), "patients": patients.astype(int),
                         "predicted": predicted, "counted": counted.astype(int)})


def _chances(best: _Tried, params: OutlookParams) -> pd.DataFrame | None:
    if best.check.kept is None or best.held is None:
        return None
    c = repeat_visits.chances(best.check.kept.fit, best.held, level=params.level)
    names = [name for measure in OutlookResult.measures("chances") for name in measure.names]
    return pd.DataFrame(dict(zip(names, (c.patients, c.predicted, c.seen, c.low, c.high), strict=True)))


def _families(tried: list[_Tried], best: _Tried) -> pd.DataFrame | None:
    rows: list[tuple[Any, ...]] = []
    for one in tried:
        rows += [
            (t.family, one.unit, t.predicted, t.counted, t.error, t.misfit, t.astray, t.gate, one is best and t is one.check.kept)
            for t in one.check.trials
        ]
        rows += [
            (rule.name, one.unit, rule.predicted, one.check.counted, rule.predicted / one.check.counted - 1, rule.misfit, np.nan, "rule", False)
            for rule in one.check.rules
        ]
    columns = [measure.name for measure in OutlookResult.measures("families")]
    return pd.DataFrame(rows, columns=columns) if rows else None


def _patients(people: pd.DataFrame, best: _Tried, found: Outlook | None, has_money: bool, end: int) -> pd.DataFrame:
    nothing = np.full(len(people), np.nan)
    columns = (nothing,) * 3 if found is None else (found.alive, found.expected_visits, found.expected_money if has_money else nothing)
    names = [measure.name for measure in OutlookResult.measures("patients")]
    frame = pd.DataFrame(dict(zip(names, (people["patient_id"].to_numpy(), *columns), strict=True)))
    return frame.sort_values("patient_id").reset_index(drop=True)


# ---------------------------------------------------------------- what is said
def _says(facts: Mapping[str, Any]) -> dict[str, Sentence]:
    speaks = facts["expected_visits"] is not None
    title = ("revenue" if facts["expected_revenue"] else "visits") if speaks else "counted" if facts["again_silent"] and facts["silence_falls"] else "fresh"
    counted = "chance" if speaks else "counted"
    fewer = facts["silence_falls"] and facts["again_silent"] and facts["again_silent"].high < facts["again_fresh"].low
    chance, astray = facts["chance_error"], facts["astray"]
    came_true = chance and chance.value <= CHANCE_OFF and astray and astray.value <= ASTRAY_OFF
    return {
        "title": Sentence(title), "lede": Sentence(facts["gate"] if speaks or facts["gate"] == "not_enough_data" else "rejected"),
        "figures.again.title": Sentence(counted if speaks or fewer else "untold"), "figures.again.subtitle": Sentence(counted),
        "figures.calibration.title": Sentence(facts["gate"]),
        "figures.returns.title": Sentence("kept" if came_true else "missed"),
        "notes.how": Sentence(counted),
    }


def _findings(facts: Mapping[str, Any], best: _Tried, has_money: bool) -> tuple[Finding, ...]:
    gate, speaks = facts["gate"], facts["expected_visits"] is not None
    kept = best.check.kept
    off = kept is not None and best.check.gate == "rejected"
    told = (
        (gate == "ok" and facts["expected_revenue"], Finding("ahead", "strength")),
        (gate == "weak", Finding("model_weak", "caveat")),
        (gate == "rejected" and off, Finding("model_rejected", "caveat")),
        (gate == "rejected" and not off, Finding("model_failed", "caveat")),
        (speaks and best.unit == "episode", Finding("episodes", "caveat")),
        (facts["again_silent"] and facts["again_fresh"], Finding("silence" if facts["silence_falls"] else "silence_turns", "opportunity" if facts["silence_falls"] else "caveat")),
        (gate == "not_enough_data", Finding("short_history", "not_answered")),
        (speaks and not has_money, Finding("no_money", "not_answered")),
    )
    return tuple(finding for applies, finding in told if applies)


# ---------------------------------------------------------------- figures
def again(result: OutlookResult, labels: Labels) -> Figure | None:
    """The chance to come again by visits so far and months of silence."""
    frame = result.grid
    if frame is None or frame["visits"].isna().all():
        return None
    shares = frame.dropna().pivot(index="months", columns="visits", values="chance")
    shares = shares.reindex(range(0, int(shares.index.max()) + 1, STEP_MONTHS)).sort_index(axis=1)
    rows = [labels.text("months", first=str(int(m)), last=str(int(m) + STEP_MONTHS - 1)) for m in shares.index]
    columns = [f"{int(k)}+" if k == MOST_VISITS else str(int(k)) for k in shares.columns]
    return heatmap(
        shares.to_numpy(), rows=rows, columns=columns, text=lambda v: labels.number(round(v, 2), "share"), blank="",
        most=max(0.5, float(np.nanmax(shares.to_numpy()))), width=theme.HALF, height=max(34.0, 12 + 4.2 * len(rows)),
        x_label=labels["counted" if result.grid_counted else "model"], y_label=labels["y"],
    )


def calibration(result: OutlookResult, labels: Labels) -> Figure | None:
    """Counted repeat visits per month against the model."""
    frame = result.calibration
    if frame is None:
        return None
    return draw_calibration(
        list(frame["month"]), frame["counted"], frame["model"], frame["model_low"], frame["model_high"],
        held_out=frame["held_out"], month=labels.month, number=lambda v: labels.number(v, "count"),
        y=labels["episodes" if result.unit == "episode" else "visits"], counted_text=labels["counted"],
        model_text=labels["model"], held_out_text=labels["held_out"],
    )


def returns(result: OutlookResult, labels: Labels) -> Figure | None:
    """Who came in the held-out weeks against the chance the model gave."""
    frame = result.chances
    if frame is None or frame["patients"].isna().all():
        return None
    frame = frame.dropna()
    return reliability(
        frame["predicted"], frame["seen"], frame["seen_low"], frame["seen_high"],
        number=lambda v: labels.number(v, "share"), x=labels["x"], y=labels["y"], agree=labels["agree"], off=labels["missed"],
    )
