"""Text to values: every form a clinic writes, and nothing else."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.intake.dates import moment, month_numbers, settled_moment
from audit.intake.grid import tidy
from audit.intake.numbers import not_a_number, number
from audit.intake.privacy import _one_number, e164
from audit.intake.sql import work_connection


@pytest.fixture(scope="module")
def engine():
    with work_connection(1) as connection:
        yield connection


def read_number(engine: duckdb.DuckDBPyConnection, text: str, decimal: str) -> tuple[Decimal | None, str | None]:
    value = number("t", decimal)
    query = f"SELECT v, {not_a_number('t', 'v')} FROM (SELECT t, {value} AS v FROM (SELECT ?::VARCHAR AS t))"
    return engine.execute(query, [tidy(text)]).fetchall()[0]


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [
        ("1234", ",", "1234"),
        ("1\u00a0234,56\u00a0₽", ",", "1234.56"),
        ("1\u202f234,56", ",", "1234.56"),
        ("1.234.567,89 €", ",", "1234567.89"),
        ("1,234.50", ".", "1234.50"),
        ("$1,234.50", ".", "1234.50"),
        ("1’020.50", ".", "1020.50"),
        ("(1 234)", ",", "-1234"),
        ("(1 234,50 ₽)", ",", "-1234.50"),
        ("−7,5", ",", "-7.5"),
        ("-500.00", ".", "-500"),
        ("12,5-", ",", "-12.5"),
        ("р. 1 500", ".", "1500"),
        ("1500 руб.", ".", "1500"),
        ("12.36 %", ".", "12.36"),
        ("007.50", ".", "7.5"),
        (",5", ",", "0.5"),
    ],
)
def test_numbers_in_every_locale(engine, text: str, decimal: str, value: str) -> None:
    assert read_number(engine, text, decimal) == (Decimal(value), None)


@pytest.mark.parametrize("text", ["-", "--", "—", "–", "−", ""])
def test_dashes_mean_nothing(engine, text: str) -> None:
    assert read_number(engine, text, ",") == (None, None)


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "1e400",
        "1e18",
        "бесплатно",
        "#N/A",
        "١٥٠٠",
        "1 23",
        "1,234.50",
        "12,34,5",
        "1 500 Петрова",
        "0x10",
        "9" * 40,
    ],
)
def test_no_number_is_never_coerced(engine, text: str) -> None:
    value, rule = read_number(engine, text, ",")
    assert value is None
    assert rule == "number"


@given(
    cents=st.integers(-(10**12), 10**12),
    decimal=st.sampled_from([".", ","]),
    gap=st.sampled_from(["", " ", "\u00a0", "’"]),
)
def test_a_printed_amount_is_read_back_to_the_cent(engine, cents: int, decimal: str, gap: str) -> None:
    whole, part = divmod(abs(cents), 100)
    text = ("-" if cents < 0 else "") + f"{whole:,}".replace(",", gap) + decimal + f"{part:02d}"
    assert read_number(engine, text, decimal) == (Decimal(cents) / 100, None)


def read_date(
    engine: duckdb.DuckDBPyConnection, text: str, *formats: str, epoch_is_empty: bool = True
) -> tuple[datetime | None, str | None]:
    if any("%B" in form for form in formats):
        text = month_numbers([text])[0] or ""
    parsed = moment("t", formats, "Europe/Moscow")
    made = settled_moment("t", "p", epoch_is_empty=epoch_is_empty)
    query = f"SELECT {made.value}, {made.bad} FROM (SELECT t, {parsed} AS p FROM (SELECT ?::VARCHAR AS t))"
    return engine.execute(query, [tidy(text)]).fetchall()[0]


@pytest.mark.parametrize(
    ("text", "form", "value"),
    [
        ("29.02.2016", "%d.%m.%Y", datetime(2016, 2, 29)),
        ("2/6/16", "%d/%m/%y", datetime(2016, 6, 2)),
        ("2/6/16", "%m/%d/%y", datetime(2016, 2, 6)),
        ("29.04.2016 18:38:08", "%d.%m.%Y %H:%M:%S", datetime(2016, 4, 29, 18, 38, 8)),
        ("2016-04-29T18:38", "iso", datetime(2016, 4, 29, 18, 38)),
        ("2016-04-29T18:38:00+00:00", "iso", datetime(2016, 4, 29, 21, 38)),
        ("2016-04-29 18:38:00Z", "iso", datetime(2016, 4, 29, 21, 38)),
        ("1450000000", "unix", datetime(2015, 12, 13, 12, 46, 40)),
        ("42383.5", "excel", datetime(2016, 1, 14, 12)),
        ("2016-01-14", "excel", datetime(2016, 1, 14)),
        ("Январь 2016", "%B %Y", datetime(2016, 1, 1)),
        ("1 января 2016", "%d %B %Y", datetime(2016, 1, 1)),
        ("veljača 2016", "%B %Y", datetime(2016, 2, 1)),
        ("May 3, 2016", "%B %d, %Y", datetime(2016, 5, 3)),
        ("201602", "%Y%m", datetime(2016, 2, 1)),
    ],
)
def test_dates_by_declared_format(engine, text: str, form: str, value: datetime) -> None:
    assert read_date(engine, text, form) == (value, None)


@pytest.mark.parametrize(
    "text", ["30.02.2016", "05.03.24", "2016-03-05", "٠٥.٠٣.٢٠١٦", "05.03.2016 10:00", "32.01.2016", "45321"]
)
def test_no_date_under_the_declared_format(engine, text: str) -> None:
    assert read_date(engine, text, "%d.%m.%Y") == (None, "date")


@pytest.mark.parametrize("text", ["01.01.0001", "01.01.1900", "30.12.1899", "01.01.1970"])
def test_dates_that_stand_for_none(engine, text: str) -> None:
    assert read_date(engine, text, "%d.%m.%Y") == (None, None)


def test_somebody_is_born_on_the_first_of_january_1970(engine) -> None:
    assert read_date(engine, "01.01.1970", "%d.%m.%Y", epoch_is_empty=False) == (datetime(1970, 1, 1), None)


def test_mixed_formats_are_read_when_both_are_declared(engine) -> None:
    assert (
        read_date(engine, "05.03.2016", "iso", "%d.%m.%Y")[0] == read_date(engine, "2016-03-05", "iso", "%d.%m.%Y")[0]
    )


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("+7 (916) 123-45-67", "RU", "+79161234567"),
        ("8 916 123 45 67", "RU", "+79161234567"),
        ("79161234567", "RU", "+79161234567"),
        ("9161234567", "RU", "+79161234567"),
        ("7-916-123-4567", "RU", "+79161234567"),
        ("8(495)1234567 доб. 12", "RU", "+74951234567"),
        ("091 234 5678", "HR", "+385912345678"),
        ("00385 91 234 5678", "HR", "+385912345678"),
        ("385912345678", "HR", "+385912345678"),
        ("anonymous", "RU", None),
        ("скрыт", "RU", None),
        ("12", "RU", None),
    ],
)
def test_one_number_in_many_spellings(text: str, country: str, number: str | None) -> None:
    assert e164([text], country) == [number]


@given(
    st.lists(st.from_regex(r"(\+|8|7|00385|0|385|\+49)?[0-9]{5,12}", fullmatch=True), max_size=30),
    st.sampled_from(["RU", "HR", "DE", "US"]),
)
def test_numbers_learned_from_alike_ones_equal_numbers_parsed(texts: list[str], country: str) -> None:
    assert e164(texts, country) == [_one_number(text, country) for text in texts]


def test_a_cell_is_tidied() -> None:
    assert tidy(" a\u00a0 b\u200b\u202ec\n") == "a bc"
    assert tidy("и\u0306") == "й"
    assert tidy(" \ufeff ") is None
    assert tidy("a\x1bb") == "a\ufffdb"
