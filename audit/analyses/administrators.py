"""Administrators: who turns answered new callers into first visits, and what the gap costs.

Question   Do administrators differ by more than chance and by more than their callers do? What does it cost?
Method     Share of answered opportunities that became a first visit; indirect standardisation by a logit
           with hour, weekday, month, channel and branch; beta-binomial shrinkage (Gelman et al., BDA3 §5.3), differences by
           exact tests with false discoveries held (Benjamini & Hochberg 1995); shortfall against the rate at
           which the own best third begins; p-charts by week.
Reads      opportunities, enquiries; appointments for nothing else, expenses, the value of a patient and the
           load of rooms if there are any.
Cannot say Why: that needs listening. What specialty was asked for: calls do not record it. Whom a transferred call belongs to: the first to answer owns it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
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
from audit.models.comparison import Comparison, chance_limits, compare, weakest_against_best
from audit.models.counted import share, three
from audit.models.lag import unseen_share
from audit.plots import control as control_chart
from audit.plots import dots, theme
from audit.results import Estimate, Finding, Measure, Result, Sentence, Value, exact, table
from audit.tables import Unit, contacts
from audit.wording import Labels

FIGURES = ("admins", "weekly")
STRATA = ("part", "weekday", "month", "channel", "branch")
VALUE_DAYS = (365, 180, 90)
BASES = ("calls", "answered_calls", "callers", "new_callers", "answered_new")


class AdministratorsParams(Params):
    """Settings of the analysis."""

    fewest: int = Field(30, ge=8, description="answered new callers below which an administrator is not judged")
    best_share: float = Field(1 / 3, gt=0, lt=1, description="the goal is where this best share of administrators begins")
    weeks: int = Field(26, ge=4, description="weeks shown by administrator")
    hour_edges: tuple[int, ...] = Field((11, 14, 17), description="hours at which the parts of the day begin")
    settled_share: float = Field(0.95, gt=0, lt=1, description="a week is settled when so many of its visits took place")
    full_load: float = Field(0.95, gt=0, le=1, description="room load from which more first visits need more room")
    monthly_pay: float | None = Field(None, gt=0, description="monthly pay of one administrator, from the client")
    pay_item: str | None = Field(None, description="account line that holds administrators' pay and nobody else's")


@dataclass(frozen=True, kw_only=True)
class AdministratorsResult(Result):
    """``outcome`` is “visit”, or “booking” where no caller can be joined to a patient.

    Losses are per month against ``goal``, after shrinkage; ``raw_loss`` is what the weakest would lose
    against the best by their raw rates, regression to the mean still in it.
    """

    outcome: str
    administrators_count: int
    below_count: int
    conversion: Estimate | None
    conversion_before: Estimate | None
    goal: Estimate | None
    lost_visits: Estimate | None
    lost_value: Estimate | None
    lost_value_before: Estimate | None
    below_lost: Estimate | None
    first_value: Estimate | None
    value_days: int | None
    salary: Estimate | None
    salaries_lost: Estimate | None
    best: str | None
    best_rate: Estimate | None
    weakest: str | None
    weakest_rate: Estimate | None
    weakest_lost: Estimate | None
    raw_loss: Estimate | None
    raw_loss_visits: Estimate | None
    raw_loss_before: Estimate | None
    raw_loss_visits_before: Estimate | None
    raw_salaries_before: Estimate | None
    kept_loss: Estimate | None
    kept_loss_before: Estimate | None
    unseen: Estimate | None
    unassigned_share: Estimate | None
    no_number_share: Estimate | None
    administrators: pd.DataFrame | None = table(
        Measure("administrator", "label"), Measure("opportunities", "count"),
        Measure("conversion", "share", interval=True, shown=False), Measure("standardised", "share", shown=False),
        Measure("booked", "share"), Measure("came", "share"),
        Measure("shrunken", "share", interval=True), Measure("conversion_before", "share", shown=False),
        Measure("talk", "minutes"), Measure("lost_visits", "number", interval=True, shown=False),
        Measure("lost_value", "currency", interval=True), Measure("score", "number", form="bar"),
        Measure("fault", "label"), Measure("reading", "label"),
        Measure("n", "count", shown=False), Measure("visits", "count", people=True, shown=False),
        Measure("top_third", "share", shown=False),
    )
    administrators_before: pd.DataFrame | None = table(
        Measure("administrator", "label"), Measure("opportunities", "count"),
        Measure("conversion", "share", interval=True), Measure("standardised", "share"),
        Measure("shrunken", "share", interval=True), Measure("lost_visits", "number", interval=True),
        Measure("lost_value", "currency", interval=True), Measure("reading", "label"),
        Measure("n", "count", shown=False), Measure("visits", "count", people=True, shown=False),
    )
    denominators: pd.DataFrame = table(
        Measure("base", "label"), Measure("count", "count"), Measure("share", "share", interval=True, form="bar"),
        Measure("share_before", "share"), Measure("n", "count", shown=False),
    )
    weekly: pd.DataFrame | None = table(
        Measure("administrator", "label"), Measure("week", "date"), Measure("opportunities", "count"),
        Measure("conversion", "share"), Measure("centre", "share"), Measure("limit_low", "share"),
        Measure("limit_high", "share"), Measure("is_open", "flag"), Measure("n", "count", shown=False),
    )


def analyse(
    opportunities: Table, enquiries: Table, expenses: Table | None, capacity: CapacityResult | None,
    clv: ClvResult | None, *, period: Period, params: AdministratorsParams,
) -> AdministratorsResult:
    """Compare administrators now and before, and price the gap."""
    now, past = period.present, period.past
    opportunities = contacts.persons(opportunities, enquiries)
    calls, outcome = contacts.answered(opportunities)
    cells, cells_before = (contacts.answered_cells(calls, days, params.hour_edges) for days in (now, past))
    if not cells.n.sum():
        raise NotAnswerable("no_answered", verdict="not_enough_data")
    if outcome == "booking" and not cells.k.sum():
        raise NotAnswerable("not_followed", verdict="not_available")
    value, value_days = _value(clv)
    salary = _salary(expenses, now, cells, params)
    unseen, open_from = _unseen(calls, now, period, params)
    found, found_before = _compared(cells, now, value, params), _compared(cells_before, past, value, params)
    frame, n = found.frame if found else None, int(cells.n.sum())
    heard = contacts.listening(enquiries, now, period.end).merge(contacts.desk_steps(opportunities, now), on="administrator", how="outer")
    facts = {
        "outcome": outcome, **_overall(cells, cells_before, params), **_raw_loss(found, value, params),
        **{f"{name}_before": part for name, part in _raw_loss(found_before, value, params).items()},
        "lost_visits": _estimate(found.lost_people if found else None, "number", n, params),
        "lost_value": _estimate(found.lost_money if found else None, "currency", n, params),
        "lost_value_before": _estimate(found_before.lost_money if found_before else None, "currency", int(cells_before.n.sum()), params),
        "below_lost": _estimate(found.below_money if found else None, "currency", n, params),
        "goal": _estimate(found.goal if found else None, "share", n, params),
        "first_value": value, "value_days": value_days, "salary": salary, "unseen": unseen, "no_number_share": share(*contacts.without_number(enquiries, now), params.level), **_extremes(frame, params),
        "below_count": int((frame.reading == "below").sum()) if frame is not None else 0,
        "administrators_count": len(frame) if frame is not None else 0,
    }
    facts |= {"salaries_lost": _salaries(facts["weakest_lost"], salary), "raw_salaries_before": _salaries(facts["raw_loss_before"], salary)}
    return AdministratorsResult(
        grade="B" if frame is not None and facts["administrators_count"] > 1 else "C", headline="conversion",
        says=_says(facts, frame), findings=_findings(facts, frame, heard, capacity, params), **facts,
        administrators=_page(found, found_before, heard),
        administrators_before=_ordered(found_before.frame, "administrators_before") if found_before else None,
        denominators=_denominators(enquiries, opportunities, calls, now, past, params),
        weekly=_weekly(calls, frame, period, open_from, params),
    )


# ---------------------------------------------------------------------- comparison
def _overall(cells: pd.DataFrame, before: pd.DataFrame, params: AdministratorsParams) -> dict[str, Estimate | None]:
    nobody = cells.n[cells.administrator.isna()].sum()
    return {
        "conversion": share(cells.k.sum(), cells.n.sum(), params.level),
        "conversion_before": share(before.k.sum(), before.n.sum(), params.level) if len(before) else None,
        "unassigned_share": share(nobody, cells.n.sum(), params.level) if nobody else None,
    }


def _compared(
    cells: pd.DataFrame, days: Days | None, value: Estimate | None, params: AdministratorsParams
) -> Comparison | None:
    """The administrators of ``days`` side by side; None where calls do not say who took them."""
    known = cells[cells.administrator.notna()]
    if days is None or not len(known):
        return None
    found = compare(
        known, unit="administrator", strata=STRATA, months=days.months, fewest=params.fewest,
        best=params.best_share, worth=three(value) if value else None, level=params.level, seed=params.seed,
    )
    names = {"unit": "administrator", "per_month": "opportunities", "k": "visits"} | {
        f"lost_{old}{end}": f"lost_{new}{end}"
        for old, new in (("people", "visits"), ("money", "value")) for end in ("", "_low", "_high")
    }
    return replace(found, frame=found.frame.rename(columns=names))


def _raw_loss(found: Comparison | None, value: Estimate | None, params: AdministratorsParams) -> dict[str, Estimate | None]:
    """The weakest against the best: by raw rates, and what is left of it after shrinkage."""
    judged = found.frame[found.frame.n >= params.fewest] if found is not None else pd.DataFrame()
    if len(judged) < 2:
        return {"raw_loss_visits": None, "raw_loss": None, "kept_loss": None}
    people, kept = weakest_against_best(
        judged.rename(columns={"opportunities": "per_month"}), worth=three(value) if value else None, level=params.level,
        seed=params.seed,
    )
    n = int(judged.n.sum())
    return {
        "raw_loss_visits": exact(round(people, 1), "count", n),
        "raw_loss": exact(people * value.value, "currency", n) if value else None,
        "kept_loss": _estimate(kept, "currency" if value else "number", n, params),
    }


def _extremes(frame: pd.DataFrame | None, params: AdministratorsParams) -> dict[str, Any]:
    """Best and weakest of those judged, by shrunken rate."""
    judged = frame[frame.n >= params.fewest] if frame is not None else pd.DataFrame()
    if len(judged) < 2:
        return dict.fromkeys(("best", "best_rate", "weakest", "weakest_rate", "weakest_lost"))
    best, worst = judged.iloc[0], judged.iloc[-1]
    lost = _row(worst, "lost_value", "currency", params) if np.isfinite(worst.lost_value) else None
    return {
        "best": str(best.administrator), "best_rate": _row(best, "shrunken", "share", params),
        "weakest": str(worst.administrator), "weakest_rate": _row(worst, "shrunken", "share", params), "weakest_lost": lost,
    }


# ---------------------------------------------------------------------- money, time, listening
def _value(clv: ClvResult | None) -> tuple[Estimate | None, int | None]:
    """Counted value of a first patient at the longest of the usual horizons that is known, and its days."""
    for days in VALUE_DAYS if clv is not None else ():
        if getattr(clv, f"value_{days}") is not None:
            return getattr(clv, f"value_{days}"), days
    return None, None


def _salary(expenses: Table | None, days: Days, cells: pd.DataFrame, params: AdministratorsParams) -> Estimate | None:
    """Monthly pay of one administrator: as told, else from the account line that holds it."""
    people = cells.administrator.nunique()
    if params.monthly_pay is not None:
        return exact(params.monthly_pay, "currency", people)
    if expenses is None or params.pay_item is None or not people:
        return None
    lines = contacts.pay_lines(expenses, days)
    paid = lines.amount[lines["item"] == params.pay_item].sum()
    return exact(paid / days.months / people, "currency", people) if paid > 0 else None


def _salaries(lost: Estimate | None, salary: Estimate | None) -> Estimate | None:
    """A loss in salaries of one administrator."""
    return lost.scaled(1 / salary.value, "ratio") if lost is not None and salary is not None else None


def _unseen(calls: Table, days: Days, period: Period, params: AdministratorsParams) -> tuple[Estimate | None, date]:
    """Share of these callers' first visits still to come, and the first day whose callers are not settled."""
    lags, ages = contacts.visit_lags(calls), contacts.opened_ages(calls, days, period.end)
    by_age = unseen_share(lags.lag, lags.n, np.arange(contacts.FOLLOW_DAYS + 1))
    settled = np.flatnonzero(by_age <= 1 - params.settled_share)
    open_from = period.end - timedelta(days=int(settled[0]) if settled.size else contacts.FOLLOW_DAYS)
    still = unseen_share(lags.lag, lags.n, ages.age)
    if np.isnan(still).any() or not ages.n.sum() > 0:
        return None, open_from
    share_ahead = min(float(ages.n @ still / ages.n.sum()), contacts.most_unseen(calls, days))
    return exact(share_ahead, "share", int(lags.n.sum())), open_from


def _denominators(
    enquiries: Table, opportunities: Table, calls: Table, now: Days, past: Days | None, params: AdministratorsParams
) -> pd.DataFrame:
    """The same first visits over five denominators: “conversion” depends on which is meant."""
    counts = contacts.call_bases(enquiries, opportunities, calls, now)
    before = contacts.call_bases(enquiries, opportunities, calls, past) if past is not None else {}
    rows = []
    for base in BASES:
        found, earlier = (share(min(c["successes"], c[base]), c[base], params.level) if c else None for c in (counts, before))
        rows.append([base, counts[base] / now.months, *three(found), three(earlier)[0], counts[base]])
    return _frame("denominators", rows)


def _weekly(
    calls: Table, frame: pd.DataFrame | None, period: Period, open_from: date, params: AdministratorsParams
) -> pd.DataFrame | None:
    """The last weeks of each administrator with the range of chance round the own mean (p-chart, 3 sigma)."""
    if frame is None:
        return None
    monday = period.end - timedelta(days=period.end.weekday())
    first = monday - timedelta(weeks=params.weeks)
    rows = contacts.answered_weeks(calls, Days(start=first, end=monday))
    rows = rows[rows.administrator.isin(frame.administrator)].reset_index(drop=True)
    if not len(rows):
        return None
    rows["week"] = pd.to_datetime(rows.week).dt.date
    rows["is_open"] = [week + timedelta(days=7) > open_from for week in rows.week]
    rows = chance_limits(rows, unit="administrator", settled=~rows.is_open).assign(opportunities=rows.n)
    best_first = rows.administrator.map({name: i for i, name in enumerate(frame.administrator)})
    return _ordered(rows.assign(place=best_first).sort_values(["place", "week"]), "weekly").reset_index(drop=True)


# ---------------------------------------------------------------------- tables of the page
def _page(found: Comparison | None, before: Comparison | None, heard: pd.DataFrame) -> pd.DataFrame | None:
    if found is None:
        return None
    earlier = before.frame.set_index("administrator").conversion if before is not None else pd.Series(dtype=float)
    page = found.frame.merge(heard, on="administrator", how="left")
    return _ordered(page.assign(conversion_before=page.administrator.map(earlier).astype(float)), "administrators")


# ---------------------------------------------------------------------- what to say
def _says(facts: Mapping[str, Any], frame: pd.DataFrame | None) -> dict[str, Sentence]:
    kind = (
        "no_codes" if frame is None else "one" if len(frame) < 2 else "alike" if not facts["below_count"]
        else "differ" if facts["lost_value"] else "differ_no_money"
    )
    lede = "alone" if kind in ("one", "no_codes") else kind if kind == "alike" else "differ"
    decide = kind if kind in ("alike", "one", "no_codes") else "differ"
    return {
        "title": Sentence(kind), "lede": Sentence(lede), "figures.admins.title": Sentence(lede),
        "figures.weekly.title": Sentence(lede), "notes.how": Sentence("alone" if lede == "alone" else "several"), "notes.decide": Sentence(decide),
    }


def _findings(
    facts: Mapping[str, Any], frame: pd.DataFrame | None, heard: pd.DataFrame, capacity: CapacityResult | None,
    params: AdministratorsParams,
) -> tuple[Finding, ...]:
    found = []
    below = frame[frame.reading == "below"] if frame is not None else pd.DataFrame()
    for i in range(len(below) - 1, -1, -1):
        row = below.iloc[i]
        lost = _row(row, "lost_value", "currency", params) if np.isfinite(row.lost_value) else None
        values: dict[str, Value] = {"who": str(row.administrator), "their_rate": _row(row, "shrunken", "share", params),
                  "their_visits": _row(row, "lost_visits", "number", params)}
        found.append(Finding("below", "risk", values, impact=lost))
    if facts["salaries_lost"]:
        found.append(Finding("salaries", "risk"))
    if frame is not None and len(frame) > 1 and not facts["below_count"]:
        found.append(Finding("train_alike", "opportunity", impact=facts["lost_value"]))
    load = capacity.room_load if capacity is not None else None
    if load is not None and load.value >= params.full_load and facts["lost_value"]:
        found.append(Finding("rooms_full", "caveat", {"room_load": load}))
    if facts["raw_loss_before"] and facts["kept_loss_before"]:
        found.append(Finding("regression", "caveat"))
    if facts["unseen"] and facts["unseen"].value > 0.02:
        found.append(Finding("unseen", "caveat"))
    if facts["unassigned_share"] and facts["unassigned_share"].value > 0.1:
        found.append(Finding("unassigned", "caveat"))
    if facts["no_number_share"] and facts["no_number_share"].value >= contacts.TOLD_FROM:
        found.append(Finding("no_numbers", "caveat"))
    if frame is not None and (frame.reading == "few").any():
        found.append(Finding("few", "caveat", {"few": int((frame.reading == "few").sum()), "least": params.fewest}))
    lacks = {
        "no_codes": frame is None, "no_visits": facts["outcome"] == "booking", "no_value": facts["first_value"] is None,
        "alone": frame is not None and len(frame) == 1,
        "no_salary": facts["salary"] is None and facts["lost_value"] is not None, "not_heard": not len(heard) or not heard.scored.sum(),
        "no_before": facts["conversion_before"] is None,
    }
    return (*found, *(Finding(key, "not_answered") for key, lacking in lacks.items() if lacking))


# ---------------------------------------------------------------------- figures
def admins(result: AdministratorsResult, labels: Labels) -> Figure | None:
    """Shrunken and raw conversion of each administrator; beside it what the gap costs a month."""
    rows = result.administrators
    if rows is None or len(rows) < 2 or rows.shrunken.isna().all():
        return None
    money = rows.lost_value.notna().any()
    name = "lost_value" if money else "lost_visits"
    unit: Unit = "currency" if money else "number"
    bars = dots.Bars(
        rows[name].tolist(), rows[f"{name}_low"].tolist(), rows[f"{name}_high"].tolist(),
        [labels.number(value, unit) if np.isfinite(value) else "" for value in rows[name]],
        labels["lost_money" if money else "lost_visits"], lambda value: labels.number(value, unit),
    )
    return dots.dots(
        [labels.text("row", code=code) for code in rows.administrator], rows.shrunken, rows.shrunken_low, rows.shrunken_high,
        raw=rows.conversion, marked=list(rows.reading == "below"), hollow=list(rows.reading == "few"),
        goal=result.goal.value if result.goal else None, goal_text=labels["goal"] if result.goal else "", raw_text=labels["raw"],
        counts=[labels.number(n, "count") if np.isfinite(n) else "" for n in rows.opportunities.round()], counts_head=labels["calls"],
        x=labels["x"], number=lambda share: labels.number(share, "share"), bars=bars, width=theme.FULL,
        height=max(34.0, 18.0 + 4.6 * len(rows)),
    )


def weekly(result: AdministratorsResult, labels: Labels) -> Figure | None:
    """Control chart of each administrator by week."""
    if result.weekly is None or result.administrators is None:
        return None
    rows = result.weekly
    weeks = sorted(rows.week.unique())
    span = (pd.Timestamp(weeks[-1]) - pd.Timestamp(weeks[0])).days // 7 + 1
    reading = result.administrators.set_index("administrator").reading
    panels = []
    for code in result.administrators.administrator:
        own = rows[rows.administrator == code]
        if len(own):
            at = [(pd.Timestamp(week) - pd.Timestamp(weeks[0])).days // 7 for week in own.week]
            centre = float(own.centre.iloc[0])
            title = labels.text("panel", code=code, share=labels.number(centre, "share"))
            panels.append(control_chart.Panel(title, at, own.conversion, own.limit_low, own.limit_high, centre, own.is_open.astype(bool),
                                              accent=bool(reading[code] == "below")))
    return control_chart.control(
        panels, span=span, ends=(labels.month(pd.Timestamp(weeks[0]).date()), labels.month(pd.Timestamp(weeks[-1]).date())),
        goal=result.goal.value if result.goal else None, goal_text=labels["goal"] if result.goal else "",
        tick=lambda share: labels.number(share, "share"),
    ) if panels else None


# ---------------------------------------------------------------------- small things
def _estimate(bounds: np.ndarray | None, unit: Any, n: int, params: AdministratorsParams) -> Estimate | None:
    if bounds is None or not np.isfinite(bounds).all():
        return None
    value, low, high = bounds
    return Estimate(value, low, high, unit, n, params.level, "B")


def _row(row: pd.Series, name: str, unit: Any, params: AdministratorsParams) -> Estimate:
    return Estimate(row[name], row[f"{name}_low"], row[f"{name}_high"], unit, int(row.n), params.level, "B")


def _names(table: str) -> list[str]:
    return [name for measure in AdministratorsResult.measures(table) for name in measure.names]


def _frame(name: str, rows: list[list[Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=_names(name))


def _ordered(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    return frame[_names(name)]
