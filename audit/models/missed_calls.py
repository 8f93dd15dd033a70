"""Missed calls by hour: which hours of which days lose more than the others."""

from __future__ import annotations

import numpy as np
import pandas as pd

from audit.models.counted import share, three
from audit.models.peaks import peaks
from audit.results.estimate import Estimate

EVERY_DAY = "all"
SHARE = ["share", "share_low", "share_high"]


def lossy_hours(cells: pd.DataFrame, *, months: float, level: float) -> pd.DataFrame:
    """Hours with more missed calls than the rest, on every day (“all”) or beyond that on one weekday.

    ``cells`` has one row per weekday (0 = Monday) and hour with ``calls`` and ``missed``. Returns runs of
    hours: weekday, from_hour, to_hour (exclusive), calls and missed per month, share with bounds, n.
    """
    calls, missed = np.zeros((7, 24)), np.zeros((7, 24))
    calls[cells.weekday, cells.hour], missed[cells.weekday, cells.hour] = cells.calls, cells.missed
    rows = []
    for weekday, first, last in peaks(missed, calls, level=level):
        chosen = slice(None) if weekday < 0 else weekday
        n, k = (grid[chosen, first : last + 1].sum() for grid in (calls, missed))
        name = EVERY_DAY if weekday < 0 else str(weekday)
        rows.append([name, first, last + 1, n / months, k / months, *three(share(k, n, level)), int(n)])
    return pd.DataFrame(rows, columns=["weekday", "from_hour", "to_hour", "calls", "missed", *SHARE, "n"])


def by_hour(cells: pd.DataFrame, lossy: pd.DataFrame, *, months: float, level: float) -> pd.DataFrame:
    """Calls and missed calls per month of each hour, its share, and whether it is one of the ``lossy`` now too."""
    hours = cells.groupby("hour")[["calls", "missed"]].sum()
    hours = hours.reindex(range(hours.index.min(), hours.index.max() + 1), fill_value=0)
    daily, usual = lossy[lossy.weekday == EVERY_DAY], hours.missed.sum() / hours.calls.sum()
    rows = [
        [hour, n / months, k / months, *three(share(k, n, level)),
         bool(((daily.from_hour <= hour) & (hour < daily.to_hour)).any()) and k > usual * n, n]
        for hour, n, k in hours.itertuples()
    ]
    return pd.DataFrame(rows, columns=["hour", "calls", "missed", *SHARE, "is_peak", "n"])


def worst_run(hours: pd.DataFrame | None, *, level: float) -> tuple[int, int, Estimate | None] | None:
    """Of neighbouring marked hours (``by_hour``) those with most missed calls: from, to (exclusive), share."""
    if hours is None or not hours.is_peak.any():
        return None
    marked = hours[hours.is_peak]
    run = (marked.hour.diff() != 1).cumsum()
    chosen = marked[run == marked.missed.groupby(run).sum().idxmax()]
    missed = float((chosen.share * chosen.n).sum().round())
    return int(chosen.hour.min()), int(chosen.hour.max()) + 1, share(missed, int(chosen.n.sum()), level)
