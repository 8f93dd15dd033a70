"""Growth and plan: what made revenue grow, and which actions would raise profit now.

Question   Where does growth come from, what would raise profit, what comes first?
Method     LMDI (Ang 2004) of outpatient revenue into answered calls, conversion, share of calls, visits per
           new patient and money per visit, exact; 4,000 joint draws of each action's monthly contribution
           from the intervals of the earlier sections, capped by free rooms and beds, nobody won twice;
           actions chosen greedily by what they add (audit/models/actions.py).
Reads      results of finance and, if there are any, of capacity, profile, clv, doctors, price, channels,
           funnel and administrators; counts of first visits, visits and opportunities.
Cannot say What a new competitor, a doctor leaving or a law would do; whether an action will be carried out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from ibis import _
from ibis.expr.types import Table
from matplotlib.figure import Figure
from numpy.typing import NDArray
from pydantic import Field

from audit.analyses.administrators import AdministratorsResult
from audit.analyses.capacity import CapacityResult
from audit.analyses.clv import ClvResult
from audit.analyses.doctors import DoctorsResult
from audit.analyses.finance import FinanceResult
from audit.analyses.funnel import FunnelResult
from audit.analyses.price import PriceResult
from audit.analyses.profile import ProfileResult
from audit.config import Days, Params, Period
from audit.models import actions as model
from audit.models import driver_tree
from audit.models.drivers import Change, spread, uniform
from audit.plots import gantt as gantt_form
from audit.plots import theme
from audit.plots import tornado as tornado_form
from audit.plots import waterfall as waterfall_form
from audit.results import Estimate, Finding, Grade, Measure, Result, Sentence, exact, table
from audit.wording import Labels

Floats = NDArray[np.float64]
FIGURES = ("bridge", "factors_waterfall", "tornado", "gantt")


class GrowthParams(Params):
    """Settings of the analysis; ranges are what is assumed where nothing is measured."""

    full_load: float = Field(1.0, gt=0.5, le=1, description="share of open room hours and beds that can be filled")
    crowded: float = Field(0.85, gt=0, le=1, description="load from which opening capacity is weighed")
    least_missed: float = Field(0.03, ge=0, lt=1, description="share of unanswered callers that is no longer worth an action")
    contribution: tuple[float, float] = Field((0.4, 0.7), description="contribution of a sale where no expenses are known")
    cost_scale: float = Field(1.0, ge=0, description="scales the monthly cost of effort (low 0.15%, medium 0.5%, high 1.5% of revenue)")
    lapsed_months: tuple[int, int] = Field((5, 12), description="months since the last visit of a patient to be recalled")
    lapsed_visits: int = Field(4, ge=1, description="visits a patient to be recalled has had at least")
    moved_share: float = Field(0.2, gt=0, le=0.5, description="part of a channel's spend that is shifted")


@dataclass(frozen=True)
class Action:
    """One line of the catalogue: where its evidence lies and how it is followed up (codes; words in the texts)."""

    key: str
    section: str
    effort: str
    grade: Grade
    owner: str
    kpi: str
    weeks: int
    judge: Callable[[Known, np.random.Generator], Change | str]
    """The change it makes, or why it is not judged: the key of a reason."""


@dataclass(frozen=True, kw_only=True)
class GrowthResult(Result):
    """``joint_gain`` is what the actions to do now add together within capacity, ``with_room`` what the sure ones
    would add if rooms and beds were no limit."""

    profit_now: Estimate | None
    profit_after: Estimate | None
    joint_gain: Estimate | None
    with_room: Estimate | None
    plain_sum: Estimate | None
    taken_off: Estimate | None
    revenue_change: Estimate | None
    ambulatory_change: Estimate | None
    surgery_change: Estimate | None
    room_load: Estimate | None
    ward_load: Estimate | None
    free_visits: Estimate | None
    binding: str | None
    first_action: str | None
    do_now: int
    test_first: int
    leave: int
    limited: int
    not_judged: int
    not_needed: int
    actions: pd.DataFrame = table(
        Measure("action", "label"), Measure("group", "label"), Measure("gain", "currency", interval=True, form="line"),
        Measure("chance", "share"), Measure("effort", "label"), Measure("evidence", "label"), Measure("section", "label"),
    )
    reach: pd.DataFrame = table(
        Measure("action", "label"), Measure("gain", "currency"), Measure("with_room", "currency"), Measure("is_limited", "flag"),
    )
    bridge: pd.DataFrame = table(Measure("step", "label"), Measure("amount", "currency"))
    factors: pd.DataFrame = table(Measure("factor", "label"), Measure("ratio", "ratio"), Measure("contribution", "currency"))
    drivers: pd.DataFrame = table(
        Measure("driver", "label"), Measure("before", "number"), Measure("now", "number"), Measure("ratio", "ratio"),
    )
    plan: pd.DataFrame = table(
        Measure("action", "label"), Measure("owner", "label"), Measure("kpi", "label"), Measure("now", "share"),
        Measure("start", "weeks"), Measure("weeks", "weeks"), Measure("check", "weeks"), Measure("is_test", "flag"),
    )
    unjudged: pd.DataFrame = table(Measure("action", "label"), Measure("reason", "label"), Measure("section", "label"))


@dataclass(frozen=True)
class Known:
    """What the actions are judged by."""

    setting: model.Setting
    level: float
    params: GrowthParams
    now: dict[str, float]
    finance: FinanceResult
    capacity: CapacityResult | None
    profile: ProfileResult | None
    clv: ClvResult | None
    doctors: DoctorsResult | None
    price: PriceResult | None
    funnel: FunnelResult | None
    administrators: AdministratorsResult | None

    def draws(self, rng: np.random.Generator, estimate: Estimate, least: float = -np.inf, most: float = np.inf) -> Floats:
        """Draws of an estimate of an earlier section."""
        return spread(
            rng, self.setting.draws, value=estimate.value, low=estimate.low, high=estimate.high, level=estimate.level,
            least=least, most=most,
        )


def analyse(
    first_visits: Table, patient_days: Table, opportunities: Table | None, capacity: CapacityResult | None,
    profile: ProfileResult | None, clv: ClvResult | None, doctors: DoctorsResult | None, price: PriceResult | None,
    funnel: FunnelResult | None, administrators: AdministratorsResult | None, finance: FinanceResult, *, period: Period, params: GrowthParams,
) -> GrowthResult:
    """Where growth came from, and what the sections together say should be done first."""
    now = _counts(first_visits, patient_days, opportunities, period.present, period, params)
    before = _counts(first_visits, patient_days, opportunities, period.past, period, params) if period.past else None
    setting = _setting(now, finance, capacity, clv, params)
    known = Known(setting, params.level, params, now, finance, capacity, profile, clv, doctors, price, funnel, administrators)
    changes, reasons = _judged(known, params)
    grades: dict[str, Grade] = {action.key: action.grade for action in CATALOGUE}
    if clv is None or clv.gate != "ok":
        grades["recall"] = "C"
    grade: Grade = "B" if finance.contribution_share is not None else "C"
    if grade == "C":
        grades = dict.fromkeys(grades, "C")
    plan = model.plan(changes, grades, setting.free, level=params.level)
    tree, tree_before = _tree(now, finance, True), _tree(before, finance, False) if before else {}
    result = GrowthResult(
        grade=grade, **_facts(plan, finance, capacity, setting, params, grade),
        **_numbers(plan, reasons), actions=_actions(plan, grades),
        reach=pd.DataFrame(
            [(key, one.gain[0], one.wished, one.is_limited) for key, one in plan.ranked()],
            columns=["action", "gain", "with_room", "is_limited"],
        ),
        bridge=_bridge(plan, finance.profit_month), factors=driver_tree.factors(tree_before, tree), drivers=driver_tree.drivers(tree_before, tree),
        plan=_weeks(plan, known), unjudged=pd.DataFrame(reasons, columns=["action", "reason", "section"]),
    )
    return replace(result, headline="joint_gain" if result.joint_gain else None, says=_says(result), findings=tuple(_findings(result)))


# ---------------------------------------------------------------- counts
def _counts(
    first_visits: Table, patient_days: Table, opportunities: Table | None, days: Days, period: Period, params: GrowthParams
) -> dict[str, float]:
    """Counts per month of ``days``; NaN for what no table tells."""
    new = first_visits.filter(_.is_new, _.first_day >= days.start, _.first_day < days.end)
    seen = patient_days.filter(_.day >= days.start, _.day < days.end)
    sums = seen.aggregate(visits=_.visits.sum(), operations=_.operations.sum()).to_pandas().iloc[0].fillna(0)
    first = int(new.count().execute())
    found = {
        "first_patients": first / days.months, "visits": float(sums["visits"]) / days.months,
        "operations": float(sums["operations"]) / days.months, "answered_calls": np.nan, "first_by_call": np.nan, "months": days.months,
    }
    if opportunities is not None:
        answered = int(opportunities.filter(_.is_answered, _.opened_at.date() >= days.start, _.opened_at.date() < days.end).count().execute())
        came = opportunities.filter(_.is_answered, _.first_visit_day >= days.start, _.first_visit_day < days.end)
        by_call = int(new.semi_join(came.select("patient_id"), "patient_id").count().execute())
        found |= {"answered_calls": answered / days.months, "first_by_call": by_call / days.months}
    last = patient_days.filter(_.day < days.end, _.visits > 0).group_by("patient_id").aggregate(
        last=_.day.max(), visits=_.visits.sum()
    )
    nearest, farthest = (days.end.toordinal() - round(months * 30.4375) for months in params.lapsed_months)
    lapsed = last.filter(
        _.visits >= params.lapsed_visits, _["last"] > type(days.end).fromordinal(farthest),
        _["last"] <= type(days.end).fromordinal(nearest),
    )
    return found | {"lapsed": float(lapsed.count().execute())}


def _tree(counts: dict[str, float], finance: FinanceResult, now: bool) -> dict[str, float]:
    """Counts and money of one period side by side, for the driver tree."""
    f = finance
    money = {
        "ambulatory": f.ambulatory_month if now else f.ambulatory_before, "surgery": f.surgery_month if now else f.surgery_before,
        "revenue": f.revenue_month if now else f.revenue_before, "fixed": f.fixed_month if now else f.fixed_before,
        "profit": f.profit_month if now else f.profit_before,
    }
    return counts | {name: value.value if value is not None else np.nan for name, value in money.items()}


# ---------------------------------------------------------------- what actions share
def _setting(
    now: dict[str, float], finance: FinanceResult, capacity: CapacityResult | None, clv: ClvResult | None, params: GrowthParams
) -> model.Setting:
    rng = np.random.default_rng([params.seed, 0])
    size = model.DRAWS
    assumed = uniform(rng, size, *params.contribution)
    margin = np.full(size, finance.contribution_share.value) if finance.contribution_share else assumed
    value = clv.value_365 if clv is not None else None
    # how far what a new patient brings may lie from the present's mean, as the value section is unsure of it
    bounds = (value.low / value.value, value.high / value.value) if value is not None and value.value > 0 else (0.9, 1.1)
    factor = spread(rng, size, value=1.0, low=bounds[0], high=bounds[1], level=params.level, least=0.0)
    room, ward = (capacity.room_load, _surgical_load(capacity)) if capacity is not None else (None, None)
    free = [
        np.full(size, np.inf) if load is None or not load.value > 0 else units * np.maximum(
            params.full_load / spread(rng, size, value=load.value, low=load.low, high=load.high, level=load.level, least=0.0) - 1, 0.0
        )
        for load, units in ((room, now["visits"]), (ward, now["operations"]))
    ]
    receipt = finance.receipt.value if finance.receipt else 0.0
    operation = finance.surgery_month.value / now["operations"] if now["operations"] else 0.0
    lost = now["answered_calls"] - now["first_by_call"]
    return model.Setting(
        revenue=finance.revenue_month.value, visits=now["visits"], operations=now["operations"],
        visits_per_first=now["visits"] / now["first_patients"] if now["first_patients"] else 0.0,
        visit_worth=receipt * margin * factor, operation_worth=operation * margin, free=np.column_stack(free),
        lost=float(np.nan_to_num(max(lost, 0.0))), cost_scale=params.cost_scale,
    )


def _surgical_load(capacity: CapacityResult) -> Estimate | None:
    """Load of the fuller of ward and operating rooms."""
    loads = [load for load in (capacity.ward_load, capacity.operating_load) if load is not None]
    return max(loads, key=lambda load: load.value) if loads else None


# ---------------------------------------------------------------- the catalogue
def _call_back(known: Known, rng: np.random.Generator) -> Change | str:
    funnel, now = known.funnel, known.now
    if funnel is None or funnel.answered_share is None or funnel.callers is None or not now["first_by_call"] > 0:
        return "no_calls"
    if 1 - funnel.answered_share.value < known.params.least_missed:
        return "not_needed"
    missed = funnel.callers.value * (1 - known.draws(rng, funnel.answered_share, 0, 1))
    n = now["answered_calls"] * now["months"]
    comes = rng.beta(now["first_by_call"] * now["months"] + 0.5, max(n - now["first_by_call"] * now["months"], 0.0) + 0.5, model.DRAWS)
    return model.call_back(known.setting, rng, missed=missed, comes=comes)


def _script(known: Known, rng: np.random.Generator) -> Change | str:
    desk = known.administrators
    if desk is None or desk.lost_visits is None:
        return "no_administrators"
    if desk.below_count == 0 or not desk.lost_visits.value > 0:
        return "not_needed"
    return model.script(known.setting, rng, gap=known.draws(rng, desk.lost_visits))


def _standard(known: Known, rng: np.random.Generator) -> Change | str:
    doctors, receipt = known.doctors, known.finance.receipt
    if doctors is None or receipt is None or not receipt.value > 0:
        return "no_doctors"
    if doctors.raised is None:
        return "not_needed"
    return model.standard(known.setting, rng, gap=known.draws(rng, doctors.raised) / receipt.value)


def _recall(known: Known, rng: np.random.Generator) -> Change | str:
    if known.clv is None:
        return "no_value"
    if known.now["lapsed"] < 1:
        return "not_needed"
    return model.recall(known.setting, rng, lapsed=known.now["lapsed"])


def _shift_spend(known: Known, rng: np.random.Generator) -> Change | str:
    return "no_channels"


def _children(known: Known, rng: np.random.Generator) -> Change | str:
    profile = known.profile
    if profile is None or profile.children_residents is None:
        return "no_residents"
    if profile.children_missing is None:
        return "not_needed"
    return model.children(known.setting, rng, missing=known.draws(rng, profile.children_missing))


def _beds(known: Known, rng: np.random.Generator) -> Change | str:
    load = _surgical_load(known.capacity) if known.capacity is not None else None
    if load is None or not known.now["operations"] > 0:
        return "no_beds"
    return model.beds(known.setting, rng) if load.value >= known.params.crowded else "not_needed"


def _evening_hours(known: Known, rng: np.random.Generator) -> Change | str:
    load = known.capacity.room_load if known.capacity is not None else None
    if load is None or not known.setting.lost > 0:
        return "no_rooms"
    if load.value < known.params.crowded:
        return "not_needed"
    pay = -known.finance.account.set_index("row")["now"].get("pay", 0.0)
    return model.evening_hours(known.setting, rng, pay=pay)


def _price_test(known: Known, rng: np.random.Generator) -> Change | str:
    price = known.price
    points = price.points if price is not None else None
    points = points[points["change"].notna() & (points["price"] != price.price_now.value)] if points is not None else None
    if price is None or points is None or points.empty:
        return "no_price"
    best = points.sort_values(["change", "price"], ascending=[False, True]).iloc[0]
    gain = spread(rng, model.DRAWS, value=best["change"], low=best["change_low"], high=best["change_high"], level=known.level)
    return model.price_test(known.setting, rng, gain=gain)


CATALOGUE = (
    Action("call_back", "funnel", "low", "B", "desk", "answered", 4, _call_back),
    Action("script", "administrators", "low", "B", "desk", "conversion", 6, _script),
    Action("recall", "clv", "low", "B", "marketing", "returned", 8, _recall),
    Action("standard", "doctors", "medium", "C", "medical", "return_90", 12, _standard),
    Action("shift_spend", "channels", "low", "C", "marketing", "cost", 8, _shift_spend),
    Action("children", "profile", "medium", "C", "medical", "children", 10, _children),
    Action("evening_hours", "capacity", "medium", "B", "director", "room_load", 6, _evening_hours),
    Action("beds", "capacity", "high", "C", "director", "ward_load", 12, _beds),
    Action("price_test", "price", "low", "C", "director", "booked", 8, _price_test),
)
"""Every action weighed, in the order of a patient's way; the number of one is part of its seed."""

_BY_KEY = {action.key: action for action in CATALOGUE}


def _judged(known: Known, params: GrowthParams) -> tuple[dict[str, Change], list[tuple[str, str, str]]]:
    """The changes that can be judged, and for the others why not (action, reason, section)."""
    changes, reasons = {}, []
    for number, action in enumerate(CATALOGUE, start=1):
        found = action.judge(known, np.random.default_rng([params.seed, number]))
        if isinstance(found, str):
            reasons.append((action.key, found, action.section))
        else:
            changes[action.key] = found
    return changes, reasons


# ---------------------------------------------------------------- what is told
def _money(three: tuple[float, float, float] | None, n: int, params: GrowthParams, grade: Grade) -> Estimate | None:
    return Estimate(*three, "currency", n, params.level, grade, "weak" if grade == "C" else "identified") if three else None


def _facts(
    plan: model.Plan, finance: FinanceResult, capacity: CapacityResult | None, setting: model.Setting, params: GrowthParams,
    grade: Grade,
) -> dict[str, Estimate | str | int | None]:
    """The scalars of the result; ``n`` is the number of simulated months."""
    n, profit = model.DRAWS, finance.profit_month
    joint = _money(plan.joint, n, params, grade)
    room, ward = (capacity.room_load, _surgical_load(capacity)) if capacity is not None else (None, None)
    full = {name: load.value for name, load in (("rooms", room), ("beds", ward)) if load and load.value >= params.crowded}
    spare = float(setting.free[:, model.VISITS].mean())

    def change(now: Estimate, before: Estimate | None) -> Estimate | None:
        return exact(now.value - before.value, "currency", now.n) if before is not None else None

    return {
        "profit_now": profit, "joint_gain": joint, "with_room": _money(plan.with_room, n, params, grade),
        "profit_after": replace(
            joint, value=joint.value + profit.value, low=joint.low + profit.value, high=joint.high + profit.value
        ) if joint and profit else None,
        "plain_sum": exact(plan.plain, "currency", n) if joint else None,
        "taken_off": exact(plan.plain - joint.value, "currency", n) if joint else None,
        "revenue_change": change(finance.revenue_month, finance.revenue_before),
        "ambulatory_change": change(finance.ambulatory_month, finance.ambulatory_before),
        "surgery_change": change(finance.surgery_month, finance.surgery_before),
        "room_load": room, "ward_load": ward, "free_visits": exact(spare, "count", n) if np.isfinite(spare) else None,
        "binding": max(full, key=lambda name: (full[name], name)) if full else None,
        "first_action": plan.chosen[0] if plan.chosen else None,
    }


def _numbers(plan: model.Plan, reasons: list[tuple[str, str, str]]) -> dict[str, int]:
    groups = [one.group for one in plan.judged.values()]
    return {name: groups.count(name) for name in ("do_now", "test_first", "leave")} | {
        "limited": sum(one.is_limited for one in plan.judged.values()),
        "not_needed": sum(reason == "not_needed" for _key, reason, _section in reasons),
        "not_judged": sum(reason != "not_needed" for _key, reason, _section in reasons),
    }


def _actions(plan: model.Plan, grades: dict[str, Grade]) -> pd.DataFrame:
    rows = [
        (key, one.group, *one.gain, one.chance, _BY_KEY[key].effort, grades[key], _BY_KEY[key].section)
        for key, one in plan.ranked()
    ]
    names = [name for measure in GrowthResult.measures("actions") for name in measure.names]
    return pd.DataFrame(rows, columns=names)


def _bridge(plan: model.Plan, profit: Estimate | None) -> pd.DataFrame:
    """Profit today, each action to do now, what overlap and capacity take off, profit after."""
    if plan.joint is None or profit is None:
        return pd.DataFrame({"step": pd.Series(dtype=object), "amount": pd.Series(dtype=float)})
    steps = [("today", profit.value), *((key, plan.judged[key].gain[0]) for key in plan.chosen)]
    if len(plan.chosen) > 1:
        steps.append(("overlap", plan.joint[0] - plan.plain))
    return pd.DataFrame([*steps, ("after", profit.value + plan.joint[0])], columns=["step", "amount"])


def _weeks(plan: model.Plan, known: Known) -> pd.DataFrame:
    """Who does what when: actions to do now a week apart, tests after the first of them is looked at."""
    k = known
    now = {
        "answered": k.funnel and k.funnel.answered_share, "conversion": k.administrators and k.administrators.conversion,
        "return_90": k.clv and k.clv.return_90, "children": k.profile and k.profile.children_share,
        "room_load": k.capacity and k.capacity.room_load, "ward_load": k.capacity and k.capacity.ward_load,
        "booked": k.funnel and k.funnel.booked_share,
    }
    rows = []
    for key, one in plan.ranked():
        if one.group != "leave":
            action, test = _BY_KEY[key], one.group == "test_first"
            start = 4 + 2 * sum(row[-1] for row in rows) if test else len(rows)
            value = now.get(action.kpi)
            rows.append((
                key, action.owner, action.kpi, value.value if value is not None else np.nan, float(start), float(action.weeks),
                float(start + action.weeks + 1), test,
            ))
    return pd.DataFrame(rows, columns=[measure.name for measure in GrowthResult.measures("plan")])


def _says(result: GrowthResult) -> dict[str, Sentence]:
    return {
        "title": Sentence(result.first_action or ("tests" if result.test_first else "nothing")),
        "lede": Sentence("plan" if result.joint_gain is not None and result.profit_after is not None else
                         "gain" if result.joint_gain is not None else "none"),
        "figures.factors_waterfall.title": Sentence(result.factors["factor"].iloc[result.factors["contribution"].argmax()])
        if len(result.factors) and result.factors["contribution"].max() > 0 else Sentence("none"),
        "tables.actions.subtitle": Sentence("limited" if result.limited else "free"),
    }


def _findings(result: GrowthResult) -> Iterator[Finding]:
    if result.joint_gain is not None:
        yield Finding("start", "opportunity", impact=result.joint_gain)
    if result.binding is not None and result.limited:
        yield Finding(f"full_{result.binding}", "risk", impact=result.with_room if result.joint_gain else None)
    if result.test_first:
        yield Finding("tests", "opportunity")
    if result.revenue_change is not None and len(result.factors) > 2:
        best = result.factors.loc[result.factors["contribution"].idxmax()]
        if best["contribution"] > 0:
            yield Finding(f"grew_{best['factor']}", "strength", {"part": exact(best["contribution"], "currency", 0)})
    if result.not_judged:
        yield Finding("unjudged", "not_answered")
    if result.room_load is None:
        yield Finding("no_capacity", "not_answered")
    if result.revenue_change is None:
        yield Finding("no_before", "not_answered")


# ---------------------------------------------------------------- figures
def bridge(result: GrowthResult, labels: Labels) -> Figure | None:
    """From profit today to profit after the actions to do now."""
    frame = result.bridge
    if frame.empty or result.profit_after is None:
        return None
    steps = frame.iloc[1:-1]
    return waterfall_form.waterfall(
        [labels.value("step", step) for step in steps["step"]], steps["amount"],
        start=(labels["today"], float(frame["amount"].iloc[0])), end=labels["after"],
        whisker=waterfall_form.Whisker(result.profit_after.low, result.profit_after.high), **_worded(labels),
    )


def factors_waterfall(result: GrowthResult, labels: Labels) -> Figure | None:
    """From revenue before to revenue now, factor by factor."""
    frame = result.drivers.set_index("driver")
    if result.factors.empty or "revenue" not in frame.index or not np.isfinite(frame.loc["revenue", "before"]):
        return None
    return waterfall_form.waterfall(
        [labels.value("factor", factor) for factor in result.factors["factor"]], result.factors["contribution"],
        start=(labels["before"], float(frame.loc["revenue", "before"])), end=labels["now"], **_worded(labels),
    )


def tornado(result: GrowthResult, labels: Labels) -> Figure | None:
    """How far the profit of a month moves between the bounds of each action's gain."""
    frame = result.actions[result.actions["group"] != "leave"]
    if len(frame) < 2:
        return None
    return tornado_form.tornado(
        [labels.value("action", action) for action in frame["action"]], frame["gain_low"] - frame["gain"],
        frame["gain_high"] - frame["gain"], signed=_worded(labels)["signed"],
        ranges=[labels.text("range", low=low, high=high) for low, high in zip(frame["gain_low"], frame["gain_high"], strict=True)],
    )


def gantt(result: GrowthResult, labels: Labels) -> Figure | None:
    """Weeks of work and the week in which the number is looked at."""
    jobs = [
        gantt_form.Job(labels.value("action", row.action), row.start, row.weeks, row.check, row.is_test)
        for row in result.plan.itertuples()
    ]
    return gantt_form.gantt(jobs, week=labels["week"], check=labels["check"], width=theme.HALF) if jobs else None


def _worded(labels: Labels) -> dict[str, Callable[[float], str]]:
    def number(value: float) -> str:
        return labels.number(value, "currency")

    return {"number": number, "signed": lambda value: f"+{number(value)}" if value > 0 else number(value)}
