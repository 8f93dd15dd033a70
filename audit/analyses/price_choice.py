"""Price choice: what another price of the first visit would bring, and the test that would tell.

Question   Which price of the first visit pays, how sure is it, and what must be tried?
Method     Contribution of other prices by draws of elasticity, of the share who come once only and of later money,
           within the visits that fit, by two forms of the demand curve; break-even elasticity; design and cost of a test
           that the evidence does not speak against. Index of our prices over the competitors' (geometric mean).
Reads      the result of price; those of capacity and waiting, the price list and competitors if there are any.
Cannot say What prices outside the tested range would do; how competitors would answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from ibis.expr.types import Table
from matplotlib.figure import Figure
from numpy.typing import NDArray
from pydantic import Field

from audit.analyses.capacity import CapacityResult
from audit.analyses.price import PriceResult
from audit.analyses.waiting import WaitingResult
from audit.config import Params, Period
from audit.models import price_change, price_design
from audit.models.contribution import Change, Draws, Form, Room, contribution_change, return_factor
from audit.models.drivers import spread, uniform
from audit.models.price_index import price_index, side_by_side
from audit.models.price_periods import round_prices
from audit.plots import theme
from audit.plots.curve import Dot, curve
from audit.results import Estimate, Finding, Measure, Result, Sentence, exact, table
from audit.tables.columns import Unit
from audit.tables.competitor_prices import competitor_prices
from audit.wording import Labels

Array = NDArray[np.float64]
FIGURES = ("demand_curve", "optimum")
SURE = (0.01, 0.99)
"""A chance is said no surer than some thousand draws are."""


class PriceChoiceParams(Params):
    """Settings of the comparison of prices and of the test that is proposed."""

    planned_cut: float = Field(0.20, gt=0.02, lt=0.5, description="relative cut that is proposed for a test where there is room")
    planned_rise: float = Field(0.10, gt=0.02, lt=0.5, description="relative rise that is proposed for a test where a cut cannot pay")
    worth_testing: float = Field(0.2, gt=0, lt=1, description="chance of a gain below which a price that was not tried is not proposed")
    planned_weeks: tuple[int, ...] = Field((4, 26), min_length=2, description="lengths of a test that are designed")
    shortest_test: int = Field(8, ge=4, description="shortest test that is proposed")
    recent_weeks: int = Field(26, ge=8, description="last weeks whose demand a test is planned with")
    most_services: int = Field(3, ge=1, description="services beside the competitors', the first visit's before others")
    sure_enough: float = Field(0.9, gt=0.5, lt=1, description="chance of a gain from which a price is said to be likely to pay")
    draws: int = Field(2000, ge=200, description="draws behind the contribution of other prices")


@dataclass(frozen=True, kw_only=True)
class PriceChoiceResult(Result):
    """Everything at another price is None unless the rung of the ladder allows it.

    ``best_price`` is the one whose lower quartile of contribution is highest, today's if none is above it; ``gain`` is its
    change a month. ``change_gain`` and its chance ``change_chance`` are of ``change_price``, the best one other than today's, gain or loss.
    None of them where the elasticity is weak. ``points.change_other`` is the change where demand falls exponentially in the
    price instead of with a constant elasticity. ``test_cost`` is contribution a month at stake where the test runs, before
    anything it wins: the price forgone on those who would come anyway, or what those bring who may stay away from a rise.
    ``test_units`` could take part in it; ``plan_tells`` whether it tells the reaction found, or none, from break-even;
    ``break_even_demand`` and ``plan_detects`` are sizes: more first patients at a cut, fewer at a rise. ``price_index`` is our prices over the competitors'.
    """

    demand_kind: str
    unit_kind: str
    elasticity: Estimate | None
    price_now: Estimate
    prices_differ: bool
    price_tested: Estimate | None
    price_lowest: Estimate | None
    price_highest: Estimate | None
    demand_change: Estimate | None
    has_costs: bool
    no_number_share: Estimate | None
    later_share: Estimate | None
    value_days: int | None
    follow_days: int
    load: Estimate | None
    best_price: Estimate | None
    gain: Estimate | None
    change_price: Estimate | None
    change_gain: Estimate | None
    change_chance: Estimate | None
    break_even: Estimate | None
    break_even_demand: Estimate | None
    plan_price: Estimate | None
    plan_weeks: int | None
    plan_size: Estimate | None
    plan_detects: Estimate | None
    plan_tells: bool
    test_units: int | None
    test_cost: Estimate | None
    price_index: Estimate | None
    points: pd.DataFrame | None = table(
        Measure("price", "currency"), Measure("callers", "count"), Measure("first_visits", "count"),
        Measure("change", "currency", interval=True, form="line"), Measure("chance", "share", form="chance"),
        Measure("change_other", "currency"), Measure("n", "count", shown=False),
    )
    curve: pd.DataFrame | None = table(
        Measure("price", "currency"), Measure("callers", "count", interval=True), Measure("change", "currency", interval=True),
        Measure("is_tested", "flag"),
    )
    regimes: pd.DataFrame | None = table(*PriceResult.measures("regimes"))
    levels: pd.DataFrame | None = table(*PriceResult.measures("levels"))
    design: pd.DataFrame | None = table(
        Measure("weeks", "count"), Measure("size", "count"), Measure("detects", "share"), Measure("elasticity", "number"),
    )
    services: pd.DataFrame | None = table(
        Measure("service", "label"), Measure("own", "currency"), Measure("lowest", "currency"), Measure("middle", "currency"),
        Measure("highest", "currency"), Measure("index", "ratio"), Measure("competitors", "count"),
    )


def analyse(
    price: PriceResult, capacity: CapacityResult | None, waiting: WaitingResult | None, prices: Table | None,
    services: Table | None, competitors: Table | None, *, period: Period, params: PriceChoiceParams,
) -> PriceChoiceResult:
    """Other prices compared, the test that is worth its cost, and where the competitors stand."""
    room = _room(price, capacity, waiting)
    facts = {name: getattr(price, name) for name in (
        "demand_kind", "unit_kind", "elasticity", "price_now", "prices_differ", "price_tested", "price_lowest", "price_highest", "demand_change",
        "has_costs", "no_number_share", "later_share", "value_days", "follow_days", "regimes", "levels")}
    facts |= _other_prices(price, room, params)
    state = _state(price, facts, room, params)
    facts |= _test(price, _planned(price, state, facts, room, params), params)
    facts |= _market(competitors, prices, services, period, params)
    if state == "unknown":
        state = "nothing" if facts["plan_price"] is None else "test_rise" if _is_rise(facts) else "test"
    return PriceChoiceResult(
        grade=price.elasticity.grade if price.elasticity is not None else "C",
        load=capacity.room_load if capacity is not None else None, says=_says(facts, state, room), **facts,
        headline="gain" if facts["gain"] else "break_even_demand" if facts["break_even_demand"] else None,
        findings=_findings(price, facts, state, room, competitors),
    )


def _frame(name: str, rows: list[Any]) -> pd.DataFrame:
    """Rows as the declared table ``name``."""
    return pd.DataFrame(rows, columns=[column for measure in PriceChoiceResult.measures(name) for column in measure.names])


def _room(price: PriceResult, capacity: CapacityResult | None, waiting: WaitingResult | None) -> Room:
    """Rooms above their ceiling take nobody more; who is on record as having found no time would come as callers do."""
    times = float("inf")
    if capacity is not None and capacity.room_load is not None and capacity.room_load.value > 0:
        times = max(1.0, capacity.ceiling.value / capacity.room_load.value)
    turned_away = waiting.no_slot_callers.value if waiting is not None and waiting.no_slot_callers is not None else 0.0
    return Room(
        times=times, later_visits=price.later_visits.value if price.later_visits is not None else 0.0,
        unmet=turned_away / price.callers.value if price.callers is not None else 0.0,
    )


# ------------------------------------------------------------------ other prices
def _other_prices(price: PriceResult, room: Room, params: PriceChoiceParams) -> dict[str, Any]:
    facts: dict[str, Any] = dict.fromkeys(("points", "curve", "best_price", "gain", "change_price", "change_gain", "change_chance"))
    elasticity = price.elasticity
    if elasticity is None or price.price_lowest is None or price.price_highest is None:
        return facts
    now, low, high = price.price_now.value, price.price_lowest.value, price.price_highest.value
    volume = price.callers.value if price.callers is not None and price.demand_kind == "callers" else price.first_patients.value
    grid = np.unique(np.append(np.linspace(low - 0.2 * (high - low), high + 0.2 * (high - low), 57), [low, high]))
    points = round_prices(low, high, now)
    bounds = np.sort([volume * (grid / now) ** bound for bound in (elasticity.low, elasticity.high)], axis=0)
    at_grid, at_points = (_changes(price, prices, room, params, "constant") for prices in (grid, points))
    facts["curve"] = pd.DataFrame({
        "price": grid, "callers": volume * (grid / now) ** elasticity.value, "callers_low": bounds[0], "callers_high": bounds[1],
        "change": at_grid.value, "change_low": at_grid.low, "change_high": at_grid.high,
        "is_tested": (grid >= low - 1e-9) & (grid <= high + 1e-9),
    })
    is_weak = elasticity.verdict == "weak"
    facts["points"] = pd.DataFrame({
        "price": points, "callers": volume * (points / now) ** elasticity.value if price.demand_kind == "callers" else np.nan,
        "first_visits": _first_visits(price, points, room), "change": at_points.value, "change_low": at_points.low,
        "change_high": at_points.high, "chance": np.nan if is_weak else np.clip(at_points.p_gain, *SURE),
        "change_other": _changes(price, points, room, params, "exponential").value, "n": elasticity.n,
    })
    if price.value_later is None or is_weak:
        return facts
    best, other = at_points.best, int(np.argmax(np.where(np.isnan(at_points.p_gain), -np.inf, at_points.quartile)))
    value = float(at_points.value[other])
    facts |= {
        "best_price": exact(float(points[best]), "currency", elasticity.n),
        "change_price": exact(float(points[other]), "currency", elasticity.n),
        "change_gain": Estimate(
            value, min(value, float(at_points.low[other])), max(value, float(at_points.high[other])), "currency", elasticity.n,
            params.level, "C", elasticity.verdict),
        "change_chance": exact(float(np.clip(at_points.p_gain[other], *SURE)), "share", params.draws),
    }
    return facts | {"gain": facts["change_gain"] if at_points.quartile[best] > 0 else None}


def _reaction(price: PriceResult) -> Estimate:
    """The elasticity of first patients: that of callers who came, since those who call may book differently at another price.

    Without calls demand is first patients anyway. Whatever it is, nobody is counted as won by a dearer price: it is taken to
    be zero at most.
    """
    assert price.elasticity is not None
    return price.elasticity_visits if price.elasticity_visits is not None else price.elasticity


def _first_visits(price: PriceResult, prices: Array, room: Room) -> Array:
    """First patients a month at each price, of those who pay themselves."""
    now, returning = price.price_now.value, np.ones(prices.size)
    if price.one_off_share is not None and price.one_off_change is not None and price.price_tested is not None:
        returning = return_factor(
            prices, now, price.price_tested.value, price.one_off_share.value, np.full(prices.size, price.one_off_change.value))
    return price.first_patients.value * room.served((prices / now) ** min(_reaction(price).value, 0.0), returning)


def _changes(price: PriceResult, prices: Array, room: Room, params: PriceChoiceParams, form: Form) -> Change:
    later, first, tested = price.value_later, price.value_first, price.price_tested
    if later is None or first is None or tested is None:
        unknown = np.full(prices.size, np.nan)
        return Change(unknown, unknown, unknown, unknown, unknown)
    rng = np.random.default_rng(params.seed)

    def drawn(e: Estimate | None, most: float = np.inf) -> Array:
        return np.zeros(params.draws) if e is None else (
            spread(rng, params.draws, value=e.value, low=e.low, high=e.high, level=e.level, most=most))

    draws = Draws(elasticity=drawn(_reaction(price), 0.0), one_off_change=drawn(price.one_off_change), later=drawn(later))
    return contribution_change(
        prices=prices, reference=price.price_now.value, tested=tested.value, patients=price.first_patients.value, first=first.value,
        one_off=price.one_off_share.value if price.one_off_share else 0.0, draws=draws, level=params.level, room=room, form=form,
    )


# ------------------------------------------------------------------ what can be advised
def _state(price: PriceResult, facts: dict[str, Any], room: Room, params: PriceChoiceParams) -> str:
    """What the evidence allows to be said of other prices, before any test is proposed."""
    elasticity, best, now = price.elasticity, facts["best_price"], price.price_now.value
    if elasticity is None or facts["points"] is None:
        return "unknown"
    if elasticity.verdict == "weak":
        return "weak"
    if best is None:
        return "known"
    if not facts["gain"]:
        return "full" if room.is_full and facts["points"].price.min() < now else "flat"
    if facts["points"].set_index("price")["change_other"][best.value] <= 0:
        return "forms_differ"
    return "try" if facts["change_chance"].value < params.sure_enough else "lower" if best.value < now else "higher"


def _planned(price: PriceResult, state: str, facts: dict[str, Any], room: Room, params: PriceChoiceParams) -> float | None:
    """The price a test of which the evidence does not speak against; None where there is none.

    A price found to pay is tested itself. Where nothing is known a cut, unless the patients it must bring do not fit:
    then a rise. Where the prices tried do not pay, one that was not tried, if what is known leaves it a chance.
    """
    now = price.price_now.value
    # two digits are enough for a price on a list, whatever the currency
    cut, rise = (float(f"{now * (1 + by):.2g}") for by in (-params.planned_cut, params.planned_rise))
    rise = rise if rise > now else now * (1 + params.planned_rise)
    if state == "known" or not 0 < cut < now:
        return None
    if state in ("unknown", "weak"):
        even = _break_even(price, cut, params)
        return rise if room.times < 1 + (even[1].high if even else 0) or room.is_full else cut
    if state not in ("full", "flat"):
        return float(facts["best_price"].value)
    low, high = facts["points"].price.min(), facts["points"].price.max()
    untried = np.array([one for one in (cut, rise) if not low <= one <= high])
    if not untried.size:
        return None
    chance = _changes(price, untried, room, params, "constant").p_gain
    return float(untried[np.argmax(chance)]) if chance.max() >= params.worth_testing else None


def _is_rise(facts: dict[str, Any]) -> bool:
    return bool(facts["plan_price"] and facts["plan_price"].value > facts["price_now"].value)


# ------------------------------------------------------------------ the test
def _test(price: PriceResult, planned: float | None, params: PriceChoiceParams) -> dict[str, Any]:
    """What the planned price must bring or may lose to pay, how long a test must last to tell it, what it shows and costs."""
    facts: dict[str, Any] = dict.fromkeys((
        "break_even", "break_even_demand", "plan_price", "plan_weeks", "plan_size", "plan_detects", "design", "test_units", "test_cost")) | {"plan_tells": False}
    if planned is None:
        return facts
    now, even = price.price_now.value, _break_even(price, planned, params)
    recent = price.weeks.pivot(index="unit", columns="week", values="callers").to_numpy()[:, -params.recent_weeks:]
    design = price_design.design(
        recent, price=planned, reference=now, detect=_to_tell(price, even), shortest=params.shortest_test,
        lengths=params.planned_weeks, level=params.level,
    )
    if design is None:
        return facts
    _, size, detects, reaction = design.proposed
    return {
        "break_even": even[0] if even else None, "break_even_demand": even[1] if even else None,
        "plan_price": exact(planned, "currency", 0), "plan_weeks": design.weeks, "plan_size": exact(size, "count", design.weeks),
        "plan_detects": exact(detects, "share", design.weeks), "design": _frame("design", design.rows),
        "test_units": design.units, "plan_tells": design.tells, "test_cost": _test_cost(price, planned, design.share, reaction, params),
    }


def _to_tell(price: PriceResult, even: tuple[Estimate, Estimate] | None) -> float | None:
    """The difference of elasticities that decides: break-even from the reaction found, from none where none is known."""
    if even is None:
        return None
    known = price.elasticity is not None and price.elasticity.verdict != "weak"
    return abs(even[0].value - (min(_reaction(price).value, 0.0) if known else 0.0))


def _test_cost(price: PriceResult, planned: float, share: float, reaction: float, params: PriceChoiceParams) -> Estimate | None:
    """Contribution a month at stake in the unit that tests ``planned``; an unknown reaction is drawn up to the one the test shows."""
    first, later, e, rng = price.value_first, price.value_later, price.elasticity, np.random.default_rng(params.seed + 1)
    if planned > price.price_now.value and (first is None or later is None):
        return None
    reactions = uniform(rng, params.draws, reaction, 0.0) if e is None or e.verdict == "weak" else (
        spread(rng, params.draws, value=e.value, low=e.low, high=e.high, level=e.level, most=0.0))
    low, value, high = price_design.at_stake(
        patients=share * price.first_patients.value, price=planned, reference=price.price_now.value,
        margin=first.value + later.value if first and later else 0.0, elasticity=reactions, level=params.level, rng=rng)
    return Estimate(value, low, high, "currency", price.first_patients.n, params.level, "C")


def _break_even(price: PriceResult, planned: float, params: PriceChoiceParams) -> tuple[Estimate, Estimate] | None:
    """Elasticity at which ``planned`` breaks even, and how many more first patients a cut must bring or fewer a rise may leave."""
    first, later, now = price.value_first, price.value_later, price.price_now.value
    if first is None or later is None:
        return None
    margins = [first.value + part for part in (later.value, later.low, later.high)]
    if min(margins) <= max(now - planned, 0):
        return None
    at = [price_change.break_even_elasticity(margin=margin, reference=now, price=planned) for margin in margins]
    found: list[tuple[list[float], Unit]] = [(at, "number"), ([abs(price_change.log_change(e, planned, now)) for e in at], "share")]
    one, other = (Estimate(part[0], min(part), max(part), unit, later.n, params.level) for part, unit in found)
    return one, other


# ------------------------------------------------------------------ the market
def _market(
    competitors: Table | None, prices: Table | None, services: Table | None, period: Period, params: PriceChoiceParams,
) -> dict[str, Any]:
    facts: dict[str, Any] = {"services": None, "price_index": None}
    if competitors is None:
        return facts
    pairs = competitor_prices(competitors, prices, end=period.end).to_pandas().dropna(subset=["own"])
    if pairs.empty:
        return facts
    index = price_index(pairs.own, pairs.price, pairs.competitor, level=params.level)
    if index is not None:
        facts["price_index"] = Estimate(index.value, index.low, index.high, "ratio", index.n, params.level)
    known = pd.DataFrame(columns=["name", "is_first_visit"]) if services is None else (
        services.select("service_id", "name", "is_first_visit").to_pandas().set_index("service_id"))
    first = set(known.index[known["is_first_visit"].fillna(False).astype(bool)])
    return facts | {"services": _frame("services", side_by_side(pairs, known["name"].dropna().to_dict(), first, params.most_services))}


# ------------------------------------------------------------------ what is said
def _says(facts: dict[str, Any], state: str, room: Room) -> dict[str, Sentence]:
    tried = "weak" if state == "weak" else "full" if room.is_full else "room"
    without = {"test": "break_even", "test_rise": "break_even_rise"} if facts["break_even"] else {"test": "nothing", "test_rise": "nothing"}
    lede = ({"lower": "gain", "higher": "gain", "try": "gain", "known": "nothing"} | without).get(state, state)
    falls = "weak" if state == "weak" else "falls" if facts["elasticity"] and facts["elasticity"].is_off_zero else "unclear"
    return {
        "title": Sentence(state), "lede": Sentence(lede),
        "notes.decide": Sentence(state), "notes.care": Sentence("tried" if facts["curve"] is not None else "untried"),
        "figures.demand_curve.title": Sentence(falls), "figures.optimum.title": Sentence(tried), "tables.points.subtitle": Sentence(tried),
    }


def _findings(
    price: PriceResult, facts: dict[str, Any], state: str, room: Room, competitors: Table | None,
) -> tuple[Finding, ...]:
    index = facts["price_index"]
    told = (
        (state in ("lower", "higher"), Finding("gain", "opportunity", impact=facts["gain"])),
        (state == "full", Finding("full", "risk")),
        (state == "forms_differ", Finding("forms_differ", "caveat")),
        (facts["break_even"] and price.elasticity is None, Finding("break_even", "opportunity")),
        (facts["plan_price"], Finding("plan", "opportunity")),
        (index and index.low > 1, Finding("dearer", "caveat")),
        (index and index.high < 1, Finding("cheaper", "caveat")),
        (index and index.low <= 1 <= index.high, Finding("alike", "caveat")),
        (price.elasticity is None, Finding(price.identification, "not_answered")),
        (room.is_full and not room.unmet and price.value_later is not None, Finding("no_queue", "not_answered")),
        (room.times == float("inf") and facts["plan_price"] is not None and not _is_rise(facts), Finding("no_rooms", "not_answered")),
        (price.value_later is None, Finding("no_money", "not_answered")),
        (competitors is None or facts["services"] is None, Finding("no_competitors", "not_answered")),
    )
    return tuple(finding for applies, finding in told if applies)


# ------------------------------------------------------------------ figures
def demand_curve(result: PriceChoiceResult, labels: Labels) -> Figure | None:
    """Callers a month by price, with the price periods as dots."""
    frame, regimes = result.curve, result.regimes
    if frame is None or result.elasticity is None:
        return None
    dots = [] if regimes is None else [
        Dot(row.price, row.callers, labels.text("weeks", weeks=int(row.weeks)) if row.is_test else "", bool(row.is_test))
        for row in regimes.itertuples() if row.weeks >= 2
    ]
    return _drawn_curve(frame, "callers", dots, labels, labels["caption"], zero=False, result=result)


def optimum(result: PriceChoiceResult, labels: Labels) -> Figure | None:
    """Change of contribution a month by price, against today's."""
    frame = result.curve
    if frame is None or frame.change.isna().all():
        return None
    return _drawn_curve(frame, "change", [], labels, "", zero=True, result=result)


def _drawn_curve(
    frame: pd.DataFrame, name: str, dots: list[Dot], labels: Labels, caption: str, *, zero: bool, result: PriceChoiceResult,
) -> Figure:
    tested = frame[frame.is_tested]
    unit: Unit = "currency" if zero else "count"
    return curve(
        frame.price, frame[name], low=frame[f"{name}_low"], high=frame[f"{name}_high"],
        number_x=lambda v: labels.number(v, "currency"), number_y=lambda v: labels.number(v, unit), words_x=labels["x"],
        words_y=labels["y"], tested=(tested.price.min(), tested.price.max()), words_tested=labels["tested"], dots=dots,
        today=(result.price_now.value, labels["today"]), caption=caption, zero_line=zero, width=theme.HALF, height=33,
    )
