"""Capacity: how much of rooms, doctors, operating room and ward is used, and what limits the clinic.

Question   Which hours and resources are full, which can be sold?
Method     Used over open time, a ratio of sums; bootstrap of whole weeks (of days when the present has
           too few weeks). Operations are limited by the smaller of operating minutes and bed-nights per case.
           Shares of missed appointments with Wilson's interval.
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
from audit.models import bootstrap, occupancy, proportions
from audit.plots.bars import bars
from audit.plots.heatmap import Frame, heatmap
from audit.results import Estimate, Finding, Grade, Measure, Result, Sentence, exact, table
from audit.tables.bed_nights import bed_nights
from audit.tables.columns import Unit
from audit.tables.due_appointments import LEAD_GROUPS, due_appointments
from audit.tables.open_hours import open_hours
from audit.tables.outpatient_money import outpatient_money
from audit.tables.room_time import room_time
from audit.tables.rostered_hours import rostered_hours
from audit.wording import Labels

ROOMS = ("consulting", "diagnostics", "operating", "ward")
NIGHT = 1440.0
"""Minutes of one bed-night, so that beds and rooms are counted alike."""
FIGURES = ("heat", "resources_bars", "no_show_bars")
Series = Mapping[str, pd.DataFrame | None]
Loads = Mapping[str, Estimate | None]


class CapacityParams(Params):
    """Settings of capacity."""

    ceiling: float = Field(0.85, gt=0, lt=1, description="practical ceiling of a bookable resource")
    valley: float = Field(0.35, gt=0, lt=1, description="hours used less than this are hours to fill")
    weeks_needed: int = Field(8, ge=2, description="whole weeks from which weeks, not days, are resampled")
    turnover_minutes: float = Field(0, ge=0, description="between two operations, if the recorded minutes leave it out")
    priced_share: float = Field(0.8, gt=0, le=1, description="money with a known direct cost that makes worth a contribution")


@dataclass(frozen=True, kw_only=True)
class CapacityResult(Result):
    """Loads are shares of open time and may exceed 1; maxima are per month, hours per week."""

    room_load: Estimate | None
    room_load_before: Estimate | None
    doctor_load: Estimate | None
    operating_load: Estimate | None
    ward_load: Estimate | None
    ward_load_before: Estimate | None
    booked_load: Estimate | None
    bottleneck: str | None
    bottleneck_load: Estimate | None
    ceiling: Estimate
    peak_weekday: int | None
    peak_hour: int | None
    peak_load: Estimate | None
    visits: int
    slots: int | None
    visits_most: Estimate | None
    visits_practical: Estimate | None
    operations: int
    operations_monthly: Estimate
    operations_most: Estimate | None
    operations_practical: Estimate | None
    surgery_limit: str | None
    stay_nights: Estimate | None
    free_hours: Estimate | None
    fillable_hours: Estimate | None
    hour_value: Estimate | None
    value_is: str | None
    fill_worth: Estimate | None
    weekly_visits: Estimate | None
    busiest_week: Estimate | None
    load_at_most: Estimate | None
    appointments_due: int
    no_show_share: Estimate | None
    cancelled_share: Estimate | None
    resources: pd.DataFrame | None = table(
        Measure("resource", "label"), Measure("open_hours", "hours"), Measure("used_hours", "hours"),
        Measure("load", "share", interval=True, form="bar"), Measure("load_before", "share"),
        Measure("free_hours", "hours"), Measure("worth", "currency"), Measure("state", "status"),
        Measure("units", "count", shown=False),
    )
    denominators: pd.DataFrame | None = table(
        Measure("denominator", "label"), Measure("used_hours", "hours"), Measure("offered_hours", "hours"),
        Measure("load", "share", interval=True, form="bar"), Measure("load_before", "share"),
        Measure("units", "count", shown=False),
    )
    limits: pd.DataFrame | None = table(
        Measure("line", "label"), Measure("now", "count"), Measure("with_present_hours", "count"),
        Measure("practical", "count"), Measure("theoretical", "count"), Measure("limited_by", "label"),
    )
    heat: pd.DataFrame | None = table(
        Measure("weekday", "number"), Measure("hour", "number"), Measure("open_hours", "hours"),
        Measure("used_hours", "hours"), Measure("load", "share"),
    )
    no_show: pd.DataFrame | None = table(
        Measure("by", "label"), Measure("group", "label"), Measure("appointments", "count"), Measure("missed", "count"),
        Measure("share", "share", interval=True, form="bar"), Measure("n", "count", shown=False),
    )
    calendar: pd.DataFrame = table(Measure("day", "date"), Measure("load", "share"))


def analyse(
    appointments: Table, rooms: Table | None, shifts: Table | None, events: Table | None, charges: Table | None,
    services: Table | None, *, period: Period, params: CapacityParams,
) -> CapacityResult:
    """Load of every resource the tables describe; without rooms, missed appointments and bounds only."""
    now, past = period.present, period.past
    timed = room_time(appointments, rooms, services)
    diary = _diary(timed, period)
    missed = _missed(appointments, now, params.level)
    if not (_in(diary, now).status == "completed").any() and missed["no_show_share"] is None:
        raise NotAnswerable("no_visits", verdict="not_enough_data")
    opened = _opened(rooms, events, period)
    nights = _nights(appointments)
    series = _series(diary, opened, nights, _rota(timed, shifts, rooms, now, past))
    loads = {name: _load(frame, now, params) for name, frame in series.items()}
    before = {name: _load(frame, past, params) for name, frame in series.items()}
    hours = _hours(timed, rooms, events, now) if loads["consulting"] else None
    outpatient, visits = _outpatient(diary, opened, loads["consulting"], hours, now, params)
    surgery, cases = _surgery(diary, opened, nights, now, params)
    known = {name: load.value for name, load in loads.items() if load is not None and name in ROOMS}
    bottleneck = max(known, key=lambda name: known[name], default=None)
    facts: dict[str, Any] = {
        "room_load": loads["consulting"], "room_load_before": before["consulting"], "doctor_load": loads["doctors"],
        "operating_load": loads["operating"], "ward_load": loads["ward"], "ward_load_before": before["ward"],
        "booked_load": loads["booked"], "bottleneck": bottleneck, "bottleneck_load": loads.get(bottleneck or ""),
        "ceiling": exact(params.ceiling, "share", 0), **outpatient, **surgery, **_peak(hours),
        **_free(series["consulting"], charges, services, now, params),
        **_weekly(diary, period, now, params, wanted=loads["consulting"] is None),
        **{name: missed[name] for name in ("no_show_share", "cancelled_share", "appointments_due")},
    }
    return CapacityResult(
        grade="A" if facts["room_load"] or facts["no_show_share"] else "C",
        says=_says(facts, params),
        findings=(*_findings(facts, params), *_gaps(facts, shifts, charges, hours, missed)),
        headline="room_load" if facts["room_load"] else "no_show_share" if facts["no_show_share"] else None,
        resources=_resources(series, loads, before, facts, now, params),
        denominators=_denominators(series, loads, before, now),
        limits=_framed("limits", [row for row in (visits, cases) if row]),
        heat=hours, no_show=missed["table"], calendar=_calendar(series["consulting"], diary, period), **facts,
    )


# ------------------------------------------------------------------ to days and hours
def _diary(timed: Table, period: Period) -> pd.DataFrame:
    """Appointments and their minutes by day, resource and status."""
    inside = timed.filter(_.day >= period.start, _.day < period.end)
    grouped = inside.group_by("day", "resource", "status").aggregate(
        count_all=_.count(), minutes=_.minutes.sum(), timed=_.minutes.count()
    )
    frame = grouped.order_by("day", "resource", "status").to_pandas().astype({"day": "datetime64[s]"})
    return frame.astype({"minutes": "float64"}).fillna({"minutes": 0.0})


def _opened(rooms: Table | None, events: Table | None, period: Period) -> pd.DataFrame:
    """Open minutes (of a ward: beds × 1440) and slots by day and resource."""
    if rooms is None:
        return pd.DataFrame({"day": pd.DatetimeIndex([]).as_unit("s"), "resource": [], "minutes": [], "slots": []})
    by_room = open_hours(rooms, events, start=period.start, end=period.end)
    by_day = by_room.group_by("day", resource=_.kind).aggregate(minutes=_.minutes.sum(), slots=_.slots.sum())
    return by_day.order_by("day", "resource").to_pandas().astype({"day": "datetime64[s]", "minutes": "float64"})


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


def _nights(appointments: Table) -> pd.DataFrame:
    """Bed minutes by day: of the stays that begin (a stay belongs to the month of its operation), and by the census."""
    frame = bed_nights(appointments).order_by("day").to_pandas().astype({"day": "datetime64[s]"})
    return frame.assign(minutes=frame.begun * NIGHT, census=frame.occupied * NIGHT)


def _series(diary: pd.DataFrame, opened: pd.DataFrame, nights: pd.DataFrame, rota: pd.DataFrame | None) -> Series:
    """Used and offered minutes by day of each resource; None for a resource the data do not describe."""
    done, known = diary[diary.status == "completed"], diary[diary.status.isin(["completed", "no_show", "cancelled"])]
    series: dict[str, pd.DataFrame | None] = {"doctors": rota}
    for name in ("consulting", "diagnostics", "operating"):
        series[name] = _pair(done[done.resource == name], opened[opened.resource == name])
    ward = _pair(nights, opened[opened.resource == "ward"])
    if ward is not None:
        ward = ward.merge(nights[["day", "census"]], on="day", how="left").fillna({"census": 0.0})
        ward["census"] = ward.census.where(ward.offered > 0, 0.0)
    series["ward"] = ward
    series["booked"] = _pair(known[known.resource == "consulting"], opened[opened.resource == "consulting"])
    return series


def _pair(used: pd.DataFrame, offered: pd.DataFrame) -> pd.DataFrame | None:
    if offered.empty or not used.minutes.sum() > 0:
        return None
    columns = {"used": used.groupby("day").minutes.sum(), "offered": offered.groupby("day").minutes.sum()}
    return pd.DataFrame(columns).fillna(0.0).sort_index().rename_axis("day").reset_index()


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
    return _estimate(found, "share", len(units), params.level)


def _units(days: pd.DataFrame, window: Days, params: CapacityParams) -> pd.DataFrame:
    """The independent units of the interval: weeks, or days when the window has too few weeks."""
    if window.days < 7 * params.weeks_needed:
        return days
    week = (days.day - pd.Timestamp(window.start)).dt.days // 7
    return days.drop(columns="day").groupby(week).sum().reset_index(drop=True)


def _in(frame: pd.DataFrame, window: Days) -> pd.DataFrame:
    return frame[(frame.day >= pd.Timestamp(window.start)) & (frame.day < pd.Timestamp(window.end))]


def _estimate(found: occupancy.Range, unit: Unit, n: int, level: float, grade: Grade = "A", per: float = 1.0) -> Estimate:
    """``found`` / ``per`` with an interval that holds it; without one (a single unit) the value alone, as thin evidence."""
    value, low, high = found.value / per, found.low / per, found.high / per
    if not (np.isfinite(low) and np.isfinite(high)):
        return Estimate(value, value, value, unit, n, level, "C")
    return Estimate(value, min(low, value), max(high, value), unit, n, level, grade)


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


def _peak(hours: pd.DataFrame | None) -> dict[str, Any]:
    if hours is None or not hours.load.notna().any():
        return {"peak_weekday": None, "peak_hour": None, "peak_load": None}
    top = hours.loc[hours.load.idxmax()]
    load = exact(float(top.load), "share", round(top.open_hours))
    return {"peak_weekday": int(top.weekday), "peak_hour": int(top.hour), "peak_load": load}


# ------------------------------------------------------------------ what limits growth, what free time is worth
def _outpatient(
    diary: pd.DataFrame, opened: pd.DataFrame, load: Estimate | None, hours: pd.DataFrame | None, now: Days, params: CapacityParams
) -> tuple[dict[str, Any], list[Any] | None]:
    """The most visits a month: all open time, the practical ceiling, and with the hours patients choose now."""
    done = _in(diary[(diary.status == "completed") & diary.resource.isin(["consulting", "diagnostics"])], now)
    consulting = done[done.resource == "consulting"]
    facts: dict[str, Any] = {"visits": int(done.count_all.sum()), "slots": None, "visits_most": None, "visits_practical": None}
    if load is None:
        return facts, None
    offered = _in(opened[opened.resource == "consulting"], now)
    length = consulting.minutes.sum() / consulting.timed.sum()
    most = offered.minutes.sum() / length / now.months
    facts["slots"] = int(offered.slots.sum()) if offered.slots.notna().all() else None
    shaped = np.nan
    if hours is not None:
        shaped = occupancy.grown(hours.used_hours, hours.open_hours, max(1.0, 1 / load.value)) * 60 / length / now.months
    facts["visits_most"], facts["visits_practical"] = (exact(most * share, "count", len(offered)) for share in (1, params.ceiling))
    current = consulting.count_all.sum() / now.months
    return facts, ["outpatient", current, shaped, most * params.ceiling, most, "consulting"]


def _surgery(
    diary: pd.DataFrame, opened: pd.DataFrame, nights: pd.DataFrame, now: Days, params: CapacityParams
) -> tuple[dict[str, Any], list[Any] | None]:
    """The most operations a month: the smaller of operating minutes per case and bed-nights per case."""
    operated = _in(diary[(diary.status == "completed") & (diary.resource == "operating")], now)
    cases, timed = int(operated.count_all.sum()), int(operated.timed.sum())
    facts: dict[str, Any] = dict.fromkeys(("operations_most", "operations_practical", "surgery_limit", "stay_nights")) | {"operations": cases}
    facts["operations_monthly"] = exact(cases / now.months, "count", cases)
    if not cases:
        return facts, None
    stay = _in(nights, now).begun.sum() / cases
    need = {
        "operating": operated.minutes.sum() / timed + params.turnover_minutes if timed else np.nan, "ward": stay * NIGHT,
    }
    bound = occupancy.limit(need, (_in(opened, now).groupby("resource").minutes.sum() / now.months).to_dict())
    facts["stay_nights"] = exact(stay, "number", cases) if stay > 0 else None
    if bound is None:
        return facts, None
    facts["surgery_limit"] = bound.binding
    for name, share in (("operations_most", 1.0), ("operations_practical", params.ceiling)):
        facts[name] = exact(bound.most * share, "count", cases)
    return facts, ["surgery", cases / now.months, np.nan, bound.most * params.ceiling, bound.most, bound.binding]


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
    facts["free_hours"] = _estimate(found.free, "hours", n, params.level, per=per_week)
    if found.fillable.value > 0:
        facts["fillable_hours"] = _estimate(found.fillable, "hours", n, params.level, per=per_week)
    if facts["value_is"]:
        facts["hour_value"] = _estimate(found.hour_value, "currency", n, params.level)
        if found.fill_value.value > 0:
            facts["fill_worth"] = _estimate(found.fill_value, "currency", n, params.level, "C", per=now.months)
    return facts


def _weekly(diary: pd.DataFrame, period: Period, now: Days, params: CapacityParams, *, wanted: bool) -> dict[str, Any]:
    """Without opening hours: the busiest of the last 52 weeks bound capacity from below, hence load from above."""
    facts: dict[str, Any] = dict.fromkeys(("weekly_visits", "busiest_week", "load_at_most"))
    weeks = min(52, (now.end - period.start).days // 7)
    done = diary[(diary.status == "completed") & (diary.resource != "ward")]
    number = (done.day - pd.Timestamp(now.end)).dt.days // 7 + weeks
    visits = done.groupby(number).count_all.sum().reindex(range(weeks), fill_value=0).to_numpy(dtype=float)
    visits = visits[np.flatnonzero(visits)[0] :] if visits.any() else visits[:0]
    present = visits[max(0, len(visits) - now.days // 7) :]
    if not wanted or len(present) < 2:
        return facts
    mean = occupancy.Range(float(present.mean()), *bootstrap.mean_interval(present, params.level, params.seed))
    facts["weekly_visits"] = _estimate(mean, "count", len(present), params.level)
    if len(visits) >= params.weeks_needed:
        busiest = max(float(np.quantile(visits, 0.95)), mean.value)
        facts["busiest_week"] = Estimate(busiest, busiest, busiest, "count", len(visits), params.level, "C")
        share = occupancy.Range(*(min(1.0, x / busiest) for x in (mean.value, mean.low, mean.high)))
        facts["load_at_most"] = _estimate(share, "share", len(present), params.level, "C")
    return facts


# ------------------------------------------------------------------ steps: appointments that did not take place
def _missed(appointments: Table, now: Days, level: float) -> dict[str, Any]:
    """Shares missed and cancelled, and shares missed by lead time, weekday and reminder."""
    due = due_appointments(appointments, start=now.start, end=now.end)
    counted = due.group_by("lead", "weekday", "reminder", "status").aggregate(count_all=_.count())
    frame = counted.order_by("lead", "weekday", "reminder", "status").to_pandas()
    total = frame.groupby("status").count_all.sum().reindex(["completed", "no_show", "cancelled"], fill_value=0)
    came_or_missed = int(total.completed + total.no_show)
    facts: dict[str, Any] = {"no_show_share": None, "cancelled_share": None, "table": None, "appointments_due": int(total.sum())}
    facts["has_lead"] = bool(frame.lead.notna().any())
    if total.no_show:
        facts["no_show_share"] = _share(int(total.no_show), came_or_missed, level)
        facts["table"] = _missed_by(frame[frame.status != "cancelled"], level)
    if total.cancelled:
        facts["cancelled_share"] = _share(int(total.cancelled), int(total.sum()), level)
    return facts


def _missed_by(frame: pd.DataFrame, level: float) -> pd.DataFrame | None:
    order = [*LEAD_GROUPS, *"0123456", "reminded", "not_reminded"]
    parts = []
    for by in ("lead", "weekday", "reminder"):
        known = frame[frame[by].notna()].assign(missed=lambda f: f.count_all.where(f.status == "no_show", 0))
        part = known.groupby(by)[["count_all", "missed"]].sum()
        if len(part) > 1:
            parts.append(part.assign(by=by).reindex([name for name in order if name in part.index]).rename_axis("group").reset_index())
    if not parts:
        return None
    rows = pd.concat(parts, ignore_index=True).rename(columns={"count_all": "appointments"})
    rows["share"], rows["n"] = rows.missed / rows.appointments, rows.appointments
    rows["share_low"], rows["share_high"] = proportions.wilson(rows.missed, rows.appointments, level)
    return rows[["by", "group", "appointments", "missed", "share", "share_low", "share_high", "n"]]


def _share(k: int, n: int, level: float) -> Estimate:
    low, high = proportions.wilson(k, n, level)
    return Estimate(k / n, float(low), float(high), "share", n, level)


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
    return _framed("resources", rows)


def _denominators(series: Series, loads: Loads, before: Loads, now: Days) -> pd.DataFrame | None:
    rows = []
    for name, label in (("consulting", "open_rooms"), ("doctors", "rota"), ("booked", "booked")):
        load, frame = loads[name], series[name]
        if load is not None and frame is not None:
            used, offered = (_in(frame, now)[column].sum() / 60 / (now.days / 7) for column in ("used", "offered"))
            rows.append([label, used, offered, load.value, load.low, load.high, _value(before[name]), load.n])
    return _framed("denominators", rows)


def _value(load: Estimate | None) -> float:
    return np.nan if load is None else load.value


def _framed(name: str, rows: list[list[Any]]) -> pd.DataFrame | None:
    columns = [column for measure in CapacityResult.measures(name) for column in measure.names]
    return pd.DataFrame(rows, columns=columns) if rows else None


def _calendar(rooms: pd.DataFrame | None, diary: pd.DataFrame, period: Period) -> pd.DataFrame:
    """Load of every day of the period: of open room hours, or of the busiest days when opening hours are unknown."""
    days = pd.DatetimeIndex(pd.date_range(period.start, period.end - timedelta(days=1))).as_unit("s")
    done = diary[diary.status == "completed"]
    if rooms is not None:
        load = (rooms.used / rooms.offered.where(rooms.offered > 0)).set_axis(rooms.day).reindex(days)
    else:
        visits = done[done.resource != "ward"].groupby("day").count_all.sum()
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
        page = title = "missed" if facts["no_show_share"] else "bound" if facts["load_at_most"] else "unknown"
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
    most = facts["operations_practical"]
    if most and facts["operations"] and facts["surgery_limit"]:
        found.append(Finding("surgery_limited", "caveat"))
    if facts["no_show_share"] and facts["no_show_share"].low > 0.05:
        found.append(Finding("no_show", "risk"))
    return found


def _gaps(
    facts: Mapping[str, Any], shifts: Table | None, charges: Table | None, hours: pd.DataFrame | None, missed: Mapping[str, Any]
) -> list[Finding]:
    has_rooms, has_missed = facts["room_load"] is not None, facts["no_show_share"] is not None
    told = {
        "no_rooms": not has_rooms, "no_rota": shifts is None, "no_times": has_rooms and hours is None,
        "no_missed": not has_missed, "no_lead": has_missed and not missed["has_lead"], "no_money": has_rooms and charges is None,
    }
    return [Finding(key, "not_answered") for key, is_told in told.items() if is_told]


# ------------------------------------------------------------------ figures
def heat(result: CapacityResult, labels: Labels) -> Figure | None:
    """Rooms in use by weekday and hour, with frames round hours to relieve and hours to fill."""
    if result.heat is None:
        return None
    grid = result.heat.pivot(index="weekday", columns="hour", values="load").reindex(range(7))
    load, is_open = grid.to_numpy(), grid.notna().to_numpy()
    full, empty = (load >= result.ceiling.value), (load < 0.35)
    frames = []
    for mask, frame in ((full, partial(Frame, line="solid")), (empty, partial(Frame, line="dashed"))):
        block = occupancy.largest_block(mask & is_open)
        # a frame round most of the week would point at nothing
        if block and mask[is_open].mean() < 0.5:
            frames.append(frame(*block))
    shut = [labels["closed"] if not is_open[i].all() else "" for i in range(7)]
    return heatmap(
        load, rows=[labels.weekday(i) for i in range(7)], columns=[str(hour) for hour in grid.columns],
        text=lambda value: f"{100 * value:.0f}", most=1.0, frames=frames, row_notes=shut, height=58.0,
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


def no_show_bars(result: CapacityResult, labels: Labels) -> Figure | None:
    """Share of appointments missed by how long before they were booked; not drawn when hardly any are."""
    if result.no_show is None or result.no_show_share is None or not (result.no_show.by == "lead").any():
        return None
    if result.no_show_share.high < 0.02:
        return None
    rows = result.no_show[result.no_show.by == "lead"]
    return bars(
        rows.share, names=[labels.value("group", code) for code in rows.group],
        texts=[labels.number(value, "share") for value in rows.share], low=rows.share_low, high=rows.share_high,
        tick=lambda v: labels.number(v, "share"),
    )
