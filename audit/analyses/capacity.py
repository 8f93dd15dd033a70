"""Capacity: how much of rooms, doctors, operating room and ward is used, and what limits the clinic.

Question   Which hours and resources are full, which can be sold?
Method     Used over open time, a ratio of sums; bootstrap of whole weeks (of days when the present has
           fewer than eight). Surgery is limited by the smaller of operating hours and bed-nights per case.
           Shares of missed appointments with Wilson's interval.
Reads      appointments; rooms, shifts, events (closed days), charges and services if there are any.
Cannot say How many patients were turned away at full hours: visits that took place are a lower bound there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import ibis
import numpy as np
import pandas as pd
from ibis import _
from ibis.expr.types import Table
from matplotlib.figure import Figure
from pydantic import Field

from audit.config import Days, Params, Period
from audit.errors import NotAnswerable
from audit.models import bootstrap, occupancy, proportions
from audit.plots import theme
from audit.plots.bars import bars
from audit.plots.heatmap import Frame, heatmap
from audit.results import Estimate, Finding, Measure, Result, Sentence, exact, table
from audit.wording import Labels

WEEKS_PER_MONTH = 365.25 / 12 / 7
ROOMS = ("consulting", "diagnostics", "operating", "ward")
LEADS = ((0, "same_day"), (3, "days_1_3"), (7, "days_4_7"), (14, "days_8_14"), (30, "days_15_30"))
LATEST = "days_31"
FIGURES = ("heat", "resources_bars", "no_show_bars")


class CapacityParams(Params):
    ceiling: float = Field(0.85, gt=0, lt=1, description="practical ceiling of a bookable resource")
    valley: float = Field(0.35, gt=0, lt=1, description="hours used less than this are hours to fill")
    weeks_needed: int = Field(8, ge=2, description="whole weeks from which weeks, not days, are resampled")
    turnover_minutes: float = Field(0, ge=0, description="between two operations, if the recorded minutes leave it out")
    priced_share: float = Field(0.8, gt=0, le=1, description="money with a known direct cost that makes worth a contribution")


@dataclass(frozen=True, kw_only=True)
class CapacityResult(Result):
    room_load: Estimate | None
    room_load_before: Estimate | None
    doctor_load: Estimate | None
    operating_load: Estimate | None
    ward_load: Estimate | None
    ward_load_before: Estimate | None
    booked_load: Estimate | None
    bottleneck: str | None
    bottleneck_load: Estimate | None
    peak_weekday: int | None
    peak_hour: int | None
    peak_load: Estimate | None
    rooms: int | None
    slots: int | None
    visits: int
    visits_most: Estimate | None
    visits_practical: Estimate | None
    operations: int
    operations_most: Estimate | None
    operations_practical: Estimate | None
    surgery_limit: str | None
    stay_nights: Estimate | None
    free_hours: Estimate | None
    fillable_hours: Estimate | None
    hour_value: Estimate | None
    value_is: str | None
    no_show_share: Estimate | None
    cancelled_share: Estimate | None
    weekly_visits: Estimate | None
    busiest_week: Estimate | None
    load_at_most: Estimate | None
    ceiling: Estimate
    resources: pd.DataFrame | None = table(
        Measure("resource", "label"), Measure("open_hours", "hours"), Measure("used_hours", "hours"),
        Measure("load", "share", interval=True, form="bar"), Measure("load_before", "share"),
        Measure("free_hours", "hours"), Measure("worth", "currency"), Measure("state", "status"),
        Measure("n", "count", shown=False),
    )
    denominators: pd.DataFrame | None = table(
        Measure("denominator", "label"), Measure("used_hours", "hours"), Measure("offered_hours", "hours"),
        Measure("load", "share", interval=True, form="bar"), Measure("load_before", "share"),
        Measure("n", "count", shown=False),
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
    now, past = period.present, period.past
    diary = _diary(appointments, rooms, services, period)
    if not _in(diary, now).count_all.sum():
        raise NotAnswerable("no_visits", verdict="not_enough_data")
    opened = _opened(rooms, events, period)
    nights = _nights(appointments, period)
    rota = _rota(appointments, shifts, rooms, now, past)
    series = _series(diary, opened, nights, rota)
    loads = {name: _load(frame, now, params) for name, frame in series.items()}
    loads_before = {name: _load(frame, past, params) if past else None for name, frame in series.items()}
    money = _money(charges, services, now, params)
    worth = _hour_worth(series, money, now, params)
    heat = _heat(appointments, rooms, opened, now) if loads["consulting"] else None
    surgery = _surgery(diary, opened, nights, now, params)
    missed = _missed(appointments, now, params.level)
    weekly = _weekly(diary, period, now, params) if loads["consulting"] is None else {}
    resources = _resources(series, loads, loads_before, worth, now, params)
    bottleneck = max((name for name in ROOMS if loads[name]), key=lambda name: loads[name].value, default=None)
    scalars = {
        **_room_facts(rooms, opened, series, diary, heat, now, params, loads["consulting"]),
        **surgery, **worth["scalars"], **missed["scalars"],
        "weekly_visits": weekly.get("mean"), "busiest_week": weekly.get("busiest"), "load_at_most": weekly.get("load"),
        "room_load": loads["consulting"], "room_load_before": loads_before["consulting"], "doctor_load": loads["doctors"],
        "operating_load": loads["operating"], "ward_load": loads["ward"], "ward_load_before": loads_before["ward"],
        "booked_load": loads["booked"], "bottleneck": bottleneck, "bottleneck_load": loads[bottleneck] if bottleneck else None,
        "ceiling": exact(params.ceiling, "share", 0),
    }
    limits = scalars.pop("limits")
    if surgery_row := scalars.pop("surgery_row"):
        limits = [*limits, surgery_row]
    gaps = _gaps(appointments, rooms, shifts, charges, scalars, missed, heat, loads)
    return CapacityResult(
        grade="C" if scalars["room_load"] is None else "A",
        says=_says(scalars, past is not None, params),
        findings=(*_findings(scalars, params), *gaps),
        headline="room_load" if scalars["room_load"] else ("no_show_share" if scalars["no_show_share"] else None),
        resources=resources,
        denominators=_denominators(series, loads, loads_before, now),
        limits=pd.DataFrame(limits, columns=[m.name for m in CapacityResult.measures("limits")]) if limits else None,
        heat=heat, no_show=missed["table"], calendar=_calendar(series, diary, period),
        **scalars,
    )


# ------------------------------------------------------------------ queries: to days and hours
def _diary(appointments: Table, rooms: Table | None, services: Table | None, period: Period) -> pd.DataFrame:
    """Appointments and their minutes by day, resource and status."""
    timed = _timed(appointments, rooms, services).filter(_.day >= period.start, _.day < period.end)
    grouped = timed.group_by("day", "resource", "status").aggregate(
        count_all=_.count(), minutes=_.minutes.sum(), timed=_.minutes.count()
    )
    frame = grouped.order_by("day", "resource", "status").to_pandas()
    return frame.astype({"day": "datetime64[s]", "minutes": "float64"})


def _timed(appointments: Table, rooms: Table | None, services: Table | None) -> Table:
    """Each appointment with its day, the resource it occupies and its minutes, planned if not recorded."""
    table_ = appointments.mutate(day=_.starts_at.date(), slot=ibis.null("float64"), room_kind=ibis.null("string"),
                                 planned=ibis.null("float64"))
    if rooms is not None:
        facts = rooms.select("room_id", kind_of_room="kind", its_slot="slot_minutes")
        table_ = table_.left_join(facts, "room_id").drop("room_id_right")
        table_ = table_.mutate(slot=_.its_slot, room_kind=_.kind_of_room)
    if services is not None:
        facts = services.select("service_id", service_minutes="minutes")
        table_ = table_.left_join(facts, "service_id").drop("service_id_right").mutate(planned=_.service_minutes)
    resource = ibis.cases(
        (_.kind == "operation", "operating"), (_.kind == "ward", "ward"), (_.room_kind == "diagnostics", "diagnostics"),
        else_="consulting",
    )
    return table_.mutate(resource=resource, minutes=ibis.coalesce(_.minutes, _.planned, _.slot))


def _opened(rooms: Table | None, events: Table | None, period: Period) -> pd.DataFrame:
    """Open minutes, opening hours and places of each room on each day it is open (nights count as 1440 minutes of a bed)."""
    columns = ["day", "resource", "minutes", "opens", "closes", "places", "slots"]
    if rooms is None:
        return pd.DataFrame(columns=columns).astype({"day": "datetime64[s]"})
    listed = rooms.order_by("room_id").to_pandas()
    days = pd.DatetimeIndex(pd.date_range(period.start, period.end - timedelta(days=1))).as_unit("s")
    closed = _closed(events, period)
    parts = []
    for room in listed.itertuples():
        on = room.weekdays if isinstance(room.weekdays, str) else "1234567" if room.kind == "ward" else ""
        is_open = np.isin(days.weekday + 1, [int(digit) for digit in on if digit.isdigit()])
        for event in closed.itertuples():
            if pd.isna(event.branch) or event.branch == room.branch:
                is_open &= ~((days >= event.from_day) & (days <= event.to_day))
        opens, closes = (0.0, 1440.0) if room.kind == "ward" else (float(room.opens_minute), float(room.closes_minute))
        if closes > opens and is_open.any():
            minutes = room.places * (closes - opens)
            slots = np.floor((closes - opens) / room.slot_minutes) * room.places if room.slot_minutes > 0 else np.nan
            parts.append(pd.DataFrame(dict(zip(columns, (
                days[is_open], room.kind, minutes, opens, closes, float(room.places), slots), strict=True))))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns).astype({"day": "datetime64[s]"})


def _closed(events: Table | None, period: Period) -> pd.DataFrame:
    if events is None:
        return pd.DataFrame(columns=["branch", "from_day", "to_day"])
    closed = events.filter(_.kind == "closed").select("branch", "from_day", to_day=ibis.coalesce(_.to_day, period.end))
    return closed.order_by("from_day", "to_day", "branch").to_pandas().astype({"from_day": "datetime64[s]", "to_day": "datetime64[s]"})


def _nights(appointments: Table, period: Period) -> pd.DataFrame:
    """Beds occupied on each night, as minutes of beds: 1440 a night."""
    stays = appointments.filter(_.status == "completed", _.nights > 0)
    kind = "ward" if bool(stays.filter(_.kind == "ward").count().execute()) else "operation"
    counted = (
        stays.filter(_.kind == kind).group_by(day=_.starts_at.date(), nights=_.nights).aggregate(stays=_.count())
        .order_by("day", "nights").to_pandas()
    )
    days = pd.DatetimeIndex(pd.date_range(period.start, period.end - timedelta(days=1))).as_unit("s")
    if counted.empty:
        return pd.DataFrame({"day": days, "minutes": 0.0}).iloc[:0]
    start = (pd.DatetimeIndex(counted.day.astype("datetime64[s]")) - days[0]).days
    used = occupancy.nights_by_day(start, counted.nights, counted.stays, len(days))
    return pd.DataFrame({"day": days, "minutes": used * 1440})


def _rota(appointments: Table, shifts: Table | None, rooms: Table | None, now: Days, past: Days | None) -> pd.DataFrame | None:
    """Rostered and used outpatient minutes by day of the doctors on the rota, overlapping shifts merged."""
    if shifts is None:
        return None
    first = past.start if past else now.start
    on = shifts.filter(_.role == "doctor", _.starts_at.date() >= first, _.starts_at.date() < now.end)
    if rooms is not None:
        surgical = rooms.filter(_.kind.isin(["operating", "ward"])).select("room_id")
        on = on.anti_join(surgical, "room_id")
    drawn = on.select("staff_id", "starts_at", "ends_at").order_by("staff_id", "starts_at", "ends_at").to_pandas()
    if drawn.empty:
        return None
    parts = []
    for _staff, mine in drawn.groupby("staff_id", sort=True):
        start, end = (mine[name].astype("datetime64[s]").astype("int64") / 60 for name in ("starts_at", "ends_at"))
        left, right = occupancy.merged(start, end)
        parts.append(pd.DataFrame({"minute": left, "offered": right - left}))
    rows = pd.concat(parts, ignore_index=True)
    rows["day"] = pd.to_datetime(rows.minute // 1440, unit="D").astype("datetime64[s]")
    offered = rows.groupby("day", as_index=False).offered.sum()
    came = appointments.filter(_.status == "completed", _.kind == "outpatient").semi_join(on.select(doctor_id="staff_id"), "doctor_id")
    used = came.group_by(day=_.starts_at.date()).aggregate(used=_.minutes.sum()).order_by("day").to_pandas()
    used = used.astype({"day": "datetime64[s]", "used": "float64"})
    return offered.merge(used, on="day", how="left").fillna({"used": 0.0}).sort_values("day", ignore_index=True)


# ------------------------------------------------------------------ steps: days to loads
def _series(diary: pd.DataFrame, opened: pd.DataFrame, nights: pd.DataFrame, rota: pd.DataFrame | None) -> dict[str, pd.DataFrame | None]:
    """Used and offered minutes by day of each resource; None for a resource the data do not describe."""
    done = diary[diary.status == "completed"]
    known = diary[diary.status.isin(["completed", "no_show", "cancelled"])]
    used: dict[str, pd.DataFrame] = {name: done[done.resource == name] for name in ROOMS} | {"ward": nights}
    series: dict[str, pd.DataFrame | None] = {
        name: _pair(used[name], opened[opened.resource == name]) for name in ROOMS
    }
    series["booked"] = _pair(known[known.resource == "consulting"], opened[opened.resource == "consulting"])
    series["doctors"] = rota[["day", "used", "offered"]] if rota is not None else None
    return series


def _pair(used: pd.DataFrame, offered: pd.DataFrame) -> pd.DataFrame | None:
    if offered.empty or not used.minutes.sum() > 0:
        return None
    both = pd.concat([used.groupby("day").minutes.sum().rename("used"), offered.groupby("day").minutes.sum().rename("offered")], axis=1)
    return both.fillna(0.0).sort_index().rename_axis("day").reset_index()


def _load(frame: pd.DataFrame | None, window: Days | None, params: CapacityParams) -> Estimate | None:
    if frame is None or window is None:
        return None
    units = _units(_in(frame, window), window, params)
    if not units.offered.sum() > 0:
        return None
    value = units.used.sum() / units.offered.sum()
    low, high = bootstrap.ratio_interval(units.used, units.offered, params.level, params.seed)
    return _estimate(value, low, high, "share", len(units), params.level)


def _units(days: pd.DataFrame, window: Days, params: CapacityParams) -> pd.DataFrame:
    """The independent units of the interval: weeks, or days when the window has too few weeks."""
    if window.days < 7 * params.weeks_needed:
        return days
    week = (days.day - pd.Timestamp(window.start)).dt.days // 7
    return days.groupby(week)[[name for name in days.columns if name != "day"]].sum().reset_index(drop=True)


def _in(frame: pd.DataFrame, window: Days) -> pd.DataFrame:
    return frame[(frame.day >= pd.Timestamp(window.start)) & (frame.day < pd.Timestamp(window.end))]


def _estimate(value: float, low: float, high: float, unit: str, n: int, level: float, grade: str = "A") -> Estimate:
    if not (np.isfinite(low) and np.isfinite(high)):
        return Estimate(value, value, value, unit, n, level, "C")
    return Estimate(value, min(low, value), max(high, value), unit, n, level, grade)
