"""Numbers for people: as the language writes them (CLDR), with as many digits as the interval earns.

The last digit shown is the coarsest for which the interval is still at least two units wide:
326.8 (308.4–347.1) prints as 327 (308–347). A minus is a minus, a range has an en dash, thousands
and per cent signs keep to their number.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from statistics import median_low
from typing import Any

from babel import Locale
from babel.numbers import format_decimal, get_currency_symbol
from babel.units import format_unit

from audit.config import Language
from audit.results.estimate import Estimate
from audit.tables.columns import Unit
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

_MOST_DECIMALS = 3


@dataclass(frozen=True)
class Form:
    """How a number is written: divided by 10**``power`` and rounded to ``decimals``."""

    unit: Unit
    power: int = 0
    decimals: int = 0

    def rounded(self, value: float) -> Decimal:
        """``value`` in the shown scale; never minus zero."""
        step = Decimal(1).scaleb(-self.decimals)
        return abs_zero(Decimal(repr(float(value))).scaleb(-self.power).quantize(step, ROUND_HALF_UP))


def abs_zero(number: Decimal) -> Decimal:
    """Zero without a sign; any other number as it is."""
    return abs(number) if number == 0 else number


@dataclass(frozen=True)
class Numbers:
    """Writes numbers in ``language``; money is in ``currency`` whatever the language."""

    language: Language
    currency: str = "EUR"

    # ------------------------------------------------------------------ for sentences
    def text(self, value: Estimate | float, unit: Unit | None = None, *, signed: bool = False) -> str:
        """“40%”, “€12.4k”, “3 hours”: ``value`` with its unit, rounded by its interval if it has one."""
        estimate = _estimate(value, unit)
        return self._written(estimate.value, _form(estimate), signed) if estimate else NO_NUMBER

    def ci(self, value: Estimate, *, signed: bool = False) -> str:
        """“40% (38–42)”; a counted number stands alone."""
        bounds = self.bounds(value)
        text = self.text(value, signed=signed)
        return f"{text} ({bounds})" if bounds and not value.is_exact else text

    def bounds(self, value: Estimate) -> str:
        """“38–42”: the interval without a unit, in the scale of the number."""
        return self.interval(value.low, value.high, _form(value))

    def short(self, value: Estimate | float, unit: Unit | None = None, *, signed: bool = False) -> str:
        """Two significant digits, for titles."""
        unit = _unit(value, unit)
        number = value.value if isinstance(value, Estimate) else float(value)
        return self._written(number, _short_form(number, unit), signed)

    # ------------------------------------------------------------------ for figures and tables
    def tick(self, value: float, unit: Unit) -> str:
        """As short as a chart needs it: “40%”, “€12k”, “1,240”; durations and points without their word."""
        if not math.isfinite(value):
            return NO_NUMBER
        return self._written(value, _tick_form(value, unit), words=False)

    def column(self, values: Sequence[float], bounds: Sequence[tuple[float, float]], unit: Unit) -> Form:
        """One form for a whole column of a table, so that digits stand under digits."""
        return _column_form(values, bounds, unit)

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
        number = _form(count).rounded(count.value) if isinstance(count, Estimate) else Decimal(repr(count))
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


# ---------------------------------------------------------------------- digits
def _form(e: Estimate) -> Form:
    """The form an estimate earns."""
    power = _power(e.unit, max(abs(v) for v in (e.value, e.low, e.high) if math.isfinite(v)), abs(e.value))
    value = e.value / 10.0**power
    if e.is_exact or not (math.isfinite(e.low) and math.isfinite(e.high)):
        return Form(e.unit, power, _exact_decimals(abs(value), e.unit, power))
    decimals = _interval_decimals((e.high - e.low) / 10.0**power, e.unit, power)
    if power > 0 and abs(value) < 10:
        decimals = max(decimals, 1)
    elif abs(value) > 0 and round(abs(value), decimals) == 0:
        decimals = min(decimals + 1, _MOST_DECIMALS)
    return Form(e.unit, power, decimals)


def _power(unit: Unit, largest: float, value: float) -> int:
    if unit in ("share", "points"):
        return -2
    if unit != "currency" or largest < 9_999.5:
        return 0
    return 9 if value >= 999_500_000 else 6 if value >= 999_500 else 3


def _interval_decimals(width: float, unit: Unit, power: int) -> int:
    decimals = next((d for d in range(_MOST_DECIMALS) if width >= 2 * 10.0**-d - 1e-9), _MOST_DECIMALS)
    if unit == "currency" and power == 0:
        return 2 if decimals else 0
    return min(decimals, 2) if unit in ("share", "currency") else decimals


def _exact_decimals(value: float, unit: Unit, power: int = 0) -> int:
    """Digits of a counted number: three significant ones or so, and none that say nothing."""
    if abs(value - round(value)) < 1e-9:
        return 0
    if unit == "currency" and power > 0:
        wanted = 1 if value < 100 else 0
    elif unit == "currency":
        cents = value < 1000 and abs(value * 100 - round(value * 100)) < 1e-6
        return 2 if cents or value < 10 else 0
    elif unit == "share":
        wanted = 0 if 10 <= value <= 99 else 1 if 1 <= value < 99.95 else 2
    elif unit in ("ratio", "number"):
        wanted = 0 if value >= 100 else 1 if value >= 1 else 2
    else:
        wanted = 0 if value >= 10 else 1
    if round(value, wanted) == 0:
        return 0
    return next((d for d in range(wanted) if abs(round(value, d) - value) < 1e-9), wanted)


def _short_form(value: float, unit: Unit) -> Form:
    power = -2 if unit in ("share", "points") else 0
    size = _two_digits(abs(value) / 10.0**power)
    if unit == "currency" and size >= 1000:
        power = 9 if size >= 1e9 else 6 if size >= 1e6 else 3
        size /= 10.0**power
    digits = 0 if size >= 10 or size == 0 else 1 - math.floor(math.log10(size))
    digits = next((d for d in range(digits) if abs(round(size, d) - size) < 1e-9), digits)
    return _Short(unit, power, digits if digits <= _MOST_DECIMALS else 0)


@dataclass(frozen=True)
class _Short(Form):
    def rounded(self, value: float) -> Decimal:
        return Form.rounded(self, _two_digits(value))


def _two_digits(value: float) -> float:
    if value == 0:
        return 0.0
    step = Decimal(1).scaleb(math.floor(math.log10(abs(value))) - 1)
    return float(Decimal(repr(value)).quantize(step, ROUND_HALF_UP))


def _tick_form(value: float, unit: Unit) -> Form:
    size = abs(value)
    if unit == "currency" and size >= 999.5:
        power = 6 if size >= 999_500 else 3
        scaled = size / 10.0**power
        return Form(unit, power, 0 if scaled >= 9.95 else _trimmed(scaled, 1))
    power = -2 if unit in ("share", "points") else 0
    scaled = size / 10.0**power
    wanted = 0 if scaled >= 10 or (unit == "currency" and scaled >= 1) else 1 if scaled >= 1 else 2
    return Form(unit, power, _trimmed(scaled, wanted))


def _trimmed(value: float, decimals: int) -> int:
    return next((d for d in range(decimals) if abs(round(value, d) - round(value, decimals)) < 1e-9), decimals)


def _column_form(values: Sequence[float], bounds: Sequence[tuple[float, float]], unit: Unit) -> Form:
    known = [float(v) for v in values if math.isfinite(v)]
    if not known:
        return Form(unit, -2 if unit in ("share", "points") else 0, 0)
    sizes = [abs(v) for v in known if v]
    largest = max(sizes, default=0.0)
    power = _power(unit, largest if largest >= 99_950 else 0.0, min(sizes, default=0.0))
    widths = [(high - low) / 10.0**power for low, high in bounds if math.isfinite(high - low) and high > low]
    if widths:
        decimals = median_low([_interval_decimals(width, unit, power) for width in widths])
    elif unit == "currency" and power > 0:
        decimals = 0 if largest / 10.0**power >= 100 else 1
    else:
        decimals = max(_column_decimals(size / 10.0**power, unit, power) for size in sizes or [0.0])
    if unit == "currency" and power > 0 and min(sizes) / 10.0**power < 9.95:
        decimals = max(decimals, 1)
    return Form(unit, power, decimals)


def _column_decimals(value: float, unit: Unit, power: int) -> int:
    return (
        1
        if unit == "share" and 0 < value < 9.95
        else min(_exact_decimals(value, unit, power), 1 if unit == "share" else 2)
    )
