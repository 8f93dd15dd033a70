"""Reading of prices and demand: the rung of the ladder, what it allows to be fitted, and the checks of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from audit.models import demand, price_ladder
from audit.models.demand import DemandFit
from audit.models.event_study import EventStudy, event_study
from audit.models.price_ladder import Rung, Step

Array = NDArray[np.float64]
Rate = tuple[Array, Array | None]
"""Counts and, for a rate, what they are counted among; both (units, weeks)."""

OWN: tuple[Rung, ...] = ("staggered", "one_branch")
"""Rungs on which one unit is compared with another."""

UNLIKELY = 0.01
"""A check that is passed by chance this rarely speaks against the comparison; there are several checks."""


@dataclass(frozen=True)
class Reading:
    """What prices and demand say together.

    ``main`` is the fit of demand, ``fits`` those of further outcomes by name, ``checks`` of placebos, in which nothing
    should be found; ``timing`` the event study; ``weeks`` the weeks all rest on; ``fitted`` of ``main`` has the shape
    of the panel in those weeks, or one row where all units changed together.
    """

    rung: Rung
    ladder: list[Step]
    weeks: slice
    main: DemandFit | None = None
    fits: Mapping[str, DemandFit] = field(default_factory=dict)
    checks: Mapping[str, DemandFit] = field(default_factory=dict)
    timing: EventStudy | None = None

    @property
    def by_unit(self) -> bool:
        """Demand was compared between units."""
        return self.main is not None and self.rung in OWN

    @property
    def moved_before(self) -> bool:
        """Demand moved before the price did, beyond chance."""
        return self.timing is not None and self.timing.leads_p < UNLIKELY

    @property
    def failed(self) -> list[str]:
        """The placebos that do show an effect, beyond chance."""
        return [name for name, fit in self.checks.items() if fit.is_off_zero(1 - UNLIKELY)]


def read(
    *, counts: Array, outcomes: Mapping[str, Rate], placebos: Mapping[str, Array], log_price: Array, log_real: Array,
    week_of_year: Array, window_weeks: int,
) -> Reading:
    """The rung from the list prices, then the fits with prices in constant money, ``window_weeks`` around the changes.

    All arrays (units, weeks), ``week_of_year`` (weeks,). Inflation is common to all units, so it touches only the
    comparison in time; a constant price that inflation erodes stays on the last rung, since so slow a change cannot
    be told from growth.
    """
    known = np.where(np.isfinite(counts), log_price, np.nan)
    rung = price_ladder.rung(known)
    every = slice(0, counts.shape[1])
    if rung == "constant":
        return Reading(rung, price_ladder.ladder(known, rung, None), every)
    if rung in OWN:
        at = [change.week for change in price_ladder.own_changes(known)]
        every = slice(max(0, min(at) - window_weeks), min(counts.shape[1], max(at) + window_weeks))
    y, path, real = counts[:, every], log_price[:, every], log_real[:, every]
    main = _fit(y, None, real, rung, week_of_year[every])
    if main is None:
        return Reading(rung, price_ladder.ladder(known, rung, None), every)
    one_y, one_path = (y, path) if rung in OWN else (_total(y), _mean(path, y)[None])
    followed = price_ladder.demand_leads(counts=one_y, fitted=np.atleast_2d(main.fitted), log_price=one_path)
    reached: Rung = "follows_demand" if followed.follows else rung
    steps = price_ladder.ladder(known, reached, followed)
    if reached not in OWN:
        return Reading(reached, steps, every, main)
    fits = {name: _fit(top[:, every], None if base is None else base[:, every], real, rung, week_of_year[every])
            for name, (top, base) in outcomes.items()}
    checks = {name: _fit(part[:, every], None, real, rung, week_of_year[every]) for name, part in placebos.items()}
    checks["elsewhere"] = demand.elsewhere(counts=y, log_price=real)
    clustered = max(main.errors["quasi"], main.errors["week"])
    return Reading(
        reached, steps, every, main, {name: fit for name, fit in fits.items() if fit}, {name: fit for name, fit in checks.items() if fit},
        event_study(counts=y, log_price=path, inflate=main.standard_error(0.90) / clustered),
    )


def _fit(counts: Array, among: Array | None, log_price: Array, rung: Rung, week_of_year: Array) -> DemandFit | None:
    try:
        if rung in OWN:
            return demand.fit_panel(counts=counts, log_price=log_price, exposure=among)
        return demand.fit_series(counts=_total(counts)[0], log_price=_mean(log_price, counts), week_of_year=week_of_year)
    except ValueError:
        return None


def _total(counts: Array) -> Array:
    """Counts of the whole clinic, one row."""
    return np.where(np.isfinite(counts).any(axis=0), np.nansum(counts, axis=0), np.nan)[None]


def _mean(log_price: Array, counts: Array) -> Array:
    """Mean log price over the units that were open (weeks,)."""
    seen = np.isfinite(log_price) & np.isfinite(counts)
    return np.divide(np.where(seen, log_price, 0.0).sum(axis=0), seen.sum(axis=0), where=seen.any(axis=0),
                     out=np.full(log_price.shape[1], np.nan))
