"""Weekly prices: the services behind a first visit, and what was paid for them in each unit and week (never stored)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import ibis
import numpy as np
import pandas as pd
from ibis import _
from ibis.expr.types import Table
from numpy.typing import NDArray

from audit.tables.weekly_demand import WHOLE, UnitKind

KNOWN_THROUGHOUT = 0.9
"""Share of the days or weeks on which a service must have a price to count in the mean over services."""

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


def charged(
    charges: Table, weights: Mapping[str, pd.Series], weeks: Sequence[date], kind: UnitKind, carried: int = LONGEST_GAP,
) -> NDArray[np.float64]:
    """Usual price paid for a first visit, shape (units, weeks): the mean over services of the median bill line of the week.

    The median is not moved by a few discounts, and the services keep their weights: a week with more of the dear ones is
    no dearer week. Weeks without a bill carry the last price on, at most ``carried`` weeks.
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
        lines.group_by("unit", "service_id", week=_.charged_on.truncate("W").cast("date")).aggregate(price=unit_price.median())
        .order_by("unit", "service_id", "week").to_pandas()
    )
    if medians.empty:
        return nothing
    medians["week"] = pd.to_datetime(medians.week)
    wide = medians.pivot(index=["unit", "service_id"], columns="week", values="price").reindex(columns=pd.to_datetime(list(weeks)))
    wide = wide.ffill(axis=1, limit=carried) if carried else wide
    for row, (name, shares) in enumerate(weights.items()):
        paid = {str(key): path.to_numpy(dtype="float64") for (of, key), path in wide.iterrows() if of == name}
        kept = basket({key: path for key, path in paid.items() if key in shares.index})
        if kept:
            nothing[row] = sum(shares[key] / shares[kept].sum() * paid[key] for key in kept)
    return nothing


def basket(paths: Mapping[str, NDArray[np.float64]]) -> list[str]:
    """The services whose price (any number of days or weeks, NaN unknown) is known nearly whenever one is.

    Where none is, the one known longest. The coming or going of another would look like a change of price.
    """
    known = {service: np.isfinite(path) for service, path in paths.items() if np.isfinite(path).any()}
    if not known:
        return []
    most = max(seen.sum() for seen in known.values())
    least = min(KNOWN_THROUGHOUT * np.any(list(known.values()), axis=0).sum(), most)
    return [service for service, seen in known.items() if seen.sum() >= least]
