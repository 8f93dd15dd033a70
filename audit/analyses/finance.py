"""Finance: what comes in, what it costs, what is left, and what has changed.

Question   What is profit made of, where does it begin, and what changed against the days before?
Method     Counting; cost-volume-profit analysis for break-even, checked against how costs moved with revenue from month to
           month (least squares on steps, Hansen & Hodrick 1980); LMDI (Ang 2004) for the growth of costs; individuals chart and
           runs (Montgomery 2013) for the usual range of months; difference-sign test (Moore & Wallis 1943) for steps up.
Reads      charges, patient_days, first_visits; services, expenses and events if there are any.
Cannot say What caused a change: there is no clinic beside this one that was left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from ibis import _
from ibis.expr.types import Table
from matplotlib.figure import Figure
from pydantic import Field

from audit.config import Days, Params, Period
from audit.errors import NotAnswerable
from audit.models.ascents import ascents, chance_of_ascents
from audit.models.bootstrap import ratio_interval
from audit.models.control_limits import RUN, Limits, individuals, readings
from audit.models.cost_behaviour import FEWEST_MONTHS, cost_behaviour
from audit.models.cost_growth import COLUMNS, cost_growth
from audit.models.drivers import Account
from audit.models.ledger import Ledger
from audit.models.months import a_year_earlier, next_month, whole_months
from audit.plots import theme
from audit.plots.trend import OtherLine, UsualRange, trend
from audit.plots.waterfall import waterfall
from audit.results import Estimate, Finding, Kind, Measure, Result, Sentence, exact, table
from audit.tables.columns import Unit
from audit.tables.currencies import one_currency
from audit.tables.ledger_lines import ledger_lines
from audit.tables.money_days import first_day_money, money_days
from audit.wording import Labels

FIGURES = ("months", "costs", "profit")
NAMED = ("variable", "pay", "rent", "marketing")
RARE = 0.05
"""Chance below which steps that only chance orders would hardly go up so often."""


class FinanceParams(Params):
    """Settings of the analysis."""

    cohort_days: int = Field(365, ge=30, description="days over which a new patient's first day is compared with the rest")
    smallest_cohort: int = Field(100, ge=2, description="new patients below which that comparison is not made")
    usual_months: int = Field(24, ge=8, description="most months behind the usual range")


@dataclass(frozen=True, kw_only=True)
class FinanceResult(Result):
    """What the clinic earns and spends; money per month.

    Three shares answer three questions: ``first_share`` is what first visits earn of outpatient revenue
    now, ``new_share`` what people who became patients now earn of it, ``first_day_share`` what the first
    day earns of a new patient's first year. ``contribution_share`` and ``break_even`` are the ledger's own words for the
    present; ``contribution_seen`` and ``break_even_seen`` are how all costs moved with revenue from month to month.
    ``steps_chance`` is the chance of as many ``months_up`` if only chance ordered the months.
    """

    revenue_month: Estimate
    revenue_before: Estimate | None
    revenue_ratio: Estimate | None
    revenue_change: Estimate | None
    year_change: Estimate | None
    surgery_month: Estimate
    surgery_before: Estimate | None
    surgery_ratio: Estimate | None
    ambulatory_month: Estimate
    ambulatory_before: Estimate | None
    surgery_share: Estimate
    receipt: Estimate | None
    receipt_before: Estimate | None
    first_share: Estimate | None
    first_share_before: Estimate | None
    repeat_share: Estimate | None
    new_share: Estimate | None
    first_day_share: Estimate | None
    profit_month: Estimate | None
    profit_before: Estimate | None
    costs_month: Estimate | None
    costs_before: Estimate | None
    costs_change: Estimate | None
    costs_moved: Estimate | None
    fixed_month: Estimate | None
    fixed_before: Estimate | None
    contribution_share: Estimate | None
    contribution_seen: Estimate | None
    break_even: Estimate | None
    break_even_before: Estimate | None
    break_even_seen: Estimate | None
    usual_low: Estimate | None
    usual_high: Estimate | None
    usual_from: date | None
    usual_to: date | None
    months_up: int
    month_steps: int
    run_length: int
    steps_chance: Estimate | None
    months: pd.DataFrame = table(
        Measure("month", "date"), Measure("revenue", "currency"), Measure("year_change", "share"), Measure("surgery", "currency"),
        Measure("ambulatory", "currency"), Measure("costs", "currency"), Measure("profit", "currency"), Measure("reading", "label"),
    )
    account: pd.DataFrame = table(
        Measure("row", "label"), Measure("now", "currency"), Measure("before", "currency"),
        Measure("change", "share"), Measure("of_revenue", "share"),
    )
    cost_growth: pd.DataFrame = table(
        Measure("group", "label"), Measure("nature", "label"), Measure("before", "currency"), Measure("now", "currency"),
        Measure("change", "currency"), Measure("moved", "currency"), Measure("dearer", "currency"),
    )
    events: pd.DataFrame = table(Measure("day", "date"), Measure("event", "label"))


def analyse(
    charges: Table, patient_days: Table, first_visits: Table, services: Table | None, expenses: Table | None,
    events: Table | None, *, period: Period, params: FinanceParams,
) -> FinanceResult:
    """Money of the present, per month, against the days before and a year earlier."""
    one_currency(charges)
    now, past = period.present, period.past
    days = money_days(patient_days, first_visits, start=period.start, end=period.end, now=now).to_pandas()
    days["day"] = pd.to_datetime(days["day"])
    ledger = Ledger(ledger_lines(expenses, start=period.start, end=period.end))
    present, before = _within(days, now), _within(days, past)
    if not days["revenue"].gt(0).any():
        raise NotAnswerable("no_money")
    if not present["revenue"].sum() > 0:
        raise NotAnswerable("no_money_now", "not_enough_data")
    months = _months(days, ledger, period)
    revenue = _revenue(days, present, before, period)
    books, books_before = (
        ledger.account(money.value, part.start, part.end) if money and part else None
        for money, part in ((revenue["revenue_month"], now), (revenue["revenue_before"], past))
    )
    limits, usual = _usual(months, period, params)
    grown = _cost_growth(books, books_before, ledger, now, past)
    result = FinanceResult(
        grade="A", headline="profit_month" if books else "revenue_month", **revenue,
        first_day_share=_first_day_share(patient_days, first_visits, period, params),
        **_profit(books, books_before, now, past), **_behaviour(months, now, params), **usual, **_steps_up(months, now),
        months=months.assign(reading=readings(limits, months["revenue"])),
        account=_statement(revenue, books, books_before, ledger, now, past),
        **_growth(grown, now), run_length=RUN, cost_growth=grown, events=_events(events, period),
    )
    return replace(result, says=_says(result), findings=tuple(_findings(result, len(ledger.lines) > 0, services is not None)))


# ---------------------------------------------------------------- from the engine
def _events(events: Table | None, period: Period) -> pd.DataFrame:
    if events is None:
        return pd.DataFrame({"day": [], "event": []}, dtype=object)
    inside = events.filter(_.from_day >= period.start, _.from_day < period.end, _.kind != "closed")
    frame = inside.select(day="from_day", event="event").distinct().order_by(["day", "event"]).to_pandas()
    return frame.assign(day=[pd.Timestamp(day).date() for day in frame["day"]])


def _first_day_share(patient_days: Table, first_visits: Table, period: Period, params: FinanceParams) -> Estimate | None:
    """Share of the first day in what new patients bring in ``cohort_days``; the last year that is complete."""
    last = period.end - timedelta(days=params.cohort_days)
    sums = first_day_money(
        patient_days, first_visits, start=max(period.start, last - timedelta(days=365)), end=last, horizon_days=params.cohort_days
    ).to_pandas()
    if len(sums) < params.smallest_cohort or not sums["whole"].sum() > 0:
        return None
    low, high = ratio_interval(sums["first"], sums["whole"], level=params.level, seed=params.seed)
    value = sums["first"].sum() / sums["whole"].sum()
    return Estimate(value, min(low, value), max(high, value), "share", len(sums), params.level)


# ---------------------------------------------------------------- months
def _within(days: pd.DataFrame, part: Days | None) -> pd.DataFrame:
    if part is None:
        return days.iloc[:0]
    return days[(days["day"] >= pd.Timestamp(part.start)) & (days["day"] < pd.Timestamp(part.end))]


def _months(days: pd.DataFrame, ledger: Ledger, period: Period) -> pd.DataFrame:
    """Whole months from the first one with money."""
    opened = max(period.start, days.loc[days["revenue"] != 0, "day"].min().date().replace(day=1))
    firsts = whole_months(opened, period.end)
    index = pd.DatetimeIndex(firsts)
    money = days.groupby(days["day"].dt.to_period("M").dt.to_timestamp())[["revenue", "surgery", "ambulatory"]].sum()
    money = money.reindex(index, fill_value=0.0)
    spent = ledger.costs_by_month.reindex(index).to_numpy(dtype=float)
    frame = pd.DataFrame({"month": pd.Series(firsts, dtype=object), **{name: money[name].to_numpy() for name in money}})
    earlier = frame["revenue"].shift(12)
    frame.insert(2, "year_change", frame["revenue"] / earlier.where(earlier > 0) - 1)
    return frame.assign(costs=spent, profit=frame["revenue"].to_numpy() - spent)


def _steps_up(months: pd.DataFrame, now: Days) -> dict[str, Any]:
    up, steps = ascents(months["revenue"][months["month"] < now.end].tail(13))
    chance = exact(chance_of_ascents(up, steps), "share", steps) if steps > 1 else None
    return {"months_up": up, "month_steps": steps, "steps_chance": chance}


def _usual(months: pd.DataFrame, period: Period, params: FinanceParams) -> tuple[Limits | None, dict[str, Any]]:
    """Usual range of monthly revenue up to the end of the days before, or up to the present."""
    end = period.past.end if period.past is not None else period.present.start
    base = months[np.array([next_month(month) <= end for month in months["month"]], bool)].tail(params.usual_months)
    limits = individuals(base["revenue"].to_numpy())
    if limits is None:
        return None, dict.fromkeys(("usual_low", "usual_high", "usual_from", "usual_to"))
    return limits, {
        "usual_low": exact(max(limits.low, 0.0), "currency", limits.n), "usual_high": exact(limits.high, "currency", limits.n),
        "usual_from": base["month"].iloc[0], "usual_to": next_month(base["month"].iloc[-1]),
    }


def _behaviour(months: pd.DataFrame, now: Days, params: FinanceParams) -> dict[str, Any]:
    """What of a sale stays and where profit begins, as costs moved with revenue in the months themselves."""
    known = months[(months["month"] < now.end) & months["costs"].notna()]
    recent = max(int((known["month"] >= now.start).sum()), 1)
    found = cost_behaviour(known["revenue"], known["costs"], recent=recent, level=params.level)

    def told(bounds: tuple[float, float, float] | None, unit: Unit) -> Estimate | None:
        return None if found is None or bounds is None else Estimate(*bounds, unit, found.n, params.level, "C")

    return {
        "contribution_seen": told(found.contribution_share if found else None, "share"),
        "break_even_seen": told(found.break_even if found else None, "currency"),
    }


# ---------------------------------------------------------------- revenue
def _revenue(days: pd.DataFrame, present: pd.DataFrame, before: pd.DataFrame, period: Period) -> dict[str, Any]:
    now, past = period.present, period.past
    earlier = Days(**dict(zip(("start", "end"), a_year_earlier(now.start, now.end), strict=True)))
    year = _within(days, earlier if earlier.start >= period.start else None)
    monthly = {
        f"{name}_{when}": exact(frame[name].sum() / part.months, "currency", int(frame["n"].sum())) if part and len(frame) else None
        for name in ("revenue", "surgery", "ambulatory") for when, frame, part in (("month", present, now), ("before", before, past))
    }
    total, was = monthly["revenue_month"], monthly["revenue_before"]
    ago = exact(year["revenue"].sum() / earlier.months, "currency", int(year["n"].sum())) if len(year) else None
    change, operated = _change(total, was), _change(monthly["surgery_month"], monthly["surgery_before"])
    first = _share(present, present["is_first"])
    return monthly | {
        "revenue_change": change, "year_change": _change(total, ago),
        "revenue_ratio": exact(change.value + 1, "ratio", change.n) if change else None,
        "surgery_ratio": exact(operated.value + 1, "ratio", operated.n) if operated else None,
        "surgery_share": exact(present["surgery"].sum() / present["revenue"].sum(), "share", int(present["n"].sum())),
        "receipt": _receipt(present), "receipt_before": _receipt(before),
        "first_share": first, "first_share_before": _share(before, before["is_first"]),
        "repeat_share": exact(1 - first.value, "share", first.n) if first else None,
        "new_share": _share(present, present["is_new_now"]),
    }


def _change(now: Estimate | None, before: Estimate | None) -> Estimate | None:
    """By what share more; +150 % is ×2.5."""
    if now is None or before is None or not before.value > 0:
        return None
    return exact(now.value / before.value - 1, "share", now.n)


def _receipt(frame: pd.DataFrame) -> Estimate | None:
    """Outpatient revenue per outpatient visit."""
    visits = int(frame["visits"].sum())
    return exact(frame["ambulatory"].sum() / visits, "currency", visits) if visits else None


def _share(frame: pd.DataFrame, chosen: pd.Series) -> Estimate | None:
    """Share of the chosen days in outpatient revenue."""
    total = frame["ambulatory"].sum()
    return exact(frame.loc[chosen, "ambulatory"].sum() / total, "share", int(frame["n"].sum())) if total > 0 else None


# ---------------------------------------------------------------- costs and profit
def _profit(books: Account | None, before: Account | None, now: Days, past: Days | None) -> dict[str, Any]:
    wanted = {
        "profit_month": (books, "profit"), "costs_month": (books, "costs"), "fixed_month": (books, "fixed"),
        "contribution_share": (books, "contribution_share"), "break_even": (books, "break_even"),
        "profit_before": (before, "profit"), "costs_before": (before, "costs"), "fixed_before": (before, "fixed"), "break_even_before": (before, "break_even"),
    }
    facts: dict[str, Any] = dict.fromkeys(wanted)
    for name, (account, field) in wanted.items():
        value, days = (getattr(account, field) if account is not None else None), now if account is books else past
        if value is not None and days is not None:
            facts[name] = exact(value, "share" if name.endswith("_share") else "currency", round(days.months))
    return facts


def _statement(
    revenue: dict[str, Any], books: Account | None, before: Account | None, ledger: Ledger,
    now: Days, past: Days | None,
) -> pd.DataFrame:
    """Profit and loss per month, costs negative; without costs only revenue."""
    def value(name: str) -> float:
        found = revenue[name]
        return found.value if found is not None else np.nan

    rows = [(name, value(f"{name}_month"), value(f"{name}_before")) for name in ("surgery", "ambulatory", "revenue")]
    if books is not None:
        fixed = ledger.per_month(now.start, now.end, "group", "fixed") or {}
        earlier = ledger.per_month(past.start, past.end, "group", "fixed") if before and past else None
        rows += [("variable", -books.variable, -before.variable if before else np.nan),
                 ("contribution", books.contribution, before.contribution if before else np.nan)]
        groups = sorted({*fixed, *(earlier or {})}, key=lambda group: (-fixed.get(group, 0.0), group))
        rows += [(group, 0.0 - fixed.get(group, 0.0), np.nan if earlier is None else 0.0 - earlier.get(group, 0.0)) for group in groups]
        rows.append(("profit", books.profit, before.profit if before else np.nan))
    frame = pd.DataFrame(rows, columns=["row", "now", "before"])
    # a per cent of something that changed its sign says nothing
    comparable = frame["now"] * frame["before"] > 0
    change = ((frame["now"] - frame["before"]) / frame["before"]).where(comparable)
    return frame.assign(change=change, of_revenue=frame["now"] / value("revenue_month"))


def _cost_growth(books: Account | None, before: Account | None, ledger: Ledger, now: Days, past: Days | None) -> pd.DataFrame:
    if books is None or before is None or past is None:
        return pd.DataFrame(columns=COLUMNS)
    spent = [
        {nature: ledger.per_month(days.start, days.end, "group", nature) or {} for nature in ("variable", "fixed")}
        for days in (now, past)
    ]
    return cost_growth(now=spent[0], before=spent[1], revenue_now=books.revenue, revenue_before=before.revenue)


def _growth(grown: pd.DataFrame, now: Days) -> dict[str, Any]:
    """Change of all costs, and the part of it that came with revenue."""
    names = {"costs_change": "change", "costs_moved": "moved"}
    if grown.empty:
        return dict.fromkeys(names)
    return {name: exact(grown[column].sum(), "currency", round(now.months)) for name, column in names.items()}


# ---------------------------------------------------------------- what is said
def _course(result: FinanceResult) -> str:
    """Where the present lies against the usual range of months before."""
    if result.usual_low is None or result.usual_high is None:
        return "shown"
    value = result.revenue_month.value
    return "below" if value < result.usual_low.value else "above" if value > result.usual_high.value else "usual"


def _costs(result: FinanceResult) -> str:
    """Which part of the growth of costs is the larger."""
    change, moved = result.costs_change, result.costs_moved
    if change is None or moved is None or change.value <= 0:
        return "fell"
    return "moved" if moved.value > change.value / 2 else "dearer"


def _says(result: FinanceResult) -> dict[str, Sentence]:
    profit = result.profit_month
    if profit is None:
        title = "no_costs"
    elif profit.value < 0:
        title = "loss"
    elif result.revenue_ratio is not None and result.revenue_ratio.value >= 1.5:
        title = "times"
    else:
        title = "repeat" if result.repeat_share is not None else "profit"
    return {
        "title": Sentence(title), "lede": Sentence("revenue" if profit is None else "profit"),
        "figures.months.title": Sentence(_course(result)),
        "figures.profit.title": Sentence("loss" if profit is not None and profit.value < 0 else "gain"),
        "figures.costs.title": Sentence(_costs(result)),
    }


def _findings(result: FinanceResult, has_costs: bool, has_services: bool) -> Iterator[Finding]:
    course, steps = _course(result), result.steps_chance
    kinds: dict[str, Kind] = {"above": "strength", "below": "risk", "usual": "caveat"}
    negative = result.months["month"][result.months["revenue"] < 0]
    if len(negative):
        yield Finding("negative_months", "risk", {"months": len(negative), "first": negative.iloc[0]})
    seen, said = result.contribution_seen, result.contribution_share
    agrees = None if seen is None or said is None else seen.low <= said.value <= seen.high
    if agrees is False:
        yield Finding("split_differs", "risk")
    if course in kinds and result.revenue_before is not None:
        yield Finding(course, kinds[course])
    if result.break_even is not None and result.break_even.value > 0:
        over = result.revenue_month.value / result.break_even.value - 1
        margin = {"margin": exact(abs(over), "share", result.break_even.n)}
        yield Finding("over_break_even", "strength", margin) if over >= 0 else Finding("under_break_even", "risk", margin)
    if agrees:
        yield Finding("split_agrees", "strength")
    if result.surgery_ratio is not None and result.profit_before is not None and result.profit_month is not None:
        yield Finding("two_readings", "caveat")
    if steps is not None and result.month_steps >= 6:
        up = 2 * result.months_up > result.month_steps
        yield Finding("steps_up", "strength") if steps.value < RARE and up else Finding("steps_chance", "caveat")
    if result.first_day_share is not None and result.first_share is not None:
        yield Finding("first_shares", "caveat")
    if result.profit_month is None:
        yield Finding("no_costs_now" if has_costs else "no_costs", "not_answered")
    elif seen is None:
        yield Finding("too_few_months", "not_answered", {"known": int(result.months["costs"].notna().sum()), "fewest": FEWEST_MONTHS})
    if not has_services:
        yield Finding("no_services", "not_answered")


# ---------------------------------------------------------------- figures
def months(result: FinanceResult, labels: Labels) -> Figure | None:
    """Revenue and costs by month, the usual range before, and when something was changed."""
    frame, low, high = result.months, result.usual_low, result.usual_high
    if len(frame) < 2:
        return None
    ranges = []
    if low is not None and high is not None and result.usual_from is not None and result.usual_to is not None:
        centre = (low.value + high.value) / 2
        ranges = [UsualRange(result.usual_from, result.usual_to, centre, low.value, high.value, labels["usual"], below=True)]
    spent = [OtherLine(labels["costs"], frame["costs"].to_numpy())] if frame["costs"].notna().any() else []
    return trend(
        list(frame["month"]), frame["revenue"].to_numpy(), number=_money(labels), month=labels.month, ranges=ranges,
        others=spent, words=labels["revenue"], from_zero=True, height=27, width=theme.MAIN,
        marked=frame["reading"].isin(["above", "below"]).to_numpy(),
        marks=[day for day in result.events["day"] if day >= frame["month"].iloc[0]], marks_text=labels["changed"],
    )


def costs(result: FinanceResult, labels: Labels) -> Figure | None:
    """From the costs before to those now: what came with revenue, what a sale costs more, what the house costs more."""
    frame = result.cost_growth
    if frame.empty or result.costs_before is None:
        return None
    fixed = frame[frame["nature"] == "fixed"].set_index("group")["change"]
    shown = fixed.rename(lambda group: group if group in NAMED else "other").groupby(level=0, sort=False).sum()
    rate = frame.loc[frame["nature"] == "variable", "dearer"].sum()
    steps = {name: amount for name, amount in {"moved": frame["moved"].sum(), "rate": rate, **shown}.items() if amount}
    return waterfall(
        [labels.value("step", row) for row in steps], np.array(list(steps.values())),
        start=(labels["before"], result.costs_before.value), end=labels["now"], number=_money(labels), signed=_money(labels),
        width=theme.HALF, height=29,
    )


def profit(result: FinanceResult, labels: Labels) -> Figure | None:
    """From revenue to profit, cost by cost."""
    now = result.account.set_index("row")["now"]
    if "profit" not in now.index:
        return None
    costs = now.drop(["surgery", "ambulatory", "revenue", "contribution", "profit"])
    shown = costs.rename(lambda row: row if row in NAMED else "other").groupby(level=0, sort=False).sum()
    return waterfall(
        [labels.value("step", row) for row in shown.index], shown.to_numpy(), start=(labels["revenue"], float(now["revenue"])),
        end=labels["profit"], number=_money(labels), signed=_money(labels), width=theme.HALF, height=29,
    )


def _money(labels: Labels) -> Callable[[float], str]:
    return partial(labels.number, unit="currency")
