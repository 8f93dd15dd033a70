"""Journey map: the patients' stages with what they want, what is counted, how content they are, what is lost at each.

Question   At which stage of their journey are patients lost at the highest price, and what do they say of it?
Method     Counts, shares and losses of the funnel and of treatment plans, set beside the own survey's scores by stage
           (bootstrap of answers) and what interviews told (``cjm.yml``). The worst stage is named only if its loss lies
           above that of every other by their intervals. How content a patient was after the first visit against coming
           again: logistic regression from the day of the answer on.
Reads      the results of funnel and retention; feedback, appointments and first visits if there are any answers.
Cannot say Why a stage hurts, beyond what people told; what the need and the search lose, for nobody records who gave up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, get_args

import numpy as np
import pandas as pd
from ibis.expr.types import Table
from matplotlib.figure import Figure
from pydantic import Field

from audit.analyses.funnel import FunnelResult
from audit.analyses.retention import RetentionResult
from audit.config import Days, JourneyMap, Params, Period, Stage
from audit.errors import NotAnswerable
from audit.models.bootstrap import mean_interval
from audit.models.odds_ratio import odds_per_point
from audit.models.proportions import wilson
from audit.plots.journey_map import journey_map
from audit.results import Estimate, Finding, Measure, Result, Sentence, exact, table
from audit.tables.satisfaction import after_first_visit, scores
from audit.wording import Labels

FIGURES = ("map",)
STAGES: tuple[str, ...] = get_args(Stage)
TOLD = ("wants", "touchpoints", "pains", "change")
HURTS = {"answered": "not_answered", "booked": "no_booking", "came": "no_show", "again": "no_return", "again_expected": "no_return"}
STEPS = {"call": ("answered", "booked"), "first_visit": ("came",), "second_visit": ("again", "again_expected")}
"""The steps of the funnel that belong to a stage."""


class JourneyParams(Params):
    """Settings of the analysis."""

    map: JourneyMap = Field(JourneyMap(), description="what patients told, from cjm.yml")
    fewest: int = Field(30, ge=8, description="answers below which a stage has no score")
    again_days: int = Field(90, ge=30, le=365, description="days after an answer within which a patient comes again or not")
    score_days: int = Field(365, ge=28, description="days of answers taken for the scores")


@dataclass(frozen=True, kw_only=True)
class JourneyResult(Result):
    """``worst`` is the stage that surely costs most, ``least_liked`` the one with surely the lowest score, if any is.

    ``counted`` in the table says of whom: all, those expected (second visits that are not over), those who named it.
    ``lost_value`` is what is lost a month at the worst stage, of ``lost_before`` the losses of all stages that have one.
    ``content_odds`` is by how much the odds to come again within ``again_days`` go up with one more point given after the
    first visit; ``content`` those who answered by score.
    """

    worst: str | None
    lost_value: Estimate | None
    lost_before: Estimate | None
    least_liked: str | None
    lowest_score: Estimate | None
    told_by: str | None
    answers: int
    again_days: int
    content_odds: Estimate | None
    journey: pd.DataFrame = table(
        Measure("stage", "label"), Measure("per_month", "count"), Measure("share", "share", interval=True), Measure("hurts", "label"),
        Measure("cost", "currency", interval=True, form="line"), Measure("counted", "label", shown=False), Measure("score", "number", interval=True), Measure("answers", "count", people=True),
        *(Measure(name, "label", shown=False) for name in TOLD), Measure("n", "count", people=True, shown=False),
    )
    content: pd.DataFrame | None = table(
        Measure("score", "number"), Measure("answers", "count", people=True), Measure("returned", "share", interval=True),
    )


def analyse(
    appointments: Table, feedback: Table | None, first_visits: Table | None, funnel: FunnelResult, retention: RetentionResult | None, *,
    period: Period, params: JourneyParams,
) -> JourneyResult:
    """Set each stage together from the results, the survey and the interviews."""
    rows = {stage: _stage(stage, funnel, retention) for stage in STAGES}
    if all(np.isnan(row["share"]) for row in rows.values()):
        raise NotAnswerable("nothing_counted", verdict="not_available")
    liked = _scores(feedback, appointments, period, params) if feedback is not None else {}
    frame = pd.DataFrame([{
        "stage": stage, **row, **liked.get(stage, {}),
        **{name: getattr(params.map.stages.get(stage), name, "") or None for name in TOLD},  # type: ignore[call-overload]
    } for stage, row in rows.items()]).reindex(columns=[name for m in JourneyResult.measures("journey") for name in m.names])
    frame["answers"] = frame["answers"].fillna(0).astype(int)
    content, odds = _content(feedback, first_visits, period, params)
    worst = _surely(frame, "cost", most=True)
    least = _surely(frame, "score", most=False)
    facts: dict[str, Any] = {
        "worst": worst, "lost_value": _cell(frame, worst, "cost", "currency", params), "lost_before": _total(frame, params),
        "least_liked": least, "lowest_score": _cell(frame, least, "score", "number", params),
        "told_by": params.map.source or None, "answers": int(frame["answers"].sum()), "again_days": params.again_days, "content_odds": odds,
    }
    told = bool(params.map.stages)
    return JourneyResult(
        grade="B" if (frame["counted"] == "expected").any() else "A", headline="lost_value" if facts["lost_value"] else None,
        says=_says(facts, told), findings=_findings(facts, frame, told), **facts, journey=frame, content=content,
    )


# ---------------------------------------------------------------------- the stages
def _stage(stage: str, funnel: FunnelResult, retention: RetentionResult | None) -> dict[str, Any]:
    """People a month, share that goes on, where it hurts, what is lost there; NaN where it is not known."""
    row: dict[str, Any] = {"per_month": np.nan, **dict.fromkeys(("share", "share_low", "share_high", "cost", "cost_low", "cost_high"), np.nan), "counted": "all", "n": 0}
    if stage == "search" and funnel.visitors:
        row |= {"per_month": funnel.visitors.value}
    elif stage == "treatment" and retention is not None and retention.plan_finished is not None:
        row |= _share(retention.plan_finished) | {"hurts": "plan_dropped", "n": retention.plan_finished.n}
    elif stage == "recommends" and funnel.recommended_share is not None and funnel.recommended_least is not None:
        row |= _share(funnel.recommended_share) | {"per_month": funnel.recommended_least.value, "counted": "named", "n": funnel.recommended_share.n}
    elif stage in STEPS and "callers" in set(funnel.stages["stage"]):
        # without calls the funnel counts appointments of everybody, which are no way to the first visit
        row |= _steps(funnel.stages.set_index("stage"), STEPS[stage])
        if stage == "first_visit" and funnel.came_share_settled is not None:
            row |= _share(funnel.came_share_settled)
    return row


def _steps(stages: pd.DataFrame, steps: tuple[str, ...]) -> dict[str, Any]:
    """A stage of one or two steps of the funnel: who passed the last, what all of them lose."""
    known = stages.loc[[step for step in steps if step in stages.index]]
    if known.empty or known["per_month"].isna().any():
        return {}
    last = known.iloc[-1]
    dearest = known["lost"].fillna(0).idxmax()
    # bounds are added as if both steps erred the same way, which is never too narrow
    cost = {name: known[f"lost_money{name[4:]}"].sum(skipna=False) for name in ("cost", "cost_low", "cost_high")}
    return {
        "per_month": last["per_month"], "share": last["share"], "share_low": last["share_low"], "share_high": last["share_high"],
        "hurts": HURTS[str(dearest)], **cost, "counted": "expected" if last.name == "again_expected" else "all", "n": int(last["n"]),
    }


def _share(estimate: Estimate) -> dict[str, Any]:
    return {"share": estimate.value, "share_low": estimate.low, "share_high": estimate.high}


def _scores(feedback: Table, appointments: Table, period: Period, params: JourneyParams) -> dict[str, dict[str, Any]]:
    """Mean score by stage, answers resampled."""
    end = period.present.end
    days = Days(start=max(period.start, end - timedelta(days=params.score_days)), end=end)
    found: dict[str, dict[str, Any]] = {}
    for stage, rows in scores(feedback, appointments, days).groupby("stage"):
        each = np.repeat(rows["score"].to_numpy(float), rows["n"].to_numpy(int))
        if each.size >= params.fewest:
            low, high = mean_interval(each, params.level, params.seed)
            found[str(stage)] = {"score": float(each.mean()), "score_low": low, "score_high": high, "answers": each.size}
    return found


def _content(
    feedback: Table | None, first_visits: Table | None, period: Period, params: JourneyParams
) -> tuple[pd.DataFrame | None, Estimate | None]:
    """Who came again, by the score given after the first visit, and the odds ratio of one point; nothing of few answers."""
    if feedback is None or first_visits is None:
        return None, None
    told = after_first_visit(feedback, first_visits, end=period.end, within_days=params.again_days)
    people = int(told["n"].sum())
    if people < params.fewest:
        return None, None
    low, high = wilson(told["came"], told["n"], params.level)
    content = pd.DataFrame({"score": told["score"], "answers": told["n"], "returned": told["came"] / told["n"],
                            "returned_low": low, "returned_high": high})
    odds = odds_per_point(score=told["score"], n=told["n"], came=told["came"], level=params.level)
    return content, Estimate(*odds, "ratio", people, params.level, "C", "weak") if odds else None


def _surely(frame: pd.DataFrame, name: str, *, most: bool) -> str | None:
    """The stage whose whole interval lies beyond those of all others; None if there is none or only one is known."""
    known = frame.dropna(subset=[name])
    if len(known) < 2:
        return None
    order = known.sort_values(name, ascending=not most, kind="stable")
    first, rest = order.iloc[0], order.iloc[1:]
    apart = first[f"{name}_low"] > rest[f"{name}_high"].max() if most else first[f"{name}_high"] < rest[f"{name}_low"].min()
    return str(first["stage"]) if apart else None


def _cell(frame: pd.DataFrame, stage: str | None, name: str, unit: Any, params: JourneyParams) -> Estimate | None:
    if stage is None:
        return None
    row = frame.set_index("stage").loc[stage]
    n = int(row["answers"] if name == "score" else row["n"])
    return Estimate(row[name], row[f"{name}_low"], row[f"{name}_high"], unit, n, params.level)


def _total(frame: pd.DataFrame, params: JourneyParams) -> Estimate | None:
    value, low, high = frame[["cost", "cost_low", "cost_high"]].dropna().sum()
    return Estimate(value, low, high, "currency", int(frame["n"].max()), params.level) if value > 0 else None


# ---------------------------------------------------------------------- what to say
def _says(facts: Mapping[str, Any], told: bool) -> dict[str, Sentence]:
    kind = facts["worst"] or ("even" if facts["lost_before"] else "counted")
    return {
        "title": Sentence(kind), "lede": Sentence("worst" if facts["worst"] else "even" if facts["lost_before"] else "counted"),
        "figures.map.subtitle": Sentence("told" if told else "counted"), "notes.decide": Sentence("worst" if facts["worst"] else "other"),
    }


def _findings(facts: Mapping[str, Any], frame: pd.DataFrame, told: bool) -> tuple[Finding, ...]:
    found = []
    if facts["worst"]:
        found.append(Finding("worst", "risk", {"stage": facts["worst"]}, impact=facts["lost_value"]))
    if facts["least_liked"]:
        found.append(Finding("least_liked", "risk", {"stage": facts["least_liked"]}))
    odds = facts["content_odds"]
    if odds is not None:
        side = "more" if odds.low > 1 else "fewer" if odds.high < 1 else "unclear"
        found.append(Finding(f"content_{side}", "opportunity" if side == "more" else "caveat", {"people": odds.n}))
    by = frame.set_index("stage")
    if np.isfinite(by.loc["second_visit", "share"]):
        found.append(Finding("second_visit_unpriced", "caveat"))
    lacks = {
        "no_interviews": not told, "no_money": facts["lost_before"] is None, "no_answers": not facts["answers"],
        "no_call_answers": bool(facts["answers"]) and np.isnan(by.loc["call", "score"]), "no_plans": np.isnan(by.loc["treatment", "share"]),
        "few_first_answers": bool(facts["answers"]) and odds is None,
    }
    return (*found, *(Finding(key, "not_answered") for key, lacking in lacks.items() if lacking))


# ---------------------------------------------------------------------- figures
def map(result: JourneyResult, labels: Labels) -> Figure | None:
    """Stages side by side: wants, meeting points, counts, score, where it hurts, what it costs, what to change."""
    frame = result.journey
    counted = [_counted(row, labels) for row in frame.to_dict("records")]
    rows: dict[str, list[str]] = {
        "wants": _words(frame, "wants", labels), "touchpoints": _words(frame, "touchpoints", labels), "counted": counted,
        "score": [labels.text("scored", score=_number(row), answers=int(row["answers"])) if np.isfinite(row["score"]) else "" for row in frame.to_dict("records")],
        "hurts": [labels.value("hurts", code) if isinstance(code, str) else "" for code in frame["hurts"]],
        "pains": _words(frame, "pains", labels),
        "cost": [labels.text("lost", cost=_cost(row)) if np.isfinite(row["cost"]) else "" for row in frame.to_dict("records")],
        "change": _words(frame, "change", labels),
    }
    rows = {name: texts for name, texts in rows.items() if any(texts)}
    return journey_map(
        list(rows.values()), rows=[labels[f"row_{name}"] for name in rows], stages=[labels.value("stage", stage) for stage in frame["stage"]],
        worst=list(frame["stage"]).index(result.worst) if result.worst else None, loud=[name in ("hurts", "cost") for name in rows],
    )


def _counted(row: Mapping[Any, Any], labels: Labels) -> str:
    n, goes_on = row["per_month"], row["share"]
    told = [labels.text(f"month_{row['counted']}", n=exact(round(n), "count", 0))] if np.isfinite(n) else []
    if np.isfinite(goes_on):
        told.append(labels.text(f"share_{row['stage']}", share=Estimate(goes_on, row["share_low"], row["share_high"], "share", 0)))
    return "; ".join(told)


def _number(row: Mapping[Any, Any]) -> Estimate:
    return Estimate(row["score"], row["score_low"], row["score_high"], "number", int(row["answers"]))


def _cost(row: Mapping[Any, Any]) -> Estimate:
    return Estimate(row["cost"], row["cost_low"], row["cost_high"], "currency", int(row["n"]))


def _words(frame: pd.DataFrame, name: str, labels: Labels) -> list[str]:
    return [labels.value(name, text) if isinstance(text, str) else "" for text in frame[name]]
