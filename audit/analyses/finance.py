"""Services and finance: what comes in, what it costs, what is left, and what has changed.

Question   What are revenue and profit made of, and what changed against the days before?
Method     Counting; cost–volume–profit analysis for break-even; LMDI (Ang 2004) for volume, mix and
           price; individuals chart (Montgomery 2013) for the usual range of months.
Reads      charges, patient_days, first_visits; services, expenses and events if there are any.
Cannot say What caused a change: there is no clinic beside this one that was left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import ibis
import numpy as np
import pandas as pd
from ibis import _
from ibis.expr.types import Table
from matplotlib.figure import Figure
from pydantic import Field

from audit.config import Days, Params, Period
from audit.errors import NotAnswerable
from audit.models.bootstrap import ratio_interval
from audit.models.control_limits import Limits, individuals
from audit.models.drivers import Account, account
from audit.models.factors import lmdi
from audit.plots import theme
from audit.plots.bars import bars
from audit.plots.trend import OtherLine, UsualRange, trend
from audit.plots.waterfall import waterfall
from audit.results import Estimate, Finding, Measure, Result, Sentence, exact, table
from audit.wording.labels import Labels

KINDS = ("operation", "ward", "consultation", "diagnostics", "procedure", "other")
SURGERY = ("operation", "ward")
GROUPS = ("pay", "rent", "marketing", "supplies", "equipment", "tax", "other")


class FinanceParams(Params):
    cohort_days: int = Field(365, ge=30, description="days over which a new patient's first day is compared with the rest")
    smallest_cohort: int = Field(100, ge=2, description="new patients below which that comparison is not made")
    usual_months: int = Field(24, ge=8, description="most months behind the usual range")
    ledger_tolerance: float = Field(0.02, gt=0, lt=1, description="difference to the ledger that is still agreement")


@dataclass(frozen=True, kw_only=True)
class FinanceResult(Result):
    revenue_month: Estimate
    revenue_before: Estimate | None
    revenue_ratio: Estimate | None
    revenue_change: Estimate | None
    revenue_year_earlier: Estimate | None
    year_change: Estimate | None
    surgery_month: Estimate
    surgery_before: Estimate | None
    ambulatory_month: Estimate
    ambulatory_before: Estimate | None
    surgery_share: Estimate
    first_share: Estimate | None
    repeat_share: Estimate | None
    first_share_before: Estimate | None
    first_share_new: Estimate | None
    first_share_cohort: Estimate | None
    profit_month: Estimate | None
    profit_before: Estimate | None
    costs_month: Estimate | None
    variable_month: Estimate | None
    fixed_month: Estimate | None
    fixed_before: Estimate | None
    contribution_share: Estimate | None
    break_even: Estimate | None
    break_even_before: Estimate | None
    ledger_difference: Estimate | None
    usual_low: Estimate | None
    usual_high: Estimate | None
    months_up: int
    month_steps: int
    first_month: date
    months: pd.DataFrame = table(
        Measure("month", "date"), Measure("revenue", "currency"), Measure("surgery", "currency"),
        Measure("ambulatory", "currency"), Measure("costs", "currency"), Measure("profit", "currency"),
    )
    account: pd.DataFrame = table(
        Measure("row", "label"), Measure("now", "currency"), Measure("before", "currency"),
        Measure("change", "share"), Measure("of_revenue", "share", form="bar"),
    )
    lines: pd.DataFrame = table(
        Measure("dimension", "label"), Measure("line", "label"), Measure("revenue", "currency"),
        Measure("before", "currency"), Measure("change", "share"), Measure("share", "share", form="bar"),
        Measure("direct_cost", "currency", shown=False), Measure("n", "count", shown=False),
    )
    doctors: pd.DataFrame = table(
        Measure("doctor", "label"), Measure("revenue", "currency"), Measure("before", "currency"),
        Measure("change", "share"), Measure("share", "share", form="bar"), Measure("n", "count", shown=False),
    )
    price_volume: pd.DataFrame = table(Measure("effect", "label"), Measure("amount", "currency"))
    events: pd.DataFrame = table(Measure("day", "date"), Measure("event", "label"), Measure("kind", "label"))


FIGURES = ("months", "services", "profit")


def analyse(
    charges: Table, patient_days: Table, first_visits: Table, services: Table | None, expenses: Table | None,
    events: Table | None, *, period: Period, params: FinanceParams,
) -> FinanceResult:
    """Money of the present, per month, against the days before and a year earlier."""
    now, past, earlier = period.present, period.past, _year_earlier(period)
    days = _days(patient_days, first_visits, period)
    sold = _sold(charges, services, period)
    if not days["revenue"].gt(0).any():
        raise NotAnswerable("no_money", "not_available")
    costs = _costs(expenses, period)
    months = _months(days, costs, period)
    present, before = _within(days, now), _within(days, past)
    if not present["revenue"].sum() > 0:
        raise NotAnswerable("no_money_now", "not_enough_data")
    books, books_before = _account(present, costs, now), _account(before, costs, past)
    up, steps = _steps_up(months, now)
    usual = _usual(months, period, params)
    facts = _facts(present, before, _within(days, earlier), period, earlier)
    shares = _first_shares(days, present, before, now, patient_days, first_visits, period, params)
    result = FinanceResult(
        grade="A", headline="profit_month" if books else "revenue_month", **facts, **shares,
        **_profit(books, books_before, now, past), ledger_difference=_ledger(costs, days, period),
        usual_low=exact(usual.low, "currency", usual.n) if usual else None,
        usual_high=exact(usual.high, "currency", usual.n) if usual else None,
        months_up=up, month_steps=steps, first_month=months["month"].iloc[0] if len(months) else period.start,
        months=months, account=_books(facts, books, books_before, costs, now, past), lines=_lines(sold, now, past),
        doctors=_dimension(sold, "doctor", now, past).rename(columns={"line": "doctor"})[
            ["doctor", "revenue", "before", "change", "share", "n"]
        ],
        price_volume=_price_volume(sold, now, past), events=_events(events, period),
    )
    return _said(result, usual, expenses is not None and bool(len(costs)), services is not None, params)


# ---------------------------------------------------------------- from the engine
def _days(patient_days: Table, first_visits: Table, period: Period) -> pd.DataFrame:
    """Money by day and by whose day it was: first day of a new patient, later day of one who became a
    patient in the present (or the days before), or anybody else's."""
    joined = patient_days.left_join(first_visits.select("patient_id", "first_day", "is_new"), "patient_id").drop("patient_id_right")
    inside = joined.filter(_.day >= period.start, _.day < period.end)
    is_new = ibis.coalesce(_.is_new, False)
    grouped = inside.group_by(
        "day",
        is_first=(is_new & (ibis.coalesce(_.tenure_day, -1) == 0)),
        new_now=is_new & _begun(period.present),
        new_before=(is_new & _begun(period.past)) if period.past else ibis.literal(False),
    ).aggregate(
        revenue=_.revenue.sum().cast("float64"), surgery=_.surgery_revenue.sum().cast("float64"),
        visits=_.visits.sum(), n=_.count(),
    )
    frame = grouped.order_by(["day", "is_first", "new_now", "new_before"]).to_pandas()
    frame["day"] = pd.to_datetime(frame["day"])
    return frame.assign(ambulatory=frame["revenue"] - frame["surgery"])


def _begun(days: Days) -> ibis.Value:
    return (_.first_day >= days.start) & (_.first_day < days.end)


def _sold(charges: Table, services: Table | None, period: Period) -> pd.DataFrame:
    """Money and units by day range and by service, doctor, branch and payer, in and before the present."""
    lines = charges.filter(_.kind.isin(["sale", "refund"]))
    if services is None:
        lines = lines.mutate(service_kind=ibis.null("string"), unit_cost=ibis.null("decimal(18, 2)"))
    else:
        facts = services.select("service_id", service_kind=_.kind, unit_cost=_.direct_cost)
        lines = lines.left_join(facts, "service_id").drop("service_id_right")
    sign = ibis.cases((_.kind == "refund", -1.0), else_=1.0)
    units = sign * ibis.coalesce(_.quantity, 1.0)
    parts = [lines.filter(_.charged_on >= d.start, _.charged_on < d.end).mutate(part=ibis.literal(name))
             for name, d in (("now", period.present), ("before", period.past)) if d is not None]
    whole = parts[0] if len(parts) == 1 else ibis.union(*parts)
    keys = {
        "service": _.service_id.fill_null(""), "kind": _.service_kind.fill_null("unknown"),
        "doctor": _.doctor_id.fill_null("unknown"), "branch": _.branch.fill_null("unknown"),
        "payer": _.payer.fill_null("unknown"),
    }
    grouped = whole.mutate(units=units, cost=_.unit_cost.cast("float64") * units).group_by("part", **keys).aggregate(
        revenue=_.paid.sum().cast("float64"), units=_.units.sum(), cost=_.cost.sum(), n=_.count(),
    )
    return grouped.order_by(["part", *keys]).to_pandas()


def _costs(expenses: Table | None, period: Period) -> pd.DataFrame:
    """Lines of the account by month, group and nature, whole months of the period."""
    columns = ["month", "group", "nature", "amount"]
    if expenses is None:
        return pd.DataFrame(columns=columns)
    inside = expenses.filter(_.month >= period.start.replace(day=1), _.month < period.end)
    month = inside.mutate(month=_.month.truncate("M"), group=_.group.fill_null("other"))
    summed = month.group_by("month", "group", "nature").aggregate(amount=_.amount.sum().cast("float64"))
    frame = summed.order_by(["month", "group", "nature"]).to_pandas()
    frame["month"] = pd.to_datetime(frame["month"])
    return frame


def _events(events: Table | None, period: Period) -> pd.DataFrame:
    if events is None:
        return pd.DataFrame({"day": [], "event": [], "kind": []})
    inside = events.filter(_.from_day >= period.start, _.from_day < period.end, _.kind != "closed")
    frame = inside.order_by(["from_day", "event"]).select(day="from_day", event="event", kind="kind").to_pandas()
    return frame.assign(day=[pd.Timestamp(day).date() for day in frame["day"]])


# ---------------------------------------------------------------- days and months
def _year_earlier(period: Period) -> Days | None:
    now = period.present
    start, end = (day.replace(year=day.year - 1, day=min(day.day, 28)) for day in (now.start, now.end))
    return Days(start=start, end=end) if start >= period.start else None


def _within(days: pd.DataFrame, part: Days | None) -> pd.DataFrame:
    if part is None:
        return days.iloc[:0]
    return days[(days["day"] >= pd.Timestamp(part.start)) & (days["day"] < pd.Timestamp(part.end))]


def _whole_months(period: Days) -> list[date]:
    """First days of the calendar months that lie wholly in ``period``."""
    first = period.start if period.start.day == 1 else _next_month(period.start)
    found = []
    while _next_month(first) <= period.end:
        found.append(first)
        first = _next_month(first)
    return found


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _months(days: pd.DataFrame, costs: pd.DataFrame, period: Period) -> pd.DataFrame:
    firsts = _whole_months(period)
    index = pd.DatetimeIndex([pd.Timestamp(first) for first in firsts])
    money = days.groupby(days["day"].dt.to_period("M").dt.to_timestamp())[["revenue", "surgery", "ambulatory"]].sum()
    money = money.reindex(index, fill_value=0.0)
    spent = costs[costs["nature"] != "revenue"].groupby("month")["amount"].sum().reindex(index).to_numpy(dtype=float)
    return pd.DataFrame({
        "month": firsts, "revenue": money["revenue"].to_numpy(), "surgery": money["surgery"].to_numpy(),
        "ambulatory": money["ambulatory"].to_numpy(), "costs": spent, "profit": money["revenue"].to_numpy() - spent,
    })


def _steps_up(months: pd.DataFrame, now: Days) -> tuple[int, int]:
    """How many of the last twelve steps from month to month went up."""
    last = months[[month < now.end for month in months["month"]]]["revenue"].to_numpy()[-13:]
    return sum(int(b > a) for a, b in pairwise(last)), max(len(last) - 1, 0)


def _usual(months: pd.DataFrame, period: Period, params: FinanceParams) -> Limits | None:
    """Usual range of monthly revenue up to the end of the days before, or up to the present."""
    end = period.past.end if period.past is not None else period.present.start
    values = months[[_next_month(month) <= end for month in months["month"]]]["revenue"].to_numpy()
    return individuals(values[-params.usual_months:])


# ---------------------------------------------------------------- revenue
def _facts(
    present: pd.DataFrame, before: pd.DataFrame, year: pd.DataFrame, period: Period, earlier: Days | None
) -> dict[str, Estimate | None]:
    now, past = period.present, period.past

    def monthly(frame: pd.DataFrame, name: str, days: Days | None) -> Estimate | None:
        if days is None or frame.empty:
            return None
        return exact(frame[name].sum() / days.months, "currency", int(frame["n"].sum()))

    revenue, was, ago = monthly(present, "revenue", now), monthly(before, "revenue", past), monthly(year, "revenue", earlier)
    assert revenue is not None
    return {
        "revenue_month": revenue, "revenue_before": was, "revenue_year_earlier": ago,
        "revenue_ratio": _ratio(revenue, was, "ratio"), "revenue_change": _ratio(revenue, was, "share"),
        "year_change": _ratio(revenue, ago, "share"),
        "surgery_month": monthly(present, "surgery", now), "surgery_before": monthly(before, "surgery", past),
        "ambulatory_month": monthly(present, "ambulatory", now), "ambulatory_before": monthly(before, "ambulatory", past),
        "surgery_share": exact(present["surgery"].sum() / present["revenue"].sum(), "share", int(present["n"].sum())),
    }


def _ratio(now: Estimate, before: Estimate | None, unit: str) -> Estimate | None:
    """How many times (ratio) or by what share more; ×2.5 is +150 %."""
    if before is None or not before.value > 0:
        return None
    times = now.value / before.value
    return exact(times, "ratio", now.n) if unit == "ratio" else exact(times - 1, "share", now.n)


def _first_shares(
    days: pd.DataFrame, present: pd.DataFrame, before: pd.DataFrame, now: Days, patient_days: Table,
    first_visits: Table, period: Period, params: FinanceParams,
) -> dict[str, Estimate | None]:
    """What first visits earn of outpatient revenue, by three definitions that must not be mixed up."""
    same = _share(present, present["is_first"])
    return {
        "first_share": same,
        "repeat_share": exact(1 - same.value, "share", same.n) if same else None,
        "first_share_before": _share(before, before["is_first"]),
        "first_share_new": _share(present, present["new_now"]),
        "first_share_cohort": _cohort_share(patient_days, first_visits, period, params),
    }


def _share(frame: pd.DataFrame, chosen: pd.Series) -> Estimate | None:
    total = frame["ambulatory"].sum()
    return exact(frame.loc[chosen, "ambulatory"].sum() / total, "share", int(frame["n"].sum())) if total > 0 else None


def _cohort_share(patient_days: Table, first_visits: Table, period: Period, params: FinanceParams) -> Estimate | None:
    """Of what new patients bring in ``cohort_days``, the share of their first day; the last such cohort year."""
    last = period.end - timedelta(days=params.cohort_days)
    first = max(period.start, last - timedelta(days=365))
    if first >= last:
        return None
    cohort = first_visits.filter(_.is_new, _.first_day >= first, _.first_day < last).select("patient_id")
    money = _.revenue.cast("float64") - _.surgery_revenue.cast("float64")
    seen = patient_days.filter(_.tenure_day >= 0, _.tenure_day <= params.cohort_days).inner_join(cohort, "patient_id")
    sums = seen.group_by("patient_id").aggregate(
        first=money.sum(where=_.tenure_day == 0).fill_null(0.0), whole=money.sum(),
    ).order_by("patient_id").to_pandas()
    total = sums["whole"].sum()
    if len(sums) < params.smallest_cohort or not total > 0:
        return None
    low, high = ratio_interval(sums["first"], sums["whole"], level=params.level, seed=params.seed)
    value = sums["first"].sum() / total
    return Estimate(value, min(low, value), max(high, value), "share", len(sums), params.level)


# ---------------------------------------------------------------- costs and profit
def _spent(costs: pd.DataFrame, days: Days | None) -> pd.DataFrame | None:
    """Costs of ``days``, a month counted by the share of its days inside; None if a month has no costs."""
    if days is None:
        return None
    booked = costs[costs["nature"] != "revenue"]
    found = []
    month = days.start.replace(day=1)
    while month < days.end:
        end = _next_month(month)
        inside = (min(end, days.end) - max(month, days.start)).days / (end - month).days
        lines = booked[booked["month"] == pd.Timestamp(month)]
        if not lines["amount"].abs().sum() > 0:
            return None
        found.append(lines.assign(amount=lines["amount"] * inside))
        month = end
    return pd.concat(found, ignore_index=True)


def _account(money: pd.DataFrame, costs: pd.DataFrame, days: Days | None) -> Account | None:
    """Profit and loss per month of ``days``."""
    spent = _spent(costs, days)
    if spent is None or days is None or not money["revenue"].sum() > 0:
        return None
    amounts = spent.groupby("nature")["amount"].sum() / days.months
    return account(
        revenue=money["revenue"].sum() / days.months,
        variable=float(amounts.get("variable", 0.0)), fixed=float(amounts.get("fixed", 0.0)),
    )


def _profit(books: Account | None, before: Account | None, now: Days, past: Days | None) -> dict[str, Estimate | None]:
    def money(amount: float | None, days: Days | None) -> Estimate | None:
        return exact(amount, "currency", round(days.months)) if amount is not None and days is not None else None

    return {
        "profit_month": money(books.profit, now) if books else None,
        "profit_before": money(before.profit, past) if before else None,
        "costs_month": money(books.variable + books.fixed, now) if books else None,
        "variable_month": money(books.variable, now) if books else None,
        "fixed_month": money(books.fixed, now) if books else None,
        "fixed_before": money(before.fixed, past) if before else None,
        "contribution_share": exact(books.contribution_share, "share", round(now.months)) if books else None,
        "break_even": money(books.break_even, now) if books else None,
        "break_even_before": money(before.break_even, past) if before else None,
    }


def _ledger(costs: pd.DataFrame, days: pd.DataFrame, period: Period) -> Estimate | None:
    """By what share the bills differ from the revenue in the ledger, over the months the ledger has."""
    booked = costs[costs["nature"] == "revenue"].groupby("month")["amount"].sum()
    booked = booked[booked.index.isin([pd.Timestamp(month) for month in _whole_months(period)])]
    if not booked.sum() > 0:
        return None
    billed = days.groupby(days["day"].dt.to_period("M").dt.to_timestamp())["revenue"].sum().reindex(booked.index, fill_value=0.0)
    return exact(billed.sum() / booked.sum() - 1, "share", len(booked))


def _books(
    facts: dict[str, Estimate | None], books: Account | None, before: Account | None, costs: pd.DataFrame,
    now: Days, past: Days | None,
) -> pd.DataFrame:
    """Profit and loss account, per month, costs negative; only revenue without costs."""
    rows: list[tuple[str, float, float]] = [
        (name, _value(facts[f"{name}_month"]), _value(facts[f"{name}_before"])) for name in ("surgery", "ambulatory", "revenue")
    ]
    if books is not None:
        rows += [("variable", -books.variable, -before.variable if before else np.nan),
                 ("contribution", books.contribution, before.contribution if before else np.nan)]
        fixed = [_fixed(costs, part) for part in (now, past)]
        rows += [(name, -fixed[0].get(name, 0.0), -fixed[1].get(name, 0.0) if before else np.nan)
                 for name in GROUPS if fixed[0].get(name, 0.0) or fixed[1].get(name, 0.0)]
        rows.append(("profit", books.profit, before.profit if before else np.nan))
    frame = pd.DataFrame(rows, columns=["row", "now", "before"])
    base = frame["before"].where(frame["before"] != 0).abs()
    # a change of sign has no meaningful per cent
    change = ((frame["now"] - frame["before"]) * np.sign(frame["before"]) / base).where(frame["now"] * frame["before"] > 0)
    revenue = frame.loc[frame["row"] == "revenue", "now"].iloc[0]
    return frame.assign(change=change, of_revenue=frame["now"].abs() / revenue)


def _value(estimate: Estimate | None) -> float:
    return estimate.value if estimate is not None else np.nan


def _fixed(costs: pd.DataFrame, days: Days | None) -> dict[str, float]:
    spent = _spent(costs, days)
    if spent is None or days is None:
        return {}
    fixed = spent[spent["nature"] == "fixed"].groupby("group")["amount"].sum() / days.months
    return {str(name): float(amount) for name, amount in fixed.items()}


# ---------------------------------------------------------------- what is sold
def _lines(sold: pd.DataFrame, now: Days, past: Days | None) -> pd.DataFrame:
    found = [_dimension(sold, name, now, past) for name in ("kind", "branch", "payer")]
    known = [frame for frame in found if set(frame["line"]) - {"unknown"}]
    whole = pd.concat(known, ignore_index=True) if known else found[0].iloc[:0]
    return whole[["dimension", "line", "revenue", "before", "change", "share", "direct_cost", "n"]]


def _dimension(sold: pd.DataFrame, name: str, now: Days, past: Days | None) -> pd.DataFrame:
    """Revenue per month by one dimension, now and before, largest first."""
    sums = sold.groupby([name, "part"])[["revenue", "cost", "n"]].sum(min_count=1).unstack("part")
    lines = sums.index.to_numpy()

    def column(measure: str, part: str, months: float) -> np.ndarray:
        if (measure, part) not in sums.columns:
            return np.full(len(lines), np.nan)
        return sums[(measure, part)].to_numpy(dtype=float) / months

    revenue = np.nan_to_num(column("revenue", "now", now.months))
    before = np.nan_to_num(column("revenue", "before", past.months)) if past is not None else np.full(len(lines), np.nan)
    total = revenue.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        change = np.where(before > 0, revenue / before - 1, np.nan)
    frame = pd.DataFrame({
        "dimension": name, "line": [str(line) for line in lines], "revenue": revenue, "before": before, "change": change,
        "share": revenue / total if total > 0 else np.nan, "direct_cost": column("cost", "now", now.months),
        "n": np.nan_to_num(column("n", "now", 1.0)).astype(int),
    })
    return frame.sort_values(["revenue", "line"], ascending=[False, True], ignore_index=True)


def _price_volume(sold: pd.DataFrame, now: Days, past: Days | None) -> pd.DataFrame:
    """Change of monthly revenue by how much was sold, of what, at what price; sums exactly."""
    empty = pd.DataFrame({"effect": pd.Series(dtype=str), "amount": pd.Series(dtype=float)})
    if past is None or sold.empty:
        return empty
    sums = sold.groupby(["service", "part"])[["revenue", "units"]].sum().unstack("part", fill_value=0.0)
    if not {("units", "now"), ("units", "before")} <= set(sums.columns):
        return empty
    q1, q0 = (sums[("units", part)].to_numpy(float) / d.months for part, d in (("now", now), ("before", past)))
    v1, v0 = (sums[("revenue", part)].to_numpy(float) / d.months for part, d in (("now", now), ("before", past)))
    plain = (q0 >= 0) & (q1 >= 0) & (v0 >= 0) & (v1 >= 0) & ((q0 > 0) | (v0 == 0)) & ((q1 > 0) | (v1 == 0))
    if not (q0[plain].sum() > 0 and q1[plain].sum() > 0):
        return empty
    with np.errstate(divide="ignore", invalid="ignore"):
        p0, p1 = np.where(q0 > 0, v0 / q0, np.nan), np.where(q1 > 0, v1 / q1, np.nan)
    p0, p1 = np.where(np.isnan(p0), p1, p0), np.where(np.isnan(p1), p0, p1)
    total0, total1 = q0[plain].sum(), q1[plain].sum()
    parts = lmdi(
        np.column_stack([np.full(plain.sum(), total0), q0[plain] / total0, np.nan_to_num(p0[plain])]),
        np.column_stack([np.full(plain.sum(), total1), q1[plain] / total1, np.nan_to_num(p1[plain])]),
    ).sum(axis=0)
    other = (v1 - v0)[~plain].sum()
    rows = [("volume", parts[0]), ("mix", parts[1]), ("price", parts[2])] + ([("refunds", other)] if (~plain).any() else [])
    return pd.DataFrame(rows, columns=["effect", "amount"])


# ---------------------------------------------------------------- what is said
def _said(result: FinanceResult, usual: Limits | None, has_costs: bool, has_services: bool, params: FinanceParams) -> FinanceResult:
    from dataclasses import replace

    return replace(
        result,
        says={
            "title": _title(result, usual), "lede": Sentence("profit" if result.profit_month else "revenue"),
            "figures.months.title": Sentence(_course(result, usual)),
            "figures.profit.title": Sentence("gain" if result.profit_month and result.profit_month.value >= 0 else "loss"),
        },
        findings=tuple(_findings(result, usual, has_costs, has_services, params)),
    )


def _course(result: FinanceResult, usual: Limits | None) -> str:
    if usual is None:
        return "shown"
    value = result.revenue_month.value
    return "usual" if usual.holds(value) else "above" if value > usual.high else "below"


def _title(result: FinanceResult, usual: Limits | None) -> Sentence:
    if result.profit_month is None:
        return Sentence("no_costs")
    if result.profit_month.value < 0:
        return Sentence("loss")
    if result.revenue_ratio is not None and result.revenue_ratio.value >= 1.5:
        return Sentence("times")
    return Sentence("repeat" if result.repeat_share is not None else "profit")


def _findings(
    result: FinanceResult, usual: Limits | None, has_costs: bool, has_services: bool, params: FinanceParams
) -> Iterator[Finding]:
    course = _course(result, usual)
    if course == "above" and result.revenue_before is not None:
        yield Finding("rose", "strength")
    elif course == "below" and result.revenue_before is not None:
        yield Finding("fell", "risk")
    elif course == "usual":
        yield Finding("usual", "caveat")
    if result.break_even is not None:
        over = result.revenue_month.value / result.break_even.value - 1 if result.break_even.value > 0 else 0.0
        margin = exact(abs(over), "share", result.break_even.n)
        yield Finding("over_break_even" if over >= 0 else "under_break_even", "strength" if over >= 0 else "risk", {"margin": margin})
    if result.first_share_cohort is not None:
        yield Finding("first_shares", "caveat")
    if result.ledger_difference is not None:
        agrees = abs(result.ledger_difference.value) <= params.ledger_tolerance
        gap = exact(abs(result.ledger_difference.value), "share", result.ledger_difference.n)
        yield Finding("ledger_agrees" if agrees else "ledger_differs", "strength" if agrees else "risk", {"gap": gap})
    if result.profit_month is None:
        yield Finding("no_costs_now" if has_costs else "no_costs", "not_answered")
    if not has_services:
        yield Finding("no_services", "not_answered")


# ---------------------------------------------------------------- figures
def months(result: FinanceResult, labels: Labels) -> Figure | None:
    """Revenue and costs by month, the usual range before, and when something was changed."""
    frame = result.months
    if len(frame) < 2:
        return None
    ranges = []
    if result.usual_low is not None and result.usual_high is not None:
        n = result.usual_low.n
        last = _last_usual(result)
        start = last
        for _i in range(n):
            start = (start - timedelta(days=1)).replace(day=1)
        centre = (result.usual_low.value + result.usual_high.value) / 2
        ranges = [UsualRange(start, last, centre, max(result.usual_low.value, 0.0), result.usual_high.value, labels["usual"])]
    costs = [OtherLine(labels["costs"], frame["costs"].to_numpy())] if frame["costs"].notna().any() else []
    return trend(
        list(frame["month"]), frame["revenue"].to_numpy(), number=lambda v: labels.number(v, "currency"), month=labels.month,
        ranges=ranges, others=costs, words=labels["revenue"], from_zero=True, width=theme.FULL, height=46,
    )
