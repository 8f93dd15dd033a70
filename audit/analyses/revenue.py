"""Revenue: where it comes from, what its change is made of, and whether bills and books agree.

Question   Which branch, line of business, service, payer and doctor earn, and did volume, mix or price change revenue?
Method     Counting; LMDI (Ang 2004) for volume, mix and price, which sum to the change; individuals chart and runs
           (Montgomery 2013) for the receipt per visit; bootstrap of patient days for receipts.
Reads      charges, patient_days, appointments, the result of finance; services, expenses and events if there are any.
Cannot say What profit a branch or a doctor makes: rent and staff are shared, only direct cost is known by service.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from ibis.expr.types import Table
from matplotlib.figure import Figure
from pydantic import Field

from audit.analyses.finance import FinanceResult
from audit.config import Days, Params, Period
from audit.models.bootstrap import ratio_interval
from audit.models.breakdown import UNKNOWN, breakdown, change_by_part
from audit.models.control_limits import individuals, readings
from audit.models.ledger import Ledger
from audit.models.months import next_month, whole_months
from audit.plots import theme
from audit.plots.bars import bars
from audit.plots.trend import UsualRange, trend
from audit.plots.waterfall import waterfall
from audit.results import Estimate, Finding, Measure, Result, Sentence, exact, table
from audit.tables.bill_lines import bill_lines, sold
from audit.tables.currencies import one_currency
from audit.tables.ledger_lines import ledger_lines
from audit.tables.money_kinds import money_kinds
from audit.tables.patient_days import on_day_refunded
from audit.tables.visit_receipts import receipts_by_month, receipts_by_patient
from audit.wording import Labels

FIGURES = ("bridge", "kinds", "receipts")
LINES = ("business", "kind", "branch", "payer")
DETAILS = ("service", "doctor")
MOVED = 0.1
"""Part of the larger revenue below which volume, mix and price hardly changed it."""


class RevenueParams(Params):
    """Settings of the analysis."""

    ledger_tolerance: float = Field(0.02, gt=0, lt=1, description="difference to the ledger that is still agreement")
    usual_months: int = Field(24, ge=8, description="most months behind the usual range")
    yearly_inflation: float = Field(0.0, gt=-0.5, lt=2, description="rise of consumer prices a year, to tell real from nominal growth; 0 leaves it out")


@dataclass(frozen=True, kw_only=True)
class RevenueResult(Result):
    """Money per month. ``volume``, ``mix``, ``price`` and ``other_change`` sum to the change of revenue.

    ``real_change`` is the change at the prices of the days before. ``receipt`` is outpatient money per visit, of first
    and repeat visits apart; ``patient_receipt`` outpatient money per patient of the present. ``largest`` names the kind of
    service that earns most. ``ledger_difference`` is bills over the ledger's revenue − 1 in all ``ledger_months``,
    ``ledger_worst`` that of the month that differs most.
    """

    revenue_month: Estimate
    revenue_before: Estimate | None
    revenue_change: Estimate | None
    real_change: Estimate | None
    surgery_ratio: Estimate | None
    volume: Estimate | None
    mix: Estimate | None
    price: Estimate | None
    other_change: Estimate | None
    receipt: Estimate | None
    receipt_before: Estimate | None
    first_receipt: Estimate | None
    repeat_receipt: Estimate | None
    patient_receipt: Estimate | None
    largest: str | None
    largest_share: Estimate | None
    not_revenue: Estimate | None
    loose_share: Estimate | None
    ledger_difference: Estimate | None
    ledger_worst: Estimate | None
    ledger_worst_month: date | None
    ledger_months: int
    usual_low: Estimate | None
    usual_high: Estimate | None
    lines: pd.DataFrame = table(
        Measure("dimension", "label"), Measure("line", "label"), Measure("revenue", "currency"),
        Measure("before", "currency"), Measure("change", "share"), Measure("share", "share", form="bar"),
        Measure("contribution", "currency"), Measure("n", "count", shown=False),
    )
    details: pd.DataFrame = table(
        Measure("dimension", "label"), Measure("line", "label"), Measure("revenue", "currency"),
        Measure("before", "currency"), Measure("change", "share"), Measure("share", "share"),
        Measure("contribution", "currency"), Measure("n", "count", shown=False),
    )
    price_volume: pd.DataFrame = table(Measure("effect", "label"), Measure("amount", "currency"))
    reconciliation: pd.DataFrame = table(
        Measure("row", "label"), Measure("now", "currency"), Measure("before", "currency"),
    )
    visits: pd.DataFrame = table(
        Measure("visit", "label"), Measure("visits", "number"), Measure("receipt", "currency", interval=True),
        Measure("receipt_before", "currency"), Measure("share", "share"), Measure("n", "count", shown=False),
    )
    months: pd.DataFrame = table(Measure("month", "date"), Measure("receipt", "currency"), Measure("visits", "count"), Measure("reading", "label"))
    events: pd.DataFrame = table(Measure("day", "date"), Measure("event", "label"))


def analyse(
    charges: Table, patient_days: Table, appointments: Table, finance: FinanceResult, services: Table | None,
    expenses: Table | None, *, period: Period, params: RevenueParams,
) -> RevenueResult:
    """Revenue of the present by everything it carries, against the days before and the ledger."""
    one_currency(charges)
    now, past = period.present, period.past
    dated = on_day_refunded(charges, appointments)
    lines = sold(bill_lines(dated, services), now, past, UNKNOWN).to_pandas()
    by_month = receipts_by_month(patient_days, start=period.start, end=period.end).to_pandas()
    by_patient = receipts_by_patient(patient_days, now, past).to_pandas()
    parts = change_by_part(lines, now=now.months, before=past.months if past else None)
    split = _breakdowns(lines, LINES, now, past)
    facts: dict[str, Any] = {
        name: getattr(finance, name) for name in ("revenue_month", "revenue_before", "revenue_change", "surgery_ratio")
    }
    facts |= _effects(parts, finance) | _real(finance, now, past, params) | _largest(split)
    facts |= _receipts(by_patient, now, params) | _usual(by_month, period, params)
    kinds = money_kinds(dated, now, past).to_pandas()
    ledger = Ledger(ledger_lines(expenses, start=period.start, end=period.end))
    facts |= _reconciled(kinds, ledger, finance, now)
    result = RevenueResult(
        grade="A", headline="revenue_month", lines=split, details=_breakdowns(lines, DETAILS, now, past), price_volume=parts,
        reconciliation=_reconciliation(kinds, ledger, finance, now, past), events=finance.events, **facts,
    )
    return replace(result, says=_says(result), findings=tuple(_findings(result, services is not None, params)))


# ---------------------------------------------------------------- what is sold
def _breakdowns(lines: pd.DataFrame, dimensions: tuple[str, ...], now: Days, past: Days | None) -> pd.DataFrame:
    """Revenue per month by each dimension; one that is all unknown is left out."""
    found = [breakdown(lines, name, now=now.months, before=past.months if past else None) for name in dimensions]
    names = [measure.name for measure in RevenueResult.measures("lines")]
    known = [frame for frame in found if frame is not None]
    return pd.concat(known, ignore_index=True)[names] if known else pd.DataFrame(columns=names)


def _effects(parts: pd.DataFrame, finance: FinanceResult) -> dict[str, Estimate | None]:
    """Volume, mix, price and the rest as estimates, counted."""
    amounts = dict(zip(parts["effect"], parts["amount"], strict=True))
    n = finance.revenue_month.n
    names = {"volume": "volume", "mix": "mix", "price": "price", "other_change": "other"}
    return {field: exact(amounts[name], "currency", n) if name in amounts else None for field, name in names.items()}


def _real(finance: FinanceResult, now: Days, past: Days | None, params: RevenueParams) -> dict[str, Estimate | None]:
    """Growth at the prices of the days before."""
    if finance.revenue_ratio is None or past is None or not params.yearly_inflation:
        return {"real_change": None}
    years = (now.start - past.start).days / 365.25
    real = finance.revenue_ratio.value / (1 + params.yearly_inflation) ** years - 1
    return {"real_change": exact(real, "share", finance.revenue_ratio.n)}


def _largest(split: pd.DataFrame) -> dict[str, Any]:
    kinds = split[(split["dimension"] == "kind") & (split["line"] != UNKNOWN)]
    if kinds.empty or not kinds["share"].iloc[0] > 0:
        return {"largest": None, "largest_share": None}
    return {"largest": kinds["line"].iloc[0], "largest_share": exact(kinds["share"].iloc[0], "share", kinds["n"].iloc[0])}


# ---------------------------------------------------------------- receipts
def _receipts(by_patient: pd.DataFrame, now: Days, params: RevenueParams) -> dict[str, Any]:
    """Outpatient money per visit of first and repeat days, now and before, and per patient of the present."""
    sums = by_patient.assign(
        all_amount=by_patient["first_amount"] + by_patient["repeat_amount"], all_visits=by_patient["first_visits"] + by_patient["repeat_visits"]
    )
    present, before = (sums[sums["part"] == part] for part in ("now", "before"))
    total, told, rows = present["all_amount"].sum(), {}, []
    for name in ("first", "repeat", "all"):
        amount, visits = f"{name}_amount", f"{name}_visits"
        value, was = (_per(part[amount], part[visits], params) for part in (present, before))
        told[name] = (value, was)
        bounds = [getattr(value, bound) if value else np.nan for bound in ("value", "low", "high")]
        n = int(present[visits].sum())
        rows.append((name, n / now.months, *bounds, was.value if was else np.nan, present[amount].sum() / total if total > 0 else np.nan, n))
    columns = [name for measure in RevenueResult.measures("visits") for name in measure.names]
    return {
        "receipt": told["all"][0], "receipt_before": told["all"][1], "first_receipt": told["first"][0], "repeat_receipt": told["repeat"][0],
        "patient_receipt": _per(present["all_amount"], pd.Series(1.0, index=present.index), params),
        "visits": pd.DataFrame(rows, columns=columns),
    }


def _per(amount: pd.Series, visits: pd.Series, params: RevenueParams) -> Estimate | None:
    """Money per visit; a patient's visits depend on each other, so patients are resampled."""
    if (visits > 0).sum() < 2:
        return None
    value = float(amount.sum() / visits.sum())
    low, high = ratio_interval(amount, visits, level=params.level, seed=params.seed)
    if not np.isfinite([low, high]).all():
        return None
    return Estimate(value, min(low, value), max(high, value), "currency", int(visits.sum()), params.level)


def _usual(by_month: pd.DataFrame, period: Period, params: RevenueParams) -> dict[str, Any]:
    """Receipt per visit by whole month, and its usual range up to the end of the days before (or up to the present)."""
    months = pd.DataFrame({
        "month": pd.Series([pd.Timestamp(month).date() for month in by_month["month"]], dtype=object),
        "receipt": by_month["amount"] / by_month["visits"], "visits": by_month["visits"].astype(int),
    })
    months = months[months["month"].isin(whole_months(period.start, period.end))].reset_index(drop=True)
    end = period.past.end if period.past is not None else period.present.start
    limits = individuals(months["receipt"][[next_month(month) <= end for month in months["month"]]].tail(params.usual_months))
    return {
        "usual_low": exact(max(limits.low, 0.0), "currency", limits.n) if limits else None,
        "usual_high": exact(limits.high, "currency", limits.n) if limits else None,
        "months": months.assign(reading=readings(limits, months["receipt"])),
    }


# ---------------------------------------------------------------- bills and books
def _reconciled(kinds: pd.DataFrame, ledger: Ledger, finance: FinanceResult, now: Days) -> dict[str, Any]:
    present = kinds[kinds["part"] == "now"]
    is_revenue = present["kind"].isin(["sale", "refund"])
    gaps = ledger.gaps(finance.months["month"], finance.months["revenue"])
    worst = gaps.abs().idxmax() if len(gaps) else None
    months = round(now.months)
    return {
        "not_revenue": exact(present.loc[~is_revenue, "paid"].sum() / now.months, "currency", months),
        "loose_share": exact(present.loc[is_revenue, "loose"].sum() / present.loc[is_revenue, "paid"].sum(), "share", months),
        "ledger_difference": ledger.gap(finance.months["month"], finance.months["revenue"]), "ledger_months": len(gaps),
        "ledger_worst": exact(gaps[worst], "share", len(gaps)) if worst is not None else None,
        "ledger_worst_month": worst.date() if worst is not None else None,
    }


def _reconciliation(kinds: pd.DataFrame, ledger: Ledger, finance: FinanceResult, now: Days, past: Days | None) -> pd.DataFrame:
    """From all money in the bills to the ledger's revenue, per month."""
    columns: dict[str, dict[str, float]] = {}
    for name, days in (("now", now), ("before", past)):
        if days is None:
            columns[name] = {}
            continue
        paid = kinds[kinds["part"] == name].groupby("kind")["paid"].sum() / days.months
        all_money, apart = paid.sum(), paid.get("deposit", 0.0) + paid.get("transfer", 0.0)
        booked = ledger.revenue_per_month(days.start, days.end)
        billed = paid.get("sale", 0.0) + paid.get("refund", 0.0)
        columns[name] = {
            "all_money": all_money, "not_revenue": 0.0 - apart, "billed": billed, "sale": paid.get("sale", 0.0), "refund": paid.get("refund", 0.0),
        } | ({} if booked is None else {"ledger": booked, "difference": billed - booked})
    rows = [row for row in ("all_money", "not_revenue", "billed", "sale", "refund", "ledger", "difference") if any(row in part for part in columns.values())]
    return pd.DataFrame({"row": rows, **{name: [part.get(row, np.nan) for row in rows] for name, part in columns.items()}}).astype({"row": object})


# ---------------------------------------------------------------- what is said
def _course(result: RevenueResult) -> str:
    """Which part of the change of revenue is the largest, or that there is nothing to compare with."""
    parts = {name: getattr(result, name) for name in ("volume", "mix", "price")}
    if result.revenue_before is None or any(part is None for part in parts.values()):
        return "shown"
    largest = max(parts, key=lambda name: abs(parts[name].value))
    if abs(parts[largest].value) < MOVED * max(result.revenue_month.value, result.revenue_before.value):
        return "same"
    return largest if parts[largest].value > 0 else f"less_{largest}"


def _says(result: RevenueResult) -> dict[str, Sentence]:
    course = _course(result)
    low, high, receipt = result.usual_low, result.usual_high, result.receipt
    found = "shown"
    if low is not None and high is not None and receipt is not None:
        found = "below" if receipt.value < low.value else "above" if receipt.value > high.value else "usual"
    return {
        "title": Sentence(course), "lede": Sentence("shown" if course == "shown" else "change"), "figures.bridge.title": Sentence(course),
        "figures.receipts.title": Sentence(found),
    }


def _findings(result: RevenueResult, has_services: bool, params: RevenueParams) -> Iterator[Finding]:
    if result.ledger_difference is not None:
        gap = {"gap": exact(abs(result.ledger_difference.value), "share", result.ledger_difference.n)}
        agrees = gap["gap"].value <= params.ledger_tolerance
        yield Finding("ledger_agrees", "strength", gap) if agrees else Finding("ledger_differs", "risk", gap)
    else:
        yield Finding("no_ledger", "not_answered")
    if result.first_receipt is not None and result.repeat_receipt is not None:
        yield Finding("receipts", "caveat")
    if result.real_change is not None:
        yield Finding("real", "caveat")
    if result.loose_share is not None and result.loose_share.value > params.ledger_tolerance:
        yield Finding("loose", "caveat")
    if not has_services:
        yield Finding("no_services", "not_answered")


# ---------------------------------------------------------------- figures
def bridge(result: RevenueResult, labels: Labels) -> Figure | None:
    """From revenue before to revenue now: volume, mix, price."""
    frame, before = result.price_volume, result.revenue_before
    if frame.empty or before is None:
        return None
    money = partial(labels.number, unit="currency")
    return waterfall(
        [labels.value("step", effect) for effect in frame["effect"]], frame["amount"].to_numpy(), start=(labels["before"], before.value),
        end=labels["now"], number=money, signed=money, width=theme.HALF, height=30,
    )


def kinds(result: RevenueResult, labels: Labels) -> Figure | None:
    """Revenue per month by kind of service, with the days before as diamonds."""
    frame = result.lines[result.lines["dimension"] == "kind"]
    frame = frame[(frame["revenue"] > 0) | (frame["before"] > 0)]
    if len(frame) < 2:
        return None
    money = partial(labels.number, unit="currency")
    return bars(
        frame["revenue"], names=[labels.value("line", line) for line in frame["line"]], texts=[money(v) for v in frame["revenue"]],
        earlier=frame["before"], earlier_text=labels["before"], tick=money, width=theme.HALF, height=30,
    )


def receipts(result: RevenueResult, labels: Labels) -> Figure | None:
    """Outpatient money per visit by month, its usual range, and when something was changed."""
    frame, low, high = result.months, result.usual_low, result.usual_high
    if len(frame) < 2:
        return None
    ranges = []
    if low is not None and high is not None:
        ranges = [UsualRange(frame["month"].iloc[0], next_month(frame["month"].iloc[-1]), (low.value + high.value) / 2, low.value, high.value)]
    return trend(
        list(frame["month"]), frame["receipt"].to_numpy(), number=partial(labels.number, unit="currency"), month=labels.month,
        ranges=ranges, marked=frame["reading"].isin(["above", "below"]).to_numpy(), height=30, width=theme.HALF,
        marks=[day for day in result.events["day"] if day >= frame["month"].iloc[0]], marks_text=labels["changed"],
    )
