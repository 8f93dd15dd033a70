"""Weekly prices: what a first visit cost in each unit and week, by the list or by the bills (never stored)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import ibis
import numpy as np
import pandas as pd
from ibis import _
from ibis.expr.types import Table
from numpy.typing import NDArray

from audit.tables.weekly_demand import WHOLE, UnitKind

LONGEST_GAP = 8
"""Weeks without a bill over which the last price paid is taken to hold."""


def unit_services(first_visits: Table, services: Table | None, units: Sequence[str], kind: UnitKind) -> dict[str, pd.Series]:
    """Weights of the services behind each unit's first visit: the same for all branches, its own for a specialty."""
    if kind == "branch":
        whole = first_visit_services(first_visits, services)
        return dict.fromkeys(units, whole)
    return {unit: first_visit_services(first_visits.filter(_.specialty == unit), _of_specialty(services, unit)) for unit in units}


def _of_specialty(services: Table | None, unit: str) -> Table | None:
    return None if services is None else services.filter(_.specialty.fill_null(unit) == unit)


def first_visit_services(first_visits: Table, services: Table | None) -> pd.Series:
    """Weights (sum 1) of the services a first visit is charged under, indexed by service_id.

    Services marked is_first_visit; if none is marked, the main services of nine in ten first visits.
    Weights are shares of all first visits and do not change in time, so that a shift between services
    is not read as a change of price.
    """
    counted = (
        first_visits.filter(_.service_id.notnull()).group_by("service_id").aggregate(n=_.count())
        .order_by(_.n.desc(), "service_id").to_pandas()
    )
    counts = counted.set_index("service_id").n.astype("float64")
    marked: list[str] = []
    if services is not None:
        marked = services.filter(_.is_first_visit).select("service_id").order_by("service_id").to_pandas().service_id.tolist()
    if marked:
        found = counts.reindex(marked).fillna(0.0)
        counts = found if found.sum() > 0 else pd.Series(1.0, index=pd.Index(marked, name="service_id"))
    elif len(counts):
        counts = counts[counts.cumsum().shift(fill_value=0.0) < 0.9 * counts.sum()]
    return counts[counts > 0] / counts.sum() if counts.sum() > 0 else counts


def listed(prices: Table, weights: Mapping[str, pd.Series], weeks: Sequence[date]) -> NDArray[np.float64]:
    """List price of a first visit, shape (units, weeks): the mean over the week's days, NaN where unknown.

    ``weights`` by unit, as of ``unit_services``; ``weeks`` are Mondays. A price of the branch wins over one for all
    branches, a later one over an earlier one; a unit the list does not know has the mean of the branches it knows.
    Services without a price are left out of the mean over services.
    """
    rows = _list(prices, weights)
    days = np.array([week + timedelta(days=day) for week in weeks for day in range(7)], dtype="datetime64[D]")
    paths = np.full((len(weights), len(days)), np.nan)
    for row, (unit, services) in enumerate(weights.items()):
        total, weight = np.zeros(len(days)), np.zeros(len(days))
        for service, share in services.items():
            path = _path(rows[rows.service_id == service], unit, days)
            known = np.isfinite(path)
            total[known] += share * path[known]
            weight[known] += share
        paths[row] = np.divide(total, weight, out=np.full(len(days), np.nan), where=weight > 0)
    return _weekly(paths)


def list_faults(prices: Table, weights: Mapping[str, pd.Series]) -> tuple[int, int]:
    """How often the list gives two prices for one day, and for how many stretches it gives none between two prices.

    Only of the services behind a first visit. A price without a last day ends where the next one begins.
    """
    rows = _list(prices, weights).sort_values(["service_id", "branch", "valid_from", "valid_to"], kind="stable")
    before = rows.groupby(["service_id", "branch"], dropna=False)[["valid_from", "valid_to", "price"]].shift()
    start, until = (pd.to_datetime(part) for part in (rows.valid_from, before.valid_to))
    differs = rows.price != before.price
    twice = (start <= until) | (start == pd.to_datetime(before.valid_from))
    return int((twice & differs).sum()), int((start > until + pd.Timedelta(days=1)).sum())


def _list(prices: Table, weights: Mapping[str, pd.Series]) -> pd.DataFrame:
    services = sorted({str(service) for part in weights.values() for service in part.index})
    return (
        prices.filter(_.service_id.isin(services)).mutate(price=_.price.cast("float64"))
        .order_by("service_id", "valid_from", "valid_to", "branch").to_pandas()
    )


def _path(rows: pd.DataFrame, branch: str, days: NDArray[np.datetime64]) -> NDArray[np.float64]:
    own = rows[rows.branch.isna() | (rows.branch == branch)]
    if own.empty and len(rows):
        known = [_path(rows[rows.branch == name], name, days) for name in sorted(rows.branch.unique())]
        return np.where(np.isfinite(known).all(axis=0), np.mean(known, axis=0), np.nan)
    path = np.full(days.size, np.nan)
    for item in own.sort_values("branch", na_position="first", kind="stable").itertuples():
        start = np.datetime64(pd.Timestamp(item.valid_from), "D")
        until = days[-1] if pd.isna(item.valid_to) else np.datetime64(pd.Timestamp(item.valid_to), "D")
        path[(days >= start) & (days <= until)] = item.price
    return path


def _weekly(daily: NDArray[np.float64]) -> NDArray[np.float64]:
    cells = daily.reshape(daily.shape[0], -1, 7)
    known = np.isfinite(cells)
    return np.divide(np.where(known, cells, 0).sum(axis=2), known.sum(axis=2),
                     out=np.full(cells.shape[:2], np.nan), where=known.any(axis=2))


def charged(charges: Table, weights: Mapping[str, pd.Series], weeks: Sequence[date], kind: UnitKind) -> NDArray[np.float64]:
    """Usual price paid for a first visit, shape (units, weeks): the median bill line of the week.

    The median is not moved by a few discounts. Weeks without a bill carry the last price on, at most
    ``LONGEST_GAP`` weeks.
    """
    unit_of = {str(service): unit for unit, part in weights.items() for service in part.index}
    nothing = np.full((len(weights), len(weeks)), np.nan)
    if not unit_of:
        return nothing
    if list(weights) == [WHOLE]:
        unit = ibis.literal(WHOLE)
    elif kind == "branch":
        unit = _.branch
    else:
        unit = ibis.cases(*((_.service_id == service, name) for service, name in unit_of.items()))
    lines = charges.filter(
        _.kind == "sale", _.service_id.isin(list(unit_of)), _.paid > 0, _.charged_on >= weeks[0]
    ).mutate(unit=unit).filter(_.unit.notnull())
    unit_price = (_.paid.cast("float64") / _.quantity.fill_null(1.0).nullif(0.0))
    medians = (
        lines.group_by("unit", week=_.charged_on.truncate("W").cast("date")).aggregate(price=unit_price.median())
        .order_by("unit", "week").to_pandas()
    )
    if medians.empty:
        return nothing
    medians["week"] = pd.to_datetime(medians.week)
    wide = medians.pivot(index="unit", columns="week", values="price")
    wide = wide.reindex(index=list(weights), columns=pd.to_datetime(list(weeks)))
    return wide.ffill(axis=1, limit=LONGEST_GAP).to_numpy(dtype="float64")
