"""List prices: what a first visit cost in each unit and week by the price list, and the faults of the list (never stored)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from ibis import _
from ibis.expr.types import Table
from numpy.typing import NDArray

from audit.tables.weekly_demand import UnitKind
from audit.tables.weekly_prices import basket, charged

Array = NDArray[np.float64]
Days = NDArray[np.datetime64]
Flags = NDArray[np.bool_]

PAID_AS_LISTED = 0.01
"""Bills settle which of two listed prices held if what is usually paid lies within 1 % of it."""


@dataclass(frozen=True)
class ListPrices:
    """``price`` (units, weeks), NaN where the list gives none or contradicts itself.

    ``overlaps`` unit-weeks with two prices for one day, ``settled`` of them by the bills; ``gaps`` stretches of days
    without a price between two prices.
    """

    price: Array
    overlaps: int
    settled: int
    gaps: int


@dataclass(frozen=True)
class _Path:
    """Days of one service in one unit: the price, whether another entry contradicts it, and all prices claimed (rows, days)."""

    price: Array
    in_doubt: Flags
    claims: Array


def listed(
    prices: Table, weights: Mapping[str, pd.Series], weeks: Sequence[date], *, charges: Table | None, kind: UnitKind,
) -> ListPrices:
    """List price of a first visit: the mean over the week's days.

    ``weights`` by unit, as of ``unit_services``; ``weeks`` are Mondays. A price of the branch wins over one for all
    branches; a unit the list does not know has the mean of the branches it knows. An entry without a last day holds
    wherever no later one does. An entry that is to last beyond the first day of a later one, at another price, contradicts
    it: what was paid in that week decides; if it does not, the week has no price.
    """
    rows = _list(prices, weights)
    days = np.array([week + timedelta(days=day) for week in weeks for day in range(7)], dtype="datetime64[D]")
    paid: dict[str, pd.DataFrame] = {}
    daily = np.full((len(weights), len(days)), np.nan)
    doubted, unsettled = np.zeros(daily.shape, np.bool_), np.zeros(daily.shape, np.bool_)
    for row, (unit, services) in enumerate(weights.items()):
        paths = {service: _path(rows[rows.service_id == service], unit, days) for service in services.index}
        kept = basket({service: path.price for service, path in paths.items()})
        daily[row] = 0.0 if kept else np.nan
        for service in kept:
            path = paths[service]
            price = path.price
            if path.in_doubt.any():
                if service not in paid and charges is not None:
                    paid[service] = _paid(charges, service, weights, weeks, kind)
                price = _settled(path, paid[service].loc[unit].to_numpy() if service in paid else np.full(len(weeks), np.nan))
            daily[row] += services[service] / services[kept].sum() * price
            doubted[row] |= path.in_doubt
            unsettled[row] |= path.in_doubt & ~np.isfinite(price)
    in_doubt, open_ = (part.reshape(len(weights), -1, 7).any(axis=2) for part in (doubted, unsettled))
    overlaps = int(in_doubt.sum())
    return ListPrices(np.where(open_, np.nan, _weekly(daily)), overlaps, overlaps - int(open_.sum()), _gaps(rows))


def _list(prices: Table, weights: Mapping[str, pd.Series]) -> pd.DataFrame:
    services = sorted({str(service) for part in weights.values() for service in part.index})
    return (
        prices.filter(_.service_id.isin(services)).mutate(price=_.price.cast("float64"))
        .order_by("service_id", "valid_from", "valid_to", "branch", "price").to_pandas()
    )


def _path(rows: pd.DataFrame, branch: str, days: Days) -> _Path:
    own, general = _entries(rows[rows.branch == branch], days), _entries(rows[rows.branch.isna()], days)
    if rows.branch.isin([branch]).any() or rows.branch.isna().any():
        at = np.isfinite(own.price)
        return _Path(
            np.where(at, own.price, general.price), np.where(at, own.in_doubt, general.in_doubt),
            np.concatenate([np.where(at, own.claims, np.nan), np.where(at, np.nan, general.claims)]),
        )
    others = [_entries(rows[rows.branch == name], days) for name in sorted(rows.branch.unique())]
    if not others:
        return own
    prices = np.array([path.price for path in others])
    mean = np.where(np.isfinite(prices).all(axis=0), np.mean(prices, axis=0), np.nan)
    return _Path(mean, np.any([path.in_doubt for path in others], axis=0), np.full((1, days.size), np.nan))


def _entries(rows: pd.DataFrame, days: Days) -> _Path:
    """Entries of one service at one level, in the order of their first day: the latest to begin is the price."""
    if rows.empty:
        nothing = np.full(days.size, np.nan)
        return _Path(nothing, np.zeros(days.size, np.bool_), nothing[None])
    price = rows.price.to_numpy(float)
    start = pd.to_datetime(rows.valid_from).to_numpy("datetime64[D]")
    until = pd.to_datetime(rows.valid_to).to_numpy("datetime64[D]")
    # a last day beyond the weeks looked at (31 December 2099) is how some systems write that there is none
    stands = np.isnat(until) | (until >= days[-1])
    until = np.where(stands, days[-1], until)
    holds = (days >= start[:, None]) & (days <= until[:, None])
    last = len(rows) - 1 - np.argmax(holds[::-1], axis=0)
    any_holds = holds.any(axis=0)
    now = np.where(any_holds, price[last], np.nan)
    # the last day of one entry may be the first of the next: then the next holds
    handed_over = (days == until[:, None]) & (days == start[last])
    by_name = ~stands[:, None] | (start[:, None] == start[last])
    contradicts = holds & by_name & ~handed_over & (np.abs(price[:, None] - np.where(any_holds, now, 0.0)) > 0.005)
    claims = np.where(contradicts | (np.arange(len(rows))[:, None] == last) & any_holds, price[:, None], np.nan)
    return _Path(now, contradicts.any(axis=0), claims)


def _settled(path: _Path, paid: Array) -> Array:
    """The price of each day, in doubt the one claimed that was paid in that week, NaN if none was."""
    with np.errstate(invalid="ignore"):
        off = np.abs(np.log(path.claims / np.repeat(paid, 7)))
    off = np.where(np.isfinite(off), off, np.inf)
    nearest = np.argmin(off, axis=0)
    column = np.arange(path.price.size)
    claimed = np.where(off[nearest, column] <= PAID_AS_LISTED, path.claims[nearest, column], np.nan)
    return np.where(path.in_doubt, claimed, path.price)


def _paid(charges: Table, service: str, weights: Mapping[str, pd.Series], weeks: Sequence[date], kind: UnitKind) -> pd.DataFrame:
    """What was usually paid for one service, units by weeks; no week is filled from another."""
    units = {unit: pd.Series({service: 1.0}) for unit, part in weights.items() if service in part.index}
    return pd.DataFrame(charged(charges, units, weeks, kind, carried=0), index=list(units))


def _gaps(rows: pd.DataFrame) -> int:
    """Stretches of days without a price between two; an entry without a last day leaves none after it."""
    found = 0
    for _key, part in rows.groupby(["service_id", "branch"], dropna=False):
        until = pd.to_datetime(part.valid_to).fillna(pd.Timestamp.max.normalize()).cummax().shift()
        found += int((pd.to_datetime(part.valid_from) > until + pd.Timedelta(days=1)).sum()) if len(part) > 1 else 0
    return found


def _weekly(daily: Array) -> Array:
    cells = daily.reshape(daily.shape[0], -1, 7)
    known = np.isfinite(cells)
    return np.divide(np.where(known, cells, 0).sum(axis=2), known.sum(axis=2),
                     out=np.full(cells.shape[:2], np.nan), where=known.any(axis=2))
