"""Growth: the teaching clinic's known decomposition, and what is missing."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from audit.analyses import finance
from audit.analyses.finance import FinanceParams, FinanceResult
from audit.analyses.growth import FIGURES, GrowthParams, GrowthResult, analyse
from audit.config import Days, Period
from audit.wording import Words
from tests.analyses.test_finance import DRAWN, NAMES
from tests.pages import spoken
from tests.spec import clinic

PERIOD = Period(
    start=date(2015, 1, 1), end=date(2016, 3, 1), now=Days(start=date(2016, 2, 1), end=date(2016, 3, 1)),
    before=Days(start=date(2015, 2, 1), end=date(2015, 3, 1)),
)  # fmt: skip


def run(tables, money: FinanceResult, period: Period) -> GrowthResult:
    counts = (tables["first_visits"], tables["patient_days"], tables.get("opportunities"))
    return analyse(*counts, finance=money, period=period, params=GrowthParams())


@pytest.fixture(scope="module")
def money(demo_tables, demo_period) -> FinanceResult:
    return finance.analyse(**{n: demo_tables.get(n) for n in NAMES}, period=demo_period, params=FinanceParams())


@pytest.fixture(scope="module")
def demo(demo_tables, demo_period, money) -> GrowthResult:
    return run(demo_tables, money, demo_period)


def drawn_money() -> tuple[Any, FinanceResult]:
    tables = clinic(PERIOD.end, **DRAWN)
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
