"""Promotions: the teaching clinic's price test, discounts by hand, and bills that lack something."""

from __future__ import annotations

from datetime import date

import pytest

from audit.analyses.promotions import FIGURES, PromotionsParams, PromotionsResult, analyse
from audit.config import Period
from audit.errors import NotAnswerable
from audit.tables.connection import Tables
from tests.analyses.test_finance import PERIOD, drawn
from tests.pages import spoken

LISTED = """charge_id|patient_id|charged_on|service_id|kind|paid|list_amount|payer
    1|p1|2015-02-03|c|sale|100|100|cash
    2|p1|2016-02-03|c|sale|100|100|cash
    3|p2|2016-02-05|c|sale|80|100|cash
    4|p2|2016-02-07|o|sale|300|400|insurer
    5|p2|2016-02-08|c|sale|0|100|cash
    6|p2|2016-02-08|c|sale|96|100|cash
    7|p2|2016-02-08|c|sale|50||cash
    8|p2|2016-02-09|c|refund|-80|-100|cash"""
PRICES = """service_id|branch|valid_from|valid_to|price
    c|X|2015-01-01|2015-03-31|100
    c|X|2015-04-01|2015-05-15|80
    c|X|2015-05-16||100
    o||2015-01-01|2015-06-30|400
    o||2015-07-01||300"""


def run(tables: Tables, period: Period = PERIOD, **params: object) -> PromotionsResult:
    return analyse(**{name: tables.get(name) for name in ("charges", "services", "prices")}, period=period, params=PromotionsParams(**params))


@pytest.fixture(scope="module")
def demo(demo_tables, demo_period) -> PromotionsResult:
    return run(demo_tables, demo_period)


def test_the_price_test_of_the_teaching_clinic_is_found_and_recovered(demo):
    """First visits at 2,000 instead of 2,500 in Branch 2 from 14 March to 24 April 2016 brought 30 % more calls; nothing was borrowed."""
    (row,) = demo.promotions.to_dict("records")
    assert (row["branch"], row["from_day"], row["to_day"]) == ("Branch 2", date(2016, 3, 14), date(2016, 4, 24))
    assert row["cut"] == pytest.approx(0.2)
    assert row["during_low"] <= 0.30 <= row["during_high"] and row["during_low"] > 0
    assert row["after_low"] <= 0 <= row["after_high"] and row["reading"] == "added"


def test_discounts_of_the_teaching_clinic_are_a_habit(demo):
    """A tenth off for about an eighth of outpatient lines, month after month."""
    assert demo.depth.value == pytest.approx(0.1, abs=0.005)
    assert (demo.months["reading"] == "usual").all() and demo.says["figures.share.title"].key == "steady"


def test_sales_below_list_by_hand():
    """Of 576 paid with a list price 380 was 20 and 25 % below it; 4 % off is rounding, nothing paid is a package, a refund is no sale."""
    result = run(drawn(charges=LISTED, prices=PRICES))
    assert result.discounted.value == pytest.approx(380 / 576) and result.given.value == pytest.approx(120)
    assert result.depth.value == pytest.approx(120 / 500) and result.listed_share.value == pytest.approx(576 / 626)
    assert result.discounted_before.value == 0 and result.says["title"].key == "depends"


def test_a_price_that_came_back_is_a_promotion_and_a_new_price_is_none():
    result = run(drawn(charges=LISTED, prices=PRICES))
    assert result.promotions[["service", "branch", "reading"]].to_numpy().tolist() == [["c", "X", "unknown"]]
    assert result.cuts == 1 and result.judged == 0
    assert "too_few" in [f.key for f in result.findings]


@pytest.mark.parametrize("changes", [{}, {"services": None}, {"prices": None}], ids=["all", "no services", "no prices"])
def test_every_sentence_and_figure_is_made(changes):
    result = run(drawn(**({"charges": LISTED, "prices": PRICES} | changes)))
    assert all(spoken("promotions", result, PERIOD).texts)


def test_without_list_amounts_promotions_are_still_looked_for():
    bare = "\n".join("|".join(cell for i, cell in enumerate(row.split("|")) if i != 6) for row in LISTED.splitlines())
    result = run(drawn(charges=bare, prices=PRICES))
    assert result.discounted is None and "no_list" in [f.key for f in result.findings]
    assert all(spoken("promotions", result, PERIOD).texts)
    with pytest.raises(NotAnswerable, match="no_list"):
        run(drawn(charges=bare))


def test_figures_of_the_demo(demo, demo_period):
    page = spoken("promotions", demo, demo_period, "RUB")
    assert page.figures == FIGURES and page.texts[0] == "7% of revenue is sold below list"
