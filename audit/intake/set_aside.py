"""Rows that could not be read, and rows not meant for the audit: counted, listed with their place, never with a name."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from audit.errors import DataError, Place, Problem
from audit.intake.layout import RawTable
from audit.intake.mapping import Target
from audit.intake.sql import literal
from audit.intake.stage import Staged, identifying_headers
from audit.intake.unread import Unread
from audit.tables.as_of import DAY_OF

DAY = {table: f"{column}::DATE" if column.endswith("_at") else column for table, column in DAY_OF.items()}
"""The day a row of a table belongs to."""
FAR_YEARS = 3
"""An event more than three years after the audited period is a typing error, not a plan."""
SHOWN_REASONS = ("duplicate",)
"""Rows left out that a person may want to find again; they are listed but do not count as unreadable."""
MOST_PLACES = 20
FORMULA = ("=", "+", "-", "@", "\t", "\r")
PERSONAL = re.compile(r"[\w.+-]+@[\w-]+\.\w+|(?:\d[\s().-]*){10,}|\d{3}-\d{3}-\d{3} \d{2}")


def left_out_after(connection: duckdb.DuckDBPyConnection, table: str, end: date, tables: list[str]) -> None:
    """Rows after the period are left out; impossible years are set aside. Cards stay while they have appointments.

    Appointments that are booked for later stay: nobody is invited who is coming anyway.
    """
    day = DAY.get(table)
    if day is None:
        return
    column = day.split("::", 1)[0]
    if table == "patients":
        seen = (
            "AND patient_id NOT IN (SELECT patient_id FROM stage_appointments WHERE fate IS NULL)"
            if "appointments" in tables
            else ""
        )
        connection.execute(
            f"UPDATE stage_patients SET fate = 'after the period' WHERE fate IS NULL AND {day} >= ? {seen}", [end]
        )
        return
    far = date(end.year + FAR_YEARS, end.month, 1)
    connection.execute(
        f"UPDATE stage_{table} SET fate = 'set aside', reasons = ['far future:{column}'] WHERE fate IS NULL AND {day} >= ?",
        [far],
    )
    later = "AND status IS DISTINCT FROM 'booked'" if table == "appointments" else ""
    connection.execute(f"UPDATE stage_{table} SET fate = 'after the period' WHERE fate IS NULL AND {day} >= ? {later}", [end])


def foreign_money_aside(connection: duckdb.DuckDBPyConnection, currency: str) -> None:
    """Spend whose three-letter currency code is not the client's is set aside: no rate of its day is known."""
    connection.execute(
        "UPDATE stage_ad_spend SET fate = 'set aside', reasons = ['another currency:currency'] WHERE fate IS NULL "
        "AND regexp_full_match(upper(trim(currency)), '[A-Z]{3}') AND replace(upper(trim(currency)), 'RUR', 'RUB') <> ?",
        [currency],
    )


def refuse_above_limit(
    connection: duckdb.DuckDBPyConnection, tables: list[str], unread: list[Unread], limit: float
) -> None:
    """DataError if more than ``limit`` of a table's rows are set aside: totals per rule and the first places.

    So is a form of dates or numbers that as many rows do not have: it is declared wrongly, and a column would be lost.
    """
    problems: list[Problem] = []
    for table in tables:
        rows, aside = connection.execute(
            f"SELECT count(*), count(*) FILTER (fate = 'set aside') FROM stage_{table} WHERE file IS NOT NULL"
        ).fetchall()[0]
        if rows and aside > limit * rows:
            problems += _over_limit(connection, table, int(rows), int(aside), limit)
        problems += [_wrong_form(found, rows) for found in unread if found.table == table and found.is_form and found.rows > limit * rows]
    if problems:
        raise DataError("\n".join(str(problem) for problem in problems))


def _wrong_form(found: Unread, rows: int) -> Problem:
    return Problem(
        Place(found.label, found.first_row, found.header),
        f"{found.rows} of {rows} values: {RULES[found.rule]} ({found.table}.{found.column})",
        "correct mapping.yml, or set if_bad: empty to do without them",
    )


def _over_limit(
    connection: duckdb.DuckDBPyConnection, table: str, rows: int, aside: int, limit: float
) -> list[Problem]:
    totals = connection.execute(
        f"SELECT label, reason, count(*) AS n, min(row), list(row ORDER BY row)[:5] FROM (SELECT label, row, unnest(reasons) AS reason "
        f"FROM stage_{table} WHERE fate = 'set aside') GROUP BY 1, 2 ORDER BY n DESC, 1, 2"
    ).fetchall()
    way_out = "correct mapping.yml or the export, or raise set_aside_limit in clinic.yml"
    whole = f"{aside} of {rows} rows cannot be used, more than {limit:.0%}"
    problems = [Problem(f"{', '.join(sorted({t[0] for t in totals}))} ({table})", whole, way_out)]
    for label, reason, count, first, places in totals[:MOST_PLACES]:
        rule, _, column = str(reason).partition(":")
        where = ", ".join(map(str, places)) + (" …" if count > len(places) else "")
        problems.append(
            Problem(
                Place(label, int(first), None if column.isdigit() else column),
                f"{count} × {RULES.get(rule, rule)}",
                f"rows {where}",
            )
        )
    return problems


RULES = {
    "required": "no value, but one is required",
    "number": "not a number as declared (decimal)",
    "whole number": "not a whole number",
    "date": "not a date as declared (format)",
    "code": "a word that is not in codes",
    "flag": "neither yes nor no",
    "pattern": "does not have the declared pattern",
    "span of time": "not a span of time",
    "too small": "below the smallest possible value",
    "too large": "above the largest possible value",
    "far future": "a date far after the period",
    "another currency": "money in another currency than the clinic's",
    "fields": "another number of fields than the header",
    "encoding": "bytes that are not the declared encoding",
    "nul": "a NUL character",
    "cut number": "a long number cut by a spreadsheet (1,23E+11)",
    "repeated key": "the key came before with other content",
    "duplicate": "the same row came before",
}
"""What each rule found, for messages; the report has its own words."""


def write_set_aside(
    connection: duckdb.DuckDBPyConnection, staged: list[Staged], unread: list[Unread], path: Path
) -> None:
    """``set_aside.csv``: file, row, table, column, rule and what the row holds apart from identifying columns.

    At its end, one line for all unread values of a column whose rows are kept.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".aside")
    with aside.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["file", "row", "table", "column", "rule", "kept_as", "content"])
        for item in staged:
            for line in _lines(connection, item):
                writer.writerow([_safe(cell) for cell in line])
        for found in unread:
            writer.writerow([_safe(cell) for cell in _unread_line(found)])
    aside.chmod(0o600)
    aside.replace(path)


def _lines(connection: duckdb.DuckDBPyConnection, item: Staged) -> Iterator[list[str]]:
    raw, target = item.raw, item.target
    shown = _shown_columns(raw, target)
    cells = ", ".join(f"x{n}" for n in shown) or "NULL"
    fates = ", ".join(literal(fate) for fate in ("set aside", *SHOWN_REASONS))
    rows = connection.execute(
        f"SELECT s.row, s.fate, s.reasons, [{cells}]::VARCHAR[] FROM stage_{target.table} s JOIN {raw.relation} r "
        f"ON r.row = s.row AND r.part = s.part WHERE s.origin = {item.source} AND s.relation = {literal(raw.relation)} "
        f"AND s.fate IN ({fates}) ORDER BY s.n"
    ).fetchall()
    for row, fate, reasons, values in rows:
        for reason in reasons or [f"{fate}:"]:
            rule, _, column = str(reason).partition(":")
            name = raw.headers[int(column) - 1] if column.isdigit() and 0 < int(column) <= len(raw.headers) else column
            header, broken = _header_of(raw, target, column)
            kept = "set aside" if fate == "set aside" else "left out"
            content = "; ".join(
                _shown(raw.headers[n - 1], value, n in broken, rule)
                for n, value in zip(shown, values, strict=True)
                if value
            )
            yield [
                raw.label,
                str(row),
                target.table,
                header or ("" if name == "0" else name),
                RULES.get(rule, rule),
                kept,
                content,
            ]


def _unread_line(found: Unread) -> list[str]:
    """What was not understood, how often, and the line of mapping.yml by which it would be."""
    said = "; ".join(f"{text} × {rows}" for text, rows in found.texts)
    content = "; ".join(part for part in (f"{found.rows} rows", said, found.line and f"mapping.yml, {found.table}: {found.line}") if part)
    return [found.label, str(found.first_row), found.table, found.header, f"value not understood: {RULES.get(found.rule, found.rule)}", "row kept, value empty", content]


def _shown_columns(raw: RawTable, target: Target) -> list[int]:
    """Mapped columns that name nobody; unmapped ones may hold anything and are not shown."""
    hidden = set(identifying_headers(raw, target))
    mapped = {int(raw.column(header)[1:]) for rule in target.columns.values() for header in rule.headers}
    return sorted(mapped - hidden)


def _header_of(raw: RawTable, target: Target, column: str) -> tuple[str, set[int]]:
    rule = target.columns.get(column)
    if rule is None or not rule.headers:
        return "", set()
    numbers = {int(raw.column(header)[1:]) for header in rule.headers}
    return " + ".join(raw.headers[n - 1] or f"column {n}" for n in sorted(numbers)), numbers


def _shown(header: str, value: Any, is_broken: bool, rule: str) -> str:
    text = str(value)
    if is_broken or rule in ("fields", "encoding", "nul") or PERSONAL.search(text):
        return f"{header} ~ {shape(text)}"
    return f"{header} = {text[:80]}"


def shape(text: str) -> str:
    """What a text looks like without saying it: letters a, digits 9, at most 40 characters."""
    return "".join("a" if c.isalpha() else "9" if c.isdigit() else c if c.isprintable() else "?" for c in text[:40])


def _safe(cell: str) -> str:
    """No cell that a spreadsheet would take for a formula, no character that ends a line."""
    text = "".join(c if c.isprintable() else "\ufffd" for c in cell)
    return "'" + text if text.startswith(FORMULA) else text
