"""Listening: why callers did not book, whether the marks can be trusted, and which calls to hear next.

Question   What is said on the telephone when a caller is lost, and what would each reason be worth?
Method     Marks counted, reasons with simultaneous intervals (Sison & Glaz 1995); Cohen's kappa on calls marked
           twice; the funnel's money of those who did not book split by draws of the reasons' shares; bookings by listening score
           with Wilson intervals; a sample for the next listening drawn by seed, stratified by administrator and booking.
Reads      enquiries, opportunities; the funnel for what a lost caller was worth if there is one.
Cannot say What callers did not say. That a better score makes callers book: who wants to come is easier to talk to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from ibis.expr.types import Table
from matplotlib.figure import Figure
from pydantic import Field

from audit.analyses.funnel import FunnelResult
from audit.config import Days, Params, Period
from audit.errors import NotAnswerable
from audit.models.agreement import agreement
from audit.models.counted import per_month, share, three
from audit.models.loss_reasons import reason_money
from audit.models.lots import stratified
from audit.models.proportions import multinomial, newcombe
from audit.plots import bars, theme
from audit.results import Estimate, Finding, Measure, Result, Sentence, exact, table
from audit.tables import Unit, contacts, listening
from audit.tables.enquiries import ENQUIRIES
from audit.wording import Labels

FIGURES = ("reasons_bars", "scores_bars")
OUTCOMES = ("booked", "thinking", "lost")
BANDS = ((0, 4), (5, 6), (7, 8), (9, 10))
FREE_TEXT = "free_text"
IN_THE_DESKS_HANDS = ("rude", "no_answer")
"""Reasons that training can change; price, times, place and services are decided elsewhere."""


class ListeningParams(Params):
    """Settings of the analysis."""

    least_kappa: float = Field(0.6, gt=0, lt=1, description="agreement of two listeners below which marks are not reliable")
    least_marked: float = Field(0.6, gt=0, lt=1, description="share of losses with a reason from which reasons stand for all")
    most_free_text: float = Field(0.4, gt=0, le=1, description="share of marked reasons in free words above which they are not ranked")
    fewest: int = Field(30, ge=8, description="marked losses below which reasons are not told")
    sample_each: int = Field(20, ge=2, description="calls to hear of each administrator, half of them booked")
    sample_days: int = Field(28, ge=7, description="last days the sample is drawn from")


@dataclass(frozen=True, kw_only=True)
class ListeningResult(Result):
    """``heard_from`` … ``heard_to`` are the days whose calls were listened to; ``lost_month`` is of the present.

    ``lost_money`` is a ceiling: all answered callers who do not book now, had they booked and come as the others.
    ``score_gap`` compares calls scored 7 and more with the rest. ``sample`` holds keys of calls and stays with the run.
    """

    marked: Estimate | None
    heard_from: date | None
    heard_to: date | None
    reason_share: Estimate | None
    top_reason: str | None
    top_share: Estimate | None
    desk_share: Estimate | None
    desk_money: Estimate | None
    lost_month: Estimate | None
    lost_money: Estimate | None
    kappa: Estimate | None
    same_share: Estimate | None
    score_gap: Estimate | None
    free_text_share: Estimate | None
    no_number_share: Estimate | None
    sample_size: int
    reasons: pd.DataFrame | None = table(
        Measure("reason", "label"), Measure("share", "share", interval=True, form="bar"), Measure("per_month", "count"),
        Measure("money", "currency", interval=True), Measure("remedy", "label"), Measure("n", "count", people=True, shown=False),
    )
    marks: pd.DataFrame | None = table(
        Measure("field", "label", block=True), Measure("mark", "label"), Measure("share", "share", form="bar"),
        Measure("n", "count", people=True),
    )
    twice: pd.DataFrame | None = table(
        Measure("first", "label"), Measure("booked", "count"), Measure("thinking", "count"), Measure("lost", "count"),
        Measure("n", "count", people=True, shown=False),
    )
    scores: pd.DataFrame | None = table(
        Measure("band", "label"), Measure("booked", "share", interval=True, form="bar"), Measure("n", "count", people=True),
    )
    sample: pd.DataFrame | None = table(
        Measure("call", "id"), Measure("at", "moment"), Measure("administrator", "label"), Measure("group", "label"),
    )


def analyse(
    enquiries: Table, opportunities: Table, funnel: FunnelResult | None, *, period: Period, params: ListeningParams
) -> ListeningResult:
    """Reasons of loss with their money, agreement of listeners, scores and bookings, the next calls to hear."""
    now = period.present
    people = contacts.persons(opportunities, enquiries)
    answered, booked = listening.desk_counts(people, now)
    unnumbered = share(*contacts.without_number(enquiries, now), params.level)
    if answered and not booked and unnumbered is not None and unnumbered.value == 1:
        raise NotAnswerable("not_followed", verdict="not_available")
    if not answered:
        raise NotAnswerable("no_answered", verdict="not_enough_data")
    heard = listening.marked_days(enquiries, period.end)
    marks = _marks(listening.mark_counts(enquiries, heard)) if heard is not None else None
    lost_month = per_month(answered - booked, now.months)
    lost_money = _lost_money(lost_month, funnel, params)
    lost = contacts.loss_reasons(people, heard) if heard is not None else None
    reasons = _reasons(lost, lost_month, lost_money, params) if lost is not None else None
    twice = listening.double_marks(enquiries, heard) if heard is not None else None
    sample = _sample(listening.to_listen(opportunities, enquiries, Days(start=period.end - timedelta(days=params.sample_days), end=period.end)), params)
    scores = _scores(listening.score_bookings(people, enquiries, heard), params) if heard is not None else None
    facts: dict[str, Any] = {
        **_heard(marks, lost, heard, params), **_told(reasons, lost_money, params), "lost_month": lost_month, "lost_money": lost_money,
        "no_number_share": unnumbered,
        **_agreement(twice, params), "score_gap": _score_gap(scores, params), "sample_size": len(sample) if sample is not None else 0,
    }
    return ListeningResult(
        grade="C", headline=None if facts["top_share"] is None else "top_share", says=_says(facts, params),
        findings=_findings(facts, params), **facts, reasons=reasons, marks=marks,
        twice=_twice(twice) if twice is not None and facts["kappa"] else None, scores=scores, sample=sample,
    )


# ---------------------------------------------------------------------- marks
def _marks(counts: pd.DataFrame) -> pd.DataFrame:
    """Marks by field; words that are not in the list of marks are one mark, free text."""
    allowed = {field: set(ENQUIRIES[field].allowed) for field in listening.FIELDS}
    known = counts[counts.mark.notna()].copy()
    known["mark"] = [mark if mark in allowed[field] else FREE_TEXT for field, mark in zip(known.field, known.mark, strict=True)]
    sums = known.groupby(["field", "mark"], as_index=False).n.sum()
    sums["share"] = sums.n / sums.groupby("field").n.transform("sum")
    sums["place"] = sums.field.map({field: i for i, field in enumerate(listening.FIELDS)})
    return sums.sort_values(["place", "n", "mark"], ascending=[True, False, True])[["field", "mark", "share", "n"]].reset_index(drop=True)


def _heard(marks: pd.DataFrame | None, lost: pd.DataFrame | None, heard: Days | None, params: ListeningParams) -> dict[str, Any]:
    if marks is None or lost is None or heard is None:
        return dict.fromkeys(("marked", "heard_from", "heard_to", "free_text_share", "reason_share"))
    outcomes, free = int(marks[marks.field == "outcome"].n.sum()), marks[marks["mark"] == FREE_TEXT].n.sum()
    return {
        "marked": exact(outcomes, "count", outcomes) if outcomes else None, "heard_from": heard.start,
        "heard_to": heard.end - timedelta(days=1), "free_text_share": share(free, marks.n.sum(), params.level) if free else None,
        "reason_share": share(lost.n[lost.reason.notna()].sum(), lost.n.sum(), params.level),
    }


def _agreement(twice: pd.DataFrame | None, params: ListeningParams) -> dict[str, Estimate | None]:
    nothing: dict[str, Estimate | None] = {"kappa": None, "same_share": None}
    if twice is None or twice.n.sum() < params.fewest:
        return nothing
    kinds = sorted(set(twice["first"]) | set(twice["second"]))
    found = agreement(twice.pivot_table(index="first", columns="second", values="n", fill_value=0).reindex(index=kinds, columns=kinds, fill_value=0), params.level)
    if not np.isfinite(found.kappa):
        return nothing
    return {
        "kappa": Estimate(found.kappa, found.low, found.high, "number", found.n, params.level, "A"),
        "same_share": share(round(found.same * found.n), found.n, params.level),
    }


def _twice(twice: pd.DataFrame) -> pd.DataFrame:
    """First marks in rows, second marks in columns."""
    grid = twice.pivot_table(index="first", columns="second", values="n", fill_value=0).reindex(index=OUTCOMES, columns=OUTCOMES, fill_value=0)
    return grid.assign(n=grid.sum(axis=1)).rename_axis(columns=None).reset_index()[["first", *OUTCOMES, "n"]]


# ---------------------------------------------------------------------- reasons
def _lost_money(lost: Estimate, funnel: FunnelResult | None, params: ListeningParams) -> Estimate | None:
    """Money a month of those who did not book, each worth what the funnel gives those lost at this step."""
    steps = funnel.stages.set_index("stage") if funnel is not None else pd.DataFrame()
    if "booked" not in steps.index or not steps.lost["booked"] > 0 or not lost.n:
        return None
    row = steps.loc["booked"]
    value, low, high = (float(row[f"lost_money{end}"]) * lost.value / row.lost for end in ("", "_low", "_high"))
    return Estimate(value, low, high, "currency", lost.n, params.level, "C") if np.isfinite(value) else None


def _reasons(counts: pd.DataFrame, lost: Estimate, worth: Estimate | None, params: ListeningParams) -> pd.DataFrame | None:
    """Reasons of answered callers who did not book, of the days listened to; people and money at the losses of the present."""
    allowed = ENQUIRIES["loss_reason"].allowed
    named = counts[counts.reason.notna()]
    by = named.groupby(named.reason.where(named.reason.isin(allowed), FREE_TEXT)).n.sum()
    by = by.sort_index().sort_values(ascending=False, kind="stable")
    total = int(by.sum())
    if total < params.fewest:
        return None
    low, high = multinomial(by.to_numpy(), params.level)
    money = np.full((len(by), 3), np.nan)
    if worth is not None:
        money = reason_money(by.to_numpy(), three(worth), level=params.level, seed=params.seed).money
    return pd.DataFrame({
        "reason": by.index, "share": (by / total).to_numpy(), "share_low": low, "share_high": high, "per_month": (lost.value * by / total).to_numpy(),
        "money": money[:, 0], "money_low": money[:, 1], "money_high": money[:, 2], "remedy": by.index, "n": by.to_numpy(),
    })


def _told(reasons: pd.DataFrame | None, worth: Estimate | None, params: ListeningParams) -> dict[str, Any]:
    """The first reason, and what of the losses lies in the desk's own hands."""
    free = reasons.n[reasons.reason == FREE_TEXT].sum() if reasons is not None else 0
    if reasons is None or free > params.most_free_text * reasons.n.sum():
        return dict.fromkeys(("top_reason", "top_share", "desk_share", "desk_money"))
    first, total = reasons.iloc[0], int(reasons.n.sum())
    own = int(reasons.n[reasons.reason.isin(IN_THE_DESKS_HANDS)].sum())
    money = None
    if worth is not None and own:
        value, low, high = reason_money([own, total - own], three(worth), level=params.level, seed=params.seed).money[0]
        money = Estimate(value, low, high, "currency", total, params.level, "C")
    return {
        "top_reason": str(first.reason), "top_share": Estimate(first.share, first.share_low, first.share_high, "share", total, params.level),
        "desk_share": share(own, total, params.level), "desk_money": money,
    }


# ---------------------------------------------------------------------- scores and sample
def _scores(counts: pd.DataFrame, params: ListeningParams) -> pd.DataFrame | None:
    rows = []
    for low, high in BANDS:
        mine = counts[counts.score.between(low, high)]
        if mine.n.sum():
            rows.append([f"{low}_{high}", *three(share(mine.booked.sum(), mine.n.sum(), params.level)), int(mine.n.sum())])
    return _frame("scores", rows) if len(rows) > 1 else None


def _score_gap(scores: pd.DataFrame | None, params: ListeningParams) -> Estimate | None:
    """Booked share of calls scored 7 and more less that of the rest."""
    if scores is None:
        return None
    good = scores.band.isin(["7_8", "9_10"])
    (k1, n1), (k0, n0) = ((round(float((part.booked * part.n).sum())), int(part.n.sum())) for part in (scores[good], scores[~good]))
    if min(n1, n0) < params.fewest:
        return None
    low, high = newcombe(k1, n1, k0, n0, params.level)
    gap = k1 / n1 - k0 / n0
    return Estimate(gap, float(low), float(high), "points", n1 + n0, params.level, "C")


def _sample(calls: pd.DataFrame, params: ListeningParams) -> pd.DataFrame | None:
    """Calls to hear next: of each administrator as many booked as not, drawn by seed."""
    if calls.empty:
        return None
    calls = calls.assign(group=np.where(calls.is_booked, "booked", "not_booked"))
    strata = calls.groupby(["administrator", "group"], sort=True).ngroup()
    chosen = stratified(list(calls.call), strata, each=max(params.sample_each // 2, 1), draw="listening", seed=params.seed)
    return calls[chosen].sort_values(["administrator", "group", "call"])[["call", "at", "administrator", "group"]].reset_index(drop=True)


# ---------------------------------------------------------------------- what to say
def _says(facts: Mapping[str, Any], params: ListeningParams) -> dict[str, Sentence]:
    kappa = facts["kappa"]
    weak = kappa is not None and kappa.high < params.least_kappa
    free = facts["free_text_share"] is not None
    kind = ("free_words" if free and facts["reason_share"].value > 0 else "not_marked") if facts["top_share"] is None else "unreliable" if weak else "reasons"
    return {
        "title": Sentence(kind), "lede": Sentence("not_marked" if kind == "not_marked" else "marked"),
        "notes.decide": Sentence("act" if kind == "reasons" else "listen"),
        "figures.reasons_bars.title": Sentence("people" if facts["lost_money"] is None else "money"),
    }


def _findings(
    facts: Mapping[str, Any], params: ListeningParams
) -> tuple[Finding, ...]:
    found = []
    kappa, marked, gap = facts["kappa"], facts["top_share"], facts["score_gap"]
    if kappa is not None:
        verdict = "reliable" if kappa.low >= params.least_kappa else "unreliable" if kappa.high < params.least_kappa else "perhaps"
        found.append(Finding(f"marks_{verdict}", "strength" if verdict == "reliable" else "caveat", {"least": exact(params.least_kappa, "number", kappa.n)}))
    if facts["desk_share"] and facts["desk_share"].value > 0:
        found.append(Finding("desk", "opportunity"))
    if gap is not None:
        found.append(Finding("score" if gap.is_off_zero else "score_says_nothing", "caveat"))
    told = {
        "few_reasons": marked is not None and facts["reason_share"] is not None and facts["reason_share"].value < params.least_marked,
        "free_text": facts["free_text_share"] is not None,
        "no_numbers": facts["no_number_share"] is not None and facts["no_number_share"].value >= contacts.TOLD_FROM,
    }
    found += [Finding(key, "caveat") for key, true in told.items() if true]
    if facts["sample_size"]:
        found.append(Finding("sample", "opportunity"))
    words = facts["free_text_share"] is not None and facts["reason_share"].value > 0
    lacks = {"free_words": marked is None and words, "not_marked": marked is None and not words, "not_twice": kappa is None, "no_value": facts["lost_money"] is None and marked is not None}
    return (*found, *(Finding(key, "not_answered") for key, lacking in lacks.items() if lacking))


# ---------------------------------------------------------------------- figures
def reasons_bars(result: ListeningResult, labels: Labels) -> Figure | None:
    """Pareto of the reasons, by money where it is known."""
    rows = result.reasons
    if rows is None or rows.share.isna().all():
        return None
    by_money = rows.money.notna().any()
    name = "money" if by_money else "share"
    unit: Unit = "currency" if by_money else "share"
    return bars.bars(
        rows[name], low=rows[f"{name}_low"], high=rows[f"{name}_high"], names=[labels.value("reason", reason) for reason in rows.reason],
        texts=[labels.number(value, unit) if np.isfinite(value) else "" for value in rows[name]],
        accent=list(rows.reason.isin(IN_THE_DESKS_HANDS)), tick=lambda value: labels.number(value, unit), width=theme.HALF,
    )


def scores_bars(result: ListeningResult, labels: Labels) -> Figure | None:
    """Booked share by listening score."""
    rows = result.scores
    if rows is None or rows.booked.isna().all():
        return None
    return bars.bars(
        rows.booked, low=rows.booked_low, high=rows.booked_high, names=[labels.value("band", band) for band in rows.band],
        texts=[labels.number(value, "share") if np.isfinite(value) else "" for value in rows.booked], track=1.0,
        tick=lambda value: labels.number(value, "share"), width=theme.HALF,
    )


def _frame(name: str, rows: list[list[Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=[part for measure in ListeningResult.measures(name) for part in measure.names])
