"""Site visitors: unique visitors of the site by channel, region or device in one span (computed, never stored)."""

from __future__ import annotations

import pandas as pd
from ibis import _
from ibis.expr.types import Table

from audit.config import Days


def site_visitors(site_traffic: Table, days: Days, by: str, region: str | None = None) -> pd.Series:
    """Visitors of rows wholly inside ``days`` by the column ``by`` (the index); only of ``region`` if one is given."""
    inside = site_traffic.filter(_.from_day >= days.start, _.to_day < days.end, _[by].notnull())
    counted = inside if region is None else inside.filter(_.region == region)
    sums = counted.group_by(by).aggregate(visitors=_.visitors.sum()).order_by(by).to_pandas()
    return pd.Series(sums.visitors.fillna(0.0).to_numpy(dtype=float), index=pd.Index(sums[by], name=by), name="visitors")
