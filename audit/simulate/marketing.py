"""Advertising: what was spent, what own context ads brought, who came to the site.

    answered calls a week from own ads = a(t) · x / (x + 60,000) · noise      x roubles a week

Search money is nearly flat, so no model of spend can identify what search brings; own ads saturate
within a regime, though pooled over regimes they seem not to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.random import Generator

from audit.simulate.days import AFTER_MONTH, BEFORE_MONTH, FIRST_MONTH, MONTHS, Days
from audit.simulate.path import Path
from audit.simulate.sampling import round_to_total
from audit.simulate.truth import Truth
from audit.simulate.truth_parts import Channel

CAMPAIGNS = (
    ("Yandex.Direct", "search ENT", 0.45),
    ("Yandex.Direct", "network", 0.15),
    ("Yandex.Direct", "brand", 0.12),
    ("Google Ads", "ENT Moscow", 0.28),
)
CLICK_PRICE = {"search ENT": 95.0, "network": 22.0, "brand": 35.0, "ENT Moscow": 80.0}
SHOWN_PER_CLICK = {"search ENT": 18.0, "network": 240.0, "brand": 9.0, "ENT Moscow": 22.0}
REALLOCATED = 39
"""Index of April 2016, when the budget was re-allocated."""
MONTHLY = ("organic search", "agency context", "aggregators / portals", "static numbers / outdoor")
REGIONS = ("Moscow", "Moscow region", "other")
DEVICES = ("desktop", "mobile", "tablet")


@dataclass(frozen=True)
class OwnAds:
    """Own context ads by week-in-month cell: roubles spent and answered calls."""

    spend: np.ndarray
    calls: np.ndarray


def own_ads(truth: Truth, path: Path, calendar: Days, rng: Generator) -> OwnAds:
    """Weekly spend varies around the regime's level; the two anchor months have the stated totals."""
    plan, channel = truth.saturation, _channel(truth, "own context ads")
    days_in_cell = np.bincount(calendar.cell)
    month = np.zeros(calendar.cells, int)
    month[calendar.cell] = calendar.month
    week = np.zeros(calendar.cells, int)
    week[calendar.cell] = calendar.week
    ramp = np.clip((np.arange(MONTHS) - REALLOCATED + 1) / (AFTER_MONTH - REALLOCATED + 1), 0, 1)[month]
    level = plan.level_before + (plan.level_after - plan.level_before) * ramp
    mean = plan.weekly_spend_before + (plan.weekly_spend_after - plan.weekly_spend_before) * (month >= REALLOCATED)
    weekly = mean * np.exp(plan.spend_variation * rng.standard_normal(week.max() + 1)[week])
    off = np.isin(week, [calendar.week[calendar.number(day)] for day in plan.off_weeks])
    weekly = np.where(off, 0.0, weekly)
    spend = weekly * days_in_cell / 7
    for at, total in ((BEFORE_MONTH, channel.spend_before), (AFTER_MONTH, channel.spend_after)):
        spend[month == at] *= total / spend[month == at].sum()
    noise = np.clip(1 + plan.noise * rng.standard_normal(week.max() + 1), 0.6, 1.4)[week]
    weekly = spend / days_in_cell * 7
    mean_calls = level * weekly / (weekly + plan.half) * noise * days_in_cell / 7 * truth.size
    calls = np.floor(mean_calls + rng.random(calendar.cells)).astype(int)
    for at, total in ((BEFORE_MONTH, channel.calls_before), (AFTER_MONTH, channel.calls_after)):
        calls[month == at] = round_to_total(mean_calls[month == at], round(total * truth.size))
    return OwnAds(spend=np.round(spend), calls=calls)


def _channel(truth: Truth, name: str) -> Channel:
    return next(channel for channel in truth.channels if channel.name == name)


def ad_spend_table(truth: Truth, path: Path, ads: OwnAds, calendar: Days, rng: Generator) -> pd.DataFrame:
    """Canonical table ad_spend: own ads by campaign and day, the other channels by month."""
    whole = pd.concat([_daily(ads, calendar, rng), _monthly(truth, path)], ignore_index=True)
    for column in ("spend", "impressions", "clicks"):
        whole[column] = np.round(whole[column] * truth.size)
    return whole


def _daily(ads: OwnAds, calendar: Days, rng: Generator) -> pd.DataFrame:
    first = int(np.argmax(calendar.month == FIRST_MONTH))
    day = np.arange(first, len(calendar.date))
    frames = []
    left = ads.spend.copy()
    for number, (_, campaign, share) in enumerate(CAMPAIGNS):
        weight = rng.uniform(0.8, 1.2, len(calendar.date)) * (1 + 0.1 * (calendar.weekday < 5))
        cell_weight = np.bincount(calendar.cell, weight)
        budget = left if number == len(CAMPAIGNS) - 1 else np.round(ads.spend * share)
        left = left - budget if number < len(CAMPAIGNS) - 1 else left
        exact = budget[calendar.cell] * weight / cell_weight[calendar.cell]
        spend = _whole(exact, calendar.cell)[day]
        clicks = np.round(spend / CLICK_PRICE[campaign])
        shown = np.round(clicks * SHOWN_PER_CLICK[campaign] * rng.uniform(0.85, 1.15, len(day)))
        frames.append(
            pd.DataFrame(
                {
                    "channel": "own context ads",
                    "campaign": campaign,
                    "from_day": calendar.date[day],
                    "to_day": calendar.date[day],
                    "spend": spend,
                    "impressions": shown,
                    "clicks": clicks,
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def _whole(exact: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """Whole roubles whose running sum follows the exact one, so sums of cells stay exact."""
    running = np.round(np.cumsum(exact))
    return np.diff(np.r_[0.0, running])


def _monthly(truth: Truth, path: Path) -> pd.DataFrame:
    month = np.arange(FIRST_MONTH, MONTHS)
    start = month_start(month)
    frames = []
    for name in MONTHLY:
        channel = _channel(truth, name)
        spend = channel.spend_before + (channel.spend_after - channel.spend_before) * path.channel_shift[month]
        spend = np.round(spend / 100) * 100
        if name == "agency context":
            spend = np.where(np.isin(start.astype("datetime64[M]").astype(str), truth.agency.months), 75_000.0, 0.0)
        frame = pd.DataFrame(
            {
                "channel": name,
                "campaign": None,
                "from_day": start,
                "spend": spend,
                "to_day": month_start(month + 1) - np.timedelta64(1, "D"),
            }
        )
        frames.append(frame[frame.spend > 0])
    return pd.concat(frames, ignore_index=True)


def month_start(month: np.ndarray) -> np.ndarray:
    """First day of each month index (0 = January 2013)."""
    return (np.datetime64("2013-01", "M") + np.asarray(month)).astype("datetime64[D]")


def site_traffic_table(truth: Truth, path: Path, rng: Generator) -> pd.DataFrame:
    """Canonical table site_traffic: monthly unique visitors by channel, region and device.

    Search visitors from Moscow, their share of all traffic and the share of mobile are exact in the
    anchor months.
    """
    frames = []
    for month in range(FIRST_MONTH, MONTHS):
        frames.append(_month_traffic(truth, path, month, rng))
    return pd.concat(frames, ignore_index=True)


def _month_traffic(truth: Truth, path: Path, month: int, rng: Generator) -> pd.DataFrame:
    before, _ = truth.anchors()
    shift = float(path.channel_shift[month])
    level = before.moscow_search_visitors / before.moscow_share
    moscow = truth.before.moscow_share + (truth.after.moscow_share - truth.before.moscow_share) * shift
    mobile = truth.before.mobile_share + (truth.after.mobile_share - truth.before.mobile_share) * shift
    noise = 1.0 if month in (BEFORE_MONTH, AFTER_MONTH) else 1 + 0.04 * rng.standard_normal()
    visitors = {
        "organic search": level * noise,
        "own context ads": level * (0.030 + 0.020 * shift),
        "agency context": level * 0.012 * (month in (BEFORE_MONTH - 1, BEFORE_MONTH)),
        "aggregators / portals": level * 0.06,
        "direct / brand": level * 0.11,
    }
    regions = np.array([moscow, (1 - moscow) * 0.25, (1 - moscow) * 0.75])
    devices = np.array([(1 - mobile) * 0.87, mobile, (1 - mobile) * 0.13])
    rows = []
    for channel, total in visitors.items():
        if total <= 0:
            continue
        by_region = round_to_total(regions, round(total))
        for region, people in zip(REGIONS, by_region, strict=True):
            for device, number in zip(DEVICES, round_to_total(devices, int(people)), strict=True):
                rows.append((channel, region, device, float(number)))
    frame = pd.DataFrame(rows, columns=["channel", "region", "device", "visitors"])
    sessions = np.round(frame.visitors * rng.uniform(1.25, 1.45, len(frame)))
    start = month_start(np.array([month]))[0]
    end = month_start(np.array([month + 1]))[0] - np.timedelta64(1, "D")
    return frame.assign(from_day=start, to_day=end, sessions=sessions)
