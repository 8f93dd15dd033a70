"""Channel days: spend, people who got in touch and first visits of each channel and day (computed, never stored)."""

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

from audit.config import Days

Array = NDArray[np.float64]
BOUGHT = ("spend", "impressions", "clicks")
COUNTED = ("enquiries", "answered", "unnumbered", "booked", "came", *BOUGHT)
NO_SOURCE = "no_source"
"""Callers whose channel was not recorded."""


@dataclass(frozen=True)
class ChannelDays:
    """Arrays of shape (channels, days from ``start``).

    ``enquiries`` are people who got in touch, ``answered`` those spoken with, ``unnumbered`` those of them whose
    telephone is not recorded, ``booked`` those who made an appointment, ``came`` first visits on their day;
    ``spend``, ``impressions`` and ``clicks`` are spread evenly over the days a row covers. ``is_weekly`` says of
    each channel bought whether its spend is known by the week or finer; ``calls_each`` are calls of one person,
    where persons can be told apart.

    A call without a number is a real call, so it counts as a caller; but several of them may be one person, and none
    can be followed to a visit. ``sums`` says how few callers and how many first patients there may be for that.
    """

    start: date
    channels: list[str]
    enquiries: Array
    answered: Array
    unnumbered: Array
    booked: Array
    came: Array
    spend: Array
    impressions: Array
    clicks: Array
    is_weekly: Mapping[str, bool]
    calls_each: float = 1.0

    def sums(self, days: Days) -> pd.DataFrame:
        """Totals over ``days`` by channel (the index): ``COUNTED``, and the bounds ``least_answered`` and ``most_came``.

        The former takes callers without a number to call as often as the others do, the latter to come as often.
        """
        cut = slice(max((days.start - self.start).days, 0), max((days.end - self.start).days, 0))
        parts = {name: getattr(self, name)[:, cut].sum(axis=1) for name in COUNTED}
        # a month's money is a sum of daily parts: cents, not the dust of their division
        parts["spend"] = parts["spend"].round(2)
        frame = pd.DataFrame(parts, index=pd.Index(self.channels, name="channel"))
        share = (frame.unnumbered / frame.answered.where(frame.answered > 0)).fillna(0.0)
        return frame.assign(
            least_answered=frame.answered - frame.unnumbered * (1 - 1 / self.calls_each),
            most_came=frame.came / (1 - share.where(share < 1, 0.0)),
        )

    def weeks(self, end: date) -> tuple[date, dict[str, Array]]:
        """The first Monday, and each of ``COUNTED`` by whole week before ``end``, shape (channels, weeks)."""
        first = -self.start.weekday() % 7
        count = max((end - self.start).days - first, 0) // 7
        cut = slice(first, first + 7 * count)
        whole = {name: getattr(self, name)[:, cut].reshape(len(self.channels), count, 7).sum(axis=2) for name in COUNTED}
        return self.start + timedelta(days=first), whole


def credited(opportunities: Table) -> Table:
    """Opportunities that became a patient, each patient once: at the last contact before the first visit."""
    came = opportunities.filter(_.is_attended, _.patient_id.notnull())
    latest = ibis.row_number().over(group_by="patient_id", order_by=[_.opened_at.desc(), _.opportunity_id])
    return came.mutate(latest=latest).filter(_.latest == 0).drop("latest")


def channel_days(opportunities: Table, ad_spend: Table | None, days: Days) -> ChannelDays:
    """The grid over ``days``. A channel is in it if anybody came by it or money was spent on it."""
    opened, came = _counted(opportunities)
    bought = _bought(ad_spend)
    channels = sorted(set(opened.channel) | set(bought.channel[bought.spend > 0]))
    row = {name: index for index, name in enumerate(channels)}
    grids = {name: np.zeros((len(channels), days.days)) for name in COUNTED}
    for frame, names in ((opened, ("enquiries", "answered", "unnumbered", "booked")), (came, ("came",))):
        column = _column(frame.day, days)
        inside = (column >= 0) & (column < days.days)
        rows = frame.channel.map(row).to_numpy(dtype=float)[inside].astype(int)
        for name in names:
            np.add.at(grids[name], (rows, column[inside]), frame[name].to_numpy(dtype=float)[inside])
    is_weekly = {}
    for name, part in bought.groupby("channel", sort=True):
        first, last = _column(part.from_day, days), _column(part.to_day, days)
        spend, length = part.spend.to_numpy(dtype=float), last - first + 1
        is_weekly[str(name)] = bool(spend.sum() > 0 and spend[length <= 7].sum() >= 0.9 * spend.sum())
        if str(name) not in row:
            continue
        for bought_of in BOUGHT:
            for begin, covered, amount in zip(first, length, part[bought_of].to_numpy(dtype=float), strict=True):
                if amount > 0:
                    grids[bought_of][row[str(name)], max(begin, 0) : max(begin + covered, 0)] += amount / covered
    each = opportunities.filter(_.is_numbered).enquiries.mean().execute()
    return ChannelDays(days.start, channels, is_weekly=is_weekly, calls_each=1.0 if pd.isna(each) else float(each), **grids)


def _counted(opportunities: Table) -> tuple[pd.DataFrame, pd.DataFrame]:
    channel = _.channel.fill_null(NO_SOURCE)
    opened = opportunities.group_by(channel=channel, day=_.opened_at.date()).aggregate(
        enquiries=_.count(), answered=_.is_answered.sum(), unnumbered=(_.is_answered & ~_.is_numbered).sum(),
        booked=(_.is_answered & _.is_booked).sum(),
    )
    came = credited(opportunities).group_by(channel=channel, day=_.first_visit_day).aggregate(came=_.count())
    return opened.order_by("channel", "day").to_pandas(), came.order_by("channel", "day").to_pandas()


def _bought(ad_spend: Table | None) -> pd.DataFrame:
    if ad_spend is None:
        return pd.DataFrame({name: [] for name in ("channel", "from_day", "to_day", *BOUGHT)})
    rows = ad_spend.filter(_.to_day >= _.from_day).group_by("channel", "from_day", "to_day")
    return rows.aggregate(**{name: _[name].sum().cast("float64").fill_null(0.0) for name in BOUGHT}).order_by("channel", "from_day", "to_day").to_pandas()


def _column(day: pd.Series, days: Days) -> NDArray[np.int64]:
    return (pd.to_datetime(day) - pd.Timestamp(days.start)).dt.days.to_numpy(dtype="int64")
