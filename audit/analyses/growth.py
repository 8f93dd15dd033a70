"""Growth: what made revenue grow.

Question   Where does growth come from?
Method     LMDI (Ang 2004) of outpatient revenue into answered calls, conversion, share of calls, visits per
           new patient and money per visit, exact, with intervals by resampling days; a driver model whose repeat visits
           follow the first ones by cohort, fitted before the last twelve months and held against them.
Reads      the result of finance; first visits, visits and opportunities to count.
Cannot say Why a factor moved: a split is not a cause.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from ibis.expr.types import Table
from matplotlib.figure import Figure
from pydantic import Field

from audit.analyses.finance import FinanceResult
from audit.config import Days, Params, Period
from audit.models import driver_tree
from audit.models.driver_model import FEWEST_MONTHS, HELD_OUT, backtest
from audit.models.driver_model import drivers as model_drivers
from audit.models.factor_bounds import factor_bounds
from audit.plots import theme
from audit.plots.trend import OtherLine, trend
from audit.plots.waterfall import waterfall
from audit.results import Estimate, Finding, Measure, Result, Sentence, exact, table
from audit.tables.driver_months import driver_days, driver_history
from audit.tables.period_counts import period_counts
from audit.wording import Labels

FIGURES = ("factors", "path", "fit")
PATH = ("first_patients", "visits_per_first", "receipt", "operations")
"""Drivers drawn month by month; all of them are counted wherever there are bills."""


class GrowthParams(Params):
    """Settings of the analysis."""

    gate: float = Field(0.05, gt=0, lt=0.5, description="error of twelve months' revenue up to which the driver model is used")


@dataclass(frozen=True, kw_only=True)
class GrowthResult(Result):
    """Money per month, now against before; ``drivers`` are the counts and sums of a month.

    ``backtest_error`` is predicted over actual revenue − 1 of the last twelve months together, the driver model fitted to
    the months before; ``backtest_month`` the mean absolute error of one of them, ``backtest_frozen`` the error when money per
    visit, too, is taken as before. ``model_holds``: the first is within ``gate``, so scenarios may be shown.
    """

    revenue_change: Estimate | None
    ambulatory_change: Estimate | None
    surgery_change: Estimate | None
    backtest_error: Estimate | None
    backtest_month: Estimate | None
    backtest_frozen: Estimate | None
    gate: Estimate
    whole_months: int
    model_holds: bool
    factors: pd.DataFrame = table(Measure("factor", "label"), Measure("ratio", "ratio"), Measure("contribution", "currency", interval=True))
    drivers: pd.DataFrame = table(
        Measure("driver", "label"), Measure("before", "number"), Measure("now", "number"), Measure("ratio", "ratio"),
    )
    months: pd.DataFrame = table(
        Measure("month", "date"), Measure("revenue", "currency"), Measure("first_patients", "count", people=True),
        Measure("visits_per_first", "number"), Measure("receipt", "currency"), Measure("operations", "count"),
        Measure("predicted", "currency"), Measure("error", "share"),
    )


def analyse(
    first_visits: Table, patient_days: Table, opportunities: Table | None, finance: FinanceResult, *, period: Period,
    params: GrowthParams,
) -> GrowthResult:
    """Where growth came from."""
    now, before = (_tree(first_visits, patient_days, opportunities, days, finance, days is period.present)
                   for days in (period.present, period.past))
    result = GrowthResult(
        grade="B", revenue_change=_change(finance.revenue_month, finance.revenue_before),
        ambulatory_change=_change(finance.ambulatory_month, finance.ambulatory_before),
        surgery_change=_change(finance.surgery_month, finance.surgery_before),
        factors=_bounded(driver_tree.factors(before, now), first_visits, patient_days, opportunities, period, params),
        drivers=driver_tree.drivers(before, now), **_fit(first_visits, patient_days, period, params),
    )
    return replace(
        result, headline="revenue_change" if result.revenue_change else None, says=_says(result), findings=tuple(_findings(result))
    )


def _tree(
    first_visits: Table, patient_days: Table, opportunities: Table | None, days: Days | None, finance: FinanceResult, is_now: bool
) -> dict[str, float]:
    """Counts and money of a month of ``days``; empty without days."""
    if days is None:
        return {}
    counts = period_counts(first_visits, patient_days, opportunities, start=days.start, end=days.end)
    f = finance
    money = {
        "ambulatory": f.ambulatory_month if is_now else f.ambulatory_before,
        "surgery": f.surgery_month if is_now else f.surgery_before, "revenue": f.revenue_month if is_now else f.revenue_before,
        "fixed": f.fixed_month if is_now else f.fixed_before, "profit": f.profit_month if is_now else f.profit_before,
    }
    return {name: count / days.months for name, count in counts.items()} | {
        name: value.value if value is not None else np.nan for name, value in money.items()
    }


def _change(now: Estimate, before: Estimate | None) -> Estimate | None:
    return exact(now.value - before.value, "currency", now.n) if before is not None else None


def _frame(name: str, rows: list[Any]) -> pd.DataFrame:
    """Rows as the declared table ``name``."""
    return pd.DataFrame(rows, columns=[column for measure in GrowthResult.measures(name) for column in measure.names])


def _bounded(
    parts: pd.DataFrame, first_visits: Table, patient_days: Table, opportunities: Table | None, period: Period, params: GrowthParams
) -> pd.DataFrame:
    """The factors with the interval of each contribution; missing where days are too few."""
    found: dict[str, tuple[float, float]] = {}
    if period.past is not None and len(parts):
        past, now = (driver_days(first_visits, patient_days, opportunities, start=days.start, end=days.end) for days in (period.past, period.present))
        months = period.past.months, period.present.months
        found = factor_bounds(_counted_daily(past), _counted_daily(now), months=months, level=params.level, seed=params.seed)
    bounds = [found.get(factor, (np.nan, np.nan)) for factor in parts["factor"]]
    low, high = (np.array([bound[side] for bound in bounds], float) for side in (0, 1))
    return parts.assign(
        contribution_low=np.fmin(low, parts["contribution"].where(np.isfinite(low))),
        contribution_high=np.fmax(high, parts["contribution"].where(np.isfinite(high))),
    )


def _counted_daily(days: pd.DataFrame) -> dict[str, Any]:
    return {name: days[name].to_numpy() for name in ("answered_calls", "first_by_call", "first_patients", "visits", "ambulatory", "surgery")}


def _fit(first_visits: Table, patient_days: Table, period: Period, params: GrowthParams) -> dict[str, Any]:
    """The drivers month by month, and the driver model's prediction of the last twelve from those before."""
    known = driver_history(first_visits, patient_days, None, start=period.start, end=period.end)
    facts: dict[str, Any] = {"gate": exact(params.gate, "share", HELD_OUT), "model_holds": False}
    facts |= {"whole_months": len(known.months) if known else 0} | dict.fromkeys(("backtest_error", "backtest_month", "backtest_frozen"))
    if known is None:
        return facts | {"months": _frame("months", [])}
    sums = known.sums
    predicted = pd.Series(np.nan, index=sums.index)
    if len(sums) >= FEWEST_MONTHS + HELD_OUT and (sums["revenue"].tail(HELD_OUT) > 0).all():
        test = backtest(drivers=model_drivers(sums), visits=known.visits, operations=known.operations, revenue=sums["revenue"])
        predicted.iloc[-HELD_OUT:] = test.predicted
        errors = {"backtest_error": test.error, "backtest_month": test.monthly, "backtest_frozen": test.frozen}
        facts |= {name: exact(value, "share", HELD_OUT) for name, value in errors.items()} | {"model_holds": abs(test.error) <= params.gate}
    return facts | {"months": pd.DataFrame({
        "month": pd.Series(known.months, dtype=object), "revenue": sums["revenue"].to_numpy(), "first_patients": sums["first_patients"].to_numpy(),
        "visits_per_first": (sums["visits"] / sums["first_patients"].where(sums["first_patients"] > 0)).to_numpy(),
        "receipt": (sums["ambulatory"] / sums["visits"].where(sums["visits"] > 0)).to_numpy(), "operations": sums["operations"].to_numpy(),
        "predicted": predicted.to_numpy(), "error": (predicted / sums["revenue"] - 1).to_numpy(),
    })}


def _most(result: GrowthResult) -> str:
    """The factor that brought most, none without one that grew."""
    grew = result.factors[result.factors["contribution"] > 0].sort_values("contribution")
    return str(grew["factor"].iloc[-1]) if len(grew) else "none"


def _says(result: GrowthResult) -> dict[str, Sentence]:
    return {
        "title": Sentence(_most(result)), "lede": Sentence("change" if result.revenue_change else "none"),
        "figures.factors.title": Sentence(_most(result)),
        "figures.fit.title": Sentence("holds" if result.model_holds else "fails"),
    }


def _findings(result: GrowthResult) -> Iterator[Finding]:
    most = _most(result)
    if result.revenue_change is not None and result.revenue_change.value > 0 and most != "none":
        part = result.factors.set_index("factor")["contribution"][most]
        yield Finding(f"grew_{most}", "strength", {"part": exact(part, "currency", result.revenue_change.n)})
    if result.revenue_change is None:
        yield Finding("no_before", "not_answered")
    if result.backtest_error is None:
        yield Finding("no_backtest", "not_answered")
    else:
        yield Finding("model_holds" if result.model_holds else "model_fails", "strength" if result.model_holds else "caveat")


# ---------------------------------------------------------------- figures
def factors(result: GrowthResult, labels: Labels) -> Figure | None:
    """From revenue before to revenue now, factor by factor."""
    start = result.drivers.set_index("driver")["before"].get("revenue", np.nan)
    if result.factors.empty or not np.isfinite(start):
        return None
    return waterfall(
        [labels.value("factor", factor) for factor in result.factors["factor"]], result.factors["contribution"],
        start=(labels["before"], float(start)), end=labels["now"], number=partial(labels.number, unit="currency"),
        signed=lambda value: f"{'+' if value > 0 else ''}{labels.number(value, 'currency')}", height=38,
    )


def path(result: GrowthResult, labels: Labels) -> Figure | None:
    """The drivers month by month, the mean of their first twelve months = 100."""
    frame = result.months.tail(25)
    start = frame.head(HELD_OUT)[list(PATH)].mean()
    known = [name for name in PATH if start[name] > 0]
    if len(result.months) < 2 * HELD_OUT or len(known) < 2:
        return None
    index = frame[known] / start[known] * 100
    colors = (theme.RUST, theme.TEAL, theme.MUTED)
    return trend(
        list(frame["month"]), index[known[0]], number=lambda v: labels.number(v, "count"), month=labels.month, words=labels.value("driver", known[0]),
        others=[OtherLine(labels.value("driver", name), index[name], color) for name, color in zip(known[1:], colors, strict=False)], width=theme.HALF,
    )


def fit(result: GrowthResult, labels: Labels) -> Figure | None:
    """Revenue, and what the driver model fitted before them says of the last twelve months."""
    if result.backtest_error is None:
        return None
    frame = result.months.tail(25)
    return trend(
        list(frame["month"]), frame["revenue"], number=partial(labels.number, unit="currency"), month=labels.month, words=labels["actual"],
        others=[OtherLine(labels["predicted"], frame["predicted"], theme.RUST)], width=theme.HALF, from_zero=True,
    )
