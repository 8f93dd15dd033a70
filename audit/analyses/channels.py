"""Channels: where new patients come from, what each step costs, and what a patient brings back.

Question   What does a patient cost in each channel, and does it pay?
Method     Recorded attribution (the tracker's channel of the first contact). Cost = known spend over a Poisson
           count, exact interval (Garwood 1936); value at an equal horizon; return and payback day by joint draws of
           count and value; a saturating curve only where weeks of unlike spend allow one, else the average alone.
           Where the tracker changed its rule between the periods only sums over all channels are compared.
Reads      opportunities; spend, site traffic, money and the load of rooms if there are any.
Cannot say What a channel adds beyond what would have come anyway: recorded is not caused. Only pauses or
           tests show that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from ibis.expr.types import Table
from matplotlib.figure import Figure
from numpy.typing import NDArray
from pydantic import Field

from audit.analyses.capacity import CapacityResult
from audit.analyses.clv import ClvResult
from audit.config import Params, Period, calendar_months
from audit.errors import NotAnswerable
from audit.models import acquisition, saturation
from audit.models.bootstrap import mean_interval
from audit.models.proportions import poisson_rate, wilson
from audit.plots.dots import dots
from audit.results import Estimate, Finding, Grade, Measure, Result, Sentence, exact, table
from audit.results.disclosure import is_small
from audit.tables.attribution_rules import rule_change, rule_of
from audit.tables.channel_days import NO_SOURCE, ChannelDays, channel_days
from audit.tables.channel_values import ChannelValues, channel_values
from audit.tables.columns import Unit
from audit.tables.site_visitors import site_visitors
from audit.wording import Labels

Array = NDArray[np.float64]
FIGURES = ("costs",)
WEEKS_PER_MONTH = 365.25 / 12 / 7
STEPS = ("impressions", "visitors", "enquiries", "answered", "booked", "came")
"""From being shown to being seen by a doctor: each step is divided by the one before it that is known."""


class ChannelsParams(Params):
    """Settings of the channels."""

    value_days: int = Field(365, ge=30, description="days over which a first patient's money is counted")
    fewest_calls: int = Field(30, ge=5, description="answered callers below which a channel is not judged")
    fewest_values: int = Field(30, ge=10, description="patients a channel's value must rest on")
    most_without_source: float = Field(0.20, gt=0, lt=1, description="share without a source above which nothing is ranked")
    most_without_number: float = Field(0.20, gt=0, lt=1, description="share without a telephone number above which nothing is ranked")
    rule_changed_on: tuple[date, ...] = Field(
        (), description="days from which call tracking chose channels by another rule, where no export says so")
    laddered: str | None = Field(None, description="channel shown step by step; the one with most known steps if empty")
    paid_by_result: tuple[str, ...] = Field(
        ("aggregators", "aggregators / portals", "portals"), description="channels paid by the booking: their spend follows demand")
    least_weeks: int = Field(26, ge=13, description="weeks with spend a saturation curve needs")
    least_variation: float = Field(0.20, gt=0, description="variation of weekly spend a saturation curve needs")


@dataclass(frozen=True, kw_only=True)
class ChannelsResult(Result):
    """Recorded costs. Counts and money are per month of the period; a caller is one answered opportunity.

    First patients are counted in the month of the first visit. The paid costs divide the spend of all paid
    channels by what is recorded under them, the blended ones by everybody. ``saturated`` is the channel with
    a fitted curve whose next patient costs most against its average. ``payback_days`` is the day after the
    first visit at which patients of paid channels have brought what one cost. ``curves`` are of answered callers.
    ``rule`` is how the tracker chose channels in the present days; ``rule_changed_on`` the day before which it did so
    otherwise, if that day lies between the periods compared (``curves_changed_on``: in the weeks of the curves): what is recorded under single channels, or under all
    paid ones, is then not alike on both sides; sums over everybody are. ``over_clicks`` are channels with more
    visitors recorded than clicks paid.
    """

    cost_per_call: Estimate | None
    cost_per_call_before: Estimate | None
    cost_per_first_patient: Estimate | None
    cost_per_first_patient_before: Estimate | None
    blended_cost_per_call: Estimate | None
    blended_cost_per_call_before: Estimate | None
    blended_cost_per_first_patient: Estimate | None
    blended_cost_per_first_patient_before: Estimate | None
    spend: Estimate | None
    spend_before: Estimate | None
    callers: Estimate
    callers_before: Estimate | None
    first_patients: Estimate
    first_patients_before: Estimate | None
    paid_patients_share: Estimate | None
    without_source: Estimate
    without_number: Estimate
    rule: str | None
    rule_before: str | None
    rule_changed_on: date | None
    curves_changed_on: date | None
    over_clicks: str | None
    value: Estimate | None
    value_days: int | None
    romi: Estimate | None
    multiple: Estimate | None
    payback_days: Estimate | None
    laddered: str | None
    saturated: str | None
    next_patient: Estimate | None
    average_patient: Estimate | None
    channels: pd.DataFrame = table(
        Measure("channel", "label"), Measure("spend", "currency"), Measure("enquiries", "count", shown=False),
        Measure("answered", "count"), Measure("unnumbered", "count", shown=False), Measure("booked", "count", shown=False),
        Measure("first_patients", "count", people=True), Measure("cost_per_call", "currency", interval=True),
        Measure("cost_per_first_patient", "currency", interval=True),
        Measure("next_patient", "currency", interval=True, shown=False), Measure("value", "currency", interval=True, shown=False),
        Measure("multiple", "ratio", interval=True), Measure("romi", "share", interval=True, shown=False),
        Measure("payback", "days", interval=True), Measure("advice", "status"), Measure("is_paid_by_result", "flag", shown=False),
        Measure("n", "count", shown=False),
    )
    before: pd.DataFrame | None = table(
        Measure("channel", "label"), Measure("spend", "currency"), Measure("answered", "count"), Measure("booked", "count"),
        Measure("first_patients", "count", people=True), Measure("cost_per_call", "currency", interval=True),
        Measure("cost_per_first_patient", "currency", interval=True), Measure("n", "count", shown=False),
    )
    ladder: pd.DataFrame = table(
        Measure("channel", "label"), Measure("spend", "currency"), *(Measure(step, "count", people=step == "came") for step in STEPS),
        Measure("value", "currency"),
    )
    steps: pd.DataFrame | None = table(
        Measure("step", "label"), Measure("count", "count"), Measure("rate", "share", interval=True),
        Measure("cost", "currency", interval=True), Measure("n", "count", shown=False),
    )
    curves: pd.DataFrame | None = table(
        Measure("channel", "label"), Measure("spend", "currency"), Measure("calls", "count", interval=True),
    )
    months: pd.DataFrame = table(
        Measure("channel", "label"), Measure("month", "date"), Measure("spend", "currency"), Measure("answered", "count"),
        Measure("first_patients", "count", people=True),
    )


def analyse(
    opportunities: Table, first_visits: Table, patient_days: Table | None, ad_spend: Table | None, site_traffic: Table | None,
    clv: ClvResult | None, capacity: CapacityResult | None, *, period: Period, params: ChannelsParams,
) -> ChannelsResult:
    """The ladder from spend to value by recorded channel, what each step costs, and what comes back."""
    daily = channel_days(opportunities, ad_spend, period)
    now, past = daily.sums(period.present), daily.sums(period.past) if period.past else None
    if not now.answered.sum() > 0:
        raise NotAnswerable("no_callers", verdict="not_enough_data")
    if set(now.index[now.answered > 0]) == {NO_SOURCE}:
        raise NotAnswerable("no_channels")
    values = None if patient_days is None else channel_values(
        opportunities, first_visits, patient_days, horizons=tuple(sorted({params.value_days, 180, 90}, reverse=True)),
        fewest=params.fewest_values, end=period.end, may_be_margin=clv is None or clv.margin_365 is not None,
    )
    fits = _fits(daily, period, params)
    months = period.present.months
    channels = _channels(now, months, values, fits, params)
    if capacity is not None and capacity.room_load is not None and capacity.room_load.value > capacity.ceiling.value:
        # more patients do not fit: a channel that could bring them is kept, not extended
        channels["advice"] = channels.advice.replace("good_more", "good_keep")
    ladder = _ladder(now, channels, site_visitors(site_traffic, period.present, "channel") if site_traffic is not None else None, months)
    steps, laddered = _steps(ladder, months, params)
    facts = {
        **_totals(now, past, months, period, params), **_value_facts(values, now, params), **_saturated(channels, fits, now, params),
        "laddered": laddered, **_rule(opportunities, period, params), "over_clicks": _over_clicks(now, ladder, months),
    }
    facts = _graded(facts)
    if not _is_ranked(facts, params):
        channels["advice"] = channels.advice.where(~(channels.spend > 0) | (channels.channel == "total"), "unclear_record")
    return ChannelsResult(
        grade="A" if _is_ranked(facts, params) else "C", says=_says(facts, channels, ad_spend is not None, params),
        findings=(*_findings(facts, channels, params), *_gaps(facts, now, values, ad_spend is not None, joined=float(daily.came.sum()), params=params)),
        headline="cost_per_first_patient" if facts["cost_per_first_patient"] else None,
        channels=channels, before=_costs(past, period.past.months, params) if past is not None and period.past and past.answered.sum() > 0 else None,
        ladder=ladder, steps=steps, curves=_curves(fits, now, params), months=_months(daily, period), **facts,
    )


# ------------------------------------------------------------------ how channels were recorded
def _rule(opportunities: Table, period: Period, params: ChannelsParams) -> dict[str, Any]:
    """The rule of the present days, and the change of rule that a comparison with the past would cross."""
    now, start = period.present, (period.past or period.present).start
    change = rule_change(opportunities, after=start, until=now.end, declared=params.rule_changed_on)
    ever = rule_change(opportunities, after=period.start, until=now.end, declared=params.rule_changed_on)
    return {
        "curves_changed_on": ever.on if ever else None,
        "rule": rule_of(opportunities, now.start, now.end), "rule_before": change.before if change else None,
        "rule_changed_on": change.on if change else None,
    }


def _graded(facts: dict[str, Any]) -> dict[str, Any]:
    """What was recorded by another rule keeps its number, not its grade; sums over all channels depend on no rule."""
    crossing = [*(("cost_per_call_before", "cost_per_first_patient_before") if facts["rule_changed_on"] else ()),
                *(("next_patient",) if facts["curves_changed_on"] else ())]
    return facts | {name: replace(facts[name], grade="C") for name in crossing if facts[name] is not None}


def _is_ranked(facts: Mapping[str, Any], params: ChannelsParams) -> bool:
    """Enough callers have a source and a telephone number for costs of channels to be compared."""
    return bool(facts["without_source"].value <= params.most_without_source and facts["without_number"].value <= params.most_without_number)


def _over_clicks(now: pd.DataFrame, ladder: pd.DataFrame, months: float) -> str | None:
    """Channels with more visitors of the site than clicks paid: their traffic holds visits nobody paid for, or clicks are missing."""
    clicks = now.clicks.reindex(ladder.channel).to_numpy() / months
    over = ladder.channel[(clicks > 0) & (ladder.visitors.to_numpy() > 1.05 * clicks)]
    return ", ".join(over) or None


# ------------------------------------------------------------------ steps
def _share(k: int, n: int, params: ChannelsParams) -> Estimate | None:
    if n <= 0:
        return None
    low, high = (float(bound) for bound in wilson(k, n, params.level))
    return Estimate(k / n, low, high, "share", n, params.level)


def _fits(daily: ChannelDays, period: Period, params: ChannelsParams) -> dict[str, saturation.Saturation | None]:
    """A curve for each channel paid for now; None where spend is known by the month only or follows demand."""
    _monday, weeks = daily.weeks(period.present.end)
    now = daily.sums(period.present)
    found: dict[str, saturation.Saturation | None] = {}
    for row, channel in enumerate(daily.channels):
        if channel == NO_SOURCE or not now.spend[channel] > 0:
            continue
        found[channel] = saturation.fit(
            spend=weeks["spend"][row], calls=weeks["answered"][row], level=params.level, least_weeks=params.least_weeks,
            least_variation=params.least_variation,
        ) if daily.is_weekly.get(channel) and channel not in params.paid_by_result and weeks["spend"].shape[1] >= 14 else None
    return found


def _ladder(now: pd.DataFrame, channels: pd.DataFrame, visitors: pd.Series | None, months: float) -> pd.DataFrame:
    """A month of each channel, from money to money; steps nobody recorded are missing."""
    worth = channels.set_index("channel").value
    rows = []
    for name in channels.channel[channels.channel != "total"]:
        sums = now.loc[name]
        seen = float(visitors.get(name, np.nan)) if visitors is not None else np.nan
        shown = sums.impressions if sums.impressions > 0 else np.nan
        counts = np.array([sums.spend, shown, seen, sums.enquiries, sums.answered, sums.booked, sums.came]) / months
        rows.append([name, *counts, counts[-1] * worth[name]])
    return pd.DataFrame(rows, columns=[name for measure in ChannelsResult.measures("ladder") for name in measure.names])


def _steps(ladder: pd.DataFrame, months: float, params: ChannelsParams) -> tuple[pd.DataFrame | None, str | None]:
    """One channel step by step: the rates multiply to first patients per first known step, costs divide one spend."""
    known = ladder[ladder.spend > 0].set_index("channel")
    if known.empty:
        return None, None
    deep = known[list(STEPS)].gt(0).sum(axis=1) + known.spend / known.spend.sum()
    channel = params.laddered if params.laddered in known.index else str(deep.idxmax())
    row, rows, above = known.loc[channel], [], np.nan
    for step in STEPS:
        count = float(row[step]) * months
        if not count > 0 or (step == "came" and is_small(count)):
            continue
        # people answered are some of those who called; a booking leads to a visit in another month
        interval = wilson if step in ("answered", "booked") else poisson_rate
        rate = (count / above, *interval(count, above, params.level)) if above > 0 else 3 * (np.nan,)
        rows.append([step, count / months, *rate, *_cells(_cost(row.spend * months, round(count), params)), round(count)])
        above = count
    return pd.DataFrame(rows, columns=[name for measure in ChannelsResult.measures("steps") for name in measure.names]), channel


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


def _cost(spend: float, events: float, params: ChannelsParams, **bounds: float) -> Estimate | None:
    found = acquisition.cost_per_event(spend=spend, events=int(events), level=params.level, **bounds)
    return _estimate(found, "currency", int(events), params)


def _call_cost(sums: pd.Series, params: ChannelsParams) -> Estimate | None:
    """Cost of an answered caller; callers without a number may be fewer people than calls."""
    return _cost(sums.spend, sums.answered, params, least=sums.least_answered)


def _patient_cost(sums: pd.Series, params: ChannelsParams) -> Estimate | None:
    """Cost of a first patient; callers without a number may have come too."""
    return _cost(sums.spend, sums.came, params, most=sums.most_came)


def _cells(estimate: Estimate | None) -> tuple[float, float, float]:
    return (estimate.value, estimate.low, estimate.high) if estimate else (np.nan, np.nan, np.nan)


def _costs(sums: pd.DataFrame, months: float, params: ChannelsParams) -> pd.DataFrame:
    """Counts and costs by channel, paid ones first, the sum of the paid ones last (“total”)."""
    live = sums[(sums.answered > 0) | (sums.spend > 0) | (sums.came > 0)].reset_index()
    live = live.assign(is_free=live.spend <= 0, is_unknown=live.channel == NO_SOURCE)
    live = live.sort_values(["is_free", "is_unknown", "spend", "answered", "channel"], ascending=[True, True, False, False, True])
    paid = live[live.spend > 0]
    if len(paid) > 1:
        live = pd.concat([live, paid[list(sums.columns)].sum().to_frame().T.assign(channel="total")])
    rows = [
        [row.channel, row.spend / months, row.answered / months, row.booked / months, row.came / months,
         *_cells(_call_cost(row, params)), *_cells(_patient_cost(row, params)), int(row.answered)]
        for row in live.itertuples()
    ]
    return pd.DataFrame(rows, columns=[
        "channel", "spend", "answered", "booked", "first_patients", "cost_per_call", "cost_per_call_low", "cost_per_call_high",
        "cost_per_first_patient", "cost_per_first_patient_low", "cost_per_first_patient_high", "n",
    ])


def _channels(
    now: pd.DataFrame, months: float, values: ChannelValues | None, fits: Mapping[str, saturation.Saturation | None], params: ChannelsParams,
) -> pd.DataFrame:
    frame = _costs(now, months, params)
    extra = []
    for channel in frame.channel:
        is_total = channel == "total"
        paid = list(now.index[now.spend > 0])
        sums = now.loc[paid].sum() if is_total else now.loc[channel]
        of = None if values is None else values.of(paid if is_total else [channel])
        worth = _worth(of, params)
        next_patient = None if is_total else _next_patient(fits.get(channel), sums, params)
        back = acquisition.return_on_spend(
            spend=float(sums.spend), patients=int(sums.came), values=of[:, -1], level=params.level, seed=params.seed, most=sums.most_came,
        ) if of is not None and worth is not None else None
        payback = _payback(of, values, sums, params) if back else None
        extra.append([
            sums.enquiries / months, sums.unnumbered / months, *_cells(next_patient), *_cells(worth), *_bounds(back.multiple if back else None),
            *_bounds(back.romi if back else None), *_cells(payback),
            "" if is_total else _advice(channel, sums, back, next_patient, worth, params), channel in params.paid_by_result,
        ])
    names = [name for measure in ChannelsResult.measures("channels") for name in measure.names]
    more = [name for name in names if name not in frame]
    return pd.concat([frame, pd.DataFrame(extra, columns=more, index=frame.index)], axis=1)[names]


def _worth(of: Array | None, params: ChannelsParams) -> Estimate | None:
    if of is None or len(of) < params.fewest_values:
        return None
    low, high = mean_interval(of[:, -1], params.level, params.seed)
    mean = float(of[:, -1].mean())
    return Estimate(mean, min(low, mean), max(high, mean), "currency", len(of), params.level)


def _payback(of: Array | None, values: ChannelValues | None, sums: pd.Series, params: ChannelsParams) -> Estimate | None:
    """The day at which a patient has brought what one cost; None of few callers or where it may lie beyond the horizon."""
    if of is None or values is None or sums.answered < params.fewest_calls:
        return None
    found = acquisition.payback_day(
        curves=of, steps=values.steps, spend=float(sums.spend), patients=int(sums.came), level=params.level, seed=params.seed,
    )
    return _estimate(found, "days", int(sums.came), params)


def _bounds(found: acquisition.Bounded | None) -> tuple[float, float, float]:
    return (found.value, found.low, found.high) if found else (np.nan, np.nan, np.nan)


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

    all_before = past.sum() if past is not None else None

    def call(sums: pd.Series | None) -> Estimate | None:
        return None if sums is None else _call_cost(sums, params)

    def patient(sums: pd.Series | None) -> Estimate | None:
        # the spend stands beside it: of a few patients their count could be computed
        return None if sums is None or is_small(sums.came) else _patient_cost(sums, params)

    def monthly(sums: pd.Series | None, of: str) -> Estimate | None:
        return exact(sums[of] / period.past.months, "count", int(sums[of])) if sums is not None and period.past else None

    return {
        "spend": exact(everybody.spend / months, "currency", n) if everybody.spend > 0 else None,
        "spend_before": exact(before.spend / period.past.months, "currency", int(before.answered)) if before is not None and period.past and before.spend > 0 else None,
        "callers": exact(everybody.answered / months, "count", n),
        "first_patients": exact(everybody.came / months, "count", int(everybody.came)),
        "callers_before": monthly(all_before, "answered"), "first_patients_before": monthly(all_before, "came"),
        "cost_per_call": call(paid), "cost_per_call_before": call(before),
        "cost_per_first_patient": patient(paid), "cost_per_first_patient_before": patient(before),
        "blended_cost_per_call": call(everybody), "blended_cost_per_call_before": call(all_before),
        "blended_cost_per_first_patient": patient(everybody), "blended_cost_per_first_patient_before": patient(all_before),
        "paid_patients_share": _share(int(paid.came), int(everybody.came), params) if everybody.spend > 0 else None,
        "without_source": _share(int(now.answered.get(NO_SOURCE, 0)), n, params),
        "without_number": _share(int(everybody.unnumbered), n, params),
    }


def _value_facts(values: ChannelValues | None, now: pd.DataFrame, params: ChannelsParams) -> dict[str, Any]:
    facts: dict[str, Any] = dict.fromkeys(("value", "value_days", "romi", "multiple", "payback_days"))
    if values is None:
        return facts
    paid = now[now.spend > 0]
    of, n = values.of(list(paid.index)), int(paid.came.sum())
    facts |= {"value": _worth(values.of(), params), "value_days": values.days}
    back = acquisition.return_on_spend(
        spend=float(paid.spend.sum()), patients=n, values=of[:, -1], level=params.level, seed=params.seed, most=float(paid.most_came.sum()),
    )
    if back is not None:
        facts |= {"romi": _estimate(back.romi, "share", n, params), "multiple": _estimate(back.multiple, "ratio", n, params),
                  "payback_days": _payback(of, values, paid.sum(), params)}
    return facts


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
            "average_patient": _patient_cost(row, params)}


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
    months = [m for m in calendar_months(period.start, period.present.end - timedelta(days=1))
              if m.start >= period.start and m.end <= period.present.end][-12:]
    parts = [daily.sums(month).reset_index().assign(month=month.start) for month in months]
    names = ["channel", "month", "spend", "answered", "came"]
    frame = pd.concat(parts, ignore_index=True)[names] if parts else pd.DataFrame({name: [] for name in names})
    return frame.rename(columns={"came": "first_patients"}).sort_values(["channel", "month"], ignore_index=True)


# ------------------------------------------------------------------ what is said
def _says(facts: Mapping[str, Any], channels: pd.DataFrame, is_given: bool, params: ChannelsParams) -> dict[str, Sentence]:
    cost, advice = facts["cost_per_first_patient"], channels[channels.channel != "total"].set_index("channel").advice
    losing, held = ([name for name, code in advice.items() if code == status] for status in ("act_cut", "watch_hold"))
    paid = channels.channel[(channels.spend > 0) & (channels.channel != "total")]
    words = {"worst": losing[0] if losing else held[0] if held else None, "only": paid.iloc[0] if len(paid) == 1 else None}
    decide = "record" if facts["spend"] is None else "losing" if losing else "held" if held else "one" if words["only"] else "keep"
    if facts["spend"] is None and is_given:
        decide = "zero"
    title = "losing" if cost is not None and losing else "saturated" if cost is not None and held else _change(facts)
    if not _is_ranked(facts, params):
        title = decide = "unknown" if facts["without_source"].value > params.most_without_source else "numberless"
    return {
        "title": Sentence(title, words), "notes.decide": Sentence(decide, words),
        "lede": Sentence("costs" if cost is not None else "calls" if facts["cost_per_call"] is not None else "no_spend"),
    }


def _change(facts: Mapping[str, Any]) -> str:
    """What a first patient costs against before: of paid channels, or of all where paid ones were recorded by another rule."""
    if facts["cost_per_first_patient"] is None:
        return "calls_only" if facts["cost_per_call"] is not None else "no_spend"
    crossed = facts["rule_changed_on"] is not None
    cost, before = (facts[("blended_" if crossed else "") + f"cost_per_first_patient{side}"] for side in ("", "_before"))
    if cost is None or before is None or (cost.high >= before.low and cost.low <= before.high):
        return "plain"
    return ("cheaper" if cost.high < before.low else "dearer") + ("_all" if crossed else "")


def _findings(facts: Mapping[str, Any], channels: pd.DataFrame, params: ChannelsParams) -> tuple[Finding, ...]:
    romi, free = facts["romi"], channels[(channels.advice == "free") & channels.first_patients.notna()]
    told = (
        (facts["rule_changed_on"] is not None, Finding("other_rule", "caveat")),
        (romi is not None, Finding("pays", "strength") if romi is not None and romi.low > 0 else Finding(
            "loses" if romi is not None and romi.high < 0 else "may_pay", "risk")),
        (len(free) and facts["paid_patients_share"] is not None, Finding("free", "caveat", {"free_share": facts["paid_patients_share"]})),
        (facts["without_source"].value > params.most_without_source, Finding("unknown", "risk")),
        (facts["without_number"].value >= 0.01, Finding("numberless", "risk" if facts["without_number"].value > params.most_without_number else "caveat")),
        (facts["over_clicks"] is not None, Finding("over_clicks", "caveat")),
    )
    return tuple(finding for applies, finding in told if applies)


def _gaps(
    facts: Mapping[str, Any], now: pd.DataFrame, values: ChannelValues | None, is_given: bool, *, joined: float, params: ChannelsParams,
) -> tuple[Finding, ...]:
    few = is_small(float(now.came[now.spend > 0].sum()))
    told = (
        (facts["spend"] is None, "zero_spend" if is_given else "no_spend"),
        (facts["cost_per_first_patient"] is None and facts["cost_per_call"] is not None, "few_patients" if few else "no_join"),
        (values is None, "no_money" if joined >= params.fewest_values else "no_patients"),
    )
    return tuple(Finding(key, "not_answered") for applies, key in told if applies)


# ------------------------------------------------------------------ figures
def costs(result: ChannelsResult, labels: Labels) -> Figure | None:
    """Cost of a first patient by channel with its interval, against what a patient brings."""
    rows = result.channels[result.channels.cost_per_first_patient.notna() & (result.channels.channel != "total")]
    if rows.empty:
        return None
    value, most = result.value, float(rows.cost_per_first_patient_high.max())
    # a value far above every cost would press the intervals together; its number is in the table
    near = value is not None and value.value < 2 * most
    return dots(
        [labels.value("channel", name) for name in rows.channel], rows.cost_per_first_patient, rows.cost_per_first_patient_low,
        rows.cost_per_first_patient_high, marked=rows.advice.str.startswith(("act", "watch")).tolist(),
        hollow=(rows.advice == "unclear_few").tolist(), goal=value.value if near and value else None,
        goal_text=labels["value"] if near else "", x=labels["x"], number=lambda v: labels.number(v, "currency"),
        counts=[labels.number(n, "count") for n in rows.first_patients], counts_head=labels["counts"],
    )
