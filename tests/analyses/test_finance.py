"""Finance: the teaching clinic's known money, a drawn clinic by hand, and exports that lack something."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from audit import catalogue
from audit.analyses.finance import FIGURES, FinanceParams, FinanceResult, analyse
from audit.config import Days, Period
from audit.errors import NotAnswerable
from audit.results import Unanswered
from audit.tables.connection import Tables
from tests.pages import spoken
from tests.spec import clinic

NAMES = ("charges", "patient_days", "first_visits", "services", "expenses", "events")
PERIOD = Period(
    start=date(2015, 1, 1), end=date(2016, 3, 1), now=Days(start=date(2016, 2, 1), end=date(2016, 3, 1)),
    before=Days(start=date(2015, 2, 1), end=date(2015, 3, 1)),
)  # fmt: skip
DRAWN = {
    "patients": """patient_id|registered_on
        p1|2015-01-05
        p2|2016-02-01""",
    "appointments": """appointment_id|patient_id|kind|starts_at|status
        a1|p1|outpatient|2015-02-03T10:00|completed
        a2|p1|outpatient|2016-02-03T10:00|completed
        a3|p2|outpatient|2016-02-05T10:00|completed
        a4|p2|operation|2016-02-07T10:00|completed""",
    "services": """service_id|kind|direct_cost
        c|consultation|10
        o|operation|100""",
    "charges": """charge_id|patient_id|appointment_id|charged_on|service_id|kind|paid|branch|payer|quantity
        1|p1|a1|2015-02-03|c|sale|100|X|cash|1
        2|p1|a2|2016-02-03|c|sale|100|X|cash|1
        3|p2|a3|2016-02-05|c|sale|110|Y|cash|1
        4|p2|a4|2016-02-07|o|sale|400|Y|insurer|1
        5|p2|a3|2016-02-05|c|refund|-10|Y|cash|1
        6|p2|a3|2016-02-05|c|deposit|999|Y|cash|1""",
    "expenses": """month|item|group|nature|amount
        2016-02-01|wages|pay|fixed|150
        2016-02-01|rent|rent|fixed|50
        2016-02-01|material|supplies|variable|120
        2016-02-01|sales|revenue|revenue|612
        2015-02-01|rent|rent|fixed|50
        2015-02-01|material|supplies|variable|30""",
}


def run(tables: Tables, period: Period = PERIOD, **params: object) -> FinanceResult:
    return analyse(**{name: tables.get(name) for name in NAMES}, period=period, params=FinanceParams(**params))


def drawn(**changes: str | None) -> Tables:
    tables = {name: text for name, text in (DRAWN | changes).items() if text is not None}
    return clinic(PERIOD.end, **tables)


def value(estimate: object) -> float:
    return estimate.value


@pytest.fixture(scope="module")
def small() -> FinanceResult:
    return run(drawn())


@pytest.fixture(scope="module")
def demo(demo_tables, demo_period) -> FinanceResult:
    return run(demo_tables, demo_period)


# ---------------------------------------------------------------- the teaching clinic
def test_money_of_the_teaching_clinic(demo):
    assert value(demo.revenue_before) == pytest.approx(9.912e6, rel=0.01)
    assert value(demo.revenue_month) == pytest.approx(24.780e6, rel=0.01)
    assert value(demo.revenue_ratio) == pytest.approx(2.5, rel=0.01)
    assert value(demo.surgery_month) == pytest.approx(8.4e6, rel=0.01)
    assert value(demo.surgery_before) == pytest.approx(4.2e6, rel=0.01)
    assert value(demo.profit_before) == pytest.approx(-0.51e6, abs=0.03e6)
    assert value(demo.profit_month) == pytest.approx(8.71e6, rel=0.01)
    assert value(demo.break_even_before) == pytest.approx(10.69e6, rel=0.005)
    assert value(demo.contribution_share) == pytest.approx(0.65, abs=0.005)
    assert (demo.months_up, demo.month_steps) == (10, 12)


def test_first_visits_bring_a_third_by_either_count(demo):
    assert value(demo.first_share) == pytest.approx(1 / 3, abs=0.015)
    assert value(demo.first_share_before) == pytest.approx(1 / 3, abs=0.015)
    assert demo.first_day_share.low < 0.36 and demo.first_day_share.high > 0.30
    assert value(demo.new_share) > value(demo.first_share)


def test_growth_left_the_usual_range(demo):
    assert demo.says["figures.months.title"].key == "above"
    assert value(demo.usual_high) < value(demo.revenue_month)
    assert len(demo.months) == 36 and demo.months["profit"].notna().all()


def test_costs_grew_with_sales_and_the_parts_sum(demo):
    grown = demo.cost_growth
    assert grown["moved"].to_numpy() + grown["dearer"].to_numpy() == pytest.approx(grown["change"].to_numpy())
    assert grown["change"].sum() == pytest.approx(value(demo.costs_month) - value(demo.costs_before)) == pytest.approx(value(demo.costs_change))
    # 35 % of 14.87 M more revenue came with it, fixed costs went from 6.95 M to 7.40 M
    assert value(demo.costs_moved) == pytest.approx(0.35 * 14.87e6, rel=0.01)
    assert grown[grown["nature"] == "fixed"]["dearer"].sum() == pytest.approx(0.449e6, abs=0.02e6)


def test_fixed_costs_that_rose_with_revenue_are_told(demo):
    """In the teaching clinic what is called fixed rises in the months in which revenue does."""
    assert demo.contribution_seen.high < value(demo.contribution_share)
    assert "split_differs" in [f.key for f in demo.findings]


def test_ten_steps_up_of_twelve_are_no_chance(demo):
    assert value(demo.steps_chance) < 0.001
    assert {"steps_up", "two_readings"} <= {f.key for f in demo.findings}
    assert value(demo.surgery_ratio) == pytest.approx(2, rel=0.01)


def test_same_month_a_year_earlier(demo):
    assert demo.months["year_change"].iloc[-1] == pytest.approx(1.5, abs=0.01), "×2.5 is +150 %"
    assert demo.months["year_change"].iloc[:12].isna().all()


# ---------------------------------------------------------------- a clinic by hand
def test_refunds_count_and_deposits_do_not(small):
    assert value(small.revenue_month) == 600 and value(small.revenue_before) == 100
    assert value(small.surgery_month) == 400 and value(small.ambulatory_month) == 200
    assert value(small.receipt) == 100


def test_two_and_a_half_times_is_one_and_a_half_more(small):
    assert value(small.revenue_ratio) == 6 and value(small.revenue_change) == 5 and value(small.year_change) == 5


def test_three_shares_for_three_questions(small):
    assert value(small.first_share) == 0.5 and value(small.repeat_share) == 0.5
    assert value(small.new_share) == 0.5
    assert value(small.first_share_before) == 0, "who registered before the window is not new"
    assert small.first_day_share is None, "two patients are no cohort"


def test_account_by_hand(small):
    account = small.account.set_index("row")
    assert account["now"].to_dict() == {
        "surgery": 400, "ambulatory": 200, "revenue": 600, "variable": -120, "contribution": 480, "pay": -150, "rent": -50,
        "profit": 280,
    }  # fmt: skip
    assert account.loc["profit", "before"] == 20 and account.loc["variable", "change"] == pytest.approx(3.0)
    assert value(small.break_even) == pytest.approx(200 / 0.8)
    months = small.months.set_index("month")
    assert months.loc[date(2016, 2, 1), "profit"] == 280 and np.isnan(months.loc[date(2015, 3, 1), "profit"])


def test_every_counted_number_is_exact(demo):
    inferred = {"first_day_share", "contribution_seen", "break_even_seen"}
    assert {name for name, e in demo.estimates().items() if not e.is_exact} == inferred


# ---------------------------------------------------------------- exports that lack something
def test_without_expenses_revenue_only_and_it_says_so():
    result = run(drawn(expenses=None))
    assert result.profit_month is None and result.break_even is None and result.headline == "revenue_month"
    assert list(result.account["row"]) == ["surgery", "ambulatory", "revenue"]
    assert result.says["title"].key == "no_costs"
    assert [f.key for f in result.findings if f.kind == "not_answered"] == ["no_costs"]
    assert result.contribution_seen is None and result.costs_change is None


def test_expenses_that_end_too_early_give_no_profit():
    early = "\n".join(line for line in DRAWN["expenses"].splitlines() if "2016" not in line)
    result = run(drawn(expenses=early))
    assert result.profit_month is None and value(result.profit_before) == 20
    assert [f.key for f in result.findings if f.kind == "not_answered"] == ["no_costs_now"]


def test_without_services_surgery_is_not_told_apart():
    result = run(drawn(services=None))
    assert value(result.surgery_month) == 0
    assert "no_services" in [f.key for f in result.findings]


def test_one_short_period_has_nothing_before():
    short = Period(start=date(2016, 2, 1), end=date(2016, 3, 1))
    result = run(drawn(), short)
    assert result.revenue_before is None and result.revenue_ratio is None and result.cost_growth.empty
    assert result.usual_low is None and result.month_steps == 0


def test_one_month_of_data_has_no_trend():
    one = Period(start=date(2016, 2, 1), end=date(2016, 3, 1), now=Days(start=date(2016, 2, 1), end=date(2016, 3, 1)))
    result = run(drawn(), one)
    assert value(result.revenue_month) == 600 and value(result.profit_month) == 280
    assert result.steps_chance is None and result.break_even_seen is None and result.year_change is None
    assert "too_few_months" in [f.key for f in result.findings]
    assert all(spoken("finance", result, one).texts)


def test_a_month_of_refunds_is_told_and_breaks_nothing():
    back = DRAWN["charges"] + "\n        7|p1||2015-06-03|c|refund|-500|X|cash|1"
    result = run(drawn(charges=back))
    months = result.months.set_index("month")
    assert months.loc[date(2015, 6, 1), "revenue"] == -500
    (told,) = [f for f in result.findings if f.key == "negative_months"]
    assert told.values == {"months": 1, "first": date(2015, 6, 1)}
    assert all(spoken("finance", result, PERIOD).texts)


def test_a_past_of_refunds_has_no_growth():
    """From a negative month nothing grows by a per cent, and it has no contribution share."""
    back = DRAWN["charges"] + "\n        7|p1||2015-02-05|c|refund|-500|X|cash|1"
    result = run(drawn(charges=back))
    assert value(result.revenue_before) == -400
    assert result.revenue_ratio is None and result.profit_before is None and result.cost_growth.empty
    assert all(spoken("finance", result, PERIOD).texts)


@pytest.mark.parametrize("module", ["finance", "revenue", "services"])
def test_branches_with_different_currencies_are_refused(module):
    head, *rows = DRAWN["charges"].splitlines()
    money = {"X": "EUR", "Y": "RSD"}
    mixed = "\n".join([f"{head}|currency", *(f"{row}|{money[row.split('|')[7]]}" for row in rows)])
    tables = drawn(charges=mixed)
    what, earlier = catalogue.analysis(module), {"finance": run(drawn())}
    result = catalogue.compute(what, tables, earlier, period=PERIOD, params=what.params())
    assert isinstance(result, Unanswered) and result.reason == "currencies"
    (text,) = spoken(module, result, PERIOD).texts
    assert "X: EUR" in text and "Y: RSD" in text and "one currency" in text


def test_one_named_currency_and_lines_without_one_are_one_currency():
    head, *rows = DRAWN["charges"].splitlines()
    named = "\n".join([f"{head}|currency", *(f"{row}|{'EUR' if i else ''}" for i, row in enumerate(rows))])
    assert value(run(drawn(charges=named)).revenue_month) == 600


def test_no_money_is_told():
    nothing = "charge_id|patient_id|charged_on|kind|paid"
    with pytest.raises(NotAnswerable, match="no_money"):
        run(drawn(charges=nothing))
    with pytest.raises(NotAnswerable, match="no_money_now"):
        run(drawn(), Period(start=date(2015, 1, 1), end=date(2016, 2, 1), now=Days(start=date(2016, 1, 1), end=date(2016, 2, 1))))
    free = DRAWN["charges"].replace("|100|", "|0|").replace("|110|", "|0|").replace("|400|", "|0|").replace("|-10|", "|0|")
    with pytest.raises(NotAnswerable, match="no_money"):
        run(drawn(charges=free))


@pytest.mark.parametrize("column", ["service_id", "branch", "payer", "quantity", "appointment_id"])
def test_a_column_may_be_empty(column):
    head, *rows = DRAWN["charges"].splitlines()
    at = head.split("|").index(column)
    bare = "\n".join([head, *("|".join("" if i == at else cell for i, cell in enumerate(row.split("|"))) for row in rows)])
    assert value(run(drawn(charges=bare)).revenue_month) == 600


# ---------------------------------------------------------------- words and figures
@pytest.mark.parametrize("changes", [{}, {"expenses": None}, {"services": None}], ids=["all", "no costs", "no services"])
def test_every_sentence_and_figure_is_made(changes):
    result = run(drawn(**changes))
    assert all(spoken("finance", result, PERIOD).texts)


def test_figures_of_the_demo(demo, demo_period):
    page = spoken("finance", demo, demo_period, "RUB")
    assert page.figures == FIGURES
    assert page.texts[0] == "Revenue is ×2.5 what it was; ₽8.7M a month is left"
