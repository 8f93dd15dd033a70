"""Channel values: what first patients of each channel bring, week by week after the first visit (computed, never stored)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import ibis
import numpy as np
import pandas as pd
from ibis import _
from ibis.expr.types import Table
from numpy.typing import NDArray

from audit.tables.channel_days import NO_SOURCE, credited

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ChannelValues:
    """Money of each patient, cumulated over ``steps`` days after the first visit, the last of them ``days``.

    ``by_channel`` holds arrays (patients, steps); ``is_margin`` says that direct costs were taken off.
    """

    days: int
    steps: Array
    by_channel: Mapping[str, Array]
    is_margin: bool

    def of(self, channels: list[str] | None = None) -> Array:
        """Patients of some channels, or of all, shape (patients, steps)."""
        names = [name for name in self.by_channel if channels is None or name in channels]
        return np.concatenate([self.by_channel[name] for name in names]) if names else np.zeros((0, self.steps.size))


def channel_values(
    opportunities: Table, first_visits: Table, patient_days: Table, *, horizons: tuple[int, ...], fewest: int, end: date,
    may_be_margin: bool,
) -> ChannelValues | None:
    """The last year of patients followed to the first of ``horizons`` that has ``fewest`` of them and any money."""
    by = credited(opportunities).select("patient_id", channel=_.channel.fill_null(NO_SOURCE))
    for days in horizons:
        people = first_visits.filter(_.is_new, _.tenure_days > days, _.first_day >= end - timedelta(days=days + 365))
        people = people.select("patient_id").inner_join(by, "patient_id")
        money = patient_days.filter(_.tenure_day >= 0, _.tenure_day <= days).group_by(
            "patient_id", step=((_.tenure_day + 6) / 7).floor().cast("int64")
        ).aggregate(revenue=_.revenue.sum().cast("float64"), cost=ibis.coalesce(_.direct_cost.sum(), 0).cast("float64"))
        frame = people.left_join(money, "patient_id").order_by("channel", "patient_id", "step").select(
            "patient_id", "channel", "step", "revenue", "cost").to_pandas()
        if frame.patient_id.nunique() < fewest or not frame.revenue.sum() > 0:
            continue
        is_margin = may_be_margin and bool(frame.cost.sum() > 0)
        return _cumulated(frame, days, is_margin)
    return None


def _cumulated(frame: pd.DataFrame, days: int, is_margin: bool) -> ChannelValues:
    steps = np.minimum(np.arange(-(-days // 7) + 1) * 7.0, days)
    number, patients = pd.factorize(frame.patient_id)
    money = np.zeros((len(patients), steps.size))
    paid = (frame.revenue - frame.cost if is_margin else frame.revenue).fillna(0.0).to_numpy(dtype=float)
    np.add.at(money, (number, frame.step.fillna(0).to_numpy(dtype=int)), paid)
    channel = frame.channel.to_numpy(object)[np.unique(number, return_index=True)[1]]
    money = money.cumsum(axis=1)
    return ChannelValues(days, steps, {str(name): money[channel == name] for name in sorted(set(channel))}, is_margin)
