"""Records of a raw table to typed rows of one of our tables, still in memory and not yet keyed.

Every record meant for the table gets a row in ``stage_<table>`` with its file and physical row and,
where a value breaks a rule, the reasons: nothing is dropped here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from audit.errors import DataError
from audit.intake.layout import RawTable
from audit.intake.mapping import PRIVATE_COLUMNS, Format, Header, Rule, Target, column_of
from audit.intake.numbers import Cast
from audit.intake.privacy import e164, lookup
from audit.intake.sql import literal
from audit.intake.values import ARROW, cast, clean, condition, settled
from audit.tables import CANONICAL
from audit.tables.columns import Column

PHONES = ("phone_key", "caller_key")
BOOK = "n BIGINT, origin INTEGER, file VARCHAR, label VARCHAR, relation VARCHAR, row BIGINT, part INTEGER, fate VARCHAR, reasons VARCHAR[]"
"""Columns every staged row has besides ours: its number, where it comes from, what becomes of it, why."""


@dataclass(frozen=True)
class Staged:
    """What one raw table gave to one of ours: records ``meant`` for it, and ``filtered`` ones by ``where``."""

    raw: RawTable
    source: int
    target: Target
    meant: int
    filtered: int


def columns_of(table: str) -> list[Column]:
    """Our columns of a table and those used only while loading."""
    return [*CANONICAL[table].columns, *PRIVATE_COLUMNS.get(table, {}).values()]


def create_stage(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """An empty ``stage_<table>`` if there is none."""
    columns = ", ".join(f'"{column.name}" {_sql_type(column)}' for column in columns_of(table))
    connection.execute(f"CREATE TABLE IF NOT EXISTS stage_{table} ({BOOK}, {columns})")


def _sql_type(column: Column) -> str:
    return {"string": "VARCHAR", "float64": "DOUBLE", "int64": "BIGINT", "timestamp(6)": "TIMESTAMP"}.get(
        column.dtype, column.dtype.upper()
    )


def missing_columns(raw: RawTable, target: Target) -> list[str]:
    """Problems of a target's headers in this raw table, as texts; empty when all are there."""
    headers = [header for rule in target.columns.values() for header in rule.headers]
    headers += [test.column for test in target.where]
    found = []
    for header in dict.fromkeys(headers):
        try:
            raw.column(header)
        except DataError as error:
            found.append(str(error))
    return found


def stage(
    connection: duckdb.DuckDBPyConnection,
    raw: RawTable,
    target: Target,
    how: Format,
    *,
    source: int,
    timezone: str,
    country: str,
) -> Staged:
    """Cast the records of ``raw`` meant for ``target`` and append them to its stage."""
    create_stage(connection, target.table)
    rules = {column.name: (column, target.columns[column.name]) for column in columns_of(target.table) if column.name in target.columns}
    texts = [f"{_text(raw, column, rule, how)} AS t_{name}" for name, (column, rule) in rules.items()]
    kept = " AND ".join(condition(test, clean(raw.column(test.column), how.empty), how) for test in target.where) or "true"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE texts AS SELECT row, part, damage, {', '.join(texts)} "
        f"FROM {raw.relation} WHERE damage IS NOT NULL OR ({kept})"
    )
    for name in rules:
        if name in PHONES:
            _normalise_phones(connection, name, country)
    meant = int(connection.execute("SELECT count(*) FROM texts").fetchall()[0][0])
    connection.execute(_insert(raw, target, rules, how, source, timezone))
    connection.execute("DROP TABLE texts")
    return Staged(raw, source, target, meant, raw.records - meant)


def _insert(
    raw: RawTable, target: Target, rules: dict[str, tuple[Column, Rule]], how: Format, source: int, timezone: str
) -> str:
    made = {name: _made(column, rule, how, timezone) for name, (column, rule) in rules.items()}
    first = ", ".join(f"{c.value} AS v_{name}, {c.bad} AS b_{name}" for name, c in made.items())
    final = {name: settled(column, rule, f"v_{name}", f"b_{name}") for name, (column, rule) in rules.items()}
    reasons = ", ".join(f"{c.bad} || ':{name}'" for name, c in final.items())
    id_column = _made_id(target, raw)
    names = [*final, *([id_column.name] if id_column else [])]
    values = [f'{c.value} AS "{name}"' for name, c in _later(final, rules).items()]
    if id_column:
        values.append(f"concat({literal(raw.label + '|')}, row, '|', part) AS {id_column.name}")
    listed = ", ".join(f'"{name}"' for name in names)
    return (
        f"INSERT INTO stage_{target.table} (origin, file, label, relation, row, part, fate, reasons, {listed}) "
        f"SELECT {source}, {literal(raw.file)}, {literal(raw.label)}, {literal(raw.relation)}, row, part, NULL, "
        f"CASE WHEN damage IS NOT NULL THEN [damage] ELSE list_filter([{reasons}]::VARCHAR[], lambda r: r IS NOT NULL) END, "
        f"{', '.join(values)} FROM (SELECT row, part, damage, {first} FROM texts) ORDER BY row, part"
    )


def _later(final: dict[str, Cast], rules: dict[str, tuple[Column, Rule]]) -> dict[str, Cast]:
    """``not_before``: an end without a date that lies before its start is on the next day."""
    moved = dict(final)
    for name, (_, rule) in rules.items():
        if rule.not_before is not None:
            start, end = final[rule.not_before].value, final[name].value
            moved[name] = Cast(f"CASE WHEN {end} < {start} THEN {end} + INTERVAL 1 DAY ELSE {end} END", final[name].bad)
    return moved


def _made(column: Column, rule: Rule, how: Format, timezone: str) -> Cast:
    text = f"t_{column.name}"
    if column.name in PHONES:
        return Cast(text, "NULL::VARCHAR")
    made = cast(column, rule, text, how, timezone)
    if rule.extract is None:
        return made
    return Cast(made.value, f"CASE WHEN starts_with({text}, {literal(_UNMATCHED)}) THEN 'pattern' ELSE {made.bad} END")


_UNMATCHED = "\ufffdno match "


def _made_id(target: Target, raw: RawTable) -> Column | None:
    """The key of a table whose export has none is made of file and row; patients always bring their own."""
    for column in CANONICAL[target.table].columns:
        if column.unique and column.unit == "id" and column.name not in target.columns and target.table != "patients":
            return column
    return None


def _text(raw: RawTable, column: Column, rule: Rule, how: Format) -> str:
    if rule.const is not None:
        const = ("true" if rule.const else "false") if isinstance(rule.const, bool) else str(rule.const)
        is_number = isinstance(rule.const, int | float) and column.dtype != "string"
        return literal(const.replace(".", how.decimal) if is_number else const) + "::VARCHAR"
    if rule.file_name is not None:
        found = re.search(rule.file_name, raw.file)
        return literal((found.group(1) if found.groups() else found.group()) if found else None) + "::VARCHAR"
    text = _joined(raw, rule, how)
    if rule.extract is not None:
        group = 1 if re.compile(rule.extract).groups else 0
        hit = f"regexp_matches({text}, {literal(rule.extract)})"
        got = f"nullif(regexp_extract({text}, {literal(rule.extract)}, {group}), '')"
        text = f"CASE WHEN {hit} THEN {got} WHEN {text} IS NOT NULL THEN {literal(_UNMATCHED)} END"
    return text


def _joined(raw: RawTable, rule: Rule, how: Format) -> str:
    def all_of(headers: tuple[Header, ...], glue: str) -> str:
        cells = [clean(raw.column(header), how.empty) for header in headers]
        return cells[0] if len(cells) == 1 else f"nullif(concat_ws({literal(glue)}, {', '.join(cells)}), '')"

    if rule.first_of is not None:
        return f"coalesce({', '.join(clean(raw.column(header), how.empty) for header in rule.first_of)})"
    text = all_of(rule.from_ or (), rule.join)
    if rule.until is not None:
        end = all_of(rule.until, rule.join)
        return f"CASE WHEN {text} IS NOT NULL AND {end} IS NOT NULL THEN concat({text}, {literal(ARROW)}, {end}) END"
    return text


def _normalise_phones(connection: duckdb.DuckDBPyConnection, name: str, country: str) -> None:
    """Numbers to international form, each different text once; what is no number becomes empty."""
    text = f"regexp_replace(t_{name}, '[^0-9+,;/a-zA-Zа-яА-Я]', '', 'g')"
    connection.execute(f"UPDATE texts SET t_{name} = {text}")
    rows = connection.execute(f"SELECT DISTINCT t_{name} FROM texts WHERE t_{name} IS NOT NULL ORDER BY 1").fetchall()
    values = [str(row[0]) for row in rows]
    lookup(connection, "numbers", values, e164(values, country))
    connection.execute(f"UPDATE texts SET t_{name} = numbers.result FROM numbers WHERE numbers.value = t_{name}")


def identifying_headers(raw: RawTable, target: Target) -> Iterator[int]:
    """Positions of the columns of ``raw`` that name a person or one of the staff; they are never shown."""
    for name, rule in target.columns.items():
        column = column_of(target.table, name)
        named = column.identifying or column.unit == "id" or name in PRIVATE_COLUMNS.get(target.table, {})
        if named or name in ("doctor_id", "staff_id", "administrator_id"):
            yield from (int(raw.column(header)[1:]) for header in rule.headers)
