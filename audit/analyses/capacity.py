"""Capacity: how much of rooms, doctors, operating room and ward is used, and what limits the clinic.

Question   Which hours and resources are full, which can be sold?
Method     Used over open time, a ratio of sums; bootstrap of whole weeks (of days when the present has
           fewer than eight). Surgery is limited by the smaller of operating hours and bed-nights per case.
           Shares of missed appointments with Wilson's interval.
Reads      appointments; rooms, shifts, events (closed days), charges and services if there are any.
Cannot say How many patients were turned away at full hours: visits that took place are a lower bound there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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

from audit.config import Days, Params, Period
from audit.errors import NotAnswerable
from audit.models import bootstrap, occupancy, proportions
from audit.plots.bars import bars
from audit.plots.heatmap import Frame, heatmap
from audit.results import Estimate, Finding, Measure, Result, Sentence, exact, table
from audit.results.estimate import Grade
from audit.tables.columns import Unit
from audit.tables.open_hours import open_hours
from audit.wording import Labels

WEEKS_PER_MONTH = 365.25 / 12 / 7
ROOMS = ("consulting", "diagnostics", "operating", "ward")
LEADS = ((0, "same_day"), (3, "days_1_3"), (7, "days_4_7"), (14, "days_8_14"), (30, "days_15_30"))
LATEST = "days_31"
FIGURES = ("heat", "resources_bars", "no_show_bars")


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
    """Load of every resource the tables describe; without rooms, missed appointments and bounds only."""
    now, past = period.present, period.past
    timed = _timed(appointments, rooms, services)
    diary = _diary(timed, period)
    missed = _missed(appointments, now, params.level)
    if not (_in(diary, now).status == "completed").any() and missed["no_show_share"] is None:
        raise NotAnswerable("no_visits", verdict="not_enough_data")
    opened = _opened(rooms, events, period)
    nights = _nights(appointments, period)
    series = _series(diary, opened, nights, _rota(timed, shifts, rooms, now, past))
    loads = {name: _load(frame, now, params) for name, frame in series.items()}
    before = {name: _load(frame, past, params) for name, frame in series.items()}
    heat = _heat(timed, rooms, events, now) if loads["consulting"] else None
    outpatient = _outpatient(diary, opened, loads["consulting"], heat, now, params)
    surgery = _surgery(diary, opened, nights, now, params)
    worth = _hour_worth(series, _money(charges, services, now, params), now, params)
    weekly = _weekly(diary, period, now, params) if loads["consulting"] is None else {}
    limits = [part.pop("row") for part in (outpatient, surgery)]
    bottleneck = max((name for name in ROOMS if loads[name]), key=lambda name: loads[name].value, default=None)
    facts: dict[str, Any] = {
        "room_load": loads["consulting"], "room_load_before": before["consulting"], "doctor_load": loads["doctors"],
        "operating_load": loads["operating"], "ward_load": loads["ward"], "ward_load_before": before["ward"],
        "booked_load": loads["booked"], "bottleneck": bottleneck, "bottleneck_load": loads.get(bottleneck or ""),
        "ceiling": exact(params.ceiling, "share", 0),
        **_peak(heat), **outpatient, **surgery, **worth,
        **{name: weekly.get(name) for name in ("weekly_visits", "busiest_week", "load_at_most")},
        **{name: missed[name] for name in ("no_show_share", "cancelled_share", "appointments_due")},
    }
    gaps = _gaps(rooms, shifts, charges, series, heat, missed)
    return CapacityResult(
        grade="A" if loads["consulting"] or facts["no_show_share"] else "C",
        says=_says(facts, params),
        findings=(*_findings(facts, params), *gaps),
        headline="room_load" if facts["room_load"] else "no_show_share" if facts["no_show_share"] else None,
        resources=_resources(series, loads, before, facts, now, params),
        denominators=_denominators(series, loads, before, now),
        limits=_framed("limits", [row for row in limits if row]),
        heat=heat,
        no_show=missed["table"],
        calendar=_calendar(series, diary, period),
        **facts,
    )


# ------------------------------------------------------------------ queries: to days and hours
def _timed(appointments: Table, rooms: Table | None, services: Table | None) -> Table:
    """Each appointment with its day, the resource it occupies and its minutes, planned if not recorded."""
    timed = appointments.mutate(day=_.starts_at.date())
    if rooms is not None:
        timed = timed.left_join(rooms.select("room_id", room_kind="kind", slot="slot_minutes"), "room_id").drop("room_id_right")
    else:
        timed = timed.mutate(room_kind=ibis.null("string"), slot=ibis.null("float64"))
    if services is not None:
        timed = timed.left_join(services.select("service_id", planned="minutes"), "service_id").drop("service_id_right")
    else:
        timed = timed.mutate(planned=ibis.null("float64"))
    resource = ibis.cases(
        (_.kind == "operation", "operating"), (_.kind == "ward", "ward"), (_.room_kind == "diagnostics", "diagnostics"),
        else_="consulting",
    )
    return timed.mutate(resource=resource, minutes=ibis.coalesce(_.minutes, _.planned, _.slot))


def _diary(timed: Table, period: Period) -> pd.DataFrame:
    """Appointments and their minutes by day, resource and status."""
    inside = timed.filter(_.day >= period.start, _.day < period.end)
    grouped = inside.group_by("day", "resource", "status").aggregate(
        count_all=_.count(), minutes=_.minutes.sum(), timed=_.minutes.count()
    )
    frame = grouped.order_by("day", "resource", "status").to_pandas()
    return frame.astype({"day": "datetime64[s]", "minutes": "float64"})


def _opened(rooms: Table | None, events: Table | None, period: Period) -> pd.DataFrame | None:
    """Open minutes (of a ward: beds × 1440) and slots by day and resource."""
    if rooms is None:
        return None
    by_room = open_hours(rooms, events, start=period.start, end=period.end)
    by_day = by_room.group_by("day", resource=_.kind).aggregate(minutes=_.minutes.sum(), slots=_.slots.sum())
    return by_day.order_by("day", "resource").to_pandas().astype({"day": "datetime64[s]", "minutes": "float64"})


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


def _rota(timed: Table, shifts: Table | None, rooms: Table | None, now: Days, past: Days | None) -> pd.DataFrame | None:
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
    came = timed.filter(_.status == "completed", _.kind == "outpatient").semi_join(on.select(doctor_id="staff_id"), "doctor_id")
    used = came.group_by(day=_.starts_at.date()).aggregate(used=_.minutes.sum()).order_by("day").to_pandas()
    used = used.astype({"day": "datetime64[s]", "used": "float64"})
    return offered.merge(used, on="day", how="left").fillna({"used": 0.0}).sort_values("day", ignore_index=True)


# ------------------------------------------------------------------ steps: days to loads
def _series(
    diary: pd.DataFrame, opened: pd.DataFrame | None, nights: pd.DataFrame, rota: pd.DataFrame | None
) -> dict[str, pd.DataFrame | None]:
    """Used and offered minutes by day of each resource; None for a resource the data do not describe."""
    done = diary[diary.status == "completed"]
    known = diary[diary.status.isin(["completed", "no_show", "cancelled"])]
    used = {name: done[done.resource == name] for name in ROOMS} | {"ward": nights, "booked": known[known.resource == "consulting"]}
    offered = opened if opened is not None else pd.DataFrame({"resource": [], "day": [], "minutes": []})
    series = {name: _pair(used[name], offered[offered.resource == ("consulting" if name == "booked" else name)]) for name in used}
    return series | {"doctors": rota}


def _pair(used: pd.DataFrame, offered: pd.DataFrame) -> pd.DataFrame | None:
    if offered.empty or not used.minutes.sum() > 0:
        return None
    columns = {"used": used.groupby("day").minutes.sum(), "offered": offered.groupby("day").minutes.sum()}
    return pd.concat(columns, axis=1).fillna(0.0).sort_index().rename_axis("day").reset_index()


def _load(frame: pd.DataFrame | None, window: Days | None, params: CapacityParams) -> Estimate | None:
    if frame is None or window is None:
        return None
    units = _units(_in(frame, window), window, params)
    if not units.offered.sum() > 0:
        return None
    low, high = bootstrap.ratio_interval(units.used, units.offered, params.level, params.seed)
    return _estimate(units.used.sum() / units.offered.sum(), low, high, "share", len(units), params.level)


def _units(days: pd.DataFrame, window: Days, params: CapacityParams) -> pd.DataFrame:
    """The independent units of the interval: weeks, or days when the window has too few weeks."""
    if window.days < 7 * params.weeks_needed:
        return days
    week = (days.day - pd.Timestamp(window.start)).dt.days // 7
    return days.drop(columns="day").groupby(week).sum().reset_index(drop=True)


def _in(frame: pd.DataFrame, window: Days) -> pd.DataFrame:
    return frame[(frame.day >= pd.Timestamp(window.start)) & (frame.day < pd.Timestamp(window.end))]


def _estimate(value: float, low: float, high: float, unit: Unit, n: int, level: float, grade: Grade = "A") -> Estimate:
    """An estimate whose interval holds it; without one (a single unit) the value alone, as thin evidence."""
    if not (np.isfinite(low) and np.isfinite(high)):
        return Estimate(value, value, value, unit, n, level, "C")
    return Estimate(value, min(low, value), max(high, value), unit, n, level, grade)


def _heat(timed: Table, rooms: Table | None, events: Table | None, now: Days) -> pd.DataFrame | None:
    """Open and used hours of consulting rooms by weekday (0 = Monday) and hour; None when times are not recorded."""
    if rooms is None:
        return None
    hours = open_hours(rooms, events, start=now.start, end=now.end).filter(_.kind == "consulting")
    opened = hours.group_by(weekday=_.day.day_of_week.index(), start=_.opens, length=_.closes - _.opens).aggregate(
        times=(_.minutes / (_.closes - _.opens)).sum()
    )
    came = timed.filter(_.status == "completed", _.resource == "consulting", _.day >= now.start, _.day < now.end)
    minute = came.starts_at.hour() * 60 + came.starts_at.minute()
    used = came.group_by(weekday=_.day.day_of_week.index(), start=minute, length=_.minutes).aggregate(times=_.count())
    drawn = used.order_by("weekday", "start", "length").to_pandas()
    if drawn.empty or not (drawn.start > 0).any():
        return None
    open_grid, used_grid = (
        _grid(frame.dropna()) for frame in (opened.order_by("weekday", "start", "length").to_pandas(), drawn)
    )
    weekday, hour = (grid.ravel() for grid in np.mgrid[0:7, 0:24])
    frame = pd.DataFrame({
        "weekday": weekday, "hour": hour, "open_hours": open_grid.ravel() / 60, "used_hours": used_grid.ravel() / 60
    })
    frame["load"] = (frame.used_hours / frame.open_hours).where(frame.open_hours > 0)
    busy = frame[(frame.open_hours > 0) | (frame.used_hours > 0)]
    return frame[frame.hour.between(busy.hour.min(), busy.hour.max())].reset_index(drop=True)


def _grid(intervals: pd.DataFrame) -> np.ndarray:
    minutes = occupancy.minutes_by_hour(intervals.start, intervals.length, intervals.times)
    grid = np.zeros((7, 24))
    np.add.at(grid, intervals.weekday.to_numpy(dtype=int), minutes)
    return grid


# ------------------------------------------------------------------ steps: what limits growth, what it is worth
def _outpatient(
    diary: pd.DataFrame, opened: pd.DataFrame | None, load: Estimate | None, heat: pd.DataFrame | None, now: Days,
    params: CapacityParams,
) -> dict[str, object]:
    """The most visits a month: all slots, the practical ceiling, and with the hours patients choose now."""
    done = _in(diary[(diary.status == "completed") & diary.resource.isin(["consulting", "diagnostics"])], now)
    consulting = done[done.resource == "consulting"]
    facts: dict[str, object] = {"visits": int(done.count_all.sum()), "slots": None, "visits_most": None, "visits_practical": None}
    if opened is None or load is None or not consulting.minutes.sum() > 0:
        return facts | {"row": None}
    offered = _in(opened[opened.resource == "consulting"], now)
    length = consulting.minutes.sum() / consulting.timed.sum()
    most = offered.minutes.sum() / length / now.months
    if offered.slots.notna().all() and offered.slots.sum() > 0:
        facts["slots"] = int(offered.slots.sum())
        most = min(most, offered.slots.sum() / now.months) if length >= offered.minutes.sum() / offered.slots.sum() - 1e-9 else most
    shaped = np.nan
    if heat is not None:
        growth = max(1.0, 1 / load.value)
        shaped = occupancy.grown(heat.used_hours, heat.open_hours, growth) * 60 / length / now.months
    n = len(offered)
    facts |= {"visits_most": exact(most, "count", n), "visits_practical": exact(most * params.ceiling, "count", n)}
    current = consulting.count_all.sum() / now.months
    return facts | {"row": ["outpatient", current, shaped, most * params.ceiling, most, "consulting"]}


def _surgery(
    diary: pd.DataFrame, opened: pd.DataFrame | None, nights: pd.DataFrame, now: Days, params: CapacityParams
) -> dict[str, object]:
    """The most operations a month: the smaller of operating minutes per case and bed-nights per case."""
    done = _in(diary[(diary.status == "completed") & (diary.resource == "operating")], now)
    cases = int(done.count_all.sum())
    facts: dict[str, object] = {
        "operations": cases, "operations_most": None, "operations_practical": None, "surgery_limit": None, "stay_nights": None
    }
    if opened is None or cases == 0:
        return facts | {"row": None}
    stay = _in(nights, now).minutes.sum() / 1440 / cases
    timed = done.timed.sum()
    need = {
        "operating": done.minutes.sum() / timed + params.turnover_minutes if timed else np.nan,
        "ward": stay if stay > 0 else np.nan,
    }
    offered = _in(opened, now).groupby("resource").minutes.sum() / now.months
    capacity = {"operating": float(offered.get("operating", np.nan)), "ward": float(offered.get("ward", np.nan)) / 1440}
    bound = occupancy.limit(need, capacity)
    if bound is None:
        return facts | {"row": None}
    facts |= {
        "operations_most": exact(bound.most, "count", cases), "surgery_limit": bound.binding,
        "operations_practical": exact(bound.most * params.ceiling, "count", cases),
        "stay_nights": exact(stay, "number", cases) if stay > 0 else None,
    }
    return facts | {"row": ["surgery", cases / now.months, np.nan, bound.most * params.ceiling, bound.most, bound.binding]}


def _money(charges: Table | None, services: Table | None, now: Days, params: CapacityParams) -> tuple[pd.DataFrame, str] | None:
    """Outpatient money by day, as contribution if direct costs are known for most of it, else as revenue."""
    if charges is None:
        return None
    lines = charges.filter(_.kind.isin(["sale", "refund"]), _.charged_on >= now.start, _.charged_on < now.end)
    lines = lines.mutate(cost=ibis.null("float64"), is_surgery=ibis.literal(False))
    if services is not None:
        facts = services.select("service_id", "direct_cost", surgical=_.kind.isin(["operation", "ward"]))
        sign = ibis.cases((_.kind == "refund", -1.0), else_=1.0)
        lines = lines.left_join(facts, "service_id").drop("service_id_right").mutate(
            cost=_.direct_cost.cast("float64") * sign * ibis.coalesce(_.quantity, 1.0), is_surgery=ibis.coalesce(_.surgical, False)
        )
    by_day = lines.filter(~_.is_surgery).group_by(day=_.charged_on).aggregate(
        paid=_.paid.sum().cast("float64"), cost=_.cost.sum(), priced=_.paid.sum(where=_.cost.notnull()).cast("float64")
    )
    frame = by_day.order_by("day").to_pandas().fillna(0.0).astype({"day": "datetime64[s]"})
    if not frame.paid.sum() > 0:
        return None
    is_contribution = frame.priced.sum() >= params.priced_share * frame.paid.sum()
    frame["money"] = frame.paid - frame.cost if is_contribution else frame.paid
    return frame[["day", "money"]], "contribution" if is_contribution else "revenue"


def _hour_worth(
    series: Mapping[str, pd.DataFrame | None], money: tuple[pd.DataFrame, str] | None, now: Days, params: CapacityParams
) -> dict[str, Estimate | str | None]:
    """Free hours of consulting rooms a week, and what those below the ceiling would bring a month if filled."""
    facts: dict[str, Estimate | str | None] = dict.fromkeys(("free_hours", "fillable_hours", "hour_value", "value_is", "fill_worth"))
    rooms = series["consulting"]
    if rooms is None or not _in(rooms, now).offered.sum() > 0:
        return facts
    days = _in(rooms, now).assign(money=0.0)
    if money is not None:
        days = days.drop(columns="money").merge(money[0], on="day", how="left").fillna({"money": 0.0})
    units = _units(days, now, params)[["used", "offered", "money"]].to_numpy()
    weeks, n = now.days / 7, len(units)
    draws = bootstrap.block_bootstrap(units, seed=params.seed) if n > 1 else units.sum(axis=0, keepdims=True)

    def told(of_sums: Callable[[np.ndarray], np.ndarray], unit: Unit, grade: Grade) -> Estimate:
        low, high = bootstrap.percentiles(of_sums(draws), params.level, units=n)
        return _estimate(float(of_sums(units.sum(axis=0, keepdims=True))[0]), low, high, unit, n, params.level, grade)

    facts["free_hours"] = told(lambda s: (s[:, 1] - s[:, 0]) / 60 / weeks, "hours", "A")
    fillable = told(lambda s: np.clip(params.ceiling * s[:, 1] - s[:, 0], 0, None) / 60 / weeks, "hours", "A")
    facts["fillable_hours"] = fillable if fillable.value > 0 else None
    if money is not None and days.used.sum() > 0:
        facts["hour_value"] = told(lambda s: s[:, 2] / s[:, 0] * 60, "currency", "A")
        facts["value_is"] = money[1]
        if fillable.value > 0:
            gain = told(lambda s: np.clip(params.ceiling * s[:, 1] - s[:, 0], 0, None) * s[:, 2] / s[:, 0] / now.months, "currency", "C")
            facts["fill_worth"] = gain
    return facts


def _weekly(diary: pd.DataFrame, period: Period, now: Days, params: CapacityParams) -> dict[str, Estimate | None]:
    """Without opening hours: the busiest weeks bound capacity from below, hence load from above."""
    done = diary[(diary.status == "completed") & (diary.resource != "ward")]
    first = pd.Timestamp(now.end) - pd.Timedelta(weeks=min(52, (now.end - period.start).days // 7))
    weeks = (pd.Timestamp(now.end) - first).days // 7
    number = (done.day - first).dt.days // 7
    visits = done.groupby(number).count_all.sum().reindex(range(weeks), fill_value=0).to_numpy(dtype=float)
    visits = visits[np.flatnonzero(visits)[0] :] if visits.any() else visits[:0]
    present = visits[-(now.days // 7) :] if now.days >= 7 else visits[:0]
    facts: dict[str, Estimate | None] = dict.fromkeys(("weekly_visits", "busiest_week", "load_at_most"))
    if len(present) < 2:
        return facts
    low, high = bootstrap.mean_interval(present, params.level, params.seed)
    facts["weekly_visits"] = _estimate(float(present.mean()), low, high, "count", len(present), params.level)
    if len(visits) >= params.weeks_needed:
        busiest = max(float(np.quantile(visits, 0.95)), float(present.mean()))
        facts["busiest_week"] = Estimate(busiest, busiest, busiest, "count", len(visits), params.level, "C")
        bounds = (min(1.0, value / busiest) for value in (present.mean(), low, high))
        facts["load_at_most"] = _estimate(*bounds, "share", len(present), params.level, "C")
    return facts


# ------------------------------------------------------------------ steps: appointments that did not take place
def _missed(appointments: Table, now: Days, level: float) -> dict[str, Any]:
    """Shares missed and cancelled, and shares missed by lead time, weekday and reminder."""
    due = appointments.filter(
        _.status.isin(["completed", "no_show", "cancelled"]), _.starts_at.date() >= now.start, _.starts_at.date() < now.end
    )
    lead = due.starts_at.date().delta(due.booked_at.date(), unit="day")
    by_lead = ibis.cases((lead.isnull() | (lead < 0), ibis.null("string")), *((lead <= days, name) for days, name in LEADS), else_=LATEST)
    weekday = due.starts_at.day_of_week.index().cast("string")
    reminder = ibis.cases((due.reminder_sent, "reminded"), (~due.reminder_sent, "not_reminded"))
    counted = due.group_by(lead=by_lead, weekday=weekday, reminder=reminder, status=_.status).aggregate(count_all=_.count())
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


def _missed_by(frame: pd.DataFrame, level: float) -> pd.DataFrame:
    order = [*(name for _days, name in LEADS), LATEST, *"0123456", "reminded", "not_reminded"]
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
    series: Mapping[str, pd.DataFrame | None], loads: Mapping[str, Estimate | None], before: Mapping[str, Estimate | None],
    facts: Mapping[str, Any], now: Days, params: CapacityParams,
) -> pd.DataFrame | None:
    rows = []
    for name in ("consulting", "doctors", "diagnostics", "operating", "ward"):
        load, frame = loads[name], series[name]
        if load is None or frame is None:
            continue
        used, offered = (_in(frame, now)[column].sum() / 60 / (now.days / 7) for column in ("used", "offered"))
        worth = facts["fill_worth"].value if name == "consulting" and facts["fill_worth"] else np.nan
        state = "act" if load.value >= params.ceiling else "watch" if load.value < 0.5 else "good"
        earlier = before[name].value if before[name] else np.nan
        rows.append([name, offered, used, load.value, load.low, load.high, earlier, offered - used, worth, state, load.n])
    return _framed("resources", rows)


def _denominators(
    series: Mapping[str, pd.DataFrame | None], loads: Mapping[str, Estimate | None], before: Mapping[str, Estimate | None], now: Days
) -> pd.DataFrame | None:
    rows = []
    for name, label in (("consulting", "open_rooms"), ("doctors", "rota"), ("booked", "booked")):
        load, frame = loads[name], series[name]
        if load is not None and frame is not None:
            used, offered = (_in(frame, now)[column].sum() / 60 / (now.days / 7) for column in ("used", "offered"))
            earlier = before[name].value if before[name] else np.nan
            rows.append([label, used, offered, load.value, load.low, load.high, earlier, load.n])
    return _framed("denominators", rows)


def _framed(name: str, rows: list[list[Any]]) -> pd.DataFrame | None:
    columns = [column for measure in CapacityResult.measures(name) for column in measure.names]
    return pd.DataFrame(rows, columns=columns) if rows else None


def _calendar(series: Mapping[str, pd.DataFrame | None], diary: pd.DataFrame, period: Period) -> pd.DataFrame:
    """Load of every day of the period: of open room hours, or of the busiest days when opening hours are unknown."""
    days = pd.DatetimeIndex(pd.date_range(period.start, period.end - timedelta(days=1))).as_unit("s")
    rooms = series["consulting"]
    if rooms is not None:
        load = (rooms.used / rooms.offered.where(rooms.offered > 0)).set_axis(rooms.day).reindex(days)
    else:
        visits = diary[(diary.status == "completed") & (diary.resource != "ward")].groupby("day").count_all.sum()
        busiest = float(visits.quantile(0.95)) if len(visits) else 1.0
        load = (visits / busiest).reindex(days)
    seen = diary[diary.status == "completed"].day
    load = load.where((days >= seen.min()) & (days <= seen.max()))
    return pd.DataFrame({"day": days, "load": load.to_numpy(dtype=float)})


def _peak(heat: pd.DataFrame | None) -> dict[str, Any]:
    if heat is None or not heat.load.notna().any():
        return {"peak_weekday": None, "peak_hour": None, "peak_load": None}
    top = heat.loc[heat.load.idxmax()]
    return {"peak_weekday": int(top.weekday), "peak_hour": int(top.hour), "peak_load": exact(float(top.load), "share", round(top.open_hours))}


# ------------------------------------------------------------------ what is said
def _says(facts: Mapping[str, Any], params: CapacityParams) -> dict[str, Sentence]:
    rooms, peak, neck = facts["room_load"], facts["peak_load"], facts["bottleneck_load"]
    if rooms is None:
        key = "missed" if facts["no_show_share"] else "bound" if facts["load_at_most"] else "unknown"
        return {name: Sentence(key) for name in ("title", "lede", "notes.how", "notes.care", "notes.decide")}
    if rooms.value >= params.ceiling:
        title = "full"
    elif neck.value >= params.ceiling:
        title = "bottleneck"
    else:
        title = "peaks" if peak and peak.value >= params.ceiling else "nothing_full"
    usual = {name: Sentence("rooms") for name in ("lede", "notes.how", "notes.care", "notes.decide")}
    full = neck.value >= params.ceiling
    heat = "all_full" if rooms.value >= params.ceiling else "peak"
    return usual | {
        "title": Sentence(title), "figures.heat.title": Sentence(heat),
        "figures.resources_bars.title": Sentence("ceiling" if full else "below"),
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
    rooms: Table | None, shifts: Table | None, charges: Table | None, series: Mapping[str, pd.DataFrame | None],
    heat: pd.DataFrame | None, missed: Mapping[str, Any],
) -> list[Finding]:
    has_rooms = series["consulting"] is not None
    told = {
        "no_rooms": not has_rooms,
        "no_rota": series["doctors"] is None,
        "no_times": has_rooms and heat is None,
        "no_missed": missed["no_show_share"] is None,
        "no_lead": missed["no_show_share"] is not None and not missed["has_lead"],
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
    full, empty = (load >= result.ceiling.value), (load < 0.35)
    frames = []
    for mask, line in ((full, "solid"), (empty, "dashed")):
        block = occupancy.largest_block(mask & is_open)
        # a frame round most of the week would point at nothing
        if block and mask[is_open].mean() < 0.5:
            frames.append(Frame(*block, line))
    shut = [labels["closed"] if not is_open[i].all() else "" for i in range(7)]
    return heatmap(
        load, rows=[labels.weekday(i) for i in range(7)], columns=[str(hour) for hour in grid.columns],
        text=lambda value: f"{100 * value:.0f}", most=1.0, frames=frames, row_notes=shut, height=58.0,
    )


def resources_bars(result: CapacityResult, labels: Labels) -> Figure | None:
    """Use of each resource against the practical ceiling, now and before."""
    if result.resources is None:
        return None
    rows = result.resources
    return bars(
        rows.load, names=[labels.value("resource", code) for code in rows.resource],
        texts=[labels.number(value, "share") for value in rows.load], low=rows.load_low, high=rows.load_high,
        accent=list(rows.load >= result.ceiling.value), track=1.0, ceiling=result.ceiling.value, ceiling_text=labels["ceiling"],
        earlier=rows.load_before, earlier_text=labels["earlier"], tick=lambda v: labels.number(v, "share"),
        ticks=(0, 0.25, 0.5, 0.75, 1.0),
    )


def no_show_bars(result: CapacityResult, labels: Labels) -> Figure | None:
    """Share of appointments missed by how long before they were booked."""
    if result.no_show is None or not (result.no_show.by == "lead").any():
        return None
    rows = result.no_show[result.no_show.by == "lead"]
    return bars(
        rows.share, names=[labels.value("group", code) for code in rows.group],
        texts=[labels.number(value, "share") for value in rows.share], low=rows.share_low, high=rows.share_high,
        tick=lambda v: labels.number(v, "share"),
    )
