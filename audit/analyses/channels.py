"""Channels: where new patients come from, what each costs, and what the next one would cost.

Question   What does a patient cost, where does the next unit of money work?
Method     Recorded attribution (the tracker's channel of the first contact). Cost = known spend over a Poisson
           count, exact interval (Garwood 1936); value at an equal horizon; return by joint draws; a saturating
           curve only where weeks of unlike spend allow one, else the average alone.
Reads      opportunities; spend, site traffic, money, the price result and the load of rooms if there are any.
Cannot say What a channel adds beyond what would have come anyway: recorded is not caused. Only pauses or
           tests show that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from ibis import _
from ibis.expr.types import Table
from matplotlib.figure import Figure
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from audit.analyses.capacity import CapacityResult
from audit.analyses.clv import ClvResult
from audit.analyses.price import PriceResult
from audit.config import Days, Params, Period
from audit.errors import NotAnswerable
from audit.models import acquisition, saturation
from audit.models.bootstrap import mean_interval
from audit.models.proportions import poisson_rate, wilson
from audit.plots.multiples import Line, Panel, multiples
from audit.results import Estimate, Finding, Grade, Kind, Measure, Result, Sentence, exact, table
from audit.tables.call_to_money import call_to_money
from audit.tables.channel_days import NO_SOURCE, ChannelDays, channel_days, credited
from audit.tables.columns import Unit
from audit.tables.patient_money import patient_money
from audit.wording import Labels

Array = NDArray[np.float64]
FIGURES = ("saturation_curves",)
WEEKS_PER_MONTH = 365.25 / 12 / 7


class Claim(BaseModel):
    """What an agency says of its campaign; two of its numbers must give the same money."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    channel: str
    calls: int = Field(gt=0)
    first_patients: int = Field(gt=0)
    cost_per_call: float = Field(gt=0)
    cost_per_first_patient: float = Field(gt=0)


class ChannelsParams(Params):
    """Settings of the channels."""

    value_days: int = Field(365, ge=30, description="days over which a first patient's money is counted")
    fewest_calls: int = Field(30, ge=5, description="answered callers below which a channel is not judged")
    fewest_values: int = Field(30, ge=10, description="patients a channel's value must rest on")
    most_without_source: float = Field(0.20, gt=0, lt=1, description="share without a source above which nothing is ranked")
    home_region: str | None = Field(None, description="region of site visitors who can come; all regions if empty")
    followed: str | None = Field(None, description="channel whose change is taken apart; the largest paid one if empty")
    least_weeks: int = Field(26, ge=13, description="weeks with spend a saturation curve needs")
    least_variation: float = Field(0.20, gt=0, description="variation of weekly spend a saturation curve needs")
    claims: tuple[Claim, ...] = Field((), description="an agency's own numbers, to be checked against one another")


@dataclass(frozen=True, kw_only=True)
class ChannelsResult(Result):
    """Recorded costs. Counts and money are per month of the period; a caller is one answered opportunity.

    First patients are counted in the month of the first visit. The paid costs divide the spend of all paid
    channels by what is recorded under them, the blended ones by everybody. ``saturated`` is the channel with
    a fitted curve whose next patient costs most against its average.
    """

    cost_per_call: Estimate | None
    cost_per_call_before: Estimate | None
    cost_per_first_patient: Estimate | None
    cost_per_first_patient_before: Estimate | None
    blended_cost_per_call: Estimate | None
    blended_cost_per_first_patient: Estimate | None
    spend: Estimate | None
    spend_before: Estimate | None
    callers: Estimate
    first_patients: Estimate
    paid_patients_share: Estimate | None
    without_source: Estimate
    matched_share: Estimate | None
    called_share: Estimate | None
    value: Estimate | None
    value_days: int | None
    romi: Estimate | None
    followed: str | None
    visitors_times: Estimate | None
    conversion_times: Estimate | None
    calls_times: Estimate | None
    cost_per_call_fell: Estimate | None
    cost_per_patient_fell: Estimate | None
    saturated: str | None
    next_patient: Estimate | None
    average_patient: Estimate | None
    trial: str | None
    trial_cost_per_call: Estimate | None
    trial_cost_per_patient: Estimate | None
    trial_last_cost_per_patient: Estimate | None
    channels: pd.DataFrame = table(
        Measure("channel", "label"), Measure("spend", "currency"), Measure("enquiries", "count", shown=False),
        Measure("answered", "count"), Measure("first_patients", "count", people=True),
        Measure("cost_per_call", "currency", interval=True), Measure("cost_per_first_patient", "currency", interval=True),
        Measure("next_patient", "currency"), Measure("value", "currency", interval=True, shown=False),
        Measure("multiple", "ratio"), Measure("advice", "status"), Measure("n", "count", shown=False),
    )
    before: pd.DataFrame | None = table(
        Measure("channel", "label"), Measure("spend", "currency"), Measure("answered", "count"),
        Measure("first_patients", "count", people=True), Measure("cost_per_call", "currency", interval=True),
        Measure("cost_per_first_patient", "currency", interval=True), Measure("n", "count", shown=False),
    )
    factors: pd.DataFrame | None = table(
        Measure("factor", "label"), Measure("before", "number", shown=False), Measure("now", "number", shown=False),
        Measure("times", "ratio", interval=True),
    )
    trials: pd.DataFrame | None = table(
        Measure("channel", "label"), Measure("from_day", "date"), Measure("to_day", "date"), Measure("spend", "currency"),
        Measure("answered", "count"), Measure("cost_per_call", "currency", interval=True),
        Measure("cost_per_first_patient", "currency", interval=True),
    )
    join: pd.DataFrame | None = table(
        Measure("stage", "label"), Measure("count", "count"), Measure("share", "share", interval=True, form="bar"),
        Measure("n", "count", shown=False),
    )
    curves: pd.DataFrame | None = table(
        Measure("channel", "label"), Measure("spend", "currency"), Measure("calls", "count", interval=True),
    )
    months: pd.DataFrame = table(
        Measure("channel", "label"), Measure("month", "date"), Measure("spend", "currency"), Measure("answered", "count"),
        Measure("first_patients", "count", people=True),
    )


def analyse(
    opportunities: Table, enquiries: Table, patients: Table, first_visits: Table, patient_days: Table | None,
    ad_spend: Table | None, site_traffic: Table | None, clv: ClvResult | None, price: PriceResult | None,
    capacity: CapacityResult | None, *, period: Period, params: ChannelsParams,
) -> ChannelsResult:
    """Costs and values by recorded channel, and how much of the way from call to money could be joined."""
    daily = channel_days(opportunities, ad_spend, period)
    now, past = daily.sums(period.present), daily.sums(period.past) if period.past else None
    if not now.answered.sum() > 0:
        raise NotAnswerable("no_callers", verdict="not_enough_data")
    if set(now.index[now.answered > 0]) == {NO_SOURCE}:
        raise NotAnswerable("no_channels")
    values = _values(opportunities, first_visits, patient_days, clv, period, params)
    fits = _fits(daily, period, params)
    months = period.present.months
    channels = _channels(now, months, values, fits, params)
    if capacity is not None and capacity.room_load is not None and capacity.room_load.value > capacity.ceiling.value:
        # more patients do not fit: a channel that could bring them is kept, not extended
        channels["advice"] = channels.advice.replace("good_more", "good_keep")
    join, matched, called = _joined(opportunities, enquiries, patients, first_visits, patient_days, period, params)
    factors = _factors(daily, site_traffic, now, past, period, params)
    trials = _trials(daily, period, params)
    facts = {
        **_totals(now, past, months, period, params), **_value_facts(values, now, params), **_factor_facts(factors, now, params),
        **_saturated(channels, fits, now, params), **_trial_facts(trials, params),
        "matched_share": matched, "called_share": called,
    }
    return ChannelsResult(
        grade="A" if facts["without_source"].value <= params.most_without_source else "C",
        says=_says(facts, channels), findings=(*_findings(facts, channels, price, params), *_gaps(facts, ad_spend, site_traffic, values)),
        headline="cost_per_first_patient" if facts["cost_per_first_patient"] else None,
        channels=channels, before=_costs(past, period.past.months, params) if past is not None and period.past and past.answered.sum() > 0 else None,
        factors=_factor_table(factors[1]) if factors else None, trials=trials, join=join, curves=_curves(fits, now, params),
        months=_months(daily, period), **facts,
    )


# ------------------------------------------------------------------ queries
@dataclass(frozen=True)
class Values:
    """Money per first patient within ``days``, one array per channel, and of all; less direct costs if known."""

    days: int
    by_channel: Mapping[str, Array]
    is_margin: bool

    @property
    def all(self) -> Array:
        """Every patient's value."""
        return np.concatenate(list(self.by_channel.values()))


def _values(
    opportunities: Table, first_visits: Table, patient_days: Table | None, clv: ClvResult | None, period: Period,
    params: ChannelsParams,
) -> Values | None:
    """Values of the last year of patients followed to the horizon; a shorter horizon if that year is short."""
    if patient_days is None:
        return None
    by = credited(opportunities).select("patient_id", channel=_.channel.fill_null(NO_SOURCE))
    for days in sorted({params.value_days, 180, 90}, reverse=True):
        since = period.end - timedelta(days=days + 365)
        money = patient_money(patient_days, first_visits, horizon_days=days, since=since).inner_join(by, "patient_id")
        frame = money.order_by("patient_id").to_pandas()
        total = frame.first_money + frame.later_money
        if len(frame) < params.fewest_values or not total.sum() > 0:
            continue
        cost = frame.first_cost.fillna(0.0) + frame.later_cost.fillna(0.0)
        is_margin = bool(cost.sum() > 0) and (clv is None or clv.margin_365 is not None)
        values = total - cost if is_margin else total
        return Values(days, {str(name): part.to_numpy(dtype=float) for name, part in values.groupby(frame.channel, sort=True)}, is_margin)
    return None


def _joined(
    opportunities: Table, enquiries: Table, patients: Table, first_visits: Table, patient_days: Table | None, period: Period,
    params: ChannelsParams,
) -> tuple[pd.DataFrame | None, Estimate | None, Estimate | None]:
    """How far calls can be followed to patients and money, in the last span whose outcomes are settled."""
    ripe = opportunities.filter(_.is_mature).opened_at.max().execute()
    if ripe is None or pd.isna(ripe):
        return None, None, None
    end = min(pd.Timestamp(ripe).date() + timedelta(days=1), period.present.end)
    start = max(end - timedelta(days=max(period.present.days, 91)), period.start)
    if start >= end:
        return None, None, None
    span = Days(start=start, end=end)
    stages = call_to_money(opportunities, enquiries, patients, patient_days, days=span)
    rows = []
    for stage, (count, base) in stages.items():
        of = stages[base][0] if base else 0
        share = _share(min(count, of), of, params)
        rows.append([stage, count, *_cells(share), of or count])
    frame = pd.DataFrame(rows, columns=["stage", "count", "share", "share_low", "share_high", "n"])
    firsts = first_visits.filter(_.is_new, _.first_day >= start, _.first_day < end)
    called = firsts.semi_join(credited(opportunities), "patient_id")
    known = _share(int(called.count().execute()), int(firsts.count().execute()), params)
    return frame, _share(stages["carded"][0], stages["booked"][0], params), known


def _share(k: int, n: int, params: ChannelsParams) -> Estimate | None:
    if n <= 0:
        return None
    low, high = (float(bound) for bound in wilson(k, n, params.level))
    return Estimate(k / n, low, high, "share", n, params.level)


# ------------------------------------------------------------------ steps
def _fits(daily: ChannelDays, period: Period, params: ChannelsParams) -> dict[str, saturation.Saturation | None]:
    """A curve for each channel paid for now; None where spend is known by the month only."""
    first = -daily.start.weekday() % 7
    weeks = (period.present.end - daily.start).days - first
    cut = slice(first, first + weeks // 7 * 7)
    now = daily.sums(period.present)
    found: dict[str, saturation.Saturation | None] = {}
    for row, channel in enumerate(daily.channels):
        if channel == NO_SOURCE or not now.spend[channel] > 0:
            continue
        if not daily.is_weekly.get(channel) or weeks < 14:
            found[channel] = None
            continue
        spend, calls = (part[row, cut].reshape(-1, 7).sum(axis=1) for part in (daily.spend, daily.answered))
        found[channel] = saturation.fit(
            spend=spend, calls=calls, level=params.level, least_weeks=params.least_weeks, least_variation=params.least_variation,
        )
    return found


def _next_patient(
    fit: saturation.Saturation | None, row: pd.Series, params: ChannelsParams,
) -> Estimate | None:
    """Cost of the next first patient: average cost over the marginal share of the curve, by joint draws."""
    if fit is None or fit.gate != "fitted" or not (row.spend > 0 and row.came > 0):
        return None
    found = acquisition.marginal_cost(
        spend=row.spend, events=int(row.came), share=fit.share, share_low=fit.share_low, share_high=fit.share_high,
        level=params.level, seed=params.seed,
    )
    return _estimate(found, "currency", fit.weeks, params, "B")


def _estimate(found: acquisition.Bounded | None, unit: Unit, n: int, params: ChannelsParams, grade: Grade = "A") -> Estimate | None:
    if found is None or not np.isfinite([found.value, found.low, found.high]).all():
        return None
    return Estimate(found.value, found.low, found.high, unit, n, params.level, grade)


def _cost(spend: float, events: float, params: ChannelsParams, unit: Unit = "currency") -> Estimate | None:
    return _estimate(acquisition.cost_per_event(spend=spend, events=int(events), level=params.level), unit, int(events), params)


def _cells(estimate: Estimate | None) -> tuple[float, float, float]:
    return (estimate.value, estimate.low, estimate.high) if estimate else (np.nan, np.nan, np.nan)


def _costs(sums: pd.DataFrame, months: float, params: ChannelsParams) -> pd.DataFrame:
    """Counts and costs by channel, paid ones first, the sum of the paid ones last (“total”)."""
    live = sums[(sums.answered > 0) | (sums.spend > 0) | (sums.came > 0)].reset_index()
    live = live.assign(is_free=live.spend <= 0, is_unknown=live.channel == NO_SOURCE)
    live = live.sort_values(["is_free", "is_unknown", "spend", "answered", "channel"], ascending=[True, True, False, False, True])
    paid = live[live.spend > 0]
    if len(paid) > 1:
        live = pd.concat([live, paid[["enquiries", "answered", "came", "spend"]].sum().to_frame().T.assign(channel="total")])
    rows = [
        [row.channel, row.spend / months, row.answered / months, row.came / months,
         *_cells(_cost(row.spend, row.answered, params)), *_cells(_cost(row.spend, row.came, params)), int(row.answered)]
        for row in live.itertuples()
    ]
    return pd.DataFrame(rows, columns=[
        "channel", "spend", "answered", "first_patients", "cost_per_call", "cost_per_call_low", "cost_per_call_high",
        "cost_per_first_patient", "cost_per_first_patient_low", "cost_per_first_patient_high", "n",
    ])


def _channels(
    now: pd.DataFrame, months: float, values: Values | None, fits: Mapping[str, saturation.Saturation | None], params: ChannelsParams,
) -> pd.DataFrame:
    frame = _costs(now, months, params)
    extra = []
    for channel in frame.channel:
        paid = now[now.spend > 0]
        sums = paid.sum() if channel == "total" else now.loc[channel]
        worth = _worth(values, None if channel == "total" else channel, params)
        next_patient = None if channel == "total" else _next_patient(fits.get(channel), sums, params)
        back = None
        if values is not None and worth is not None:
            of = values.all if channel == "total" else values.by_channel[channel]
            back = acquisition.return_on_spend(
                spend=float(sums.spend), patients=int(sums.came), values=of, level=params.level, seed=params.seed,
            )
        extra.append([
            sums.enquiries / months, next_patient.value if next_patient else np.nan, *_cells(worth),
            back.multiple.value if back else np.nan,
            "" if channel == "total" else _advice(channel, sums, back, next_patient, worth, params),
        ])
    more = pd.DataFrame(extra, columns=["enquiries", "next_patient", "value", "value_low", "value_high", "multiple", "advice"], index=frame.index)
    both = pd.concat([frame, more], axis=1)
    return both[[name for measure in ChannelsResult.measures("channels") for name in measure.names]]


def _worth(values: Values | None, channel: str | None, params: ChannelsParams) -> Estimate | None:
    if values is None or (channel is not None and len(values.by_channel.get(channel, ())) < params.fewest_values):
        return None
    of = values.all if channel is None else values.by_channel[channel]
    low, high = mean_interval(of, params.level, params.seed)
    mean = float(of.mean())
    return Estimate(mean, min(low, mean), max(high, mean), "currency", len(of), params.level)


def _advice(
    channel: str, sums: pd.Series, back: acquisition.Return | None, next_patient: Estimate | None, worth: Estimate | None,
    params: ChannelsParams,
) -> str:
    """A status with its word: what the recorded numbers say to do next."""
    if channel == NO_SOURCE:
        return "unclear_source"
    if not sums.spend > 0:
        return "free"
    if sums.answered < params.fewest_calls or back is None:
        return "unclear_few"
    if back.multiple.high < 1:
        return "act_cut"
    if back.multiple.low <= 1:
        return "unclear_pays"
    if next_patient is None or worth is None:
        return "good_keep"
    if next_patient.low > worth.high:
        return "watch_hold"
    return "good_more" if next_patient.high < worth.low else "unclear_next"


def _totals(now: pd.DataFrame, past: pd.DataFrame | None, months: float, period: Period, params: ChannelsParams) -> dict[str, Any]:
    paid = now[now.spend > 0].sum()
    before = past[past.spend > 0].sum() if past is not None else None
    everybody = now.sum()
    n = int(everybody.answered)

    def cost(sums: pd.Series | None, events: str, spend: float | None = None) -> Estimate | None:
        return None if sums is None else _cost(float(sums.spend if spend is None else spend), sums[events], params)

    return {
        "spend": exact(everybody.spend / months, "currency", n) if everybody.spend > 0 else None,
        "spend_before": exact(before.spend / period.past.months, "currency", int(before.answered)) if before is not None and period.past and before.spend > 0 else None,
        "callers": exact(everybody.answered / months, "count", n),
        "first_patients": exact(everybody.came / months, "count", int(everybody.came)),
        "cost_per_call": cost(paid, "answered"), "cost_per_call_before": cost(before, "answered"),
        "cost_per_first_patient": cost(paid, "came"), "cost_per_first_patient_before": cost(before, "came"),
        "blended_cost_per_call": cost(everybody, "answered"), "blended_cost_per_first_patient": cost(everybody, "came"),
        "paid_patients_share": _share(int(paid.came), int(everybody.came), params) if everybody.spend > 0 else None,
        "without_source": _share(int(now.answered.get(NO_SOURCE, 0)), n, params),
    }


def _value_facts(values: Values | None, now: pd.DataFrame, params: ChannelsParams) -> dict[str, Any]:
    facts: dict[str, Any] = {"value": _worth(values, None, params), "value_days": values.days if values else None, "romi": None}
    paid = now[now.spend > 0]
    if values is not None and len(paid):
        known = [values.by_channel[name] for name in paid.index if name in values.by_channel]
        of = np.concatenate(known) if known else np.array([])
        back = acquisition.return_on_spend(
            spend=float(paid.spend.sum()), patients=int(paid.came.sum()), values=of, level=params.level, seed=params.seed,
        )
        facts["romi"] = _estimate(back.romi, "share", int(paid.came.sum()), params) if back else None
    return facts


def _factors(
    daily: ChannelDays, site_traffic: Table | None, now: pd.DataFrame, past: pd.DataFrame | None, period: Period, params: ChannelsParams,
) -> tuple[str, dict[str, acquisition.Factor]] | None:
    """The change of the followed channel as a product: its name and factors."""
    if site_traffic is None or past is None or period.past is None:
        return None
    counted = site_traffic if params.home_region is None else site_traffic.filter(_.region == params.home_region)
    sides = {"now": (now, period.present), "before": (past, period.past)}
    visitors = {
        side: counted.filter(_.from_day >= days.start, _.to_day < days.end).group_by("channel")
        .aggregate(visitors=_.visitors.sum()).order_by("channel").to_pandas().set_index("channel").visitors
        for side, (_sums, days) in sides.items()
    }
    names = [
        name for name in daily.channels
        if all(sums.spend[name] > 0 and sums.answered[name] > 0 and visitors[side].get(name, 0) > 0 for side, (sums, _days) in sides.items())
    ]
    if not names:
        return None
    channel = params.followed if params.followed in names else max(names, key=lambda name: now.answered[name])
    totals = {
        side: acquisition.Totals(
            visitors=float(visitors[side][channel]), answered=int(sums.answered[channel]), came=int(sums.came[channel]),
            spend=float(sums.spend[channel]), months=days.months,
        )
        for side, (sums, days) in sides.items()
    }
    return channel, acquisition.product(**totals, level=params.level, seed=params.seed)


def _factor_table(factors: Mapping[str, acquisition.Factor]) -> pd.DataFrame:
    rows = [[name, part.before, part.now, part.times.value, part.times.low, part.times.high] for name, part in factors.items()]
    return pd.DataFrame(rows, columns=["factor", "before", "now", "times", "times_low", "times_high"])


def _factor_facts(found: tuple[str, dict[str, acquisition.Factor]] | None, now: pd.DataFrame, params: ChannelsParams) -> dict[str, Any]:
    names = {"visitors_times": "visitors", "conversion_times": "conversion", "calls_times": "calls"}
    fell = {"cost_per_call_fell": "cost_per_call", "cost_per_patient_fell": "cost_per_first_patient"}
    facts: dict[str, Any] = dict.fromkeys(("followed", *names, *fell))
    if found is None:
        return facts
    channel, factors = found
    n = int(now.answered[channel])
    for field, name in names.items():
        facts[field] = _estimate(factors[name].times if name in factors else None, "ratio", n, params)
    for field, name in fell.items():
        times = factors[name].times if name in factors else None
        upside_down = acquisition.Bounded(1 / times.value, 1 / times.high, 1 / times.low) if times else None
        facts[field] = _estimate(upside_down, "ratio", n, params)
    return facts | {"followed": channel}


def _saturated(
    channels: pd.DataFrame, fits: Mapping[str, saturation.Saturation | None], now: pd.DataFrame, params: ChannelsParams,
) -> dict[str, Any]:
    """The channel with a curve whose next patient is dearest against its average one."""
    fitted = {name: fit for name, fit in fits.items() if fit is not None and fit.gate == "fitted" and now.came.get(name, 0) > 0}
    if not fitted:
        return dict.fromkeys(("saturated", "next_patient", "average_patient"))
    channel = min(fitted, key=lambda name: (fitted[name].share, name))
    row = now.loc[channel]
    return {"saturated": channel, "next_patient": _next_patient(fitted[channel], row, params),
            "average_patient": _cost(row.spend, row.came, params)}


def _trials(daily: ChannelDays, period: Period, params: ChannelsParams) -> pd.DataFrame | None:
    """Channels that were paid for and brought too few callers to judge: the whole and, month by month, the parts."""
    whole = daily.sums(Days(start=period.start, end=period.end))
    rows = []
    for row, channel in enumerate(daily.channels):
        spent = np.flatnonzero(daily.spend[row])
        if channel == NO_SOURCE or not spent.size or whole.answered[channel] >= params.fewest_calls:
            continue
        first, last = (daily.start + timedelta(days=int(spent[side])) for side in (0, -1))
        spans = [Days(start=first, end=last + timedelta(days=1)), *_months_between(first, last)]
        for span in spans if len(spans) > 2 else spans[:1]:
            sums = daily.sums(span).loc[channel]
            rows.append([channel, span.start, span.end - timedelta(days=1), sums.spend, sums.answered,
                         *_cells(_cost(sums.spend, sums.answered, params)), *_cells(_cost(sums.spend, sums.came, params))])
    names = [name for measure in ChannelsResult.measures("trials") for name in measure.names]
    return pd.DataFrame(rows, columns=names) if rows else None


def _months_between(first: date, last: date) -> list[Days]:
    starts = pd.date_range(first.replace(day=1), last, freq="MS")
    return [Days(start=start.date(), end=(start + pd.offsets.MonthBegin()).date()) for start in starts]


def _trial_facts(trials: pd.DataFrame | None, params: ChannelsParams) -> dict[str, Any]:
    facts: dict[str, Any] = dict.fromkeys(
        ("trial", "trial_cost_per_call", "trial_cost_per_patient", "trial_last_cost_per_patient"))
    if trials is None:
        return facts
    channel = trials.channel.iloc[int(np.argmax(trials.spend))]
    mine = trials[trials.channel == channel]

    def told(row: pd.Series, name: str) -> Estimate | None:
        value, low, high = (row[f"{name}{side}"] for side in ("", "_low", "_high"))
        return Estimate(value, low, high, "currency", int(row.answered), params.level, "C") if np.isfinite([value, low, high]).all() else None

    whole, last = mine.iloc[0], mine.iloc[-1]
    return {"trial": channel, "trial_cost_per_call": told(whole, "cost_per_call"),
            "trial_cost_per_patient": told(whole, "cost_per_first_patient"),
            "trial_last_cost_per_patient": told(last, "cost_per_first_patient") if len(mine) > 1 else None}


def _curves(fits: Mapping[str, saturation.Saturation | None], now: pd.DataFrame, params: ChannelsParams) -> pd.DataFrame | None:
    """The fitted curves, a month: the band holds the shape's uncertainty and that of today's count."""
    parts = []
    for channel, fit in fits.items():
        if fit is None or fit.gate != "fitted":
            continue
        spend = np.linspace(0, 2 * fit.spend, 41)
        lines = np.sort([fit.calls(spend, half) for half in (max(fit.half_low, 1e-6), fit.half_high)], axis=0)
        around = np.array(poisson_rate(now.answered[channel], now.answered[channel], params.level))
        lines = lines * around[:, None]
        middle = fit.calls(spend)
        parts.append(pd.DataFrame({
            "channel": channel, "spend": spend * WEEKS_PER_MONTH, "calls": middle * WEEKS_PER_MONTH,
            "calls_low": np.minimum(lines[0], middle) * WEEKS_PER_MONTH, "calls_high": np.maximum(lines[1], middle) * WEEKS_PER_MONTH,
        }))
    return pd.concat(parts, ignore_index=True) if parts else None


def _months(daily: ChannelDays, period: Period) -> pd.DataFrame:
    """The last twelve whole months of each channel."""
    months = [m for m in _months_between(period.start, period.present.end - timedelta(days=1))
              if m.start >= period.start and m.end <= period.present.end][-12:]
    parts = [daily.sums(month).reset_index().assign(month=month.start) for month in months]
    names = ["channel", "month", "spend", "answered", "came"]
    frame = pd.concat(parts, ignore_index=True)[names] if parts else pd.DataFrame({name: [] for name in names})
    return frame.rename(columns={"came": "first_patients"}).sort_values(["channel", "month"], ignore_index=True)


# ------------------------------------------------------------------ what is said
def _says(facts: Mapping[str, Any], channels: pd.DataFrame) -> dict[str, Sentence]:
    cost, before = facts["cost_per_first_patient"], facts["cost_per_first_patient_before"]
    advice = channels[channels.channel != "total"].set_index("channel").advice
    losing = [name for name, code in advice.items() if code == "act_cut"]
    held = [name for name, code in advice.items() if code == "watch_hold"]
    title = "plain" if cost is not None else "calls_only" if facts["cost_per_call"] is not None else "no_spend"
    if cost is not None and before is not None:
        title = "cheaper" if cost.high < before.low else "dearer" if cost.low > before.high else "plain"
    if cost is not None and held:
        title = "saturated"
    if cost is not None and losing:
        title = "losing"
    words = {"worst": losing[0] if losing else held[0] if held else None}
    if facts["without_source"].value > 0.2:
        title = "unknown"
    decide = "losing" if losing else "held" if held else "keep" if cost is not None else "record"
    return {
        "title": Sentence(title, words), "notes.decide": Sentence(decide, words),
        "lede": Sentence("costs" if cost is not None else "no_spend"),
        "notes.care": Sentence("curve" if facts["saturated"] else "average"),
        "figures.saturation_curves.title": Sentence("curve" if facts["saturated"] else "average"),
    }


def _findings(
    facts: Mapping[str, Any], channels: pd.DataFrame, price: PriceResult | None, params: ChannelsParams,
) -> tuple[Finding, ...]:
    found = []
    if facts["next_patient"] is not None and facts["average_patient"] is not None:
        found.append(Finding("next_dearer", "caveat"))
    if facts["calls_times"] is not None and facts["cost_per_call_fell"] is not None:
        fell = facts["cost_per_call_fell"]
        kind: Kind = "strength" if fell.low > 1 else "risk" if fell.high < 1 else "caveat"
        found.append(Finding("taken_apart", kind))
    if price is not None and price.cost_per_extra_patient is not None:
        paid = channels[(channels.channel != "total") & channels.cost_per_first_patient.notna()]
        by_price = price.cost_per_extra_patient
        dearer, cheaper = (
            ", ".join(paid.channel[mask]) or None
            for mask in (paid.cost_per_first_patient_high < by_price.low, paid.cost_per_first_patient_low > by_price.high)
        )
        found.append(Finding("by_price", "caveat", {"by_price": by_price, "dearer_than": dearer, "cheaper_than": cheaper}))
    if facts["trial"] is not None and facts["trial_cost_per_call"] is not None:
        found.append(Finding("trial", "caveat"))
    for claim in params.claims:
        said = acquisition.Claim(claim.calls, claim.first_patients, claim.cost_per_call, claim.cost_per_first_patient)
        if not said.agrees():
            found.append(Finding("claim", "risk", {
                "who": claim.channel, "calls": claim.calls, "patients": claim.first_patients,
                "per_call": exact(claim.cost_per_call, "currency", claim.calls),
                "per_patient": exact(claim.cost_per_first_patient, "currency", claim.first_patients),
                "by_calls": exact(said.spend_by_calls, "currency", claim.calls),
                "by_patients": exact(said.spend_by_patients, "currency", claim.first_patients),
            }))
    if facts["romi"] is not None:
        romi = facts["romi"]
        found.append(Finding("pays", "strength") if romi.low > 0 else Finding("loses" if romi.high < 0 else "may_pay", "risk"))
    free = channels[(channels.advice == "free") & channels.first_patients.notna()]
    if len(free) and facts["paid_patients_share"] is not None:
        found.append(Finding("free", "strength", {"free_share": facts["paid_patients_share"]}))
    if facts["without_source"].value > params.most_without_source:
        found.append(Finding("unknown", "risk"))
    return tuple(found)


def _gaps(
    facts: Mapping[str, Any], ad_spend: Table | None, site_traffic: Table | None, values: Values | None,
) -> tuple[Finding, ...]:
    gaps = []
    if facts["spend"] is None:
        gaps.append(Finding("no_spend", "not_answered"))
    elif facts["cost_per_first_patient"] is None and facts["cost_per_call"] is not None:
        gaps.append(Finding("no_join", "not_answered"))
    elif facts["saturated"] is None:
        gaps.append(Finding("no_curve", "not_answered"))
    if site_traffic is None or facts["followed"] is None:
        gaps.append(Finding("no_traffic", "not_answered"))
    if values is None:
        gaps.append(Finding("no_money", "not_answered"))
    return tuple(gaps)


# ------------------------------------------------------------------ figures
def saturation_curves(result: ChannelsResult, labels: Labels) -> Figure | None:
    """First the channels with a curve, then averages: answered callers a month by spend, one panel per paid channel."""
    rows = result.channels[(result.channels.spend > 0) & (result.channels.channel != "total") & (result.channels.answered > 0)]
    if rows.empty:
        return None
    fitted = set() if result.curves is None else set(result.curves.channel)
    rows = rows.assign(is_average=~rows.channel.isin(fitted)).sort_values(["is_average", "spend"], ascending=[True, False])
    panels = [_panel(row, result, labels) for row in rows.itertuples()]
    return multiples(
        panels, number_x=lambda v: labels.number(v, "currency"), number_y=lambda v: labels.number(v, "count"),
        words_x=labels["x"], height=48,
    )


def _panel(row: Any, result: ChannelsResult, labels: Labels) -> Panel:
    seen = result.months[(result.months.channel == row.channel) & (result.months.spend > 0)]
    today, line = (row.spend, row.answered), None
    if not row.is_average and result.curves is not None:
        curve = result.curves[result.curves.channel == row.channel]
        at = int(np.argmin(np.abs(curve.spend - row.spend)))
        slope = np.gradient(curve.calls.to_numpy(), curve.spend.to_numpy())[at]
        line = Line(curve.spend, curve.calls, curve.calls_low, curve.calls_high, float(slope))
    words = labels["average"] if np.isnan(row.cost_per_first_patient) else labels.text(
        "average_cost" if row.is_average or np.isnan(row.next_patient) else "next_cost",
        cost=labels.number(row.cost_per_first_patient if row.is_average or np.isnan(row.next_patient) else row.next_patient, "currency"),
    )
    return Panel(
        name=labels.value("channel", row.channel), words=words, x=seen.spend, y=seen.answered, today=today, line=line,
        accent=str(row.advice).startswith(("act", "watch")) or row.channel == result.saturated,
    )
