"""Hypotheses: what became of the actions the clinic accepted after an earlier audit.

Question   Did the weekly number of each accepted action move as it should?
Method     The number at the plan and now, of the same definition, change relative to then with an interval; where the
           clinic's list of changes names the action, the effect by the best design its records allow instead.
Reads      plan, and changes if there is one; the accepted actions come from hypotheses.yml.
Cannot say Then against now is no cause: season, mix and other changes are in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from audit.analyses.changes import ChangesResult
from audit.analyses.plan import PlanResult
from audit.config import Hypothesis, Params, Period
from audit.errors import NotAnswerable
from audit.models.then_now import reading, relative_change
from audit.results import Estimate, Finding, Measure, Result, Sentence, exact, table

FIGURES = ()


class HypothesesParams(Params):
    """Settings of the analysis; ``accepted`` comes from ``hypotheses.yml``."""

    accepted: dict[str, Hypothesis] = Field({}, description="actions the clinic has begun")


@dataclass(frozen=True, kw_only=True)
class HypothesesResult(Result):
    """``begun`` actions were accepted and can be looked at; of the others ``early`` are not old enough and ``unknown`` have no number."""

    begun: int
    moved: int
    against: int
    unclear: int
    early: int
    unknown: int
    stopped: int
    expected_gain: Estimate | None
    hypotheses: pd.DataFrame = table(
        Measure("action", "label"), Measure("kpi", "label"), Measure("start", "date"), Measure("better", "label"),
        Measure("change", "share", interval=True, form="line"), Measure("outcome", "label"), Measure("by", "label"), Measure("reading", "label"),
        Measure("gain", "currency", interval=True), Measure("unit", "label", shown=False),
        Measure("then", "number", interval=True, shown=False), Measure("now", "number", interval=True, shown=False),
        Measure("money_then", "currency", interval=True, shown=False), Measure("money_now", "currency", interval=True, shown=False),
    )


def analyse(plan: PlanResult, changes: ChangesResult | None, *, period: Period, params: HypothesesParams) -> HypothesesResult:
    """Each accepted action, then and now; outcomes of changes count people or money, so that more is better."""
    if not params.accepted:
        raise NotAnswerable("none_accepted", verdict="not_asked")
    today = plan.kpis.set_index("kpi")
    effects = changes.effects.set_index("change") if changes is not None else pd.DataFrame()
    rows = [_row(key, one, today, effects, period) for key, one in params.accepted.items()]
    frame = pd.DataFrame(rows, columns=[name for measure in HypothesesResult.measures("hypotheses") for name in measure.names])
    count = frame["reading"].value_counts()
    counts: dict[str, Any] = {name: int(count.get(name, 0)) for name in ("moved", "against", "unclear", "early", "unknown", "stopped")}
    begun = counts["moved"] + counts["against"] + counts["unclear"]
    looked_at = frame[frame["reading"].isin(["moved", "against", "unclear"])]
    result = HypothesesResult(
        grade="B" if begun and (looked_at["by"] != "then_now").all() else "C", begun=begun, **counts,
        expected_gain=exact(looked_at["gain"].sum(), "currency", begun) if begun else None, hypotheses=frame,
    )
    return replace(result, says=_says(result), findings=tuple(_findings(result)))


def _row(key: str, one: Hypothesis, today: pd.DataFrame, effects: pd.DataFrame, period: Period) -> tuple[Any, ...]:
    then = (_or_nan(one.value), _or_nan(one.low), _or_nan(one.high))
    now = _three(today, one.kpi, "money" if one.unit == "currency" else "value")
    by, outcome, change, is_high_better = "then_now", "kpi", relative_change(then, now), one.better == "high"
    if one.change is not None and one.change in effects.index:
        found = _first(effects, one.change)
        by, outcome, change, is_high_better = str(found["design"]), str(found["outcome"]), _three(effects, one.change, "effect"), True
    if one.stopped is not None:
        told = "stopped"
    elif by == "then_now" and period.present.start < one.start:
        told = "early"
    elif not np.isfinite(change[0]):
        told = "unknown"
    else:
        told = reading(change[1], change[2], is_high_better=is_high_better)
    change = (np.nan,) * 3 if told in ("early", "stopped") else change
    none = (np.nan,) * 6
    numbers = (*none, *then, *now) if one.unit == "currency" else (*then, *now, *none)
    return key, one.kpi, one.start, one.better, *change, outcome, by, told, one.gain, one.gain_low, one.gain_high, one.unit, *numbers


def _first(frame: pd.DataFrame, key: str) -> pd.Series:
    return frame.loc[[key]].iloc[0]


def _three(frame: pd.DataFrame, key: str, name: str) -> tuple[float, float, float]:
    if key not in frame.index:
        return np.nan, np.nan, np.nan
    value, low, high = _first(frame, key)[[name, f"{name}_low", f"{name}_high"]].astype(float)
    return value, low, high


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value


def _says(result: HypothesesResult) -> dict[str, Sentence]:
    title = "moved" if result.moved else "none" if result.begun else "early"
    return {"title": Sentence(title), "lede": Sentence("looked" if result.begun else "early")}


def _findings(result: HypothesesResult) -> Iterator[Finding]:
    if result.moved:
        yield Finding("moved", "strength")
    if result.against:
        yield Finding("against", "risk")
    if result.unclear:
        yield Finding("unclear", "caveat")
    if result.early:
        yield Finding("early", "not_answered")
    if result.unknown:
        yield Finding("unknown", "not_answered")
