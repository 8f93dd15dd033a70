"""Price now: what a first visit costs today, who asks for one and who comes (never stored)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from ibis import _
from ibis.expr.types import Table

from audit.config import Period
from audit.errors import NotAnswerable
from audit.tables.weekly_demand import DemandPanel, self_paying


@dataclass(frozen=True)
class Now:
    """Price of a first visit; answered callers a month (None without calls) and first patients who pay themselves, a month.

    ``price`` is the mean of the units by their demand of the last half year, ``differs`` if they do not ask the same; ``n``
    first patients of all kinds, of whom the share ``insured`` does not pay.
    """

    price: float
    differs: bool
    callers: float | None
    patients: float
    n: int
    insured: float


def price_now(first_visits: Table, opportunities: Table | None, panel: DemandPanel, period: Period) -> Now:
    """Today, over the present of ``period``; NotAnswerable without first patients who pay themselves, or without a price."""
    days = period.present
    new = first_visits.filter(_.is_new, _.first_day >= days.start, _.first_day < days.end)
    n, paying = int(new.count().execute()), int(self_paying(new).count().execute())
    if n == 0:
        raise NotAnswerable("no_demand", verdict="not_enough_data")
    if paying == 0:
        raise NotAnswerable("insured_only")
    callers = None
    if opportunities is not None:
        spoken = opportunities.filter(_.is_answered, _.opened_at.date() >= days.start, _.opened_at.date() < days.end)
        callers = float(spoken.count().execute()) / days.months
    inside = [index for index, week in enumerate(panel.weeks) if week < days.end]
    seen = np.isfinite(panel.price[:, inside])
    known = seen.any(axis=1)
    if not known.any():
        raise NotAnswerable("no_price")
    last = len(inside) - 1 - np.argmax(seen[:, ::-1], axis=1)
    price = panel.price[np.arange(len(panel.units)), last][known]
    volume = np.nansum(panel.main[:, inside[-26:]], axis=1)[known] + 1e-9
    asked = price[volume >= 1] if (volume >= 1).any() else price
    return Now(
        round(float(np.average(price, weights=volume)), 2), bool(np.ptp(asked) > 0.005 * asked.max()), callers or None,
        paying / days.months, n, 1 - paying / n,
    )
