"""Random clinics with prices whose effect is known, for the coverage of the price pages.

Each seed draws a clinic of three to five branches over two years: callers a week are Poisson around branch × common
week × own slow noise × (price / list)^ε, book with a chance that reacts to the price too, come once only by a logit in
the price, and bring later money if they come again. Five kinds of prices: ``staggered`` changes of the branches'
own, ``one_branch`` one test in one branch, ``common`` one change for all, ``none``, and ``endogenous`` ones raised after
weeks of high demand. The first three must hold the truth, the last two must be refused.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import SimpleNamespace

for folder in (Path(__file__).parent, Path(__file__).parents[1]):
    sys.path.insert(0, str(folder))
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from scipy import special

from audit import catalogue
from audit.analyses.price import PriceResult
from audit.analyses.price_choice import PriceChoiceResult
from audit.config import Period
from audit.models import price_change
from audit.results import Estimate, exact
from audit.tables.connection import tables_from_frames

START, END = date(2015, 1, 5), date(2017, 1, 2)
PERIOD = Period(start=START, end=END)
WEEKS = (END - START).days // 7
LIST, COST, RETURNING, RETURN_COST = 2500.0, 500.0, 9000.0, 3000.0
KINDS = ("staggered", "one_branch", "common", "none", "endogenous")
EFFECTS = ("elasticity", "elasticity_booking", "elasticity_visits", "demand_change", "cost_per_extra_patient", "one_off_change", "value_won")


@dataclass(frozen=True)
class Market:
    """What a clinic's demand does: elasticities of calls and booking, slope of the logit of coming once only, its
    share at the list price, callers a week of each branch, standard deviations of common and own weekly noise."""

    calls: float
    booking: float
    once_slope: float
    once: float
    weekly: np.ndarray
    common: float
    own: float


def draw_market(rng: np.random.Generator) -> Market:
    """A random market."""
    branches = int(rng.integers(3, 6))
    return Market(
        calls=rng.uniform(-1.6, -0.5), booking=rng.choice([0.0, -0.4]), once_slope=rng.uniform(-1.5, 0.0), once=rng.uniform(0.35, 0.55),
        weekly=rng.uniform(40, 90, branches), common=0.08, own=rng.uniform(0.0, 0.08),
    )


def noise(rng: np.random.Generator, rows: int, spread: float, memory: float = 0.7) -> np.ndarray:
    """Autoregressive log noise (rows, weeks) of standard deviation ``spread``."""
    drawn = rng.normal(0, spread * np.sqrt(1 - memory**2), (rows, WEEKS + 30))
    for week in range(1, WEEKS + 30):
        drawn[:, week] += memory * drawn[:, week - 1]
    return drawn[:, 30:]


def prices_of(kind: str, rng: np.random.Generator, own: np.ndarray) -> np.ndarray:
    """Price by branch and week (branches, weeks) for a kind of pricing; ``own`` log noise of demand, which only
    endogenous prices look at."""
    price = np.full(own.shape, LIST)
    branches = len(own)
    if kind == "staggered":
        for branch in range(branches):
            for week in np.sort(rng.choice(np.arange(12, WEEKS - 12), 2, replace=False)):
                price[branch, week:] = LIST * rng.choice([0.8, 0.9, 1.0, 1.1])
    elif kind == "one_branch":
        first = int(rng.integers(35, 60))
        price[int(rng.integers(branches)), first : first + 8] = 0.8 * LIST
    elif kind == "common":
        price[:, int(rng.integers(45, 70)) :] = 0.85 * LIST
    elif kind == "endogenous":
        for week in range(8, WEEKS, 8):
            price[:, week:] = np.round(LIST * np.exp(0.8 * own[:, week - 6 : week].mean(axis=1)), -1)[:, None]
    return price


def tables(kind: str, seed: int) -> tuple[dict[str, pd.DataFrame], Market]:
    """Canonical frames of one clinic, and its market."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    market = draw_market(rng)
    branches = len(market.weekly)
    season = 0.1 * np.sin(2 * np.pi * np.arange(WEEKS) / 52) + 0.002 * np.arange(WEEKS)
    own = noise(rng, branches, 0.15 if kind == "endogenous" else market.own)
    price = prices_of(kind, rng, own)
    log_ratio = np.log(price / LIST)
    callers = rng.poisson(market.weekly[:, None] * np.exp(season + noise(rng, 1, market.common) + own + market.calls * log_ratio))
    branch, week = (np.repeat(part.ravel(), callers.ravel()) for part in np.indices(callers.shape))
    n = len(branch)
    paid, ratio = price[branch, week], log_ratio[branch, week]
    called = pd.to_datetime(START) + pd.to_timedelta(7 * week + rng.integers(0, 5, n), unit="D") + pd.Timedelta(hours=10)
    booked = rng.random(n) < 0.6 * np.exp(market.booking * ratio)
    once = rng.random(n) < special.expit(special.logit(market.once) + market.once_slope * ratio)
    key = np.array([f"{i:06d}" for i in range(n)])
    name = np.array([f"Branch {k + 1}" for k in range(branches)])[branch]
    first = pd.DataFrame({"patient_id": "p" + key, "starts_at": called + pd.Timedelta(days=1), "branch": name, "paid": paid, "service_id": "F"})[booked]
    later = rng.gamma(2.0, RETURNING / 2, n).round(2)
    again = first.assign(starts_at=first.starts_at + pd.Timedelta(days=30), service_id="R", paid=later[booked])[~once[booked]]
    visits = pd.concat([first, again], ignore_index=True)
    visits = visits[visits.starts_at < pd.Timestamp(END)].assign(status="completed", kind="outpatient", payer="cash").reset_index(drop=True)
    visits["appointment_id"] = [f"a{i:06d}" for i in range(len(visits))]
    starts = [(b, w) for b in range(branches) for w in range(WEEKS) if w == 0 or price[b, w] != price[b, w - 1]]
    return {
        "patients": pd.DataFrame({"patient_id": first.patient_id, "registered_on": first.starts_at.dt.date, "phone_key": "t" + first.patient_id.str[1:]}),
        "appointments": visits.drop(columns="paid"),
        "charges": visits.assign(charge_id=visits.appointment_id, charged_on=visits.starts_at.dt.date, quantity=1.0).assign(kind="sale")[
            ["charge_id", "patient_id", "appointment_id", "charged_on", "service_id", "branch", "kind", "quantity", "paid", "payer"]],
        "enquiries": pd.DataFrame({
            "enquiry_id": "e" + key, "started_at": called, "kind": "call", "direction": "in", "caller_key": "t" + key, "branch": name,
            "is_answered": True}),
        "services": pd.DataFrame({"service_id": ["F", "R"], "kind": "consultation", "is_first_visit": [True, False],
                                  "direct_cost": [COST, RETURN_COST]}),
        "prices": pd.DataFrame([
            {"service_id": "F", "branch": f"Branch {b + 1}", "valid_from": pd.Timestamp(START) + pd.Timedelta(weeks=w), "valid_to": None,
             "price": price[b, w]} for b, w in starts]),
    }, market


def truths(market: Market, result: PriceResult) -> dict[str, float]:
    """What each estimate of the page should hold, at the prices the page compares."""
    found = {"elasticity": market.calls, "elasticity_booking": market.booking, "elasticity_visits": market.calls + market.booking}
    if result.price_tested is None:
        return found
    tested, now = result.price_tested.value, result.price_now.value
    found["demand_change"] = price_change.log_change(market.calls, tested, now)
    found["cost_per_extra_patient"] = price_change.cost_per_extra(market.calls, tested, now)
    once = {at: special.expit(special.logit(market.once) + market.once_slope * np.log(at / LIST)) for at in (tested, now)}
    found["one_off_change"] = once[tested] - once[now]
    won = found["demand_change"] / (1 + found["demand_change"])
    found["value_won"] = (RETURNING - RETURN_COST) * (1 - once[now] - found["one_off_change"] / won)
    return found


FULL = SimpleNamespace(room_load=exact(0.98, "share", 26), ceiling=exact(0.85, "share", 0))
"""Rooms that take nobody more."""


def choice(price: PriceResult, *, full: bool) -> PriceChoiceResult:
    """The page of other prices, with free or full rooms."""
    what = catalogue.analysis("price_choice")
    earlier = {"price": price} | ({"capacity": FULL} if full else {})
    result = catalogue.compute(what, {}, earlier, period=PERIOD, params=what.params())
    assert isinstance(result, PriceChoiceResult)
    return result


def contribution(market: Market, price: PriceResult, at: float, *, full: bool) -> float:
    """What the price ``at`` would truly change a month, for the first patients there are; who comes again makes one later visit."""
    now, list_once = price.price_now.value, special.logit(market.once)
    again = {one: 1 - special.expit(list_once + market.once_slope * np.log(one / LIST)) for one in (at, now)}
    served = (at / now) ** (market.calls + market.booking)
    if full:
        served = min(served, (1 + again[now]) / (1 + again[at]))
    each = {one: one - COST + (RETURNING - RETURN_COST) * again[one] for one in (at, now)}
    return price.first_patients.value * (served * each[at] - each[now])


def audited(kind: str, seed: int) -> tuple[PriceResult, Market]:
    """The price page of one clinic."""
    frames, market = tables(kind, seed)
    what = catalogue.analysis("price")
    result = catalogue.compute(what, tables_from_frames(frames, end=END), {}, period=PERIOD, params=what.params())
    assert isinstance(result, PriceResult)
    return result, market


def told(kind: str, seed: int) -> tuple[list[tuple[str, Estimate, float]], str, bool]:
    """What the page tells of one clinic beside the truth, the rung it names, and whether it tells a number at all."""
    result, market = audited(kind, seed)
    estimates: Mapping[str, Estimate] = result.estimates()
    truth = truths(market, result)
    names = EFFECTS if kind in ("staggered", "one_branch") else EFFECTS[:1]
    found = [(f"price.{name} {kind}", estimates[name], truth[name]) for name in names if name in estimates and name in truth]
    for full in (False, True) if kind in ("staggered", "one_branch") else ():
        gain = choice(result, full=full)
        if gain.change_gain is not None and gain.change_price is not None:
            name = f"price_choice.change_gain {kind}, rooms {'full' if full else 'free'}"
            found.append((name, gain.change_gain, contribution(market, result, gain.change_price.value, full=full)))
    return found, result.identification, result.elasticity is not None


def facts(seed: int) -> list[tuple[str, float]]:
    """Whether a number is told where prices never move or follow demand: it should not be."""
    return [(f"price {kind}: a number told", float(told(kind, seed)[2])) for kind in ("none", "endogenous")]


def cases(seed: int, kinds: tuple[str, ...] = KINDS) -> list[tuple[str, Estimate, float]]:
    """Name, estimate and truth of everything the price page tells of the clinics of one seed."""
    return [case for kind in kinds for case in told(kind, seed)[0]]
