"""Capacity: how much of rooms, doctors, operating room and ward is used, and which hours are full.

Question   Which hours and resources are full, which can be sold?
Method     Used over open time, a ratio of sums, above 100 % where it is; bootstrap of whole weeks (of days when the
           present has too few weeks). Most visits: all open time, the practical ceiling, and with the hours of the
           week patients choose now.
Reads      appointments; rooms, shifts, events (closed days), charges and services if there are any.
Cannot say How many patients were turned away at full hours: visits that took place are a lower bound there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from ibis import _
from ibis.expr.types import Table
from matplotlib.figure import Figure
from pydantic import Field

from audit.config import Days, Params, Period
from audit.errors import NotAnswerable
from audit.models import bootstrap, occupancy
from audit.plots.bars import bars
from audit.plots.heatmap import Frame, heatmap
from audit.results import Estimate, Finding, Measure, Result, Sentence, exact, table
from audit.tables.open_hours import open_hours
from audit.tables.outpatient_money import outpatient_money
from audit.tables.resource_days import resource_days
from audit.tables.room_time import room_time
from audit.tables.rostered_hours import rostered_hours
from audit.wording import Labels

ROOMS = ("consulting", "diagnostics", "operating", "ward")
FIGURES = ("heat", "resources_bars")
Series = Mapping[str, pd.DataFrame | None]
Loads = Mapping[str, Estimate | None]


class CapacityParams(Params):
    """Settings of capacity."""

    ceiling: float = Field(0.85, gt=0, lt=1, description="practical ceiling of a bookable resource")
    valley: float = Field(0.35, gt=0, lt=1, description="hours used less than this are hours to fill")
    weeks_needed: int = Field(8, ge=2, description="whole weeks from which weeks, not days, are resampled")
    days_needed: int = Field(20, ge=2, description="days with visits from which doctors’ fullest days are told")
    priced_share: float = Field(0.8, gt=0, le=1, description="money with a known direct cost that makes worth a contribution")


@dataclass(frozen=True, kw_only=True)
class CapacityResult(Result):
    """Loads are shares of open time and may exceed 1; maxima are per month, hours per week."""

    room_load: Estimate | None
    room_load_before: Estimate | None
    doctor_load: Estimate | None
    doctor_load_at_most: Estimate | None
    operating_load: Estimate | None
    ward_load: Estimate | None
    ward_load_before: Estimate | None
    booked_load: Estimate | None
    bottleneck: str | None
    bottleneck_load: Estimate | None
    ceiling: Estimate
    valley: Estimate
    peak_weekday: int | None
    peak_hour: int | None
    peak_load: Estimate | None
    visits: int
    slots: int | None
    visits_most: Estimate | None
    visits_practical: Estimate | None
    visits_shaped: Estimate | None
    turn_away_hours: Estimate | None
    free_hours: Estimate | None
    fillable_hours: Estimate | None
    hour_value: Estimate | None
    value_is: str | None
    fill_worth: Estimate | None
    weekly_visits: Estimate | None
    busiest_week: Estimate | None
    load_at_most: Estimate | None
    resources: pd.DataFrame | None = table(
        Measure("resource", "label"), Measure("open_hours", "hours"), Measure("used_hours", "hours"),
        Measure("load", "share", interval=True, form="bar"), Measure("load_before", "share"),
        Measure("free_hours", "hours"), Measure("worth", "currency"), Measure("state", "status"),
        Measure("units", "count", shown=False),
    )
    heat: pd.DataFrame | None = table(
        Measure("weekday", "number"), Measure("hour", "number"), Measure("open_hours", "hours"),
        Measure("used_hours", "hours"), Measure("load", "share"),
    )
    calendar: pd.DataFrame = table(Measure("day", "date"), Measure("load", "share"))


def analyse(
    appointments: Table, rooms: Table | None, shifts: Table | None, events: Table | None, charges: Table | None,
    services: Table | None, *, period: Period, params: CapacityParams,
) -> CapacityResult:
    """Load of every resource the tables describe; without rooms, bounds only."""
    now, past = period.present, period.past
    timed = room_time(appointments, rooms, services)
    days = resource_days(appointments, rooms, services, events, start=period.start, end=period.end)
    diary = days.to_pandas().astype({"day": "datetime64[s]"})
    if not _in(diary, now).visits.sum() > 0:
        raise NotAnswerable("no_visits", verdict="not_enough_data")
    series = _series(diary, _rota(timed, shifts, rooms, now, past))
    loads = {name: _load(frame, now, params) for name, frame in series.items()}
    before = {name: _load(frame, past, params) for name, frame in series.items()}
    hours = _hours(timed, rooms, events, now) if loads["consulting"] else None
    known = {name: load.value for name, load in loads.items() if load is not None and name in ROOMS}
    bottleneck = max(known, key=lambda name: known[name], default=None)
    facts: dict[str, Any] = {
        "room_load": loads["consulting"], "room_load_before": before["consulting"], "doctor_load": loads["doctors"],
        "doctor_load_at_most": _at_most(timed, now, params) if shifts is None else None,
        "operating_load": loads["operating"], "ward_load": loads["ward"], "ward_load_before": before["ward"],
        "booked_load": loads["booked"], "bottleneck": bottleneck, "bottleneck_load": loads.get(bottleneck or ""),
        "ceiling": exact(params.ceiling, "share", 0), "valley": exact(params.valley, "share", 0),
        **_most(_in(diary, now), loads["consulting"], hours, now, params), **_peak(hours, now, params),
        **_free(series["consulting"], charges, services, now, params),
        **_weekly(diary, period, now, params, wanted=loads["consulting"] is None),
    }
    return CapacityResult(
        grade="A" if facts["room_load"] else "C", headline="room_load" if facts["room_load"] else None, says=_says(facts, params),
        findings=(*_findings(facts, params), *_gaps(facts, shifts, charges, hours)),
        resources=_resources(series, loads, before, facts, now, params), heat=hours,
        calendar=_calendar(series["consulting"], diary, period), **facts,
    )


# ------------------------------------------------------------------ to days and hours
def _rota(timed: Table, shifts: Table | None, rooms: Table | None, now: Days, past: Days | None) -> pd.DataFrame | None:
    """Offered and used outpatient minutes by day of the doctors on the rota, on days that have a rota."""
    if shifts is None:
        return None
    on = rostered_hours(shifts, rooms).filter(_.day >= (past or now).start, _.day < now.end)
    came = timed.filter(_.status == "completed", _.kind == "outpatient").semi_join(on, "doctor_id")
    used = came.group_by("day").aggregate(used=_.minutes.sum())
    both = on.group_by("day").aggregate(offered=_.minutes.sum()).left_join(used, "day").drop("day_right")
    frame = both.order_by("day").to_pandas().astype({"day": "datetime64[s]", "used": "float64", "offered": "float64"})
    return frame.fillna({"used": 0.0}) if len(frame) else None


def _at_most(timed: Table, now: Days, params: CapacityParams) -> Estimate | None:
    """Without a rota: each doctor's fullest days (95th percentile) bound the hours of a day from below, hence load from above."""
    came = timed.filter(_.status == "completed", _.kind == "outpatient", _.day >= now.start, _.day < now.end, _.doctor_id.notnull())
    days = came.group_by("doctor_id", "day").aggregate(used=_.minutes.sum()).filter(_.used > 0).order_by("day", "doctor_id").to_pandas()
    if days.day.nunique() < params.days_needed:
        return None
    days["offered"] = days.groupby("doctor_id").used.transform("quantile", 0.95).clip(lower=days.used)
    by_day = days.groupby("day")[["used", "offered"]].sum()
    found = occupancy.load(by_day.used, by_day.offered, level=params.level, seed=params.seed)
    return occupancy.told(found, "share", len(by_day), params.level, "C")


def _series(diary: pd.DataFrame, rota: pd.DataFrame | None) -> Series:
    """Used and offered minutes by day of each resource; None for a resource the data do not describe."""
    series: dict[str, pd.DataFrame | None] = {"doctors": rota}
    for name in ROOMS:
        own = diary[diary.resource == name].sort_values("day")
        series[name] = own[["day", "used", "offered", "census"]] if own.offered.any() and own.used.any() else None
    rooms = diary[diary.resource == "consulting"].sort_values("day")
    series["booked"] = rooms[["day", "booked", "offered"]].rename(columns={"booked": "used"}) if series["consulting"] is not None else None
    return series


def _load(frame: pd.DataFrame | None, window: Days | None, params: CapacityParams) -> Estimate | None:
    if frame is None or window is None:
        return None
    units = _units(_in(frame, window), window, params)
    if not units.offered.sum() > 0:
        return None
    found = occupancy.load(units.used, units.offered, level=params.level, seed=params.seed)
    if "census" in units and units.census.sum() > 0:
        # the days on which stays begin vary more than the beds in use: the spread is the census's
        seen = occupancy.load(units.census, units.offered, level=params.level, seed=params.seed)
        found = occupancy.Range(found.value, *(found.value * bound / seen.value for bound in (seen.low, seen.high)))
    return occupancy.told(found, "share", len(units), params.level)


def _units(days: pd.DataFrame, window: Days, params: CapacityParams) -> pd.DataFrame:
    """The independent units of the interval: weeks, or days when the window has too few weeks."""
    if window.days < 7 * params.weeks_needed:
        return days
    week = (days.day - pd.Timestamp(window.start)).dt.days // 7
    return days.drop(columns="day").groupby(week).sum().reset_index(drop=True)


def _in(frame: pd.DataFrame, window: Days) -> pd.DataFrame:
    return frame[(frame.day >= pd.Timestamp(window.start)) & (frame.day < pd.Timestamp(window.end))]


def _hours(timed: Table, rooms: Table | None, events: Table | None, now: Days) -> pd.DataFrame | None:
    """Open and used hours of consulting rooms by weekday (0 = Monday) and hour; None when times are not recorded."""
    if rooms is None:
        return None
    opened = open_hours(rooms, events, start=now.start, end=now.end).filter(_.kind == "consulting").group_by(
        weekday=_.day.day_of_week.index(), start=_.opens, length=_.closes - _.opens
    ).aggregate(times=(_.minutes / (_.closes - _.opens)).sum())
    came = timed.filter(_.status == "completed", _.resource == "consulting", _.day >= now.start, _.day < now.end)
    used = came.filter(_.minutes.notnull()).group_by(
        weekday=_.day.day_of_week.index(), start=_.starts_at.hour() * 60 + _.starts_at.minute(), length=_.minutes
    ).aggregate(times=_.count())
    drawn, drawn_open = (rows.order_by("weekday", "start", "length").to_pandas() for rows in (used, opened))
    if not (drawn.start > 0).any():
        return None
    frame = pd.DataFrame(np.argwhere(np.ones((7, 24))), columns=["weekday", "hour"])
    for name, rows in (("open_hours", drawn_open), ("used_hours", drawn)):
        frame[name] = occupancy.week_grid(rows.weekday, rows.start, rows.length, rows.times).ravel() / 60
    frame["load"] = (frame.used_hours / frame.open_hours).where(frame.open_hours > 0)
    busy = frame.hour[(frame.open_hours > 0) | (frame.used_hours > 0)]
    return frame[frame.hour.between(busy.min(), busy.max())].reset_index(drop=True)


def _peak(hours: pd.DataFrame | None, now: Days, params: CapacityParams) -> dict[str, Any]:
    """The fullest hour of the week, and open hours a week in which nobody more can be seen."""
    if hours is None or not hours.load.notna().any():
        return dict.fromkeys(("peak_weekday", "peak_hour", "peak_load", "turn_away_hours"))
    top = hours.loc[hours.load.idxmax()]
    load = exact(float(top.load), "share", round(top.open_hours))
    full = hours.open_hours[hours.load >= params.ceiling].sum() / (now.days / 7)
    return {
        "peak_weekday": int(top.weekday), "peak_hour": int(top.hour), "peak_load": load,
        "turn_away_hours": exact(full, "hours", now.days) if full > 0 else None,
    }


# ------------------------------------------------------------------ what limits growth, what free time is worth
def _most(
    diary: pd.DataFrame, load: Estimate | None, hours: pd.DataFrame | None, now: Days, params: CapacityParams
) -> dict[str, Any]:
    """The most visits a month: all open time, the practical ceiling, and with the hours patients choose now."""
    outpatient = diary[diary.resource.isin(["consulting", "diagnostics"])]
    facts: dict[str, Any] = {"visits": int(outpatient.visits.sum())}
    facts |= dict.fromkeys(("slots", "visits_most", "visits_practical", "visits_shaped"))
    if load is None:
        return facts
    rooms = diary[diary.resource == "consulting"]
    length, n = rooms.used.sum() / rooms.timed.sum(), len(rooms)
    most = rooms.offered.sum() / length / now.months
    facts["slots"] = int(rooms.slots.sum()) or None
    facts["visits_most"], facts["visits_practical"] = (exact(most * share, "count", n) for share in (1, params.ceiling))
    if hours is not None:
        served = occupancy.grown(hours.used_hours, hours.open_hours, max(1.0, 1 / load.value))
        facts["visits_shaped"] = exact(served * 60 / length / now.months, "count", n)
    return facts


def _free(
    rooms: pd.DataFrame | None, charges: Table | None, services: Table | None, now: Days, params: CapacityParams
) -> dict[str, Any]:
    """Free consulting room hours a week, and what those below the ceiling would bring a month if filled."""
    facts: dict[str, Any] = dict.fromkeys(("free_hours", "fillable_hours", "hour_value", "value_is", "fill_worth"))
    if rooms is None or not _in(rooms, now).used.sum() > 0:
        return facts
    days = _in(rooms, now).assign(money=0.0)
    if charges is not None:
        paid = outpatient_money(charges, services).filter(_.day >= now.start, _.day < now.end).order_by("day").to_pandas()
        if paid.paid.sum() > 0:
            is_contribution = paid.paid_with_cost.sum() >= params.priced_share * paid.paid.sum()
            money = paid.paid - paid.direct_cost if is_contribution else paid.paid
            facts["value_is"] = "contribution" if is_contribution else "revenue"
            days["money"] = days.day.map(money.set_axis(paid.day.astype("datetime64[s]"))).fillna(0.0)
    units = _units(days, now, params)
    found = occupancy.free_time(
        units.used, units.offered, units.money, ceiling=params.ceiling, level=params.level, seed=params.seed
    )
    n, per_week = len(units), 60 * now.days / 7
    facts["free_hours"] = occupancy.told(found.free, "hours", n, params.level, per=per_week)
    if found.fillable.value > 0:
        facts["fillable_hours"] = occupancy.told(found.fillable, "hours", n, params.level, per=per_week)
    if facts["value_is"]:
        facts["hour_value"] = occupancy.told(found.hour_value, "currency", n, params.level)
        if found.fill_value.value > 0:
            facts["fill_worth"] = occupancy.told(found.fill_value, "currency", n, params.level, "C", per=now.months)
    return facts


def _weekly(diary: pd.DataFrame, period: Period, now: Days, params: CapacityParams, *, wanted: bool) -> dict[str, Any]:
    """Without opening hours: the busiest of the last 52 weeks bound capacity from below, hence load from above."""
    facts: dict[str, Any] = dict.fromkeys(("weekly_visits", "busiest_week", "load_at_most"))
    weeks = min(52, (now.end - period.start).days // 7)
    done = diary[diary.resource != "ward"]
    number = (done.day - pd.Timestamp(now.end)).dt.days // 7 + weeks
    visits = done.groupby(number).visits.sum().reindex(range(weeks), fill_value=0).to_numpy(dtype=float)
    visits = visits[np.flatnonzero(visits)[0] :] if visits.any() else visits[:0]
    present = visits[max(0, len(visits) - now.days // 7) :]
    if not wanted or len(present) < 2:
        return facts
    mean = occupancy.Range(float(present.mean()), *bootstrap.mean_interval(present, params.level, params.seed))
    facts["weekly_visits"] = occupancy.told(mean, "count", len(present), params.level)
    if len(visits) >= params.weeks_needed:
        busiest = max(float(np.quantile(visits, 0.95)), mean.value)
        facts["busiest_week"] = Estimate(busiest, busiest, busiest, "count", len(visits), params.level, "C")
        share = occupancy.Range(*(min(1.0, x / busiest) for x in (mean.value, mean.low, mean.high)))
        facts["load_at_most"] = occupancy.told(share, "share", len(present), params.level, "C")
    return facts


# ------------------------------------------------------------------ tables of the page
def _resources(
    series: Series, loads: Loads, before: Loads, facts: Mapping[str, Any], now: Days, params: CapacityParams
) -> pd.DataFrame | None:
    rows = []
    for name in ("consulting", "booked", "doctors", "diagnostics", "operating", "ward"):
        load, frame = loads[name], series[name]
        if load is None or frame is None:
            continue
        used, offered = (_in(frame, now)[column].sum() / 60 / (now.days / 7) for column in ("used", "offered"))
        worth = facts["fill_worth"].value if name == "consulting" and facts["fill_worth"] else np.nan
        state = "act" if load.value >= params.ceiling else "watch" if load.value < 0.5 else "good"
        state = "unclear" if name == "booked" else state
        rows.append([name, offered, used, load.value, load.low, load.high, _value(before[name]), offered - used, worth, state, load.n])
    columns = [column for measure in CapacityResult.measures("resources") for column in measure.names]
    return pd.DataFrame(rows, columns=columns) if rows else None


def _value(load: Estimate | None) -> float:
    return np.nan if load is None else load.value


def _calendar(rooms: pd.DataFrame | None, diary: pd.DataFrame, period: Period) -> pd.DataFrame:
    """Load of every day of the period: of open room hours, or of the busiest days when opening hours are unknown."""
    days = pd.DatetimeIndex(pd.date_range(period.start, period.end - timedelta(days=1))).as_unit("s")
    done = diary[(diary.resource != "ward") & (diary.visits > 0)]
    if rooms is not None:
        load = (rooms.used / rooms.offered.where(rooms.offered > 0)).set_axis(rooms.day).reindex(days)
    else:
        visits = done.groupby("day").visits.sum()
        load = (visits / visits.quantile(0.95)).reindex(days)
    return pd.DataFrame({"day": days, "load": load.where((days >= done.day.min()) & (days <= done.day.max())).to_numpy(dtype=float)})


# ------------------------------------------------------------------ what is said
def _says(facts: Mapping[str, Any], params: CapacityParams) -> dict[str, Sentence]:
    rooms, peak, neck = facts["room_load"], facts["peak_load"], facts["bottleneck_load"]
    is_full = {name: load is not None and load.value >= params.ceiling for name, load in (("rooms", rooms), ("neck", neck), ("peak", peak))}
    if rooms is not None:
        page = "rooms"
        title = next((key for key, name in (("full", "rooms"), ("bottleneck", "neck"), ("peaks", "peak")) if is_full[name]), "nothing_full")
    else:
        page = title = "bound" if facts["load_at_most"] else "unknown"
    return {
        "title": Sentence(title), **{slot: Sentence(page) for slot in ("lede", "notes.how", "notes.care", "notes.decide")},
        "figures.heat.title": Sentence("all_full" if is_full["rooms"] else "peak"),
        "figures.resources_bars.title": Sentence("ceiling" if is_full["neck"] else "below" if neck else "rota"),
    }


def _findings(facts: Mapping[str, Any], params: CapacityParams) -> list[Finding]:
    found = []
    rooms, before, neck, peak = (facts[name] for name in ("room_load", "room_load_before", "bottleneck_load", "peak_load"))
    if rooms and before and before.high < rooms.low:
        found.append(Finding("rooms_rose", "strength"))
    if neck and neck.value >= params.ceiling:
        found.append(Finding("bottleneck_full", "risk"))
    if rooms and rooms.value < params.ceiling and peak and peak.value >= params.ceiling:
        found.append(Finding("peak_full", "risk"))
    if facts["fill_worth"]:
        found.append(Finding("free_hours", "opportunity", impact=facts["fill_worth"]))
    return found


def _gaps(
    facts: Mapping[str, Any], shifts: Table | None, charges: Table | None, hours: pd.DataFrame | None
) -> list[Finding]:
    has_rooms = facts["room_load"] is not None
    told = {
        "no_rooms": not has_rooms, "no_rota": shifts is None, "no_times": has_rooms and hours is None,
        "no_money": has_rooms and charges is None,
    }
    return [Finding(key, "not_answered") for key, is_told in told.items() if is_told]


# ------------------------------------------------------------------ figures
def heat(result: CapacityResult, labels: Labels) -> Figure | None:
    """Rooms in use by weekday and hour, with frames round hours to relieve and hours to fill."""
    if result.heat is None:
        return None
    grid = result.heat.pivot(index="weekday", columns="hour", values="load").reindex(range(7))
    load, is_open = grid.to_numpy(), grid.notna().to_numpy()
    full, empty = (load >= result.ceiling.value), (load < result.valley.value)
    frames = []
    for mask, frame in ((full, partial(Frame, line="solid")), (empty, partial(Frame, line="dashed"))):
        block = occupancy.largest_block(mask & is_open)
        # a frame round most of the week would point at nothing
        if block and mask[is_open].mean() < 0.5:
            frames.append(frame(*block))
    shut = [labels["closed"] if not is_open[i].all() else "" for i in range(7)]
    return heatmap(
        load, rows=[labels.weekday(i) for i in range(7)], columns=[str(hour) for hour in grid.columns],
        text=lambda value: f"{100 * value:.0f}", most=1.0, frames=frames, row_notes=shut, height=50.0,
    )


def resources_bars(result: CapacityResult, labels: Labels) -> Figure | None:
    """Use of each resource against the practical ceiling, now and before."""
    if result.resources is None:
        return None
    rows = result.resources[result.resources.resource != "booked"]
    return bars(
        rows.load, names=[labels.value("resource", code) for code in rows.resource],
        texts=[labels.number(value, "share") for value in rows.load], low=rows.load_low, high=rows.load_high,
        accent=list(rows.load >= result.ceiling.value), track=1.0, ceiling=result.ceiling.value, ceiling_text=labels["ceiling"],
        earlier=rows.load_before, earlier_text=labels["earlier"], tick=lambda v: labels.number(v, "share"),
        ticks=(0, 0.25, 0.5, 0.75, 1.0),
    )
