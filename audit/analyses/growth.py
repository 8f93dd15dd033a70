"""Growth and plan: what made revenue grow, and which actions would raise profit now.

Question   Where does growth come from, what would raise profit, what comes first?
Method     LMDI (Ang 2004) of outpatient revenue into answered calls, conversion, share of calls, visits per
           new patient and money per visit, exact; 4,000 joint draws of each action's monthly contribution
           from the intervals of the earlier sections, capped by free rooms and beds, nobody won twice;
           actions chosen greedily by what they add (audit/models/actions.py).
Reads      results of finance and, if there are any, of capacity, profile, clv, price, funnel and
           administrators; counts of first visits, visits and opportunities.
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
from audit.analyses.finance import FinanceResult
from audit.analyses.funnel import FunnelResult
from audit.analyses.price import PriceResult
from audit.analyses.profile import ProfileResult
from audit.config import Days, Params, Period
from audit.models import actions as model
from audit.models.drivers import Change, spread, uniform
from audit.models.factors import lmdi
from audit.plots import theme
from audit.plots import gantt as gantt_form
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
    profile: ProfileResult | None, clv: ClvResult | None, price: PriceResult | None, funnel: FunnelResult | None,
    administrators: AdministratorsResult | None, finance: FinanceResult, *, period: Period, params: GrowthParams,
) -> GrowthResult:
    """Where growth came from, and what the sections together say should be done first."""
    now = _counts(first_visits, patient_days, opportunities, period.present, period, params)
    before = _counts(first_visits, patient_days, opportunities, period.past, period, params) if period.past else None
    setting = _setting(now, finance, capacity, clv, params)
    known = Known(setting, params.level, params, now, finance, capacity, profile, clv, price, funnel, administrators)
    changes, reasons = _judged(known, params)
    grades = {action.key: action.grade for action in CATALOGUE} | ({"recall": "C"} if clv is None or clv.gate != "ok" else {})
    if finance.contribution_share is None:
        grades = dict.fromkeys(grades, "C")
    plan = model.plan(changes, grades, setting.free, level=params.level)
    n = int(now["visits_counted"])
    result = GrowthResult(
        grade="B" if finance.contribution_share is not None else "C", **_facts(plan, finance, capacity, setting, n, params),
        **_numbers(plan, reasons), actions=_actions(plan, grades),
        reach=pd.DataFrame(
            [(key, one.gain[0], one.wished, one.is_limited) for key, one in plan.judged.items()],
            columns=["action", "gain", "with_room", "is_limited"],
        ),
        bridge=_bridge(plan, finance), **_decomposition(now, before, finance),
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
        "operations": float(sums["operations"]) / days.months, "visits_counted": float(sums["visits"]),
        "answered_calls": np.nan, "first_by_call": np.nan, "answered_counted": 0.0,
    }
    if opportunities is not None:
        answered = int(opportunities.filter(_.is_answered, _.opened_at.date() >= days.start, _.opened_at.date() < days.end).count().execute())
        came = opportunities.filter(_.is_answered, _.first_visit_day >= days.start, _.first_visit_day < days.end)
        by_call = int(new.semi_join(came.select("patient_id"), "patient_id").count().execute())
        found |= {
            "answered_calls": answered / days.months, "first_by_call": by_call / days.months, "answered_counted": float(answered)
        }
    last = patient_days.filter(_.day < days.end, _.visits > 0).group_by("patient_id").aggregate(
        last=_.day.max(), visits=_.visits.sum()
    )
    nearest, farthest = (days.end.toordinal() - round(months * 30.4375) for months in params.lapsed_months)
    lapsed = last.filter(
        _.visits >= params.lapsed_visits, _["last"] > type(days.end).fromordinal(farthest),
        _["last"] <= type(days.end).fromordinal(nearest),
    )
    return found | {"lapsed": float(lapsed.count().execute())}


def _decomposition(now: dict[str, float], before: dict[str, float] | None, finance: FinanceResult) -> dict[str, pd.DataFrame]:
    """The change of revenue by factors, and the drivers behind it; empty without days to compare with."""
    pairs = {name: (before[name] if before else np.nan, now[name]) for name in now if not name.endswith("_counted") and name != "lapsed"}
    ambulatory, surgery = (
        (was.value if was else np.nan, value.value)
        for was, value in ((finance.ambulatory_before, finance.ambulatory_month), (finance.surgery_before, finance.surgery_month))
    )
    drivers = _drivers(pairs, ambulatory, surgery, finance)
    chain = _chain(pairs, ambulatory)
    rows: list[tuple[str, float, float]] = []
    if chain:
        x0, x1 = (np.array([pair[side] for pair in chain.values()]) for side in (0, 1))
        rows = [(name, x1[i] / x0[i], part) for i, (name, part) in enumerate(zip(chain, lmdi(x0, x1), strict=True))]
    elif np.isfinite(ambulatory).all():
        rows = [("ambulatory", _over(ambulatory), ambulatory[1] - ambulatory[0])]
    if np.isfinite(surgery).all() and any(surgery):
        rows.append(("surgery", _over(surgery), surgery[1] - surgery[0]))
    return {"factors": pd.DataFrame(rows, columns=["factor", "ratio", "contribution"]), "drivers": drivers}


def _chain(pairs: dict[str, tuple[float, float]], ambulatory: tuple[float, float]) -> dict[str, tuple[float, float]]:
    """Factors of outpatient revenue, before and now: with calls if they can be followed, else from first visits on."""
    first, visits, answered, by_call = (
        np.array(pairs[name]) for name in ("first_patients", "visits", "answered_calls", "first_by_call")
    )
    if not (np.array([first, visits, ambulatory]) > 0).all():
        return {}
    rest = {"visits_per_first": visits / first, "receipt": np.array(ambulatory) / visits}
    if (np.array([answered, by_call]) > 0).all():
        start = {"answered_calls": answered, "conversion": by_call / answered, "call_share": first / by_call}
    else:
        start = {"first_patients": first}
    return {name: (float(pair[0]), float(pair[1])) for name, pair in (start | rest).items()}


def _drivers(
    pairs: dict[str, tuple[float, float]], ambulatory: tuple[float, float], surgery: tuple[float, float], finance: FinanceResult
) -> pd.DataFrame:
    """The driver tree as a list: what multiplies to outpatient revenue, then surgery, costs and profit."""
    def ratio(top: tuple[float, float], bottom: tuple[float, float]) -> tuple[float, float]:
        return (_over((bottom[0], top[0])), _over((bottom[1], top[1])))

    def pair(before: Estimate | None, value: Estimate | None) -> tuple[float, float]:
        return (before.value if before else np.nan, value.value if value else np.nan)

    first, visits, operations = pairs["first_patients"], pairs["visits"], pairs["operations"]
    rows = {
        "answered_calls": pairs["answered_calls"], "conversion": ratio(pairs["first_by_call"], pairs["answered_calls"]),
        "call_share": ratio(pairs["first_by_call"], first), "first_patients": first, "visits_per_first": ratio(visits, first),
        "visits": visits, "receipt": ratio(ambulatory, visits), "ambulatory": ambulatory, "operations": operations,
        "operation_receipt": ratio(surgery, operations), "surgery": surgery,
        "revenue": pair(finance.revenue_before, finance.revenue_month), "fixed": pair(finance.fixed_before, finance.fixed_month),
        "profit": pair(finance.profit_before, finance.profit_month),
    }
    known = [(name, *values, _over(values)) for name, values in rows.items() if np.isfinite(values[1])]
    frame = pd.DataFrame(known, columns=["driver", "before", "now", "ratio"])
    return frame.assign(ratio=frame["ratio"].where((frame["before"] > 0) & (frame["now"] > 0)))


def _over(pair: tuple[float, float]) -> float:
    return pair[1] / pair[0] if pair[0] else np.nan


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
