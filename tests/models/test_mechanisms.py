"""Mechanisms: gains are contribution, nobody is won twice, and what cannot be told gives a reason."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from audit.models import mechanisms
from audit.models.drivers import unlimited
from audit.models.mechanisms import DRAWS, MECHANISMS, Setting
from audit.results import Estimate, exact

SETTING = Setting(
    revenue=1_000_000.0, visits=1000.0, operations=40.0, visits_per_first=4.0, operations_per_first=0.0, visit_worth=np.full(DRAWS, 60.0),
    operation_worth=np.full(DRAWS, 900.0), free=np.full((DRAWS, 2), 50.0), lost=200.0, conversion=0.5, spoken=400.0, pay=100_000.0,
)  # fmt: skip
HALF = np.full(DRAWS, 0.5)
MONEY = exact(100, "currency", 50)


def rng() -> np.random.Generator:
    return np.random.default_rng(1)


def share(value: float, low: float, high: float) -> Estimate:
    return Estimate(value, low, high, "share", 100)


def effect(name: str, part=HALF, setting: Setting = SETTING, **inputs):
    return MECHANISMS[name](setting, rng(), part, **inputs)


def gain(found, effort: str | None = "low") -> float:
    """Mean gain a month of an effect, after its running cost."""
    return float(unlimited(SETTING.change(rng(), found, effort=effort)).mean())


@pytest.mark.parametrize(
    ("name", "inputs", "expected"),
    [
        # 100 missed × half reached × half come × 4 visits × 60
        ("callers_reached", {"callers": exact(500, "count", 500), "answered": share(0.8, 0.78, 0.82)}, 100 * 0.5 * 0.5 * 4 * 60),
        ("first_visits_won", {"lost": Estimate(30, 20, 40, "count", 400)}, 30 * 0.5 * 4 * 60),
        ("undecided_won", {}, 200 * 0.5 * 4 * 60),
        # a fifth of those who booked does not come: a quarter of the 250 who did
        ("first_bookings_kept", {"came": share(0.8, 0.79, 0.81)}, 250 * 0.25 * 0.5 * 4 * 60),
        # a fifth of those due is lost, so a quarter of those kept
        ("appointments_kept", {"lost": share(0.2, 0.19, 0.21)}, 1000 * 0.25 * 0.5 * 60),
        ("appointments_kept", {"lost": share(0.2, 0.19, 0.21), "later": share(0.4, 0.4, 0.4)}, 1000 * 0.25 * 0.5 * 0.6 * 60),
        ("new_patients", {}, 1000 * 0.5 * 60),
        ("missing_patients", {"missing": Estimate(60, 50, 70, "count", 400)}, 60 * 0.5 * 4 * 60),
        # 250 new patients, of whom two fifths do not come again
        ("come_again", {"returned": share(0.6, 0.58, 0.62)}, 250 * 0.4 * 0.5 * 60),
        # a sixth of the extra revenue comes due in a month; a visit of 100 contributes 60
        ("overdue_back", {"money": Estimate(120_000, 90_000, 150_000, "currency", 700), "days": 183, "receipt": MONEY}, 120_000 / 6.01 / 100 * 60 * 0.5),
        ("money_in_visits", {"money": Estimate(8000, 7000, 9000, "currency", 700), "receipt": MONEY}, 80 * 60 * 0.5),
        ("receipt_raised", {}, 1000 * 60 * 0.5),
        ("operations_more", {}, 40 * 900 * 0.5),
        ("money_kept", {"spent": exact(9000, "currency", 12)}, 4500),
        ("beds_opened", {"added": 0.1}, 4 * 900 * 0.5),
        ("rooms_opened", {"added": 0.1, "reasons": pd.DataFrame({"reason": ["no_slot"], "share": [0.2], "share_low": [0.15], "share_high": [0.25]})},
         200 * 0.2 * 0.5 * 4 * 60 - 10_000),
    ],
)  # fmt: skip
def test_gain_is_the_contribution_of_what_is_won(name, inputs, expected):
    assert gain(effect(name, **inputs), effort=None) == pytest.approx(expected, rel=0.05)


def test_every_mechanism_is_tested_above_or_here():
    marks = test_gain_is_the_contribution_of_what_is_won.pytestmark[0].args[1]
    assert {case[0] for case in marks} | {"price_tested"} == set(MECHANISMS)


def test_running_cost_is_at_least_the_planned_hours_and_scales_with_revenue():
    nothing = effect("money_kept", spent=exact(0, "currency", 1))
    assert gain(nothing, "low") == pytest.approx(-1500, rel=0.02) and gain(nothing, None) == 0
    cost = SETTING.change(rng(), nothing, effort="low", least_cost=9000.0).cost.mean()
    assert cost == pytest.approx(9000, rel=0.02)
    big = dataclasses.replace(SETTING, revenue=1e8)
    assert big.change(rng(), nothing, effort="high").cost.mean() == pytest.approx(1e6, rel=0.02)


@pytest.mark.parametrize("grade", ["B", "C"])
def test_recall_is_as_sure_as_the_campaign_it_rests_on(grade):
    money = Estimate(120_000, 90_000, 150_000, "currency", 700, grade=grade)
    assert effect("overdue_back", money=money, days=183, receipt=MONEY).grade == grade


def test_opened_rooms_are_counted_only_when_callers_were_asked_why():
    tags = pd.DataFrame({"reason": ["no_slot"], "share": [0.2], "share_low": [0.15], "share_high": [0.25]})
    assert effect("rooms_opened", added=0.1, reasons=tags).grade == "B"
    guessed = effect("rooms_opened", added=0.1, reasons=None)
    assert guessed.grade == "C" and guessed.opens_visits == 100


def test_a_price_test_risks_the_test_and_keeps_only_a_change_that_gains():
    loses = Estimate(-30_000, -60_000, 0, "currency", 9)
    found = effect("price_tested", np.ones(DRAWS), change=loses, cost=exact(12_000, "currency", 9), weeks=mechanisms.MONTH / 7)
    assert found.money.min() == -1000 and (found.money > 0).mean() < 0.06
    assert gain(found, None) > loses.value, "a test is not the change in the whole clinic"


def test_those_lost_on_the_way_are_won_once():
    everybody = effect("undecided_won", np.ones(DRAWS))
    assert everybody.pool == "lost" and np.allclose(everybody.share, 1.0)


def test_without_calls_nothing_is_said_of_callers():
    blind = dataclasses.replace(SETTING, lost=0.0, conversion=np.nan)
    assert effect("undecided_won", setting=blind) == "funnel"
    assert effect("callers_reached", setting=blind, callers=exact(5, "count", 5), answered=share(0.5, 0.4, 0.6)) == "funnel"
    assert effect("operations_more", setting=dataclasses.replace(SETTING, operations=0.0)) == mechanisms.NOT_NEEDED


def test_new_patients_are_operated_too():
    """One new patient in ten is operated: his operation is asked of the ward and earns what operations earn."""
    missed = {"callers": exact(500, "count", 500), "answered": share(0.8, 0.78, 0.82)}
    some = dataclasses.replace(SETTING, operations_per_first=0.1)
    plain, operated = (effect("callers_reached", setting=setting, **missed) for setting in (SETTING, some))
    assert gain(operated) - gain(plain) == pytest.approx(100 * 0.5 * 0.5 * 0.1 * 900, rel=0.05)
    assert np.mean(operated.operations) == pytest.approx(2.5, rel=0.05)
