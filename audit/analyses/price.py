"""Price: what the price of a first visit does to demand, and to who comes.

Question   Does the price of a first visit matter, and can these data tell?
Method     A ladder of identification read off the price paths: units (branches or specialties) that changed at different
           times → Poisson panel with unit and week effects (Santos Silva & Tenreyro 2006), the widest of its intervals,
           event study, placebos; one change for all → trend and season, weak; prices that follow demand, or never
           move → refused. The same panel for booking, first visits and the share who come once only.
Reads      first visits; price list or bills, calls, appointments, services, money and events if there are any.
Cannot say What prices outside the tested range would do; why a price was changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from ibis import _
from ibis.expr.types import Table
from matplotlib.figure import Figure
from numpy.typing import NDArray
from pydantic import Field

from audit.analyses.clv import ClvResult
from audit.config import Params, Period
from audit.errors import NotAnswerable
from audit.models import price_change, price_ladder
from audit.models.contribution import among_won, later_value_won
from audit.models.counted import share
from audit.models.demand import DemandFit
from audit.models.patient_worth import patient_worth
from audit.models.price_periods import periods, tried, who_came
from audit.models.price_reading import OWN, Reading, read
from audit.models.share_response import fit_share
from audit.plots import theme
from audit.plots import weekly as weeks_plot
from audit.plots.dots import dots
from audit.results import Estimate, Finding, Grade, Measure, Result, Sentence, exact, table
from audit.tables.columns import Unit
from audit.tables.contacts import TOLD_FROM, numbered, without_number
from audit.tables.patient_money import patient_money
from audit.tables.price_now import Now, price_now
from audit.tables.priced_demand import PricedDemand, later_money, priced_demand
from audit.tables.weekly_demand import DemandPanel, UnitKind, self_paying
from audit.wording import Labels

Array = NDArray[np.float64]
FIGURES = ("branches", "timing", "reactions")
PRICES_MISSING = 0.05
"""Share of weeks without a known price from which it is said."""

MOST_UNNUMBERED = 0.5
"""Share of calls without a telephone number from which demand is read off first visits: too few callers can be told apart."""

FEWEST = 30
"""Patients below whom no mean of money is told."""


class PriceParams(Params):
    """Settings of the price of a first visit."""

    window_weeks: int = Field(26, ge=8, description="weeks before the first and after the last own change that are compared")
    widest_error: float = Field(0.5, gt=0, description="an elasticity with a larger standard error is not printed")
    widest_range: float = Field(2.0, gt=0, description="the same where all units changed together: then only a range is claimed")
    follow_days: int = Field(180, ge=30, description="a patient without a second visit by then came once only")
    value_days: int = Field(365, ge=30, description="days over which a first patient's money is counted")
    inflation: dict[int, float] = Field(
        default_factory=dict, description="rise of all prices over each calendar year, as a share; empty: prices as listed"
    )


@dataclass(frozen=True, kw_only=True)
class PriceResult(Result):
    """The rung of the ladder is ``identification``; ``demand_kind`` says whether demand is callers or first visits.

    What is unknown is None. ``price_tested`` is compared with ``price_now``; ``price_lowest`` and ``price_highest`` bound what
    was tried. Money later is what a first patient who pays himself brings after the first day within ``value_days``, in
    ``later_visits`` visits, less direct costs where ``has_costs``; ``value_won`` is that of a patient won by the tested
    price, who comes once only more often by ``one_off_won``. ``real_change`` is what inflation alone did to the price over
    the period; ``no_number_share`` is that of calls without a telephone number, which are left out;
    ``is_recorded`` whether the test is on the list of changes.
    """

    identification: str
    demand_kind: str
    unit_kind: str
    units: int
    elasticity: Estimate | None
    elasticity_booking: Estimate | None
    elasticity_visits: Estimate | None
    price_now: Estimate
    prices_differ: bool
    price_tested: Estimate | None
    price_lowest: Estimate | None
    price_highest: Estimate | None
    demand_change: Estimate | None
    cost_per_extra_patient: Estimate | None
    one_off_share: Estimate | None
    one_off_change: Estimate | None
    one_off_won: Estimate | None
    later_share: Estimate | None
    value_first: Estimate | None
    value_later: Estimate | None
    value_won: Estimate | None
    later_visits: Estimate | None
    value_days: int | None
    follow_days: int
    has_costs: bool
    placebo_share: Estimate | None
    real_change: Estimate | None
    insured_share: Estimate | None
    first_patients: Estimate
    callers: Estimate | None
    no_number_share: Estimate | None
    unpriced_share: Estimate | None
    is_recorded: bool
    test_branch: str | None
    test_from: date | None
    test_to: date | None
    ladder: pd.DataFrame = table(
        Measure("rung", "label"), Measure("needs", "label"), Measure("changes", "count"), Measure("units", "count"),
        Measure("largest", "share"), Measure("answer", "label"),
    )
    weeks: pd.DataFrame = table(
        Measure("week", "date"), Measure("unit", "label"), Measure("price", "currency"), Measure("callers", "count"),
        Measure("expected", "count"), Measure("is_test", "flag"),
    )
    regimes: pd.DataFrame | None = table(
        Measure("unit", "label"), Measure("from_week", "date"), Measure("weeks", "count"), Measure("price", "currency"),
        Measure("callers", "count"), Measure("is_test", "flag"),
    )
    levels: pd.DataFrame | None = table(
        Measure("price", "currency"), Measure("unit_weeks", "count"), Measure("followed", "count", people=True),
        Measure("one_off", "share", interval=True), Measure("value_later", "currency", interval=True),
    )
    intervals: pd.DataFrame | None = table(
        Measure("outcome", "label"), Measure("method", "label"), Measure("elasticity", "number", interval=True),
        Measure("n", "count", shown=False),
    )
    timing_blocks: pd.DataFrame | None = table(
        Measure("first", "weeks"), Measure("last", "weeks"), Measure("elasticity", "number", interval=True),
    )
    outcomes: pd.DataFrame | None = table(
        Measure("outcome", "label"), Measure("is_placebo", "flag"), Measure("elasticity", "number", interval=True),
        Measure("n", "count", shown=False),
    )


def analyse(
    first_visits: Table, opportunities: Table | None, enquiries: Table | None, appointments: Table | None, prices: Table | None,
    charges: Table | None, services: Table | None, patient_days: Table | None, events: Table | None, clv: ClvResult | None, *,
    period: Period, params: PriceParams,
) -> PriceResult:
    """The rung, the elasticities it allows with their checks, and who comes at another price."""
    calls, no_number = _told_apart(opportunities, enquiries, period, params)
    priced = _panel((calls, appointments, prices, charges, services), first_visits, period, params)
    panel = priced.panel
    now = price_now(first_visits, calls, panel, period)
    real = _real(panel, params)
    reading = _read(panel, real, params)
    inside = panel.cut(reading.weeks)
    costs_known = clv is None or clv.margin_365 is not None
    worth = _worth(patient_days, first_visits, costs_known, period, params)
    facts = _facts(reading, inside, real[reading.weeks], now, worth, params) | {
        "no_number_share": no_number, "unpriced_share": _unpriced(panel)}
    facts["is_recorded"] = _is_recorded(events, facts)
    if reading.rung == "constant" and params.inflation:
        facts["real_change"] = exact(float(real[0] ** -1 - 1), "share", len(panel.weeks))
    shown = facts["elasticity"] is not None
    return PriceResult(
        grade="B" if shown and facts["elasticity"].grade == "B" else "C", headline="elasticity" if shown else None,
        says=_says(reading, facts), **facts,
        findings=(*_findings(reading, facts, priced, params), *_gaps(reading, facts, calls)),
        ladder=_frame("ladder", [[s.rung, s.rung, s.changes, s.units, s.largest or np.nan, s.answer] for s in reading.ladder]),
        weeks=_weeks(reading, inside), regimes=_regimes(reading, inside, now) if shown else None,
        levels=_levels(inside, patient_days if facts["value_later"] else None, first_visits, facts["has_costs"], params) if shown else None,
        intervals=_intervals(reading, inside, params) if shown else None,
        timing_blocks=_timing(reading, params) if shown else None, outcomes=_outcomes(reading, inside, params) if shown else None,
    )


def _frame(name: str, rows: list[Any]) -> pd.DataFrame:
    """Rows as the declared table ``name``."""
    return pd.DataFrame(rows, columns=[column for measure in PriceResult.measures(name) for column in measure.names])


# ------------------------------------------------------------------ queries
def _told_apart(
    opportunities: Table | None, enquiries: Table | None, period: Period, params: PriceParams,
) -> tuple[Table | None, Estimate | None]:
    """Callers with a telephone number, and the share of calls without; no callers where most have none.

    A call without a number counts as a person each time, is joined to no visit, and may be a patient's.
    """
    if opportunities is None or enquiries is None:
        return opportunities, None
    silent, n = without_number(enquiries, period)
    if not silent:
        return opportunities, None
    found = share(silent, n, params.level)
    return (None if silent >= MOST_UNNUMBERED * n else numbered(opportunities, enquiries)), found


def _unpriced(panel: DemandPanel) -> Estimate | None:
    """Share of unit-weeks with demand for which no price is known."""
    open_ = np.isfinite(panel.main)
    missing = int((open_ & ~np.isfinite(panel.price)).sum())
    return exact(missing / open_.sum(), "share", int(open_.sum())) if missing else None


def _is_recorded(events: Table | None, facts: dict[str, Any]) -> bool:
    """The test is in the list of changes, so that the page on changes measures it too."""
    if events is None or facts["test_from"] is None:
        return False
    of_price = events.filter(_.kind == "price", _.from_day <= facts["test_to"], (_.to_day >= facts["test_from"]).fill_null(True))
    return bool(of_price.count().execute())


def _panel(tables: tuple[Table | None, ...], first_visits: Table, period: Period, params: PriceParams) -> PricedDemand:
    """Demand and prices by branch; by specialty where only these had prices of their own."""
    def found(kind: UnitKind) -> PricedDemand:
        calls, *others = tables
        priced = priced_demand(first_visits, calls, *others, days=period, follow_days=params.follow_days, kind=kind)
        if calls is not None and priced is not None and not np.nansum(priced.panel.main) > 0:
            # a log in which nobody is answered tells nothing: the first visits are there all the same
            priced = priced_demand(first_visits, None, *others, days=period, follow_days=params.follow_days, kind=kind)
        if priced is None or not np.nansum(priced.panel.main) > 0:
            raise NotAnswerable("no_demand", verdict="not_enough_data")
        if not np.isfinite(priced.panel.price).any():
            raise NotAnswerable("no_price")
        return priced

    by_branch = found("branch")
    if price_ladder.rung(_log(by_branch.panel)) in OWN or first_visits.specialty.nunique().execute() < 2:
        return by_branch
    by_specialty = found("specialty")
    return by_specialty if price_ladder.rung(_log(by_specialty.panel)) in OWN else by_branch


def _log(panel: DemandPanel) -> Array:
    with np.errstate(invalid="ignore"):
        return np.where(np.isfinite(panel.main), np.log(panel.price), np.nan)


def _worth(
    patient_days: Table | None, first_visits: Table, costs_known: bool, period: Period, params: PriceParams,
) -> dict[str, Any]:
    """Money of first patients who pay themselves, of the last year that was followed to the horizon; a shorter one if that year is short."""
    for days in sorted({params.value_days, 180, 90}, reverse=True) if patient_days is not None else ():
        since = period.end - timedelta(days=days + 365)
        money = patient_money(patient_days, self_paying(first_visits), horizon_days=days, since=since).order_by("patient_id").to_pandas()
        found = patient_worth(money, less_costs=costs_known, fewest=FEWEST, level=params.level, seed=params.seed)
        if found is not None:
            return {
                "value_days": days, "has_costs": found.has_costs, "later_share": exact(found.later_share, "share", found.n),
                "value_first": exact(found.first, "currency", found.n), "value_later": _three(found.later, "currency", found.n, params),
                "later_visits": exact(found.later_visits, "number", found.n),
            }
    return dict.fromkeys(("value_days", "later_share", "value_first", "value_later", "later_visits")) | {"has_costs": False}


# ------------------------------------------------------------------ steps
def _real(panel: DemandPanel, params: PriceParams) -> Array:
    """What a unit of money of each week is worth in that of the last one, shape (weeks,); 1 without inflation."""
    moments = [week.year + week.timetuple().tm_yday / 366 for week in panel.weeks]
    return 1 / price_change.price_level(params.inflation, moments)


def _read(panel: DemandPanel, real: Array, params: PriceParams) -> Reading:
    outcomes: dict[str, tuple[Array, Array | None]] = {}
    if panel.callers is not None and panel.booked is not None:
        outcomes = {"booking": (panel.booked, panel.callers), "came": (panel.came, None)}
    with np.errstate(invalid="ignore"):
        log_price = np.log(panel.price)
    return read(
        counts=panel.main, outcomes=outcomes, placebos={"repeats": panel.repeats, "insured": panel.insured}, log_price=log_price,
        log_real=log_price + np.log(real), week_of_year=np.array([week.isocalendar().week for week in panel.weeks], float),
        window_weeks=params.window_weeks,
    )


def _facts(
    reading: Reading, panel: DemandPanel, real: Array, now: Now, worth: dict[str, Any], params: PriceParams,
) -> dict[str, Any]:
    main = reading.main
    widest = params.widest_error if reading.by_unit else params.widest_range
    usable = main is not None and reading.rung != "follows_demand" and main.standard_error(params.level) <= widest
    elasticity = _elasticity(reading, main, params) if usable else None
    fits = {name: _elasticity(reading, reading.fits.get(name) if usable else None, params) for name in ("booking", "came")}
    is_test = panel.is_cheaper(price_ladder.SMALLEST_CHANGE)
    test_weeks = [panel.weeks[column] for column in np.unique(np.nonzero(is_test)[1])]
    units = [panel.units[row] for row in np.unique(np.nonzero(is_test)[0])]
    own = usable and reading.by_unit
    other = tried(price=panel.price, real=real, now=now.price, smallest=price_ladder.SMALLEST_CHANGE) if usable else None
    moved = main.placebo_share() if own and main is not None else None
    facts: dict[str, Any] = {
        "identification": reading.rung, "demand_kind": "visits" if panel.callers is None else "callers", "unit_kind": panel.kind, "units": len(panel.units),
        "elasticity": elasticity, "elasticity_booking": fits["booking"], "elasticity_visits": fits["came"],
        "price_now": exact(now.price, "currency", now.n), "prices_differ": now.differs,
        "price_tested": exact(other.tested, "currency", other.unit_weeks) if other else None,
        "price_lowest": exact(min(other.lowest, now.price), "currency", other.unit_weeks) if other else None,
        "price_highest": exact(max(other.highest, now.price), "currency", other.unit_weeks) if other else None,
        "first_patients": exact(now.patients, "count", now.n),
        "callers": None if now.callers is None else exact(now.callers, "count", now.n),
        "insured_share": exact(now.insured, "share", now.n) if now.insured > 0 else None, "real_change": None,
        "placebo_share": exact(moved, "share", main.placebo_t.size) if main is not None and moved is not None else None,
        "test_branch": units[0] if own and len(units) == 1 else None,
        "test_from": test_weeks[0] if own and test_weeks else None,
        "test_to": test_weeks[-1] + timedelta(days=6) if own and test_weeks else None,
        "follow_days": params.follow_days,
    } | worth | dict.fromkeys(("demand_change", "cost_per_extra_patient", "one_off_share", "one_off_change", "one_off_won", "value_won"))
    if elasticity and other:
        facts |= _of_the_test(elasticity, other.tested, now, params)
        facts |= _one_off(panel, real, facts, other.tested, now, params) if own else {}
    if facts["one_off_won"] and facts["value_later"]:
        later, won, once = facts["value_later"], facts["one_off_won"], facts["one_off_share"].value
        facts["value_won"] = _three(
            later_value_won((later.value, later.low, later.high), (won.value, won.low, won.high), one_off=once, level=params.level,
                            seed=params.seed), "currency", won.n, params, "C", won.verdict)
    return facts


def _three(
    three: tuple[float, float, float], unit: Unit, n: int, params: PriceParams, grade: Grade = "A", verdict: Any = "descriptive",
) -> Estimate:
    value, low, high = three
    return Estimate(value, min(value, low), max(value, high), unit, n, params.level, grade, verdict)


def _elasticity(reading: Reading, fit: DemandFit | None, params: PriceParams) -> Estimate | None:
    if fit is None:
        return None
    checked = reading.by_unit and not reading.moved_before and not reading.failed
    grade: Grade = "B" if reading.rung == "staggered" and checked else "C"
    bounds = fit.elasticity, *fit.interval(params.level)
    return _three(bounds, "number", fit.weeks, params, grade, "identified" if checked else "weak")


def _of_the_test(elasticity: Estimate, tested: float, now: Now, params: PriceParams) -> dict[str, Estimate | None]:
    def told(of: Callable[[float, float, float], float], unit: Unit) -> Estimate | None:
        value, one, other = (of(e, tested, now.price) for e in (elasticity.value, elasticity.low, elasticity.high))
        if not np.isfinite([value, one, other]).all():
            return None
        return _three((value, min(one, other), max(one, other)), unit, elasticity.n, params, elasticity.grade, elasticity.verdict)

    sure = tested < now.price and elasticity.verdict != "weak"
    cost = told(price_change.cost_per_extra, "currency") if sure else None
    return {"demand_change": told(price_change.log_change, "share"), "cost_per_extra_patient": cost}


def _one_off(
    panel: DemandPanel, real: Array, facts: dict[str, Any], tested: float, now: Now, params: PriceParams,
) -> dict[str, Estimate | None]:
    """Share who came once only at the usual price; what the tested price adds, in all patients and in those it won."""
    usual = np.abs(np.log(panel.price / panel.usual_price()[:, None])) < price_ladder.SMALLEST_CHANGE
    n, cheap = (int(np.nansum(panel.seen[cells])) for cells in (usual, ~usual & np.isfinite(panel.price)))
    month = np.array([12 * week.year + week.month for week in panel.weeks])
    fit = fit_share(events=panel.once, among=panel.seen, log_price=np.log(panel.price * real), month=month)
    if fit is None or min(n, cheap) < 20:
        return {}
    once = float(np.nansum(panel.once[usual]) / n)
    if not 0 < once < 1:
        return {}
    change, extra = fit.change(once, tested, now.price, params.level), facts["demand_change"]
    won = among_won(change, (extra.value, extra.low, extra.high), level=params.level, seed=params.seed)
    return {
        "one_off_share": exact(once, "share", n), "one_off_change": _three(change, "points", cheap, params, "C", extra.verdict),
        "one_off_won": None if won is None else _three(won, "points", cheap, params, "C", extra.verdict),
    }


# ------------------------------------------------------------------ tables
def _levels(
    panel: DemandPanel, patient_days: Table | None, first_visits: Table, less_costs: bool, params: PriceParams,
) -> pd.DataFrame | None:
    later = None if patient_days is None else later_money(
        patient_days, first_visits, panel, horizon_days=params.follow_days, less_costs=less_costs)
    rows = who_came(price=panel.price, once=panel.once, seen=panel.seen, later=later, fewest=FEWEST, level=params.level, seed=params.seed)
    return _frame("levels", rows) if rows else None


def _regimes(reading: Reading, panel: DemandPanel, now: Now) -> pd.DataFrame:
    """Price periods of each unit: demand a month at today's volume, unit and week effects removed."""
    fit = reading.main
    if fit is None or not reading.by_unit:
        return _frame("regimes", [])
    is_test = panel.is_cheaper(price_ladder.SMALLEST_CHANGE)
    volume = now.callers if now.callers is not None and panel.callers is not None else now.patients
    found = periods(counts=panel.main, price=panel.price, fitted=fit.fitted, elasticity=fit.elasticity, reference=now.price)
    return _frame("regimes", [
        [panel.units[one.unit], panel.weeks[one.cells[0]], one.cells.size, one.price, volume * one.demand, bool(is_test[one.unit, one.cells].any())]
        for one in found
    ])


def _weeks(reading: Reading, panel: DemandPanel) -> pd.DataFrame:
    """Demand a week by unit, and that expected at the unit's usual price."""
    fit = reading.main
    is_test = panel.is_cheaper(price_ladder.SMALLEST_CHANGE)
    expected = np.full(panel.price.shape, np.nan)
    if fit is not None and reading.by_unit:
        expected = fit.fitted * np.exp(-fit.elasticity * np.log(panel.price / panel.usual_price()[:, None]))
    return _frame("weeks", [
        [week, unit, panel.price[row, column], panel.main[row, column], expected[row, column], bool(is_test[row, column])]
        for row, unit in enumerate(panel.units) for column, week in enumerate(panel.weeks)
    ])


def _named(reading: Reading, panel: DemandPanel) -> dict[str, DemandFit]:
    assert reading.main is not None
    return {"visits" if panel.callers is None else "callers": reading.main} | dict(reading.fits)


def _intervals(reading: Reading, panel: DemandPanel, params: PriceParams) -> pd.DataFrame:
    return _frame("intervals", [
        [outcome, method, fit.elasticity, low, high, fit.weeks]
        for outcome, fit in _named(reading, panel).items() for method, (low, high) in fit.intervals(params.level).items()
    ])


def _outcomes(reading: Reading, panel: DemandPanel, params: PriceParams) -> pd.DataFrame:
    """What reacts to price, then what must not."""
    found = [(name, False, fit) for name, fit in _named(reading, panel).items()]
    found += [(name, True, fit) for name, fit in reading.checks.items()]
    rows = [[name, placebo, fit.elasticity, *fit.interval(params.level), fit.weeks] for name, placebo, fit in found]
    return _frame("outcomes", rows)


def _timing(reading: Reading, params: PriceParams) -> pd.DataFrame | None:
    study = reading.timing
    if study is None:
        return None
    return _frame("timing_blocks", list(zip(study.first, study.last, study.value, *study.interval(params.level), strict=True)))


# ------------------------------------------------------------------ what is said
def _placebos(reading: Reading, elasticity: Estimate | None) -> str:
    """What those say who should not react: a check whose interval holds the effect itself could not have failed."""
    if reading.failed:
        return "fails"
    if not reading.checks or elasticity is None:
        return "passes" if reading.checks else "none"
    bounds = [fit.interval(elasticity.level) for fit in reading.checks.values()]
    return "wide" if all(low <= elasticity.value <= high for low, high in bounds) else "passes"


def _says(reading: Reading, facts: dict[str, Any]) -> dict[str, Sentence]:
    elasticity = facts["elasticity"]
    title: str = reading.rung
    if reading.rung in ("constant", "follows_demand"):
        pass
    elif elasticity is None:
        title = "too_few"
    elif elasticity.verdict == "weak":
        title = "weak"
    else:
        title = "reacts" if elasticity.is_off_zero else "no_reaction"
    return {
        "title": Sentence(title), "lede": Sentence("measured" if elasticity else title),
        "figures.timing.title": Sentence("moved_before" if reading.moved_before else "parallel"),
        "figures.reactions.title": Sentence(_placebos(reading, elasticity)),
        "notes.care": Sentence("other" if not reading.by_unit else "several" if reading.rung == "staggered" else "test"),
        "notes.decide": Sentence(title),
    }


def _findings(
    reading: Reading, facts: dict[str, Any], priced: PricedDemand, params: PriceParams,
) -> tuple[Finding, ...]:
    booking, off, more = facts["elasticity_booking"], facts["real_change"], facts["one_off_change"]
    silent, unpriced = facts["no_number_share"], facts["unpriced_share"]
    told = (
        (priced.overlaps, Finding("list_overlaps", "caveat", {
            "overlaps": priced.overlaps, "settled": priced.settled, "unsettled": priced.overlaps - priced.settled})),
        (unpriced and unpriced.value >= PRICES_MISSING, Finding("unpriced", "caveat")),
        (priced.gaps, Finding("list_gaps", "caveat", {"stretches": priced.gaps})),
        (silent and TOLD_FROM <= silent.value < MOST_UNNUMBERED, Finding("no_numbers", "caveat")),
        (facts["cost_per_extra_patient"], Finding("cost", "caveat")),
        (more and more.low > 0, Finding("once_more", "risk")),
        (more and more.low <= 0, Finding("once_unclear", "caveat")),
        (facts["elasticity"] and reading.moved_before, Finding("moved_before", "caveat")),
        (facts["elasticity"] and reading.failed, Finding("placebo_moves", "caveat")),
        (off, Finding("eroded", "caveat")),
        (not reading.by_unit and not params.inflation, Finding("nominal", "caveat")),
        (booking and booking.is_off_zero, Finding("booking_reacts", "caveat")),
        (facts["placebo_share"], Finding("by_chance", "caveat")),
        (facts["later_share"], Finding("later", "strength")),
        (facts["insured_share"], Finding("insured", "caveat")),
        (facts["value_later"] and not facts["has_costs"], Finding("no_costs", "caveat")),
    )
    return tuple(finding for applies, finding in told if applies)


def _gaps(
    reading: Reading, facts: dict[str, Any], calls: Table | None,
) -> tuple[Finding, ...]:
    silent = facts["no_number_share"]
    unknown = reading.rung in ("constant", "follows_demand", "all_at_once", "promotion")
    told = (
        (unknown, Finding(reading.rung, "not_answered")),
        (not unknown and facts["elasticity"] is None, Finding("too_few", "not_answered")),
        (facts["elasticity"] and facts["elasticity"].verdict != "weak" and facts["cost_per_extra_patient"] is None
         and facts["price_tested"] and facts["price_tested"].value < facts["price_now"].value, Finding("cost_unbounded", "not_answered")),
        (calls is None and silent is None, Finding("no_calls", "not_answered")),
        (calls is None and silent, Finding("calls_without_numbers", "not_answered")),
        (facts["value_later"] is None, Finding("no_money", "not_answered")),
    )
    return tuple(finding for applies, finding in told if applies)


# ------------------------------------------------------------------ figures
def branches(result: PriceResult, labels: Labels) -> Figure | None:
    """Demand a week of each unit around the test, and what the tested unit would have had without it."""
    frame = result.weeks
    if result.test_branch is None or result.test_from is None or result.test_to is None or frame.unit.nunique() < 2:
        return None
    weeks = sorted(frame.week.unique())
    units = []
    for unit, rows in frame.groupby("unit", sort=True):
        tested = bool(rows.is_test.any())
        units.append(weeks_plot.Unit(
            labels.text("unit", unit=unit), rows.callers.to_numpy(), rows.expected.to_numpy() if tested else None, tested,
        ))
    span = weeks_plot.Span(result.test_from, result.test_to, labels["span"])
    return weeks_plot.weekly(
        [pd.Timestamp(week).date() for week in weeks], units, spans=[span], number=lambda v: labels.number(v, "count"),
        month=labels.month, words_y=labels["y"], words_expected=labels["expected"], width=theme.MAIN, height=28,
    )


def timing(result: PriceResult, labels: Labels) -> Figure | None:
    """Elasticity by block of weeks before and after a change of price."""
    frame = result.timing_blocks
    if frame is None:
        return None
    rows = [labels.text("before" if row.last < 0 else "later" if number == len(frame) - 1 else "after",
                        first=int(min(abs(row.first), abs(row.last)) if row.last < 0 else row.first + 1),
                        last=int(max(abs(row.first), abs(row.last)) if row.last < 0 else row.last + 1))
            for number, row in enumerate(frame.itertuples())]
    return _dots(frame, rows, (frame["last"] < 0).to_numpy(), labels)


def reactions(result: PriceResult, labels: Labels) -> Figure | None:
    """Elasticities of what may react to price, and of what must not."""
    frame = result.outcomes
    if frame is None:
        return None
    return _dots(frame, [labels.text("outcome", outcome=name) for name in frame.outcome], frame.is_placebo.to_numpy(), labels)


def _dots(frame: pd.DataFrame, rows: list[str], hollow: NDArray[np.bool_], labels: Labels) -> Figure:
    return dots(
        rows, frame.elasticity, frame.elasticity_low, frame.elasticity_high, hollow=list(hollow), centre=(0.0, 0.0, 0.0),
        centre_text=labels["zero"], x=labels["x"], number=lambda v: labels.number(v, "number"), width=theme.HALF,
        height=16 + 4.2 * len(rows),
    )
