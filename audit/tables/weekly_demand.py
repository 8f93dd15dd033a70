"""Weekly demand: callers and first patients by branch and week, zeros kept (computed, never stored)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
from ibis import _
from ibis.expr.types import Table
from numpy.typing import NDArray

from audit.config import Days

Array = NDArray[np.float64]
WHOLE = "all"
"""The one unit of a clinic whose calls carry no branch."""

PAYERS = ("cash", "corporate")
"""Patients who see the price; those of an insurer or the state do not, and would dilute the reaction."""


@dataclass(frozen=True)
class DemandPanel:
    """Arrays of shape (branches, weeks), NaN before a branch's first and after its last week.

    ``callers`` are answered opportunities by the week they opened (None without calls), ``came`` those who
    came and pay themselves, by the same week (without calls: first patients by the week of the visit);
    ``seen`` first patients followed for the whole follow-up, ``once`` those of them who came once only,
    both by the week of the visit; ``price`` of a first visit.
    """

    branches: list[str]
    weeks: list[date]
    callers: Array | None
    came: Array
    once: Array
    seen: Array
    price: Array

    @property
    def main(self) -> Array:
        """The counts demand is read from: callers if they are recorded, else first visits."""
        return self.came if self.callers is None else self.callers

    def cut(self, keep: slice) -> DemandPanel:
        """The same panel in fewer weeks."""
        arrays = {name: getattr(self, name)[:, keep] for name in ("came", "once", "seen", "price")}
        callers = None if self.callers is None else self.callers[:, keep]
        return replace(self, weeks=self.weeks[keep], callers=callers, **arrays)

    def usual_price(self) -> Array:
        """The price each branch asked for most weeks, shape (branches,)."""
        usual = np.full(len(self.branches), np.nan)
        for row, path in enumerate(self.price):
            levels, times = np.unique(np.round(path[np.isfinite(path)], 2), return_counts=True)
            if levels.size:
                usual[row] = levels[np.argmax(times)]
        return usual

    def is_cheaper(self, by: float) -> NDArray[np.bool_]:
        """Weeks in which a branch asked less than its usual price by more than ``by`` (relative)."""
        with np.errstate(invalid="ignore"):
            ratio: Array = np.log(self.price / self.usual_price()[:, None])
        return np.less(ratio, -by, out=np.zeros(ratio.shape, dtype=np.bool_))


def weekly_demand(first_visits: Table, opportunities: Table | None, *, days: Days, follow_days: int) -> DemandPanel | None:
    """The panel of whole weeks inside ``days``, prices still unknown; None when there is no whole week.

    A first patient counts as “once” without a second visit within ``follow_days``. Calls without any branch
    are left out where the visits have one: prices differ between branches, and only they can show it.
    """
    if opportunities is not None and not _has_branch(opportunities) and _has_branch(first_visits):
        opportunities = None
    payers = first_visits.filter(_.is_new, _.payer.fill_null(PAYERS[0]).isin(PAYERS))
    followed = payers.filter(_.tenure_days >= follow_days).mutate(
        is_once=(_.second_day.isnull() | (_.second_day.delta(_.first_day, unit="day") > follow_days)).cast("int64")
    )
    kept = followed.group_by("branch", week=_.first_day.truncate("W")).aggregate(seen=_.count(), once=_.is_once.sum())
    if opportunities is None:
        counted = payers.group_by("branch", week=_.first_day.truncate("W")).aggregate(came=_.count())
    else:
        counted = (
            opportunities.left_join(payers.select("patient_id", pays=True), "patient_id").drop("patient_id_right")
            .group_by("branch", week=_.opened_at.truncate("W").cast("date"))
            .aggregate(callers=_.is_answered.sum(), came=_.pays.fill_null(False).sum())
        )
    counts, returns = _by_branch(counted), _by_branch(kept)
    weeks = _whole_weeks(counts, days)
    if not weeks:
        return None
    branches = sorted(set(counts.branch))
    grids = {name: _grid(counts, name, branches, weeks) for name in counts.columns[2:]}
    grids |= {name: _grid(returns, name, branches, weeks) for name in ("once", "seen")}
    unknown = np.full((len(branches), len(weeks)), np.nan)
    return DemandPanel(branches, weeks, grids.get("callers"), grids["came"], grids["once"], grids["seen"], unknown)


def _has_branch(table: Table) -> bool:
    return bool(table.filter(_.branch.notnull()).count().execute())


def _by_branch(counted: Table) -> pd.DataFrame:
    """Calls without a branch belong to none of several; if no call has a branch, all are one unit."""
    frame = counted.order_by("branch", "week").to_pandas()
    frame["week"] = pd.to_datetime(frame.week)
    return frame.assign(branch=WHOLE) if frame.branch.isna().all() else frame.dropna(subset="branch")


def _whole_weeks(counts: pd.DataFrame, days: Days) -> list[date]:
    """Mondays of the weeks wholly inside ``days`` and between the first and the last count."""
    if counts.empty:
        return []
    start = max(counts.week.min().date(), days.start + timedelta(days=-days.start.weekday() % 7))
    end = min(counts.week.max().date(), days.end - timedelta(days=7))
    return [start + timedelta(weeks=number) for number in range((end - start).days // 7 + 1)]


def _grid(frame: pd.DataFrame, name: str, branches: list[str], weeks: list[date]) -> Array:
    wide = frame.pivot_table(index="branch", columns="week", values=name, aggfunc="sum")
    wide = wide.reindex(index=branches, columns=pd.to_datetime(weeks)).astype("float64").fillna(0.0).to_numpy(copy=True)
    for row in wide:
        seen = np.flatnonzero(row)
        row[: seen[0] if seen.size else row.size] = np.nan
        row[seen[-1] + 1 if seen.size else row.size :] = np.nan
    return wide
