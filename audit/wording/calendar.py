"""Days, months, weekdays and periods in the words of the language (CLDR)."""

from __future__ import annotations

from datetime import date, timedelta

from babel import Locale
from babel.dates import format_date

from audit.config import Days, Language
from audit.wording.numbers import LOCALES, WIDE


def day(value: date, language: Language) -> str:
    """“14 January 2026”."""
    return format_date(value, "long", LOCALES[language]).replace(" ", WIDE, 1)


def month(value: date, language: Language, *, short: bool = False) -> str:
    """“January 2026”, or “Jan 2026”."""
    return format_date(value, "LLL y" if short else "LLLL y", LOCALES[language])


def quarter(value: date, language: Language) -> str:
    """“2016 Q3”."""
    return format_date(value, "y QQQ", LOCALES[language])


def weekday(number: int, language: Language, *, short: bool = True) -> str:
    """“Mon” for 0."""
    names = Locale.parse(LOCALES[language]).days["stand-alone"]["abbreviated" if short else "wide"]
    return str(names[number % 7])


def month_of_year(number: int, language: Language) -> str:
    """“January” for 1."""
    return str(Locale.parse(LOCALES[language]).months["stand-alone"]["wide"][number])


def period(days: Days, language: Language) -> str:
    """“December 2016”, “July–December 2016”, “January 2014 – December 2016”, or days where no month is whole."""
    first, last = days.start, days.end - timedelta(days=1)
    if first.day != 1 or days.end.day != 1:
        return day(first, language) if first == last else f"{day(first, language)} – {day(last, language)}"
    if (first.year, first.month) == (last.year, last.month):
        return month(first, language)
    if first.year == last.year:
        return f"{format_date(first, 'LLLL', LOCALES[language])}–{month(last, language)}"
    return f"{month(first, language)} – {month(last, language)}"
