"""Growth: what made revenue grow.

Question   Where does growth come from?
Method     LMDI (Ang 2004) of outpatient revenue into answered calls, conversion, share of calls, visits per
           new patient and money per visit, exact.
Reads      the result of finance; first visits, visits and opportunities to count.
Cannot say Why a factor moved: a split is not a cause.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
from ibis.expr.types import Table
from matplotlib.figure import Figure

from audit.analyses.finance import FinanceResult
from audit.config import Days, Params, Period
from audit.models import driver_tree
from audit.plots.waterfall import waterfall
from audit.results import Estimate, Finding, Measure, Result, Sentence, exact, table
from audit.tables.period_counts import period_counts
from audit.wording import Labels

FIGURES = ("factors",)


class GrowthParams(Params):
    """Settings of the analysis."""


@dataclass(frozen=True, kw_only=True)
class GrowthResult(Result):
    """Money per month, now against before; ``drivers`` are the counts and sums of a month."""

    revenue_change: Estimate | None
    ambulatory_change: Estimate | None
    surgery_change: Estimate | None
    factors: pd.DataFrame = table(Measure("factor", "label"), Measure("ratio", "ratio"), Measure("contribution", "currency"))
    drivers: pd.DataFrame = table(
        Measure("driver", "label"), Measure("before", "number"), Measure("now", "number"), Measure("ratio", "ratio"),
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
        factors=driver_tree.factors(before, now), drivers=driver_tree.drivers(before, now),
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


def _most(result: GrowthResult) -> str:
    """The factor that brought most, none without one that grew."""
    grew = result.factors[result.factors["contribution"] > 0].sort_values("contribution")
    return str(grew["factor"].iloc[-1]) if len(grew) else "none"


def _says(result: GrowthResult) -> dict[str, Sentence]:
    return {
        "title": Sentence(_most(result)), "lede": Sentence("change" if result.revenue_change else "none"),
        "figures.factors.title": Sentence(_most(result)),
    }


def _findings(result: GrowthResult) -> Iterator[Finding]:
    most = _most(result)
    if result.revenue_change is not None and result.revenue_change.value > 0 and most != "none":
        part = result.factors.set_index("factor")["contribution"][most]
        yield Finding(f"grew_{most}", "strength", {"part": exact(part, "currency", result.revenue_change.n)})
    if result.revenue_change is None:
        yield Finding("no_before", "not_answered")


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
