"""Plan: which actions of the catalogue would raise profit now, and what work they are.

Question   What would raise profit, and what comes first?
Method     4,000 joint draws of each action's monthly contribution from the intervals of the earlier sections,
           capped by free rooms and beds, nobody won twice; of the sure actions the set with the largest joint
           gain is chosen; the order is shaken by a tenth. The work is hours × rates by month.
Reads      the results of finance and growth and, if there are any, of the sections the catalogue refers to.
Cannot say What a new competitor, a doctor leaving or a law would do; whether an action will be carried out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any, get_args

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from pydantic import Field, field_validator

from audit.actions import Action, Role, catalogue
from audit.analyses.administrators import AdministratorsResult
from audit.analyses.advertising import AdvertisingResult
from audit.analyses.allocation import AllocationResult
from audit.analyses.attendance import AttendanceResult
from audit.analyses.capacity import CapacityResult
from audit.analyses.channels import ChannelsResult
from audit.analyses.clv import ClvResult
from audit.analyses.doctors import DoctorsResult
from audit.analyses.finance import FinanceResult
from audit.analyses.funnel import FunnelResult
from audit.analyses.growth import GrowthResult
from audit.analyses.leads import LeadsResult
from audit.analyses.listening import ListeningResult
from audit.analyses.price_choice import PriceChoiceResult
from audit.analyses.profile import ProfileResult
from audit.analyses.promotions import PromotionsResult
from audit.analyses.recall import RecallResult
from audit.analyses.retention import RetentionResult
from audit.analyses.revenue import RevenueResult
from audit.analyses.rota import RotaResult
from audit.analyses.segments import SegmentsResult
from audit.analyses.services import ServicesResult
from audit.analyses.surgery import SurgeryResult
from audit.analyses.telephone import TelephoneResult
from audit.analyses.waiting import WaitingResult
from audit.config import Params, Period, suggestion
from audit.models import mechanisms, workload
from audit.models.drivers import spread, uniform
from audit.models.judging import judged, tasks_of
from audit.models.mechanisms import DRAWS, NOT_NEEDED, Setting
from audit.models.plan import Plan, plan
from audit.plots import theme
from audit.plots.gantt import Job
from audit.plots.gantt import gantt as drawn_gantt
from audit.plots.tornado import tornado as drawn_tornado
from audit.plots.waterfall import Whisker, waterfall
from audit.results import Estimate, Finding, Grade, Measure, Result, Sentence, exact, table
from audit.wording import Labels

FIGURES = ("bridge", "tornado", "gantt")
MOST_BARS = 8


class PlanParams(Params):
    """Settings of the analysis; ranges are what is assumed where nothing is measured."""

    full_load: float = Field(1.0, gt=0.5, le=1, description="share of open room hours and beds that can be filled")
    crowded: float = Field(0.85, gt=0, le=1, description="load from which rooms or beds are called full")
    contribution: tuple[float, float] = Field((0.4, 0.7), description="share of a sale that is left, where no expenses are known")
    cost_scale: float = Field(1.0, ge=0, description="scales what effort costs a month (low 0.15%, medium 0.5%, high 1% of revenue)")
    thresholds: dict[str, float] = Field({}, description="by action: from where it is weighed, if not as the catalogue says")
    left_out: tuple[str, ...] = Field((), description="actions that are not wanted here")
    tests: int = Field(3, ge=0, le=12, description="how many tests the plan of the year begins")
    rates: dict[Role, float] = Field({}, description="pay per hour by role, in the clinic's currency")
    assumed_rates: dict[Role, float] = Field(
        {"desk": 0.1, "marketing": 0.15, "it": 0.25, "medical": 0.5, "director": 0.5},
        description="pay per hour by role as a share of a usual visit's receipt, where no rate is given",
    )

    @field_validator("thresholds", "left_out")
    @classmethod
    def _are_actions(cls, named: Any) -> Any:
        for key in named:
            if key not in catalogue():
                raise ValueError(f"no action “{key}”: {suggestion(key, catalogue())}")
        return named


@dataclass(frozen=True, kw_only=True)
class PlanResult(Result):
    """Money per month. ``joint_gain`` is what the actions to do now add together within capacity, ``with_room`` what
    all sure ones would add if rooms and beds were no limit; ``binding`` is rooms or beds, whichever is fuller.
    ``top_kept`` is how often the first three stay first when everything moves by a tenth. ``work_…`` is of the year's
    plan: what is to be done now and the first ``tests_begun`` tests; ``log`` has a row for each of them; a weekly
    number that is money stands under ``money``, any other under ``value``."""

    profit_now: Estimate | None
    profit_after: Estimate | None
    joint_gain: Estimate | None
    with_room: Estimate | None
    plain_sum: Estimate | None
    taken_off: Estimate | None
    room_load: Estimate | None
    ward_load: Estimate | None
    free_visits: Estimate | None
    top_kept: Estimate | None
    work_hours: Estimate
    work_cost: Estimate | None
    binding: str | None
    first_action: str | None
    do_now: int
    test_first: int
    leave: int
    limited: int
    not_judged: int
    not_needed: int
    tests_begun: int
    actions: pd.DataFrame = table(
        Measure("action", "label"), Measure("group", "label"), Measure("gain", "currency", interval=True, form="line"),
        Measure("chance", "share", form="chance"), Measure("effort", "label"), Measure("evidence", "label"), Measure("section", "label"),
        Measure("part_low", "share", shown=False), Measure("part_high", "share", shown=False), Measure("source", "label", shown=False),
    )
    reach: pd.DataFrame = table(
        Measure("action", "label"), Measure("gain", "currency"), Measure("with_room", "currency"), Measure("is_limited", "flag"),
    )
    bridge: pd.DataFrame = table(Measure("step", "label"), Measure("amount", "currency"))
    plan: pd.DataFrame = table(
        Measure("action", "label"), Measure("owner", "label"), Measure("kpi", "label"), Measure("now", "share"),
        Measure("now_number", "number"),
        Measure("start", "weeks"), Measure("weeks", "weeks"), Measure("check", "weeks"), Measure("hours", "hours"),
        Measure("cost", "currency"), Measure("is_test", "flag"),
    )
    jobs: pd.DataFrame = table(
        Measure("action", "label"), Measure("task", "label"), Measure("role", "label"), Measure("every", "label"),
        Measure("start", "weeks"), Measure("hours", "hours"), Measure("rate", "currency"), Measure("cost", "currency"),
    )
    work_months: pd.DataFrame = table(Measure("month", "count"), Measure("hours", "hours"), Measure("cost", "currency"))
    log: pd.DataFrame = table(
        Measure("action", "label"), Measure("owner", "label"), Measure("kpi", "label"), Measure("better", "label"),
        Measure("unit", "label"), Measure("value", "number", interval=True), Measure("money", "currency", interval=True), Measure("gain", "currency", interval=True),
        Measure("start", "date"), Measure("check", "date"), Measure("is_test", "flag"),
    )
    unjudged: pd.DataFrame = table(Measure("action", "label"), Measure("reason", "label"), Measure("section", "label"))
    kpis: pd.DataFrame = table(Measure("kpi", "label"), Measure("unit", "label"), Measure("value", "number", interval=True), Measure("money", "currency", interval=True))


@dataclass(frozen=True)
class Known:
    """The earlier results, by name, as far as they could be answered."""

    results: Mapping[str, Result | None]

    def __call__(self, reference: str) -> Any:
        """The field “analysis.field”, None where there is none."""
        name, field = reference.split(".")
        result = self.results[name]
        return getattr(result, field) if result is not None else None

    @property
    def surgical_load(self) -> Estimate | None:
        """Load of the fuller of ward and operating rooms."""
        loads = [load for load in (self("capacity.ward_load"), self("capacity.operating_load")) if load is not None]
        return max(loads, key=lambda load: load.value, default=None)


def analyse(
    capacity: CapacityResult | None, surgery: SurgeryResult | None, attendance: AttendanceResult | None,
    waiting: WaitingResult | None, rota: RotaResult | None, profile: ProfileResult | None, segments: SegmentsResult | None,
    clv: ClvResult | None, retention: RetentionResult | None, recall: RecallResult | None, doctors: DoctorsResult | None,
    allocation: AllocationResult | None, price_choice: PriceChoiceResult | None, channels: ChannelsResult | None,
    advertising: AdvertisingResult | None, funnel: FunnelResult | None, leads: LeadsResult | None,
    administrators: AdministratorsResult | None, telephone: TelephoneResult | None, listening: ListeningResult | None,
    finance: FinanceResult, revenue: RevenueResult | None, services: ServicesResult | None, promotions: PromotionsResult | None,
    growth: GrowthResult, *, period: Period, params: PlanParams,
) -> PlanResult:
    """What the sections together say should be done first."""
    known = Known({name: value for name, value in locals().items() if isinstance(value, Result) or value is None})
    setting = _setting(known, finance, growth, period, params)
    rates = {role: params.rates.get(role, params.assumed_rates.get(role, np.nan) * (finance.receipt.value if finance.receipt else np.nan))
             for role in get_args(Role)}
    is_counted = finance.contribution_share is not None
    changes, grades, reasons = judged(
        [action for key, action in catalogue().items() if key not in params.left_out], setting, known, rates,
        thresholds=params.thresholds, seed=params.seed, best="A" if is_counted else "C",
    )
    made = plan(changes, grades, setting.free, level=params.level, seed=params.seed)
    rows = made.schedule({key: action.weeks for key, action in catalogue().items()}, tests=params.tests)
    tasks = [task for row in rows for task in tasks_of(catalogue()[row[0]], *row[1:])]
    work = workload.jobs(tasks, rates)
    ranked = made.ranked()
    result = PlanResult(
        grade="B" if is_counted else "C", **_facts(made, known, setting, params), **_counted(made, reasons),
        work_hours=exact(work["hours"].sum(), "hours", len(work)),
        work_cost=exact(work["cost"].sum(), "currency", len(work)) if np.isfinite(work["cost"].sum()) and finance.receipt else None,
        tests_begun=sum(row[-1] for row in rows),
        actions=_frame("actions", [_action_row(catalogue()[key], one, grades[key]) for key, one in ranked]),
        reach=_frame("reach", [(key, one.gain[0], one.wished, one.is_limited) for key, one in ranked]),
        bridge=made.bridge(finance.profit_month.value) if finance.profit_month else _frame("bridge", []),
        plan=_frame("plan", [_plan_row(row, known, work) for row in rows]), jobs=work, work_months=workload.months(tasks, rates),
        kpis=_frame("kpis", [(kpi, *_stands(known(kpi))) for kpi in dict.fromkeys(action.kpi for action in catalogue().values())]),
        log=_frame("log", [_log_row(row, made, known, period) for row in rows]), unjudged=_frame("unjudged", reasons),
    )
    return replace(
        result, headline="joint_gain" if result.joint_gain else None, says=_says(result, params), findings=tuple(_findings(result))
    )


def _frame(name: str, rows: list[Any]) -> pd.DataFrame:
    """Rows as the declared table ``name``."""
    return pd.DataFrame(rows, columns=[column for measure in PlanResult.measures(name) for column in measure.names])


# ---------------------------------------------------------------- what actions share
def _setting(known: Known, finance: FinanceResult, growth: GrowthResult, period: Period, params: PlanParams) -> Setting:
    now = growth.drivers.set_index("driver")["now"].to_dict()
    rng = np.random.default_rng([params.seed, 0])
    value, answered = known("clv.value_365"), known("funnel.answered_share")
    assumed = uniform(rng, DRAWS, *params.contribution)
    margin = assumed if finance.contribution_share is None else np.full(DRAWS, finance.contribution_share.value)
    # how far a new patient's money may lie from the present's mean, by what the value section is unsure of
    around = (value.low / value.value, value.high / value.value) if value is not None and value.value > 0 else (0.9, 1.1)
    brings = spread(rng, DRAWS, value=1.0, low=around[0], high=around[1], level=params.level, least=0.0)
    free = [
        np.full(DRAWS, np.inf) if load is None or not load.value > 0
        else now[name] * np.maximum(params.full_load / mechanisms.draws(rng, load, least=0.0) - 1, 0.0)
        for load, name in ((known("capacity.room_load"), "visits"), (known.surgical_load, "operations"))
    ]
    spoken, conversion = now.get("answered_calls", np.nan), now.get("conversion", np.nan)
    callers = spoken / (answered.value if answered is not None and answered.value > 0 else 1.0)
    return Setting(
        revenue=finance.revenue_month.value, visits=now["visits"], operations=now["operations"],
        visits_per_first=now.get("visits_per_first", 0.0),
        operations_per_first=now["operations"] * now.get("visits_per_first", 0.0) / now["visits"] if now["visits"] else 0.0,
        visit_worth=(finance.receipt.value if finance.receipt else 0.0) * margin * brings,
        operation_worth=now.get("operation_receipt", 0.0) * margin,
        free=np.column_stack(free), lost=max(float(np.nan_to_num(callers - spoken * conversion)), 0.0),
        conversion=conversion, spoken=float(np.nan_to_num(spoken)) * period.present.months, cost_scale=params.cost_scale,
        pay=-float(finance.account.set_index("row")["now"].get("pay", 0.0)),
    )


# ---------------------------------------------------------------- rows
def _action_row(action: Action, one: Any, grade: Grade) -> tuple[Any, ...]:
    expected = action.expected
    return (action.key, one.group, *one.gain, one.chance, action.effort, grade, action.section, expected.low, expected.high, expected.source)


def _plan_row(row: tuple[str, int, int, int, bool], known: Known, work: pd.DataFrame) -> tuple[Any, ...]:
    """Who does what when, what work it is, and where the weekly number stands today."""
    key, start, weeks, check, is_test = row
    action, own = catalogue()[key], work[work["action"] == key]
    unit, number, _, _, money, _, _ = _stands(known(action.kpi))
    stands = (number, np.nan) if unit == "share" else (np.nan, number if np.isfinite(number) else money)
    return key, action.owner, action.kpi, *stands, float(start), float(weeks), float(check), own["hours"].sum(), own["cost"].sum(min_count=1), is_test


def _stands(now: Any) -> tuple[Any, ...]:
    """Unit of a weekly number, then value and bounds as a plain number or, if it is money, as money."""
    none = (np.nan,) * 3
    if not isinstance(now, Estimate):
        return ("number", *none, *none)
    three = (now.value, now.low, now.high)
    return (now.unit, *none, *three) if now.unit == "currency" else (now.unit, *three, *none)


def _log_row(row: tuple[str, int, int, int, bool], made: Plan, known: Known, period: Period) -> tuple[Any, ...]:
    """The hypothesis to be tested: the number today, the gain expected, the days it begins and is looked at."""
    key, start, _, check, is_test = row
    action = catalogue()[key]
    monday = period.end + timedelta(days=-period.end.weekday() % 7)
    days = (monday + timedelta(weeks=start), monday + timedelta(weeks=check))
    return key, action.owner, action.kpi, action.better, *_stands(known(action.kpi)), *made.judged[key].gain, *days, is_test


# ---------------------------------------------------------------- what is told
def _facts(made: Plan, known: Known, setting: Setting, params: PlanParams) -> dict[str, Any]:
    """The scalars of the result; n of what is simulated is the number of simulated months."""
    profit, rooms, beds = known("finance.profit_month"), known("capacity.room_load"), known.surgical_load

    def money(three: tuple[float, float, float] | None, plus: float = 0.0) -> Estimate | None:
        if three is None:
            return None
        value, low, high = (part + plus for part in three)
        return Estimate(value, low, high, "currency", DRAWS, params.level, "B", "identified")

    full = {name: load.value for name, load in (("rooms", rooms), ("beds", beds)) if load is not None and load.value >= params.crowded}
    spare = float(setting.free[:, 0].mean())
    return {
        "profit_now": profit, "profit_after": money(made.joint, profit.value) if profit else None, "joint_gain": money(made.joint),
        "with_room": money(made.with_room), "plain_sum": exact(made.plain, "currency", DRAWS) if made.joint else None,
        "taken_off": exact(made.plain - made.joint[0], "currency", DRAWS) if made.joint else None,
        "room_load": rooms, "ward_load": beds, "free_visits": exact(spare, "count", DRAWS) if np.isfinite(spare) else None,
        "top_kept": exact(made.top_kept, "share", 200) if len(made.judged) > 3 else None,
        "binding": max(full, key=lambda name: (full[name], name), default=None),
        "first_action": made.chosen[0] if made.chosen else None,
    }


def _counted(made: Plan, reasons: list[tuple[str, str, str]]) -> dict[str, Any]:
    needless = sum(reason == NOT_NEEDED for _key, reason, _section in reasons)
    return {name: len(made.of(name)) for name in ("do_now", "test_first", "leave")} | {
        "limited": sum(one.is_limited for one in made.judged.values()), "not_needed": needless, "not_judged": len(reasons) - needless,
    }


def _says(result: PlanResult, params: PlanParams) -> dict[str, Sentence]:
    lede = "none" if result.joint_gain is None else "gain" if result.profit_after is None else "plan"
    rates = "unknown" if result.work_cost is None else "given" if set(result.jobs["role"]) <= set(params.rates) else "assumed"
    return {
        "title": Sentence("first" if result.first_action else "tests" if result.tests_begun else "nothing"), "lede": Sentence(lede),
        "tables.actions.subtitle": Sentence("limited" if result.limited else "free"), "tables.plan.subtitle": Sentence(rates),
    }


def _findings(result: PlanResult) -> Iterator[Finding]:
    if result.joint_gain is not None:
        yield Finding("start", "opportunity", impact=result.joint_gain)
    if result.limited and result.free_visits is not None and result.binding is not None:
        yield Finding("full_rooms", "risk")
    if result.binding == "beds":
        yield Finding("full_beds", "risk")
    if result.test_first:
        yield Finding("tests", "opportunity")
    if result.top_kept is not None:
        yield Finding("order", "caveat")
    if result.room_load is None:
        yield Finding("no_capacity", "not_answered")
    if result.not_judged:
        yield Finding("unjudged", "not_answered")


# ---------------------------------------------------------------- figures
def bridge(result: PlanResult, labels: Labels) -> Figure | None:
    """From profit today to profit after the actions to do now."""
    if result.bridge.empty or result.profit_after is None:
        return None
    steps = result.bridge.iloc[1:-1]
    return waterfall(
        [labels.value("step", step) for step in steps["step"]], steps["amount"],
        start=(labels["today"], float(result.bridge["amount"].iloc[0])), end=labels["after"],
        whisker=Whisker(result.profit_after.low, result.profit_after.high), number=partial(labels.number, unit="currency"),
        signed=_signed(labels),
    )


def tornado(result: PlanResult, labels: Labels) -> Figure | None:
    """How far a month's profit lies from what is expected when an action ends at the bounds of its gain."""
    frame = result.actions[result.actions["group"] != "leave"].head(MOST_BARS)
    if len(frame) < 2:
        return None
    return drawn_tornado(
        [labels.value("action", action) for action in frame["action"]], frame["gain_low"] - frame["gain"],
        frame["gain_high"] - frame["gain"], signed=_signed(labels), height=42,
    )


def gantt(result: PlanResult, labels: Labels) -> Figure | None:
    """Weeks of work and the week in which the number is looked at."""
    jobs = [Job(labels.value("action", row.action), row.start, row.weeks, row.check, row.is_test) for row in result.plan.itertuples()]
    return drawn_gantt(jobs, week=labels["week"], check=labels["check"], width=theme.HALF, height=42) if jobs else None


def _signed(labels: Labels) -> Callable[[float], str]:
    return lambda value: f"{'+' if value > 0 else ''}{labels.number(value, 'currency')}"
