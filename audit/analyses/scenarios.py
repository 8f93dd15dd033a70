"""Scenarios: where revenue can be in a year, what decides it, and what a goal asks of each step.

Question   How far do the clinic's own best months and people reach, what must hold for the goal, what is full first?
Method     The driver model of growth, 1,000 joint draws of twelve months in blocks of the clinic's own months; hours of the
           week serve at most their open time, the ward its operations; levers one at a time and all together, in one
           simulation; the goal solved for new patients under several mixes and put back.
Reads      The result of growth, whose back-test is the gate, and of finance; capacity, surgery, doctors, administrators, price
           choice and advertising if there are any; first visits, visits and opportunities.
Cannot say What lies beyond the clinic's own months: more enquiries than it ever had are needed, not promised; what
           a month of waiting costs in goodwill; whether a lever can be moved without another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from ibis.expr.types import Table
from matplotlib.figure import Figure
from pydantic import Field

from audit.analyses.administrators import AdministratorsResult
from audit.analyses.advertising import AdvertisingResult
from audit.analyses.capacity import CapacityResult
from audit.analyses.doctors import DoctorsResult
from audit.analyses.finance import FinanceResult
from audit.analyses.growth import GrowthResult
from audit.analyses.price_choice import PriceChoiceResult
from audit.analyses.surgery import SurgeryResult
from audit.config import Params, Period
from audit.errors import NotAnswerable
from audit.models import scenario
from audit.models.driver_model import drivers, stream
from audit.models.reach import Reach, product, reachable
from audit.models.scenario import Clinic, Hours, Levers
from audit.plots import theme
from audit.plots.bars import bars
from audit.plots.tornado import tornado as drawn_tornado
from audit.results import Estimate, Finding, Measure, Result, Sentence, exact, table
from audit.tables.driver_months import driver_history
from audit.wording import Labels

FIGURES = ("tornado", "outcomes")
MIXES = {"demand": (), "desk": ("answered", "booked", "came"), "patients": ("repeats", "receipt"),
         "all": ("answered", "booked", "came", "repeats", "receipt")}
"""What each mix moves to its reach; new demand does the rest."""
BEST_ADMINISTRATORS = 0.9
OUTCOMES = {"as_today": (), "demand": ("enquiries", "first_patients"), "desk": MIXES["desk"], "patients": MIXES["patients"]}
LEAST_SWING = 0.002
"""Part of today's revenue below which a lever's bar could not be seen."""


class ScenariosParams(Params):
    """Settings of the scenarios."""

    goal_ratio: float = Field(2.5, gt=0, description="goal for monthly revenue in a year, as a multiple of today's")
    budget: float = Field(0.0, ge=0, description="money a month for more demand; 0 means that none was set")
    full_load: float = Field(1.0, gt=0.5, le=1, description="share of open room hours that can be filled")
    moves: float = Field(0.5, ge=0, le=1, description="share of those who find no time that take a free hour instead")
    doctors_gap: float = Field(2.0, ge=1, description="reach of the doctors over what closing half of their gap brings; 2 is the whole gap")
    served_share: float = Field(0.9, gt=0, le=1, description="share of patients asking that must find a time for a mix to count")
    own_months: int = Field(24, ge=6, description="latest months whose quarters say how far a lever reaches")
    highest_share: float = Field(0.95, gt=0, le=1, description="share answered, booked or come that nobody exceeds")


@dataclass(frozen=True, kw_only=True)
class ScenariosResult(Result):
    """Money per month, twelve months ahead. ``all_levers`` moves every lever to its reach at once, ``joint_gain`` is what that adds
    to ``as_today`` and ``plain_sum`` what the levers add one by one. ``most_ratio`` is the largest multiple of today's revenue within
    the reach, ``most_capacity`` that of any demand within rooms and beds. ``mix_…`` describe the mix that asks for the least
    growth of demand; ``first_cap`` is what is full first, at ``first_cap_at`` times today's demand. ``price_cost`` and
    ``advert_cost`` are for one more first patient.
    """

    revenue_now: Estimate
    as_today: Estimate
    all_levers: Estimate
    joint_gain: Estimate
    plain_sum: Estimate
    most_ratio: Estimate
    most_capacity: Estimate | None
    goal: Estimate
    goal_ratio: Estimate
    mix: str | None
    mix_times: Estimate | None
    mix_first: Estimate | None
    first_cap: str | None
    first_cap_at: Estimate | None
    next_cap: str | None
    next_cap_at: Estimate | None
    price_cost: Estimate | None
    advert_cost: Estimate | None
    model_error: Estimate
    levers: pd.DataFrame = table(
        Measure("lever", "label"), Measure("today", "number"), Measure("low", "number"), Measure("reach", "number"),
        Measure("times", "ratio"), Measure("gain", "currency"), Measure("loss", "currency"), Measure("basis", "label"),
    )
    outcomes: pd.DataFrame = table(
        Measure("outcome", "label"), Measure("revenue", "currency", interval=True), Measure("ratio", "ratio"),
        Measure("first_patients", "count"), Measure("visits", "count"), Measure("operations", "count"), Measure("is_limited", "flag"),
    )
    mixes: pd.DataFrame = table(
        Measure("mix", "label"), Measure("most", "ratio"), Measure("times", "ratio"), Measure("first_patients", "count"), Measure("enquiries", "count"),
        Measure("visits", "count", shown=False), Measure("operations", "count", shown=False), Measure("cost", "currency"), Measure("contribution", "currency"),
        Measure("reading", "label"),
    )
    stages: pd.DataFrame = table(Measure("cap", "label"), Measure("demand", "ratio"), Measure("revenue", "currency"), Measure("ratio", "ratio"))
    ways: pd.DataFrame = table(Measure("way", "label"), Measure("asking", "count"), Measure("served", "count"), Measure("cost", "currency"), Measure("revenue", "currency"))


@dataclass(frozen=True)
class _Case:
    """The clinic of today, its levers, and one set of draws for all scenarios, so that they differ by the levers only."""

    clinic: Clinic
    levers: dict[str, Reach]
    drawn: tuple[np.ndarray, np.ndarray]
    level: float

    def at(self, moved: tuple[str, ...], end: str = "times") -> Levers:
        return product({name: getattr(self.levers[name], end) for name in moved if name in self.levers})

    def last(self, levers: Levers) -> np.ndarray:
        """Revenue of the last month, by draw."""
        return scenario.ahead(self.clinic, levers, self.drawn).revenue[:, -1]


def analyse(
    first_visits: Table, patient_days: Table, opportunities: Table | None, capacity: CapacityResult | None, surgery: SurgeryResult | None,
    doctors: DoctorsResult | None, price_choice: PriceChoiceResult | None, advertising: AdvertisingResult | None,
    administrators: AdministratorsResult | None, finance: FinanceResult, growth: GrowthResult, *, period: Period, params: ScenariosParams,
) -> ScenariosResult:
    """Levers, outcomes, the goal by several mixes, and what is full first; nothing where the driver model fails its back-test."""
    if growth.backtest_error is None:
        raise NotAnswerable("no_backtest", "not_enough_data", {"months": growth.whole_months})
    if not growth.model_holds:
        raise NotAnswerable("model_fails", "not_identified", {"error": growth.backtest_error, "gate": growth.gate})
    case = _case(first_visits, patient_days, opportunities, capacity, surgery, growth, period, params)
    case = replace(case, levers=_further(case.levers, doctors, administrators, finance, params))
    now = finance.revenue_month.value
    outcomes = pd.DataFrame([_outcome(case, name, moved, now) for name, moved in (OUTCOMES | {"all": tuple(case.levers)}).items()])
    found = outcomes.set_index("outcome")
    levers, (plain, joint) = _levers(case), _gains(case)
    stages, mixes = _stages(case, now), _mixes(case, finance, advertising, params)
    feasible = mixes[mixes["reading"].isin(["shown_before", "beyond_tested"])].sort_values("times", kind="stable")

    def money(row: str) -> Estimate:
        value, low, high = (found.loc[row, part] for part in ("revenue", "revenue_low", "revenue_high"))
        return Estimate(value, low, high, "currency", scenario.DRAWS, params.level, "B")

    facts: dict[str, Any] = {"as_today": money("as_today"), "all_levers": money("all")}
    most = scenario.ahead(case.clinic, replace(case.at(tuple(case.levers)), new=scenario.MOST)).revenue[0, -1] / now
    bounded = np.isfinite(case.clinic.hours.all_full)
    facts |= {
        "revenue_now": finance.revenue_month, "joint_gain": joint, "plain_sum": plain, "goal_ratio": exact(params.goal_ratio, "ratio", 1),
        "goal": exact(params.goal_ratio * now, "currency", 1), "most_ratio": facts["all_levers"].scaled(1 / now, "ratio"),
        "most_capacity": exact(most, "ratio", 1) if bounded else None, "model_error": growth.backtest_error,
        "mix": feasible["mix"].iloc[0] if len(feasible) else None,
        "mix_times": exact(feasible["times"].iloc[0], "ratio", 1) if len(feasible) else None,
        "mix_first": exact(feasible["first_patients"].iloc[0], "count", 1) if len(feasible) else None,
    } | _caps(stages) | _costs(advertising, params.level)
    result = ScenariosResult(
        grade="B", headline="all_levers", levers=levers, outcomes=outcomes, mixes=mixes, stages=stages,
        ways=_ways(case, price_choice, facts["advert_cost"], facts["price_cost"]), **facts,
    )
    return replace(result, says=_says(result), findings=tuple(_findings(result, finance, opportunities is not None)))


# ---------------------------------------------------------------- the clinic of today
def _case(
    first_visits: Table, patient_days: Table, opportunities: Table | None, capacity: CapacityResult | None, surgery: SurgeryResult | None,
    growth: GrowthResult, period: Period, params: ScenariosParams,
) -> _Case:
    known = driver_history(first_visits, patient_days, opportunities, start=period.start, end=period.end)
    assert known is not None and growth.backtest_error is not None and growth.backtest_month is not None
    sums, events = known.sums, (known.visits, known.operations)
    made = drivers(sums)
    present = min(max(round(period.present.months), 1), len(sums))
    visits, operations = (stream(part, made.new) for part in events)
    repeats, operated = (scenario.against_stream(part, made.new, fitted) for part, fitted in zip(events, (visits, operations), strict=True))
    receipts = made.first_receipt, made.repeat_receipt, made.operation_receipt
    first, repeat, operation = (float(part[-present:].mean()) for part in receipts)
    clinic = Clinic(
        past=made.new, new=float(made.new[-present:].mean()), visits_now=float(sums["visits"].tail(present).mean()), visits=visits,
        operations=operations, first_receipt=first, repeat_receipt=repeat, operation_receipt=operation,
        repeats=float(np.nan_to_num(repeats[-present:].mean())), operated=float(np.nan_to_num(operated[-present:].mean())),
        deviations=scenario.deviations(np.column_stack([made.new, repeats, *receipts[:2], operated])[-params.own_months :]),
        model_error=max(abs(growth.backtest_error.value), growth.backtest_month.value / np.sqrt(scenario.HORIZON)),
        hours=_hours(capacity, params), most_operations=_beds(surgery, sums, present),
    )
    return _Case(clinic, _reach(sums, repeats, present, params), scenario.shocks(clinic, seed=params.seed), params.level)


def _hours(capacity: CapacityResult | None, params: ScenariosParams) -> Hours:
    """Hours of the week as the rooms have them; without rooms nothing is ever full."""
    if capacity is None or capacity.heat is None or not capacity.heat["used_hours"].sum() > 0:
        return Hours()
    heat = capacity.heat[capacity.heat["open_hours"] > 0]
    return Hours(heat["used_hours"].to_numpy(float), heat["open_hours"].to_numpy(float), params.full_load, params.moves)


def _beds(surgery: SurgeryResult | None, sums: pd.DataFrame, present: int) -> float:
    if surgery is None or surgery.operations_most is None:
        return float("inf")
    return max(surgery.operations_most.value, float(sums["operations"].tail(present).mean()))


def _reach(sums: pd.DataFrame, repeats: np.ndarray, present: int, params: ScenariosParams) -> dict[str, Reach]:
    """How far each lever reaches by its own better months."""
    own = partial(reachable, present=present, months=params.own_months)
    receipt = (sums["ambulatory"] / sums["visits"].where(sums["visits"] > 0)).to_numpy()
    heads = {"repeats": own(repeats), "receipt": own(receipt)}
    called = sums[["enquiries", "answered_calls", "booked_calls", "first_by_call"]].tail(params.own_months)
    if not (called > 0).all(axis=None):
        return {"first_patients": own(sums["first_patients"]), **heads}
    shares = {"answered": ("answered_calls", "enquiries"), "booked": ("booked_calls", "answered_calls"), "came": ("first_by_call", "booked_calls")}
    return {
        "enquiries": own(sums["enquiries"]),
        **{name: own(called[part] / called[whole], most=params.highest_share) for name, (part, whole) in shares.items()}, **heads,
    }


def _further(
    levers: dict[str, Reach], doctors: DoctorsResult | None, administrators: AdministratorsResult | None, finance: FinanceResult,
    params: ScenariosParams,
) -> dict[str, Reach]:
    """Levers that the better administrators or doctors carry further than the clinic's own months did."""
    found = dict(levers)
    frame = administrators.administrators if administrators is not None and administrators.outcome == "visit" else None
    if frame is not None and len(frame) and "booked" in found:
        usual = np.average(frame["shrunken"], weights=frame["opportunities"])
        best = float(frame["shrunken"].quantile(BEST_ADMINISTRATORS) / usual)
        found["booked"] = found["booked"].at_least(best, most=params.highest_share, basis="administrators")
    if doctors is not None and doctors.raised is not None and finance.ambulatory_month.value > 0:
        # better doctors are those patients come back to: it is visits that grow, and they need room
        more = params.doctors_gap * doctors.raised.value / finance.ambulatory_month.value
        found["repeats"] = found["repeats"].at_least(1 + more, most=np.inf, basis="doctors")
    return found


# ---------------------------------------------------------------- what comes of it
def _outcome(case: _Case, name: str, moved: tuple[str, ...], now: float) -> dict[str, Any]:
    levers = case.at(moved)
    path, asked = scenario.ahead(case.clinic, levers, case.drawn), scenario.ahead(replace(case.clinic, hours=Hours(), most_operations=np.inf), levers)
    expected = scenario.ahead(case.clinic, levers)
    last = path.revenue[:, -1]
    value, low, high = np.quantile(last, [0.5, (1 - case.level) / 2, (1 + case.level) / 2])
    return {
        "outcome": name, "revenue": value, "revenue_low": low, "revenue_high": high, "ratio": value / now,
        "first_patients": expected.first[0, -1], "visits": expected.visits[0, -1], "operations": expected.operations[0, -1],
        "is_limited": bool(expected.revenue[0, -1] < asked.revenue[0, -1] * 0.995),
    }


def _levers(case: _Case) -> pd.DataFrame:
    start = np.median(case.last(Levers()))
    rows = [
        (name, lever.today, lever.low, lever.reach, lever.times, np.median(case.last(case.at((name,)))) - start,
         np.median(case.last(case.at((name,), "times_low"))) - start, lever.basis)
        for name, lever in case.levers.items()
    ]
    return _frame("levers", rows)


def _gains(case: _Case) -> tuple[Estimate, Estimate]:
    """What the levers add one by one, summed, and all at once, draw by draw."""
    start, every = case.last(Levers()), tuple(case.levers)
    single = sum((case.last(case.at((name,))) - start for name in every), np.zeros_like(start))
    joint = case.last(case.at(every)) - start
    tail = (1 - case.level) / 2
    bounds = [(np.median(drawn), *np.quantile(drawn, [tail, 1 - tail])) for drawn in (single, joint)]
    one, other = (Estimate(value, low, high, "currency", scenario.DRAWS, case.level, "B") for value, low, high in bounds)
    return one, other


def _mixes(case: _Case, finance: FinanceResult, advertising: AdvertisingResult | None, params: ScenariosParams) -> pd.DataFrame:
    """What the goal asks of demand when the other levers of a mix are at their reach; every solution is put back."""
    goal, rows = params.goal_ratio * finance.revenue_month.value, []
    usual = case.levers.get("enquiries")
    demand = case.levers.get("enquiries", case.levers.get("first_patients"))
    assert demand is not None
    margin, cost_next = finance.contribution_share, _costs(advertising, params.level)["advert_cost"]
    for mix, moved in MIXES.items():
        fixed = case.at(moved)
        most = scenario.ahead(case.clinic, replace(fixed, new=scenario.MOST)).revenue[0, -1] / finance.revenue_month.value
        new = scenario.needed(case.clinic, fixed, goal)
        if new is None:
            rows.append((mix, most, *[np.nan] * 7, "not_reachable"))
            continue
        path, before = scenario.ahead(case.clinic, replace(fixed, new=new)), scenario.ahead(case.clinic, Levers())
        assert abs(path.revenue[0, -1] / goal - 1) < 0.01 or path.revenue[0, -1] > goal
        # what the desk does with each enquiry is in the mix; the rest must come as more enquiries
        times = new / fixed.new
        first = path.first[0, -1]
        cost = max(times - 1, 0.0) * case.clinic.new * fixed.new * cost_next.value if cost_next is not None else np.nan
        gain = (path.revenue[0, -1] - before.revenue[0, -1]) * margin.value - cost if margin is not None else np.nan
        within = times <= demand.times + 1e-9
        crowded = first < params.served_share * case.clinic.new * new
        reading = "crowded" if crowded else "too_dear" if params.budget and cost > params.budget else "shown_before" if within else "beyond_tested"
        rows.append((mix, most, times, first, usual.today * times if usual else np.nan, path.visits[0, -1], path.operations[0, -1], cost, gain, reading))
    return _frame("mixes", rows)


def _stages(case: _Case, now: float) -> pd.DataFrame:
    """What is full at which multiple of today's demand, in that order, and the revenue up to there."""
    hours, clinic = case.clinic.hours, case.clinic
    done = scenario.ahead(replace(clinic, most_operations=np.inf), Levers()).operations[0, -1]
    caps = {"first_hour": hours.first_full, "rooms": hours.all_full, "beds": clinic.most_operations / done if done > 0 else np.inf}
    order = sorted((times, cap) for cap, times in caps.items() if np.isfinite(times))
    revenue = [scenario.ahead(clinic, Levers(new=max(times, 1.0))).revenue[0, -1] for times, _cap in order]
    return _frame("stages", [(cap, max(times, 1.0), money, money / now) for (times, cap), money in zip(order, revenue, strict=True)])


def _caps(stages: pd.DataFrame) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for place, name in enumerate(("first_cap", "next_cap")):
        row = stages.iloc[place] if len(stages) > place else None
        facts |= {name: None if row is None else row["cap"], f"{name}_at": None if row is None else exact(row["demand"], "ratio", 1)}
    return facts


# ---------------------------------------------------------------- price against advertising
def _costs(advertising: AdvertisingResult | None, level: float) -> dict[str, Estimate | None]:
    """What the next first patient costs by the cheapest advertising and by a lower price; averages over all patients do not count."""
    if advertising is None:
        return {"advert_cost": None, "price_cost": None}
    ways = advertising.ways[(advertising.ways["way"] != "price") & advertising.ways["next_cost"].notna()]
    ways = ways[np.isfinite(ways["equal_cost_high"])].sort_values("equal_cost", kind="stable")
    if ways.empty:
        return {"advert_cost": None, "price_cost": advertising.by_price}
    best = ways.iloc[0]
    low, high = min(best.equal_cost_low, best.equal_cost), max(best.equal_cost_high, best.equal_cost)
    return {"advert_cost": Estimate(best.equal_cost, low, high, "currency", best.n, level, "B"), "price_cost": advertising.by_price}


def _ways(case: _Case, price: PriceChoiceResult | None, advert: Estimate | None, by_price: Estimate | None) -> pd.DataFrame:
    """The patients the tested lower price brings, bought by price, by advertising and by both at once, in one simulation."""
    change = price.demand_change if price is not None else None
    if price is None or change is None or price.price_tested is None or advert is None or by_price is None or not change.value > 0:
        return _frame("ways", [])
    more, start = case.clinic.new * change.value, scenario.ahead(case.clinic, Levers())
    rows = []
    for way, times, each in (("price", 1, by_price.value), ("advertising", 1, advert.value), ("both", 2, (by_price.value + advert.value) / 2)):
        path = scenario.ahead(case.clinic, Levers(new=1 + times * change.value))
        rows.append((way, times * more, path.first[0, -1] - start.first[0, -1], times * more * each, path.revenue[0, -1] - start.revenue[0, -1]))
    return _frame("ways", rows)


def _frame(name: str, rows: list[Any]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=[column for measure in ScenariosResult.measures(name) for column in measure.names])


# ---------------------------------------------------------------- what is told
def _says(result: ScenariosResult) -> dict[str, Sentence]:
    shown = (result.mixes["reading"] == "shown_before").any()
    state = "reached" if shown else "beyond" if result.mix is not None else "full"
    return {
        "title": Sentence(state), "lede": Sentence(state), "tables.mixes.title": Sentence(state),
        "figures.tornado.title": Sentence("some" if (result.levers["gain"] > 0).any() else "none"),
    }


def _findings(result: ScenariosResult, finance: FinanceResult, has_calls: bool) -> Iterator[Finding]:
    if result.joint_gain.low > 0:
        yield Finding("reach", "opportunity", impact=result.joint_gain)
    yield Finding("goal_mix" if result.mix is not None else "goal_full", "opportunity" if result.mix is not None else "risk")
    if result.first_cap is not None:
        yield Finding("caps", "risk" if result.first_cap_at is not None and result.first_cap_at.value < 1.1 else "caveat")
    price, advert = result.price_cost, result.advert_cost
    if price is not None and advert is not None:
        yield Finding("price_cheaper" if price.high < advert.low else "advert_cheaper" if advert.high < price.low else "ways_alike", "caveat")
    if result.first_cap is None:
        yield Finding("no_caps", "not_answered")
    if not has_calls:
        yield Finding("no_calls", "not_answered")
    if finance.contribution_share is None:
        yield Finding("no_expenses", "not_answered")


# ---------------------------------------------------------------- figures
def tornado(result: ScenariosResult, labels: Labels) -> Figure | None:
    """What each lever does to monthly revenue in a year, from its weak quarter to its reach."""
    swing = np.maximum(result.levers["gain"], 0) - np.minimum(result.levers["loss"], 0)
    frame = result.levers[swing > LEAST_SWING * result.revenue_now.value]
    if len(frame) < 2:
        return None
    return drawn_tornado(
        [labels.value("lever", name) for name in frame["lever"]], np.minimum(frame["loss"], 0.0), np.maximum(frame["gain"], 0.0),
        signed=lambda value: f"{'+' if value > 0 else ''}{labels.number(value, 'currency')}", height=46,
    )


def outcomes(result: ScenariosResult, labels: Labels) -> Figure | None:
    """Monthly revenue in a year by what is moved, with its interval."""
    frame = result.outcomes
    return bars(
        frame["revenue"], names=[labels.value("outcome", name) for name in frame["outcome"]],
        texts=[labels.number(value, "currency") for value in frame["revenue"]], low=frame["revenue_low"], high=frame["revenue_high"],
        ceiling=result.revenue_now.value, ceiling_text=labels["today"], tick=partial(labels.number, unit="currency"), width=theme.HALF, height=46,
    )
