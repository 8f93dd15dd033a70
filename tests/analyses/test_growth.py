"""Growth: the teaching clinic's known decomposition, and what is missing."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from audit.analyses import finance
from audit.analyses.finance import FinanceParams, FinanceResult
from audit.analyses.growth import FIGURES, GrowthParams, GrowthResult, analyse
from audit.catalogue import analysis, compute
from audit.config import Days, Period
from audit.results import Unanswered
from audit.wording import Words
from tests.analyses.test_finance import DRAWN, NAMES
from tests.pages import spoken
from tests.spec import clinic

PERIOD = Period(
    start=date(2015, 1, 1), end=date(2016, 3, 1), now=Days(start=date(2016, 2, 1), end=date(2016, 3, 1)),
    before=Days(start=date(2015, 2, 1), end=date(2015, 3, 1)),
)  # fmt: skip


def run(tables, money: FinanceResult, period: Period, **params: Any) -> GrowthResult:
    counts = (tables["first_visits"], tables["patient_days"], tables.get("opportunities"))
    return analyse(*counts, finance=money, period=period, params=GrowthParams(**params))


@pytest.fixture(scope="module")
def money(demo_tables, demo_period) -> FinanceResult:
    return finance.analyse(**{n: demo_tables.get(n) for n in NAMES}, period=demo_period, params=FinanceParams())


@pytest.fixture(scope="module")
def demo(demo_tables, demo_period, money) -> GrowthResult:
    return run(demo_tables, money, demo_period)


def drawn_money(**other: str) -> tuple[Any, FinanceResult]:
    tables = clinic(PERIOD.end, **(DRAWN | other))
    return tables, finance.analyse(**{n: tables.get(n) for n in NAMES}, period=PERIOD, params=FinanceParams())


# ---------------------------------------------------------------- where growth came from
def test_growth_of_the_teaching_clinic(demo):
    parts = demo.factors.set_index("factor")["contribution"] / 1e6
    assert parts[["answered_calls", "conversion", "visits_per_first", "receipt", "surgery"]].tolist() == pytest.approx(
        [5.18, 3.02, 0.88, 1.59, 4.20], abs=0.08
    )
    assert abs(parts["call_share"]) < 0.08
    assert parts.sum() * 1e6 == pytest.approx(demo.revenue_change.value, abs=1.0)
    assert demo.revenue_change.value == pytest.approx(14.87e6, rel=0.01)


def test_drivers_of_the_teaching_clinic(demo):
    now = demo.drivers.set_index("driver")["now"]
    before = demo.drivers.set_index("driver")["before"]
    assert (before["answered_calls"], now["answered_calls"]) == pytest.approx((1043, 1739), rel=0.01)
    assert (before["conversion"], now["conversion"]) == pytest.approx((0.420, 0.566), abs=0.006)
    assert (before["visits_per_first"], now["visits_per_first"]) == pytest.approx((3.667, 4.0), rel=0.01)
    assert now["call_share"] == pytest.approx(0.92, abs=0.01)


def test_without_calls_growth_begins_at_first_patients(demo_tables, demo_period, money):
    tables = {name: demo_tables[name] for name in ("first_visits", "patient_days")}
    result = run(tables, money, demo_period)
    assert list(result.factors["factor"]) == ["first_patients", "visits_per_first", "receipt", "surgery"]
    assert result.factors["contribution"].sum() == pytest.approx(result.revenue_change.value)


def test_two_patients_and_a_period_without_before():
    tables, found = drawn_money()
    assert run(tables, found, PERIOD).revenue_change.value == 500
    short = Period(start=date(2016, 2, 1), end=date(2016, 3, 1))
    alone = finance.analyse(**{n: tables.get(n) for n in NAMES}, period=short, params=FinanceParams())
    result = run(tables, alone, short)
    assert result.factors.empty and result.drivers["before"].isna().all()
    assert "no_before" in [f.key for f in result.findings]


# ---------------------------------------------------------------- words and figures
@pytest.mark.parametrize("which", ["demo", "short"])
def test_every_sentence_and_figure_is_made(which, demo, demo_period):
    short = Period(start=date(2016, 2, 1), end=date(2016, 3, 1))
    tables, _ = drawn_money()
    alone = finance.analyse(**{n: tables.get(n) for n in NAMES}, period=short, params=FinanceParams())
    page = spoken("growth", demo if which == "demo" else run(tables, alone, short), demo_period, "RUB")
    assert all(page.texts) and page.figures == (FIGURES if which == "demo" else ())


def test_every_factor_has_its_word(demo):
    words = Words("growth", currency="RUB", period=PERIOD)
    for factor in (*demo.factors["factor"], "first_patients", "ambulatory"):
        for slot in ("findings.grew_{}", "figures.factors.title.{}", "title.{}"):
            assert words.get(slot.format(factor))


# ---------------------------------------------------------------- how sure, and whether the driver model holds
def test_contributions_have_intervals_around_what_was_counted(demo):
    parts = demo.factors.set_index("factor")
    assert (parts["contribution_low"] <= parts["contribution"]).all() and (parts["contribution"] <= parts["contribution_high"]).all()
    assert parts.loc["answered_calls", "contribution_low"] > 0, "far more calls than chance gives"
    assert parts.loc["call_share", "contribution_low"] < 0 < parts.loc["call_share", "contribution_high"]


def test_the_driver_model_meets_the_last_year_of_the_teaching_clinic(demo):
    assert demo.model_holds and abs(demo.backtest_error.value) <= 0.05
    held = demo.months.dropna(subset="predicted")
    assert len(held) == 12
    assert held["predicted"].sum() / held["revenue"].sum() - 1 == pytest.approx(demo.backtest_error.value)
    assert held["error"].abs().mean() == pytest.approx(demo.backtest_month.value)
    assert abs(demo.backtest_frozen.value) > abs(demo.backtest_error.value), "receipts did rise"


def test_a_narrow_gate_stops_the_model_and_says_so(demo_tables, demo_period, money):
    strict = run(demo_tables, money, demo_period, gate=0.005)
    assert not strict.model_holds and "model_fails" in [f.key for f in strict.findings]
    assert strict.says["figures.fit.title"].key == "fails"


def test_a_short_history_has_no_back_test(demo_tables, demo_period, money):
    short = Period(start=date(2015, 3, 1), end=demo_period.end, now=demo_period.now, before=demo_period.before)
    found = run(demo_tables, money, short)
    assert found.whole_months == 22 and found.backtest_error is None and not found.model_holds
    assert "no_backtest" in [f.key for f in found.findings]
    assert "fit" not in spoken("growth", found, short).figures


# ---------------------------------------------------------------- bad input
def test_one_month_is_counted_and_nothing_more():
    tables, _money = drawn_money()
    one = Period(start=date(2016, 2, 1), end=date(2016, 3, 1), now=Days(start=date(2016, 2, 1), end=date(2016, 3, 1)))
    money = finance.analyse(**{n: tables.get(n) for n in NAMES}, period=one, params=FinanceParams())
    found = run(tables, money, one)
    assert found.whole_months == 1 and found.factors.empty and found.backtest_error is None
    assert {"no_before", "no_backtest"} <= {f.key for f in found.findings}
    assert spoken("growth", found, one).texts


def test_without_surgery_the_parts_are_those_of_outpatient_care():
    plain = {name: "\n".join(line for line in text.splitlines() if "operation" not in line and "|o|" not in line) for name, text in DRAWN.items()}
    tables, money = drawn_money(**plain)
    found = run(tables, money, PERIOD)
    assert "surgery" not in set(found.factors["factor"])
    assert found.factors["contribution"].sum() == pytest.approx(found.revenue_change.value)


def test_branches_of_different_currencies_are_refused():
    head, *lines = DRAWN["charges"].splitlines()
    mixed = "\n".join([head + "|currency", *(line + ("|EUR" if "|X|" in line else "|RUB") for line in lines)])
    tables = clinic(PERIOD.end, **(DRAWN | {"charges": mixed}))
    earlier = {"finance": compute(analysis("finance"), tables, {}, period=PERIOD, params=FinanceParams())}
    for name in ("growth", "scenarios", "forecast"):
        found = compute(analysis(name), tables, earlier, period=PERIOD, params=analysis(name).params())
        assert isinstance(found, Unanswered), name
