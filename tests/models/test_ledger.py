"""Months and the ledger: days are charged with their part of a month."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from audit.models.ledger import Ledger
from audit.models.months import a_year_earlier, next_month, parts_of_months, whole_months


def ledger(*rows: tuple[str, str, str, float]) -> Ledger:
    frame = pd.DataFrame(rows, columns=["month", "group", "nature", "amount"])
    return Ledger(frame.assign(month=pd.to_datetime(frame["month"])))


def test_months_of_a_range():
    assert whole_months(date(2015, 11, 10), date(2016, 2, 1)) == [date(2015, 12, 1), date(2016, 1, 1)]
    assert whole_months(date(2016, 1, 1), date(2016, 1, 31)) == []
    assert parts_of_months(date(2016, 1, 17), date(2016, 3, 1)) == [(date(2016, 1, 1), 15 / 31), (date(2016, 2, 1), 1.0)]
    assert next_month(date(2015, 12, 31)) == date(2016, 1, 1)
    assert a_year_earlier(date(2016, 2, 29), date(2016, 3, 1)) == (date(2015, 2, 28), date(2015, 3, 1))


def test_half_a_month_costs_half():
    books = ledger(("2016-02-01", "rent", "fixed", 290.0), ("2016-02-01", "pay", "variable", 29.0))
    assert books.per_month(date(2016, 2, 1), date(2016, 3, 1), "nature") == {"fixed": 290.0, "variable": 29.0}
    # a mean month costs the same however few days are looked at
    assert books.per_month(date(2016, 2, 1), date(2016, 2, 11), "nature")["fixed"] == pytest.approx(290.0)
    assert books.per_month(date(2016, 2, 1), date(2016, 3, 1), "group", "fixed") == {"rent": 290.0}


def test_a_month_without_costs_is_a_gap_not_zero():
    books = ledger(("2016-02-01", "rent", "fixed", 290.0))
    assert books.per_month(date(2016, 1, 1), date(2016, 3, 1), "nature") is None
    assert books.account(100.0, date(2016, 1, 1), date(2016, 3, 1)) is None
    assert books.account(0.0, date(2016, 2, 1), date(2016, 3, 1)) is None


def test_gap_to_the_ledgers_own_revenue():
    books = ledger(("2016-01-01", "revenue", "revenue", 200.0), ("2016-01-01", "rent", "fixed", 10.0))
    assert books.gap([date(2016, 1, 1), date(2016, 2, 1)], [190.0, 999.0]).value == pytest.approx(-0.05)
    assert ledger(("2016-01-01", "rent", "fixed", 10.0)).gap([date(2016, 1, 1)], [190.0]) is None


def test_a_month_of_more_refunds_than_sales_is_compared_too():
    months = pd.to_datetime(["2016-01-01", "2016-02-01", "2016-03-01"])
    books = Ledger(pd.DataFrame({"month": months, "group": "sales", "nature": "revenue", "amount": [100.0, -50.0, 0.0]}))
    gaps = books.gaps(months, [101.0, 50.0, 7.0])
    assert gaps.to_dict() == pytest.approx({months[0]: 0.01, months[1]: 2.0}), "billed above the books is positive; nothing divides by zero"
