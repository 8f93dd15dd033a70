"""Text to moments and days in the engine, by declared formats only."""

from __future__ import annotations

import re
from collections.abc import Iterable

from audit.intake.formats import ISO, ISO_WITH_OFFSET, MONTH_STEMS, date_pattern
from audit.intake.numbers import Cast
from audit.intake.sql import literal

EMPTY_DATES = ("0001-01-01", "1753-01-01", "1899-12-30", "1899-12-31", "1900-01-01")
"""What practice systems write for “no date” (1C, SQL Server, Excel)."""
FIRST_YEAR, LAST_YEAR = 1900, 2100


def moment(text: str, formats: tuple[str, ...], timezone: str) -> str:
    """SQL of ``text`` (NULL = empty) as a timestamp in ``timezone``, the clinic's local time; NULL if it is none.

    A text with an offset, and unix seconds, are converted; a text without is local already. Names of months
    must have become numbers before (``month_numbers``).
    """
    return f"coalesce({', '.join(_one(text, form, timezone) for form in formats)}, NULL)"


def settled_moment(text: str, parsed: str, *, epoch_is_empty: bool) -> Cast:
    """A parsed timestamp without the dates that stand for “none”; with ``epoch_is_empty`` also 1970-01-01."""
    sentinels = [*EMPTY_DATES, *(["1970-01-01"] if epoch_is_empty else [])]
    none = ", ".join(f"DATE {literal(day)}" for day in sentinels)
    is_dash = f"regexp_full_match({text}, '[-–—−]{{1,3}}')"
    in_range = f"year({parsed}) BETWEEN {FIRST_YEAR} AND {LAST_YEAR - 1}"
    value = f"CASE WHEN {parsed}::DATE NOT IN ({none}) AND {in_range} THEN {parsed} END"
    wrong = f"{parsed} IS NULL OR (NOT {in_range} AND {parsed}::DATE NOT IN ({none}))"
    return Cast(value, f"CASE WHEN {text} IS NOT NULL AND NOT {is_dash} AND ({wrong}) THEN 'date' END")


def month_numbers(texts: Iterable[str]) -> list[str | None]:
    """Texts with the name of a month (en, ru, hr) replaced by its number; unknown words stay."""
    # “mar” and “mart” share three letters with nothing else; Croatian veljača and ožujak need four
    stems = sorted(MONTH_STEMS.items(), key=lambda item: -len(item[0]))

    def numbered(word: re.Match[str]) -> str:
        text = word.group().lower()
        return next((f"{month:02d}" for stem, month in stems if text.startswith(stem)), word.group())

    return [re.sub(r"[^\W\d_]+\.?", numbered, text, count=1) for text in texts]


def _one(text: str, form: str, timezone: str) -> str:
    zone = literal(timezone)
    if form == "iso":
        local = f"CASE WHEN regexp_full_match({text}, {literal(ISO)}) THEN try_cast(replace({text}, ',', '.') AS TIMESTAMP) END"
        offset = (
            f"CASE WHEN regexp_full_match({text}, {literal(ISO_WITH_OFFSET)}) "
            f"THEN try_cast({text} AS TIMESTAMPTZ) AT TIME ZONE {zone} END"
        )
        return f"coalesce({local}, {offset})"
    if form in ("unix", "unix_ms"):
        unit = "to_timestamp" if form == "unix" else "1000"
        seconds = f"try_cast({text} AS DOUBLE)" if unit == "to_timestamp" else f"try_cast({text} AS DOUBLE) / 1000"
        return (
            f"CASE WHEN regexp_full_match({text}, '[0-9]{{1,13}}') THEN to_timestamp({seconds}) AT TIME ZONE {zone} END"
        )
    if form == "excel":
        serial = f"CASE WHEN regexp_full_match({text}, '[0-9]{{1,5}}([.,][0-9]+)?') THEN TIMESTAMP '1899-12-30' + to_seconds(round(replace({text}, ',', '.')::DOUBLE * 86400)) END"
        return f"coalesce({_one(text, 'iso', timezone)}, {serial})"
    return _declared(text, form)


def _declared(text: str, form: str) -> str:
    form = form.replace("%B", "%m")
    pattern, source = literal(date_pattern(form)), text
    parsed = f"try_strptime({source}, {literal(form)})"
    if "%d" not in form:
        parsed = f"try_strptime(concat('1 ', {source}), {literal('%d ' + form)})"
    return f"CASE WHEN regexp_full_match({text}, {pattern}) THEN {parsed} END"


def shifted(value: str, how: str) -> str:
    """A day moved to the start or end of its month, or the end of its week (Sunday)."""
    if how == "month_start":
        return f"date_trunc('month', {value})"
    if how == "month_end":
        return f"(date_trunc('month', {value}) + INTERVAL 1 MONTH - INTERVAL 1 DAY)"
    if how == "week_end":
        return f"(date_trunc('week', {value}) + INTERVAL 6 DAY)"
    return value
