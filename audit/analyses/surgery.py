"""Surgery: operating room against ward beds, which of them limits operations, and what one more of it is worth.

Question   How many operations fit, what limits them, and what is one more bed-night or operating hour worth?
Method     Linear programme over operating minutes and bed-nights per case with the mix of operations as it is; the
           binding resource and its dual price; cases resampled. A changed mix only from kinds of operations whose
           worth per unit of the scarce resource differs from the others' by more than chance. Random admissions to a
           nearly full ward by Erlang's loss formula.
Reads      appointments; rooms, shifts, events (closed days), charges and services if there are any.
Cannot say Whether patients for more operations would be found, nor what surgeons and anaesthetists would allow
           beyond the rota.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
from audit.models import bootstrap
from audit.models.months import whole_months
from audit.models.queueing import turned_away
from audit.models.throughput import Binding, binding, throughput
from audit.plots import theme
from audit.plots.bars import bars
from audit.plots.trend import OtherLine, trend
from audit.results import Estimate, Finding, Measure, Result, Sentence, exact, table
from audit.tables.operation_cases import operation_cases, stay_nights
from audit.tables.resource_days import NIGHT, resource_days
from audit.tables.rostered_hours import rostered_hours
from audit.wording import Labels

FIGURES = ("limits", "history")
RESOURCES = ("operating", "ward")
HOUR = 60.0


class SurgeryParams(Params):
    """Settings of surgery."""

    operating_ceiling: float = Field(0.80, gt=0, le=1, description="share of operating time that can be planned")
    ward_ceiling: float = Field(0.85, gt=0, le=1, description="share of bed-nights that can be planned")
    turnover_minutes: float = Field(0, ge=0, description="between two operations, if the recorded minutes leave it out")
    leeway: float = Field(0.3, ge=0, lt=1, description="how far the share of a kind of operation may move")
    fewest_cases: int = Field(10, ge=2, description="operations of a kind from which it is looked at by itself")
    priced_share: float = Field(0.8, gt=0, le=1, description="operations with known direct cost that make worth a contribution")
    near_full: float = Field(0.98, gt=0, lt=1, description="load of the ward at which refusals of unplanned patients are told")


@dataclass(frozen=True, kw_only=True)
class SurgeryResult(Result):
    """Operations and money are per month. ``limit`` is operating or ward, whichever is full first, ``limit_chance`` how sure
    that is, ``limit_load`` how much of it is used now. ``unit_price`` is what one more bed-night or operating hour brings
    once the limit is reached, until ``units_until`` more of them, when the other resource binds; ``bed_price`` is that of a
    whole bed for a month. ``price_is`` contribution or revenue. ``refused_share`` of unplanned patients find no bed at
    ``refused_load``.
    """

    operations: int
    operations_monthly: Estimate
    operations_before: Estimate | None
    operations_most: Estimate | None
    operations_practical: Estimate | None
    limit: str | None
    limit_chance: Estimate | None
    limit_load: Estimate | None
    operation_minutes: Estimate | None
    stay_nights: Estimate | None
    operation_worth: Estimate | None
    unit_price: Estimate | None
    bed_price: Estimate | None
    units_until: Estimate | None
    price_is: str | None
    mix_gain: Estimate | None
    beds: int | None
    refused_share: Estimate | None
    refused_load: Estimate | None
    resources: pd.DataFrame | None = table(
        Measure("resource", "label"), Measure("offered", "count"), Measure("used", "count"), Measure("load", "share", form="bar"),
        Measure("need", "number"), Measure("most", "count", interval=True), Measure("practical", "count"), Measure("state", "status"),
    )
    kinds: pd.DataFrame = table(
        Measure("kind", "label"), Measure("operations", "count"), Measure("minutes", "minutes"), Measure("nights", "number"),
        Measure("worth", "currency"), Measure("per_unit", "currency", interval=True), Measure("planned", "count"),
        Measure("n", "count", shown=False),
    )
    months: pd.DataFrame = table(Measure("month", "date"), Measure("operations", "count"))


def analyse(
    appointments: Table, rooms: Table | None, shifts: Table | None, events: Table | None, charges: Table | None,
    services: Table | None, *, period: Period, params: SurgeryParams,
) -> SurgeryResult:
    """What operations take and bring, against the time and beds there are."""
    now = period.present
    whole = operation_cases(appointments, charges, services, start=period.start, end=period.end).order_by("day", "appointment_id")
    done = whole.to_pandas().astype({"day": "datetime64[s]", "minutes": "float64"})
    cases = _in(done, now)
    if cases.empty:
        raise NotAnswerable("no_operations", verdict="not_enough_data")
    price_is = "contribution" if cases.has_cost.mean() >= params.priced_share else "revenue" if cases.paid.notna().any() else None
    worth = {"contribution": cases.paid - cases.direct_cost, "revenue": cases.paid}.get(price_is or "", cases.paid * np.nan)
    cases = cases.assign(worth=worth.fillna(0.0) if price_is else worth, minutes=cases.minutes.fillna(cases.minutes.mean()) + params.turnover_minutes)
    room = resource_days(appointments, rooms, services, events, start=now.start, end=now.end).to_pandas().groupby("resource")[
        ["offered", "used"]
    ].sum().reindex(RESOURCES, fill_value=0.0)
    # stays without an operation take their beds first
    others = stay_nights(appointments, start=now.start, end=now.end) - cases.stay.sum()
    capacity = np.array([room.offered["operating"] or np.inf, room.offered["ward"] / NIGHT - others if room.offered["ward"] else np.inf])
    capacity /= now.months
    found = binding(cases[["minutes", "nights"]], cases.worth, capacity, level=params.level, seed=params.seed) if (
        cases.minutes.notna().all()) else None
    facts: dict[str, Any] = {
        "operations": len(cases), "operations_monthly": exact(len(cases) / now.months, "count", len(cases)),
        "operations_before": _before(done, period.past), "price_is": price_is,
        "operation_minutes": _mean(cases.minutes, "minutes", params), "stay_nights": _mean(cases.nights, "number", params),
        "operation_worth": _mean(cases.worth, "currency", params),
        **_limit(found, capacity, len(cases) / now.months, len(cases), params), **_refused(rooms, room, params),
    }
    facts["bed_price"] = _bed_price(facts, room, now)
    kinds, facts["mix_gain"] = _kinds(cases, capacity, services, found, now, params)
    return SurgeryResult(
        grade="C" if found is None else "A", headline="operations_most" if found else "operations_monthly",
        says=_says(facts, room, params), findings=tuple(_findings(facts, room, charges, params)),
        resources=_resources(found, capacity, room, facts, _rota(shifts, rooms, now), now, params), kinds=kinds,
        months=_months(done, period), **facts,
    )


def _in(frame: pd.DataFrame, days: Days) -> pd.DataFrame:
    return frame[(frame.day >= pd.Timestamp(days.start)) & (frame.day < pd.Timestamp(days.end))].reset_index(drop=True)


def _before(done: pd.DataFrame, past: Days | None) -> Estimate | None:
    n = len(_in(done, past)) if past is not None else 0
    return exact(n / past.months, "count", n) if past is not None and n else None


def _mean(values: pd.Series, unit: Any, params: SurgeryParams) -> Estimate | None:
    """Mean per operation; None where it is not known or nothing."""
    if not values.notna().all() or not values.sum() > 0:
        return None
    value, (low, high) = float(values.mean()), bootstrap.mean_interval(values, params.level, params.seed)
    low, high = (value, value) if len(values) < 2 else (low, high)
    return Estimate(value, min(low, value), max(high, value), unit, len(values), params.level)


def _limit(
    found: Binding | None, capacity: np.ndarray, monthly: float, n: int, params: SurgeryParams
) -> dict[str, Any]:
    """The resource used up first and what more of it brings."""
    names = ("operations_most", "operations_practical", "limit", "limit_chance", "limit_load", "unit_price", "units_until")
    facts: dict[str, Any] = dict.fromkeys(names)
    if found is None:
        return facts
    limit = RESOURCES[found.resource]
    ceilings = np.array([params.operating_ceiling, params.ward_ceiling])
    practical = float((found.allows[:, 0] * ceilings).min())
    facts["limit"], facts["limit_chance"] = limit, exact(found.chance, "share", n)
    facts["operations_most"] = _three(found.most, "count", n, params)
    facts["operations_practical"] = _three(found.most * practical / found.most[0], "count", n, params)
    facts["limit_load"] = exact(monthly / found.most[0], "share", n)
    # minutes are bought by the hour
    size = HOUR if limit == "operating" else 1.0
    if np.isfinite(found.price[0]) and found.price[0] > 0:
        facts["unit_price"] = _three(found.price * size, "currency", n, params)
    if np.isfinite(found.units_until) and np.isfinite(capacity).all():
        facts["units_until"] = exact(found.units_until / size, "hours" if limit == "operating" else "number", n)
    return facts


def _bed_price(facts: Mapping[str, Any], room: pd.DataFrame, now: Days) -> Estimate | None:
    """What the nights of one more bed bring a month once the ward is the limit and full."""
    if facts["limit"] != "ward" or facts["unit_price"] is None or not facts["beds"]:
        return None
    price: Estimate = facts["unit_price"]
    return price.scaled(room.offered["ward"] / NIGHT / now.months / facts["beds"])


def _three(values: np.ndarray, unit: Any, n: int, params: SurgeryParams) -> Estimate:
    value, low, high = (float(part) for part in values)
    if not np.isfinite(low):
        return Estimate(value, value, value, unit, n, params.level, "C")
    return Estimate(value, low, high, unit, n, params.level, "A", "identified")


def _refused(rooms: Table | None, room: pd.DataFrame, params: SurgeryParams) -> dict[str, Any]:
    """Unplanned patients who would find no bed, at the present load of the ward or just below full."""
    facts: dict[str, Any] = dict.fromkeys(("beds", "refused_share", "refused_load"))
    if rooms is None or not room.offered["ward"] > 0:
        return facts
    beds = int(rooms.filter(_.kind == "ward").places.sum().execute())
    load = min(room.used["ward"] / room.offered["ward"], params.near_full)
    return {"beds": beds, "refused_share": exact(turned_away(beds, beds * load), "share", beds), "refused_load": exact(load, "share", beds)}


def _rota(shifts: Table | None, rooms: Table | None, now: Days) -> float:
    """Minutes of surgeons on the rota in operating rooms."""
    if shifts is None or rooms is None:
        return 0.0
    on = rostered_hours(shifts, rooms, kind="operating").filter(_.day >= now.start, _.day < now.end)
    return float(ibis.coalesce(on.minutes.sum(), 0.0).execute())


def _kinds(
    cases: pd.DataFrame, capacity: np.ndarray, services: Table | None, found: Binding | None, now: Days, params: SurgeryParams
) -> tuple[pd.DataFrame, Estimate | None]:
    """Kinds of operations by what they bring per unit of the scarce resource, and what a better mix of them would add."""
    many = cases.kind.map(cases.kind.value_counts()) >= params.fewest_cases
    named = cases.assign(kind=cases.kind.where(many, "other").fillna("other"))
    scarce, size = (RESOURCES[found.resource], HOUR if found.resource == 0 else 1.0) if found else ("ward", 1.0)
    unit = "minutes" if scarce == "operating" else "nights"
    rows, differs = [], {}
    whole = named.worth.sum(min_count=1) / named[unit].sum() * size if named[unit].sum() > 0 else np.nan
    for kind, own in named.groupby("kind", sort=True):
        n, low, high = len(own), np.nan, np.nan
        per = own.worth.sum(min_count=1) / own[unit].sum() * size if own[unit].sum() > 0 else np.nan
        if np.isfinite(per) and n > 1:
            low, high = (size * bound for bound in bootstrap.ratio_interval(own.worth, own[unit], params.level, params.seed))
        differs[kind] = bool(low > whole or high < whole)
        rows.append([kind, n / now.months, own.minutes.mean(), own.nights.mean(), own.worth.mean(), per, low, high, np.nan, n])
    columns = [column for measure in SurgeryResult.measures("kinds") for column in measure.names]
    frame = pd.DataFrame(rows, columns=columns)
    gain = _better_mix(frame, named, differs, capacity, params) if found and any(differs.values()) else None
    if services is not None:
        names = services.select("service_id", "name").to_pandas().set_index("service_id").name
        frame["kind"] = frame.kind.map(names).fillna(frame.kind)
    return frame.sort_values(["per_unit", "kind"], ascending=[False, True], ignore_index=True), gain


def _better_mix(
    frame: pd.DataFrame, named: pd.DataFrame, differs: Mapping[Any, bool], capacity: np.ndarray, params: SurgeryParams
) -> Estimate | None:
    """What the best mix within the leeway adds a month when full; kinds that do not differ count as the clinic's mean."""
    means = named.groupby("kind")[["minutes", "nights", "worth"]].mean()
    plain = [kind for kind in means.index if not differs[kind]]
    if plain:
        means.loc[plain] = named[named.kind.isin(plain)][["minutes", "nights", "worth"]].mean().to_numpy()
    mix = (frame.n / frame.n.sum()).to_numpy()
    plans = [throughput(means[["minutes", "nights"]].T, capacity, means.worth.clip(lower=0), mix, leeway=leeway) for leeway in (0.0, params.leeway)]
    if plans[0] is None or plans[1] is None:
        return None
    frame["planned"] = plans[1].cases
    gain = plans[1].worth - plans[0].worth
    return Estimate(gain, 0.0, gain, "currency", len(named), params.level, "C", "weak") if gain > 0 else None


def _resources(
    found: Binding | None, capacity: np.ndarray, room: pd.DataFrame, facts: Mapping[str, Any], rota: float, now: Days, params: SurgeryParams
) -> pd.DataFrame | None:
    rows, ceilings = [], (params.operating_ceiling, params.ward_ceiling)
    need = {"operating": facts["operation_minutes"], "ward": facts["stay_nights"]}
    for r, name in enumerate(RESOURCES):
        size = HOUR if name == "operating" else NIGHT
        offered, used = (room[column][name] / size / now.months for column in ("offered", "used"))
        if found is None or not offered > 0 or not np.isfinite(found.allows[r, 0]):
            continue
        load = used / offered
        state = "act" if load >= ceilings[r] else "watch" if load < 0.5 else "good"
        each = need[name].value / (HOUR if name == "operating" else 1.0)
        rows.append([name, offered, used, load, each, *found.allows[r], found.allows[r, 0] * ceilings[r], state])
    if rota and found is not None and facts["operation_minutes"]:
        offered, each = rota / HOUR / now.months, facts["operation_minutes"].value / HOUR
        used = facts["operations_monthly"].value * each
        most = offered / each
        rows.append(["surgeons", offered, used, used / offered, each, most, np.nan, np.nan, most * params.operating_ceiling, "unclear"])
    columns = [column for measure in SurgeryResult.measures("resources") for column in measure.names]
    return pd.DataFrame(rows, columns=columns) if rows else None


def _months(done: pd.DataFrame, period: Period) -> pd.DataFrame:
    months = whole_months(period.start, period.end)
    counted = done.groupby(done.day.dt.to_period("M")).size().reindex(pd.PeriodIndex(months, freq="M"), fill_value=0)
    return pd.DataFrame({"month": months, "operations": counted.to_numpy(float)})


# ------------------------------------------------------------------ what is said
def _says(facts: Mapping[str, Any], room: pd.DataFrame, params: SurgeryParams) -> dict[str, Sentence]:
    full = facts["limit_load"] is not None and facts["limit_load"].value >= params.ward_ceiling
    # without the other resource nothing is known of what limits first
    alone = not (room.offered[["operating", "ward"]] > 0).all()
    page = "unknown" if facts["limit"] is None else "full" if full else "alone" if alone else "free"
    return {
        "title": Sentence(page), "lede": Sentence(page), "notes.care": Sentence("limit" if facts["limit"] else "unknown"),
        "notes.decide": Sentence(page), "figures.limits.title": Sentence("alone" if alone else str(facts["limit"] or "ward")),
        "tables.kinds.subtitle": Sentence(str(facts["price_is"] or "unknown")),
    }


def _findings(facts: Mapping[str, Any], room: pd.DataFrame, charges: Table | None, params: SurgeryParams) -> list[Finding]:
    price, load = facts["unit_price"], facts["limit_load"]
    full = load is not None and load.value >= params.ward_ceiling
    room_left = facts["operations_practical"] is not None and facts["operations_practical"].value > facts["operations_monthly"].value
    unsure = facts["limit_chance"] is not None and facts["limit_chance"].value < params.level
    told = (
        (price and full and facts["bed_price"], Finding("bed", "opportunity", impact=facts["bed_price"])),
        (price and full and not facts["bed_price"], Finding("hour", "opportunity")),
        (price and not full, Finding("price_later", "caveat")),
        (facts["operations_most"] and room_left and not full, Finding("patients_first", "caveat")),
        (unsure and facts["operations_most"], Finding("either", "caveat")),
        (facts["mix_gain"], Finding("mix", "opportunity", impact=facts["mix_gain"])),
        (full and facts["limit"] == "ward" and facts["refused_share"], Finding("refused", "risk")),
        (not room.offered["operating"] > 0, Finding("no_operating_room", "not_answered")),
        (not room.offered["ward"] > 0, Finding("no_beds", "not_answered")),
        (facts["stay_nights"] is None and room.offered["ward"] > 0, Finding("no_nights", "not_answered")),
        (facts["price_is"] is None, Finding("no_money" if charges is None else "no_lines", "not_answered")),
    )
    return [finding for applies, finding in told if applies]


# ------------------------------------------------------------------ figures
def limits(result: SurgeryResult, labels: Labels) -> Figure | None:
    """Operations a month each resource has room for, against those there are."""
    if result.resources is None:
        return None
    rows = result.resources
    return bars(
        rows.most, names=[labels.value("resource", code) for code in rows.resource],
        texts=[labels.number(value, "count") for value in rows.most], low=rows.most_low, high=rows.most_high,
        accent=list(rows.resource == result.limit), ceiling=result.operations_monthly.value, ceiling_text=labels["now"],
        tick=lambda v: labels.number(v, "count"), width=theme.HALF, height=44,
    )


def history(result: SurgeryResult, labels: Labels) -> Figure | None:
    """Operations of every month against the most that fit today."""
    if len(result.months) < 3:
        return None
    most = result.operations_most
    others = [] if most is None else [OtherLine(labels["most"], np.full(len(result.months), most.value), theme.RUST)]
    return trend(
        list(result.months.month), result.months.operations, number=lambda v: labels.number(v, "count"),
        month=labels.month, others=others, from_zero=True, width=theme.HALF, height=44,
    )
