"""Progress: the key figures at the earlier audit and now, by the same definitions, over equally long days.

Question   What has become better or worse since the earlier audit, by more than chance?
Method     The days of the earlier audit are computed again from today's exports by today's settings, as its day saw them; a
           figure that was printed stands in only if nothing about it has changed. Change of two independent intervals by
           variance recovery (Zou & Donner 2008); false discoveries and false coverage held over all figures compared.
Reads      the earlier audit; results of capacity, funnel, administrators, retention, clv, channels, finance.
Cannot say Why a figure moved, or whether the audit moved it: that is asked of each change of the clinic on its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from pydantic import Field

from audit.analyses.administrators import AdministratorsResult
from audit.analyses.capacity import CapacityResult
from audit.analyses.channels import ChannelsResult
from audit.analyses.clv import ClvResult
from audit.analyses.finance import FinanceResult
from audit.analyses.funnel import FunnelResult
from audit.analyses.retention import RetentionResult
from audit.config import Params, Period
from audit.errors import NotAnswerable
from audit.models.counted import three
from audit.models.independent_change import independent_change
from audit.models.multiple_looks import several_looks
from audit.plots.dumbbell import dumbbell
from audit.results import Estimate, Finding, Grade, Measure, Result, Sentence, Value, exact, table
from audit.results.earlier_audit import EarlierAudit
from audit.results.key_figures import KEY_FIGURES, Measured, state_of
from audit.wording import Labels

FIGURES = ("shares",)
PRINTED_OTHERWISE = 0.01
"""A figure computed again counts as another one from this share of it on, below that it is rounding."""


class ProgressParams(Params):
    """Settings of the comparison; which audit it is compared with is ``progress`` in clinic.yml."""

    goals: dict[str, float] = Field({}, description="what the owner wants to reach, by key figure")


def _measures(unit: Any, change: Any) -> tuple[Measure, ...]:
    return (
        Measure("figure", "label"), Measure("printed", unit), Measure("then", unit, interval=True), Measure("now", unit, interval=True),
        Measure("change", change, interval=True), Measure("reading", "status"), Measure("goal", "status"),
        Measure("n", "count", shown=False),
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ProgressResult(Result):
    """``shares`` and ``money``: one row per key figure compared; ``refused``: those that are not, and why.

    ``printed`` is what the earlier report said, ``then`` what is compared. A ``reading`` is better or worse where the change
    stands out among all that were looked at; a plain count has no chance in it. All intervals of a change are at
    ``told_level``. ``then_from`` and ``then_to`` are the first and last of the days compared with.
    """

    then_run: str
    then_from: date
    then_to: date
    compared: Estimate
    better: int
    worse: int
    unclear: int
    not_compared: int
    told_level: Estimate | None
    rooms_change: Estimate | None
    bottleneck_change: Estimate | None
    missed_change: Estimate | None
    conversion_change: Estimate | None
    return_change: Estimate | None
    value_change: Estimate | None
    cost_change: Estimate | None
    profit_change: Estimate | None
    shares: pd.DataFrame | None = table(*_measures("share", "points"))
    money: pd.DataFrame | None = table(*_measures("currency", "currency"))
    refused: pd.DataFrame | None = table(Measure("figure", "label"), Measure("why", "label"))


@dataclass(frozen=True)
class _Pair:
    """One key figure then and now; ``printed`` is what the earlier report said, ``is_restated`` that then was computed again."""

    what: Measured
    printed: Estimate | None
    then: Estimate
    now: Estimate
    is_restated: bool

    @property
    def is_counted(self) -> bool:
        return self.then.is_exact and self.now.is_exact


def analyse(
    earlier_audit: EarlierAudit, capacity: CapacityResult | None, funnel: FunnelResult | None,
    administrators: AdministratorsResult | None, retention: RetentionResult | None, clv: ClvResult | None,
    channels: ChannelsResult | None, finance: FinanceResult | None, *, period: Period, params: ProgressParams,
) -> ProgressResult:
    """The key figures compared, and those that cannot be."""
    today: dict[str, Result | None] = {
        "capacity": capacity, "funnel": funnel, "administrators": administrators, "retention": retention, "clv": clv,
        "channels": channels, "finance": finance,
    }  # fmt: skip
    then = earlier_audit.window
    if then.end > period.present.start:
        raise NotAnswerable("overlap", verdict="not_identified", values={"then_to": then.end - timedelta(days=1)})
    found = {what.key: _pair(what, earlier_audit, today[what.section], period) for what in KEY_FIGURES}
    pairs = [pair for pair in found.values() if isinstance(pair, _Pair)]
    refused = [(key, why) for key, why in found.items() if isinstance(why, str)]
    if not pairs:
        raise NotAnswerable("nothing_to_compare", values={"run": earlier_audit.run})
    rows, level = _rows(pairs, params)
    stands = rows["reading"].str.rpartition("_")[2]
    better, worse, unclear = (int((stands == word).sum()) for word in ("better", "worse", "same"))
    return ProgressResult(
        grade=_grade(pairs), headline="compared", says=_says(better, worse, pairs),
        findings=_findings(rows, pairs, refused, earlier_audit, period), then_run=earlier_audit.run,
        then_from=earlier_audit.window.start, then_to=then.end - timedelta(days=1),
        compared=exact(len(pairs), "count", len(pairs)), not_compared=len(refused), told_level=level,
        shares=_table(rows, "share"), money=_table(rows, "currency"),
        refused=pd.DataFrame(refused, columns=["figure", "why"]) if refused else None,
        better=better, worse=worse, unclear=unclear, **_changes(rows, pairs, level),
    )  # fmt: skip


def _grade(pairs: list[_Pair]) -> Grade:
    """That of the weakest number compared; C where one stands as it was printed, since nobody can count it again."""
    return "C" if not all(pair.is_restated for pair in pairs) else max(e.grade for pair in pairs for e in (pair.then, pair.now))


# ------------------------------------------------------------------ what may be compared
def _pair(what: Measured, audit: EarlierAudit, today: Result | None, period: Period) -> _Pair | str:
    """Then and now of one key figure, or why they are not compared."""
    source = audit.since.get(what.section) if what.of == "new_patients" else today
    name = next((name for name in what.estimates if _known(today, name)), None)
    if name is None:
        return "not_now"
    now, printed = _known(source, name), audit.published.get(f"{what.section}.{name}")
    if now is None:
        return "too_early"
    again = _known(audit.restated.get(what.section), name)
    then = again or printed
    if then is None:
        return "not_then"
    if again is None and not _same_definition(what, audit, period):
        return "other_definition"
    measured = getattr(audit.restated.get(what.section), what.named, None) if again and what.named else audit.names.get(what.key)
    if what.named is not None and measured != getattr(today, what.named, None):
        return "other_resource"
    if then.unit != now.unit or then.level != now.level:
        return "other_definition"
    return _Pair(what, printed, then, now, again is not None)


def _known(result: Result | None, name: str) -> Estimate | None:
    value = getattr(result, name, None)
    return value if isinstance(value, Estimate) else None


def _same_definition(what: Measured, audit: EarlierAudit, period: Period) -> bool:
    """What was printed may stand beside today's: same code, same settings, equally many days."""
    then, now = audit.period.present, period.present
    as_long = what.of == "new_patients" or then.months == now.months
    return audit.is_same_code and what.section not in audit.changed and as_long


# ------------------------------------------------------------------ the comparison
def _rows(pairs: list[_Pair], params: ProgressParams) -> tuple[pd.DataFrame, Estimate | None]:
    """One row per figure, and the level at which the intervals of the changes are told."""
    change = independent_change([three(pair.then) for pair in pairs], [three(pair.now) for pair in pairs])
    counted = np.array([pair.is_counted for pair in pairs])
    looks = several_looks(change.value[~counted], change.half[~counted], params.level)
    factors, stands = np.ones(len(pairs)), counted & (change.value != 0)
    factors[~counted] = looks.half / np.maximum(change.half[~counted], 1e-300)
    stands[~counted] = looks.stands_out
    told = change.widened(factors)
    rows = pd.DataFrame({
        "figure": [pair.what.key for pair in pairs],
        "printed": [pair.printed.value if pair.printed else np.nan for pair in pairs],
        "change": told.value, "change_low": told.low, "change_high": told.high, "counted": counted,
        "reading": [_reading(pair, value, bool(out)) for pair, value, out in zip(pairs, told.value, stands, strict=True)],
        "goal": [_goal(pair, params.goals) for pair in pairs],
        "unit": [pair.now.unit for pair in pairs], "n": [pair.now.n for pair in pairs],
    })  # fmt: skip
    for side in ("then", "now"):
        rows[[side, f"{side}_low", f"{side}_high"]] = [three(getattr(pair, side)) for pair in pairs]
    return rows, exact(looks.level, "share", int((~counted).sum())) if (~counted).any() else None


def _reading(pair: _Pair, change: float, stands_out: bool) -> str:
    if not stands_out:
        return "unclear_same"
    word = "better" if (change > 0) == (pair.what.better == "high") else "worse"
    return f"counted_{word}" if pair.is_counted else f"{'good' if word == 'better' else 'act'}_{word}"


def _goal(pair: _Pair, goals: dict[str, float]) -> str:
    goal = pair.what.goal(goals)
    return "none" if goal is None else state_of(pair.now, goal, pair.what.better)


def _table(rows: pd.DataFrame, unit: str) -> pd.DataFrame | None:
    columns = [name for measure in ProgressResult.measures("shares") for name in measure.names]
    part = rows[rows["unit"] == unit]
    return part[columns].reset_index(drop=True) if len(part) else None


def _changes(rows: pd.DataFrame, pairs: list[_Pair], level: Estimate | None) -> dict[str, Any]:
    changes: dict[str, Estimate | None] = {f"{what.key}_change": None for what in KEY_FIGURES}
    for pair, row in zip(pairs, rows.to_dict("records"), strict=True):
        unit = "points" if pair.now.unit == "share" else pair.now.unit
        told = level.value if level is not None and not pair.is_counted else pair.now.level
        changes[f"{pair.what.key}_change"] = Estimate(
            row["change"], row["change_low"], row["change_high"], unit, min(pair.then.n, pair.now.n), told, "B", "descriptive"
        )
    return changes


# ------------------------------------------------------------------ what is said
def _says(better: int, worse: int, pairs: list[_Pair]) -> dict[str, Sentence]:
    title = "both" if better and worse else "better" if better else "worse" if worse else "same"
    return {"title": Sentence(title), "lede": Sentence("restated" if any(pair.is_restated for pair in pairs) else "printed")}


def _findings(
    rows: pd.DataFrame, pairs: list[_Pair], refused: list[tuple[str, str]], audit: EarlierAudit, period: Period
) -> tuple[Finding, ...]:
    found = []
    for pair, row in zip(pairs, rows.to_dict("records"), strict=True):
        word = row["reading"].rpartition("_")[2]
        if word in ("better", "worse"):
            values: dict[str, Value] = {"figure": pair.what.key, "then": pair.then, "now": pair.now}
            found.append((abs(row["change"]) / max(abs(row["then"]), 1e-9), Finding(word, "risk" if word == "worse" else "strength", values)))
    found.sort(key=lambda item: (item[1].kind != "risk", -item[0]))
    then, now = audit.window, period.present
    other = [pair for pair in pairs if pair.is_restated and pair.printed is not None and _differs(pair.printed, pair.then)]
    most = max(other, key=lambda pair: abs(pair.printed.value / pair.then.value - 1) if pair.printed and pair.then.value else 0.0, default=None)
    settings = sorted({key for keys in audit.changed.values() for key in keys})
    caveats = (
        (most is not None, Finding("restated", "caveat", {"count": len(other), "figure": most.what.key if most else None, "printed": most.printed if most else None, "again": most.then if most else None})),
        (bool(settings), Finding("settings", "caveat", {"names": ", ".join(settings)})),
        (not audit.is_same_code, Finding("code", "caveat")),
        ((then.end.month, then.end.day) != (now.end.month, now.end.day), Finding("season", "caveat")),
        (bool(refused), Finding("refused", "not_answered", {"count": len(refused)})),
    )  # fmt: skip
    return tuple(finding for _, finding in found) + tuple(finding for holds, finding in caveats if holds)


def _differs(printed: Estimate, again: Estimate) -> bool:
    return abs(printed.value - again.value) > PRINTED_OTHERWISE * abs(again.value)


# ------------------------------------------------------------------ figures
def shares(result: ProgressResult, labels: Labels) -> Figure | None:
    """Every share then and now."""
    rows = result.shares
    if rows is None:
        return None
    return dumbbell(
        rows["then"], rows["now"], names=[labels.value("figure", key) for key in rows["figure"]],
        differences=[labels.text("change", value=Estimate(v, v, v, "points", 0)) for v in rows["change"]],
        ring_name=labels["then"], dot_name=labels["now"], tick=lambda v: labels.number(v, "share"), height=13 + 5.2 * len(rows),
    )
