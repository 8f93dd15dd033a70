"""Funnel: where people are lost between their first contact and a second visit.

Question   Where and why are people lost, and which step first?
Method     Counts of one cohort (people who got in touch in the period), a step being reached by everybody
           who reached a later one; Wilson intervals; money by draws of shares and of a first patient's
           value; LMDI (Ang 2004) for the change; hours with more missed calls by Fisher's exact test.
Reads      appointments, first visits; enquiries, opportunities, site traffic, patient days, the value of a
           patient and the load of rooms if there are any.
Cannot say Why somebody did not book unless calls were tagged; what people who never called wanted. That
           those who come again bring more is an association: they were also the ones who needed more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from ibis.expr.types import Table
from matplotlib.figure import Figure
from pydantic import Field

from audit.analyses.capacity import CapacityResult
from audit.analyses.clv import ClvResult
from audit.config import Days, Params, Period
from audit.errors import NotAnswerable
from audit.models.chain import Chain, chain, worst_step
from audit.models.counted import mean_difference, money_per, per_month, share, three
from audit.models.factors import lmdi
from audit.models.lag import unseen_share
from audit.models.missed_calls import EVERY_DAY, by_hour, lossy_hours, worst_run
from audit.models.proportions import multinomial
from audit.plots import columns
from audit.plots import stages as stage_bars
from audit.results import Estimate, Finding, Measure, Result, Sentence, exact, table
from audit.tables import contacts
from audit.tables.contacts import Reached
from audit.wording import Labels

FIGURES = ("stages", "missed")
HURTS = {"answered": "not_answered", "booked": "no_booking", "came": "no_show", "again": "no_return"}
VALUE_DAYS = (365, 180, 90)
JOURNEY = ("need", "search", "call", "first_visit", "second_visit", "treatment", "recommends")


class FunnelParams(Params):
    """Settings of the analysis."""

    return_days: int = Field(90, ge=7, le=365, description="a second visit within these days counts as coming again")
    value_days: int = Field(365, ge=90, description="horizon over which coming again is valued")
    full_load: float = Field(0.95, gt=0, le=1, description="room load from which more first visits need more room")
    shape_days: int = Field(182, ge=28, description="days over which hours with many missed calls are sought")
    fewest: int = Field(30, ge=8, description="cases below which a step is not judged")


@dataclass(frozen=True, kw_only=True)
class FunnelResult(Result):
    """Counts are per month of the period; a share is of the people who reached the step before."""

    visitors: Estimate | None
    enquiries: Estimate | None
    callers: Estimate | None
    first_visits: Estimate
    lost: Estimate | None
    missed_share: Estimate | None
    missed_share_before: Estimate | None
    answered_share: Estimate | None
    answered_share_before: Estimate | None
    booked_share: Estimate | None
    booked_share_before: Estimate | None
    came_share: Estimate | None
    came_share_before: Estimate | None
    return_share: Estimate | None
    return_share_before: Estimate | None
    visit_share: Estimate | None
    visit_share_before: Estimate | None
    no_show_share: Estimate | None
    unseen: Estimate | None
    unlinked_share: Estimate | None
    first_value: Estimate | None
    value_days: int | None
    return_value: Estimate | None
    worst: str | None
    return_from: date | None
    return_to: date | None
    stages: pd.DataFrame = table(
        Measure("stage", "label"), Measure("per_month", "count"), Measure("share", "share", interval=True, form="bar"),
        Measure("share_before", "share"), Measure("lost", "count"), Measure("lost_money", "currency", interval=True),
        Measure("n", "count", people=True, shown=False), Measure("n_lost", "count", people=True, shown=False),
    )
    worth: pd.DataFrame = table(
        Measure("stage", "label"), Measure("share", "share"), Measure("point_people", "number", interval=True),
        Measure("point_money", "currency", interval=True, form="line"), Measure("n", "count", shown=False),
    )
    change: pd.DataFrame | None = table(
        Measure("stage", "label"), Measure("before", "number"), Measure("now", "number"), Measure("first_visits", "number"),
    )
    missed_by_hour: pd.DataFrame | None = table(
        Measure("hour", "label"), Measure("calls", "count"), Measure("missed", "count"),
        Measure("share", "share", interval=True, form="bar"), Measure("is_peak", "flag"), Measure("n", "count", shown=False),
    )
    peaks: pd.DataFrame | None = table(
        Measure("weekday", "label"), Measure("from_hour", "label"), Measure("to_hour", "label"), Measure("calls", "count"),
        Measure("missed", "count"), Measure("share", "share", interval=True, form="bar"), Measure("n", "count", shown=False),
    )
    reasons: pd.DataFrame | None = table(
        Measure("reason", "label"), Measure("share", "share", interval=True, form="bar"),
        Measure("n", "count", people=True),
    )
    journey: pd.DataFrame = table(
        Measure("stage", "label"), Measure("per_month", "count"), Measure("share", "share", interval=True),
        Measure("hurts", "label"), Measure("cost", "currency", interval=True), Measure("n", "count", people=True, shown=False),
    )


def analyse(
    appointments: Table, first_visits: Table, patient_days: Table | None, opportunities: Table | None,
    enquiries: Table | None, site_traffic: Table | None, capacity: CapacityResult | None, clv: ClvResult | None,
    *, period: Period, params: FunnelParams,
) -> FunnelResult:
    """Follow those who got in touch now and before; without enquiries, those who booked."""
    now, past = period.present, period.past
    steps = contacts.measured_steps(opportunities, params.fewest) if opportunities is not None else ()
    calls = opportunities if opportunities is not None and steps else None
    cohort = contacts.reached(calls, steps, now) if calls is not None else contacts.diary(appointments, now)
    before = None if past is None else (
        contacts.reached(calls, steps, past) if calls is not None else contacts.diary(appointments, past)
    )
    if not cohort.counts[0]:
        raise NotAnswerable("nobody", verdict="not_enough_data")
    value, value_days = _first_value(clv) if calls is not None else (_visit_value(patient_days, now, params), None)
    parts = chain(
        cohort.counts, per=now.months, level=params.level, seed=params.seed, value=three(value) if value else None,
        value_level=params.level,
    )
    back, back_before = (_return(first_visits, days, period, params) for days in (now, past))
    back_value = _return_value(first_visits, patient_days, period, params)
    missed = _missed(enquiries, now, past, period, params)
    upstream = _upstream(enquiries, site_traffic, now)
    worst = worst_step(cohort.counts, level=params.level, fewest=params.fewest)
    n_new = contacts.new_patients(first_visits, now)
    no_show = contacts.missed_appointments(appointments, now)
    facts: dict[str, Any] = {
        **upstream, **missed["scalars"], **_shares(cohort, "", params), **_shares(before, "_before", params),
        "callers": per_month(cohort.counts[0], now.months) if calls is not None else None, "first_visits": per_month(n_new, now.months),
        "lost": per_month(cohort.counts[0] - cohort.counts[-1], now.months), "worst": cohort.steps[worst + 1] if worst is not None else None,
        "return_share": back.get("share"), "return_from": back.get("from"), "return_to": back.get("to"),
        "return_share_before": back_before.get("share"), "return_value": back_value,
        "no_show_share": share(*no_show, params.level) if no_show[0] else None,
        "unseen": _unseen(calls, now, period) if "came" in steps else None,
        "unlinked_share": share(contacts.unlinked(first_visits, calls, now), n_new, params.level) if "came" in steps else None,
        "first_value": value, "value_days": value_days,
    }
    stages = _stages(cohort, before, parts, facts, now, params)
    tables: dict[str, Any] = {
        "stages": stages, "worth": _worth(cohort, parts, facts, now, params), "change": _change(cohort, before, now, past),
        "missed_by_hour": missed["hours"], "peaks": missed["peaks"], "journey": _journey(stages, facts),
        "reasons": _reasons(calls, period, params) if "booked" in steps else None,
    }
    return FunnelResult(
        grade="A", headline="visit_share" if facts["visit_share"] else "came_share" if facts["came_share"] else None,
        findings=_findings(facts, tables, cohort, missed["calls"], capacity, params), says=_says(facts, tables, cohort, params),
        **facts, **tables,
    )


# ---------------------------------------------------------------------- shares and values
def _shares(cohort: Reached | None, suffix: str, params: FunnelParams) -> dict[str, Estimate | None]:
    """Share of each step among those who reached the step before, and of the whole way."""
    steps, counts = (cohort.steps, cohort.counts) if cohort is not None else ((), ())
    found = {step: share(counts[i], counts[i - 1], params.level) for i, step in enumerate(steps) if i}
    shares = {f"{step}_share{suffix}": found.get(step) for step in ("answered", "booked", "came")}
    whole = bool(steps) and steps[0] == "callers" and steps[-1] == "came"
    return shares | {f"visit_share{suffix}": share(counts[-1], counts[0], params.level) if whole else None}


def _upstream(enquiries: Table | None, site_traffic: Table | None, days: Days) -> dict[str, Estimate | None]:
    """Contacts before people are told apart: visitors of the site, calls and requests."""
    seen = contacts.visitors(site_traffic, days) if site_traffic is not None else 0.0
    came_in = contacts.incoming(enquiries, days) if enquiries is not None else 0
    return {"visitors": per_month(seen, days.months) if seen else None, "enquiries": per_month(came_in, days.months) if came_in else None}


def _return(first_visits: Table, days: Days | None, period: Period, params: FunnelParams) -> dict[str, Any]:
    """Came again in time, of new patients watched so long: those of ``days``, else the last such ones before."""
    if days is None:
        return {}
    last = min(days.end, period.end - timedelta(days=params.return_days))
    start = days.start if last == days.end else last - timedelta(days=max(days.days, params.return_days))
    if start < period.start:
        return {}
    back, n = contacts.came_again(first_visits, Days(start=start, end=last), params.return_days)
    return {"share": share(back, n, params.level), "from": start, "to": last - timedelta(days=1)} if n >= params.fewest else {}


def _return_value(
    first_visits: Table, patient_days: Table | None, period: Period, params: FunnelParams
) -> Estimate | None:
    """What those who come again bring more than the others after the first day, outside surgery, to the horizon."""
    if patient_days is None:
        return None
    since = max(period.start, period.end - timedelta(days=2 * params.value_days))
    rows = contacts.later_revenue(first_visits, patient_days, since, params.return_days, params.value_days)
    back = rows.came_again.to_numpy(dtype=bool)
    amounts = rows.revenue[back].to_numpy(float), rows.revenue[~back].to_numpy(float)
    if min(len(part) for part in amounts) < params.fewest or not amounts[0].any():
        return None
    return mean_difference(*amounts, params.level, params.seed)


def _first_value(clv: ClvResult | None) -> tuple[Estimate | None, int | None]:
    """Counted value of a first patient at the longest of the usual horizons that is known, and its days."""
    for days in VALUE_DAYS if clv is not None else ():
        if getattr(clv, f"value_{days}") is not None:
            return getattr(clv, f"value_{days}"), days
    return None, None


def _visit_value(patient_days: Table | None, days: Days, params: FunnelParams) -> Estimate | None:
    """Money per visit, for clinics whose funnel begins with the appointment."""
    if patient_days is None:
        return None
    daily = contacts.daily_takings(patient_days, days)
    return money_per(daily.revenue, daily.visits, params.level, params.seed)


def _unseen(calls: Table, days: Days, period: Period) -> Estimate | None:
    """Share of these callers' first visits that are still to come."""
    lags, ages = contacts.visit_lags(calls), contacts.opened_ages(calls, days, period.end)
    still = unseen_share(lags.lag, lags.n, ages.age)
    return None if np.isnan(still).any() else exact(float(ages.n @ still / ages.n.sum()), "share", int(lags.n.sum()))


# ---------------------------------------------------------------------- missed calls
def _missed(
    enquiries: Table | None, now: Days, past: Days | None, period: Period, params: FunnelParams
) -> dict[str, Any]:
    """Missed calls: their share, by hour, and the hours that stand out. Nothing when none is ever recorded."""
    shares: dict[str, Estimate | None] = {"missed_share": None, "missed_share_before": None}
    if enquiries is None:
        return {"scalars": shares, "hours": None, "peaks": None, "calls": 0}
    cells = contacts.calls_by_hour(enquiries, now)
    ever = contacts.calls_by_hour(enquiries, Days(start=period.start, end=period.end)).missed.sum()
    if not ever or not cells.calls.sum():
        return {"scalars": shares, "hours": None, "peaks": None, "calls": int(cells.calls.sum())}
    shares["missed_share"] = share(cells.missed.sum(), cells.calls.sum(), params.level)
    if past is not None:
        earlier = contacts.calls_by_hour(enquiries, past)
        shares["missed_share_before"] = share(earlier.missed.sum(), earlier.calls.sum(), params.level)
    since = max(period.start, min(now.start, now.end - timedelta(days=params.shape_days)))
    shape = Days(start=since, end=now.end)
    lossy = lossy_hours(contacts.calls_by_hour(enquiries, shape), months=shape.months, level=params.level)
    hours = by_hour(cells, lossy, months=now.months, level=params.level)
    return {
        "scalars": shares, "hours": hours, "peaks": lossy if len(lossy) else None, "calls": int(cells.calls.sum()),
    }


# ---------------------------------------------------------------------- tables
def _stages(
    cohort: Reached, before: Reached | None, parts: Chain, facts: Mapping[str, Any], now: Days, params: FunnelParams
) -> pd.DataFrame:
    unknown = (np.nan,) * 3
    rows: list[list[Any]] = []
    if cohort.steps[0] == "callers":
        known = [(name, facts[name]) for name in ("visitors", "enquiries") if facts[name]]
        rows += [[name, e.value, *unknown, np.nan, np.nan, *unknown, e.n, 0] for name, e in known]
    rows.append([cohort.steps[0], cohort.counts[0] / now.months, *unknown, np.nan, np.nan, *unknown, cohort.counts[0], 0])
    for i, (step, n) in enumerate(zip(cohort.steps[1:], cohort.counts[1:], strict=True)):
        entered, earlier = cohort.counts[i], None
        if before is not None:
            earlier = share(before.counts[i + 1], before.counts[i], params.level)
        rows.append([
            step, n / now.months, *three(share(n, entered, params.level)), three(earlier)[0], parts.lost[i], *parts.lost_money[i],
            n, entered - n,
        ])
    back = facts["return_share"]
    if back and facts["visit_share"]:
        came = cohort.counts[-1]
        n = round(came * back.value)
        past_back = three(facts["return_share_before"])[0]
        rows.append(["again", n / now.months, *three(back), past_back, (came - n) / now.months, *unknown, n, came - n])
    return _frame("stages", rows)


def _worth(cohort: Reached, parts: Chain, facts: Mapping[str, Any], now: Days, params: FunnelParams) -> pd.DataFrame:
    rows: list[list[Any]] = [
        [step, parts.share[i], *parts.point_people[i], *parts.point_money[i], cohort.counts[i]]
        for i, step in enumerate(cohort.steps[1:]) if cohort.counts[i] >= params.fewest
    ]
    back, returns = facts["return_share"], 0.01 * cohort.counts[-1] / now.months
    if back and facts["visit_share"]:
        money = facts["return_value"].scaled(returns) if facts["return_value"] else None
        rows.append(["again", back.value, *[returns] * 3, *three(money), back.n])
    return _frame("worth", rows)


def _change(cohort: Reached, before: Reached | None, now: Days, past: Days | None) -> pd.DataFrame | None:
    """Visits a month more (or fewer), split among the number who entered and the steps without a rest."""
    if before is None or past is None or not before.counts[0] or cohort.steps[-1] != "came":
        return None
    factors = []
    for one, days in ((before, past), (cohort, now)):
        counts = np.asarray(one.counts, float)
        shares = np.divide(counts[1:], counts[:-1], out=np.zeros(len(counts) - 1), where=counts[:-1] > 0)
        factors.append(np.r_[counts[0] / days.months, shares])
    parts = lmdi(*factors)
    return _frame("change", [list(row) for row in zip(cohort.steps, *factors, parts, strict=True)])


def _reasons(calls: Table, period: Period, params: FunnelParams) -> pd.DataFrame | None:
    """Reasons of callers who did not book, where tagged: those of the present, else of the whole history."""
    for days in (period.present, Days(start=period.start, end=period.end)):
        rows = contacts.loss_reasons(calls, days)
        rows = rows[rows.reason.notna()]
        if rows.n.sum() >= params.fewest:
            low, high = multinomial(rows.n, params.level)
            return _frame("reasons", [list(row) for row in zip(rows.reason, rows.n / rows.n.sum(), low, high, rows.n, strict=True)])
    return None


def _journey(stages: pd.DataFrame, facts: Mapping[str, Any]) -> pd.DataFrame:
    """The patient's stages that the data know: people a month, share that goes on, where it hurts, what that costs."""
    by = stages.set_index("stage")
    rows: dict[str, list[Any]] = {stage: [np.nan, *[np.nan] * 3, None, *[np.nan] * 3, 0] for stage in JOURNEY}
    if facts["visitors"]:
        rows["search"][0] = facts["visitors"].value
    call = "answered" if facts["worst"] == "answered" or "booked" not in by.index else "booked"
    for stage, step in (("call", call), ("first_visit", "came"), ("second_visit", "again")):
        if step in by.index:
            share, cost = (by.loc[step, [name, f"{name}_low", f"{name}_high"]].tolist() for name in ("share", "lost_money"))
            rows[stage] = [by.per_month[step], *share, HURTS[step], *cost, int(by.n[step])]
    known = {stage: row for stage, row in rows.items() if not np.isnan(row[0])}
    return _frame("journey", [[stage, *row] for stage, row in known.items()])


# ---------------------------------------------------------------------- what to say
def _says(facts: Mapping[str, Any], tables: Mapping[str, Any], cohort: Reached, params: FunnelParams) -> dict[str, Sentence]:
    worst, values = facts["worst"], {}
    if worst:
        i = cohort.steps.index(worst)
        lost = cohort.counts[0] - cohort.counts[-1]
        values = {"lost_here": share(cohort.counts[i - 1] - cohort.counts[i], lost, params.level)}
    kind = "diary" if cohort.steps[0] == "due" else "no_visits" if cohort.steps[-1] != "came" else worst or "even"
    form = "diary" if kind == "diary" else "calls"
    run = worst_run(tables["missed_by_hour"], level=params.level)
    peak = dict(zip(("from_hour", "to_hour", "peak_share"), run, strict=True)) if run else None
    return {
        "title": Sentence(kind, values), "lede": Sentence("visits" if facts["visit_share"] else form),
        "figures.missed.title": Sentence("peak", peak) if peak else Sentence("flat"),
        "figures.stages.title": Sentence(form), "notes.how": Sentence(form), "notes.care": Sentence(form),
        "notes.decide": Sentence(kind if kind in HURTS else "other"),
    }


def _main_peak(found: pd.DataFrame | None, params: FunnelParams) -> dict[str, Any] | None:
    """The everyday hours with most missed calls, if any stand out."""
    daily = found[found.weekday == EVERY_DAY] if found is not None else pd.DataFrame()
    return _peak(daily.loc[daily.missed.idxmax()], params) if len(daily) else None


def _peak(row: Any, params: FunnelParams) -> dict[str, Any]:
    share = Estimate(row.share, row.share_low, row.share_high, "share", int(row.n), params.level)
    return {"from_hour": int(row.from_hour), "to_hour": int(row.to_hour), "peak_share": share}


def _findings(
    facts: Mapping[str, Any], tables: Mapping[str, Any], cohort: Reached, calls: int, capacity: CapacityResult | None,
    params: FunnelParams,
) -> tuple[Finding, ...]:
    stages, worth = tables["stages"].set_index("stage"), tables["worth"].set_index("stage")
    found = []
    peak = _main_peak(tables["peaks"], params)
    if peak:
        found.append(Finding("missed_peak", "risk", peak, impact=_cell(stages, "answered", "lost_money", "currency", params)))
    weekdays = tables["peaks"][tables["peaks"].weekday != EVERY_DAY] if tables["peaks"] is not None else pd.DataFrame()
    for row in weekdays.itertuples():
        found.append(Finding("missed_weekday", "risk", {"day": int(row.weekday), **_peak(row, params)}))
    for step in worth.index.drop("again", errors="ignore"):
        people = _cell(worth, step, "point_people", "number", params)
        money = _cell(worth, step, "point_money", "currency", params)
        found.append(Finding(f"point_{step}", "opportunity", {"people": people}, impact=money))
    load = capacity.room_load if capacity is not None else None
    came, booked = facts["first_visits"].n, cohort["booked"] if "booked" in cohort.steps else None
    skipped = cohort.skipped > 0.05 * max(cohort.counts[-1], 1) and cohort.steps[-1] == "came"
    more_called = bool(facts["visitors"] and facts["callers"]) and facts["callers"].value > facts["visitors"].value
    caveats: dict[str, tuple[bool, dict[str, Any]]] = {
        "rooms_full": (load is not None and load.value >= params.full_load, {"room_load": load}),
        "unseen": (facts["unseen"] is not None and facts["unseen"].value > 0.02, {}),
        "unlinked": (facts["unlinked_share"] is not None and facts["unlinked_share"].value > 0.1, {}),
        "more_came": (booked is not None and came > booked, {"came": came, "booked": booked}),
        "more_called": (more_called, {}), "skipped": (skipped, {"skipped": cohort.skipped}),
    }
    found += [Finding(key, "caveat", values) for key, (true, values) in caveats.items() if true]
    from_calls = cohort.steps[0] == "callers"
    lacks = {
        "no_enquiries": not from_calls, "no_missed": calls > 0 and tables["missed_by_hour"] is None,
        "no_bookings": from_calls and "booked" not in cohort.steps, "no_link": from_calls and "came" not in cohort.steps,
        "no_reasons": "booked" in cohort.steps and tables["reasons"] is None, "no_site": facts["visitors"] is None,
        "no_return": facts["return_share"] is None, "no_value": facts["first_value"] is None,
    }
    return (*found, *(Finding(key, "not_answered") for key, lacking in lacks.items() if lacking))


# ---------------------------------------------------------------------- figures
def stages(result: FunnelResult, labels: Labels) -> Figure | None:
    """Who went on and who was lost, step by step, from the first contact of a person."""
    rows = result.stages[~result.stages.stage.isin(["visitors", "enquiries"])].reset_index(drop=True)
    if len(rows) < 2:
        return None
    reasons = [
        labels.text(row.stage, gone=Estimate(1 - row.share, 1 - row.share_high, 1 - row.share_low, "share", 0))
        if np.isfinite(row.share) else "" for row in rows.itertuples()
    ]
    lost = rows.lost.fillna(0.0).round()
    return stage_bars.stages(
        rows.per_month, names=[labels.value("stage", stage) for stage in rows.stage], reasons=reasons,
        counts=[labels.number(round(n), "count") if np.isfinite(n) else labels["hidden"] for n in rows.per_month],
        lost=["−" + labels.number(n, "count") if n else "" for n in lost], strong=list(rows.stage == result.worst),
    )


def missed(result: FunnelResult, labels: Labels) -> Figure | None:
    """Calls by hour, those missed dark."""
    rows = result.missed_by_hour
    if rows is None:
        return None
    return columns.columns(
        rows.calls, rows.missed, names=[str(int(hour)) for hour in rows.hour],
        texts=[labels.number(round(100 * share), "count") if np.isfinite(share) else "" for share in rows.share],
        accent=list(rows.is_peak.astype(bool)), height=36.0, key=labels["key"], x_label=labels["x"],
        tick=lambda n: labels.number(n, "count"),
    )


# ---------------------------------------------------------------------- small things
def _frame(name: str, rows: list[list[Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=[part for measure in FunnelResult.measures(name) for part in measure.names])


def _cell(frame: pd.DataFrame, row: str, name: str, unit: Any, params: FunnelParams) -> Estimate | None:
    if row not in frame.index or not np.isfinite(frame.loc[row, name]):
        return None
    value, low, high = frame.loc[row, [name, f"{name}_low", f"{name}_high"]]
    return Estimate(value, low, high, unit, int(frame.loc[row, "n"]), params.level)
