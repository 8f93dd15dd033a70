"""The catalogue: gains are contribution, inputs that are missing give a reason and never a number."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from audit.models import actions
from audit.models.actions import DRAWS, Setting
from audit.models.drivers import Change, unlimited
from audit.results import Estimate, exact

SETTING = Setting(
    revenue=1_000_000.0, visits=1000.0, operations=40.0, visits_per_first=4.0, visit_worth=np.full(DRAWS, 60.0),
    operation_worth=np.full(DRAWS, 900.0), free=np.full((DRAWS, 2), 50.0), lost=200.0, conversion=0.5, spoken=400.0,
)  # fmt: skip


def rng() -> np.random.Generator:
    return np.random.default_rng(1)


def share(value: float, low: float, high: float) -> Estimate:
    return Estimate(value, low, high, "share", 100)


def gain(judged: object) -> float:
    assert isinstance(judged, tuple)
    return float(unlimited(judged[0]).mean())


def test_missed_calls_are_worth_their_contribution():
    found = actions.call_back(SETTING, rng(), callers=exact(500, "count", 500), answered_share=share(0.8, 0.78, 0.82))
    # 100 missed × half reached × half come × 4 visits × 60, less 0.15% of revenue
    assert gain(found) == pytest.approx(100 * 0.5 * 0.5 * 4 * 60 - 1500, rel=0.05)
    assert found[1] == "B" and found[0].pool == "lost"


def test_desk_closes_half_of_its_gap():
    found = actions.script(SETTING, rng(), below=2, lost_visits=Estimate(30, 20, 40, "count", 400))
    assert gain(found) == pytest.approx(30 * 0.5 * 4 * 60 - 1500, rel=0.05)


@pytest.mark.parametrize("grade", ["B", "C"])
def test_recall_is_as_sure_as_the_campaign_it_rests_on(grade):
    revenue = Estimate(120_000, 90_000, 150_000, "currency", 700, grade=grade)
    found = actions.recall(SETTING, rng(), due=900, revenue=revenue, days=183, receipt=exact(100, "currency", 50))
    # a sixth of the extra revenue comes due in a month; a visit of 100 contributes 60
    assert found[1] == grade and gain(found) == pytest.approx(120_000 / 6.01 / 100 * 60 - 1500, rel=0.05)


def test_evening_hours_open_what_they_cost():
    tags = pd.DataFrame({"reason": ["no_slot"], "share": [0.2], "share_low": [0.15], "share_high": [0.25]})
    found = actions.evening_hours(SETTING, rng(), load=share(0.97, 0.95, 0.99), pay=100_000.0, reasons=tags, level=0.9)
    assert found[1] == "B" and found[0].opens[0, 0] == pytest.approx(100)
    assert gain(found) == pytest.approx(200 * 0.2 * 0.75 * 4 * 60 - 5000 - 10_000, rel=0.25)
    assert actions.evening_hours(SETTING, rng(), load=share(0.97, 0.95, 0.99), pay=0.0, reasons=None, level=0.9)[1] == "C"


def test_money_moves_from_the_dear_channel_to_the_cheap_one():
    channels = pd.DataFrame({
        "channel": ["a", "b", "free"], "spend": [1000.0, 3000.0, 0.0], "cost_per_first_patient": [20.0, 100.0, np.nan],
        "cost_per_first_patient_low": [18.0, 80.0, np.nan], "cost_per_first_patient_high": [22.0, 120.0, np.nan],
        "next_patient": [np.nan, 150.0, np.nan],
    })  # fmt: skip
    found = actions.shift_spend(SETTING, rng(), channels=channels, level=0.9)
    people = 600 * (np.log(2) / 20 - 1 / 150)
    assert gain(found) == pytest.approx(people * 4 * 60 - 1500, rel=0.08)
    assert actions.shift_spend(SETTING, rng(), channels=channels.head(1), level=0.9) == "not_needed"


def test_price_takes_the_best_other_price():
    points = pd.DataFrame({"price": [40.0, 45.0, 50.0], "change": [0.0, 300.0, -90.0], "change_low": [0.0, 100.0, -200.0],
                           "change_high": [0.0, 500.0, 10.0]})  # fmt: skip
    found = actions.price_test(SETTING, rng(), points=points, price_now=exact(40, "currency", 1), level=0.9)
    assert gain(found) == pytest.approx(300 - 1500, rel=0.1) and found[1] == "C"


@pytest.mark.parametrize(
    ("judged", "reason"),
    [
        (lambda: actions.call_back(SETTING, rng(), callers=None, answered_share=None), "no_calls"),
        (lambda: actions.script(SETTING, rng(), below=None, lost_visits=None), "no_administrators"),
        (lambda: actions.script(SETTING, rng(), below=0, lost_visits=exact(0, "count", 9)), "not_needed"),
        (lambda: actions.recall(SETTING, rng(), due=9, revenue=None, days=183, receipt=None), "no_recall"),
        (lambda: actions.recall(SETTING, rng(), due=0, revenue=None, days=183, receipt=None), actions.NOT_NEEDED),
        (lambda: actions.standard(SETTING, rng(), doctors=None, raised=None, receipt=None), "no_doctors"),
        (lambda: actions.standard(SETTING, rng(), doctors=3, raised=None, receipt=exact(9, "currency", 9)), "not_needed"),
        (lambda: actions.shift_spend(SETTING, rng(), channels=None, level=0.9), "no_channels"),
        (lambda: actions.children(SETTING, rng(), residents=None, missing=None), "no_residents"),
        (lambda: actions.children(SETTING, rng(), residents=share(0.2, 0.2, 0.2), missing=None), "not_needed"),
        (lambda: actions.beds(SETTING, rng(), load=None), "no_beds"),
        (lambda: actions.beds(SETTING, rng(), load=share(0.5, 0.4, 0.6)), "not_needed"),
        (lambda: actions.evening_hours(SETTING, rng(), load=None, pay=0, reasons=None, level=0.9), "no_rooms"),
        (lambda: actions.evening_hours(SETTING, rng(), load=share(0.4, 0.3, 0.5), pay=0, reasons=None, level=0.9), "not_needed"),
        (lambda: actions.price_test(SETTING, rng(), points=None, price_now=None, level=0.9), "no_price"),
    ],
)  # fmt: skip
def test_missing_inputs_give_a_reason(judged, reason):
    assert judged() == reason


def test_every_action_is_followed_up_and_costs_scale_with_revenue():
    assert all(profile.effort in actions.EFFORT for profile in actions.CATALOGUE.values())
    big = dataclasses.replace(SETTING, revenue=1e8, operation_worth=SETTING.operation_worth * 100)
    small, large = (actions.beds(s, rng(), load=share(1, 1, 1)) for s in (SETTING, big))
    assert gain(large) == pytest.approx(100 * gain(small))
    assert isinstance(small[0], Change)


def test_new_patients_are_operated_too():
    """One new patient in ten is operated: his operation is asked of the ward and earns what operations earn."""
    missed = {"callers": exact(500, "count", 500), "answered_share": share(0.8, 0.78, 0.82)}
    plain = actions.call_back(SETTING, rng(), **missed)
    operated = actions.call_back(dataclasses.replace(SETTING, operations_per_first=0.1), rng(), **missed)
    assert gain(operated) - gain(plain) == pytest.approx(100 * 0.5 * 0.5 * 0.1 * 900, rel=0.05)
    assert operated[0].units[:, 1].mean() == pytest.approx(2.5, rel=0.05)


def test_standard_is_expected_to_bring_what_the_doctors_page_says():
    """Half of the gap is taken once, by the doctors' page, not a second time here."""
    raised = Estimate(20_000, 19_000, 21_000, "currency", 700)
    found = actions.standard(SETTING, rng(), doctors=4, raised=raised, receipt=exact(100, "currency", 50))
    # 20,000 are 200 visits of 100, each contributes 60; 0.5% of revenue are the cost
    assert gain(found) == pytest.approx(200 * 60 - 5000, rel=0.05)
