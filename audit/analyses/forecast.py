"""Forecast: what a year of revenue will be if the clinic goes on as it is, and how far such forecasts have been off.

Question   What will the next twelve months bring if nothing is changed?
Method     Exponential smoothing (Holt–Winters) and the driver model carried on, each run from the past (rolling origins) and
           judged against the seasonal naïve; shown is the one that beats it, else the naïve itself. Intervals are those of the
           errors made. After a year with recorded changes no trend is carried on.
Reads      first visits, patient days, the result of finance; of scenarios what rooms and beds can bring at most.
Cannot say What a change still to come would do: that is a scenario; the worth of the clinic, only an assumption times profit.
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
from audit.analyses.scenarios import ScenariosResult
from audit.config import Params, Period, calendar_months
from audit.errors import NotAnswerable
from audit.models import forecast as models
from audit.models.driver_model import drivers
from audit.models.forecast import FEWEST_MONTHS, NAIVE, YEAR, Forecast
from audit.plots import theme
from audit.plots.bars import bars
from audit.plots.trend import trend
from audit.results import Estimate, Finding, Measure, Result, Sentence, exact, table
from audit.tables.driver_months import History, driver_history
from audit.wording import Labels

FIGURES = ("months", "methods")
SHOWN = 24


class ForecastParams(Params):
    """Settings of the forecast."""

    profit_multiple: tuple[float, float] = Field((3.0, 6.0), description="assumed worth of the clinic in years of operating profit, low and high")


@dataclass(frozen=True, kw_only=True)
class ForecastResult(Result):
    """``year`` is the sum of the next twelve months, ``year_before`` that of the last; ``change`` their ratio − 1. ``method`` is the one
    shown, ``relative`` its mean absolute error over the seasonal naïve's and ``error`` over mean revenue. ``changes`` counts the
    changes recorded in the last twelve months, ``grew`` is the change of their revenue against the year before.
    ``worth_assumed`` is a year's operating profit times an assumed multiple.
    """

    method: str
    year: Estimate
    year_before: Estimate
    change: Estimate
    last_month: Estimate
    relative: Estimate | None
    error: Estimate
    changes: int
    grew: Estimate
    whole_months: int
    is_held: bool
    worth_assumed: Estimate | None
    months: pd.DataFrame = table(
        Measure("month", "date"), Measure("revenue", "currency", interval=True), Measure("is_forecast", "flag"),
    )
    methods: pd.DataFrame = table(
        Measure("method", "label"), Measure("relative", "ratio"), Measure("scaled", "ratio"), Measure("error", "share"), Measure("is_shown", "flag"),
    )
    valuation: pd.DataFrame = table(Measure("multiple", "number"), Measure("profit_year", "currency"), Measure("worth", "currency"))


def analyse(
    first_visits: Table, patient_days: Table, finance: FinanceResult, scenarios: ScenariosResult | None, *, period: Period, params: ForecastParams
) -> ForecastResult:
    """The next twelve months by the method that errs least."""
    known = driver_history(first_visits, patient_days, None, start=period.start, end=period.end)
    if known is None or len(known.months) < FEWEST_MONTHS:
        raise NotAnswerable("short", "not_enough_data", {"months": len(known.months) if known else 0})
    revenue = known.sums["revenue"].to_numpy()
    if not (revenue > 0).all():
        raise NotAnswerable("not_positive", "not_identified", {"months": int((revenue <= 0).sum())})
    changes = sum(known.months[-YEAR] <= day < period.end for day in finance.events["day"])
    most = scenarios.most_capacity.value * scenarios.revenue_now.value if scenarios is not None and scenarios.most_capacity is not None else np.inf
    methods = {
        "smoothed": models.smoothed(revenue, with_trend=not changes),
        "drivers": models.carried_on(drivers(known.sums), known.visits, known.operations),
    }
    made = models.forecast(revenue, methods, level=params.level, seed=params.seed, most=max(most, revenue[-1]))
    result = _result(made, known, finance, changes, most, params)
    return replace(result, says=_says(result), findings=tuple(_findings(result)))


def _result(made: Forecast, known: History, finance: FinanceResult, changes: int, most: float, params: ForecastParams) -> ForecastResult:
    revenue, level = known.sums["revenue"].to_numpy(), params.level
    before = float(revenue[-YEAR:].sum())

    def money(three: np.ndarray) -> Estimate:
        value, low, high = three
        return Estimate(value, low, high, "currency", made.origins, level, "B" if made.method != NAIVE else "C")

    year = money(made.year)
    factor = 1 / before
    change = Estimate(year.value * factor - 1, year.low * factor - 1, year.high * factor - 1, "share", made.origins, level, year.grade)
    profit = finance.profit_month.value * YEAR if finance.profit_month is not None else np.nan
    low, high = params.profit_multiple
    worth = Estimate((low + high) / 2 * profit, low * profit, high * profit, "currency", 1, level, "C", "weak") if profit > 0 else None
    return ForecastResult(
        grade=year.grade, headline="year", method=made.method, year=year, year_before=exact(before, "currency", YEAR), change=change,
        last_month=money(made.months[-1]), relative=exact(made.relative[made.method], "ratio", made.origins) if made.method in made.relative else None,
        error=exact(made.size[made.method], "share", made.origins), changes=changes, grew=exact(before / revenue[-2 * YEAR : -YEAR].sum() - 1, "share", YEAR),
        whole_months=len(revenue), is_held=bool((made.months[:, 0] >= most * 0.999).any()), worth_assumed=worth,
        months=_months(made, known), methods=_frame("methods", [
            (name, made.relative.get(name, 1.0), made.scaled[name], made.size[name], name == made.method) for name in made.scaled
        ]),
        valuation=_frame("valuation", [(times, profit, times * profit) for times in (low, high)] if worth else []),
    )


def _months(made: Forecast, known: History) -> pd.DataFrame:
    """The last months as they were and the next as they are forecast."""
    last = known.months[-1]
    coming = [month.start for month in calendar_months(last, date(last.year + 1, last.month, 1))][1:]
    seen = known.sums["revenue"].to_numpy()[-SHOWN:]
    rows = [(month, value, np.nan, np.nan, False) for month, value in zip(known.months[-SHOWN:], seen, strict=True)]
    rows += [(month, *three, True) for month, three in zip(coming, made.months, strict=True)]
    return _frame("months", rows)


def _frame(name: str, rows: list[Any]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=[column for measure in ForecastResult.measures(name) for column in measure.names])


# ---------------------------------------------------------------- what is told
def _says(result: ForecastResult) -> dict[str, Sentence]:
    course = "more" if result.change.low > 0 else "less" if result.change.high < 0 else "open"
    return {"title": Sentence(course), "lede": Sentence("naive" if result.method == NAIVE else "model"), "figures.months.title": Sentence(course),
            "figures.methods.title": Sentence("naive" if result.method == NAIVE else "model")}


def _findings(result: ForecastResult) -> Iterator[Finding]:
    yield Finding("beats_naive", "strength") if result.relative is not None else Finding("naive", "caveat")
    if result.changes:
        yield Finding("changed_year", "caveat")
    if result.is_held:
        yield Finding("held", "risk")
    if result.whole_months < 3 * YEAR:
        yield Finding("no_season", "not_answered")
    if result.valuation.empty:
        yield Finding("no_worth", "not_answered")


# ---------------------------------------------------------------- figures
def months(result: ForecastResult, labels: Labels) -> Figure | None:
    """Revenue by month, and the next twelve with their interval."""
    frame = result.months
    return trend(
        list(frame["month"]), frame["revenue"], low=frame["revenue_low"], high=frame["revenue_high"],
        number=partial(labels.number, unit="currency"), month=labels.month, marked=frame["is_forecast"].to_numpy(bool), from_zero=True,
        width=theme.FULL, height=56,
    )


def methods(result: ForecastResult, labels: Labels) -> Figure | None:
    """Mean absolute error of each method on the clinic's own past."""
    frame = result.methods
    return bars(
        frame["error"], names=[labels.value("method", name) for name in frame["method"]],
        texts=[labels.number(round(value, 3), "share") for value in frame["error"]], accent=list(frame["is_shown"]),
        tick=partial(labels.number, unit="share"), width=theme.HALF,
    )
