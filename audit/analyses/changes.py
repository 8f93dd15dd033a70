"""Changes: what each thing the clinic did brought, as far as it can be told apart from everything else.

Question   Did it work: what did each change of the clinic bring?
Method     The best design the records allow, in this order: drawn by lot (or switched on and off by lot), difference in
           differences with units that did not get it (Poisson or logit with unit and week effects), interrupted series with
           a control series, interrupted series alone. Widest of several intervals, placebo dates, permutation of units;
            changes within six weeks of each other as one, whatever each is measured by; false discoveries and false coverage
            held over all changes.
Reads      events, first_visits, patient_days; opportunities if there are any; the results of price and recall.
Cannot say What else happened on the day of a change that came for all at once; whether it goes on after the weeks judged.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd
from ibis import _
from ibis.expr.types import Table
from matplotlib.figure import Figure
from numpy.typing import NDArray
from pydantic import Field

from audit.analyses.price import PriceResult
from audit.analyses.recall import RecallResult
from audit.config import Params, Period
from audit.errors import NotAnswerable
from audit.models.change_list import UNITS, ChangeList, change_list
from audit.models.counterfactual import Effect
from audit.models.designs import TOGETHER, Change, Timeline, before_and_after, switched, treated_and_untreated
from audit.models.difference_in_differences import difference_in_differences
from audit.models.interrupted_series import interrupted_series, moves_with
from audit.models.multiple_looks import Looks, several_looks
from audit.models.regression_to_mean import comes_back_counted
from audit.plots.before_after import PANEL_HEIGHT, Panel, before_after
from audit.plots.dots import dots
from audit.results import Estimate, Finding, Grade, Measure, Result, Sentence, exact, table
from audit.results.estimate import Verdict
from audit.tables.weekly_outcomes import COUNTED_BY, FOLLOWED_DAYS, SHARES, Outcomes, weekly_outcomes
from audit.wording import Labels

FIGURES = ("paths", "effects")
Floats = NDArray[np.float64]
Outcome = Literal["callers", "booked", "attended", "first_visits", "return_90", "revenue"]
DEFAULT: dict[str, Outcome | None] = {
    "price": "callers", "marketing": "callers", "desk": "booked", "doctors": "return_90", "service": "first_visits",
    "reactivation": None, "other": None,
}
"""What each kind of change is measured by: the first thing it is meant to move, before anything else dilutes it."""

CONTROLLED = ("callers", "first_visits")
"""Outcomes that settled patients' visits may stand beside: both follow season and holidays."""

JUDGED_ELSEWHERE = ("no_outcome", "reactivation")
"""Changes that have nothing to be judged by here, or are judged by their hold-out on another page."""

SHOWN_BEFORE, MOST_PANELS = 52, 2


class ChangesParams(Params):
    """Settings of the comparison. A change is judged once, when its weeks are over: more looks find more by chance."""

    outcomes: dict[str, Outcome] = Field(default_factory=dict, description="by kind or name of an event: what it is measured by, if not as usual")
    after_weeks: int = Field(12, ge=4, le=52, description="weeks after a change over which its average effect is judged")
    before_weeks: int = Field(104, ge=26, le=260, description="weeks before it that are used at most")
    fewest_before: int = Field(52, ge=12, description="weeks before a change for all at once, below which season cannot be told from it")
    fewest_after: int = Field(8, ge=4, description="weeks after a change for all at once, below which it is not judged")
    fewest_compared: int = Field(4, ge=2, description="weeks after a change that some did not get, below which it is not judged")
    widest: float = Field(2.0, gt=1.1, description="factor either way up to which an interval says something; a wider one is not told")
    fewest_cases: int = Field(30, ge=10, description="cases (callers, first patients) before and after, below which it is not judged")


@dataclass(frozen=True, kw_only=True)
class ChangesResult(Result):
    """``tested`` changes (or groups of changes) were measured, ``found`` of them moved their outcome by more than chance;
    ``unjudged`` are the others, ``not_judged`` of them had an outcome to be judged by here. ``leading…`` is the one the page leads with: relative change of ``leading_outcome``, and
    ``leading_more`` the number it is worth over ``leading_weeks``. All intervals are at ``told_level``, for as many were looked at.
    """

    tested: Estimate
    found: int
    not_judged: int
    told_level: Estimate | None
    after_weeks: int
    leading: str | None
    leading_outcome: str | None
    leading_design: str | None
    leading_weeks: int | None
    leading_effect: Estimate | None
    leading_more: Estimate | None
    effects: pd.DataFrame = table(
        Measure("change", "label"), Measure("outcome", "label"), Measure("from_day", "date"), Measure("weeks", "weeks"),
        Measure("design", "label"), Measure("why", "label"), Measure("effect", "share", interval=True),
        Measure("more", "number", interval=True, shown=False), Measure("money", "currency", interval=True, shown=False),
        Measure("by_chance", "share"), Measure("reading", "label"), Measure("placebos", "count", shown=False),
        Measure("n", "count", shown=False),
    )
    unjudged: pd.DataFrame = table(
        Measure("change", "label"), Measure("from_day", "date"), Measure("reason", "label"), Measure("look_on", "date"),
    )
    series: pd.DataFrame = table(
        Measure("change", "label"), Measure("outcome", "label", shown=False), Measure("week", "date"), Measure("observed", "number"), Measure("without", "number", interval=True),
        Measure("is_after", "flag"),
    )


OWN_PAST = ("control", "before_after")
AND = " + "


@dataclass(frozen=True)
class _Judged:
    """One measurement: sums over the weeks after, what they would have been, and what it rests on."""

    change: str
    outcome: str
    start: date
    weeks: int
    design: str
    why: str
    observed: float
    without: tuple[float, float, float]
    by_chance: float | None
    placebos: int
    n: int
    verdict: Verdict
    series: pd.DataFrame
    depends: str | None = None
    is_part: bool = False

    @property
    def log_effect(self) -> tuple[float, float, float]:
        """ln(observed / without): value, low, high."""
        value, low, high = self.without
        return math.log(self.observed / value), math.log(self.observed / high), math.log(self.observed / low)

    @property
    def half(self) -> float:
        """Half width of the interval on that scale."""
        return (self.log_effect[2] - self.log_effect[1]) / 2

    def more(self, effect: tuple[float, float, float]) -> tuple[float, float, float] | None:
        """The number (or money) a relative ``effect`` is worth over the weeks; None where a part of the clinic was looked at."""
        if self.is_part:
            return None
        value, low, high = (self.observed * (1 - 1 / (1 + part)) for part in effect)
        return value, low, high

    def widened(self, factor: float) -> tuple[float, float, float]:
        """The relative effect with its interval stretched."""
        value, low, high = self.log_effect
        return math.expm1(value), math.expm1(value - factor * (value - low)), math.expm1(value + factor * (high - value))


@dataclass(frozen=True)
class _Left:
    """A change that could not be judged, why, and when to look again."""

    change: str
    start: date
    reason: str
    look_on: date | None = None


@dataclass(frozen=True)
class _Records:
    """The outcomes of one clinic, each counted once."""

    opportunities: Table | None
    first_visits: Table
    patient_days: Table
    period: Period
    level: float
    seed: int
    _known: dict[tuple[str, str | None], Outcomes | None]

    def of(self, outcome: str, unit: str | None = None) -> Outcomes | None:
        """Weekly outcomes by unit, None where they are not recorded."""
        key = (outcome, unit)
        if key not in self._known:
            self._known[key] = weekly_outcomes(
                outcome, unit, opportunities=self.opportunities, first_visits=self.first_visits, patient_days=self.patient_days,
                days=self.period,
            )
        return self._known[key]

    @cached_property
    def settled(self) -> Floats | None:
        """ln of the visits of settled patients by week."""
        found = self.of("settled_visits")
        return None if found is None else np.log(np.maximum(found.summed()[0], 0.5))


def analyse(
    events: Table, first_visits: Table, patient_days: Table, opportunities: Table | None, price: PriceResult | None,
    recall: RecallResult | None, *, period: Period, params: ChangesParams,
) -> ChangesResult:
    """Every change by the best design there is, then all of them looked at together."""
    listed = _listed(events, period, params)
    left = [_Left(*one) for one in listed.left]
    if not listed.changes and not left:
        raise NotAnswerable("no_changes", verdict="not_available")
    records = _Records(opportunities, first_visits, patient_days, period, params.level, params.seed, {})
    judged: dict[tuple[str, str], _Judged] = {}
    for change in listed.changes:
        outcome = listed.outcomes[change.name]
        # callers, bookings, visits and money are one chain: what began together moves every one of them
        mine = [other for other in listed.changes if listed.outcomes[other.name] == outcome or abs(other.start - change.start) <= TOGETHER]
        found = _measured(change, mine, outcome, records, params)
        if isinstance(found, _Left):
            left.append(found)
        elif found.design in OWN_PAST and not found.placebos:
            # nothing shows that its own past foretells these weeks when no change is made
            left.append(_Left(change.name, change.start, "no_quiet"))
        elif found.half > math.log(params.widest):
            left.append(_Left(change.name, change.start, "too_wide"))
        else:
            judged.setdefault((found.change, found.outcome), found)
    ranked = list(judged.values())
    looks = several_looks([one.log_effect[0] for one in ranked], [one.half for one in ranked], params.level)
    factors = looks.half / np.array([one.half for one in ranked]) if ranked else looks.half
    facts = _facts(ranked, looks, factors, left, params)
    result = ChangesResult(
        grade=_grade(ranked), headline="leading_effect" if facts["leading_effect"] else None, **facts,
        effects=_effects(ranked, looks, factors), unjudged=_frame("unjudged", [(one.change, one.start, one.reason, one.look_on) for one in left]),
        series=_series(ranked, looks),
    )
    twin = _measured_on_the_price_page(listed.changes, ranked, price)
    return replace(result, says=_says(result), findings=_findings(result, ranked, left, price if twin else None, twin, recall, listed.repeated, params))


def _frame(name: str, rows: Sequence[Any]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=[column for measure in ChangesResult.measures(name) for column in measure.names])


# ------------------------------------------------------------------ the list of changes
def _listed(events: Table, period: Period, params: ChangesParams) -> ChangeList:
    """Changes that can be looked at, the rest with reasons; days the clinic was closed are none."""
    frame = events.filter(_.kind != "closed").order_by("from_day", "event", "to_day", *UNITS).to_pandas()

    def outcome(name: str, kind: str) -> str | None:
        return params.outcomes.get(name) or params.outcomes.get(kind) or DEFAULT.get(kind)

    return change_list(frame, start=period.start, end=period.end, outcome=outcome)


# ------------------------------------------------------------------ the best design
def _measured(
    change: Change, others: Sequence[Change], outcome: str, records: _Records, params: ChangesParams
) -> _Judged | _Left:
    """By lot or against those without it if somebody went without, else against its own past."""
    whole = records.of(outcome)
    if whole is None:
        return _Left(change.name, change.start, "not_recorded")
    if len(change.spells) > 1:
        return _switched(change, whole, outcome, params)
    why = "all_at_once"
    if change.unit is not None:
        by_unit = records.of(outcome, change.unit) if change.unit in COUNTED_BY[outcome] else None
        if by_unit is None:
            why = "not_by_unit"
        elif not change.units <= set(by_unit.units):
            return _Left(change.name, change.start, "unknown_unit")
        else:
            line = treated_and_untreated(change, others, by_unit.weeks, by_unit.units, most_before=params.before_weeks, most_after=params.after_weeks)
            if line is not None:
                return _compared(change, by_unit, *line, outcome, params)
            why = "nobody_without"
    return _before_and_after(change, others, outcome, why, records, params)


def _unready(
    line: Timeline, seen: NDArray[np.bool_], outcome: str, fewest: int, fewest_before: int
) -> tuple[str, date | None] | None:
    """Why the weeks do not suffice, and when to look again; None when they do."""
    if (line.used & ~line.after & seen).sum() < fewest_before:
        return "too_short_before", None
    if line.planned < fewest:
        return "too_short_after", None
    if (line.after & seen).sum() < line.planned:
        return "too_early", line.first_after + timedelta(weeks=line.planned, days=FOLLOWED_DAYS.get(outcome, 0))
    return None


def _compared(
    change: Change, by_unit: Outcomes, line: Timeline, takes_part: NDArray[np.bool_], outcome: str, params: ChangesParams
) -> _Judged | _Left:
    found = by_unit.only(takes_part)
    treated = np.array([unit in change.units for unit in found.units])
    seen = np.isfinite(found.outcome[treated]).any(axis=0) & np.isfinite(found.outcome[~treated]).any(axis=0)
    early = _unready(line, seen, outcome, params.fewest_compared, 12)
    if early is not None:
        return _Left(change.name, change.start, *early)
    y = np.where(line.used, found.outcome, np.nan)
    fit = difference_in_differences(
        outcome=y, treated=treated, post=line.after, size=found.size, family="binomial" if outcome in SHARES else "poisson",
        level=params.level, seed=params.seed,
    )
    cases = y if found.size is None else np.where(line.used, found.size, np.nan)
    n = _fewest_cases(np.nansum(cases[treated], axis=0), np.nansum(cases[~treated], axis=0), line.after, outcome)
    if fit is None or n < params.fewest_cases:
        return _Left(change.name, change.start, "too_few")
    back = comes_back_counted(y, found.size, treated, line.after) if change.worst else 0.0
    by_chance = fit.p_units if fit.p_units is not None else fit.placebos.rank(fit.effect / fit.se) if fit.placebos else None
    size = None if found.size is None else np.nansum(found.size[treated], axis=0)
    return _judged(
        change, outcome, line, fit, found.weeks, size, "by_lot" if change.by_lot else "compared", "worst" if change.worst else "chosen", by_chance, n,
        "identified", back=back,
    )


def _before_and_after(
    change: Change, others: Sequence[Change], outcome: str, why: str, records: _Records, params: ChangesParams
) -> _Judged | _Left:
    values, size, touching, is_part = _untouched(change, others, outcome, records, params)
    whole = records.of(outcome)
    assert whole is not None
    line = before_and_after(change, touching, whole.weeks, most_before=params.before_weeks, most_after=params.after_weeks)
    seen = np.isfinite(values)
    early = _unready(line, seen, outcome, params.fewest_after, params.fewest_before)
    if early is not None:
        return _Left(change.name, change.start, *early)
    y = np.where(line.used, values, np.nan)
    control = _control(y, line, outcome, records)
    names, columns = list(line.others), list(line.others.values())
    fit = interrupted_series(
        outcome=y, post=line.after, size=size, family="binomial" if outcome in SHARES else "poisson", quiet=line.quiet, level=params.level,
        others=[*columns, *([] if control is None else [control])],
    )
    cases = y if size is None else np.where(line.used, size, np.nan)
    n = _fewest_cases(np.nan_to_num(cases), None, line.after, outcome)
    if fit is None or n < params.fewest_cases:
        return _Left(change.name, change.start, "too_few")
    by_chance = fit.placebos.rank(fit.effect / fit.se) if fit.placebos else None
    depends = next((name for name, moved in zip(names, fit.left_out, strict=False) if not fit.interval[0] <= moved <= fit.interval[1]), None)
    return _judged(
        change, outcome, line, fit, whole.weeks, size, "before_after" if control is None else "control", "joint" if len(line.together) > 1 else why,
        by_chance, n, "weak", depends=depends, is_part=is_part,
    )


def _switched(change: Change, whole: Outcomes, outcome: str, params: ChangesParams) -> _Judged | _Left:
    line = switched(change, whole.weeks, most_before=params.before_weeks)
    values, size = whole.summed()
    y = np.where(line.used, values, np.nan)
    early = _unready(line, np.isfinite(values), outcome, params.fewest_compared, 12)
    if early is not None:
        return _Left(change.name, change.start, *early)
    fit = interrupted_series(
        outcome=y, post=line.after, size=size, family="binomial" if outcome in SHARES else "poisson", slope=False, level=params.level,
    )
    n = _fewest_cases(np.nan_to_num(y if size is None else size), None, line.after, outcome)
    if fit is None or n < params.fewest_cases:
        return _Left(change.name, change.start, "too_few")
    return _judged(change, outcome, line, fit, whole.weeks, size, "switched", "chosen", None, n, "identified")


def _untouched(
    change: Change, others: Sequence[Change], outcome: str, records: _Records, params: ChangesParams
) -> tuple[Floats, Floats | None, list[Change], bool]:
    """The series of the units that had no change of their own in these weeks, the changes that touch it, and if it is a part only.

    A change of one branch must not blur what came for all: the other branches are looked at.
    """
    whole = records.of(outcome)
    assert whole is not None
    first, last = change.start - timedelta(weeks=params.before_weeks), change.start + timedelta(weeks=params.after_weeks)
    for unit in COUNTED_BY[outcome]:
        own = [other for other in others if other.unit == unit and other is not change and other.moved_within(first, last)]
        by_unit = records.of(outcome, unit) if own else None
        if by_unit is None:
            continue
        touched = set().union(*(other.units for other in own))
        keep = np.array([name not in touched for name in by_unit.units])
        if keep.any() and not keep.all() and change.unit != unit:
            return *by_unit.only(keep).summed(), [other for other in others if other not in own], True
    return *whole.summed(), list(others), False


def _control(y: Floats, line: Timeline, outcome: str, records: _Records) -> Floats | None:
    """The control series, if the outcome moved with it before the change."""
    control = records.settled if outcome in CONTROLLED else None
    if control is None or not np.isfinite(control[line.used]).all():
        return None
    return control if moves_with(np.where(line.after, np.nan, y), control, others=list(line.others.values())) else None


def _fewest_cases(first: Floats, second: Floats | None, after: NDArray[np.bool_], outcome: str) -> int:
    """The smallest number of cases on any side, before or after; money counts by its weeks."""
    if outcome == "revenue":
        return 1000 if (first[after] > 0).any() and (first[~after] > 0).any() else 0
    return int(min(part[when].sum() for part in (first, second) if part is not None for when in (after, ~after)))


def _judged(
    change: Change, outcome: str, line: Timeline, fit: Effect, weeks: Sequence[date],
    size: Floats | None, design: str, why: str, by_chance: float | None, n: int, verdict: Verdict, *, back: float = 0.0,
    depends: str | None = None, is_part: bool = False,
) -> _Judged | _Left:
    path = fit.series
    after = line.after[path.weeks]
    observed = float(path.observed[after].sum())
    # what comes back by itself is part of what would have been
    without = [float(part[after].sum()) * math.exp(back) for part in (path.without, path.without_low, path.without_high)]
    if observed <= 0 or without[1] <= 0:
        return _Left(change.name, change.start, "too_few")
    each = np.ones(after.size) if size is None else np.maximum(size[path.weeks], 1e-9)
    series = pd.DataFrame({
        "change": AND.join(line.together), "outcome": outcome, "week": [weeks[k] for k in path.weeks], "observed": path.observed / each,
        "without": path.without / each, "without_low": path.without_low / each, "without_high": path.without_high / each, "is_after": after,
    })
    return _Judged(
        AND.join(line.together), outcome, change.start, int(after.sum()), design, "joint" if len(line.together) > 1 else why, observed,
        (without[0], without[1], without[2]), by_chance, 0 if fit.placebos is None else fit.placebos.errors.size, n, verdict, series, depends, is_part,
    )


# ------------------------------------------------------------------ all of them together
def _grade(ranked: Sequence[_Judged]) -> Grade:
    return "B" if ranked and all(one.verdict == "identified" for one in ranked) else "C"


def _order(ranked: Sequence[_Judged], looks: Looks) -> list[int]:
    """Those that stand out first, better designs before weaker, larger against their error before smaller."""
    return sorted(range(len(ranked)), key=lambda k: (
        not looks.stands_out[k], ranked[k].verdict != "identified", -abs(ranked[k].log_effect[0]) / max(ranked[k].half, 1e-9), ranked[k].change, ranked[k].outcome,
    ))


def _effects(ranked: Sequence[_Judged], looks: Looks, factors: Floats) -> pd.DataFrame:
    rows = []
    for k in _order(ranked, looks):
        one = ranked[k]
        effect = one.widened(factors[k])
        none = (math.nan,) * 3
        more = one.more(effect) or none
        reading = ("more" if effect[0] > 0 else "fewer") if looks.stands_out[k] else "unclear"
        counted, money = (none, more) if one.outcome == "revenue" else (more, none)
        rows.append((one.change, one.outcome, one.start, one.weeks, one.design, one.why, *effect, *counted, *money,
                     math.nan if one.by_chance is None else one.by_chance, reading, one.placebos, one.n))
    return _frame("effects", rows)


def _series(ranked: Sequence[_Judged], looks: Looks) -> pd.DataFrame:
    """Weeks of the changes that are drawn: a year before and the weeks after."""
    parts = []
    for k in _order(ranked, looks)[:MOST_PANELS]:
        frame = ranked[k].series
        first = int(np.argmax(frame["is_after"].to_numpy()))
        parts.append(frame.iloc[max(first - SHOWN_BEFORE, 0):])
    return pd.concat(parts, ignore_index=True) if parts else _frame("series", [])


def _facts(
    ranked: Sequence[_Judged], looks: Looks, factors: Floats, left: Sequence[_Left], params: ChangesParams
) -> dict[str, Any]:
    facts: dict[str, Any] = dict.fromkeys(
        ("leading", "leading_outcome", "leading_design", "leading_weeks", "leading_effect", "leading_more", "told_level")
    )
    facts |= {"tested": exact(len(ranked), "count", len(ranked)), "found": int(looks.stands_out.sum()), "not_judged": sum(one.reason not in JUDGED_ELSEWHERE for one in left),
              "after_weeks": params.after_weeks}
    if not ranked:
        return facts
    facts["told_level"] = exact(looks.level, "share", len(ranked))
    k = _order(ranked, looks)[0]
    one = ranked[k]
    effect = one.widened(factors[k])
    grade = _grade([one])
    more = one.more(effect)
    unit: Any = "currency" if one.outcome == "revenue" else "count"
    return facts | {
        "leading": one.change, "leading_outcome": one.outcome, "leading_design": one.design, "leading_weeks": one.weeks,
        "leading_effect": Estimate(*effect, "share", one.n, looks.level, grade, one.verdict),
        "leading_more": None if more is None else Estimate(*more, unit, one.n, looks.level, grade, one.verdict),
    }


def _says(result: ChangesResult) -> dict[str, Sentence]:
    title = ("nothing_judged" if result.not_judged else "none_measured") if not result.leading else "found" if result.found else "none"
    return {
        "title": Sentence(title), "lede": Sentence(title), "figures.effects.title": Sentence("found" if result.found else "none"),
        "figures.paths.title": Sentence("found" if result.found else "none"),
    }


def _measured_on_the_price_page(changes: Sequence[Change], ranked: Sequence[_Judged], price: PriceResult | None) -> str | None:
    """The change that is the test of the price page: it began in its first week, in its branch."""
    if price is None or price.test_from is None or price.demand_change is None:
        return None
    told = {one.change for one in ranked if one.outcome in CONTROLLED}
    return next((one.name for one in changes if one.name in told and price.test_branch in one.units
                 and abs((one.start - price.test_from).days) < 7), None)


def _findings(
    result: ChangesResult, ranked: Sequence[_Judged], left: Sequence[_Left], price: PriceResult | None, twin: str | None,
    recall: RecallResult | None, repeated: int, params: ChangesParams,
) -> tuple[Finding, ...]:
    why = {reason: ", ".join(one.change for one in left if one.reason == reason) for reason in dict.fromkeys(one.reason for one in left)}
    held_out = recall.uplift_later if recall is not None and "reactivation" in why else None
    weak = list(dict.fromkeys(one.change for one in ranked if one.verdict == "weak"))
    joint = list(dict.fromkeys(one.change for one in ranked if one.why == "joint"))
    depends = next((one for one in ranked if one.depends), None)
    looks = [one.look_on for one in left if one.look_on is not None]
    worst = [one.change for one in ranked if one.why == "worst"]
    part = list(dict.fromkeys(one.change for one in ranked if one.is_part))
    told: tuple[tuple[Any, Finding], ...] = (
        (price, Finding("price_page", "caveat", {
            "change": twin, "there": price.demand_change if price else None, "before_weeks": params.before_weeks})),
        (held_out, Finding("held_out", "strength", {"uplift": held_out, "names": why.get("reactivation")})),
        (joint, Finding("joint", "caveat", {"groups": len(joint)})),
        (weak, Finding("weak", "caveat", {"weak": len(weak)})),
        (depends, Finding("depends", "caveat", {"change": depends.change, "other": depends.depends} if depends else {})),
        (worst, Finding("worst", "caveat", {"names": ", ".join(worst)})),
        (part, Finding("part", "caveat", {"names": ", ".join(part)})),
        (len(ranked) > 1, Finding("several_looks", "caveat")),
        (repeated, Finding("said_twice", "caveat", {"repeated": repeated})),
        (looks, Finding("too_early", "not_answered", {"names": why.get("too_early"), "look_on": min(looks, default=None)})),
        (why.get("too_short_after"), Finding("too_short_after", "not_answered", {"names": why.get("too_short_after")})),
        (why.get("too_short_before"), Finding("too_short_before", "not_answered", {"names": why.get("too_short_before")})),
        (why.get("ends_before_it_starts"), Finding("ends_before_it_starts", "not_answered", {"names": why.get("ends_before_it_starts")})),
        (why.get("unknown_unit"), Finding("unknown_unit", "not_answered", {"names": why.get("unknown_unit")})),
        (why.get("no_quiet"), Finding("no_quiet", "not_answered", {"names": why.get("no_quiet")})),
        (why.get("too_wide"), Finding("too_wide", "not_answered", {"names": why.get("too_wide")})),
        (why.get("too_few"), Finding("too_few", "not_answered", {"names": why.get("too_few")})),
        (why.get("not_recorded"), Finding("not_recorded", "not_answered", {"names": why.get("not_recorded")})),
        (why.get("reactivation") and not held_out, Finding("no_hold_out", "not_answered", {"names": why.get("reactivation")})),
    )
    return tuple(finding for applies, finding in told if applies)


# ------------------------------------------------------------------ figures
def paths(result: ChangesResult, labels: Labels) -> Figure | None:
    """The changes that stand out most: the year before, the weeks after, and what would have been without it."""
    if result.series.empty:
        return None
    told: Mapping[Any, Any] = result.effects.set_index(["change", "outcome"]).to_dict("index")
    panels = []
    for (name, outcome), frame in result.series.groupby(["change", "outcome"], sort=False):
        row = told[name, outcome]
        after = frame["is_after"].to_numpy(bool)
        panels.append(Panel(
            name=_short(str(name), labels), words=labels.value("outcome", outcome), weeks=list(pd.to_datetime(frame["week"]).dt.date),
            observed=frame["observed"], expected=np.where(after, frame["without"], np.nan), low=np.where(after, frame["without_low"], np.nan),
            high=np.where(after, frame["without_high"], np.nan), accent=row["reading"] != "unclear",
            number=_printed(labels, str(outcome)),
        ))
    return before_after(panels, month=labels.month, expected_words=labels["without"])


def _short(name: str, labels: Labels) -> str:
    """Several changes by the first of them; the table has all names."""
    first, *others = name.split(AND)
    return labels.text("several", first=first, others=len(others)) if others else first


def _printed(labels: Labels, outcome: str) -> Any:
    unit: Any = "share" if outcome in SHARES else "currency" if outcome == "revenue" else "count"
    return lambda value: labels.number(value, unit)


def effects(result: ChangesResult, labels: Labels) -> Figure | None:
    """Relative effect of every change with its interval; rust stands out, hollow has nobody to compare with."""
    frame = result.effects
    if frame.empty:
        return None
    short = [_short(name, labels) for name in frame["change"]]
    names = [labels.text("twice", name=name, by=labels.value("outcome", outcome)) if short.count(name) > 1 else name
             for name, outcome in zip(short, frame["outcome"], strict=True)]
    return dots(
        names, frame["effect"], frame["effect_low"], frame["effect_high"], marked=list(frame["reading"] != "unclear"),
        hollow=list(frame["design"].isin(["before_after", "control"])), goal=0.0, goal_text=labels["nothing"], x=labels["x"],
        number=lambda value: labels.number(value, "share"), height=max(PANEL_HEIGHT * min(len(frame), MOST_PANELS), 18 + 4.0 * len(frame)),
    )
