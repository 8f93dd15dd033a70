"""Price: what the price of a first visit does to demand, and what another price would bring.

Question   Does the price of a first visit matter, and where is its best range?
Method     A ladder of identification read off the price paths: one branch against another → Poisson panel
           with branch and week effects (Santos Silva & Tenreyro 2006), the widest of three intervals; one
           change for all → trend and season, weak; prices that follow demand, or never move → refused.
           Contribution of other prices by draws of elasticity, one-off share and later money.
Reads      first visits; price list or bills, opportunities, services, money and the load of rooms if known.
Cannot say What prices outside the tested range would do; why a price was changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
from ibis import _
from ibis.expr.types import Table
from matplotlib.figure import Figure
from numpy.typing import NDArray
from pydantic import Field

from audit.analyses.capacity import CapacityResult
from audit.analyses.clv import ClvResult
from audit.config import Params, Period
from audit.errors import NotAnswerable
from audit.models import demand
from audit.models.bootstrap import mean_interval
from audit.models.contribution import Change, Draws, contribution_change
from audit.models.proportions import newcombe
from audit.plots import theme
from audit.plots import weekly as weeks_plot
from audit.plots.curve import Dot, curve
from audit.results import Estimate, Finding, Grade, Measure, Result, Sentence, exact, table
from audit.tables.columns import Unit
from audit.tables.patient_money import patient_money
from audit.tables.weekly_demand import DemandPanel, weekly_demand
from audit.tables.weekly_prices import charged, first_visit_services, listed
from audit.wording import Labels

Array = NDArray[np.float64]
FIGURES = ("branches", "demand_curve", "optimum")


class PriceParams(Params):
    """Settings of the price of a first visit."""

    window_weeks: int = Field(26, ge=8, description="weeks before the first and after the last own change that are compared")
    widest_error: float = Field(0.5, gt=0, description="an elasticity with a larger standard error is not printed")
    follow_days: int = Field(180, ge=30, description="a patient without a second visit by then came once only")
    value_days: int = Field(365, ge=30, description="days over which a first patient's money is counted")
    planned_cut: float = Field(0.20, gt=0.02, lt=0.5, description="relative cut of the test that is proposed")
    planned_weeks: int = Field(8, ge=4, description="shortest test that is proposed")
    draws: int = Field(2000, ge=200, description="draws behind the contribution of other prices")


@dataclass(frozen=True, kw_only=True)
class PriceResult(Result):
    """The rung of the ladder is ``identification``; ``demand_kind`` says whether demand is callers or first visits.

    Everything at another price is None unless the rung allows it. Money later is what a first patient brings
    after the first day within ``value_days``, less direct costs where they are known.
    """

    identification: str
    demand_kind: str
    elasticity: Estimate | None
    elasticity_visits: Estimate | None
    price_now: Estimate
    price_tested: Estimate | None
    demand_change: Estimate | None
    cost_per_extra_patient: Estimate | None
    one_off_share: Estimate | None
    one_off_change: Estimate | None
    one_off_won: Estimate | None
    break_even: Estimate | None
    break_even_demand: Estimate | None
    later_share: Estimate | None
    value_later: Estimate | None
    value_days: int | None
    placebo_share: Estimate | None
    best_price: Estimate | None
    first_patients: Estimate
    callers: Estimate | None
    test_branch: str | None
    test_from: date | None
    test_to: date | None
    plan_price: Estimate
    plan_weeks: int | None
    plan_detects: Estimate | None
    points: pd.DataFrame | None = table(
        Measure("price", "currency"), Measure("callers", "count"), Measure("first_visits", "count"),
        Measure("value_later", "currency"), Measure("change", "currency", interval=True, form="line"),
        Measure("chance", "share", form="chance"), Measure("n", "count", shown=False),
    )
    curve: pd.DataFrame | None = table(
        Measure("price", "currency"), Measure("callers", "count", interval=True), Measure("change", "currency", interval=True),
        Measure("is_tested", "flag"),
    )
    regimes: pd.DataFrame | None = table(
        Measure("branch", "label"), Measure("from_week", "date"), Measure("weeks", "count"), Measure("price", "currency"),
        Measure("callers", "count"), Measure("is_test", "flag"),
    )
    weeks: pd.DataFrame | None = table(
        Measure("week", "date"), Measure("branch", "label"), Measure("price", "currency"), Measure("callers", "count"),
        Measure("expected", "count"), Measure("is_test", "flag"),
    )
    intervals: pd.DataFrame | None = table(
        Measure("outcome", "label"), Measure("method", "label"), Measure("elasticity", "number", interval=True),
        Measure("n", "count", shown=False),
    )


@dataclass(frozen=True)
class Fitted:
    """What the panel says: the rung, the fits of callers and of first visits, and the weeks they rest on."""

    rung: str
    panel: DemandPanel
    main: demand.DemandFit | None = None
    visits: demand.DemandFit | None = None
    lead: float = float("nan")


@dataclass(frozen=True)
class Worth:
    """Money of a first patient over ``days``: on the first day and after it, per patient and as draws' ingredients."""

    days: int
    n: int
    first: float
    later: float
    later_low: float
    later_high: float
    later_share: float
    is_margin: bool


def analyse(
    first_visits: Table, opportunities: Table | None, prices: Table | None, charges: Table | None, services: Table | None,
    patient_days: Table | None, capacity: CapacityResult | None, clv: ClvResult | None, *, period: Period, params: PriceParams,
) -> PriceResult:
    """Elasticity, the value of other prices, and a test where the data do not tell."""
    panel = _panel(first_visits, opportunities, prices, charges, services, period, params)
    fitted = _fit(panel, params)
    now = _now(first_visits, opportunities, panel, period)
    costs_known = clv is None or clv.margin_365 is not None
    worth = _worth(patient_days, first_visits, costs_known, period, params)
    facts = _facts(fitted, now, worth, params)
    others = _other_prices(fitted, facts, now, worth, _room(capacity), params)
    says = _says(fitted, facts, others, capacity)
    return PriceResult(
        grade="B" if fitted.rung == "staggered" and facts["elasticity"] else "C",
        says=says,
        findings=(*_findings(fitted, facts, others, worth, says), *_gaps(fitted, facts, opportunities, worth)),
        headline="elasticity" if facts["elasticity"] else None,
        regimes=_regimes(fitted, now) if facts["elasticity"] else None,
        weeks=_weeks_table(fitted, params) if facts["elasticity"] else None,
        intervals=_intervals(fitted, params) if facts["elasticity"] else None,
        points=others["points"], curve=others["curve"], best_price=others["best_price"], **facts,
    )


# ------------------------------------------------------------------ queries
def _panel(
    first_visits: Table, opportunities: Table | None, prices: Table | None, charges: Table | None, services: Table | None,
    period: Period, params: PriceParams,
) -> DemandPanel:
    weights = first_visit_services(first_visits, services)
    if weights.empty:
        raise NotAnswerable("no_price")
    panel = weekly_demand(first_visits, opportunities, days=period, follow_days=params.follow_days)
    if panel is None or not np.nansum(panel.main) > 0:
        raise NotAnswerable("no_demand", verdict="not_enough_data")
    price = panel.price
    if prices is not None:
        price = listed(prices, weights, panel.branches, panel.weeks)
    if not np.isfinite(price).any() and charges is not None:
        price = charged(charges, weights, panel.branches, panel.weeks)
    price = np.where(price > 0, price, np.nan)
    if not np.isfinite(price).any():
        raise NotAnswerable("no_price")
    return replace(panel, price=price)


@dataclass(frozen=True)
class Now:
    """Today: price of a first visit, callers and first patients a month."""

    price: float
    callers: float | None
    patients: float
    n: int


def _now(first_visits: Table, opportunities: Table | None, panel: DemandPanel, period: Period) -> Now:
    days = period.present
    came = int(first_visits.filter(_.is_new, _.first_day >= days.start, _.first_day < days.end).count().execute())
    if came == 0:
        raise NotAnswerable("no_demand", verdict="not_enough_data")
    callers = None
    if opportunities is not None:
        spoken = opportunities.filter(_.is_answered, _.opened_at.date() >= days.start, _.opened_at.date() < days.end)
        callers = float(spoken.count().execute()) / days.months
    inside = [index for index, week in enumerate(panel.weeks) if week < days.end]
    known = np.isfinite(panel.price[:, inside])
    last = np.flatnonzero(known.any(axis=0))
    if not last.size:
        raise NotAnswerable("no_price")
    price, here = panel.price[:, last[-1]], known[:, last[-1]]
    volume = np.nansum(panel.main[:, inside[-26:]], axis=1) + 1e-9
    return Now(round(float(np.average(price[here], weights=volume[here])), 2), callers or None, came / days.months, came)


# ------------------------------------------------------------------ steps
def _fit(panel: DemandPanel, params: PriceParams) -> Fitted:
    with np.errstate(invalid="ignore"):
        log_price = np.log(panel.price)
    rung = demand.rung(np.where(np.isfinite(panel.main), log_price, np.nan))
    if rung == "constant":
        return Fitted(rung, panel)
    by_branch = rung in ("staggered", "one_branch")
    if by_branch:
        changes = demand.price_changes(log_price)
        first, last = min(change.week for change in changes), max(change.week for change in changes)
        panel = panel.cut(slice(max(0, first - params.window_weeks), last + params.window_weeks))
    main = _demand_fit(panel, panel.main, by_branch)
    if main is None:
        return Fitted(rung, panel)
    visits = _demand_fit(panel, panel.came, by_branch) if panel.callers is not None else None
    counts, paths = _as_fitted(panel, panel.main, by_branch)
    leads = demand.demand_leads(counts=counts, fitted=np.atleast_2d(main.fitted), log_price=paths)
    lead = demand.lead(counts=counts, log_price=paths, elasticity=main.elasticity) if by_branch else float("nan")
    return Fitted("follows_demand" if leads.follows else rung, panel, main, visits, lead)


def _as_fitted(panel: DemandPanel, counts: Array, by_branch: bool) -> tuple[Array, Array]:
    """Counts and log prices by branch, or of the whole clinic when its branches moved together."""
    log_price = np.log(panel.price)
    if by_branch:
        return counts, log_price
    seen = np.isfinite(log_price) & np.isfinite(counts)
    mean = np.where(seen, log_price, 0.0).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
    live = seen.any(axis=0)
    return np.where(live, np.nansum(counts, axis=0), np.nan)[None, :], np.where(live, mean, np.nan)[None, :]


def _demand_fit(panel: DemandPanel, counts: Array, by_branch: bool) -> demand.DemandFit | None:
    y, log_price = _as_fitted(panel, counts, by_branch)
    try:
        if by_branch:
            return demand.fit_panel(counts=y, log_price=log_price)
        season = np.array([week.isocalendar().week for week in panel.weeks], float)
        return demand.fit_series(counts=y[0], log_price=log_price[0], week_of_year=season)
    except ValueError:
        return None


def _worth(
    patient_days: Table | None, first_visits: Table, costs_known: bool, period: Period, params: PriceParams,
) -> Worth | None:
    """Money of first patients of the last year that was followed to the horizon; a shorter one if that year is short."""
    if patient_days is None:
        return None
    for days in sorted({params.value_days, 180, 90}, reverse=True):
        since = period.end - timedelta(days=days + 365)
        money = patient_money(patient_days, first_visits, horizon_days=days, since=since).order_by("patient_id").to_pandas()
        total = money.first_money.sum() + money.later_money.sum()
        if len(money) < 30 or total <= 0:
            continue
        cost = money[["first_cost", "later_cost"]].fillna(0.0) * float(costs_known)
        first, later = money.first_money - cost.first_cost, money.later_money - cost.later_cost
        low, high = mean_interval(later, params.level, params.seed)
        outpatient = money.later_money.sum() - money.later_surgery.sum()
        share = float(outpatient / (money.first_money.sum() + outpatient))
        return Worth(days, len(money), float(first.mean()), float(later.mean()), low, high, share, bool(cost.to_numpy().sum() > 0))
    return None


def _room(capacity: CapacityResult | None) -> float:
    """How many times today's patients fit: rooms above their ceiling take nobody more."""
    if capacity is None or capacity.room_load is None or not capacity.room_load.value > 0:
        return float("inf")
    return max(1.0, capacity.ceiling.value / capacity.room_load.value)


def _facts(fitted: Fitted, now: Now, worth: Worth | None, params: PriceParams) -> dict[str, Any]:
    panel, main = fitted.panel, fitted.main
    usable = main is not None and fitted.rung != "follows_demand" and main.standard_error(params.level) <= params.widest_error
    elasticity = _elasticity(fitted, main, params) if main is not None and usable else None
    visits = fitted.visits if usable and fitted.visits is not None else None
    tested = _tested_price(panel, now) if usable else None
    is_test = panel.is_cheaper(demand.SMALLEST_CHANGE)
    test_weeks = [panel.weeks[column] for column in np.unique(np.nonzero(is_test)[1])]
    branches = [panel.branches[row] for row in np.unique(np.nonzero(is_test)[0])]
    own = usable and fitted.rung in ("staggered", "one_branch")
    plan = _plan(fitted, now, worth, params)
    facts: dict[str, Any] = {
        "identification": fitted.rung,
        "demand_kind": "visits" if panel.callers is None else "callers",
        "elasticity": elasticity,
        "elasticity_visits": _elasticity(fitted, visits, params) if visits is not None else None,
        "price_now": exact(now.price, "currency", now.n),
        "price_tested": exact(tested, "currency", len(test_weeks)) if tested else None,
        "first_patients": exact(now.patients, "count", now.n),
        "callers": None if now.callers is None else exact(now.callers, "count", now.n),
        "later_share": exact(worth.later_share, "share", worth.n) if worth else None,
        "value_later": Estimate(
            worth.later, min(worth.later_low, worth.later), max(worth.later_high, worth.later), "currency", worth.n, params.level,
        ) if worth else None,
        "value_days": worth.days if worth else None,
        "test_branch": branches[0] if own and len(branches) == 1 else None,
        "test_from": test_weeks[0] if own and test_weeks else None,
        "test_to": test_weeks[-1] + timedelta(days=6) if own and test_weeks else None,
        "placebo_share": None, **dict.fromkeys(("demand_change", "cost_per_extra_patient", "one_off_share", "one_off_change", "one_off_won")), **plan,
    }
    moved = main.placebo_share() if main is not None and usable else None
    if main is not None and moved is not None:
        facts["placebo_share"] = exact(moved, "share", main.placebo_t.size)
    if elasticity and tested:
        facts |= _of_the_test(fitted, elasticity, tested, now, params) | (_one_off(panel, is_test, elasticity, tested, now, params) if own else {})
    return facts


def _elasticity(fitted: Fitted, fit: demand.DemandFit, params: PriceParams) -> Estimate:
    low, high = fit.interval(params.level)
    checked = fitted.rung in ("staggered", "one_branch") and not abs(fitted.lead) > 2.6
    grade: Grade = "B" if fitted.rung == "staggered" and checked else "C"
    return Estimate(fit.elasticity, low, high, "number", fit.weeks, params.level, grade, "identified" if checked else "weak")


def _tested_price(panel: DemandPanel, now: Now) -> float | None:
    """The price farthest below today's that was asked for at least two weeks, else farthest above."""
    levels, times = np.unique(np.round(panel.price[np.isfinite(panel.price)], 2), return_counts=True)
    levels = levels[(times >= 2) & (np.abs(np.log(levels / now.price)) >= demand.SMALLEST_CHANGE)]
    if not levels.size:
        return None
    return float(levels.min() if levels.min() < now.price else levels.max())


def _of_the_test(fitted: Fitted, elasticity: Estimate, tested: float, now: Now, params: PriceParams) -> dict[str, Estimate | None]:
    def told(of: Callable[[float, float, float], float], unit: Unit) -> Estimate | None:
        value, one, other = (of(e, tested, now.price) for e in (elasticity.value, elasticity.low, elasticity.high))
        if not np.isfinite([value, one, other]).all():
            return None
        return Estimate(value, min(one, other), max(one, other), unit, elasticity.n, params.level, elasticity.grade, elasticity.verdict)

    cost = told(demand.cost_per_extra, "currency") if tested < now.price else None
    return {"demand_change": told(demand.log_change, "share"), "cost_per_extra_patient": cost}


def _one_off(
    panel: DemandPanel, is_test: NDArray[np.bool_], elasticity: Estimate, tested: float, now: Now, params: PriceParams,
) -> dict[str, Estimate | None]:
    """Share who came once only: patients of the cheaper weeks against the same branch's other weeks."""
    own = np.asarray(is_test.any(axis=1))
    low_price, usual = is_test & np.isfinite(panel.seen), ~is_test & own[:, None] & np.isfinite(panel.seen)
    k1, n1, k0, n0 = (float(np.nansum(part[cells])) for cells in (low_price, usual) for part in (panel.once, panel.seen))
    if min(n1, n0) < 20:
        return {}
    low, high = (float(bound) for bound in newcombe(k1, n1, k0, n0, params.level))
    change = Estimate(k1 / n1 - k0 / n0, low, high, "points", int(n1), params.level, "C", elasticity.verdict)
    won = 1 - 1 / (1 + demand.log_change(elasticity.value, tested, now.price))
    usual_share = exact(k0 / n0, "share", int(n0))
    return {"one_off_share": usual_share, "one_off_change": change, "one_off_won": change.scaled(1 / won) if 0.05 < won < 1 else None}


def _plan(fitted: Fitted, now: Now, worth: Worth | None, params: PriceParams) -> dict[str, Any]:
    """What a cut must bring to pay, and how long a test must last to tell it."""
    panel = fitted.panel
    # two digits are enough for a price on a list, whatever the currency
    price = float(f"{now.price * (1 - params.planned_cut):.2g}")
    facts: dict[str, Any] = {
        "plan_price": exact(price, "currency", 0), "plan_weeks": None, "plan_detects": None, "break_even": None, "break_even_demand": None,
    }
    if not 0 < price < now.price:
        return facts
    even = None
    if worth and worth.first + worth.later > now.price - price:
        at = [demand.break_even_elasticity(margin=worth.first + later, reference=now.price, price=price)
              for later in (worth.later, worth.later_low, worth.later_high) if worth.first + later > now.price - price]
        even = Estimate(at[0], min(at), max(at), "number", worth.n, params.level)
        changes = [demand.log_change(e, price, now.price) for e in at]
        facts |= {"break_even": even, "break_even_demand": Estimate(
            changes[0], min(changes), max(changes), "share", worth.n, params.level)}
    recent = panel.main[:, -26:]
    live = np.sort(np.nan_to_num(recent).mean(axis=1))
    live = live[live > 0]
    if live.size:
        size = {"weekly": float(live[0]), "control": float(live[1:].sum() if live.size > 1 else live[0]),
                "ratio": price / now.price, "dispersion": demand.dispersion(recent)}
        needed = demand.design_weeks(**size, detect=even.value, level=params.level, longest=26) if even else None
        weeks = max(params.planned_weeks, needed or 0)
        least = demand.detectable(**size, weeks=weeks, level=params.level)
        facts |= {"plan_weeks": weeks, "plan_detects": exact(demand.log_change(-least, price, now.price), "share", weeks)}
    return facts


# ------------------------------------------------------------------ other prices
def _other_prices(
    fitted: Fitted, facts: dict[str, Any], now: Now, worth: Worth | None, room: float, params: PriceParams,
) -> dict[str, Any]:
    nothing: dict[str, Any] = {"points": None, "curve": None, "best_price": None, "best": None}
    elasticity, tested = facts["elasticity"], facts["price_tested"]
    if elasticity is None or tested is None:
        return nothing
    low, high = sorted((tested.value, now.price))
    grid = np.unique(np.append(np.linspace(low - 0.2 * (high - low), high + 0.2 * (high - low), 57), [low, high]))
    grid = grid[grid > 0]
    points = _round_prices(low, high, now.price)
    demand_at = {name: now_count * (grid / now.price) ** value for name, now_count, value in (
        ("callers", now.callers if now.callers is not None else now.patients, elasticity.value),
        ("callers_low", now.callers if now.callers is not None else now.patients, elasticity.low),
        ("callers_high", now.callers if now.callers is not None else now.patients, elasticity.high))}
    bounds = np.sort(np.array([demand_at["callers_low"], demand_at["callers_high"]]), axis=0)
    at_grid = _changes(grid, facts, now, worth, room, params)
    at_points = _changes(points, facts, now, worth, room, params)
    frame = pd.DataFrame({
        "price": grid, "callers": demand_at["callers"], "callers_low": bounds[0], "callers_high": bounds[1],
        "change": at_grid.value, "change_low": at_grid.low, "change_high": at_grid.high,
        "is_tested": (grid >= low - 1e-9) & (grid <= high + 1e-9),
    })
    ratio = (points / now.price) ** elasticity.value
    rows = pd.DataFrame({
        "price": points, "callers": np.nan if now.callers is None else now.callers * ratio, "first_visits": now.patients * ratio,
        "value_later": worth.later if worth else np.nan, "change": at_points.value, "change_low": at_points.low,
        "change_high": at_points.high, "chance": at_points.p_gain, "n": elasticity.n,
    })
    best = int(np.argmax(np.where(np.nan_to_num(at_points.p_gain) >= 0.6, at_points.value, 0.0)))
    best = best if np.nan_to_num(at_points.p_gain)[best] >= 0.6 else int(np.argmin(np.abs(points - now.price)))
    return {
        "points": rows, "curve": frame, "best": rows.iloc[best].to_dict(),
        "best_price": exact(float(points[best]), "currency", elasticity.n) if worth else None,
    }


def _changes(
    prices: Array, facts: dict[str, Any], now: Now, worth: Worth | None, room: float, params: PriceParams,
) -> Change:
    if worth is None:
        unknown = np.full(prices.size, np.nan)
        return Change(unknown, unknown, unknown, unknown)
    rng = np.random.default_rng(params.seed)
    draws = Draws(
        elasticity=_drawn(rng, facts["elasticity"], params),
        one_off_change=_drawn(rng, facts["one_off_change"], params) if facts["one_off_change"] else np.zeros(params.draws),
        later=_drawn(rng, facts["value_later"], params),
    )
    tested = facts["price_tested"]
    return contribution_change(
        prices=prices, reference=now.price, tested=tested.value, patients=now.patients, first=worth.first,
        one_off=facts["one_off_share"].value if facts["one_off_share"] else 0.0, draws=draws, level=params.level, room=room,
    )


def _drawn(rng: np.random.Generator, estimate: Estimate, params: PriceParams) -> Array:
    spread = (estimate.high - estimate.low) / 2 / NormalDist().inv_cdf(0.5 + estimate.level / 2)
    return rng.normal(estimate.value, spread, params.draws)


def _round_prices(low: float, high: float, now: float) -> Array:
    """At most six prices from the lowest to the highest seen, today's among them."""
    step = (high - low) / 5
    power = 10 ** np.floor(np.log10(step))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= step * 0.999)
    inner = np.arange(np.ceil(low / step) * step, high, step)
    return np.unique(np.round(np.concatenate([[low], inner[np.abs(inner - now) > step / 3], [high], [now]]), 2))


# ------------------------------------------------------------------ tables behind the figures
def _regimes(fitted: Fitted, now: Now) -> pd.DataFrame:
    """Price periods of each branch: callers a month at today's volume, branch and week effects removed."""
    panel, fit = fitted.panel, fitted.main
    assert fit is not None
    is_test, rows = panel.is_cheaper(demand.SMALLEST_CHANGE), []
    for row, branch in enumerate(panel.branches):
        if fit.fitted.shape != panel.price.shape:
            break
        seen = np.flatnonzero(np.isfinite(fit.fitted[row]) & np.isfinite(panel.price[row]))
        starts = np.flatnonzero(np.abs(np.diff(np.log(panel.price[row, seen]), prepend=np.nan)) > 1e-6)
        starts = np.unique(np.append(0, starts))
        for begin, end in zip(starts, np.append(starts[1:], seen.size), strict=True):
            cells = seen[begin:end]
            if not cells.size or fit.fitted[row, cells].sum() <= 0:
                continue
            price = float(panel.price[row, cells].mean())
            usual = (fit.fitted[row, cells] * (now.price / panel.price[row, cells]) ** fit.elasticity).sum()
            volume = now.callers if now.callers is not None else now.patients
            rows.append([branch, panel.weeks[cells[0]], cells.size, price, volume * panel.main[row, cells].sum() / usual,
                         bool(is_test[row, cells].any())])
    return pd.DataFrame(rows, columns=["branch", "from_week", "weeks", "price", "callers", "is_test"])


def _weeks_table(fitted: Fitted, params: PriceParams) -> pd.DataFrame:
    """Callers a week by branch, and those expected at the branch's usual price."""
    panel, fit = fitted.panel, fitted.main
    assert fit is not None
    is_test = panel.is_cheaper(demand.SMALLEST_CHANGE)
    effect = fit.elasticity * np.log(panel.price / panel.usual_price()[:, None])
    expected = fit.fitted * np.exp(-effect) if fit.fitted.shape == panel.price.shape else np.full(panel.price.shape, np.nan)
    rows = [
        [week, branch, panel.price[row, column], panel.main[row, column], expected[row, column], bool(is_test[row, column])]
        for row, branch in enumerate(panel.branches) for column, week in enumerate(panel.weeks)
    ]
    return pd.DataFrame(rows, columns=["week", "branch", "price", "callers", "expected", "is_test"])


def _intervals(fitted: Fitted, params: PriceParams) -> pd.DataFrame:
    named = {"callers" if fitted.panel.callers is not None else "visits": fitted.main, "came": fitted.visits}
    rows = [
        [outcome, method, fit.elasticity, low, high, fit.weeks]
        for outcome, fit in named.items() if fit is not None
        for method, (low, high) in fit.intervals(params.level).items()
    ]
    return pd.DataFrame(rows, columns=["outcome", "method", "elasticity", "elasticity_low", "elasticity_high", "n"])


# ------------------------------------------------------------------ what is said
def _verdict(fitted: Fitted, facts: dict[str, Any], others: dict[str, Any], capacity: CapacityResult | None) -> str:
    if fitted.rung in ("constant", "follows_demand"):
        return fitted.rung
    if facts["elasticity"] is None:
        return "too_few"
    if facts["elasticity"].verdict == "weak":
        return "weak"
    best = others["best"]
    if best is None or not np.isfinite(best["change"]):
        return "known"
    tested, now = facts["price_tested"].value, facts["price_now"].value
    if tested < now and facts["elasticity"].high < 0 and _room(capacity) < 1 + facts["demand_change"].value:
        return "full"
    if abs(best["price"] - now) < 1e-6 or best["chance"] < 0.9:
        return "flat"
    return "lower" if best["price"] < now else "higher"


def _says(
    fitted: Fitted, facts: dict[str, Any], others: dict[str, Any], capacity: CapacityResult | None,
) -> dict[str, Sentence]:
    verdict = _verdict(fitted, facts, others, capacity)
    load = capacity.room_load if capacity is not None else None
    lede = "measured" if facts["elasticity"] else "break_even" if facts["break_even"] else "nothing"
    room = "full" if verdict == "full" else "room"
    return {
        "figures.optimum.title": Sentence(room),
        "tables.points.subtitle": Sentence(room),
        "title": Sentence(verdict, {"load": load}),
        "lede": Sentence(lede),
        "notes.care": Sentence("test" if facts["test_from"] else "other"),
        "notes.decide": Sentence(verdict, {"load": load}),
    }


def _findings(
    fitted: Fitted, facts: dict[str, Any], others: dict[str, Any], worth: Worth | None, says: dict[str, Sentence],
) -> tuple[Finding, ...]:
    found, best, verdict = [], others["best"], says["title"].key
    elasticity = facts["elasticity"]
    if elasticity is not None and facts["demand_change"] is not None:
        found.append(Finding("reacts" if elasticity.is_off_zero else "no_reaction", "opportunity" if verdict == "lower" else "caveat"))
    if best is not None and verdict in ("lower", "higher"):
        worth_it = Estimate(best["change"], min(best["change_low"], best["change"]), max(best["change_high"], best["change"]),
                            "currency", elasticity.n, elasticity.level, "C", elasticity.verdict)
        found.append(Finding("gain", "opportunity", {"gain": worth_it, "chance": exact(best["chance"], "share", 0)}, impact=worth_it))
    if verdict == "full":
        found.append(Finding("full", "risk", {"load": says["title"].values["load"]}))
    if facts["cost_per_extra_patient"] is not None:
        found.append(Finding("cost", "caveat"))
    if facts["one_off_change"] is not None:
        found.append(Finding("once_more" if facts["one_off_change"].low > 0 else "once_unclear", "caveat"))
    if facts["later_share"] is not None:
        found.append(Finding("later", "strength"))
    if facts["break_even"] is not None and elasticity is None:
        found.append(Finding("break_even", "opportunity"))
    if facts["plan_weeks"] is not None:
        found.append(Finding("plan", "opportunity"))
    if facts["elasticity"] is not None and abs(fitted.lead) > 2.6:
        found.append(Finding("moved_before", "caveat"))
    if worth is not None and not worth.is_margin:
        found.append(Finding("no_costs", "caveat"))
    return tuple(found)


def _gaps(
    fitted: Fitted, facts: dict[str, Any], opportunities: Table | None, worth: Worth | None,
) -> tuple[Finding, ...]:
    gaps = []
    if fitted.rung in ("constant", "follows_demand", "all_at_once", "promotion"):
        gaps.append(Finding(fitted.rung, "not_answered"))
    elif facts["elasticity"] is None:
        gaps.append(Finding("too_few", "not_answered"))
    elif facts["cost_per_extra_patient"] is None and facts["price_tested"] is not None:
        gaps.append(Finding("cost_unbounded", "not_answered"))
    if opportunities is None:
        gaps.append(Finding("no_calls", "not_answered"))
    if worth is None:
        gaps.append(Finding("no_money", "not_answered"))
    return tuple(gaps)


# ------------------------------------------------------------------ figures
def branches(result: PriceResult, labels: Labels) -> Figure | None:
    """Callers a week of each branch around the test, and what the tested branch would have had without it."""
    frame = result.weeks
    if frame is None or result.test_from is None or result.test_to is None or frame.branch.nunique() < 2:
        return None
    weeks = sorted(frame.week.unique())
    units = []
    for branch, rows in frame.groupby("branch", sort=True):
        tested = bool(rows.is_test.any())
        units.append(weeks_plot.Unit(
            labels.text("branch", branch=branch), rows.callers.to_numpy(), rows.expected.to_numpy() if tested else None, tested,
        ))
    span = weeks_plot.Span(result.test_from, result.test_to, labels["span"])
    return weeks_plot.weekly(
        [pd.Timestamp(week).date() for week in weeks], units, spans=[span], number=lambda v: labels.number(v, "count"),
        month=labels.month, words_y=labels["y"], words_expected=labels["expected"], width=theme.MAIN, height=32,
    )


def demand_curve(result: PriceResult, labels: Labels) -> Figure | None:
    """Callers a month by price, with the price periods as dots."""
    frame, regimes = result.curve, result.regimes
    if frame is None or result.elasticity is None:
        return None
    dots = [] if regimes is None else [
        Dot(row.price, row.callers, labels.text("weeks", weeks=int(row.weeks)) if row.is_test else "", bool(row.is_test))
        for row in regimes.itertuples() if row.weeks >= 2
    ]
    return _drawn_curve(frame, "callers", dots, labels, labels["caption"], zero=False, result=result)


def optimum(result: PriceResult, labels: Labels) -> Figure | None:
    """Change of contribution a month by price, against today's."""
    frame = result.curve
    if frame is None or frame.change.isna().all():
        return None
    return _drawn_curve(frame, "change", [], labels, "", zero=True, result=result)


def _drawn_curve(
    frame: pd.DataFrame, name: str, dots: list[Dot], labels: Labels, caption: str, *, zero: bool, result: PriceResult,
) -> Figure:
    tested = frame[frame.is_tested]
    unit: Unit = "currency" if zero else "count"
    return curve(
        frame.price, frame[name], low=frame[f"{name}_low"], high=frame[f"{name}_high"],
        number_x=lambda v: labels.number(v, "currency"), number_y=lambda v: labels.number(v, unit), words_x=labels["x"],
        words_y=labels["y"], tested=(tested.price.min(), tested.price.max()), words_tested=labels["tested"], dots=dots,
        today=(result.price_now.value, labels["today"]), caption=caption, zero_line=zero, width=theme.HALF, height=36,
    )
