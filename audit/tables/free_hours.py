"""Free hours: rostered hours without outpatient visits, by week and specialty or branch (computed, never stored)."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
from ibis import _
from ibis.expr.types import Table

from audit.config import Days
from audit.tables.rostered_hours import rostered_hours


def free_hours(
    appointments: Table, shifts: Table, doctors: Table, rooms: Table | None, *, days: Days, by: str,
) -> tuple[pd.DataFrame, pd.Series]:
    """Free hours (weeks × units, columns named by the doctors' column ``by``) in whole weeks of ``days``, and loads.

    The second is the share of each unit's rostered hours that held visits. A doctor's hours are free up to the
    rota: a day on which visits run longer has none to give to another day.
    """
    of = doctors.filter(_[by].notnull()).select("doctor_id", unit=by)
    first = days.start + timedelta(days=-days.start.weekday() % 7)
    last = days.end - timedelta(days=days.end.weekday())
    rota = rostered_hours(shifts, rooms).filter(_.day >= first, _.day < last)
    visits = appointments.filter(_.status == "completed", _.kind == "outpatient").mutate(day=_.starts_at.date())
    busy = visits.filter(_.day >= first, _.day < last).group_by("doctor_id", "day").aggregate(used=_.minutes.sum())
    both = rota.left_join(busy, ["doctor_id", "day"]).select("doctor_id", "day", "minutes", used=_.used.fill_null(0.0))
    cells = both.inner_join(of, "doctor_id").group_by("unit", week=_.day.truncate("W").cast("date")).aggregate(
        offered=_.minutes.sum().cast("float64"), free=(_.minutes - _.used).clip(lower=0).sum().cast("float64"),
    ).order_by("week", "unit").to_pandas()
    wide = cells.pivot_table(index="week", columns="unit", values="free", aggfunc="sum").fillna(0.0) / 60
    sums = cells.groupby("unit", sort=True)[["offered", "free"]].sum()
    return wide.rename(index=_day), 1 - sums.free / sums.offered


def _day(week: object) -> date:
    return pd.Timestamp(str(week)).date()
