"""Numbers against CLDR's own examples and the rounding rule's worked cases."""

from __future__ import annotations

import math
import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.config import Days
from audit.results import Estimate, exact
from audit.wording import calendar
from audit.wording.numbers import DURATIONS, Numbers

EN, RU, HR = Numbers("en", "EUR"), Numbers("ru", "RUB"), Numbers("hr", "EUR")
NARROW, WIDE = "\u202f", "\u00a0"


@pytest.mark.parametrize(
    ("numbers", "value", "unit", "text"),
    [
        (EN, 12_400.0, "currency", "€12.4k"),
        (RU, 485_000.0, "currency", f"485{WIDE}тыс.{WIDE}₽"),
        (HR, 12_400.0, "currency", f"12,4{WIDE}tis.{WIDE}€"),
        (Numbers("en", "RUB"), 9_870_000.0, "currency", "₽9.9M"),
        (Numbers("en", "CHF"), 327.0, "currency", f"CHF{WIDE}327"),
        (EN, 42.5, "currency", "€42.50"),
        (EN, 0.43, "share", "43%"),
        (RU, 0.43, "share", f"43{NARROW}%"),
        (HR, 0.43, "share", f"43{NARROW}%"),
        (EN, 0.9996, "share", "99.96%"),
        (EN, 0.083, "share", "8.3%"),
        (EN, 31_204, None, "31,204"),
        (RU, 31_204, None, f"31{NARROW}204"),
        (HR, 31_204, None, "31.204"),
        (EN, 2.5, "ratio", "×2.5"),
        (RU, 2.5, "ratio", "×2,5"),
        (EN, -4.6, "number", "−4.6"),
        (HR, -4.6, "number", "−4,6"),
        (EN, 0.1 + 0.2, "number", "0.3"),
        (EN, -0.0001, "number", "0"),
        (EN, -0.0, "share", "0%"),
        (EN, math.nan, "share", "–"),
    ],
)
def test_one_number(numbers, value, unit, text):
    assert numbers.text(value, unit) == text


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (Estimate(326.8, 308.4, 347.1, "currency", 9), "€327 (308–347)"),
        (Estimate(0.3821, 0.360, 0.404, "share", 9), "38% (36–40)"),
        (Estimate(-0.82, -1.3, -0.3, "number", 9), "−0.8 (−1.3 to −0.3)"),
        (Estimate(6_000, 2_100, 10_400, "currency", 9), "€6.0k (2.1–10.4)"),
        (Estimate(65_300, 54_000, 77_000, "currency", 9), "€65k (54–77)"),
        (Estimate(0.046, 0.012, 0.08, "points", 9), "5 points (1–8)"),
        (Estimate(0.005, 0.002, 0.009, "share", 9), "0.5% (0.2–0.9)"),
        (exact(12_400, "currency", 9), "€12.4k"),
        (exact(1, "hours", 9), "1 hour"),
    ],
)
def test_the_interval_decides_how_many_digits_are_shown(estimate, text):
    assert EN.ci(estimate) == text


def test_ranges_below_zero_are_said_in_words():
    change = Estimate(-0.82, -1.3, -0.3, "number", 9)
    assert RU.bounds(change) == "от −1,3 до −0,3"
    assert HR.bounds(change) == "od −1,3 do −0,3"


def test_an_open_interval_names_the_side_that_is_known():
    assert EN.ci(Estimate(64, 56, math.inf, "currency", 9)) == "€64 (at least 56)"


@pytest.mark.parametrize(
    ("count", "word"), [(1, "звонок"), (2, "звонка"), (5, "звонков"), (22, "звонка"), (11, "звонков")]
)
def test_russian_plurals(count, word):
    assert RU.plural(count, one="звонок", few="звонка", many="звонков", other="звонка") == word


@pytest.mark.parametrize(("count", "word"), [(1, "poziv"), (2, "poziva"), (5, "poziva"), (21, "poziv")])
def test_croatian_plurals(count, word):
    assert HR.plural(count, one="poziv", few="poziva", other="poziva") == word


@pytest.mark.parametrize(
    ("value", "text"), [(485_000, "€490k"), (8_000, "€8k"), (326.8, "€330"), (0, "€0"), (-1_640, "−€1.6k")]
)
def test_titles_show_two_significant_digits(value, text):
    assert EN.short(float(value), "currency") == text


def test_signs():
    assert EN.text(9_800.0, "currency", signed=True) == "+€9,800"
    assert EN.short(9_800.0, "currency", signed=True) == "+€9.8k"
    assert EN.text(-0.02, "points", signed=True) == "−2 points"
    assert EN.text(0.0, "currency", signed=True) == "€0"


@pytest.mark.parametrize(
    ("value", "text"), [(1.0, ">99%"), (0.9999, ">99%"), (0.92, "92%"), (0.0, "<1%"), (0.02, "2%")]
)
def test_a_chance_from_draws_is_never_certain(value, text):
    assert EN.chance(value) == text


def test_cents_stand_only_in_columns_of_small_sums():
    assert EN.column([95.93, 1158.3, 3487.75], [], "currency").decimals == 0
    assert EN.column([95.93, 158.3], [], "currency").decimals == 2


def test_a_column_has_one_form():
    form = EN.column([300_000, 12_400, 1_000_000], [], "currency")
    assert [EN.cell(value, form) for value in (300_000, 12_400, 1_000_000)] == ["€300k", "€12k", "€1,000k"]
    form = EN.column([0.09, 0.131, math.nan], [], "share")
    assert [EN.cell(value, form) for value in (0.09, 0.131, math.nan)] == ["9.0%", "13.1%", "–"]


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(12_400, "currency", "₽12k"), (9_800, "currency", "₽9.8k"), (2_000, "currency", "₽2k"), (0.4, "share", "40%"),
     (1_240, "count", "1,240"), (1.5, "hours", "1.5"), (0, "currency", "₽0")],
)  # fmt: skip
def test_ticks_are_short(value, unit, text):
    assert Numbers("en", "RUB").tick(value, unit) == text


def test_dates_are_written_as_the_language_writes_them():
    day = date(2026, 1, 14)
    assert [calendar.day(day, language).replace(WIDE, " ").replace(NARROW, " ") for language in ("en", "ru", "hr")] == [
        "14 January 2026", "14 января 2026 г.", "14. siječnja 2026.",
    ]  # fmt: skip
    assert calendar.month(date(2016, 12, 1), "en", short=True) == "Dec 2016"
    assert [calendar.weekday(0, language) for language in ("en", "ru", "hr")] == ["Mon", "пн", "pon"]


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        (date(2016, 12, 1), date(2017, 1, 1), "December 2016"),
        (date(2016, 7, 1), date(2017, 1, 1), "July–December 2016"),
        (date(2014, 1, 1), date(2017, 1, 1), "January 2014 – December 2016"),
    ],
)
def test_periods_of_whole_months(start, end, text):
    assert calendar.period(Days(start=start, end=end), "en") == text


@given(
    st.floats(-1e9, 1e9), st.floats(0, 1e9), st.floats(0, 1e9),
    st.sampled_from(["currency", "share", "points", "ratio", "number", "count", *DURATIONS]),
    st.sampled_from([EN, RU, HR]),
)  # fmt: skip
def test_no_number_prints_float_dust_or_minus_zero(value, below, above, unit, numbers):
    estimate = Estimate(value, value - below, value + above, unit, 3)
    for text in (numbers.text(estimate), numbers.ci(estimate), numbers.short(estimate), numbers.tick(value, unit)):
        digits = text.replace(NARROW, "").replace(WIDE, "")
        assert "-" not in text
        assert "e+" not in digits
        assert not re.search(r"\.\d{4}" if numbers is EN else r",\d{4}", digits)
        assert not digits.startswith("−0 ") and digits not in ("−0", "−0%", "−€0")
