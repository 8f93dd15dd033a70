"""Weekly demand: callers and first patients by unit and week, zeros kept (computed, never stored).

A unit is what may have a price of its own: a branch, or a specialty.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from typing import Literal

import numpy as np
import pandas as pd
from ibis import _
from ibis.expr.types import Table
from numpy.typing import NDArray

from audit.config import Days

Array = NDArray[np.float64]
UnitKind = Literal["branch", "specialty"]
WHOLE = "all"
"""The one unit of a clinic whose calls carry no branch."""

PAYERS = ("cash", "corporate")
"""Patients who see the price; those of an insurer or the state do not, and would dilute the reaction."""

OLD_DAYS = 180
"""Visits this long after the first one belong to old patients, whom the price of a first visit does not concern."""


@dataclass(frozen=True)
class DemandPanel:
    """Arrays of shape (units, weeks), NaN before a unit's first and after its last week.

    ``callers`` are answered opportunities by the week they opened (None without calls), ``booked`` those of them who
    made an appointment, ``came`` those who came and pay themselves, by the same week (without calls: first patients by
    the week of the visit); by the week of the visit: ``seen`` first patients followed for the whole follow-up, ``once``
    those of them who came once only, ``insured`` first patients who do not pay themselves, ``repeats`` visits of old
    patients; ``price`` of a first visit.
    """

    kind: UnitKind
    units: list[str]
    weeks: list[date]
    callers: Array | None
    booked: Array | None
    came: Array
    once: Array
    seen: Array
    insured: Array
    repeats: Array
    price: Array

    @property
    def main(self) -> Array:
        """The counts demand is read from: callers if they are recorded, else first visits."""
        return self.came if self.callers is None else self.callers

    def cut(self, keep: slice) -> DemandPanel:
        """The same panel in fewer weeks."""
        arrays = {item.name: getattr(self, item.name) for item in fields(self) if isinstance(getattr(self, item.name), np.ndarray)}
        return replace(self, weeks=self.weeks[keep], **{name: array[:, keep] for name, array in arrays.items()})

    def usual_price(self) -> Array:
        """The price each unit asked for most weeks, shape (units,)."""
        usual = np.full(len(self.units), np.nan)
        for row, path in enumerate(self.price):
            levels, times = np.unique(np.round(path[np.isfinite(path)], 2), return_counts=True)
            if levels.size:
                usual[row] = levels[np.argmax(times)]
        return usual

    def is_cheaper(self, by: float) -> NDArray[np.bool_]:
        """Weeks in which a unit asked less than its usual price by more than ``by`` (relative)."""
        with np.errstate(invalid="ignore"):
            ratio: Array = np.log(self.price / self.usual_price()[:, None])
        return np.less(ratio, -by, out=np.zeros(ratio.shape, dtype=np.bool_))


def weekly_demand(
    first_visits: Table, opportunities: Table | None, appointments: Table | None, *, days: Days, follow_days: int,
    kind: UnitKind = "branch",
) -> DemandPanel | None:
    """The panel of whole weeks inside ``days``, prices still unknown; None when there is no whole week.

    A first patient counts as “once” without a second visit within ``follow_days``. Calls without any branch
    are left out where the visits have one: prices differ between branches, and only they can show it. Calls name
    no specialty, so demand of a specialty is its first visits.
    """
    if kind == "specialty" or (opportunities is not None and not _known(opportunities, kind) and _known(first_visits, kind)):
        opportunities = None
    new = first_visits.filter(_.is_new)
    payers = self_paying(new)
    followed = payers.filter(_.tenure_days >= follow_days).mutate(
        is_once=(_.second_day.isnull() | (_.second_day.delta(_.first_day, unit="day") > follow_days)).cast("int64")
    )
    by = {"week": _.first_day.truncate("W")}
    kept = followed.group_by(kind, **by).aggregate(seen=_.count(), once=_.is_once.sum())
    insured = new.filter(~_.payer.fill_null(PAYERS[0]).isin(PAYERS)).group_by(kind, **by).aggregate(insured=_.count())
    if opportunities is None:
        counted = payers.group_by(kind, **by).aggregate(came=_.count())
    else:
        counted = (
            opportunities.left_join(payers.select("patient_id", pays=True), "patient_id").drop("patient_id_right")
            .group_by(kind, week=_.opened_at.truncate("W").cast("date"))
            .aggregate(callers=_.is_answered.sum(), booked=(_.is_answered & _.is_booked).sum(), came=_.pays.fill_null(False).sum())
        )
    counts = _by_unit(counted, kind)
    weeks = _whole_weeks(counts, days)
    if not weeks:
        return None
    units = sorted(set(counts.unit))
    grids = {name: _grid(counts, name, units, weeks) for name in counts.columns[2:]}
    others = {"seen": kept, "once": kept, "insured": insured, "repeats": _old_visits(appointments, first_visits, kind)}
    unknown = np.full((len(units), len(weeks)), np.nan)
    grids |= {
        name: unknown if found is None else _grid(_by_unit(found, kind), name, units, weeks) for name, found in others.items()
    }
    return DemandPanel(kind, units, weeks, callers=grids.pop("callers", None), booked=grids.pop("booked", None), price=unknown, **grids)


def self_paying(first_visits: Table) -> Table:
    """First patients who see the price; without a payer on record a patient is taken to pay."""
    return first_visits.filter(_.payer.fill_null(PAYERS[0]).isin(PAYERS))


def _old_visits(appointments: Table | None, first_visits: Table, kind: UnitKind) -> Table | None:
    if appointments is None:
        return None
    came = appointments.filter(_.status == "completed", _.kind == "outpatient").select("patient_id", kind, day=_.starts_at.date())
    known = came.inner_join(first_visits.select("patient_id", "first_day"), "patient_id")
    return known.filter(_.day.delta(_.first_day, unit="day") >= OLD_DAYS).group_by(kind, week=_.day.truncate("W")).aggregate(repeats=_.count())


def _known(table: Table, kind: UnitKind) -> bool:
    return bool(table.filter(table[kind].notnull()).count().execute())


def _by_unit(counted: Table, kind: UnitKind) -> pd.DataFrame:
    """Counts without a unit belong to none of several; if none has one, all are one unit."""
    frame = counted.order_by(kind, "week").to_pandas().rename(columns={kind: "unit"})
    frame["week"] = pd.to_datetime(frame.week)
    return frame.assign(unit=WHOLE) if frame.unit.isna().all() else frame.dropna(subset="unit")


def _whole_weeks(counts: pd.DataFrame, days: Days) -> list[date]:
    """Mondays of the weeks wholly inside ``days`` and between the first and the last count."""
    if counts.empty:
        return []
    start = max(counts.week.min().date(), days.start + timedelta(days=-days.start.weekday() % 7))
    end = min(counts.week.max().date(), days.end - timedelta(days=7))
    return [start + timedelta(weeks=number) for number in range((end - start).days // 7 + 1)]


def _grid(frame: pd.DataFrame, name: str, units: list[str], weeks: list[date]) -> Array:
    wide = frame.pivot_table(index="unit", columns="week", values=name, aggfunc="sum")
    wide = wide.reindex(index=units, columns=pd.to_datetime(weeks)).astype("float64").fillna(0.0).to_numpy(copy=True)
    for row in wide:
        seen = np.flatnonzero(row)
        row[: seen[0] if seen.size else row.size] = np.nan
        row[seen[-1] + 1 if seen.size else row.size :] = np.nan
    return wide
