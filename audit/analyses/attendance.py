"""Attendance: which booked appointments do not take place, whose time is filled again, and what is lost.

Question   How much time and money do missed and cancelled appointments cost, and whose are they?
Method     Shares with Wilson's interval, by lead time, first visit or not, reminder, weekday, doctor. Refilled: another visit
           overlapped the time. Reminded against not within strata of lead time and first visit (Mantel–Haenszel). Lost
           hours by bootstrap of weeks, at the money of a used room hour.
Reads      appointments, first_visits; rooms and services, the result of capacity if there are any.
Cannot say Whether a reminder prevents absence: who gets one was not drawn by lot.
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
from audit.config import Days, Params, Period
from audit.errors import NotAnswerable
from audit.models.bootstrap import mean_interval
from audit.models.counted import share, three, times
from audit.models.proportions import stratified_difference, wilson
from audit.plots import theme
from audit.plots.bars import bars
from audit.results import Estimate, Finding, Measure, Result, Sentence, table
from audit.tables.due_appointments import LEAD_GROUPS, came_later, due_appointments
from audit.tables.room_time import room_time
from audit.wording import Labels

FIGURES = ("lead_bars", "reminder_bars")
OUTCOMES = ("came", "missed", "late", "cancelled", "early")
GROUPS = {"who": ("new", "returning"), "reminder": ("reminded", "not_reminded"), "lead": LEAD_GROUPS, "weekday": tuple("0123456")}


class AttendanceParams(Params):
    """Settings of attendance."""

    late_hours: float = Field(24, gt=0, le=168, description="a cancellation with less notice than this is late")
    later_days: int = Field(30, ge=7, le=120, description="days within which a patient who did not come may still come")
    weeks_needed: int = Field(8, ge=2, description="whole weeks from which weeks, not days, are resampled")
    fewest: int = Field(30, ge=8, description="appointments of a group from which its share is told")


@dataclass(frozen=True, kw_only=True)
class AttendanceResult(Result):
    """Shares are of appointments due, ``no_show_share`` of those not cancelled. Lost is time of missed and late-cancelled
    appointments that nobody filled, per week; ``unfilled_hours`` is that of cancellations whose moment nobody recorded.
    ``reminder_difference`` is reminded minus not reminded among those booked ahead. ``later_from`` is the first day of the
    window in which the return of those who did not come could be followed.
    """

    appointments_due: int
    came_share: Estimate
    no_show_share: Estimate | None
    cancelled_share: Estimate | None
    late_share: Estimate | None
    refilled_share: Estimate | None
    came_later_share: Estimate | None
    later_days: int
    later_from: date | None
    lost_hours: Estimate | None
    unfilled_hours: Estimate | None
    lost_money: Estimate | None
    money_is: str | None
    new_missed: Estimate | None
    returning_missed: Estimate | None
    worst_lead: str | None
    worst_share: Estimate | None
    reminder_difference: Estimate | None
    outcomes: pd.DataFrame = table(
        Measure("outcome", "label"), Measure("appointments", "count"), Measure("share", "share", interval=True, form="bar"),
        Measure("refilled", "share", interval=True), Measure("unfilled_hours", "hours"), Measure("worth", "currency"),
        Measure("n", "count", shown=False),
    )
    groups: pd.DataFrame | None = table(
        Measure("by", "label"), Measure("group", "label"), Measure("appointments", "count"),
        Measure("missed", "share", interval=True, form="bar"), Measure("cancelled", "share", interval=True),
        Measure("n", "count", shown=False),
    )
    reminders: pd.DataFrame | None = table(
        Measure("lead", "label"), Measure("reminded", "share", interval=True), Measure("not_reminded", "share"),
        Measure("n", "count"), Measure("n_not", "count"),
    )


def analyse(
    appointments: Table, first_visits: Table, rooms: Table | None, services: Table | None, capacity: CapacityResult | None, *,
    period: Period, params: AttendanceParams,
) -> AttendanceResult:
    """What became of every appointment due in the present."""
    now, timed = period.present, room_time(appointments, rooms, services)
    due = due_appointments(timed, first_visits, start=now.start, end=now.end, late_hours=params.late_hours)
    frame = due.order_by("appointment_id").to_pandas().astype({"day": "datetime64[s]", "minutes": "float64"})
    total = frame.outcome.value_counts().reindex(OUTCOMES, fill_value=0)
    broken = int(total.sum() - total.came)
    if not broken:
        raise NotAnswerable("nothing_recorded", verdict="not_available", values={"appointments": len(frame)})
    level, came_or_missed = params.level, float(total.came + total.missed)
    lost = frame[frame.outcome != "came"]
    known = lost[lost.refilled.notna()]
    hours, unfilled = (_hours(frame, outcomes, now, params) for outcomes in (("missed", "late"), ("cancelled",)))
    worth = capacity.hour_value if capacity is not None else None
    back, later_from = _later(appointments, first_visits, timed, period, params)
    groups = _groups(frame, level)
    facts: dict[str, Any] = {
        "appointments_due": len(frame), "came_share": share(float(total.came), len(frame), level),
        "no_show_share": share(float(total.missed), came_or_missed, level) if total.missed else None,
        "cancelled_share": share(float(broken - total.missed), len(frame), level) if broken > total.missed else None,
        "late_share": share(float(total.late), len(frame), level) if total.late + total.early else None,
        "refilled_share": share(float(known.refilled.sum()), len(known), level),
        "came_later_share": back, "later_days": params.later_days, "later_from": later_from, "lost_hours": hours, "unfilled_hours": unfilled,
        "lost_money": times(hours.scaled(now.days / 7 / now.months), worth, "currency") if hours and worth else None,
        "money_is": capacity.value_is if capacity is not None and worth else None,
        **{f"{who}_missed": _not_come(frame[frame.who == who], level) for who in ("new", "returning")},
        **_worst(groups, params), **_reminded(frame, params),
    }
    return AttendanceResult(
        grade="A", headline="no_show_share" if facts["no_show_share"] else "came_share", says=_says(facts, params),
        findings=tuple(_findings(facts, frame, worth, params)), outcomes=_outcomes(frame, total, worth, now, level),
        groups=groups, reminders=_by_reminder(frame, level), **facts,
    )


def _hours(frame: pd.DataFrame, outcomes: tuple[str, ...], now: Days, params: AttendanceParams) -> Estimate | None:
    """Hours a week of appointments with these outcomes that nobody filled; weeks (or days) resampled."""
    chosen = frame[frame.outcome.isin(outcomes) & frame.refilled.eq(False)]
    if not chosen.minutes.sum() > 0:
        return None
    span = 7 if now.days >= 7 * params.weeks_needed else 1
    unit = (chosen.day - pd.Timestamp(now.start)).dt.days // span
    series = chosen.groupby(unit).minutes.sum().reindex(range(now.days // span), fill_value=0.0) / 60 * 7 / span
    value, (low, high) = float(chosen.minutes.sum() / 60 / now.days * 7), mean_interval(series, params.level, params.seed)
    low, high = (value, value) if not np.isfinite(low) else (low, high)
    return Estimate(value, max(0.0, min(low, value)), max(high, value), "hours", len(series), params.level)


def _later(
    appointments: Table, first_visits: Table, timed: Table, period: Period, params: AttendanceParams
) -> tuple[Estimate | None, date | None]:
    """Share of those who did not come that came later, in the latest days as long as the present that could be followed."""
    end = min(period.present.end, period.end - timedelta(days=params.later_days))
    start = max(period.start, end - timedelta(days=period.present.days))
    if start >= end:
        return None, None
    due = due_appointments(timed, first_visits, start=start, end=end, late_hours=params.late_hours)
    counted = came_later(due, appointments, days=params.later_days)
    total = counted.aggregate(n=counted.count(), back=counted.came_later.sum()).to_pandas().iloc[0]
    return share(float(total.back or 0) if total.n else 0.0, float(total.n), params.level), start


def _not_come(frame: pd.DataFrame, level: float) -> Estimate | None:
    """Share of appointments that did not take place, for whatever reason."""
    return share(float((frame.outcome != "came").sum()), len(frame), level)


# ------------------------------------------------------------------ whose appointments
def _groups(frame: pd.DataFrame, level: float) -> pd.DataFrame | None:
    """Shares missed (of those not cancelled) and cancelled by what is known before the appointment."""
    parts = []
    for by in (*GROUPS, "doctor_id"):
        counted = pd.crosstab(frame[by], frame.outcome).reindex(columns=OUTCOMES, fill_value=0)
        order = [name for name in GROUPS.get(by, counted.index) if name in counted.index]
        if len(order) > 1:
            parts.append(counted.loc[order].assign(by=by).rename_axis("group").reset_index())
    if not parts:
        return None
    rows = pd.concat(parts, ignore_index=True)
    due, missed = rows[list(OUTCOMES)].sum(axis=1), rows.missed
    cancelled = due - rows.came - missed
    columns: dict[str, Any] = {"by": rows.by, "group": rows.group.astype(str), "appointments": due}
    for name, k, n in (("missed", missed, due - cancelled), ("cancelled", cancelled, due)):
        low, high = wilson(k, n, level)
        columns |= {name: (k / n.where(n > 0)), f"{name}_low": low, f"{name}_high": high}
    return pd.DataFrame(columns | {"n": due})


def _worst(groups: pd.DataFrame | None, params: AttendanceParams) -> dict[str, Any]:
    """The lead time with the most missed and cancelled appointments, if beyond all others' by more than chance."""
    facts: dict[str, Any] = {"worst_lead": None, "worst_share": None}
    rows = groups[(groups.by == "lead") & (groups.n >= params.fewest)] if groups is not None else pd.DataFrame()
    if len(rows) < 2:
        return facts
    kept = (1 - rows.missed) * (1 - rows.cancelled)
    k = (rows.n * (1 - kept)).round()
    top = (k / rows.n).idxmax()
    worst, rest = share(k[top], rows.n[top], params.level), share(k.drop(top).sum(), rows.n.drop(top).sum(), params.level)
    if worst is not None and rest is not None and worst.low > rest.high:
        facts = {"worst_lead": str(rows.group[top]), "worst_share": worst}
    return facts


def _strata(frame: pd.DataFrame) -> pd.DataFrame:
    """Missed of not cancelled, reminded and not, by lead time and first visit; same-day bookings get no reminder."""
    rows = frame[frame.outcome.isin(["came", "missed"]) & frame.reminder.notna() & frame.lead.notna() & (frame.lead != "same_day")]
    rows = rows.assign(k=(rows.outcome == "missed").astype(float))
    return rows.groupby(["lead", "who", "reminder"]).k.agg(["sum", "size"]).unstack("reminder", fill_value=0).astype(float)


def _reminded(frame: pd.DataFrame, params: AttendanceParams) -> dict[str, Any]:
    cells = _strata(frame)
    both = {"reminded", "not_reminded"} <= set(cells.columns.get_level_values("reminder"))
    if not both or (cells["size"].sum() < params.fewest).any():
        return {"reminder_difference": None}
    k, n = cells["sum"], cells["size"]
    value, low, high = stratified_difference(k.reminded, n.reminded, k.not_reminded, n.not_reminded, params.level)
    if not np.isfinite(value):
        return {"reminder_difference": None}
    return {"reminder_difference": Estimate(value, low, high, "points", int(n.to_numpy().sum()), params.level, "C", "weak")}


def _by_reminder(frame: pd.DataFrame, level: float) -> pd.DataFrame | None:
    """Shares missed by lead time, reminded and not; leads that have both."""
    cells = _strata(frame)
    if not {"reminded", "not_reminded"} <= set(cells.columns.get_level_values("reminder")):
        return None
    summed = cells.groupby(level="lead").sum()
    summed = summed.loc[[name for name in LEAD_GROUPS if name in summed.index and (summed["size"].loc[name] > 0).all()]]
    k, n = summed["sum"], summed["size"]
    low, high = wilson(k.reminded, n.reminded, level)
    found = pd.DataFrame({
        "lead": summed.index, "reminded": (k.reminded / n.reminded).to_numpy(), "reminded_low": low, "reminded_high": high,
        "not_reminded": (k.not_reminded / n.not_reminded).to_numpy(), "n": n.reminded.to_numpy(), "n_not": n.not_reminded.to_numpy(),
    })
    return found if len(found) else None


def _outcomes(frame: pd.DataFrame, total: pd.Series, worth: Estimate | None, now: Days, level: float) -> pd.DataFrame:
    rows = []
    for outcome in OUTCOMES:
        own = frame[frame.outcome == outcome]
        if not len(own):
            continue
        known = own[own.refilled.notna()]
        idle = own[own.refilled.eq(False)].minutes.sum() / 60 if len(known) else np.nan
        loses = outcome != "came" and worth is not None
        rows.append([
            outcome, len(own), *three(share(len(own), len(frame), level)),
            *(three(share(float(known.refilled.sum()), len(known), level)) if outcome != "came" else [np.nan] * 3),
            idle / now.days * 7, idle / now.months * worth.value if loses and worth is not None else np.nan, len(own),
        ])
    columns = [column for measure in AttendanceResult.measures("outcomes") for column in measure.names]
    return pd.DataFrame(rows, columns=columns)


# ------------------------------------------------------------------ what is said
def _says(facts: Mapping[str, Any], params: AttendanceParams) -> dict[str, Sentence]:
    is_lost = facts["lost_hours"] is not None
    title = "money" if facts["lost_money"] else "hours" if is_lost else "refilled" if facts["refilled_share"] else "shares"
    difference = facts["reminder_difference"]
    reminded = "unknown" if difference is None else "less" if difference.high < 0 else "more" if difference.low > 0 else "alike"
    return {
        "title": Sentence(title), "lede": Sentence("lost" if is_lost else "shares"),
        "figures.lead_bars.title": Sentence("worst" if facts["worst_lead"] else "alike"),
        "figures.reminder_bars.title": Sentence(reminded),
    }


def _findings(facts: Mapping[str, Any], frame: pd.DataFrame, worth: Estimate | None, params: AttendanceParams) -> list[Finding]:
    new, returning, difference = facts["new_missed"], facts["returning_missed"], facts["reminder_difference"]
    cancelled = frame.outcome.isin(["cancelled", "late", "early"]).any()
    told = (
        (facts["lost_money"], Finding("lost", "risk", impact=facts["lost_money"])),
        (new and returning and new.low > returning.high, Finding("new_patients", "risk")),
        (facts["worst_lead"], Finding("lead", "risk")),
        (facts["came_later_share"], Finding("later", "caveat")),
        (difference is not None and difference.high < 0, Finding("reminders", "opportunity")),
        (facts["refilled_share"] and facts["refilled_share"].low > 0.5, Finding("refilled", "strength")),
        (facts["no_show_share"] is None, Finding("no_missed", "not_answered")),
        (cancelled and facts["late_share"] is None, Finding("no_cancelled_at", "not_answered")),
        (not frame.lead.notna().any(), Finding("no_lead", "not_answered")),
        (not frame.reminder.notna().any(), Finding("no_reminder", "not_answered")),
        (facts["refilled_share"] is None, Finding("no_minutes", "not_answered")),
        (facts["lost_hours"] and worth is None, Finding("no_worth", "not_answered")),
    )
    return [finding for applies, finding in told if applies]


# ------------------------------------------------------------------ figures
def lead_bars(result: AttendanceResult, labels: Labels) -> Figure | None:
    """Share of appointments that did not take place by how long before they were booked."""
    if result.groups is None or not (result.groups.by == "lead").any():
        return None
    rows = result.groups[result.groups.by == "lead"]
    not_come = 1 - (1 - rows.missed.fillna(0)) * (1 - rows.cancelled)
    low, high = wilson((not_come * rows.n).round(), rows.n, result.came_share.level)
    return bars(
        not_come, names=[labels.value("group", code) for code in rows.group], texts=[labels.number(value, "share") for value in not_come],
        low=low, high=high, accent=list(rows.group == result.worst_lead), tick=lambda v: labels.number(v, "share"), width=theme.HALF,
    )


def reminder_bars(result: AttendanceResult, labels: Labels) -> Figure | None:
    """Missed appointments by lead time: bars with a reminder, diamonds without; not drawn when hardly any are missed."""
    if result.reminders is None or result.no_show_share is None or result.no_show_share.high < 0.02:
        return None
    rows = result.reminders
    return bars(
        rows.reminded, names=[labels.value("group", code) for code in rows.lead],
        texts=[labels.number(value, "share") for value in rows.reminded], low=rows.reminded_low, high=rows.reminded_high,
        earlier=rows.not_reminded, earlier_text=labels["without"], tick=lambda v: labels.number(v, "share"), width=theme.HALF,
    )
