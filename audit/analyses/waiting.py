"""Waiting: how soon a caller can be seen, what that says about unmet demand, and what happens to queues near full load.

Question   Are patients turned away by waiting, and how much slack does the clinic need?
Method     Third next available appointment, rebuilt from rota and diary as they stood each morning; days between booking
           and first visit; lost callers who said there was no time. Queues at random arrivals: M/M/c with the doctors on
           duty, other variation by Allen & Cunneen.
Reads      appointments, first_visits; shifts, rooms, doctors, services, opportunities, the result of capacity if there are any.
Cannot say How many patients never called because they expected to wait: nobody records them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
from ibis import _
from ibis.expr.types import Table
from matplotlib.figure import Figure
from pydantic import Field

from audit.analyses.capacity import CapacityResult
from audit.config import Days, Params, Period
from audit.errors import NotAnswerable
from audit.models.bootstrap import mean_interval, ratio_interval
from audit.models.counted import share
from audit.models.queueing import mean_wait
from audit.plots import theme
from audit.plots.bars import bars
from audit.plots.curve import Dot, curve
from audit.results import Estimate, Finding, Measure, Result, Sentence, exact, table
from audit.tables.booking_leads import booking_leads
from audit.tables.room_time import room_time
from audit.tables.rostered_hours import rostered_hours
from audit.tables.third_available import third_available
from audit.tables.unit_loads import unit_loads
from audit.wording import Labels

FIGURES = ("third", "queue")
MOST_BARS = 8
LOADS = np.linspace(0.50, 0.99, 50)


class WaitingParams(Params):
    """Settings of waiting."""

    horizon_days: int = Field(14, ge=5, le=60, description="days ahead in which free appointments are looked for")
    too_long_days: float = Field(7, gt=0, description="days to the third free appointment from which callers go elsewhere")
    ceiling: float = Field(0.85, gt=0, lt=1, description="practical ceiling of a rota")
    near_full: float = Field(0.98, gt=0, lt=1, description="load at which the queue is told")
    fewest_tagged: int = Field(20, ge=5, description="lost callers with a reason from which its shares are told")


@dataclass(frozen=True, kw_only=True)
class WaitingResult(Result):
    """``third_days`` is the mean over doctors and days of the days until the third free appointment, ``third_capped`` the share
    that lay beyond ``horizon_days``. ``queue_…`` are minutes in queue for patients who come at random to ``servers`` doctors,
    now, at the practical ceiling and near full; ``queue_ratio`` is the last over the second.
    """

    third_days: Estimate | None
    third_capped: Estimate | None
    horizon_days: int
    longest_doctor: str | None
    longest_days: Estimate | None
    too_long_days: Estimate
    wait_new: Estimate | None
    wait_new_before: Estimate | None
    no_slot_share: Estimate | None
    no_slot_callers: Estimate | None
    servers: int | None
    load_now: Estimate | None
    ceiling: Estimate
    near_full: Estimate
    queue_now: Estimate | None
    queue_ceiling: Estimate | None
    queue_full: Estimate | None
    queue_ratio: Estimate | None
    units: pd.DataFrame | None = table(
        Measure("by", "label"), Measure("unit", "label"), Measure("load", "share"), Measure("third", "days", interval=True, form="line"),
        Measure("capped", "share"), Measure("state", "status"), Measure("mornings", "count", shown=False),
    )
    queue_curve: pd.DataFrame | None = table(
        Measure("load", "share"), Measure("minutes", "minutes", interval=True),
    )


def analyse(
    appointments: Table, first_visits: Table, shifts: Table | None, rooms: Table | None, doctors: Table | None, services: Table | None,
    opportunities: Table | None, capacity: CapacityResult | None, *, period: Period, params: WaitingParams,
) -> WaitingResult:
    """Evidence of unmet demand from diary, rota and calls, and the queue the load implies."""
    now, timed = period.present, room_time(appointments, rooms, services)
    visits = timed.filter(_.kind == "outpatient", _.status == "completed", _.minutes > 0, _.day >= now.start, _.day < now.end)
    length = visits.aggregate(n=_.count(), mean=_.minutes.mean(), sd=_.minutes.std(how="pop")).to_pandas().iloc[0]
    minutes = float(length["mean"]) if length.n else np.nan
    has_rota = shifts is not None and np.isfinite(minutes)
    seen = _seen(timed, shifts, rooms, doctors, period, minutes, params) if shifts is not None and has_rota else pd.DataFrame()
    load = capacity.doctor_load if capacity is not None else None
    facts: dict[str, Any] = {
        "horizon_days": params.horizon_days, "too_long_days": exact(params.too_long_days, "days", 0), "load_now": load,
        "ceiling": exact(params.ceiling, "share", 0), "near_full": exact(params.near_full, "share", 0),
        **_third(seen, params), **_no_slot(opportunities, now, params),
        **{name: _lead(appointments, first_visits, days, params) for name, days in (("wait_new", now), ("wait_new_before", period.past))},
    }
    cv2 = float((length.sd / minutes) ** 2) if np.isfinite(minutes) else np.nan
    queue, line = _queue(_on_duty(shifts, rooms, now) if shifts is not None else 0, load, minutes, cv2, params)
    facts |= queue
    if not any(facts[name] for name in ("third_days", "wait_new", "no_slot_share", "queue_full")):
        raise NotAnswerable("nothing_known", verdict="not_available")
    loads = _loads(timed, rooms, shifts, doctors, now)
    units = _units(seen, loads, params)
    facts |= _longest(units)
    return WaitingResult(
        grade="B" if facts["third_days"] else "C", headline="third_days" if facts["third_days"] else "wait_new" if facts["wait_new"] else None,
        says=_says(facts), findings=tuple(_findings(facts, shifts, opportunities, units)), units=units, queue_curve=line, **facts,
    )


# ------------------------------------------------------------------ the third free appointment
def _seen(
    timed: Table, shifts: Table, rooms: Table | None, doctors: Table | None, period: Period, minutes: float, params: WaitingParams
) -> pd.DataFrame:
    """Mornings of the present whose horizon lies inside the records."""
    now = period.present
    last = min(now.end, period.end - timedelta(days=params.horizon_days - 1))
    if last <= now.start or not timed.booked_at.notnull().any().execute():
        return pd.DataFrame()
    diary = timed.select("doctor_id", "kind", "status", "booked_at", "cancelled_at", "starts_at", "minutes")
    return third_available(
        diary, shifts, rooms, doctors, start=now.start, end=last, horizon=params.horizon_days, minutes=minutes
    ).to_pandas()


def _third(seen: pd.DataFrame, params: WaitingParams) -> dict[str, Any]:
    facts: dict[str, Any] = {"third_days": None, "third_capped": None}
    own = seen[seen.by == "doctor"] if len(seen) else seen
    if own.empty:
        return facts
    by_day = own.groupby("day").days.agg(["sum", "size"])
    facts["third_days"] = _mean_of_days(by_day["sum"], by_day["size"], params)
    facts["third_capped"] = exact(float(own.capped.mean()), "share", len(own))
    return facts


def _mean_of_days(total: pd.Series, n: pd.Series, params: WaitingParams) -> Estimate:
    """Mean wait; neighbouring mornings see the same diary, so stretches of a working week are resampled together."""
    value = float(total.sum() / n.sum())
    if len(total) < 2:
        return Estimate(value, value, value, "days", len(total), params.level, "C")
    low, high = ratio_interval(total, n, params.level, params.seed, block=max(1, min(5, len(total) // 3)))
    return Estimate(value, min(low, value), max(high, value), "days", len(total), params.level, "B")


def _loads(timed: Table, rooms: Table | None, shifts: Table | None, doctors: Table | None, now: Days) -> pd.Series:
    found = unit_loads(timed, rooms, shifts, doctors, None, start=now.start, end=now.end, span=now.days) if shifts is not None else None
    if found is None:
        return pd.Series(dtype=float)
    sums = found.to_pandas().groupby(["by", "unit"])[["used", "offered"]].sum()
    return sums.used / sums.offered


def _units(seen: pd.DataFrame, loads: pd.Series, params: WaitingParams) -> pd.DataFrame | None:
    """Each specialty and doctor: load, days until the third free appointment, and whether more calls should be bought."""
    rows = []
    for (by, unit), own in seen.groupby(["by", "unit"], sort=True) if len(seen) else ():
        wait, load = _mean_of_days(own.days, pd.Series(1.0, index=own.index), params), loads.get((by, unit), np.nan)
        state = "act" if wait.value > params.too_long_days or load > params.ceiling else "good"
        rows.append([by, unit, load, wait.value, wait.low, wait.high, float(own.capped.mean()), state, len(own)])
    columns = [column for measure in WaitingResult.measures("units") for column in measure.names]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.sort_values(["by", "third", "unit"], ascending=[False, False, True], ignore_index=True) if rows else None


def _longest(units: pd.DataFrame | None) -> dict[str, Any]:
    rows = units[units.by == "doctor"] if units is not None else pd.DataFrame()
    if len(rows) < 2 or not rows.third_low.iloc[0] > rows.third_high.iloc[-1]:
        return {"longest_doctor": None, "longest_days": None}
    row = rows.iloc[0]
    return {"longest_doctor": str(row.unit), "longest_days": Estimate(row.third, row.third_low, row.third_high, "days", row.mornings)}


# ------------------------------------------------------------------ bookings and calls
def _lead(appointments: Table, first_visits: Table, days: Days | None, params: WaitingParams) -> Estimate | None:
    """Mean days between booking and the first visit of new patients."""
    if days is None:
        return None
    found = booking_leads(appointments, first_visits, start=days.start, end=days.end).order_by("patient_id").to_pandas().days
    if len(found) < 2:
        return None
    value, (low, high) = float(found.mean()), mean_interval(found, params.level, params.seed)
    return Estimate(value, min(low, value), max(high, value), "days", len(found), params.level)


def _no_slot(opportunities: Table | None, now: Days, params: WaitingParams) -> dict[str, Any]:
    """Lost callers who said there was no suitable time, of those with a reason on record."""
    facts: dict[str, Any] = {"no_slot_share": None, "no_slot_callers": None}
    if opportunities is None:
        return facts
    opened = opportunities.opened_at.date()
    lost = opportunities.filter(opened >= now.start, opened < now.end, _.loss_reason.notnull())
    total = lost.aggregate(n=_.count(), k=(_.loss_reason == "no_slot").sum()).to_pandas().iloc[0]
    if total.n >= params.fewest_tagged:
        facts["no_slot_share"] = share(float(total.k), float(total.n), params.level)
        facts["no_slot_callers"] = exact(total.k / now.months, "count", int(total.n))
    return facts


# ------------------------------------------------------------------ queues
def _on_duty(shifts: Table, rooms: Table | None, now: Days) -> int:
    """Doctors seeing outpatients at the same time: rota hours over the hours in which anybody had a shift begin to end."""
    rota = rostered_hours(shifts, rooms).filter(_.day >= now.start, _.day < now.end)
    hours = shifts.filter(_.role == "doctor", _.starts_at.date() >= now.start, _.starts_at.date() < now.end, _.ends_at > _.starts_at)
    spans = hours.group_by(day=_.starts_at.date()).aggregate(open=(_.ends_at.max().epoch_seconds() - _.starts_at.min().epoch_seconds()) / 60)
    offered, opened = rota.minutes.sum().execute(), spans.open.sum().execute()
    return max(1, round(float(offered) / float(opened))) if offered and opened and np.isfinite([offered, opened]).all() else 0


def _queue(
    servers: int, load: Estimate | None, minutes: float, cv2: float, params: WaitingParams
) -> tuple[dict[str, Any], pd.DataFrame | None]:
    """Minutes in queue at random arrivals; the band runs from visits all alike to visits as varied as the exponential."""
    facts: dict[str, Any] = dict.fromkeys(("servers", "queue_now", "queue_ceiling", "queue_full", "queue_ratio"))
    if not servers or not np.isfinite(minutes):
        return facts, None

    def wait(at: float) -> Estimate:
        value, low, high = (minutes * mean_wait(servers, at * servers, service_cv2=spread) for spread in (cv2, 0.0, max(cv2, 1.0)))
        return Estimate(value, low, high, "minutes", servers, params.level, "C", "weak")

    full, ceiling = wait(params.near_full), wait(params.ceiling)
    facts |= {"servers": servers, "queue_full": full, "queue_ceiling": ceiling, "queue_ratio": exact(full.value / ceiling.value, "ratio", servers)}
    if load is not None and load.value < 1:
        facts["queue_now"] = wait(load.value)
    waits = [wait(float(at)) for at in LOADS]
    line = pd.DataFrame({
        "load": LOADS, "minutes": [w.value for w in waits], "minutes_low": [w.low for w in waits], "minutes_high": [w.high for w in waits],
    })
    return facts, line


# ------------------------------------------------------------------ what is said
def _says(facts: Mapping[str, Any]) -> dict[str, Sentence]:
    third, load = facts["third_days"], facts["load_now"]
    is_full = load is not None and load.value > facts["ceiling"].value
    title = "unknown" if third is None else "long" if third.value > facts["too_long_days"].value else "full" if is_full else "soon"
    if third is None and facts["wait_new"]:
        title = "lead"
    return {
        "title": Sentence(title), "lede": Sentence("third" if third else "lead" if facts["wait_new"] else "unknown"),
        "figures.third.title": Sentence("longest" if facts["longest_doctor"] else "alike"),
    }


def _findings(facts: Mapping[str, Any], shifts: Table | None, opportunities: Table | None, units: pd.DataFrame | None) -> list[Finding]:
    load, no_slot, now, before = (facts[name] for name in ("load_now", "no_slot_share", "wait_new", "wait_new_before"))
    third, limit = facts["third_days"], facts["too_long_days"]
    told = (
        (third and third.low > limit.value, Finding("turned_away", "risk")),
        (load and facts["queue_ratio"] and load.value > facts["ceiling"].value, Finding("no_slack", "risk")),
        (now and before and now.low > before.high, Finding("longer", "risk")),
        (now and before and now.high < before.low, Finding("shorter", "strength")),
        (no_slot and no_slot.low > 0, Finding("no_slot", "risk")),
        (facts["longest_doctor"], Finding("uneven", "caveat")),
        (shifts is None, Finding("no_rota", "not_answered")),
        (shifts is not None and units is None, Finding("no_mornings", "not_answered")),
        (now is None, Finding("no_booked", "not_answered")),
        (no_slot is None, Finding("no_reasons", "not_answered")),
    )
    return [finding for applies, finding in told if applies]


# ------------------------------------------------------------------ figures
def third(result: WaitingResult, labels: Labels) -> Figure | None:
    """Days until the third free appointment of each doctor, the longest first."""
    rows = result.units[result.units.by == "doctor"].head(MOST_BARS) if result.units is not None else pd.DataFrame()
    if rows.empty:
        return None
    limit = result.too_long_days.value
    return bars(
        rows.third, names=list(rows.unit), texts=[labels.number(value, "number") for value in rows.third], low=rows.third_low,
        high=rows.third_high, accent=list(rows.third > limit), ceiling=limit if rows.third_high.max() > limit / 2 else None,
        ceiling_text=labels["limit"], tick=lambda v: labels.number(v, "number"), width=theme.HALF, height=14 + 4.6 * max(len(rows), 3),
    )


def queue(result: WaitingResult, labels: Labels) -> Figure | None:
    """Minutes in queue over the load, with today, the practical ceiling and nearly full."""
    if result.queue_curve is None or result.queue_ceiling is None or result.queue_full is None:
        return None
    line = result.queue_curve
    dots = [
        Dot(result.ceiling.value, result.queue_ceiling.value, labels["ceiling"]),
        Dot(result.near_full.value, result.queue_full.value, labels["full"], accent=True),
    ]
    return curve(
        line.load, line.minutes, low=line.minutes_low, high=line.minutes_high, number_x=lambda v: labels.number(v, "share"),
        number_y=lambda v: labels.number(v, "number"), words_x=labels["x"], words_y=labels["y"], dots=dots, width=theme.HALF, height=50,
    )
