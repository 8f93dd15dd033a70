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

import ibis
import numpy as np
import pandas as pd
from ibis import _
from ibis.expr.types import BooleanValue, Column, Table
from matplotlib.figure import Figure
from pydantic import Field

from audit.analyses.capacity import CapacityResult
from audit.analyses.clv import ClvResult
from audit.config import Days, Params, Period
from audit.errors import NotAnswerable
from audit.models.bootstrap import block_bootstrap, percentiles, ratio_interval
from audit.models.chain import Chain, chain
from audit.models.factors import lmdi
from audit.models.peaks import peaks
from audit.models.proportions import multinomial, wilson
from audit.plots import columns
from audit.plots import stages as stage_bars
from audit.results import Estimate, Finding, Measure, Result, Sentence, exact, table
from audit.wording import Labels

FIGURES = ("stages", "missed")
STEPS = ("callers", "answered", "booked", "came")
VALUE_DAYS = (365, 180, 90)
JOURNEY = ("need", "search", "call", "first_visit", "second_visit", "treatment", "recommends")


class FunnelParams(Params):
    return_days: int = Field(90, ge=7, le=365, description="a second visit within these days counts as coming again")
    value_days: int = Field(365, ge=90, description="horizon over which coming again is valued")
    full_load: float = Field(0.95, gt=0, le=1, description="room load from which more first visits need more room")
    shape_days: int = Field(182, ge=28, description="days over which hours with many missed calls are sought")
    fewest: int = Field(30, ge=8, description="cases below which a step is not judged")
    tagged_share: float = Field(0.6, gt=0, le=1, description="reasons are shown when so many lost callers carry one")


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
    unsettled_share: Estimate | None
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
    now, past = period.present, period.past
    steps = _measured(opportunities, params)
    cohort = _cohort(opportunities, steps, now) if steps else _diary(appointments, now)
    cohort_before = (_cohort(opportunities, steps, past) if steps else _diary(appointments, past)) if past else None
    if not cohort["counts"][0]:
        raise NotAnswerable("nobody", verdict="not_enough_data")
    value, value_days = _first_value(clv) if steps else (_visit_value(patient_days, now, params), None)
    parts = _chain(cohort["counts"], now, value, params)
    back, back_before = _return(first_visits, now, period, params), _return(first_visits, past, period, params)
    back_value = _return_value(first_visits, patient_days, period, params)
    calls = _calls(enquiries, now, past, period, params)
    upstream = _upstream(enquiries, site_traffic, now)
    parts_of = {"now": now, "cohort": cohort, "before": cohort_before, "parts": parts, "back": back, "back_before": back_before}
    frame = _stages(upstream, parts_of, params)
    worth = _worth(parts_of, back_value, params)
    reasons = _reasons(opportunities, steps, period, params)
    worst = _worst(cohort, params)
    facts = {
        **upstream, **_shares(cohort, cohort_before, params), **calls["scalars"],
        "return_share": back.get("share"), "return_share_before": back_before.get("share"),
        "return_from": back.get("from"), "return_to": back.get("to"), "return_value": back_value,
        "no_show_share": _kept(appointments, now, params), "unlinked_share": _unlinked(first_visits, opportunities, steps, now, params),
        "first_visits": exact(_new(first_visits, now) / now.months, "count", _new(first_visits, now)),
        "callers": exact(cohort["counts"][0] / now.months, "count", cohort["counts"][0]) if steps else None,
        "lost": exact((cohort["counts"][0] - cohort["counts"][-1]) / now.months, "count", cohort["counts"][0]),
        "first_value": value, "value_days": value_days, "worst": worst,
    }
    tables = {
        "stages": frame, "worth": worth, "change": _change(cohort, cohort_before, now, past),
        "missed_by_hour": calls["hours"], "peaks": calls["peaks"], "reasons": reasons,
        "journey": _journey(frame, upstream, calls, back, worst),
    }
    findings = _findings(facts, tables, cohort, calls, capacity, opportunities, enquiries, params)
    return FunnelResult(
        grade="A", headline="visit_share" if steps else "came_share", findings=findings,
        says=_says(facts, tables, cohort, params), **facts, **tables,
    )


# ---------------------------------------------------------------------- people who got in touch
def _measured(opportunities: Table | None, params: FunnelParams) -> tuple[str, ...]:
    """The steps this clinic records at all: a step nobody fails, or nobody passes, is not recorded."""
    if opportunities is None:
        return ()
    seen = opportunities.aggregate(
        callers=_.count(), unanswered=(~_.is_answered).sum(), dropped=(_.is_booked & ~_.is_attended).sum(),
        came=_.is_attended.sum(), booked=_.is_booked.sum(),
    ).execute().iloc[0].fillna(0).astype(int)
    if not seen.callers:
        return ()
    answered = seen.unanswered > 0 or seen.callers < params.fewest
    booked = seen.booked > 0 and (seen.dropped > 0 or not seen.came)
    kept = {"callers": True, "answered": answered, "booked": booked, "came": seen.came > 0}
    return tuple(step for step in STEPS if kept[step]) if seen.booked or seen.came or answered else ()


def _cohort(opportunities: Table, steps: tuple[str, ...], days: Days) -> dict[str, Any]:
    """How many reached each step, a step being reached by whoever reached a later one."""
    rows = (
        opportunities.filter(_within(_.opened_at, days))
        .group_by("is_answered", "is_booked", "is_attended", "is_mature").aggregate(n=_.count())
        .order_by("is_answered", "is_booked", "is_attended", "is_mature").to_pandas()
    )
    came = rows.is_attended
    booked = came | rows.is_booked
    reached = {"callers": came | True, "answered": booked | rows.is_answered, "booked": booked, "came": came}
    return {
        "steps": steps, "counts": [int(rows.n[reached[step].astype(bool)].sum()) for step in steps],
        "unsettled": int(rows.n[~rows.is_mature.astype(bool)].sum()), "unanswered_came": int(rows.n[came & ~rows.is_answered].sum()),
    }


def _diary(appointments: Table, days: Days) -> dict[str, Any]:
    """Without enquiries the funnel begins with the appointment: of those due, how many took place."""
    due = appointments.filter(_within(_.starts_at, days), _.status != "booked")
    seen = due.aggregate(booked=_.count(), came=(_.status == "completed").sum()).execute().iloc[0].fillna(0)
    return {"steps": ("due", "came"), "counts": [int(seen.booked), int(seen.came)], "unsettled": 0, "unanswered_came": 0}


def _chain(counts: list[int], days: Days, value: Estimate | None, params: FunnelParams) -> Chain | None:
    if len(counts) < 2:
        return None
    worth = (value.value, value.low, value.high) if value else None
    return chain(counts, per=days.months, level=params.level, seed=params.seed, value=worth, value_level=value.level if value else 0.9)


def _shares(cohort: dict[str, Any], before: dict[str, Any] | None, params: FunnelParams) -> dict[str, Estimate | None]:
    names = {"answered": "answered_share", "booked": "booked_share", "came": "came_share"}
    shares: dict[str, Estimate | None] = {}
    for suffix, one in (("", cohort), ("_before", before)):
        steps, counts = (one["steps"], one["counts"]) if one else ((), [])
        found = {step: _share(counts[i], counts[i - 1], params) for i, step in enumerate(steps) if i}
        shares |= {f"{name}{suffix}": found.get(step) for step, name in names.items()}
        whole = len(steps) > 1 and steps[0] == "callers" and steps[-1] == "came"
        shares[f"visit_share{suffix}"] = _share(counts[-1], counts[0], params) if whole else None
    shares["unsettled_share"] = _share(cohort["unsettled"], cohort["counts"][0], params) if cohort["unsettled"] else None
    return shares


def _worst(cohort: dict[str, Any], params: FunnelParams) -> str | None:
    """The step that loses most, if it surely loses more than any other."""
    lost = -np.diff(cohort["counts"])
    if len(lost) < 2 or lost.sum() < params.fewest:
        return None
    low, high = multinomial(lost, params.level)
    first, second = np.argsort(-lost, kind="stable")[:2]
    return str(cohort["steps"][first + 1]) if low[first] > high[second] else None


# ---------------------------------------------------------------------- before, after and beside them
def _upstream(enquiries: Table | None, site_traffic: Table | None, days: Days) -> dict[str, Estimate | None]:
    found: dict[str, Estimate | None] = {"visitors": None, "enquiries": None}
    if site_traffic is not None:
        whole = site_traffic.filter(_.from_day >= days.start, _.to_day < days.end)
        visitors = whole.visitors.sum().execute()
        if visitors and not pd.isna(visitors):
            found["visitors"] = exact(float(visitors) / days.months, "count", int(visitors))
    if enquiries is not None:
        n = int(enquiries.filter(_.direction == "in", _within(_.started_at, days)).count().execute())
        found["enquiries"] = exact(n / days.months, "count", n) if n else None
    return found


def _new(first_visits: Table, days: Days) -> int:
    return int(first_visits.filter(_.is_new, _.first_day >= days.start, _.first_day < days.end).count().execute())


def _unlinked(
    first_visits: Table, opportunities: Table | None, steps: tuple[str, ...], days: Days, params: FunnelParams
) -> Estimate | None:
    """Share of first visits that no recorded enquiry led to."""
    if "came" not in steps:
        return None
    new = first_visits.filter(_.is_new, _.first_day >= days.start, _.first_day < days.end).select("patient_id")
    linked = new.semi_join(opportunities.filter(_.patient_id.notnull()), "patient_id").count()
    n, found = (int(part) for part in new.aggregate(n=_.count()).mutate(found=linked.as_scalar()).execute().iloc[0])
    return _share(n - found, n, params)


def _kept(appointments: Table, days: Days, params: FunnelParams) -> Estimate | None:
    """Appointments missed without a word, of those that were not cancelled."""
    due = appointments.filter(_within(_.starts_at, days), _.status.isin(["completed", "no_show"]))
    seen = due.aggregate(n=_.count(), missed=(_.status == "no_show").sum()).execute().iloc[0].fillna(0).astype(int)
    return _share(seen.missed, seen.n, params) if seen.missed else None


def _return(first_visits: Table, days: Days | None, period: Period, params: FunnelParams) -> dict[str, Any]:
    """Came again in time, of first patients watched so long: the period's own, else the last such ones before."""
    if days is None:
        return {}
    wait = timedelta(days=params.return_days)
    last = min(days.end, period.end - wait)
    start = days.start if last == days.end else last - timedelta(days=max(days.days, params.return_days))
    if start < period.start:
        return {}
    # an Ibis bound of Python type: dates shift by whole days on every engine
    people = first_visits.filter(_.is_new, _.first_day >= start, _.first_day < last)
    seen = people.aggregate(
        n=_.count(), back=(_.second_day.delta(_.first_day, unit="day") <= params.return_days).sum()
    ).execute().iloc[0].fillna(0).astype(int)
    if seen.n < params.fewest:
        return {}
    return {"share": _share(seen.back, seen.n, params), "n": int(seen.n), "from": start, "to": last - timedelta(days=1)}


def _return_value(
    first_visits: Table, patient_days: Table | None, period: Period, params: FunnelParams
) -> Estimate | None:
    """What those who come again bring more than the others after the first day, outside surgery, to the horizon."""
    if patient_days is None:
        return None
    since = period.end - timedelta(days=2 * params.value_days)
    known = first_visits.filter(_.is_new, _.tenure_days >= params.value_days, _.first_day >= max(since, period.start)).select(
        "patient_id", came_again=ibis.coalesce(_.second_day.delta(_.first_day, unit="day") <= params.return_days, False)
    )
    later = patient_days.filter(_.tenure_day > 0, _.tenure_day < params.value_days).group_by("patient_id").aggregate(
        revenue=(_.revenue - _.surgery_revenue).sum().cast("float64")
    )
    rows = known.left_join(later, "patient_id").drop("patient_id_right").order_by("patient_id").to_pandas()
    amounts = [rows.revenue.fillna(0.0).to_numpy()[rows.came_again.to_numpy(dtype=bool) == again] for again in (True, False)]
    if min(len(part) for part in amounts) < params.fewest or not any(part.any() for part in amounts):
        return None
    means = [block_bootstrap(part, seed=params.seed + i)[:, 0] / len(part) for i, part in enumerate(amounts)]
    value = float(amounts[0].mean() - amounts[1].mean())
    low, high = percentiles(means[0] - means[1], params.level)
    return Estimate(value, min(low, value), max(high, value), "currency", len(rows), params.level, "C", "weak")


def _first_value(clv: ClvResult | None) -> tuple[Estimate | None, int | None]:
    """Counted value of a first patient at the longest of the usual horizons that is known, and its days."""
    for days in VALUE_DAYS if clv is not None else ():
        if getattr(clv, f"value_{days}") is not None:
            return getattr(clv, f"value_{days}"), days
    return None, None


def _visit_value(patient_days: Table | None, days: Days, params: FunnelParams) -> Estimate | None:
    """Money per completed visit, for clinics whose funnel begins with the appointment."""
    if patient_days is None:
        return None
    daily = patient_days.filter(_.day >= days.start, _.day < days.end).group_by("day").aggregate(
        revenue=_.revenue.sum().cast("float64"), visits=_.visits.sum() + _.operations.sum()
    ).order_by("day").to_pandas()
    if len(daily) < 2 or not daily.revenue.sum() > 0 or not daily.visits.sum():
        return None
    low, high = ratio_interval(daily.revenue, daily.visits, params.level, params.seed)
    value = daily.revenue.sum() / daily.visits.sum()
    return Estimate(value, min(low, value), max(high, value), "currency", int(daily.visits.sum()), params.level)


# ---------------------------------------------------------------------- calls
def _calls(
    enquiries: Table | None, now: Days, past: Days | None, period: Period, params: FunnelParams
) -> dict[str, Any]:
    """Missed calls: their share, by hour, and the hours that stand out. Nothing when none is recorded."""
    nothing = {"missed_share": None, "missed_share_before": None}
    empty = {"scalars": nothing, "hours": None, "peaks": None, "calls": 0}
    if enquiries is None:
        return empty
    incoming = enquiries.filter(_.direction == "in", _.kind == "call")
    missed = int(incoming.filter(~_.is_answered).count().execute())
    in_now = _by_hour(incoming, now)
    if not missed or in_now.calls.sum() == 0:
        return empty | {"calls": int(in_now.calls.sum())}
    before = _by_hour(incoming, past) if past else in_now.head(0)
    shape = Days(start=max(period.start, min(now.start, now.end - timedelta(days=params.shape_days))), end=now.end)
    found = _peaks(_by_hour(incoming, shape), shape, params)
    hours = in_now.groupby("hour", as_index=False)[["calls", "missed"]].sum()
    hours = hours.set_index("hour").reindex(range(int(hours.hour.min()), int(hours.hour.max()) + 1), fill_value=0).reset_index()
    everywhere = found[found.weekday == "all"]
    hours["is_peak"] = [bool(((everywhere.from_hour <= h) & (h < everywhere.to_hour)).any()) for h in hours.hour]
    hours["n"] = hours.calls
    _with_wilson(hours, hours.missed, hours.calls, params)
    hours[["calls", "missed"]] = hours[["calls", "missed"]] / now.months
    shares = {
        f"missed_share{suffix}": _share(rows.missed.sum(), rows.calls.sum(), params)
        for suffix, rows in (("", in_now), ("_before", before))
    }
    return {
        "scalars": nothing | shares, "peaks": found if len(found) else None, "calls": int(in_now.calls.sum()),
        "hours": hours[["hour", "calls", "missed", "share", "share_low", "share_high", "is_peak", "n"]],
    }


def _by_hour(incoming: Table, days: Days) -> pd.DataFrame:
    calls = incoming.filter(_within(_.started_at, days))
    return calls.group_by(weekday=_.started_at.day_of_week.index(), hour=_.started_at.hour()).aggregate(
        calls=_.count(), missed=(~_.is_answered).sum()
    ).order_by("weekday", "hour").to_pandas().astype(int)


def _peaks(cells: pd.DataFrame, days: Days, params: FunnelParams) -> pd.DataFrame:
    grid = {
        name: cells.pivot_table(index="weekday", columns="hour", values=name, fill_value=0, aggfunc="sum")
        .reindex(index=range(7), columns=range(24), fill_value=0) for name in ("missed", "calls")
    }
    rows = []
    for weekday, first, last in peaks(grid["missed"].to_numpy(), grid["calls"].to_numpy(), level=params.level):
        chosen = slice(None) if weekday < 0 else [weekday]
        k, n = (int(grid[name].to_numpy()[chosen, first : last + 1].sum()) for name in ("missed", "calls"))
        rows.append(["all" if weekday < 0 else str(weekday), first, last + 1, n / days.months, k / days.months, k, n])
    found = pd.DataFrame(rows, columns=["weekday", "from_hour", "to_hour", "calls", "missed", "k", "n"])
    _with_wilson(found, found.k, found.n, params)
    return found[["weekday", "from_hour", "to_hour", "calls", "missed", "share", "share_low", "share_high", "n"]]


# ---------------------------------------------------------------------- tables
def _stages(upstream: Mapping[str, Estimate | None], of: Mapping[str, Any], params: FunnelParams) -> pd.DataFrame:
    months, cohort, parts, before = of["now"].months, of["cohort"], of["parts"], of["before"]
    rows: list[list[Any]] = [
        [name, e.value, *[np.nan] * 8, e.n, 0] for name, e in upstream.items() if e is not None and cohort["steps"][0] == "callers"
    ]
    for i, (step, n) in enumerate(zip(cohort["steps"], cohort["counts"], strict=True)):
        share = _share(n, cohort["counts"][i - 1], params) if i else None
        earlier = _share(before["counts"][i], before["counts"][i - 1], params) if i and before else None
        money = parts.lost_money[i - 1] if i else [np.nan] * 3
        lost = cohort["counts"][i - 1] - n if i else 0
        rows.append([step, n / months, *_three(share), earlier.value if earlier else np.nan, lost / months if i else np.nan, *money, n, lost])
    back, earlier = of["back"].get("share"), of["back_before"].get("share")
    if back and cohort["steps"][-1] == "came" and cohort["steps"][0] == "callers":
        came = cohort["counts"][-1]
        n = round(came * back.value)
        rows.append(["again", n / months, *_three(back), earlier.value if earlier else np.nan, (came - n) / months, *[np.nan] * 3, n, came - n])
    return pd.DataFrame(rows, columns=[name for measure in FunnelResult.measures("stages") for name in measure.names])


def _worth(of: Mapping[str, Any], back_value: Estimate | None, params: FunnelParams) -> pd.DataFrame:
    cohort, parts, months = of["cohort"], of["parts"], of["now"].months
    rows: list[list[Any]] = [] if parts is None else [
        [step, parts.share[i], *parts.point_people[i], *parts.point_money[i], cohort["counts"][i]]
        for i, step in enumerate(cohort["steps"][1:]) if cohort["counts"][i] >= params.fewest
    ]
    back, came = of["back"].get("share"), cohort["counts"][-1] / months
    if back and cohort["steps"][-1] == "came" and cohort["steps"][0] == "callers":
        money = back_value.scaled(0.01 * came) if back_value else None
        rows.append(["again", back.value, *[0.01 * came] * 3, *_three(money), back.n])
    return pd.DataFrame(rows, columns=[name for measure in FunnelResult.measures("worth") for name in measure.names])


def _change(cohort: dict[str, Any], before: dict[str, Any] | None, now: Days, past: Days | None) -> pd.DataFrame | None:
    """First visits a month more (or fewer), split among the callers and the steps without a rest."""
    if before is None or past is None or not before["counts"][0] or cohort["steps"][-1] != "came":
        return None
    factors = []
    for one, days in ((before, past), (cohort, now)):
        counts = np.asarray(one["counts"], float)
        ratios = np.divide(counts[1:], counts[:-1], out=np.zeros(len(counts) - 1), where=counts[:-1] > 0)
        factors.append(np.r_[counts[0] / days.months, ratios])
    return pd.DataFrame({
        "stage": list(cohort["steps"]), "before": factors[0], "now": factors[1], "first_visits": lmdi(factors[0], factors[1]),
    })


def _reasons(
    opportunities: Table | None, steps: tuple[str, ...], period: Period, params: FunnelParams
) -> pd.DataFrame | None:
    """Reasons of answered callers who did not come, where calls were tagged: now, else in the days before."""
    if opportunities is None or "came" not in steps:
        return None
    lost = opportunities.filter(_.is_answered, ~_.is_booked)
    for days in (period.present, Days(start=period.start, end=period.end)):
        rows = lost.filter(_within(_.opened_at, days)).group_by("loss_reason").aggregate(n=_.count()).order_by(
            ibis.desc("n"), "loss_reason"
        ).to_pandas()
        tagged = rows[rows.loss_reason.notna()].reset_index(drop=True)
        if tagged.n.sum() >= params.fewest:
            low, high = multinomial(tagged.n, params.level)
            return pd.DataFrame({
                "reason": tagged.loss_reason, "share": tagged.n / tagged.n.sum(), "share_low": low, "share_high": high, "n": tagged.n,
            })
    return None


def _journey(
    frame: pd.DataFrame, upstream: Mapping[str, Estimate | None], calls: Mapping[str, Any], back: Mapping[str, Any], worst: str | None
) -> pd.DataFrame:
    """The patient's seven stages: people a month, share that goes on, where it hurts, what that costs."""
    by = frame.set_index("stage")
    visitors, callers = upstream["visitors"], by.per_month.get("callers", np.nan)
    rows = {stage: [np.nan, *[np.nan] * 3, None, *[np.nan] * 3, 0] for stage in JOURNEY}
    if visitors is not None and visitors.value > 0 and callers == callers:
        rows["search"] = [visitors.value, *[min(callers / visitors.value, 1.0), np.nan, np.nan], None, *[np.nan] * 3, 0]
    for stage, step, hurt in (("call", "booked", "no_booking"), ("first_visit", "came", "no_show"), ("second_visit", "again", "no_return")):
        if step in by.index:
            row = by.loc[step]
            cost = row[["lost_money", "lost_money_low", "lost_money_high"]].tolist()
            rows[stage] = [row.per_month, row.share, row.share_low, row.share_high, hurt, *cost, int(row.n)]
    if "answered" in by.index and (worst == "answered" or "booked" not in by.index):
        row = by.loc["answered"]
        rows["call"] = [row.per_month, row.share, row.share_low, row.share_high, "not_answered",
                        *row[["lost_money", "lost_money_low", "lost_money_high"]].tolist(), int(row.n)]
    return pd.DataFrame(
        [[stage, *row] for stage, row in rows.items()],
        columns=[name for measure in FunnelResult.measures("journey") for name in measure.names],
    )


# ---------------------------------------------------------------------- what to say
def _says(
    facts: Mapping[str, Any], tables: Mapping[str, pd.DataFrame | None], cohort: dict[str, Any], params: FunnelParams
) -> dict[str, Sentence]:
    counts, worst = cohort["counts"], facts["worst"]
    kind = "diary" if cohort["steps"][0] == "due" else worst or "even"
    values: dict[str, Any] = {}
    if worst:
        i = cohort["steps"].index(worst)
        values["lost_here"] = _share(counts[i - 1] - counts[i], counts[0] - counts[-1], params)
    peak = _main_peak(tables["peaks"])
    hours = Sentence("peak", peak) if peak else Sentence("flat")
    if kind == "even" and cohort["steps"][-1] != "came":
        kind = "no_visits"
    return {
        "title": Sentence(kind, values), "lede": Sentence("diary" if kind == "diary" else "visits" if facts["visit_share"] else "calls"),
        "figures.missed.title": hours, "figures.stages.title": Sentence("diary" if kind == "diary" else "calls"),
        "notes.how": Sentence("diary" if kind == "diary" else "calls"), "notes.care": Sentence("diary" if kind == "diary" else "calls"),
        "notes.decide": Sentence(kind if kind in ("answered", "booked", "came") else "other"),
    }


def _main_peak(found: pd.DataFrame | None) -> dict[str, Any] | None:
    """The everyday peak with most missed calls, if there is one."""
    everyday = found[found.weekday == "all"] if found is not None else None
    if everyday is None or not len(everyday):
        return None
    row = everyday.loc[everyday.missed.idxmax()]
    return {"from_hour": int(row.from_hour), "to_hour": int(row.to_hour), "peak_share": _row(row, "share", "share", row.n)}


def _findings(
    facts: Mapping[str, Any], tables: Mapping[str, Any], cohort: dict[str, Any], calls: Mapping[str, Any],
    capacity: CapacityResult | None, opportunities: Table | None, enquiries: Table | None, params: FunnelParams,
) -> tuple[Finding, ...]:
    found = []
    stages, worth = tables["stages"].set_index("stage"), tables["worth"].set_index("stage")
    peak = _main_peak(tables["peaks"])
    if peak:
        found.append(Finding("missed_peak", "risk", peak, impact=_money(stages, "answered", "lost_money")))
    for row in (tables["peaks"] if tables["peaks"] is not None else pd.DataFrame()).itertuples():
        if row.weekday != "all":
            share = Estimate(row.share, row.share_low, row.share_high, "share", row.n, params.level)
            found.append(Finding("missed_weekday", "risk", {
                "day": int(row.weekday), "from_hour": int(row.from_hour), "to_hour": int(row.to_hour), "peak_share": share}))
    for step in worth.index:
        if step != "again" and np.isfinite(worth.point_money[step]):
            people = _row(worth.loc[step], "point_people", "number", worth.n[step])
            found.append(Finding(f"point_{step}", "opportunity", {"people": people}, impact=_money(worth, step, "point_money")))
    load = capacity.room_load if capacity is not None else None
    if load is not None and load.value >= params.full_load:
        found.append(Finding("rooms_full", "caveat", {"room_load": load}))
    if facts["unsettled_share"] and facts["unsettled_share"].value > 0.05:
        found.append(Finding("unsettled", "caveat"))
    if facts["unlinked_share"] and facts["unlinked_share"].value > 0.1:
        found.append(Finding("unlinked", "caveat"))
    found += _widening(facts, cohort)
    return (*found, *_gaps(facts, tables, cohort, calls, opportunities, enquiries))


def _widening(facts: Mapping[str, Any], cohort: dict[str, Any]) -> list[Finding]:
    """A funnel narrows; where it does not, the records of the wider step are not complete."""
    found = []
    by = dict(zip(cohort["steps"], cohort["counts"], strict=True))
    came, booked = facts["first_visits"], by.get("booked")
    if booked is not None and came.n > booked:
        found.append(Finding("more_came", "caveat", {"came": came.n, "booked": booked}))
    if facts["visitors"] and facts["callers"] and facts["callers"].value > facts["visitors"].value:
        found.append(Finding("more_called", "caveat"))
    if cohort["unanswered_came"] > 0.05 * max(by.get("came", 0), 1):
        found.append(Finding("skipped", "caveat", {"skipped": cohort["unanswered_came"]}))
    return found


def _gaps(
    facts: Mapping[str, Any], tables: Mapping[str, Any], cohort: dict[str, Any], calls: Mapping[str, Any],
    opportunities: Table | None, enquiries: Table | None,
) -> list[Finding]:
    steps = cohort["steps"]
    missing = {
        "no_enquiries": enquiries is None or opportunities is None or steps[0] == "due",
        "no_missed": bool(calls["calls"]) and calls["hours"] is None,
        "no_bookings": steps[0] == "callers" and "booked" not in steps,
        "no_link": steps[0] == "callers" and "came" not in steps,
        "no_reasons": "booked" in steps and tables["reasons"] is None,
        "no_site": facts["visitors"] is None,
        "no_return": facts["return_share"] is None,
        "no_value": facts["first_value"] is None,
    }
    return [Finding(key, "not_answered") for key, lacks in missing.items() if lacks]


# ---------------------------------------------------------------------- figures
def stages(result: FunnelResult, labels: Labels) -> Figure | None:
    rows = result.stages[~result.stages.stage.isin(["visitors", "enquiries"])].reset_index(drop=True)
    if len(rows) < 2:
        return None
    lost, known = rows.lost.fillna(0.0), rows.share.notna()
    reasons = [
        labels.text(stage, gone=Estimate(1 - share, 1 - high, 1 - low, "share", 0)) if fine else ""
        for stage, share, low, high, fine in zip(rows.stage, rows.share, rows.share_low, rows.share_high, known, strict=True)
    ]
    return stage_bars.stages(
        rows.per_month, names=[labels.value("stage", stage) for stage in rows.stage],
        counts=[labels.number(round(n), "count") if np.isfinite(n) else labels["hidden"] for n in rows.per_month],
        lost=["−" + labels.number(round(n), "count") if n >= 0.5 else "" for n in lost],
        reasons=reasons, strong=list(rows.stage == result.worst),
    )


def missed(result: FunnelResult, labels: Labels) -> Figure | None:
    if result.missed_by_hour is None:
        return None
    rows = result.missed_by_hour
    return columns.columns(
        rows.calls, rows.missed, names=[str(int(hour)) for hour in rows.hour],
        texts=[labels.number(100 * share) if np.isfinite(share) else "" for share in rows.share.round(2)],
        accent=list(rows.is_peak.astype(bool)), key=labels["key"], x_label=labels["x"], tick=lambda n: labels.number(n, "count"),
    )


# ---------------------------------------------------------------------- small things
def _within(moment: Column, days: Days) -> BooleanValue:
    return (moment.date() >= days.start) & (moment.date() < days.end)


def _share(k: float, n: float, params: FunnelParams) -> Estimate | None:
    if not n:
        return None
    low, high = wilson(k, n, params.level)
    return Estimate(k / n, low, high, "share", int(n), params.level)


def _with_wilson(frame: pd.DataFrame, k: pd.Series, n: pd.Series, params: FunnelParams) -> None:
    frame["share"] = (k / n.where(n > 0)).astype(float)
    frame["share_low"], frame["share_high"] = wilson(k, n, params.level)


def _three(estimate: Estimate | None) -> tuple[float, float, float]:
    return (estimate.value, estimate.low, estimate.high) if estimate else (np.nan, np.nan, np.nan)


def _row(row: pd.Series, name: str, unit: Any, n: float) -> Estimate:
    return Estimate(row[name], row[f"{name}_low"], row[f"{name}_high"], unit, int(n))


def _money(frame: pd.DataFrame, row: str, name: str) -> Estimate | None:
    if row not in frame.index or not np.isfinite(frame.loc[row, name]):
        return None
    return _row(frame.loc[row], name, "currency", frame.loc[row, "n"])
