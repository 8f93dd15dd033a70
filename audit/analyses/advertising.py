"""Advertising: what the next patient costs, wherever it comes from, and where money could move.

Question   Which spend brings patients who would not have come anyway, and where does the next money work best?
Method     Incremental model of weekly callers (adstock, saturation, weak priors; Jin et al. 2017) for channels whose
           spend passes its gates, else the curve of recorded callers, else the average alone and named so. A lower
           price is one more way to win a patient, all compared at equal patient value. Water-filling within small
           steps; free hours against money (dissimilarity index); weeks with a medium against weeks without it.
Reads      opportunities, spend; rota and visits for free hours; the results of channels, price, clv and capacity.
Cannot say What a channel bought evenly adds: only a pause or a test can show it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np
import pandas as pd
from ibis.expr.types import Table
from matplotlib.figure import Figure
from numpy.typing import NDArray
from pydantic import Field

from audit.analyses.capacity import CapacityResult
from audit.analyses.channels import ChannelsResult
from audit.analyses.clv import ClvResult
from audit.analyses.price import PriceResult
from audit.config import Params, Period
from audit.errors import NotAnswerable
from audit.models import media_mix, on_off
from audit.models.acquisition import Bounded
from audit.models.budget import Split, reallocate
from audit.models.drivers import spread
from audit.models.misallocation import misallocation
from audit.plots.dots import dots
from audit.plots.multiples import Line, Panel, multiples
from audit.results import Estimate, Finding, Measure, Result, Sentence, exact, table
from audit.tables.ad_units import NO_UNIT, ad_units
from audit.tables.channel_days import NO_SOURCE, ChannelDays, channel_days
from audit.tables.free_hours import free_hours
from audit.wording import Labels

Array = NDArray[np.float64]
FIGURES = ("saturation_curves", "next_patients")
WEEKS_PER_MONTH = 365.25 / 12 / 7
PRESENT_WEEKS = 13
DRAWS = 4000
LEAST_MOVED = 0.01
"""Part of the money below which a step is none."""

PRICE = "price"
"""The way that is no channel."""


class AdvertisingParams(Params):
    """Settings of advertising."""

    least_weeks: int = Field(100, ge=52, description="weeks the incremental model needs")
    least_variation: float = Field(0.30, gt=0, description="variation of weekly spend it needs")
    most_moved: float = Field(0.20, gt=0, lt=1, description="part of a channel's spend moved in one step at most")
    unit: Literal["specialty", "branch"] = Field("specialty", description="what free hours and money are compared by")
    unit_of: dict[str, str] = Field({}, description="specialty or branch each campaign or channel advertises")
    least_mapped: float = Field(0.80, gt=0, le=1, description="part of spend whose unit must be known")
    full_load: float = Field(0.85, gt=0, le=1, description="share of rota hours with visits above which a unit is full")


@dataclass(frozen=True, kw_only=True)
class AdvertisingResult(Result):
    """Money and counts are a month. A way to win a patient is a channel, or a lower price.

    ``ways`` compares the next patient of each at the value of the clinic's usual patient; ``basis`` says whether
    its cost is incremental, of the recorded curve, of price, or an average only and why. ``added`` are callers beyond
    those without the channels of the incremental model, ``recorded`` those credited to the same channels.
    ``moved_gain`` is what the proposed split of the budget brings over the present one, in the money of the patients won
    (``value_days`` of channels): ``moved_money`` goes from the channels ``moved_from`` to ``moved_to``, ``chance`` is that
    it is better. None unless two channels or more passed every gate of the incremental model and a step moves money.
    ``curves_changed_on`` is a day within the weeks of recorded curves from which another rule of attribution held.
    """

    weeks: int
    told: int
    added: Estimate | None
    recorded: Estimate | None
    best: str | None
    best_cost: Estimate | None
    worst: str | None
    worst_cost: Estimate | None
    by_price: Estimate | None
    moved_money: Estimate | None
    moved_from: str | None
    moved_to: str | None
    moved_gain: Estimate | None
    chance: Estimate | None
    curves_changed_on: date | None
    misallocation: Estimate | None
    spent_on_full: Estimate | None
    mapped: Estimate | None
    medium: str | None
    medium_extra: Estimate | None
    medium_cost: Estimate | None
    ways: pd.DataFrame = table(
        Measure("way", "label"), Measure("spend", "currency"), Measure("recorded_cost", "currency", interval=True),
        Measure("added_cost", "currency", interval=True), Measure("next_cost", "currency", interval=True),
        Measure("worth", "ratio"), Measure("equal_cost", "currency", interval=True), Measure("basis", "status"),
        Measure("n", "count", shown=False),
    )
    lines: pd.DataFrame | None = table(
        Measure("channel", "label"), Measure("spend", "currency"), Measure("calls", "count", interval=True),
    )
    dots: pd.DataFrame = table(Measure("channel", "label"), Measure("spend", "currency"), Measure("answered", "count"))
    budget: pd.DataFrame | None = table(
        Measure("channel", "label"), Measure("now", "currency"), Measure("proposed", "currency"), Measure("change", "currency"),
    )
    hours: pd.DataFrame | None = table(
        Measure("unit", "label"), Measure("spend", "currency"), Measure("spend_share", "share", form="bar"),
        Measure("free_hours", "hours"), Measure("free_share", "share", form="bar"), Measure("load", "share"),
    )
    media: pd.DataFrame | None = table(
        Measure("channel", "label"), Measure("weeks_on", "count"), Measure("weeks_off", "count"), Measure("recorded", "count"),
        Measure("extra", "count", interval=True), Measure("cost", "currency", interval=True), Measure("verdict", "label"),
        Measure("n", "count", shown=False),
    )


def analyse(
    opportunities: Table, ad_spend: Table, appointments: Table, shifts: Table | None, doctors: Table | None, rooms: Table | None,
    channels: ChannelsResult, price: PriceResult | None, clv: ClvResult | None, capacity: CapacityResult | None, *,
    period: Period, params: AdvertisingParams,
) -> AdvertisingResult:
    """The next patient of every way there is, a better split if one is sure, and money against free hours."""
    daily = channel_days(opportunities, ad_spend, period)
    paid = channels.channels[(channels.channels.spend > 0) & (channels.channels.channel != "total")].set_index("channel")
    if paid.empty:
        raise NotAnswerable("no_spend")
    series = _series(daily, period)
    mix = _mix(series, paid, params)
    through = _through(paid, channels, params)
    ways = _ways(paid, mix, through, channels, price, clv, params)
    split = _split(mix, through, series, channels, params)
    hours, spread_facts = _hours(opportunities, ad_spend, appointments, shifts, doctors, rooms, period, params)
    media = _media(series, mix, params)
    facts = {
        "weeks": len(series.callers), "told": len(mix.fitted), **_added(mix, paid, params), **_extremes(ways, params, crossed=channels.curves_changed_on is not None),
        "curves_changed_on": channels.curves_changed_on if (ways.basis == "watch_recorded").any() else None,
        **_split_facts(split, mix, params), **spread_facts, **_medium(media, params),
    }
    return AdvertisingResult(
        # the weeks predicted were few, and no spend was set to nothing
        grade="C", headline="best_cost" if facts["best_cost"] else None, says=_says(facts, ways), findings=_findings(facts, ways, capacity, shifts),
        ways=ways, lines=_lines(mix, channels, params), dots=channels.months[["channel", "spend", "answered"]],
        budget=_budget(split, mix), hours=hours, media=media, **facts,
    )


# ------------------------------------------------------------------ the incremental model
@dataclass(frozen=True)
class Series:
    """Weeks: answered ``callers`` of all channels (weeks,); ``spend`` and ``recorded`` callers of each channel bought."""

    callers: Array
    spend: Mapping[str, Array]
    recorded: Mapping[str, Array]
    is_weekly: Mapping[str, bool]


def _series(daily: ChannelDays, period: Period) -> Series:
    _monday, weeks = daily.weeks(period.present.end)
    live = np.flatnonzero(weeks["answered"].sum(axis=0) > 0)
    cut = slice(int(live[0]), int(live[-1]) + 1) if live.size else slice(0, 0)
    bought = [(row, name) for row, name in enumerate(daily.channels) if name != NO_SOURCE and weeks["spend"][row, cut].sum() > 0]
    return Series(
        weeks["answered"][:, cut].sum(axis=0), {name: weeks["spend"][row, cut] for row, name in bought},
        {name: weeks["answered"][row, cut] for row, name in bought}, daily.is_weekly,
    )


def _mix(series: Series, paid: pd.DataFrame, params: AdvertisingParams) -> media_mix.Mix:
    """The model of channels paid for now whose money is known by the week and does not follow demand."""
    given = {
        name: spend for name, spend in series.spend.items()
        if name in paid.index and series.is_weekly.get(name) and not paid.is_paid_by_result[name]
    }
    return media_mix.fit(
        callers=series.callers, spend=given, recorded={name: float(series.recorded[name][-PRESENT_WEEKS:].mean()) for name in given},
        seed=params.seed, level=params.level, least_weeks=params.least_weeks, least_variation=params.least_variation,
        present_weeks=PRESENT_WEEKS,
    )


def _through(paid: pd.DataFrame, channels: ChannelsResult, params: AdvertisingParams) -> dict[str, Array]:
    """Draws of first patients per answered caller of each channel; few callers borrow the clinic's share.

    Callers without a telephone number cannot be found among patients, so the share is that of the others.
    """
    rng = np.random.default_rng(params.seed + 3)
    found = {}
    for name, row in paid.iterrows():
        months = row.n / row.answered if row.answered > 0 else np.nan
        calls, came = (row.answered - row.unnumbered) * months, row.first_patients * months
        if not came >= 8:
            calls, came = channels.callers.n * (1 - channels.without_number.value), channels.first_patients.n
        found[str(name)] = rng.gamma(came + 0.5, size=media_mix.KEPT) / max(calls, 1.0)
    return found


def _added(mix: media_mix.Mix, paid: pd.DataFrame, params: AdvertisingParams) -> dict[str, Estimate | None]:
    if not mix.fitted:
        return {"added": None, "recorded": None}
    total = paid.answered[mix.fitted].sum()
    return {"added": _of_draws(mix.gain.sum(axis=1) * WEEKS_PER_MONTH, "count", mix.weeks, params), "recorded": exact(total, "count", int(total))}


def _of_draws(draws: Array, unit: Any, n: int, params: AdvertisingParams) -> Estimate:
    low, middle, high = np.quantile(draws, [(1 - params.level) / 2, 0.5, (1 + params.level) / 2])
    return Estimate(middle, low, high, unit, n, params.level, "B", "identified")


# ------------------------------------------------------------------ the next patient
def _ways(
    paid: pd.DataFrame, mix: media_mix.Mix, through: Mapping[str, Array], channels: ChannelsResult, price: PriceResult | None,
    clv: ClvResult | None, params: AdvertisingParams,
) -> pd.DataFrame:
    usual = channels.value.value if channels.value is not None else np.nan
    rows = []
    for name, row in paid.iterrows():
        added = following = Bounded(*3 * (np.nan,))
        basis = "unclear_paid_by_result" if row.is_paid_by_result else f"unclear_{mix.gates.get(str(name), 'by_month')}"
        if np.isfinite(row.next_patient):
            following, basis = Bounded(row.next_patient, row.next_patient_low, row.next_patient_high), "watch_recorded"
        if name in mix.fitted:
            column = mix.fitted.index(str(name))
            added = _bounds(mix.spend[column] / (mix.gain[:, column] * through[str(name)]), params)
            following, basis = _bounds(mix.marginal_cost[:, column] / through[str(name)], params), "good_incremental"
        worth = row.value / usual if np.isfinite(row.value) and usual > 0 else 1.0
        seen = following if np.isfinite(following.value) else Bounded(
            row.cost_per_first_patient, row.cost_per_first_patient_low, row.cost_per_first_patient_high)
        rows.append([
            name, row.spend, row.cost_per_first_patient, row.cost_per_first_patient_low, row.cost_per_first_patient_high,
            added.value, added.low, added.high, following.value, following.low, following.high, worth,
            *(part / worth if worth > 0 else np.nan for part in (seen.value, seen.low, seen.high)), basis, int(row.n),
        ])
    won = _won_by_price(price, clv, params)
    if won is not None:
        cost, worth, equal = won
        rows.append([PRICE, np.nan, *6 * (np.nan,), cost.value, cost.low, cost.high, worth, equal.value, equal.low, equal.high,
                     "good_price", cost.n])
    names = [name for measure in AdvertisingResult.measures("ways") for name in measure.names]
    return pd.DataFrame(rows, columns=names).sort_values(["equal_cost", "way"], ignore_index=True)


def _bounds(draws: Array, params: AdvertisingParams) -> Bounded:
    low, middle, high = np.quantile(draws, [(1 - params.level) / 2, 0.5, (1 + params.level) / 2])
    return Bounded(float(middle), float(low), float(high))


def _won_by_price(
    price: PriceResult | None, clv: ClvResult | None, params: AdvertisingParams,
) -> tuple[Estimate, float, Bounded] | None:
    """A patient won by a lower price: cost, worth against the usual patient, and cost at equal worth.

    Those won pay the tested price, and the share of them who come once only is higher by what price found; the
    usual one is worth the first visit and the later money.
    """
    if price is None or price.cost_per_extra_patient is None or not price.cost_per_extra_patient.value > 0:
        return None
    cost, worth = price.cost_per_extra_patient, np.ones(1)
    rng = np.random.default_rng(params.seed + 5)
    once = clv.one_off_share if clv is not None else None
    if price.one_off_won is not None and price.value_later is not None and price.price_tested is not None and once is not None and once.value < 1:
        more = price.one_off_won
        won = spread(rng, DRAWS, value=more.value, low=more.low, high=more.high, level=more.level)
        later = price.value_later.value
        again = np.clip(1 - won / (1 - once.value), 0.0, 1 / (1 - once.value))
        worth = (price.price_tested.value + later * again) / (price.price_now.value + later)
    draws = spread(rng, DRAWS, value=cost.value, low=cost.low, high=cost.high, level=cost.level, least=0.0)
    return cost, float(np.median(worth)), _bounds(draws / worth, params)


def _extremes(ways: pd.DataFrame, params: AdvertisingParams, *, crossed: bool) -> dict[str, Any]:
    """Cheapest and dearest of the ways whose next patient is known, at equal value."""
    known = ways[ways.next_cost.notna() & np.isfinite(ways.equal_cost_high)]
    facts: dict[str, Any] = dict.fromkeys(("best", "best_cost", "worst", "worst_cost", "by_price"))

    def told(row: pd.Series) -> Estimate:
        return Estimate(row.equal_cost, min(row.equal_cost_low, row.equal_cost), max(row.equal_cost_high, row.equal_cost), "currency",
                        int(row.n), params.level, "C" if row.basis == "watch_recorded" and crossed else "B")

    if len(known):
        facts |= {"best": known.way.iloc[0], "best_cost": told(known.iloc[0])}
    if len(known) > 1:
        facts |= {"worst": known.way.iloc[-1], "worst_cost": told(known.iloc[-1])}
    priced = known[known.way == PRICE]
    return facts | {"by_price": told(priced.iloc[0]) if len(priced) else None}


# ------------------------------------------------------------------ the split of the budget
def _split(
    mix: media_mix.Mix, through: Mapping[str, Array], series: Series, channels: ChannelsResult, params: AdvertisingParams,
) -> Split | None:
    """A step towards equal marginal value, inside the spends that were seen."""
    if len(mix.fitted) < 2 or channels.value is None:
        return None
    value = channels.channels.set_index("channel").value.reindex(mix.fitted).fillna(channels.value.value).to_numpy(dtype=float)
    seen = [series.spend[name][series.spend[name] > 0] for name in mix.fitted]
    least = np.maximum((1 - params.most_moved) * mix.spend, [x.min() for x in seen])
    most = np.minimum((1 + params.most_moved) * mix.spend, [x.max() for x in seen])
    worth = np.column_stack([through[name] for name in mix.fitted]) * np.maximum(value, 0.0)
    return reallocate(present=mix.spend, gain=mix.gain, share=mix.share, worth=worth, least=least, most=most, level=params.level)


def _split_facts(split: Split | None, mix: media_mix.Mix, params: AdvertisingParams) -> dict[str, Estimate | str | None]:
    change = (split.proposed - mix.spend) * WEEKS_PER_MONTH if split is not None else np.zeros(0)
    moved = float(np.abs(change).sum() / 2)
    if split is None or moved < LEAST_MOVED * float(mix.spend.sum()) * WEEKS_PER_MONTH:
        return dict.fromkeys(("moved_money", "moved_from", "moved_to", "moved_gain", "chance"))
    order = np.argsort(-np.abs(change), kind="stable")
    sides = {side: ", ".join(mix.fitted[at] for at in order if sign * change[at] >= LEAST_MOVED * moved)
             for side, sign in (("moved_from", -1), ("moved_to", 1))}
    gain = Estimate(split.gain, split.low, split.high, "currency", mix.weeks, params.level, "B", "weak")
    # a thousand draws say no more than “nearly always”
    chance = exact(min(max(split.chance, 0.01), 0.99), "share", mix.weeks)
    return {**sides, "moved_money": exact(moved, "currency", mix.weeks), "moved_gain": gain.scaled(WEEKS_PER_MONTH), "chance": chance}


def _budget(split: Split | None, mix: media_mix.Mix) -> pd.DataFrame | None:
    if split is None:
        return None
    now, proposed = (part * WEEKS_PER_MONTH for part in (mix.spend, split.proposed))
    return pd.DataFrame({"channel": mix.fitted, "now": now, "proposed": proposed, "change": proposed - now})


# ------------------------------------------------------------------ money against free hours
def _hours(
    opportunities: Table, ad_spend: Table, appointments: Table, shifts: Table | None, doctors: Table | None, rooms: Table | None,
    period: Period, params: AdvertisingParams,
) -> tuple[pd.DataFrame | None, dict[str, Estimate | None]]:
    facts: dict[str, Estimate | None] = dict.fromkeys(("misallocation", "spent_on_full", "mapped"))
    by = channel_days(opportunities, ad_units(ad_spend, params.unit_of), period)
    monday, weeks = by.weeks(period.present.end)
    spend = pd.DataFrame(weeks["spend"].T, columns=by.channels, index=[stamp.date() for stamp in pd.date_range(monday, periods=weeks["spend"].shape[1], freq="7D")])
    spend = spend.loc[:, (spend > 0).any()].tail(52)
    total = float(spend.to_numpy().sum())
    if not total > 0:
        return None, facts
    mapped = 1 - float(spend.get(NO_UNIT, pd.Series(0.0)).sum()) / total
    facts["mapped"] = exact(mapped, "share", len(spend))
    if mapped < params.least_mapped or shifts is None or doctors is None:
        return None, facts
    free, load = free_hours(appointments, shifts, doctors, rooms, days=period, by=params.unit)
    both = spend.drop(columns=NO_UNIT, errors="ignore").reindex(columns=sorted({*free.columns, *spend.columns} - {NO_UNIT})).fillna(0.0)
    free = free.reindex(index=both.index, columns=both.columns).fillna(0.0)
    found = misallocation(both.to_numpy(), free.to_numpy(), level=params.level, seed=params.seed)
    if found is None:
        return None, facts
    monthly = both.sum().to_numpy() / len(both) * WEEKS_PER_MONTH
    full = load.reindex(both.columns).fillna(1.0).to_numpy() > params.full_load
    frame = pd.DataFrame({
        "unit": both.columns, "spend": monthly, "spend_share": found.spend_share, "free_hours": free.mean().to_numpy(),
        "free_share": found.free_share, "load": load.reindex(both.columns).to_numpy(),
    })
    facts |= {"misallocation": Estimate(found.index, found.low, found.high, "share", len(both), params.level),
              "spent_on_full": exact(float(monthly[full].sum()), "currency", len(both))}
    return frame.sort_values(["spend", "unit"], ascending=[False, True], ignore_index=True), facts


# ------------------------------------------------------------------ weeks on and off
def _media(series: Series, mix: media_mix.Mix, params: AdvertisingParams) -> pd.DataFrame | None:
    """Media bought in some weeks and not in others; those of the incremental model are told there."""
    rows = []
    for name, spend in series.spend.items():
        is_on = spend > 0
        found = on_off.contrast(callers=series.callers, is_on=is_on, level=params.level)
        if name in mix.fitted or not series.is_weekly.get(name) or found.gate == "too_few_weeks":
            continue
        each = float(spend[is_on].mean())
        extra = (found.extra, found.extra_low, found.extra_high)
        # a cost has a bound only where the extra callers surely are more than none
        cost = (each / found.extra, each / found.extra_high, each / found.extra_low) if found.extra_low > 0 else 3 * (np.nan,)
        rows.append([name, found.on, found.off, float(series.recorded[name][is_on].mean()), *extra, *cost,
                     found.gate if found.gate != "fitted" else "seen" if found.extra_low > 0 else "not_seen", found.on + found.off])
    names = [name for measure in AdvertisingResult.measures("media") for name in measure.names]
    return pd.DataFrame(rows, columns=names) if rows else None


def _medium(media: pd.DataFrame | None, params: AdvertisingParams) -> dict[str, Any]:
    facts: dict[str, Any] = dict.fromkeys(("medium", "medium_extra", "medium_cost"))
    known = media[media.verdict.isin(["seen", "not_seen"])] if media is not None else pd.DataFrame()
    if known.empty:
        return facts
    row = known.sort_values(["extra", "channel"], ascending=[False, True]).iloc[0]
    facts |= {"medium": row.channel, "medium_extra": Estimate(row.extra, row.extra_low, row.extra_high, "count", int(row.n), params.level, "B")}
    if np.isfinite(row.cost):
        facts["medium_cost"] = Estimate(row.cost, row.cost_low, row.cost_high, "currency", int(row.n), params.level, "B")
    return facts


# ------------------------------------------------------------------ what is said
def _says(facts: Mapping[str, Any], ways: pd.DataFrame) -> dict[str, Sentence]:
    best, worst, gain = facts["best_cost"], facts["worst_cost"], facts["moved_gain"]
    curves = int(ways.next_cost[ways.way != PRICE].notna().sum())
    unforetold = (ways.basis == "unclear_not_predicted").any()
    title = ("unforetold" if unforetold else "average") if best is None else "one" if worst is None else "apart" if best.high < worst.low else "alike"
    sure = gain is not None and facts["chance"].value >= gain.level
    lede = "added" if facts["added"] is not None else "recorded" if best is not None else "unforetold" if unforetold else "average"
    return {
        "title": Sentence("moves" if sure else title), "lede": Sentence(lede),
        "notes.decide": Sentence("move" if sure else "try" if gain is not None else "step" if curves > 1 else "test"),
        "figures.saturation_curves.title": Sentence("curve" if curves else "average"),
    }


def _findings(facts: Mapping[str, Any], ways: pd.DataFrame, capacity: CapacityResult | None, shifts: Table | None) -> tuple[Finding, ...]:
    gain, chance = facts["moved_gain"], facts["chance"]
    full = capacity is not None and capacity.room_load is not None and capacity.room_load.value > capacity.ceiling.value
    names: dict[str, Any] = {}
    added = facts["added"]
    if facts["by_price"] is not None:
        others = ways[(ways.way != PRICE) & ways.next_cost.notna()]
        for key, mask in (("dearer_than", others.equal_cost_high < facts["by_price"].low), ("cheaper_than", others.equal_cost_low > facts["by_price"].high)):
            names[key] = ", ".join(others.way[mask]) or None
    told = (
        (gain is not None and chance.value >= gain.level, Finding("move", "opportunity", impact=gain)),
        (gain is not None and chance.value < gain.level, Finding("unsure", "caveat")),
        (facts["by_price"] is not None, Finding("by_price", "caveat", names)),
        (added is not None, Finding("added" if added is not None and added.high < facts["recorded"].value else "added_unsure", "caveat")),
        (facts["curves_changed_on"] is not None, Finding("other_rule", "caveat")),
        (full, Finding("full", "risk", {"load": capacity.room_load if capacity is not None else None})),
        (facts["medium"] is not None, Finding("medium" if facts["medium_cost"] is not None else "medium_unseen", "caveat")),
        (facts["misallocation"] is not None, Finding("misallocated", "caveat")),
        (not facts["told"], Finding("no_increment", "not_answered")),
        (facts["by_price"] is None, Finding("no_price", "not_answered")),
        (facts["misallocation"] is None, Finding("no_rota" if shifts is None else "no_units", "not_answered")),
    )
    return tuple(finding for applies, finding in told if applies)


# ------------------------------------------------------------------ figures
def _lines(mix: media_mix.Mix, channels: ChannelsResult, params: AdvertisingParams) -> pd.DataFrame | None:
    """Curves of callers a month: incremental where the model tells one, else of the record."""
    parts = [] if channels.curves is None else [channels.curves[~channels.curves.channel.isin(mix.fitted)]]
    for column, name in enumerate(mix.fitted):
        grid = np.linspace(0, 2, 41)
        calls = np.array([mix.callers(mix.spend * at)[:, column] for at in grid])
        low, middle, high = np.quantile(calls, [(1 - params.level) / 2, 0.5, (1 + params.level) / 2], axis=1) * WEEKS_PER_MONTH
        parts.append(pd.DataFrame({"channel": name, "spend": grid * mix.spend[column] * WEEKS_PER_MONTH, "calls": middle, "calls_low": low, "calls_high": high}))
    return pd.concat(parts, ignore_index=True) if parts else None


def saturation_curves(result: AdvertisingResult, labels: Labels) -> Figure | None:
    """Callers a month by spend, one panel per paid channel: those with a curve first, then averages."""
    rows = result.ways[(result.ways.spend > 0)]
    if rows.empty:
        return None
    rows = rows.assign(is_average=rows.next_cost.isna()).sort_values(["is_average", "spend"], ascending=[True, False])
    return multiples(
        [_panel(row, result, labels) for row in rows.itertuples()], number_x=lambda v: labels.number(v, "currency"),
        number_y=lambda v: labels.number(v, "count"), words_x=labels["x"], height=36,
    )


def _panel(row: Any, result: AdvertisingResult, labels: Labels) -> Panel:
    seen = result.dots[(result.dots.channel == row.way) & (result.dots.spend > 0)]
    name = labels.value("way", row.way)
    if row.is_average or result.lines is None:
        last = seen.tail(1)
        today = (row.spend, float(last.answered.iloc[0]) * row.spend / float(last.spend.iloc[0])) if len(last) else (row.spend, 0.0)
        words = labels.text("average_cost", cost=labels.number(row.recorded_cost, "currency")) if np.isfinite(row.recorded_cost) else labels["average"]
        return Panel(name=name, words=words, x=seen.spend, y=seen.answered, today=today)
    curve = result.lines[result.lines.channel == row.way]
    at = int(np.argmin(np.abs(curve.spend - row.spend)))
    slope = float(np.gradient(curve.calls.to_numpy(), curve.spend.to_numpy())[at])
    of_record = row.basis == "watch_recorded"
    return Panel(
        name=name, words=labels.text("next_cost", cost=labels.number(row.next_cost, "currency")),
        x=seen.spend if of_record else [], y=seen.answered if of_record else [], today=(row.spend, float(curve.calls.iloc[at])),
        line=Line(curve.spend, curve.calls, curve.calls_low, curve.calls_high, slope), accent=row.way == result.worst,
    )


def next_patients(result: AdvertisingResult, labels: Labels) -> Figure | None:
    """Cost of the next patient at equal value by every way, averages outlined, price marked."""
    rows = result.ways.dropna(subset=["equal_cost"])
    if len(rows) < 2:
        return None
    return dots(
        [labels.value("way", way) for way in rows.way], rows.equal_cost, rows.equal_cost_low, rows.equal_cost_high,
        marked=(rows.way == PRICE).tolist(), hollow=rows.next_cost.isna().tolist(), x=labels["x"],
        number=lambda v: labels.number(v, "currency"), height=32,
    )
