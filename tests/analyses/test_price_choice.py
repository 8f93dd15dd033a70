"""Another price: gains are compared within capacity and the tried range, and a test is designed where nothing was tried."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from audit.analyses import price_choice
from audit.analyses.price_choice import PriceChoiceParams, PriceChoiceResult
from audit.results import Estimate
from audit.tables.connection import Tables, tables_from_frames
from audit.wording import Labels
from audit.wording.text import Words
from tests.analyses import test_price
from tests.analyses.test_price import END, LADDER, PERIOD, START, clinic, keys
from tests.pages import NONSENSE, spoken


class Full:
    room_load = Estimate(0.98, 0.97, 0.99, "share", 26)
    ceiling = Estimate(0.85, 0.85, 0.85, "share", 0)


class Tight(Full):
    """A twentieth more patients fit."""

    room_load = Estimate(0.81, 0.80, 0.82, "share", 26)


class Queue:
    """So many callers a month on record who found no time."""

    def __init__(self, callers: float) -> None:
        self.no_slot_callers = Estimate(callers, callers, callers, "count", 100)


def run(tables: Tables, period=PERIOD, capacity=None, price=None, waiting=None, **params) -> PriceChoiceResult:
    given = {name: tables.get(name) for name in ("prices", "services", "competitors")}
    found = price if price is not None else test_price.run(tables, period)
    result = price_choice.analyse(found, capacity=capacity, waiting=waiting, **given, period=period, params=PriceChoiceParams(**params))
    for text in spoken("price_choice", result, period, "RUB").texts:
        assert text.strip() and not any(nonsense in text for nonsense in NONSENSE), text
    return result


@pytest.fixture(scope="module")
def tested() -> Tables:
    return tables_from_frames(clinic(), end=END)


@pytest.fixture(scope="module")
def constant() -> PriceChoiceResult:
    return run(tables_from_frames(clinic(prices=LADDER["constant"]), end=END))


@pytest.fixture(scope="module")
def demo_price(demo_tables, demo_period):
    return test_price.run(demo_tables, demo_period)


# ---------------------------------------------------------------------- the teaching clinic
def test_full_rooms_forbid_a_cut(demo_tables, demo_period, demo_price):
    full = run(demo_tables, demo_period, capacity=Full(), price=demo_price)
    free = run(demo_tables, demo_period, price=demo_price)
    assert full.says["title"].key == "full" and full.best_price.value == 2500 and full.gain is None
    assert free.says["title"].key in ("try", "lower") and free.best_price.value < 2500
    assert (full.points.change <= free.points.change + 1e-6).all()


def test_the_teaching_clinic_stands_among_its_competitors(demo_tables, demo_period, demo_price):
    result = run(demo_tables, demo_period, price=demo_price)
    first = result.services.set_index("service").loc["First ENT visit"]
    # seen in November 2016: the prices of 2015 raised by 6 %, rounded to 50
    assert first.to_dict() == pytest.approx({
        "own": 2500, "lowest": 2000, "middle": 2750, "highest": 3400, "competitors": 5,
        "index": np.exp(np.mean(np.log(2500 / np.array([3050, 2550, 3400, 2000, 2750]))))}, rel=1e-6)
    assert result.price_index.low < result.price_index.value < 1 and result.price_index.n == 5


def test_full_rooms_propose_no_test_that_the_page_advises_against(demo_tables, demo_period, demo_price):
    """The elasticity says that a rise loses more than it brings, and a cut only costs: no price is proposed."""
    full = run(demo_tables, demo_period, capacity=Full(), price=demo_price)
    assert full.plan_price is None and full.test_cost is None and full.design is None and "plan" not in keys(full)
    assert full.change_gain.high < 0 and full.change_chance.value == 0.01 and full.change_price.value < 2500
    assert "no_queue" in keys(full, "not_answered")


def test_a_test_is_priced_as_a_test(demo_tables, demo_period, demo_price):
    """At stake is the price forgone in the branch that tests, a month; to be won is what the whole clinic would gain."""
    free = run(demo_tables, demo_period, price=demo_price)
    smaller = min(demo_price.weeks.groupby("unit").callers.sum()) / demo_price.weeks.callers.sum()
    assert free.test_cost.value == pytest.approx(500 * demo_price.first_patients.value * smaller, rel=0.15)
    assert free.change_gain == free.gain and free.plan_price.value == free.best_price.value == free.change_price.value


# ---------------------------------------------------------------------- drawn clinics
def test_contribution_at_the_tried_price_is_the_arithmetic_of_the_estimates(tested):
    """Without a change in who comes: first patients × (margin at the new price) less the same at today's."""
    known = replace(test_price.run(tested), one_off_change=None, one_off_share=None)
    result = run(tested, price=known)
    row = result.points.set_index("price").loc[2000.0]
    margin = known.value_first.value + known.value_later.value
    factor = 0.8**known.elasticity_visits.value
    # the median of 2,000 draws, whose standard deviation is of the size of the gain
    assert row.change == pytest.approx(known.first_patients.value * (factor * (margin - 500) - margin), rel=0.1)
    assert row.first_visits == pytest.approx(known.first_patients.value * factor)
    other = np.exp(known.elasticity_visits.value * -0.2)
    assert row.change_other == pytest.approx(known.first_patients.value * (other * (margin - 500) - margin), rel=0.1)


def test_money_in_other_units_changes_nothing_but_money(tested):
    frames = clinic()
    for name, column in (("prices", "price"), ("charges", "paid"), ("services", "direct_cost")):
        frames[name] = frames[name].assign(**{column: frames[name][column] * 100})
    plain, scaled = run(tested), run(tables_from_frames(frames, end=END))
    assert scaled.points.change.to_numpy() == pytest.approx(100 * plain.points.change.to_numpy(), rel=1e-6)
    assert scaled.plan_detects.value == pytest.approx(plain.plan_detects.value)


def test_a_constant_price_gives_the_break_even_and_the_test(constant):
    assert constant.says["title"].key == "test" and constant.points is None and "constant" in keys(constant, "not_answered")
    margin = 2500 - 500 + 0.5 * 6000
    cut = 2500 - constant.plan_price.value
    assert (1 + constant.break_even_demand.value) * (margin - cut) == pytest.approx(margin, rel=0.02)
    assert constant.break_even.value < 0 and constant.plan_weeks >= 8 and constant.plan_size.value > 0
    assert (np.diff(constant.design["size"]) > 0).all() and (np.diff(constant.design.detects) < 0).all(), "longer tests show smaller changes"
    assert constant.plan_detects.value in set(constant.design.detects)


def test_full_rooms_test_a_rise_before_anything_is_known():
    """A cut needs more patients than fit; a rise from 2,500 pays until it loses what it brings."""
    tables = tables_from_frames(clinic(prices=LADDER["constant"]), end=END)
    for capacity in (Full(), Tight()):
        result = run(tables, capacity=capacity)
        margin = 2500 - 500 + 0.5 * 6000
        rise = result.plan_price.value - 2500
        assert result.says["title"].key == "test_rise" and rise > 0
        assert (1 - result.break_even_demand.value) * (margin + rise) == pytest.approx(margin, rel=0.02)
        assert 0 <= result.test_cost.low < result.test_cost.value < result.test_cost.high
    assert not result.plan_tells and result.plan_weeks == 26, "the longest test is proposed where none tells whether the rise pays"


def test_a_dearer_price_in_full_rooms_pays_where_a_queue_is_on_record():
    """2,800 was asked for; of 460 callers a month a quarter found no time, so that those who leave are replaced."""
    tables = tables_from_frames(clinic(prices=LADDER["staggered"]), end=END)
    found = test_price.run(tables)
    alone, queue = run(tables, price=found, capacity=Full()), run(tables, price=found, capacity=Full(), waiting=Queue(120))
    dearer = [result.points.set_index("price").loc[2800.0] for result in (alone, queue)]
    assert dearer[0].change < 0 < dearer[1].change
    assert dearer[1].first_visits == pytest.approx(found.first_patients.value, rel=0.01)
    assert queue.says["title"].key in ("higher", "try") and "no_queue" in keys(alone) and "no_queue" not in keys(queue)


def test_nobody_is_won_by_a_dearer_price():
    """The estimate is above zero by chance; at a dearer price as many come, not more."""
    dearer = {"North": [(START, None, 2500)], "South": [(START, None, 2500), (date(2016, 3, 14), date(2016, 6, 26), 3000)]}
    found = test_price.run(tables_from_frames(clinic(prices=dearer, elasticity=0.0, per_week=(150, 140)), end=END))
    raised = replace(found, one_off_change=None, elasticity_visits=replace(found.elasticity_visits, value=0.2, low=-0.2, high=0.6))
    result = run(tables_from_frames(clinic(), end=END), price=raised)
    assert result.points.first_visits.max() == pytest.approx(raised.first_patients.value)
    assert result.gain.high <= 500 * raised.first_patients.value + 1


def test_one_branch_tests_in_weeks_drawn_by_lot():
    result = run(tables_from_frames(clinic(prices={"North": [(START, None, 2500)]}), end=END))
    texts = " ".join(spoken("price_choice", result, PERIOD, "RUB").texts)
    assert result.test_units == 1 and "in weeks drawn by lot" in texts and "in one branch" not in texts and "the others" not in texts


def test_a_weak_reaction_has_neither_gain_nor_chance():
    result = run(tables_from_frames(clinic(prices=LADDER["all_at_once"], per_week=(400, 400)), end=END))
    assert result.says["title"].key == "weak" and result.points is not None and result.points.chance.isna().all()
    assert result.best_price is result.gain is result.change_gain is result.change_chance is None


def test_prices_that_follow_demand_give_a_test_and_no_price():
    lists, demand = test_price.follow(1)
    result = run(tables_from_frames(clinic(prices=lists, demand=demand), end=END))
    assert result.best_price is None and result.points is None and "follows_demand" in keys(result, "not_answered")


def test_a_weak_comparison_recommends_no_price():
    result = run(tables_from_frames(clinic(prices=LADDER["all_at_once"]), end=END))
    assert result.says["title"].key in ("weak", "test") and not keys(result, "opportunity") - {"plan", "break_even"}


def test_a_reaction_too_weak_to_pay_keeps_the_price():
    """Nobody reacts: a cut gives money away, and the lower quartile of every lower price is below zero."""
    result = run(tables_from_frames(clinic(elasticity=0.0, per_week=(200, 180)), end=END))
    assert result.says["title"].key == "flat" and result.best_price.value == 2500


def test_callers_who_do_not_book_do_not_count_as_patients_won(tested):
    found = test_price.run(tested)
    nobody = replace(found.elasticity_visits, value=0.0, low=-0.01, high=0.01)
    falls = replace(found.elasticity_booking, value=1.1, low=0.8, high=1.4)
    result = run(tested, price=replace(found, elasticity_visits=nobody, elasticity_booking=falls))
    assert result.points.set_index("price").first_visits[2000.0] == pytest.approx(found.first_patients.value)
    assert result.says["title"].key == "flat"


def test_without_money_only_demand_is_told():
    result = run(tables_from_frames(clinic(drop=("charges",)), end=END))
    assert result.says["title"].key == "known" and result.break_even is None and result.best_price is None
    assert result.points.change.isna().all() and {"no_money", "no_competitors"} <= keys(result, "not_answered")
    assert price_choice.optimum(result, Labels(Words("price_choice"), "optimum", result)) is None


def test_competitors_without_prices_are_not_at_zero():
    frames = clinic()
    frames["competitors"] = pd.DataFrame({
        "competitor": list("KLMN"), "service_id": "F", "seen_on": pd.Timestamp("2016-11-01"), "price": [2500.0, 2000.0, 3125.0, 0.0]})
    result = run(tables_from_frames(frames, end=END))
    assert result.price_index.value == pytest.approx(1.0) and result.price_index.n == 3
    assert result.services.lowest.item() == 2000 and "alike" in keys(result)


def test_figures_are_drawn_with_words(demo_tables, demo_period, demo_price):
    result = run(demo_tables, demo_period, price=demo_price)
    words = Words("price_choice", currency="RUB", period=demo_period)
    for name in price_choice.FIGURES:
        figure = getattr(price_choice, name)(result, Labels(words, name, result))
        texts = [text.get_text() for ax in figure.axes for text in ax.texts]
        assert any("range" in text for text in texts)
    nothing = replace(result, curve=None)
    assert all(getattr(price_choice, name)(nothing, Labels(words, name, nothing)) is None for name in price_choice.FIGURES)
