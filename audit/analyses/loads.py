"""Loads: the load of every room, branch, doctor and specialty, measured three ways, month by month.

Question   Who and what is full, who is free, and does it depend on how it is measured or on the season?
Method     Used over open or rota time of each unit, a ratio of sums, above 100 % where it is; weeks resampled (days when the
           present has too few weeks). Three denominators and three maxima side by side. Season by classical decomposition
           of at least three whole years, F test.
Reads      appointments, the result of capacity; rooms, shifts, doctors, events (closed days) and services if there are any.
Cannot say Why a doctor is free: choice of patients, price and hours all end in an empty rota.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from ibis.expr.types import Table
from matplotlib.figure import Figure
from pydantic import Field

from audit.analyses.capacity import CapacityResult
from audit.config import Days, Params, Period
from audit.errors import NotAnswerable
from audit.models import occupancy
from audit.models.months import next_month, whole_months
from audit.models.season import Season, season
from audit.plots import theme
from audit.plots.bars import bars
from audit.plots.trend import OtherLine, trend
from audit.results import Estimate, Finding, Measure, Result, Sentence, exact, table
from audit.tables.resource_days import resource_days
from audit.tables.room_time import room_time
from audit.tables.unit_loads import BY_ROOM, BY_ROTA, double_booked, unit_loads
from audit.wording import Labels

FIGURES = ("rooms_bars", "doctors_bars", "months_load")
MOST_BARS = 8


class LoadsParams(Params):
    """Settings of loads."""

    weeks_needed: int = Field(8, ge=2, description="whole weeks from which weeks, not days, are resampled")
    fewest_hours: float = Field(8, ge=0, description="open hours in the present from which a unit is shown")


@dataclass(frozen=True, kw_only=True)
class LoadsResult(Result):
    """Loads are shares of open or rota time and may exceed 1. ``fullest_…`` and ``emptiest_…`` are the units at the ends,
    ``room_spread`` and ``doctor_spread`` the distance between their loads. ``season_peak`` is a month of the year (1 … 12) and
    ``season_height`` its load against the trend, both only where months differ by more than chance.
    """

    ceiling: Estimate
    rooms: int
    doctors: int
    fullest_room: str | None
    fullest_room_load: Estimate | None
    emptiest_room: str | None
    emptiest_room_load: Estimate | None
    fullest_doctor: str | None
    fullest_doctor_load: Estimate | None
    emptiest_doctor: str | None
    emptiest_doctor_load: Estimate | None
    unused_rooms: int
    full_doctors: int
    load_open: Estimate | None
    load_rota: Estimate | None
    load_booked: Estimate | None
    double_booked_hours: Estimate | None
    season_peak: int | None
    season_height: Estimate | None
    season_low: int | None
    season_depth: Estimate | None
    units: pd.DataFrame = table(
        Measure("by", "label"), Measure("unit", "label"), Measure("open_hours", "hours"), Measure("used_hours", "hours"),
        Measure("load", "share", interval=True, form="bar"), Measure("load_before", "share"), Measure("state", "status"),
        Measure("stretches", "count", shown=False),
    )
    denominators: pd.DataFrame | None = table(
        Measure("denominator", "label"), Measure("used_hours", "hours"), Measure("offered_hours", "hours"),
        Measure("load", "share", interval=True, form="bar"), Measure("load_before", "share"), Measure("units", "count", shown=False),
    )
    maxima: pd.DataFrame | None = table(
        Measure("maximum", "label"), Measure("visits", "count"), Measure("of_now", "ratio"), Measure("load", "share"),
    )
    months: pd.DataFrame = table(Measure("month", "date"), Measure("rooms", "share"), Measure("ward", "share"))
    season: pd.DataFrame | None = table(Measure("month_of_year", "number"), Measure("index", "ratio", interval=True))


def analyse(
    appointments: Table, rooms: Table | None, shifts: Table | None, doctors: Table | None, events: Table | None,
    services: Table | None, capacity: CapacityResult, *, period: Period, params: LoadsParams,
) -> LoadsResult:
    """Load of each unit, and of the clinic by three denominators and month by month."""
    if rooms is None and shifts is None:
        raise NotAnswerable("no_hours", verdict="not_available")
    timed = room_time(appointments, rooms, services)
    now, past = (
        None if days is None else _loads(unit_loads(timed, rooms, shifts, doctors, events, start=days.start, end=days.end, span=_span(days, params)), days, params)
        for days in (period.present, period.past)
    )
    units = _units(now, past, capacity.ceiling.value, params)
    if units.empty:
        raise NotAnswerable("no_hours", verdict="not_available")
    months = _months(appointments, rooms, services, events, period)
    yearly = season(months.rooms, int(months.month.iloc[0].month), level=params.level) if len(months) else None
    denominators = _denominators(capacity)
    facts: dict[str, Any] = {
        "ceiling": capacity.ceiling, **_ends(units, "room"), **_ends(units, "doctor"),
        **{name: int((units.by == by).sum()) for name, by in (("rooms", "room"), ("doctors", "doctor"))},
        "unused_rooms": int(((units.by == "room") & (units.used_hours == 0)).sum()),
        "full_doctors": int(((units.by == "doctor") & (units.load >= capacity.ceiling.value)).sum()),
        "load_open": capacity.room_load, "load_rota": capacity.doctor_load, "load_booked": capacity.booked_load,
        "double_booked_hours": _doubled(timed, rooms, period.present), **_season(yearly, params),
    }
    return LoadsResult(
        grade="A", headline="load_open" if facts["load_open"] else "load_rota" if facts["load_rota"] else None, says=_says(facts),
        findings=tuple(_findings(facts, rooms, shifts, doctors, yearly)), units=units, denominators=denominators,
        maxima=_maxima(capacity, period.present), months=months, season=_by_month(yearly), **facts,
    )


def _span(days: Days, params: LoadsParams) -> int:
    """Days of one independent unit: a week, or a day when there are too few weeks."""
    return 7 if days.days >= 7 * params.weeks_needed else 1


# ------------------------------------------------------------------ units
def _loads(stretches: Table | None, days: Days, params: LoadsParams) -> pd.DataFrame:
    """Load of each unit with its interval; hours per week."""
    rows = []
    for (by, unit), own in stretches.to_pandas().groupby(["by", "unit"], sort=True) if stretches is not None else ():
        kept = own[own.offered + own.used > 0]
        if own.offered.sum() / 60 < params.fewest_hours:
            continue
        found = occupancy.load(kept.used, kept.offered, level=params.level, seed=params.seed)
        told = occupancy.told(found, "share", len(kept), params.level)
        per_week = 60 * days.days / 7
        rows.append([by, unit, own.offered.sum() / per_week, own.used.sum() / per_week, told.value, told.low, told.high, len(kept)])
    return pd.DataFrame(rows, columns=["by", "unit", "open_hours", "used_hours", "load", "load_low", "load_high", "stretches"])


def _units(now: pd.DataFrame | None, past: pd.DataFrame | None, ceiling: float, params: LoadsParams) -> pd.DataFrame:
    """Units of the present by kind, the fullest first, with their load before."""
    assert now is not None
    before = past.set_index(["by", "unit"]).load if past is not None and len(past) else pd.Series(dtype=float)
    keys = pd.MultiIndex.from_frame(now[["by", "unit"]])
    state = np.select([now.load >= ceiling, now.load < 0.5], ["act", "watch"], "good")
    frame = now.assign(load_before=before.reindex(keys).to_numpy(float) if len(before) else np.nan, state=state)
    order = {by: i for i, by in enumerate((*BY_ROOM[::-1], *BY_ROTA[::-1]))}
    frame = frame.assign(order=frame.by.map(order)).sort_values(["order", "load", "unit"], ascending=[True, False, True], ignore_index=True)
    return frame[[name for measure in LoadsResult.measures("units") for name in measure.names]]


def _ends(units: pd.DataFrame, by: str) -> dict[str, Any]:
    """The fullest and the emptiest unit, if they differ by more than chance."""
    rows = units[units.by == by]
    facts: dict[str, Any] = {f"{end}_{by}{part}": None for end in ("fullest", "emptiest") for part in ("", "_load")}
    if len(rows) < 2 or not rows.load_low.iloc[0] > rows.load_high.iloc[-1]:
        return facts
    for end, row in (("fullest", rows.iloc[0]), ("emptiest", rows.iloc[-1])):
        facts[f"{end}_{by}"] = str(row.unit)
        facts[f"{end}_{by}_load"] = Estimate(row.load, row.load_low, row.load_high, "share", row.stretches)
    return facts


def _doubled(timed: Table, rooms: Table | None, now: Days) -> Estimate | None:
    """Hours a week in which a room for one held two visits; None where there are none or rooms are not known."""
    if rooms is None:
        return None
    minutes = double_booked(timed, rooms, start=now.start, end=now.end).to_pandas().minutes.sum()
    return exact(minutes / 60 / now.days * 7, "hours", now.days) if minutes > 0 else None


# ------------------------------------------------------------------ the clinic
def _denominators(capacity: CapacityResult) -> pd.DataFrame | None:
    """The same visits against three kinds of time."""
    if capacity.resources is None:
        return None
    names = {"consulting": "open_rooms", "doctors": "rota", "booked": "booked"}
    rows = capacity.resources[capacity.resources.resource.isin(names)]
    found = rows.assign(denominator=rows.resource.map(names)).rename(columns={"open_hours": "offered_hours"})
    found = found.set_index("denominator").reindex([name for name in names.values() if name in set(found.denominator)]).reset_index()
    return found[[name for measure in LoadsResult.measures("denominators") for name in measure.names]] if len(found) else None


def _maxima(capacity: CapacityResult, now: Days) -> pd.DataFrame | None:
    """Visits a month: now, with the hours patients choose now, at the practical ceiling, in all open time."""
    if capacity.visits_most is None or capacity.room_load is None:
        return None
    current = capacity.visits_most.value * capacity.room_load.value
    found = [("now", current), ("shaped", None if capacity.visits_shaped is None else capacity.visits_shaped.value),
             ("practical", capacity.ceiling.value * capacity.visits_most.value), ("theoretical", capacity.visits_most.value)]
    rows = [(name, value, value / current, value / capacity.visits_most.value) for name, value in found if value is not None]
    return pd.DataFrame(rows, columns=["maximum", "visits", "of_now", "load"])


def _months(appointments: Table, rooms: Table | None, services: Table | None, events: Table | None, period: Period) -> pd.DataFrame:
    """Load of rooms and ward in every whole month with visits; empty where they are not described."""
    months: list[date] = whole_months(period.start, period.end)
    empty = pd.DataFrame({"month": pd.Series(dtype=object), "rooms": pd.Series(dtype=float), "ward": pd.Series(dtype=float)})
    if rooms is None or not months:
        return empty
    days = resource_days(appointments, rooms, services, events, start=months[0], end=next_month(months[-1])).to_pandas()
    counted = days.groupby([days.day.dt.to_period("M"), "resource"])[["used", "offered"]].sum()
    load = (counted.used / counted.offered.where(counted.offered > 0)).unstack("resource").reindex(pd.PeriodIndex(months, freq="M"))
    columns = {"rooms": "consulting", "ward": "ward"}
    frame = pd.DataFrame({"month": months} | {
        name: load[resource].to_numpy(float) if resource in load else np.nan for name, resource in columns.items()
    })
    seen = frame.rooms.gt(0).to_numpy()
    return frame.iloc[seen.argmax() :].reset_index(drop=True) if seen.any() else empty


def _season(found: Season | None, params: LoadsParams) -> dict[str, Any]:
    """The months farthest from the trend, if months differ by more than chance."""
    facts: dict[str, Any] = dict.fromkeys(("season_peak", "season_height", "season_low", "season_depth"))
    if found is None or found.p >= 1 - params.level:
        return facts
    for place, size, at in (("season_peak", "season_height", found.index[:, 0].argmax()), ("season_low", "season_depth", found.index[:, 0].argmin())):
        value, low, high = found.index[at] - 1
        facts |= {place: int(at) + 1, size: Estimate(value, low, high, "share", found.years, params.level)}
    return facts


def _by_month(found: Season | None) -> pd.DataFrame | None:
    if found is None:
        return None
    value, low, high = found.index.T
    return pd.DataFrame({"month_of_year": np.arange(1, 13), "index": value, "index_low": low, "index_high": high})


# ------------------------------------------------------------------ what is said
def _says(facts: Mapping[str, Any]) -> dict[str, Sentence]:
    title = "full_doctors" if facts["full_doctors"] else "unused" if facts["unused_rooms"] else "spread" if facts["fullest_doctor"] else "even"
    lede = "three" if facts["load_open"] and facts["load_rota"] else "rooms" if facts["load_open"] else "rota"
    return {
        "title": Sentence(title), "lede": Sentence(lede),
        "figures.rooms_bars.title": Sentence("unused" if facts["unused_rooms"] else "spread" if facts["fullest_room"] else "even"),
        "figures.doctors_bars.title": Sentence("spread" if facts["fullest_doctor"] else "even"),
        "figures.months_load.title": Sentence("season" if facts["season_peak"] else "plain"),
    }


def _findings(
    facts: Mapping[str, Any], rooms: Table | None, shifts: Table | None, doctors: Table | None, yearly: Season | None
) -> list[Finding]:
    rota, opened = facts["load_rota"], facts["load_open"]
    told = (
        (facts["double_booked_hours"], Finding("doubled", "caveat")),
        (facts["full_doctors"] and facts["emptiest_doctor"], Finding("doctors_uneven", "risk")),
        (facts["unused_rooms"], Finding("unused_rooms", "opportunity")),
        (rota and opened and rota.low > opened.high, Finding("rota_short", "caveat")),
        (facts["season_peak"], Finding("season", "caveat")),
        (rooms is None, Finding("no_rooms", "not_answered")),
        (shifts is None, Finding("no_rota", "not_answered")),
        (shifts is not None and doctors is None, Finding("no_specialty", "not_answered")),
        (yearly is None and rooms is not None, Finding("no_season", "not_answered")),
    )
    return [finding for applies, finding in told if applies]


# ------------------------------------------------------------------ figures
def rooms_bars(result: LoadsResult, labels: Labels) -> Figure | None:
    """Use of each room against the practical ceiling, now and before."""
    return _bars(result, labels, "room")


def doctors_bars(result: LoadsResult, labels: Labels) -> Figure | None:
    """Use of each doctor's rota against the practical ceiling, now and before."""
    return _bars(result, labels, "doctor")


def _bars(result: LoadsResult, labels: Labels, by: str) -> Figure | None:
    rows = result.units[result.units.by == by]
    if rows.empty:
        return None
    if len(rows) > MOST_BARS:
        rows = pd.concat([rows.head(MOST_BARS // 2), rows.tail(MOST_BARS - MOST_BARS // 2)])
    return bars(
        rows.load, names=list(rows.unit), texts=[labels.number(value, "share") for value in rows.load], low=rows.load_low,
        high=rows.load_high, accent=list(rows.load >= result.ceiling.value), track=1.0, ceiling=result.ceiling.value,
        ceiling_text=labels["ceiling"], earlier=rows.load_before, earlier_text="", tick=lambda v: labels.number(v, "share"),
        ticks=(0, 0.5, 1.0), width=theme.HALF, height=12 + 4.4 * max(len(rows), 3),
    )


def months_load(result: LoadsResult, labels: Labels) -> Figure | None:
    """Use of rooms and ward in every month, with the practical ceiling; above 100 % where it was."""
    if len(result.months) < 3:
        return None
    ward = result.months.ward
    others = [OtherLine(labels["ward"], ward, theme.RUST)] if ward.notna().any() else []
    return trend(
        list(result.months.month), result.months.rooms, number=lambda v: labels.number(v, "share"), month=labels.month, others=others,
        words=labels["rooms"], goal=result.ceiling.value, from_zero=True, width=theme.HALF, height=42,
    )
