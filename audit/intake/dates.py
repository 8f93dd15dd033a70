"""Text to moments and days in the engine, by declared formats only."""

from __future__ import annotations

from audit.intake.formats import ISO, ISO_WITH_OFFSET, MONTH_STEMS, date_pattern
from audit.intake.numbers import Cast
from audit.intake.sql import literal

EMPTY_DATES = ("0001-01-01", "1753-01-01", "1899-12-30", "1899-12-31", "1900-01-01")
"""What practice systems write for “no date” (1C, SQL Server, Excel)."""
FIRST_YEAR, LAST_YEAR = 1900, 2100


def moment(text: str, formats: tuple[str, ...], timezone: str, *, epoch_is_empty: bool) -> Cast:
    """``text`` (SQL, NULL = empty) as a timestamp in ``timezone``, the clinic's local time.

    A text with an offset, and unix seconds, are converted; a text without is local already. Dates
    that stand for “none” become NULL; with ``epoch_is_empty`` also 1970-01-01 and 0 seconds.
    """
    tried = [_one(text, form, timezone) for form in formats]
    parsed = tried[0] if len(tried) == 1 else f"coalesce({', '.join(tried)})"
    sentinels = [*EMPTY_DATES, *(["1970-01-01"] if epoch_is_empty else [])]
    none = ", ".join(f"DATE {literal(day)}" for day in sentinels)
    is_dash = f"regexp_full_match({text}, '[-–—−]{{1,3}}')"
    in_range = f"year({parsed}) BETWEEN {FIRST_YEAR} AND {LAST_YEAR - 1}"
    value = f"CASE WHEN ({parsed})::DATE IN ({none}) THEN NULL WHEN {in_range} THEN {parsed} END"
    wrong = f"({parsed}) IS NULL OR (NOT {in_range} AND ({parsed})::DATE NOT IN ({none}))"
    return Cast(value, f"CASE WHEN {text} IS NOT NULL AND NOT {is_dash} AND ({wrong}) THEN 'date' END")


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
        return f"CASE WHEN regexp_full_match({text}, '[0-9]{{1,13}}') THEN to_timestamp({seconds}) AT TIME ZONE {zone} END"
    if form == "excel":
        serial = f"CASE WHEN regexp_full_match({text}, '[0-9]{{1,5}}([.,][0-9]+)?') THEN TIMESTAMP '1899-12-30' + to_seconds(round(replace({text}, ',', '.')::DOUBLE * 86400)) END"
        return f"coalesce({_one(text, 'iso', timezone)}, {serial})"
    return _declared(text, form)


def _declared(text: str, form: str) -> str:
    source, pattern = text, form
    if "%B" in form:
        source, pattern = _with_month_number(text), form.replace("%B", "%m")
    parsed = f"try_strptime({source}, {literal(pattern)})"
    if "%d" not in form:
        parsed = f"try_strptime(concat('1 ', {source}), {literal('%d ' + pattern)})"
    return f"CASE WHEN regexp_full_match({text}, {literal(date_pattern(form))}) THEN {parsed} END"


def _with_month_number(text: str) -> str:
    word = f"lower(regexp_extract({text}, '\\p{{L}}+'))"
    # “mar” and “mart” share three letters with nothing else; Croatian veljača and ožujak need four
    stems = sorted(MONTH_STEMS.items(), key=lambda item: -len(item[0]))
    tests = " ".join(f"WHEN starts_with({word}, {literal(stem)}) THEN {literal(f'{month:02d}')}" for stem, month in stems)
    return f"regexp_replace({text}, '\\p{{L}}+\\.?', CASE {tests} ELSE 'x' END)"


def shifted(value: str, how: str) -> str:
    """A day moved to the start or end of its month, or the end of its week (Sunday)."""
    if how == "month_start":
        return f"date_trunc('month', {value})"
    if how == "month_end":
        return f"(date_trunc('month', {value}) + INTERVAL 1 MONTH - INTERVAL 1 DAY)"
    if how == "week_end":
        return f"(date_trunc('week', {value}) + INTERVAL 6 DAY)"
    return value
