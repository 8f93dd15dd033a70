"""Campaigns: what changed in a channel, what was tried, and whether the numbers others supply can hold.

Question   What did the change of a channel consist of, and which campaigns can be judged?
Method     The change of a channel as a product that holds exactly: visitors × calls per visitor = calls, spend over
           calls, calls to patients; ratios of Poisson rates by draws. Small campaigns as a whole and by month with
           exact intervals (Garwood 1936), and how long counting on would take. Numbers supplied from outside are multiplied
           out and compared.
Reads      opportunities and site traffic; spend if there is any; the rule of attribution from the result of channels.
Cannot say Why it changed: two periods differ in everything that happened between them.
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
from pydantic import BaseModel, ConfigDict, Field

from audit.analyses.channels import ChannelsResult
from audit.config import Days, Params, Period, calendar_months
from audit.errors import NotAnswerable
from audit.models import acquisition
from audit.plots.dumbbell import dumbbell
from audit.results import Estimate, Finding, Kind, Measure, Result, Sentence, exact, table
from audit.results.disclosure import is_small
from audit.tables.channel_days import NO_SOURCE, ChannelDays, channel_days
from audit.tables.columns import Unit
from audit.tables.site_visitors import site_visitors
from audit.wording import Labels

FIGURES = ("places", "devices")


class Claim(BaseModel):
    """What an agency says of its campaign; two of its numbers must give the same money."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    channel: str
    calls: int = Field(gt=0)
    first_patients: int = Field(gt=0)
    cost_per_call: float = Field(gt=0)
    cost_per_first_patient: float = Field(gt=0)


class CampaignsParams(Params):
    """Settings of the campaigns."""

    fewest_calls: int = Field(30, ge=5, description="answered callers below which a campaign is a trial, not judged")
    longest_trial_months: int = Field(12, ge=2, description="months beyond which nobody waits for a trial to be judged")
    home_region: str | None = Field(None, description="region of site visitors who can come; all regions if empty")
    followed: str | None = Field(None, description="channel whose change is taken apart; the one with most callers if empty")
    claims: tuple[Claim, ...] = Field((), description="an agency's own numbers, to be checked against one another")


@dataclass(frozen=True, kw_only=True)
class CampaignsResult(Result):
    """``followed`` is the channel taken apart: how many times each factor and cost grew, or how many times a cost fell.

    ``trial`` is the paid channel with the most money among those with too few callers to judge. ``trial_money`` and
    ``trial_months`` are what callers enough to judge it would cost and take in all, at its pace; ``slow`` names those
    of which that cannot be reached. Costs that would tell the number of a few patients are left out.
    """

    followed: str | None
    home_region: str | None
    visitors_times: Estimate | None
    conversion_times: Estimate | None
    calls_times: Estimate | None
    all_calls_times: Estimate | None
    rule_changed_on: date | None
    cost_per_call_fell: Estimate | None
    cost_per_patient_fell: Estimate | None
    cost_per_call_times: Estimate | None
    cost_per_patient_times: Estimate | None
    home_share: Estimate | None
    home_share_before: Estimate | None
    mobile_share: Estimate | None
    mobile_share_before: Estimate | None
    trial: str | None
    trial_cost_per_call: Estimate | None
    trial_cost_per_patient: Estimate | None
    trial_last_cost_per_patient: Estimate | None
    trial_calls: int
    trial_money: Estimate | None
    trial_months: Estimate | None
    slow: str | None
    claims_checked: int
    claims_false: int
    factors: pd.DataFrame | None = table(
        Measure("factor", "label"), Measure("before", "number", shown=False), Measure("now", "number", shown=False),
        Measure("times", "ratio", interval=True),
    )
    trials: pd.DataFrame | None = table(
        Measure("channel", "label"), Measure("from_day", "date"), Measure("to_day", "date"), Measure("spend", "currency"),
        Measure("answered", "count"), Measure("cost_per_call", "currency", interval=True),
        Measure("cost_per_first_patient", "currency", interval=True),
    )
    regions: pd.DataFrame | None = table(
        Measure("region", "label"), Measure("visitors", "count"), Measure("share", "share"), Measure("share_before", "share"),
    )
    devices: pd.DataFrame | None = table(
        Measure("device", "label"), Measure("visitors", "count"), Measure("share", "share"), Measure("share_before", "share"),
    )


def analyse(
    opportunities: Table, ad_spend: Table | None, site_traffic: Table | None, channels: ChannelsResult | None, *, period: Period,
    params: CampaignsParams,
) -> CampaignsResult:
    """The followed channel as a product of factors, site traffic by region and device, trials and supplied numbers."""
    daily = channel_days(opportunities, ad_spend, period)
    factors = _factors(daily, site_traffic, period, params)
    regions, devices = (_mix(site_traffic, period, by, params) for by in ("region", "device"))
    trials = _trials(daily, period, params)
    if factors is None and trials is None and regions is None and devices is None and not params.claims:
        raise NotAnswerable("nothing_to_compare")
    false = [claim for claim in params.claims if not _said(claim).agrees()]
    facts = {
        **_factor_facts(factors, daily, period, params), **_trial_facts(trials, params), **_part(regions, params.home_region, "home"), "home_region": params.home_region,
        "all_calls_times": _all_calls(daily, period, params), "rule_changed_on": channels.rule_changed_on if channels is not None else None,
        **_part(devices, "mobile", "mobile"), "claims_checked": len(params.claims), "claims_false": len(false),
    }
    return CampaignsResult(
        grade="C", headline="calls_times" if facts["calls_times"] else None, says=_says(facts), findings=_findings(facts, false, channels),
        factors=_factor_table(factors[1]) if factors else None, trials=trials, regions=regions, devices=devices, **facts,
    )


# ------------------------------------------------------------------ a change as a product
def _factors(
    daily: ChannelDays, site_traffic: Table | None, period: Period, params: CampaignsParams,
) -> tuple[str, dict[str, acquisition.Factor]] | None:
    """The change of the followed channel as a product: its name and factors."""
    if site_traffic is None or period.past is None:
        return None
    sides = {"now": period.present, "before": period.past}
    sums = {side: daily.sums(days) for side, days in sides.items()}
    visitors = {side: site_visitors(site_traffic, days, "channel", params.home_region) for side, days in sides.items()}
    names = [
        name for name in daily.channels
        if all(sums[side].answered[name] > 0 and visitors[side].get(name, 0) > 0 for side in sides)
    ]
    bought = [name for name in names if all(sums[side].spend[name] > 0 for side in sides)]
    if not names:
        return None
    channel = params.followed if params.followed in names else max(bought or names, key=lambda name: (sums["now"].answered[name], name))
    totals = {
        side: acquisition.Totals(
            visitors=float(visitors[side][channel]), answered=int(sums[side].answered[channel]), came=int(sums[side].came[channel]),
            spend=float(sums[side].spend[channel]), months=days.months,
        )
        for side, days in sides.items()
    }
    found = acquisition.product(**totals, level=params.level, seed=params.seed)
    if any(is_small(side.came) for side in totals.values()):
        # money over the cost of a patient is the number of patients
        found = {name: part for name, part in found.items() if name not in ("patients_per_call", "cost_per_first_patient")}
    return channel, found


def _all_calls(daily: ChannelDays, period: Period, params: CampaignsParams) -> Estimate | None:
    """How many times callers of all channels grew: no rule of attribution can move that."""
    if period.past is None:
        return None
    now, before = (int(daily.sums(days).answered.sum()) for days in (period.present, period.past))
    found = acquisition.ratio_of_rates(
        top=now, top_base=period.present.months, bottom=before, bottom_base=period.past.months, level=params.level, seed=params.seed)
    return _estimate(found, "ratio", now, params)


def _factor_table(factors: Mapping[str, acquisition.Factor]) -> pd.DataFrame:
    rows = [[name, part.before, part.now, part.times.value, part.times.low, part.times.high] for name, part in factors.items()]
    return pd.DataFrame(rows, columns=["factor", "before", "now", "times", "times_low", "times_high"])


def _factor_facts(found: tuple[str, dict[str, acquisition.Factor]] | None, daily: ChannelDays, period: Period, params: CampaignsParams) -> dict[str, Any]:
    names = {
        "visitors_times": "visitors", "conversion_times": "conversion", "calls_times": "calls", "cost_per_call_times": "cost_per_call",
        "cost_per_patient_times": "cost_per_first_patient",
    }
    fell = {"cost_per_call_fell": "cost_per_call", "cost_per_patient_fell": "cost_per_first_patient"}
    facts: dict[str, Any] = dict.fromkeys(("followed", *names, *fell))
    if found is None:
        return facts
    channel, factors = found
    n = int(daily.sums(period.present).answered[channel])
    for field, name in names.items():
        facts[field] = _estimate(factors[name].times if name in factors else None, "ratio", n, params)
    for field, name in fell.items():
        times = factors[name].times if name in factors else None
        upside_down = acquisition.Bounded(1 / times.value, 1 / times.high, 1 / times.low) if times else None
        facts[field] = _estimate(upside_down, "ratio", n, params)
    return facts | {"followed": channel}


# ------------------------------------------------------------------ who comes to the site
def _mix(site_traffic: Table | None, period: Period, by: str, params: CampaignsParams) -> pd.DataFrame | None:
    """Visitors of the site by region or device, and their shares now and before."""
    if site_traffic is None:
        return None
    now = site_visitors(site_traffic, period.present, by)
    past = site_visitors(site_traffic, period.past, by) if period.past else pd.Series(dtype=float)
    if not now.sum() > 0:
        return None
    earlier = past.reindex(now.index).fillna(0.0) / past.sum() if past.sum() > 0 else pd.Series(np.nan, index=now.index)
    frame = pd.DataFrame({
        by: now.index, "visitors": now.to_numpy() / period.present.months, "share": now.to_numpy() / now.sum(),
        "share_before": earlier.to_numpy(),
    })
    return frame.sort_values(["share", by], ascending=[False, True], ignore_index=True)


def _part(mix: pd.DataFrame | None, group: str | None, name: str) -> dict[str, Estimate | None]:
    """The share of one region or device now and before: counted visitors, so without an interval."""
    facts: dict[str, Estimate | None] = {f"{name}_share": None, f"{name}_share_before": None}
    rows = mix[mix.iloc[:, 0] == group] if mix is not None else pd.DataFrame()
    for field, column in ((f"{name}_share", "share"), (f"{name}_share_before", "share_before")):
        if len(rows) and np.isfinite(rows[column].iloc[0]):
            facts[field] = exact(float(rows[column].iloc[0]), "share", int(rows.visitors.iloc[0]))
    return facts


# ------------------------------------------------------------------ what was tried and what is claimed
def _trials(daily: ChannelDays, period: Period, params: CampaignsParams) -> pd.DataFrame | None:
    """Channels that were paid for and brought too few callers to judge: the whole and, month by month, the parts."""
    whole = daily.sums(Days(start=period.start, end=period.end))
    if not whole.answered.sum() > 0:
        return None  # nobody is answered in any channel: the log is at fault, not the money
    rows = []
    for row, channel in enumerate(daily.channels):
        spent = np.flatnonzero(daily.spend[row])
        if channel == NO_SOURCE or not spent.size or whole.answered[channel] >= params.fewest_calls:
            continue
        first, last = (daily.start + timedelta(days=int(spent[side])) for side in (0, -1))
        spans = [Days(start=first, end=last + timedelta(days=1)), *calendar_months(first, last)]
        for span in spans if 2 < len(spans) <= params.longest_trial_months + 1 else spans[:1]:
            sums = daily.sums(span).loc[channel]
            per_patient = None if is_small(sums.came) else _cost(sums.spend, sums.came, params, most=sums.most_came)
            rows.append([channel, span.start, span.end - timedelta(days=1), sums.spend, sums.answered,
                         *_cells(_cost(sums.spend, sums.answered, params, least=sums.least_answered)), *_cells(per_patient)])
    names = [name for measure in CampaignsResult.measures("trials") for name in measure.names]
    return pd.DataFrame(rows, columns=names) if rows else None


def _trial_facts(trials: pd.DataFrame | None, params: CampaignsParams) -> dict[str, Any]:
    facts: dict[str, Any] = dict.fromkeys((
        "trial", "trial_cost_per_call", "trial_cost_per_patient", "trial_last_cost_per_patient", "trial_money", "trial_months", "slow"))
    facts["trial_calls"] = params.fewest_calls
    if trials is None:
        return facts
    wholes = trials.drop_duplicates("channel")
    months = np.array([Days(start=first, end=last + timedelta(days=1)).months for first, last in zip(wholes.from_day, wholes.to_day, strict=True)])
    needed = months * params.fewest_calls / np.maximum(wholes.answered.to_numpy(dtype=float), 1e-9)
    is_slow = needed > params.longest_trial_months
    facts["slow"] = ", ".join(wholes.channel[is_slow]) or None
    if is_slow.all():
        return facts
    channel = str(wholes[~is_slow].sort_values(["spend", "channel"], ascending=[False, True]).channel.iloc[0])
    mine = trials[trials.channel == channel]

    def told(row: pd.Series, name: str) -> Estimate | None:
        value, low, high = (row[f"{name}{side}"] for side in ("", "_low", "_high"))
        return Estimate(value, low, high, "currency", int(row.answered), params.level, "C") if np.isfinite([value, low, high]).all() else None

    whole, last = mine.iloc[0], mine.iloc[-1]
    each, lasted = told(whole, "cost_per_call"), float(months[(wholes.channel == channel).to_numpy()][0])
    pace = _estimate(acquisition.cost_per_event(spend=lasted, events=int(whole.answered), level=params.level), "months", int(whole.answered), params)
    return {**facts, "trial": channel, "trial_cost_per_call": each,
            "trial_money": each.scaled(params.fewest_calls) if each else None,
            "trial_months": replace(pace, grade="C").scaled(params.fewest_calls) if pace else None,
            "trial_cost_per_patient": told(whole, "cost_per_first_patient"),
            "trial_last_cost_per_patient": told(last, "cost_per_first_patient") if len(mine) > 1 else None}


def _said(claim: Claim) -> acquisition.Claim:
    return acquisition.Claim(claim.calls, claim.first_patients, claim.cost_per_call, claim.cost_per_first_patient)


def _told_twice(claim: Claim) -> Finding:
    """The same money, reckoned from calls and from patients."""
    said = _said(claim)
    return Finding("claim", "risk", {
        "who": claim.channel, "calls": claim.calls, "patients": claim.first_patients,
        "per_call": exact(claim.cost_per_call, "currency", claim.calls),
        "per_patient": exact(claim.cost_per_first_patient, "currency", claim.first_patients),
        "by_calls": exact(said.spend_by_calls, "currency", claim.calls),
        "by_patients": exact(said.spend_by_patients, "currency", claim.first_patients),
    })


def _estimate(found: acquisition.Bounded | None, unit: Unit, n: int, params: CampaignsParams) -> Estimate | None:
    if found is None or not np.isfinite([found.value, found.low, found.high]).all():
        return None
    return Estimate(found.value, found.low, found.high, unit, n, params.level)


def _cost(spend: float, events: float, params: CampaignsParams, **bounds: float) -> Estimate | None:
    found = acquisition.cost_per_event(spend=spend, events=int(events), level=params.level, **bounds)
    return _estimate(found, "currency", int(events), params)


def _cells(estimate: Estimate | None) -> tuple[float, float, float]:
    return (estimate.value, estimate.low, estimate.high) if estimate else (np.nan, np.nan, np.nan)


# ------------------------------------------------------------------ what is said
def _says(facts: Mapping[str, Any]) -> dict[str, Sentence]:
    times, fell = facts["calls_times"], facts["cost_per_call_fell"]
    title = "claims" if facts["claims_false"] else "trial" if facts["trial"] else "traffic"
    if times is not None:
        title = "more" if times.low > 1 else "fewer" if times.high < 1 else "same"
        title = title if facts["rule_changed_on"] is None else "crossed"
    lede = "product" if times is not None and facts["visitors_times"] is not None else "no_product"
    decide = "trial" if facts["trial"] else "slow" if facts["slow"] else "followed" if fell is not None else "record"
    return {"title": Sentence(title), "lede": Sentence(lede), "notes.decide": Sentence(decide)}


def _findings(facts: Mapping[str, Any], false: list[Claim], channels: ChannelsResult | None) -> tuple[Finding, ...]:
    found = [_told_twice(claim) for claim in false]
    fell = facts["cost_per_call_fell"]
    if facts["calls_times"] is not None and fell is not None:
        crossed = facts["rule_changed_on"] is not None
        kind: Kind = "caveat" if crossed else "strength" if fell.low > 1 else "risk" if fell.high < 1 else "caveat"
        found += [*([Finding("other_rule", "caveat")] if crossed else []), Finding("taken_apart", kind)]
    if facts["trial"] is not None and facts["trial_cost_per_call"] is not None:
        found.append(Finding("trial", "caveat"))
    if channels is not None and channels.without_number.value >= 0.01:
        found.append(Finding("numberless", "caveat", {"without_number": channels.without_number}))
    if facts["slow"] is not None:
        found.append(Finding("slow", "not_answered"))
    if facts["claims_checked"] and not false:
        found.append(Finding("claims_hold", "strength"))
    if facts["calls_times"] is None:
        found.append(Finding("no_traffic", "not_answered"))
    if not facts["claims_checked"]:
        found.append(Finding("no_claims", "not_answered"))
    return tuple(found)


# ------------------------------------------------------------------ figures
def places(result: CampaignsResult, labels: Labels) -> Figure | None:
    """Shares of site visitors by region, before and now."""
    return _shares(result.regions, labels, "region")


def devices(result: CampaignsResult, labels: Labels) -> Figure | None:
    """Shares of site visitors by device, before and now."""
    return _shares(result.devices, labels, "device")


def _shares(mix: pd.DataFrame | None, labels: Labels, by: str) -> Figure | None:
    if mix is None or mix.share_before.isna().all():
        return None
    shown = mix.head(6)
    return dumbbell(
        shown.share_before, shown.share, names=[labels.value(by, name) for name in shown[by]],
        differences=[labels.number(share, "share") for share in shown.share], ring_name=labels["before"], dot_name=labels["now"],
        tick=lambda v: labels.number(v, "share"), height=34,
    )
