"""Records of a raw table to typed rows of one of our tables, still in memory and not yet keyed.

Every record meant for the table gets a row in ``stage_<table>`` with its file and physical row and,
where a value breaks a rule, the reasons: nothing is dropped here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import duckdb

from audit.errors import DataError
from audit.intake.dates import month_numbers
from audit.intake.layout import RawTable
from audit.intake.mapping import PRIVATE_COLUMNS, Format, Header, Rule, Target, column_of
from audit.intake.numbers import Cast
from audit.intake.privacy import e164, lookup
from audit.intake.sql import literal
from audit.intake.values import ARROW, cast, condition, filled, is_softened, parsed, settled
from audit.tables import CANONICAL
from audit.tables.columns import Column

PHONES = ("phone_key", "caller_key")
BOOK = "n BIGINT, origin INTEGER, file VARCHAR, label VARCHAR, relation VARCHAR, row BIGINT, part INTEGER, fate VARCHAR, reasons VARCHAR[], emptied VARCHAR[]"
"""Columns every staged row has besides ours: its number, where it comes from, what becomes of it, why, and which values were emptied."""


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
    columns = ", ".join(f'"{column.name}" {sql_type(column)}' for column in columns_of(table))
    connection.execute(f"CREATE TABLE IF NOT EXISTS stage_{table} ({BOOK}, {columns})")


def sql_type(column: Column) -> str:
    """The engine's type of one of our columns."""
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
    rules = {c.name: (c, target.columns[c.name]) for c in columns_of(target.table) if c.name in target.columns}
    texts = [f"{_text(raw, column, rule, how)} AS t_{name}" for name, (column, rule) in rules.items()]
    kept = (
        " AND ".join(condition(test, filled(raw.column(test.column), how.empty), how) for test in target.where)
        or "true"
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE texts AS SELECT row, part, damage, {', '.join(texts)} "
        f"FROM {raw.relation} WHERE damage IS NOT NULL OR ({kept})"
    )
    for column, rule in rules.values():
        _read_column(connection, column, rule, how, timezone, country)
    meant = int(connection.execute("SELECT count(*) FROM texts").fetchall()[0][0])
    connection.execute(_insert(raw, target, rules, source))
    connection.execute("DROP TABLE texts; " + "; ".join(f"DROP TABLE read_{name}" for name in rules))
    return Staged(raw, source, target, meant, raw.records - meant)


def _read_column(
    connection: duckdb.DuckDBPyConnection, column: Column, rule: Rule, how: Format, timezone: str, country: str
) -> None:
    """``read_<column>``: each different text once, with its value and the rule it breaks (NULL = none)."""
    name, step = column.name, "text"
    if name in PHONES:
        step = _changed(connection, name, lambda texts: e164(texts, country))
    elif any("%B" in form for form in rule.format):
        step = _changed(connection, name, month_numbers)
    distinct = f"SELECT DISTINCT t_{name} AS text FROM texts"
    if step == "changed":
        distinct = (
            f"SELECT d.text, changed.result AS changed FROM ({distinct}) d LEFT JOIN changed ON changed.value = d.text"
        )
    if name in PHONES:
        # “anonymous” and the like are no number and no mistake
        made, bare = (
            Cast("changed", "CASE WHEN changed IS NULL AND regexp_matches(text, '[0-9]{3}') THEN 'telephone' END"),
            "NULL",
        )
    else:
        made, bare = _cast(column, rule, step, timezone), parsed(column, rule, step, how, timezone)
    reason = settled(column, "value", "broken")
    final = f"value, {reason} AS reason, NULL::VARCHAR AS emptied"
    if is_softened(column, rule):
        final = f"CASE WHEN {reason} IS NULL THEN value END AS value, NULL::VARCHAR AS reason, {reason} AS emptied"
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE read_{name} AS SELECT text, {final} FROM ("
        f"SELECT text, {made.value} AS value, {made.bad} AS broken FROM (SELECT *, {bare} AS bare FROM ({distinct})))"
    )


def _insert(raw: RawTable, target: Target, rules: dict[str, tuple[Column, Rule]], source: int) -> str:
    stage_name = f"stage_{target.table}"

    def listed(what: str) -> str:
        found = ", ".join(f"read_{name}.{what} || ':{name}'" for name in rules)
        return f"list_filter([{found}]::VARCHAR[], lambda r: r IS NOT NULL)"

    joins = " ".join(f"JOIN read_{name} ON read_{name}.text IS NOT DISTINCT FROM t_{name}" for name in rules)
    values = {name: _moved(name, rule) for name, (_, rule) in rules.items()}
    made_id = _made_id(target)
    if made_id:
        values[made_id.name] = f"concat({literal(raw.label + '|')}, texts.row, '|', texts.part)"
    names = ", ".join(f'"{name}"' for name in values)
    number = f"(SELECT count(*) FROM {stage_name}) + row_number() OVER (ORDER BY texts.row, texts.part)"
    return (
        f"INSERT INTO {stage_name} (n, origin, file, label, relation, row, part, fate, reasons, emptied, {names}) "
        f"SELECT {number} AS n, {source}, {literal(raw.file)}, {literal(raw.label)}, {literal(raw.relation)}, texts.row, texts.part, NULL, "
        f"CASE WHEN damage IS NOT NULL THEN [damage] ELSE {listed('reason')} END, {listed('emptied')}, "
        f"{', '.join(values.values())} FROM texts {joins} ORDER BY n"
    )


def _moved(name: str, rule: Rule) -> str:
    """``not_before``: an end without a date that lies before its start is on the next day."""
    value = f"read_{name}.value"
    if rule.not_before is None:
        return value
    return f"CASE WHEN {value} < read_{rule.not_before}.value THEN {value} + INTERVAL 1 DAY ELSE {value} END"


def _cast(column: Column, rule: Rule, text: str, timezone: str) -> Cast:
    made = cast(column, rule, text, "bare", timezone)
    if rule.extract is None:
        return made
    return Cast(made.value, f"CASE WHEN starts_with({text}, {literal(_UNMATCHED)}) THEN 'pattern' ELSE {made.bad} END")


_UNMATCHED = "\ufffdno match "


def _made_id(target: Target) -> Column | None:
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
        cells = [filled(raw.column(header), how.empty) for header in headers]
        return cells[0] if len(cells) == 1 else f"nullif(concat_ws({literal(glue)}, {', '.join(cells)}), '')"

    if rule.first_of is not None:
        return f"coalesce({', '.join(filled(raw.column(header), how.empty) for header in rule.first_of)})"
    text = all_of(rule.from_ or (), rule.join)
    if rule.until is not None:
        end = all_of(rule.until, rule.join)
        return f"CASE WHEN {text} IS NOT NULL AND {end} IS NOT NULL THEN concat({text}, {literal(ARROW)}, {end}) END"
    return text


def _changed(connection: duckdb.DuckDBPyConnection, name: str, change: Callable[[list[str]], list[str | None]]) -> str:
    """Each different text of a column changed by a Python function, as the relation ``changed``."""
    rows = connection.execute(f"SELECT DISTINCT t_{name} FROM texts WHERE t_{name} IS NOT NULL ORDER BY 1").fetchall()
    values = [str(row[0]) for row in rows]
    lookup(connection, "changed", values, change(values))
    return "changed"


def identifying_headers(raw: RawTable, target: Target) -> Iterator[int]:
    """Positions of the columns of ``raw`` that name a person or one of the staff; they are never shown."""
    for name, rule in target.columns.items():
        column = column_of(target.table, name)
        named = column.identifying or column.unit == "id" or name in PRIVATE_COLUMNS.get(target.table, {})
        if named or name in ("doctor_id", "staff_id", "administrator_id"):
            yield from (int(raw.column(header)[1:]) for header in rule.headers)
