"""Forecast: the teaching clinic after its year of changes, what is missing, what is said."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from audit.analyses import finance
from audit.analyses.finance import FinanceParams, FinanceResult
from audit.analyses.forecast import FIGURES, ForecastParams, ForecastResult, analyse
from audit.catalogue import analysis, compute
from audit.config import Period
from audit.errors import NotAnswerable
from audit.models.forecast import NAIVE
from audit.results import Unanswered, exact
from audit.results.store import load, save
from tests.analyses.test_finance import NAMES
from tests.pages import spoken


@pytest.fixture(scope="module")
def money(demo_tables, demo_period) -> FinanceResult:
    return finance.analyse(**{n: demo_tables.get(n) for n in NAMES}, period=demo_period, params=FinanceParams())


def run(tables, money: FinanceResult, period: Period, scenarios: Any = None, **params: object) -> ForecastResult:
    return analyse(tables["first_visits"], tables["patient_days"], money, scenarios, period=period, params=ForecastParams(**params))


@pytest.fixture(scope="module")
def demo(demo_tables, demo_period, money) -> ForecastResult:
    return run(demo_tables, money, demo_period)


def test_the_year_of_changes_is_not_carried_on(demo):
    """Revenue grew 2.5 times within the year; a trend would make 75 M of 24.8 M a month."""
    assert demo.changes > 0 and "changed_year" in [f.key for f in demo.findings]
    assert demo.last_month.value == pytest.approx(24.78e6, rel=0.15)
    assert demo.change.value > 0.3, "the months of the level reached, against a year in which it was still to be reached"


def test_what_is_shown_beats_the_naive_and_says_by_how_much(demo):
    shown = demo.methods.set_index("method")
    assert demo.method != NAIVE and demo.relative.value < 1
    assert shown.loc[demo.method, "relative"] == demo.relative.value == shown["relative"].min()
    assert shown.loc[NAIVE, "relative"] == 1.0


def test_a_change_within_past_errors_is_left_open(demo):
    assert demo.change.low < 0 < demo.change.high and demo.says["title"].key == "open"


def test_the_sum_and_the_months_agree(demo):
    ahead = demo.months[demo.months["is_forecast"]]
    assert len(ahead) == 12 and ahead["revenue"].sum() == pytest.approx(demo.year.value)
    assert demo.months["month"].is_monotonic_increasing and not demo.months["month"].duplicated().any()
    assert (ahead["revenue_low"] <= ahead["revenue"]).all() and (ahead["revenue"] <= ahead["revenue_high"]).all()


def test_rooms_hold_the_forecast(demo_tables, demo_period, money):
    full = SimpleNamespace(most_capacity=exact(1.0, "ratio", 1), revenue_now=money.revenue_month)
    found = run(demo_tables, money, demo_period, full)
    assert found.months.loc[found.months["is_forecast"], "revenue_high"].max() <= money.revenue_month.value + 1e-6
    assert found.is_held and "held" in [f.key for f in found.findings]


def test_worth_is_an_assumption_times_profit(demo, demo_tables, demo_period, money):
    assert demo.worth_assumed.grade == "C" and demo.worth_assumed.verdict == "weak"
    assert demo.valuation["worth"].tolist() == pytest.approx([3 * 12 * money.profit_month.value, 6 * 12 * money.profit_month.value])
    poor = run(demo_tables, dataclasses.replace(money, profit_month=None), demo_period)
    assert poor.worth_assumed is None and poor.valuation.empty and "no_worth" in [f.key for f in poor.findings]
    assert not any("worth" in key for key in (f.key for f in demo.findings)), "never a finding"


@pytest.mark.parametrize("months", [1, 23])
def test_a_short_history_is_not_forecast(demo_tables, demo_period, money, months):
    start = pd.Timestamp(demo_period.end) - pd.DateOffset(months=months)
    with pytest.raises(NotAnswerable) as stopped:
        run(demo_tables, money, Period(start=start.date(), end=demo_period.end))
    assert stopped.value.reason == "short" and stopped.value.values["months"] == months


def test_negative_months_are_told(demo_tables, demo_period, money):
    from ibis import _

    turned = dict(demo_tables)
    days = demo_tables["patient_days"]
    turned["patient_days"] = days.mutate(revenue=(_.day.year() == 2015).ifelse(-_.revenue, _.revenue))
    found = compute(analysis("forecast"), turned, {"finance": money}, period=demo_period, params=ForecastParams())
    assert isinstance(found, Unanswered) and found.reason == "not_positive" and found.details["months"] == 12
    assert spoken("forecast", found, demo_period).texts[0].strip()


def test_two_years_have_no_season(demo_tables, demo_period, money):
    short = Period(start=demo_period.start.replace(year=2015), end=demo_period.end)
    found = run(demo_tables, money, short)
    assert "no_season" in [f.key for f in found.findings] and found.whole_months == 24


@pytest.mark.parametrize("naive", [False, True])
def test_every_page_can_be_said(demo, demo_period, naive):
    from audit.analyses.forecast import _findings, _says

    shown = demo
    if naive:
        shown = dataclasses.replace(demo, method=NAIVE, relative=None, change=exact(0.0, "share", 12), changes=0)
        shown = dataclasses.replace(shown, says=_says(shown), findings=tuple(_findings(shown)))
        assert "naive" in [f.key for f in shown.findings]
    said = spoken("forecast", shown, demo_period)
    assert said.figures == FIGURES and all(text.strip() for text in said.texts)


def test_result_survives_the_disk(demo, tmp_path):
    save(demo, tmp_path, analysis="forecast", fingerprint="x")
    assert load(ForecastResult, tmp_path).year == demo.year


def test_same_numbers_again(demo, demo_tables, demo_period, money):
    again = run(demo_tables, money, demo_period)
    np.testing.assert_array_equal(again.months["revenue_high"], demo.months["revenue_high"])
