"""Priced demand: the weekly panel of demand with the price of a first visit in each unit and week (never stored)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from ibis import _
from ibis.expr.types import Table

from audit.config import Days
from audit.tables.list_prices import listed
from audit.tables.patient_money import patient_money
from audit.tables.weekly_demand import DemandPanel, UnitKind, self_paying, weekly_demand
from audit.tables.weekly_prices import charged, unit_services


@dataclass(frozen=True)
class PricedDemand:
    """The panel and the faults of its price list: unit-weeks with two prices, those of them that the bills settled, stretches
    of days without a price."""

    panel: DemandPanel
    overlaps: int = 0
    settled: int = 0
    gaps: int = 0


def priced_demand(
    first_visits: Table, opportunities: Table | None, appointments: Table | None, prices: Table | None, charges: Table | None,
    services: Table | None, *, days: Days, follow_days: int, kind: UnitKind,
) -> PricedDemand | None:
    """Demand by ``kind`` with the list's prices, else with those of the bills; None when there is no whole week.

    A week without a price stays without one: a gap in the list is not filled with what was paid, since a discount
    would look like a change of price.
    """
    panel = weekly_demand(first_visits, opportunities, appointments, days=days, follow_days=follow_days, kind=kind)
    if panel is None:
        return None
    weights = unit_services(first_visits, services, panel.units, kind)
    price, faults = panel.price, {}
    if prices is not None:
        found = listed(prices, weights, panel.weeks, charges=charges, kind=kind)
        price, faults = found.price, {"overlaps": found.overlaps, "settled": found.settled, "gaps": found.gaps}
    if not np.isfinite(price).any() and charges is not None:
        price = charged(charges, weights, panel.weeks, kind)
    return PricedDemand(replace(panel, price=np.where(price > 0, price, np.nan)), **faults)


def later_money(
    patient_days: Table, first_visits: Table, panel: DemandPanel, *, horizon_days: int, less_costs: bool,
) -> pd.Series:
    """Money after the first day, less direct costs if asked for, within ``horizon_days`` of each patient who sees the price, by the price asked then.

    One row per patient followed so long whose first visit lies in the panel; the index is the price, to the cent.
    """
    brought = patient_money(patient_days, first_visits, horizon_days=horizon_days, since=panel.weeks[0])
    payers = self_paying(first_visits).select("patient_id", unit=panel.kind)
    left = _.later_money - _.later_cost.fill_null(0.0) if less_costs else _.later_money
    rows = brought.inner_join(payers, "patient_id").select("unit", later_money=left, week=_.first_day.truncate("W"))
    money = rows.order_by("week", "unit", "later_money").to_pandas()
    money["week"] = pd.to_datetime(money.week)
    price = pd.DataFrame(np.round(panel.price, 2), index=panel.units, columns=pd.to_datetime(panel.weeks)).stack()
    return money.join(price.rename("price"), on=["unit", "week"], how="inner").set_index("price").later_money
