"""Growth and plan: what made revenue grow, and which actions would raise profit now.

Question   Where does growth come from, what would raise profit, what comes first?
Method     LMDI (Ang 2004) of outpatient revenue into answered calls, conversion, share of calls, visits per
           new patient and money per visit, exact; 4,000 joint draws of each action's monthly contribution
           from the intervals of the earlier sections, capped by free rooms and beds, nobody won twice;
           of the sure actions the set with the largest joint gain is chosen.
Reads      the result of finance and, if there are any, of capacity, profile, clv, retention, recall, doctors,
           price choice, channels, funnel and administrators; first visits, visits and opportunities to count.
Cannot say What a new competitor, a doctor leaving or a law would do; whether an action will be carried out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from ibis.expr.types import Table
from matplotlib.figure import Figure
from numpy.random import Generator
from pydantic import Field

from audit.analyses.administrators import AdministratorsResult
from audit.analyses.capacity import CapacityResult
from audit.analyses.channels import ChannelsResult
from audit.analyses.clv import ClvResult
from audit.analyses.doctors import DoctorsResult
from audit.analyses.finance import FinanceResult
from audit.analyses.funnel import FunnelResult
from audit.analyses.price_choice import PriceChoiceResult
from audit.analyses.profile import ProfileResult
from audit.analyses.recall import RecallResult
from audit.analyses.retention import RetentionResult
from audit.config import Days, Params, Period
from audit.models import actions, driver_tree
from audit.models.actions import CATALOGUE, DRAWS, Setting
from audit.models.drivers import Change, spread, uniform
from audit.models.plan import Plan, plan
from audit.plots import theme
from audit.plots.gantt import Job
from audit.plots.gantt import gantt as drawn_gantt
from audit.plots.tornado import tornado as drawn_tornado
from audit.plots.waterfall import Whisker, waterfall
from audit.results import Estimate, Finding, Grade, Measure, Result, Sentence, exact, table
from audit.tables.period_counts import period_counts
from audit.wording import Labels

FIGURES = ("factors", "bridge", "tornado", "gantt")


class GrowthParams(Params):
    """Settings of the analysis; ranges are what is assumed where nothing is measured."""

    full_load: float = Field(1.0, gt=0.5, le=1, description="share of open room hours and beds that can be filled")
    crowded: float = Field(0.85, gt=0, le=1, description="load from which opening more capacity is weighed")
    least_missed: float = Field(0.01, ge=0, lt=1, description="share of unanswered callers below which no action is weighed")
    contribution: tuple[float, float] = Field((0.4, 0.7), description="share of a sale that is left, where no expenses are known")
    cost_scale: float = Field(1.0, ge=0, description="scales what effort costs a month (low 0.15%, medium 0.5%, high 1% of revenue)")
    moved_share: float = Field(0.2, gt=0, le=0.5, description="part of a channel's spend that is moved to another")


@dataclass(frozen=True, kw_only=True)
class GrowthResult(Result):
    """Money per month. ``joint_gain`` is what the actions to do now add together within capacity, ``with_room`` what
    all sure ones would add if rooms and beds were no limit; ``binding`` is rooms or beds, whichever is fuller."""

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
        Measure("chance", "share", form="chance"), Measure("effort", "label"), Measure("evidence", "label"), Measure("section", "label"),
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
class Sections:
    """The earlier sections, as far as they could be answered."""

    finance: FinanceResult
    capacity: CapacityResult | None
    profile: ProfileResult | None
    clv: ClvResult | None
    retention: RetentionResult | None
    recall: RecallResult | None
    doctors: DoctorsResult | None
    price_choice: PriceChoiceResult | None
    channels: ChannelsResult | None
    funnel: FunnelResult | None
    administrators: AdministratorsResult | None

    def __call__(self, section: str, name: str) -> Any:
        """Field ``name`` of a section, None without it."""
        result = getattr(self, section)
        return getattr(result, name) if result is not None else None

    @property
    def surgical_load(self) -> Estimate | None:
        """Load of the fuller of ward and operating rooms."""
        loads = [load for load in (self("capacity", "ward_load"), self("capacity", "operating_load")) if load is not None]
        return max(loads, key=lambda load: load.value, default=None)


def analyse(
    first_visits: Table, patient_days: Table, opportunities: Table | None, capacity: CapacityResult | None,
    profile: ProfileResult | None, clv: ClvResult | None, retention: RetentionResult | None,
    recall: RecallResult | None, doctors: DoctorsResult | None, price_choice: PriceChoiceResult | None,
    channels: ChannelsResult | None, funnel: FunnelResult | None, administrators: AdministratorsResult | None,
    finance: FinanceResult, *, period: Period, params: GrowthParams,
) -> GrowthResult:
    """Where growth came from, and what the sections together say should be done first."""
    now, before = (_tree(first_visits, patient_days, opportunities, days, finance, days is period.present)
                   for days in (period.present, period.past))
    sections = Sections(finance, capacity, profile, clv, retention, recall, doctors, price_choice, channels, funnel, administrators)
    setting = _setting(now, sections, period, params)
    changes, grades, reasons = _judged(setting, sections, params)
    made = plan(changes, grades, setting.free, level=params.level)
    ranked = made.ranked()
    result = GrowthResult(
        grade="C" if finance.contribution_share is None else "B", **_facts(made, sections, setting, params), **_counted(made, reasons),
        actions=_frame("actions", [
            (key, one.group, *one.gain, one.chance, CATALOGUE[key].effort, grades[key], CATALOGUE[key].section)
            for key, one in ranked
        ]),
        reach=_frame("reach", [(key, one.gain[0], one.wished, one.is_limited) for key, one in ranked]),
        bridge=made.bridge(finance.profit_month.value) if finance.profit_month else _frame("bridge", []),
        factors=driver_tree.factors(before, now), drivers=driver_tree.drivers(before, now),
        plan=_frame("plan", _weeks(made, sections)), unjudged=_frame("unjudged", reasons),
    )
    return replace(
        result, headline="joint_gain" if result.joint_gain else None, says=_says(result), findings=tuple(_findings(result))
    )


def _frame(name: str, rows: list[Any]) -> pd.DataFrame:
    """Rows as the declared table ``name``."""
    return pd.DataFrame(rows, columns=[column for measure in GrowthResult.measures(name) for column in measure.names])


# ---------------------------------------------------------------- what actions share
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


def _setting(now: dict[str, float], sections: Sections, period: Period, params: GrowthParams) -> Setting:
    rng = np.random.default_rng([params.seed, 0])
    finance, value, answered = sections.finance, sections("clv", "value_365"), sections("funnel", "answered_share")
    assumed = uniform(rng, DRAWS, *params.contribution)
    margin = assumed if finance.contribution_share is None else np.full(DRAWS, finance.contribution_share.value)
    # how far a new patient's money may lie from the present's mean, by what the value section is unsure of
    around = (value.low / value.value, value.high / value.value) if value is not None and value.value > 0 else (0.9, 1.1)
    brings = spread(rng, DRAWS, value=1.0, low=around[0], high=around[1], level=params.level, least=0.0)
    free = [
        np.full(DRAWS, np.inf) if load is None or not load.value > 0
        else now[name] * np.maximum(params.full_load / actions.draws(rng, load, least=0.0) - 1, 0.0)
        for load, name in ((sections("capacity", "room_load"), "visits"), (sections.surgical_load, "operations"))
    ]
    callers = now["answered_calls"] / (answered.value if answered is not None and answered.value > 0 else 1.0)
    return Setting(
        revenue=finance.revenue_month.value, visits=now["visits"], operations=now["operations"],
        visits_per_first=now["visits"] / now["first_patients"] if now["first_patients"] else 0.0,
        visit_worth=(finance.receipt.value if finance.receipt else 0.0) * margin * brings,
        operation_worth=(now["surgery"] / now["operations"] if now["operations"] else 0.0) * margin,
        free=np.column_stack(free), lost=max(float(np.nan_to_num(callers - now["first_by_call"])), 0.0),
        conversion=now["first_by_call"] / now["answered_calls"] if now["answered_calls"] else np.nan,
        spoken=float(np.nan_to_num(now["answered_calls"])) * period.present.months, cost_scale=params.cost_scale,
        crowded=params.crowded, operations_per_first=now["operations"] / now["first_patients"] if now["first_patients"] else 0.0,
    )


def _judged(
    setting: Setting, s: Sections, params: GrowthParams
) -> tuple[dict[str, Change], dict[str, Grade], list[tuple[str, str, str]]]:
    """Changes and grades of the actions that can be judged; for the others action, reason, section."""
    pay = -s.finance.account.set_index("row")["now"].get("pay", 0.0)
    judges: dict[str, Callable[[Generator], actions.Judgement]] = {
        "call_back": partial(actions.call_back, setting, callers=s("funnel", "callers"),
                             answered_share=s("funnel", "answered_share"), least_missed=params.least_missed),
        "script": partial(actions.script, setting, below=s("administrators", "below_count"),
                          lost_visits=s("administrators", "lost_visits")),
        "recall": partial(actions.recall, setting, due=s("recall", "due_patients"), revenue=s("recall", "recall_revenue"),
                          days=s("recall", "gain_days"), receipt=s.finance.receipt),
        "standard": partial(actions.standard, setting, doctors=s("doctors", "n_doctors"), raised=s("doctors", "raised"),
                            receipt=s.finance.receipt),
        "shift_spend": partial(actions.shift_spend, setting, channels=s("channels", "channels"), level=params.level,
                               moved=params.moved_share),
        "children": partial(actions.children, setting, residents=s("profile", "children_residents"),
                            missing=s("profile", "children_missing")),
        "evening_hours": partial(actions.evening_hours, setting, load=s("capacity", "room_load"), pay=pay,
                                 reasons=s("funnel", "reasons"), level=params.level),
        "beds": partial(actions.beds, setting, load=s.surgical_load),
        "price_test": partial(actions.price_test, setting, points=s("price_choice", "points"), price_now=s("price_choice", "price_now"),
                              level=params.level),
    }
    changes: dict[str, Change] = {}
    grades: dict[str, Grade] = {}
    reasons = []
    for number, (key, profile) in enumerate(CATALOGUE.items(), start=1):
        found = judges[key](np.random.default_rng([params.seed, number]))
        if isinstance(found, str):
            reasons.append((key, found, profile.section))
        else:
            # what is worth something only under an assumed margin is never sure
            changes[key], grades[key] = found[0], "C" if s.finance.contribution_share is None else found[1]
    return changes, grades, reasons


# ---------------------------------------------------------------- what is told
def _facts(made: Plan, s: Sections, setting: Setting, params: GrowthParams) -> dict[str, Any]:
    """The scalars of the result; n of what is simulated is the number of simulated months."""
    finance, profit, rooms, beds = s.finance, s.finance.profit_month, s("capacity", "room_load"), s.surgical_load

    def money(three: tuple[float, float, float] | None, plus: float = 0.0) -> Estimate | None:
        if three is None:
            return None
        value, low, high = (part + plus for part in three)
        return Estimate(value, low, high, "currency", DRAWS, params.level, "B", "identified")

    def change(now: Estimate, before: Estimate | None) -> Estimate | None:
        return exact(now.value - before.value, "currency", now.n) if before is not None else None

    full = {name: load.value for name, load in (("rooms", rooms), ("beds", beds)) if load is not None and load.value >= params.crowded}
    spare = float(setting.free[:, 0].mean())
    return {
        "profit_now": profit, "profit_after": money(made.joint, profit.value) if profit else None, "joint_gain": money(made.joint),
        "with_room": money(made.with_room), "plain_sum": exact(made.plain, "currency", DRAWS) if made.joint else None,
        "taken_off": exact(made.plain - made.joint[0], "currency", DRAWS) if made.joint else None,
        "revenue_change": change(finance.revenue_month, finance.revenue_before),
        "ambulatory_change": change(finance.ambulatory_month, finance.ambulatory_before),
        "surgery_change": change(finance.surgery_month, finance.surgery_before),
        "room_load": rooms, "ward_load": beds, "free_visits": exact(spare, "count", DRAWS) if np.isfinite(spare) else None,
        "binding": max(full, key=lambda name: (full[name], name), default=None),
        "first_action": made.chosen[0] if made.chosen else None,
    }


def _counted(made: Plan, reasons: list[tuple[str, str, str]]) -> dict[str, Any]:
    groups = [one.group for one in made.judged.values()]
    needless = sum(reason == "not_needed" for _key, reason, _section in reasons)
    return {name: groups.count(name) for name in ("do_now", "test_first", "leave")} | {
        "limited": sum(one.is_limited for one in made.judged.values()), "not_needed": needless, "not_judged": len(reasons) - needless,
    }


def _weeks(made: Plan, s: Sections) -> list[tuple[Any, ...]]:
    """Who does what when, and where the weekly number stands today."""
    stands = {
        "answered": s("funnel", "answered_share"), "booked": s("funnel", "booked_share"), "conversion": s("administrators", "conversion"),
        "returned": s("recall", "gross_first"), "return_90": s("retention", "return_90"), "children": s("profile", "children_share"), "room_load": s("capacity", "room_load"),
        "ward_load": s.surgical_load,
    }
    rows = []
    for key, start, weeks, check, is_test in made.schedule({key: profile.weeks for key, profile in CATALOGUE.items()}):
        kpi = CATALOGUE[key].kpi
        now = stands.get(kpi)
        rows.append((key, CATALOGUE[key].owner, kpi, now.value if now is not None else np.nan, float(start), float(weeks), float(check), is_test))
    return rows


def _says(result: GrowthResult) -> dict[str, Sentence]:
    lede = "none" if result.joint_gain is None else "gain" if result.profit_after is None else "plan"
    grew = result.factors[result.factors["contribution"] > 0].sort_values("contribution")
    return {
        "title": Sentence(result.first_action or ("tests" if result.test_first else "nothing")), "lede": Sentence(lede),
        "figures.factors.title": Sentence(str(grew["factor"].iloc[-1]) if len(grew) else "none"),
        "tables.actions.subtitle": Sentence("limited" if result.limited else "free"),
    }


def _findings(result: GrowthResult) -> Iterator[Finding]:
    if result.joint_gain is not None:
        yield Finding("start", "opportunity", impact=result.joint_gain)
    if result.limited and result.free_visits is not None and result.binding is not None:
        yield Finding("full_rooms", "risk")
    if result.binding == "beds":
        yield Finding("full_beds", "risk")
    if result.test_first:
        yield Finding("tests", "opportunity")
    grew = result.factors[result.factors["contribution"] > 0].sort_values("contribution")
    if result.revenue_change is not None and result.revenue_change.value > 0 and len(grew):
        most = grew.iloc[-1]
        yield Finding(f"grew_{most['factor']}", "strength", {"part": exact(most["contribution"], "currency", result.revenue_change.n)})
    if result.revenue_change is None:
        yield Finding("no_before", "not_answered")
    if result.room_load is None:
        yield Finding("no_capacity", "not_answered")
    if result.not_judged:
        yield Finding("unjudged", "not_answered")


# ---------------------------------------------------------------- figures
def factors(result: GrowthResult, labels: Labels) -> Figure | None:
    """From revenue before to revenue now, factor by factor."""
    start = result.drivers.set_index("driver")["before"].get("revenue", np.nan)
    if result.factors.empty or not np.isfinite(start):
        return None
    return waterfall(
        [labels.value("factor", factor) for factor in result.factors["factor"]], result.factors["contribution"],
        start=(labels["before"], float(start)), end=labels["now"], number=_money(labels), signed=_signed(labels), height=38,
    )


def bridge(result: GrowthResult, labels: Labels) -> Figure | None:
    """From profit today to profit after the actions to do now."""
    if result.bridge.empty or result.profit_after is None:
        return None
    steps = result.bridge.iloc[1:-1]
    return waterfall(
        [labels.value("step", step) for step in steps["step"]], steps["amount"],
        start=(labels["today"], float(result.bridge["amount"].iloc[0])), end=labels["after"],
        whisker=Whisker(result.profit_after.low, result.profit_after.high), number=_money(labels), signed=_signed(labels),
    )


def tornado(result: GrowthResult, labels: Labels) -> Figure | None:
    """How far a month's profit lies from what is expected when an action ends at the bounds of its gain."""
    frame = result.actions[result.actions["group"] != "leave"]
    if len(frame) < 2:
        return None
    return drawn_tornado(
        [labels.value("action", action) for action in frame["action"]], frame["gain_low"] - frame["gain"],
        frame["gain_high"] - frame["gain"], signed=_signed(labels), height=38,
    )


def gantt(result: GrowthResult, labels: Labels) -> Figure | None:
    """Weeks of work and the week in which the number is looked at."""
    jobs = [Job(labels.value("action", row.action), row.start, row.weeks, row.check, row.is_test) for row in result.plan.itertuples()]
    return drawn_gantt(jobs, week=labels["week"], check=labels["check"], width=theme.HALF, height=38) if jobs else None


def _money(labels: Labels) -> Callable[[float], str]:
    return partial(labels.number, unit="currency")


def _signed(labels: Labels) -> Callable[[float], str]:
    return lambda value: f"{'+' if value > 0 else ''}{labels.number(value, 'currency')}"
