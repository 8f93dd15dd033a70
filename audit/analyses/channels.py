"""Channels: where new patients come from, what each costs, and what the next one would cost.

Question   What does a patient cost, where does the next unit of money work?
Method     Recorded attribution (the tracker's channel of the first contact). Cost = known spend over a Poisson
           count, exact interval (Garwood 1936); value at an equal horizon; return by joint draws; a saturating
           curve only where weeks of unlike spend allow one, else the average alone.
Reads      opportunities; spend, site traffic, money, the price result if there are any.
Cannot say What a channel adds beyond what would have come anyway: recorded is not caused. Only pauses or
           tests show that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from ibis import _
from ibis.expr.types import Table
from matplotlib.figure import Figure
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from audit.analyses.clv import ClvResult
from audit.analyses.price import PriceResult
from audit.config import Days, Params, Period
from audit.errors import NotAnswerable
from audit.models import acquisition, saturation
from audit.models.bootstrap import mean_interval
from audit.models.proportions import wilson
from audit.plots.multiples import Line, Panel, multiples
from audit.results import Estimate, Finding, Measure, Result, Sentence, exact, table
from audit.tables.columns import Unit
from audit.tables.patient_money import patient_money
from audit.wording import Labels

Array = NDArray[np.float64]
FIGURES = ("saturation_curves",)
NO_SOURCE = "no_source"
"""Callers whose channel was not recorded."""

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
        Measure("next_patient", "currency"), Measure("value", "currency", interval=True),
        Measure("multiple", "ratio"), Measure("advice", "status"), Measure("n", "count", shown=False),
    )
    before: pd.DataFrame | None = table(
        Measure("channel", "label"), Measure("spend", "currency"), Measure("answered", "count"),
        Measure("first_patients", "count", people=True), Measure("cost_per_call", "currency", interval=True),
        Measure("cost_per_first_patient", "currency", interval=True), Measure("n", "count", shown=False),
    )
    factors: pd.DataFrame | None = table(
        Measure("factor", "label"), Measure("before", "number"), Measure("now", "number"), Measure("times", "ratio", interval=True),
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


@dataclass(frozen=True)
class Daily:
    """By day (index of the arrays) and channel: people who got in touch, of them answered, first visits, money spent."""

    start: date
    channels: list[str]
    enquiries: Array
    answered: Array
    came: Array
    spend: Array
    is_weekly: Mapping[str, bool]

    def sums(self, days: Days) -> pd.DataFrame:
        """Totals over ``days``, one row per channel."""
        cut = slice(max((days.start - self.start).days, 0), max((days.end - self.start).days, 0))
        parts = {name: getattr(self, name)[:, cut].sum(axis=1) for name in ("enquiries", "answered", "came", "spend")}
        return pd.DataFrame(parts, index=pd.Index(self.channels, name="channel"))


def analyse(
    opportunities: Table, enquiries: Table, patients: Table, first_visits: Table, patient_days: Table | None,
    ad_spend: Table | None, site_traffic: Table | None, clv: ClvResult | None, price: PriceResult | None,
    *, period: Period, params: ChannelsParams,
) -> ChannelsResult:
    """Costs and values by recorded channel, and how much of the way from call to money could be joined."""
    daily = _daily(opportunities, ad_spend, period)
    now, past = daily.sums(period.present), daily.sums(period.past) if period.past else None
    if not now.answered.sum() > 0:
        raise NotAnswerable("no_callers", verdict="not_enough_data")
    if set(now.index[now.answered > 0]) == {NO_SOURCE}:
        raise NotAnswerable("no_channels")
    values = _values(opportunities, first_visits, patient_days, clv, params)
    fits = _fits(daily, period, params)
    months = period.present.months
    channels = _channels(now, months, values, fits, params)
    join, matched, called = _join(opportunities, enquiries, patients, first_visits, patient_days, period, params)
    factors = _factors(daily, site_traffic, now, past, period, params)
    trials = _trials(daily, period, params)
    facts = {
        **_totals(now, past, months, period, params), **_value_facts(values, now, params), **_factor_facts(factors, params),
        **_saturated(channels, fits, now, params), **_trial_facts(trials, params),
        "matched_share": matched, "called_share": called,
    }
    return ChannelsResult(
        grade="A" if facts["without_source"].value <= params.most_without_source else "C",
        says=_says(facts, channels), findings=(*_findings(facts, channels, price, params), *_gaps(facts, ad_spend, site_traffic, values)),
        headline="cost_per_first_patient" if facts["cost_per_first_patient"] else None,
        channels=channels, before=None if past is None or not past.answered.sum() > 0 else _costs(past, period.past.months, params),
        factors=factors.frame if factors else None, trials=trials, join=join, curves=_curves(fits),
        months=_months(daily, period), **facts,
    )


# ------------------------------------------------------------------ queries
def _credited(opportunities: Table) -> Table:
    """Opportunities that became a patient, each patient once: at the last contact before the first visit."""
    came = opportunities.filter(_.is_attended, _.patient_id.notnull())
    last = came.mutate(later=_.opportunity_id.count().over(group_by="patient_id", order_by=[_.opened_at.desc(), _.opportunity_id]))
    return last.filter(_.later == 1)


def _daily(opportunities: Table, ad_spend: Table | None, period: Period) -> Daily:
    channel = _.channel.fill_null(NO_SOURCE)
    opened = (
        opportunities.group_by(channel=channel, day=_.opened_at.date())
        .aggregate(enquiries=_.count(), answered=_.is_answered.sum()).order_by("channel", "day").to_pandas()
    )
    came = (
        _credited(opportunities).group_by(channel=channel, day=_.first_visit_day).aggregate(came=_.count())
        .order_by("channel", "day").to_pandas()
    )
    columns = ["channel", "from_day", "to_day", "spend"]
    bought = pd.DataFrame(columns=columns)
    if ad_spend is not None:
        bought = (
            ad_spend.filter(_.to_day >= _.from_day).group_by("channel", "from_day", "to_day")
            .aggregate(spend=_.spend.sum().cast("float64")).order_by("channel", "from_day", "to_day").to_pandas()
        )
    channels = sorted(set(opened.channel) | set(bought.channel[bought.spend > 0]))
    grids = {name: np.zeros((len(channels), period.days)) for name in ("enquiries", "answered", "came", "spend")}
    row = {name: index for index, name in enumerate(channels)}
    for frame, names in ((opened, ("enquiries", "answered")), (came, ("came",))):
        column = (pd.to_datetime(frame.day) - pd.Timestamp(period.start)).dt.days.to_numpy()
        inside = (column >= 0) & (column < period.days)
        for name in names:
            rows = frame.channel.map(row).to_numpy()[inside].astype(int)
            np.add.at(grids[name], (rows, column[inside].astype(int)), frame[name].to_numpy(dtype=float)[inside])
    is_weekly = {}
    for name, part in bought.groupby("channel", sort=True):
        first, last = ((pd.to_datetime(part[side]) - pd.Timestamp(period.start)).dt.days.to_numpy() for side in ("from_day", "to_day"))
        amounts, length = part.spend.to_numpy(dtype=float), last - first + 1
        is_weekly[str(name)] = bool(amounts[length <= 7].sum() >= 0.9 * amounts.sum()) and bool(amounts.sum() > 0)
        if name not in row:
            continue
        for begin, days, amount in zip(first, length, amounts, strict=True):
            grids["spend"][row[name], max(begin, 0) : max(begin + days, 0)] += amount / days
    return Daily(period.start, channels, is_weekly=is_weekly, **grids)


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
    opportunities: Table, first_visits: Table, patient_days: Table | None, clv: ClvResult | None, params: ChannelsParams,
) -> Values | None:
    if patient_days is None:
        return None
    credited = _credited(opportunities).select("patient_id", channel=_.channel.fill_null(NO_SOURCE))
    end = first_visits.mutate(end=_.first_day + _.tenure_days.as_interval("D")).end.max().execute()
    if end is None or pd.isna(end):
        return None
    for days in sorted({params.value_days, 180, 90}, reverse=True):
        since = pd.Timestamp(end).date() - timedelta(days=days + 365)
        money = patient_money(patient_days, first_visits, horizon_days=days, since=since).inner_join(credited, "patient_id")
        frame = money.order_by("patient_id").to_pandas()
        total = frame.first_money + frame.later_money
        if len(frame) < params.fewest_values or not total.sum() > 0:
            continue
        cost = frame.first_cost.fillna(0.0) + frame.later_cost.fillna(0.0)
        is_margin = bool(cost.sum() > 0) and (clv is None or clv.margin_365 is not None)
        values = total - cost if is_margin else total
        return Values(days, {str(name): part.to_numpy(dtype=float) for name, part in values.groupby(frame.channel, sort=True)}, is_margin)
    return None


def _join(
    opportunities: Table, enquiries: Table, patients: Table, first_visits: Table, patient_days: Table | None, period: Period,
    params: ChannelsParams,
) -> tuple[pd.DataFrame | None, Estimate | None, Estimate | None]:
    """How far calls can be followed to patients and money, in the last span whose outcomes are settled."""
    ripe = opportunities.filter(_.is_mature).opened_at.max().execute()
    if ripe is None or pd.isna(ripe):
        return None, None, None
    end = min(pd.Timestamp(ripe).date() + timedelta(days=1), period.present.end)
    start = max(end - timedelta(days=max(period.present.days, 91)), period.start)
    calls = enquiries.filter(_.direction == "in", _.started_at.date() >= start, _.started_at.date() < end)
    people = opportunities.filter(_.opened_at.date() >= start, _.opened_at.date() < end)
    keyed = people.left_join(enquiries.select("enquiry_id", "caller_key"), people.opportunity_id == enquiries.enquiry_id).drop("enquiry_id")
    cards = patients.filter(_.phone_key.notnull()).select("phone_key").distinct().mutate(has_card=True)
    keyed = keyed.left_join(cards, keyed.caller_key == cards.phone_key).drop("phone_key")
    if patient_days is not None:
        paid = patient_days.group_by("patient_id").aggregate(revenue=_.revenue.sum()).filter(_.revenue > 0).mutate(pays=True)
        keyed = keyed.left_join(paid.select("patient_id", "pays"), "patient_id").drop("patient_id_right")
    else:
        keyed = keyed.mutate(pays=False)
    spoken = keyed.filter(_.is_answered)
    counts = spoken.aggregate(
        answered=_.count(), numbered=_.caller_key.notnull().sum(), booked=_.is_booked.sum(),
        carded=(_.is_booked & _.has_card.fill_null(False)).sum(), came=_.is_attended.sum(),
        paid=(_.is_attended & _.pays.fill_null(False)).sum(),
    ).to_pandas().iloc[0].fillna(0).astype(int)
    stages = {"enquiries": int(calls.count().execute()), "people": int(people.count().execute()), **counts.to_dict()}
    of = {"enquiries": None, "people": "enquiries", "answered": "people", "numbered": "answered", "booked": "answered",
          "carded": "booked", "came": "booked", "paid": "came"}
    rows = []
    for stage, base in of.items():
        if stage == "paid" and patient_days is None:
            continue
        k, n = stages[stage], stages[base] if base else 0
        low, high = wilson(min(k, n), n, params.level) if n else (np.nan, np.nan)
        rows.append([stage, k, k / n if n else np.nan, low, high, n or k])
    frame = pd.DataFrame(rows, columns=["stage", "count", "share", "share_low", "share_high", "n"])
    firsts = first_visits.filter(_.is_new, _.first_day >= start, _.first_day < end)
    new = int(firsts.count().execute())
    known = int(firsts.semi_join(_credited(opportunities), "patient_id").count().execute())
    return frame, _share(stages["carded"], stages["booked"], params), _share(known, new, params)


def _share(k: int, n: int, params: ChannelsParams) -> Estimate | None:
    if n <= 0:
        return None
    low, high = wilson(k, n, params.level)
    return Estimate(k / n, low, high, "share", n, params.level)


# ------------------------------------------------------------------ steps
def _fits(daily: Daily, period: Period, params: ChannelsParams) -> dict[str, saturation.Saturation | None]:
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


def _estimate(found: acquisition.Bounded | None, unit: Unit, n: int, params: ChannelsParams, grade: str = "A") -> Estimate | None:
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


def _totals(now: pd.DataFrame, past: pd.DataFrame | None, months: float, period: Period, params: ChannelsParams) -> dict[str, object]:
    paid = now[now.spend > 0].sum()
    before = past[past.spend > 0].sum() if past is not None else None
    everybody = now.sum()
    n = int(everybody.answered)

    def cost(sums: pd.Series | None, events: str, spend: float | None = None) -> Estimate | None:
        return None if sums is None else _cost(float(sums.spend if spend is None else spend), sums[events], params)

    return {
        "spend": exact(everybody.spend / months, "currency", n) if everybody.spend > 0 else None,
        "spend_before": exact(before.spend / period.past.months, "currency", int(before.answered)) if before is not None and before.spend > 0 else None,
        "callers": exact(everybody.answered / months, "count", n),
        "first_patients": exact(everybody.came / months, "count", int(everybody.came)),
        "cost_per_call": cost(paid, "answered"), "cost_per_call_before": cost(before, "answered"),
        "cost_per_first_patient": cost(paid, "came"), "cost_per_first_patient_before": cost(before, "came"),
        "blended_cost_per_call": cost(everybody, "answered"), "blended_cost_per_first_patient": cost(everybody, "came"),
        "paid_patients_share": _share(int(paid.came), int(everybody.came), params) if everybody.spend > 0 else None,
        "without_source": _share(int(now.answered.get(NO_SOURCE, 0)), n, params),
    }


def _value_facts(values: Values | None, now: pd.DataFrame, params: ChannelsParams) -> dict[str, object]:
    facts: dict[str, object] = {"value": _worth(values, None, params), "value_days": values.days if values else None, "romi": None}
    paid = now[now.spend > 0]
    if values is not None and len(paid):
        known = [values.by_channel[name] for name in paid.index if name in values.by_channel]
        of = np.concatenate(known) if known else np.array([])
        back = acquisition.return_on_spend(
            spend=float(paid.spend.sum()), patients=int(paid.came.sum()), values=of, level=params.level, seed=params.seed,
        )
        facts["romi"] = _estimate(back.romi, "share", int(paid.came.sum()), params) if back else None
    return facts


@dataclass(frozen=True)
class Factors:
    """The change of one channel as a product: what it is about, and the rows of the table."""

    channel: str
    frame: pd.DataFrame
    n: int


def _factors(
    daily: Daily, site_traffic: Table | None, now: pd.DataFrame, past: pd.DataFrame | None, period: Period, params: ChannelsParams,
) -> Factors | None:
    """Visitors × conversion = calls; spend over calls and over first patients; each before, now and how many times."""
    if site_traffic is None or past is None:
        return None
    counted = site_traffic if params.home_region is None else site_traffic.filter(_.region == params.home_region)
    windows = {"now": period.present, "before": period.past}
    visitors = {
        name: counted.filter(_.from_day >= days.start, _.to_day < days.end).group_by("channel")
        .aggregate(visitors=_.visitors.sum()).order_by("channel").to_pandas().set_index("channel").visitors
        for name, days in windows.items()
    }
    paid = now[(now.spend > 0) & (now.answered > 0)].join(past, rsuffix="_before").query("spend_before > 0 and answered_before > 0")
    paid = paid[[visitors["now"].get(name, 0) > 0 and visitors["before"].get(name, 0) > 0 for name in paid.index]]
    channel = params.followed if params.followed in paid.index else (paid.answered.idxmax() if len(paid) else None)
    if channel is None:
        return None
    row, seen = paid.loc[channel], {name: float(found[channel]) for name, found in visitors.items()}
    months = {name: days.months for name, days in windows.items()}
    level = params.level
    visits = {name: seen[name] / months[name] for name in seen}
    calls = {"now": row.answered / months["now"], "before": row.answered_before / months["before"]}
    came = {"now": row.came / months["now"], "before": row.came_before / months["before"]}
    money = {"now": row.spend / months["now"], "before": row.spend_before / months["before"]}

    def ratio(top: float, top_base: float, bottom: float, bottom_base: float) -> tuple[float, float, float]:
        found = acquisition.ratio_of_rates(
            top=int(top), top_base=top_base, bottom=int(bottom), bottom_base=bottom_base, level=level, seed=params.seed,
        )
        return (found.value, found.low, found.high) if found else (np.nan, np.nan, np.nan)

    def turned(bounds: tuple[float, float, float]) -> tuple[float, float, float]:
        return 1 / bounds[0], 1 / bounds[2], 1 / bounds[1]

    def plain(pair: Mapping[str, float]) -> tuple[float, float, float]:
        return (pair["now"] / pair["before"],) * 3

    per_call = ratio(row.answered, row.spend, row.answered_before, row.spend_before)
    per_patient = ratio(row.came, row.spend, row.came_before, row.spend_before)
    rows = [
        ["visitors", visits["before"], visits["now"], *plain(visits)],
        ["conversion", calls["before"] / visits["before"], calls["now"] / visits["now"],
         *ratio(row.answered, seen["now"], row.answered_before, seen["before"])],
        ["calls", calls["before"], calls["now"], *ratio(row.answered, months["now"], row.answered_before, months["before"])],
        ["spend", money["before"], money["now"], *plain(money)],
        ["cost_per_call", money["before"] / calls["before"], money["now"] / calls["now"], *turned(per_call)],
        ["patients_per_call", came["before"] / calls["before"], came["now"] / calls["now"],
         *(np.array([1.0, np.nan, np.nan]) * came["now"] / calls["now"] / (came["before"] / calls["before"]) if came["before"] else [np.nan] * 3)],
        ["cost_per_first_patient", money["before"] / came["before"] if came["before"] else np.nan,
         money["now"] / came["now"] if came["now"] else np.nan, *turned(per_patient)],
    ]
    frame = pd.DataFrame(rows, columns=["factor", "before", "now", "times", "times_low", "times_high"])
    return Factors(str(channel), frame, int(row.answered + row.answered_before))


def _factor_facts(factors: Factors | None, params: ChannelsParams) -> dict[str, object]:
    names = {"visitors_times": "visitors", "conversion_times": "conversion", "calls_times": "calls"}
    facts: dict[str, object] = dict.fromkeys(("followed", *names, "cost_per_call_fell", "cost_per_patient_fell"))
    if factors is None:
        return facts
    by_factor = factors.frame.set_index("factor")[["times", "times_low", "times_high"]]

    def told(name: str, upside_down: bool = False) -> Estimate | None:
        value, low, high = by_factor.loc[name]
        if not np.isfinite([value, low, high]).all():
            return None
        value, low, high = (1 / value, 1 / high, 1 / low) if upside_down else (value, low, high)
        return Estimate(value, low, high, "ratio", factors.n, params.level)

    return facts | {"followed": factors.channel, **{name: told(factor) for name, factor in names.items()},
                    "cost_per_call_fell": told("cost_per_call", True), "cost_per_patient_fell": told("cost_per_first_patient", True)}


def _saturated(
    channels: pd.DataFrame, fits: Mapping[str, saturation.Saturation | None], now: pd.DataFrame, params: ChannelsParams,
) -> dict[str, object]:
    """The channel with a curve whose next patient is dearest against its average one."""
    fitted = {name: fit for name, fit in fits.items() if fit is not None and fit.gate == "fitted" and now.came.get(name, 0) > 0}
    if not fitted:
        return dict.fromkeys(("saturated", "next_patient", "average_patient"))
    channel = min(fitted, key=lambda name: (fitted[name].share, name))
    row = now.loc[channel]
    return {"saturated": channel, "next_patient": _next_patient(fitted[channel], row, params),
            "average_patient": _cost(row.spend, row.came, params)}


def _trials(daily: Daily, period: Period, params: ChannelsParams) -> pd.DataFrame | None:
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


def _trial_facts(trials: pd.DataFrame | None, params: ChannelsParams) -> dict[str, object]:
    facts: dict[str, object] = dict.fromkeys(
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


def _curves(fits: Mapping[str, saturation.Saturation | None]) -> pd.DataFrame | None:
    """The fitted curves, a month: spend and calls with the band of the half-way spend."""
    parts = []
    for channel, fit in fits.items():
        if fit is None or fit.gate != "fitted":
            continue
        spend = np.linspace(0, 2 * fit.spend, 41)
        lines = np.sort([fit.calls(spend, half) for half in (fit.half_low, fit.half_high)], axis=0)
        middle = fit.calls(spend)
        parts.append(pd.DataFrame({
            "channel": channel, "spend": spend * WEEKS_PER_MONTH, "calls": middle * WEEKS_PER_MONTH,
            "calls_low": np.minimum(lines[0], middle) * WEEKS_PER_MONTH, "calls_high": np.maximum(lines[1], middle) * WEEKS_PER_MONTH,
        }))
    return pd.concat(parts, ignore_index=True) if parts else None


def _months(daily: Daily, period: Period) -> pd.DataFrame:
    """The last twelve whole months of each channel."""
    months = [m for m in _months_between(period.start, period.present.end - timedelta(days=1))
              if m.start >= period.start and m.end <= period.present.end][-12:]
    parts = [daily.sums(month).reset_index().assign(month=month.start) for month in months]
    names = ["channel", "month", "spend", "answered", "came"]
    frame = pd.concat(parts, ignore_index=True)[names] if parts else pd.DataFrame({name: [] for name in names})
    return frame.rename(columns={"came": "first_patients"}).sort_values(["channel", "month"], ignore_index=True)
