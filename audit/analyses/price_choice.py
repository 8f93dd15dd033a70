"""Price choice: what another price of the first visit would bring, and the test that would tell.

Question   Which price of the first visit pays, how sure is it, and what must be tried?
Method     Contribution of other prices by draws of elasticity, of the share who come once only and of later money,
           within capacity, by two forms of the demand curve; break-even elasticity; design of a test in one unit.
           Index of our prices over the competitors' (geometric mean, competitors as units).
Reads      the result of price; that of capacity, the price list and competitors if there are any.
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
from audit.config import Params, Period
from audit.models import price_change, price_design
from audit.models.contribution import Change, Draws, Form, contribution_change
from audit.models.drivers import spread
from audit.models.price_index import price_index
from audit.plots import theme
from audit.plots.curve import Dot, curve
from audit.results import Estimate, Finding, Measure, Result, Sentence, exact, table
from audit.tables.columns import Unit
from audit.tables.competitor_prices import competitor_prices
from audit.wording import Labels

Array = NDArray[np.float64]
FIGURES = ("demand_curve", "optimum")


class PriceChoiceParams(Params):
    """Settings of the comparison of prices and of the test that is proposed."""

    planned_cut: float = Field(0.20, gt=0.02, lt=0.5, description="relative cut of the test that is proposed")
    planned_weeks: tuple[int, ...] = Field((4, 26), min_length=2, description="lengths of a test that are designed")
    shortest_test: int = Field(8, ge=4, description="shortest test that is proposed")
    recent_weeks: int = Field(26, ge=8, description="last weeks whose demand a test is planned with")
    most_services: int = Field(3, ge=1, description="services beside the competitors', the first visit's before others")
    sure_enough: float = Field(0.9, gt=0.5, lt=1, description="chance of a gain from which a price is said to be likely to pay")
    draws: int = Field(2000, ge=200, description="draws behind the contribution of other prices")


@dataclass(frozen=True, kw_only=True)
class PriceChoiceResult(Result):
    """Everything at another price is None unless the rung of the ladder allows it.

    ``best_price`` is the one whose lower quartile of contribution is highest, today's if none is above it; ``gain`` is
    its change a month. ``points.change_other`` is the change where demand falls exponentially in the price instead of
    with a constant elasticity. ``price_index`` is our prices over the competitors'.
    """

    demand_kind: str
    unit_kind: str
    elasticity: Estimate | None
    price_now: Estimate
    price_tested: Estimate | None
    demand_change: Estimate | None
    later_share: Estimate | None
    value_days: int | None
    follow_days: int
    load: Estimate | None
    best_price: Estimate | None
    gain: Estimate | None
    chance: Estimate | None
    break_even: Estimate | None
    break_even_demand: Estimate | None
    plan_price: Estimate | None
    plan_weeks: int | None
    plan_size: Estimate | None
    plan_detects: Estimate | None
    price_index: Estimate | None
    test_cost: Estimate | None = None
    change_gain: Estimate | None = None
    change_chance: Estimate | None = None
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
    price: PriceResult, capacity: CapacityResult | None, prices: Table | None, services: Table | None, competitors: Table | None,
    *, period: Period, params: PriceChoiceParams,
) -> PriceChoiceResult:
    """Other prices compared, the break-even, a test, and where the competitors stand."""
    load = capacity.room_load if capacity is not None else None
    room = _room(capacity)
    facts = _other_prices(price, room, params) | _plan(price, params) | _market(competitors, prices, services, period, params)
    facts |= {name: getattr(price, name) for name in (
        "demand_kind", "unit_kind", "elasticity", "price_now", "price_tested", "demand_change", "later_share", "value_days",
        "follow_days", "regimes", "levels")}
    says = _says(price, facts, room, load, params)
    return PriceChoiceResult(
        grade=price.elasticity.grade if price.elasticity is not None else "C", load=load, says=says, **facts,
        headline="gain" if facts["gain"] else "break_even_demand" if facts["break_even_demand"] else None,
        findings=_findings(price, facts, says["title"].key, competitors),
    )


def _frame(name: str, rows: list[Any]) -> pd.DataFrame:
    """Rows as the declared table ``name``."""
    return pd.DataFrame(rows, columns=[column for measure in PriceChoiceResult.measures(name) for column in measure.names])


def _room(capacity: CapacityResult | None) -> float:
    """How many times today's patients fit: rooms above their ceiling take nobody more."""
    if capacity is None or capacity.room_load is None or not capacity.room_load.value > 0:
        return float("inf")
    return max(1.0, capacity.ceiling.value / capacity.room_load.value)


# ------------------------------------------------------------------ other prices
def _other_prices(price: PriceResult, room: float, params: PriceChoiceParams) -> dict[str, Any]:
    facts: dict[str, Any] = dict.fromkeys(("points", "curve", "best_price", "gain", "chance"))
    elasticity, tested = price.elasticity, price.price_tested
    if elasticity is None or tested is None:
        return facts
    now, patients = price.price_now.value, price.first_patients.value
    volume = price.callers.value if price.callers is not None and price.demand_kind == "callers" else patients
    low, high = sorted((tested.value, now))
    grid = np.unique(np.append(np.linspace(low - 0.2 * (high - low), high + 0.2 * (high - low), 57), [low, high]))
    points = _round_prices(low, high, now)
    reach = _reaction(price)
    bounds = np.sort([volume * (grid / now) ** bound for bound in (elasticity.low, elasticity.high)], axis=0)
    at_grid, at_points = (_changes(price, prices, room, params, "constant") for prices in (grid, points))
    other = _changes(price, points, room, params, "exponential")
    facts["curve"] = pd.DataFrame({
        "price": grid, "callers": volume * (grid / now) ** elasticity.value, "callers_low": bounds[0], "callers_high": bounds[1],
        "change": at_grid.value, "change_low": at_grid.low, "change_high": at_grid.high,
        "is_tested": (grid >= low - 1e-9) & (grid <= high + 1e-9),
    })
    facts["points"] = pd.DataFrame({
        "price": points, "callers": volume * (points / now) ** elasticity.value if price.demand_kind == "callers" else np.nan,
        "first_visits": patients * np.minimum((points / now) ** reach.value, room), "change": at_points.value,
        "change_low": at_points.low, "change_high": at_points.high, "chance": at_points.p_gain, "change_other": other.value,
        "n": elasticity.n,
    })
    if price.value_later is not None:
        best = at_points.best
        facts["best_price"] = exact(float(points[best]), "currency", elasticity.n)
        if at_points.quartile[best] > 0:
            value = float(at_points.value[best])
            facts["gain"] = Estimate(
                value, min(value, float(at_points.low[best])), max(value, float(at_points.high[best])), "currency", elasticity.n,
                params.level, "C", elasticity.verdict)
            # said no surer than some thousand draws are
            facts["chance"] = exact(float(np.clip(at_points.p_gain[best], 0.01, 0.99)), "share", params.draws)
    return facts


def _reaction(price: PriceResult) -> Estimate:
    """The elasticity of first patients: that of callers, unless those who call book differently at another price."""
    assert price.elasticity is not None
    booking = price.elasticity_booking
    differs = booking is not None and booking.is_off_zero and price.elasticity_visits is not None
    return price.elasticity_visits if differs and price.elasticity_visits is not None else price.elasticity


def _changes(price: PriceResult, prices: Array, room: float, params: PriceChoiceParams, form: Form) -> Change:
    later, first, tested = price.value_later, price.value_first, price.price_tested
    if later is None or first is None or tested is None:
        unknown = np.full(prices.size, np.nan)
        return Change(unknown, unknown, unknown, unknown, unknown)
    rng = np.random.default_rng(params.seed)

    def drawn(e: Estimate | None) -> Array:
        return np.zeros(params.draws) if e is None else spread(rng, params.draws, value=e.value, low=e.low, high=e.high, level=e.level)

    draws = Draws(elasticity=drawn(_reaction(price)), one_off_change=drawn(price.one_off_change), later=drawn(later))
    return contribution_change(
        prices=prices, reference=price.price_now.value, tested=tested.value, patients=price.first_patients.value, first=first.value,
        one_off=price.one_off_share.value if price.one_off_share else 0.0, draws=draws, level=params.level, room=room, form=form,
    )


def _round_prices(low: float, high: float, now: float) -> Array:
    """At most five prices from the lowest to the highest seen, today's among them."""
    step = (high - low) / 4
    power = 10 ** np.floor(np.log10(step))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= step * 0.999)
    inner = np.arange(np.ceil(low / step) * step, high, step)
    return np.unique(np.round(np.concatenate([[low], inner[np.abs(inner - now) > step / 3], [high], [now]]), 2))


# ------------------------------------------------------------------ the test
def _plan(price: PriceResult, params: PriceChoiceParams) -> dict[str, Any]:
    """What a cut must bring to pay, how long a test must last to tell it, and what a test of that size would show."""
    now = price.price_now.value
    facts: dict[str, Any] = dict.fromkeys(
        ("break_even", "break_even_demand", "plan_price", "plan_weeks", "plan_size", "plan_detects", "design"))
    wide = price.weeks.pivot(index="unit", columns="week", values="callers").to_numpy()[:, -params.recent_weeks:]
    live = np.sort(np.nan_to_num(wide).mean(axis=1))
    live = live[live > 0]
    # two digits are enough for a price on a list, whatever the currency
    planned = float(f"{now * (1 - params.planned_cut):.2g}")
    if not live.size or not 0 < planned < now:
        return facts
    ratio, even = planned / now, _break_even(price, planned, params)
    size = {"weekly": float(live[0]), "control": float(live[1:].sum() if live.size > 1 else live[0]), "ratio": ratio,
            "dispersion": price_design.dispersion(wide), "level": params.level}
    longest = max(params.planned_weeks)
    needed = price_design.design_weeks(**size, detect=even[0].value, longest=longest) if even else None
    proposed = max(params.shortest_test, needed or 0)
    shown = {weeks: price_design.detectable(**size, weeks=weeks) for weeks in sorted({*params.planned_weeks, proposed})}
    design = [[weeks, weeks * live[0], price_change.log_change(-least, planned, now), -least] for weeks, least in shown.items()]
    if even:
        facts |= {"break_even": even[0], "break_even_demand": even[1]}
    return facts | {
        "plan_price": exact(planned, "currency", 0), "plan_weeks": proposed, "plan_size": exact(proposed * live[0], "count", proposed),
        "plan_detects": exact(price_change.log_change(-shown[proposed], planned, now), "share", proposed),
        "design": _frame("design", design),
    }


def _break_even(price: PriceResult, cut: float, params: PriceChoiceParams) -> tuple[Estimate, Estimate] | None:
    """Elasticity and change of demand beyond which the price ``cut`` pays."""
    first, later, now = price.value_first, price.value_later, price.price_now.value
    if first is None or later is None:
        return None
    margins = [first.value + part for part in (later.value, later.low, later.high)]
    if min(margins) <= now - cut:
        return None
    at = [price_change.break_even_elasticity(margin=margin, reference=now, price=cut) for margin in margins]
    found: list[tuple[list[float], Unit]] = [(at, "number"), ([price_change.log_change(e, cut, now) for e in at], "share")]
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
    names, first = known["name"].dropna().to_dict(), set(known.index[known["is_first_visit"].fillna(False).astype(bool)])
    most = sorted(pairs.groupby("service_id"), key=lambda found: (found[0] not in first, -len(found[1]), found[0]))
    rows = [
        [names.get(service, service), float(part.own.mean()), part.price.min(), part.price.median(), part.price.max(),
         float(np.exp(np.log(part.own / part.price).mean())), len(part)]
        for service, part in most[: params.most_services]
    ]
    return facts | {"services": _frame("services", rows)}


# ------------------------------------------------------------------ what is said
def _says(
    price: PriceResult, facts: dict[str, Any], room: float, load: Estimate | None, params: PriceChoiceParams,
) -> dict[str, Sentence]:
    verdict = _verdict(price, facts, room, params)
    space = "full" if verdict == "full" else "room"
    lede = "gain" if facts["gain"] else "flat" if facts["best_price"] else "break_even" if facts["break_even"] else "nothing"
    return {
        "title": Sentence(verdict), "lede": Sentence(verdict if verdict in ("full", "weak") else lede), "notes.decide": Sentence(verdict),
        "notes.care": Sentence("tried" if facts["curve"] is not None else "untried"),
        "figures.optimum.title": Sentence(space), "tables.points.subtitle": Sentence(space),
    }


def _verdict(price: PriceResult, facts: dict[str, Any], room: float, params: PriceChoiceParams) -> str:
    elasticity, best, now = price.elasticity, facts["best_price"], price.price_now.value
    if elasticity is None or facts["points"] is None:
        return "test" if facts["plan_weeks"] else "nothing"
    if elasticity.verdict == "weak":
        return "weak"
    if best is None:
        return "known"
    tested, change = price.price_tested, price.demand_change
    if tested and change and tested.value < now and elasticity.high < 0 and room < 1 + change.value:
        return "full"
    if not facts["gain"]:
        return "flat"
    if facts["points"].set_index("price")["change_other"][best.value] <= 0:
        return "forms_differ"
    return "try" if facts["chance"].value < params.sure_enough else "lower" if best.value < now else "higher"


def _findings(
    price: PriceResult, facts: dict[str, Any], verdict: str, competitors: Table | None,
) -> tuple[Finding, ...]:
    pays = verdict in ("lower", "higher")
    index = facts["price_index"]
    told = (
        (pays, Finding("gain", "opportunity", impact=facts["gain"])),
        (verdict == "full", Finding("full", "risk")),
        (verdict == "forms_differ", Finding("forms_differ", "caveat")),
        (facts["break_even"] and price.elasticity is None, Finding("break_even", "opportunity")),
        (facts["plan_weeks"], Finding("plan", "opportunity")),
        (index and index.low > 1, Finding("dearer", "caveat")),
        (index and index.high < 1, Finding("cheaper", "caveat")),
        (index and index.low <= 1 <= index.high, Finding("alike", "caveat")),
        (price.elasticity is None, Finding(price.identification, "not_answered")),
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
