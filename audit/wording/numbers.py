"""Numbers for people: as the language writes them (CLDR), with as many digits as the interval earns.

The last digit shown is the coarsest for which the interval is still at least two units wide:
326.8 (308.4–347.1) prints as 327 (308–347). A minus is a minus, a range has an en dash, thousands
and per cent signs keep to their number.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from babel import Locale
from babel.numbers import format_decimal, get_currency_symbol
from babel.units import format_unit

from audit.config import Language
from audit.results.estimate import Estimate
from audit.tables.columns import Unit
from audit.wording.digits import Form, column_form, form_of, short_form, tick_form
from audit.wording.files import load_text

LOCALES: Mapping[Language, str] = {"en": "en_GB", "ru": "ru", "hr": "hr"}
NO_NUMBER = "–"
NARROW = "\N{NARROW NO-BREAK SPACE}"
WIDE = "\N{NO-BREAK SPACE}"
DURATIONS: Mapping[str, str] = {
    "minutes": "duration-minute",
    "hours": "duration-hour",
    "days": "duration-day",
    "weeks": "duration-week",
    "months": "duration-month",
    "years": "duration-year",
}
SYMBOLS: Mapping[str, str] = {"RUB": "₽", "USD": "$", "GBP": "£", "EUR": "€", "UAH": "₴", "KZT": "₸", "PLN": "zł"}
"""Signs people use where CLDR gives the code or a country before it."""


@dataclass(frozen=True)
class Numbers:
    """Writes numbers in ``language``; money is in ``currency`` whatever the language."""

    language: Language
    currency: str = "EUR"

    # ------------------------------------------------------------------ for sentences
    def text(self, value: Estimate | float, unit: Unit | None = None, *, signed: bool = False) -> str:
        """“40%”, “€12.4k”, “3 hours”: ``value`` with its unit, rounded by its interval if it has one."""
        estimate = _estimate(value, unit)
        return self._written(estimate.value, form_of(estimate), signed) if estimate else NO_NUMBER

    def ci(self, value: Estimate, *, signed: bool = False) -> str:
        """“40% (38–42)”; a counted number stands alone."""
        bounds = self.bounds(value)
        text = self.text(value, signed=signed)
        return f"{text} ({bounds})" if bounds and not value.is_exact else text

    def chance(self, value: float) -> str:
        """A probability from draws: “94%”, and “>99%” or “<1%” where draws say no more."""
        shown = min(max(value, 0.01), 0.99)
        sign = ">" if value > 0.995 else "<" if value < 0.005 else ""
        return sign + self.cell(round(shown if sign else value, 2), Form("share", -2))

    def bounds(self, value: Estimate) -> str:
        """“38–42”: the interval without a unit, in the scale of the number."""
        return self.interval(value.low, value.high, form_of(value))

    def short(self, value: Estimate | float, unit: Unit | None = None, *, signed: bool = False) -> str:
        """Two significant digits, for titles."""
        unit = _unit(value, unit)
        number = value.value if isinstance(value, Estimate) else float(value)
        return self._written(number, short_form(number, unit), signed)

    # ------------------------------------------------------------------ for figures and tables
    def tick(self, value: float, unit: Unit) -> str:
        """As short as a chart needs it: “40%”, “€12k”, “1,240”; durations and points without their word."""
        if not math.isfinite(value):
            return NO_NUMBER
        return self._written(value, tick_form(value, unit), words=False)

    def column(self, values: Sequence[float], bounds: Sequence[tuple[float, float]], unit: Unit) -> Form:
        """One form for a whole column of a table, so that digits stand under digits."""
        return column_form(values, bounds, unit)

    def cell(self, value: float, form: Form, *, signed: bool = False) -> str:
        """One number of a column written in its ``form``; units that have words leave them to the head."""
        return self._written(value, form, signed, words=False) if math.isfinite(value) else NO_NUMBER

    def interval(self, low: float, high: float, form: Form) -> str:
        """“38–42”, “−1.3 to −0.3”; empty when a bound is unknown or both print alike."""
        if math.isnan(low) or math.isnan(high) or low == high:
            return ""
        if math.isinf(high) or math.isinf(low):
            side = "at_least" if math.isinf(high) else "at_most"
            known = {"low": low, "high": high}["low" if math.isinf(high) else "high"]
            return (
                ""
                if math.isinf(known)
                else self._words[side].format(
                    low=self._number(form.rounded(known), form.decimals),
                    high=self._number(form.rounded(known), form.decimals),
                )
            )
        first, last = form.rounded(low), form.rounded(high)
        texts = {"low": self._number(first, form.decimals), "high": self._number(last, form.decimals)}
        if first == last:
            return ""
        return "{low}–{high}".format(**texts) if first >= 0 else str(self._words["range"]).format(**texts)

    # ------------------------------------------------------------------ language
    @cached_property
    def locale(self) -> Locale:
        """The CLDR locale."""
        return Locale.parse(LOCALES[self.language])

    @cached_property
    def symbol(self) -> str:
        """The sign of the currency: €, ₽, zł, CHF."""
        return SYMBOLS.get(self.currency) or get_currency_symbol(self.currency, self.locale)

    def plural(self, count: Estimate | float, **forms: str) -> str:
        """The word that goes with ``count`` as it is printed: one, few, many, other."""
        number = form_of(count).rounded(count.value) if isinstance(count, Estimate) else Decimal(repr(count))
        form = self.locale.plural_form(abs(number))
        return forms.get(form) or forms["other"]

    @cached_property
    def _words(self) -> Mapping[str, Any]:
        return load_text("numbers", self.language).content

    def _written(self, value: float, form: Form, signed: bool = False, words: bool = True) -> str:
        number = form.rounded(value)
        sign = "−" if number < 0 else "+" if signed and number > 0 and form.unit != "ratio" else ""
        return sign + self._unsigned(abs(number), form, words)

    def _unsigned(self, number: Decimal, form: Form, words: bool) -> str:
        text = self._number(number, form.decimals)
        match form.unit:
            case "share":
                return text + ("%" if self.language == "en" else f"{NARROW}%")
            case "currency":
                return self._money(text, form.power)
            case "ratio":
                return f"×{text}"
            case "points" if words:
                return self.plural(float(number), **self._words["points"]).format(n=text)
            case unit if words and unit in DURATIONS:
                return self._duration(number, form)
            case _:
                return text

    def _money(self, text: str, power: int) -> str:
        if power:
            text += self._thousands(power)
        if self.language == "en":
            return f"{self.symbol}{text}" if not self.symbol.isalpha() else f"{self.symbol}{WIDE}{text}"
        return f"{text}{WIDE}{self.symbol}"

    def _thousands(self, power: int) -> str:
        pattern = self.locale.compact_decimal_formats["short"]["other"][str(10**power)]
        suffix = pattern.suffix[0].replace("'", "")
        return suffix.replace("K", "k") if self.language == "en" else suffix

    def _duration(self, number: Decimal, form: Form) -> str:
        text = format_unit(number, DURATIONS[form.unit], "long", _pattern(form.decimals), self.locale)
        digits = self._number(number, form.decimals)
        return text.replace(format_decimal(number, _pattern(form.decimals), self.locale), digits)

    def _number(self, number: Decimal, decimals: int) -> str:
        text = format_decimal(number, format=_pattern(decimals), locale=self.locale)
        return text.replace("-", "−").replace(WIDE, NARROW)


def _pattern(decimals: int) -> str:
    return "#,##0" + ("." + "0" * decimals if decimals else "")


def _estimate(value: Estimate | float, unit: Unit | None) -> Estimate | None:
    if isinstance(value, Estimate):
        return value
    if not math.isfinite(value):
        return None
    return Estimate(value, value, value, unit or ("count" if isinstance(value, int) else "number"), 0)


def _unit(value: Estimate | float | None, unit: Unit | None) -> Unit:
    return unit or (value.unit if isinstance(value, Estimate) else "count" if isinstance(value, int) else "number")
