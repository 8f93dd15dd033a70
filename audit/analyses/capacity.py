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
from audit.tables.open_hours import open_hours
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
    first = pd.Timestamp(period.start) + pd.Timedelta(days=-pd.Timestamp(period.start).weekday() % 7)
    weeks = (pd.Timestamp(period.end) - first).days // 7
    number = (done.day - first).dt.days // 7
    visits = done.groupby(number).count_all.sum().reindex(range(weeks), fill_value=0).to_numpy(dtype=float)
    start = first + pd.to_timedelta(np.arange(weeks) * 7, unit="D")
    present = visits[(start >= pd.Timestamp(now.start)) & (start + pd.Timedelta(days=7) <= pd.Timestamp(now.end))]
    facts: dict[str, Estimate | None] = dict.fromkeys(("weekly_visits", "busiest_week", "load_at_most"))
    if len(present) < 2 or not present.sum() > 0:
        return facts
    low, high = bootstrap.mean_interval(present, params.level, params.seed)
    facts["weekly_visits"] = mean = _estimate(float(present.mean()), low, high, "count", len(present), params.level)
    if weeks >= params.weeks_needed:
        busiest = float(np.quantile(visits, 0.95))
        facts["busiest_week"] = Estimate(busiest, busiest, busiest, "count", weeks, params.level, "C")
        facts["load_at_most"] = mean.scaled(1 / busiest, "share")
    return facts
