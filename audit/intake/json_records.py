"""JSON answers of practice systems to a grid: a list of records, fields inside others joined by a dot."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from audit.intake.files import RawFile, refuse
from audit.intake.grid import Grid, chunk, joined

DEEPEST = 4
"""Levels below the top at which the list of records is looked for."""
Record = dict[str, Any]


def read_json(file: RawFile, each: str | None = None) -> Grid:
    """The longest list of records in the file; with ``each``, one row per item of the list of that name inside a record.

    The names of all fields are the header (row 0); a row is the place of the record (or item) in the file. Lists inside
    records are left out unless they are lists of plain values, which are joined by commas. A record whose list ``each`` is
    empty keeps one row. DataError when the file is no JSON or holds no records.
    """
    records = _records(_parsed(file))
    if records is None:
        raise refuse(file.name, "holds no list of records", "save the whole answer of the system")
    rows = [row for record in records for row in _rows(record, each)]
    if each is not None and not any(_items(record, each) for record in records):
        raise refuse(file.name, f"no record has a list “{each}”", "correct format: each: in mapping.yml")
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[row.get(name, "") for name in names] for row in rows]
    table = joined([chunk(range(len(rows) + 1), [names, *cells], {})] if names else [])
    return Grid(file.name, None, "utf-8 json", table, len(rows) + 1)


def nested_lists(file: RawFile) -> list[str]:
    """Names of the lists of records inside the file's records, in their order."""
    found = (
        name for record in _records(_parsed(file)) or [] for name, value in _fields(record) if _is_list_of_records(value)
    )
    return list(dict.fromkeys(found))


def _parsed(file: RawFile) -> Any:
    # numbers stay as they are written: money must not pass through binary fractions
    try:
        text = file.path.read_text(encoding="utf-8-sig")
        return json.loads(text, parse_float=str, parse_int=str, parse_constant=lambda _: None)
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        row = error.lineno if isinstance(error, json.JSONDecodeError) else None
        raise refuse(file.name, "this is not valid JSON", "save the answer of the system again, whole", row) from None


def _records(node: Any, depth: int = 0) -> list[Record] | None:
    if _is_list_of_records(node):
        return list(node)
    if isinstance(node, dict) and depth < DEEPEST:
        below = [found for value in node.values() if (found := _records(value, depth + 1)) is not None]
        return max(below, key=len, default=None)
    return None


def _is_list_of_records(node: Any) -> bool:
    return isinstance(node, list) and bool(node) and all(isinstance(item, dict) for item in node)


def _rows(record: Record, each: str | None) -> Iterator[dict[str, str]]:
    own = {name: _text(value) for name, value in _fields(record) if not _is_list_of_records(value)}
    items = _items(record, each) if each else []
    for item in items or [{}]:
        yield own | {f"{each}.{name}": _text(value) for name, value in _fields(item) if not _is_list_of_records(value)}


def _items(record: Record, each: str) -> list[Record]:
    return next((value for name, value in _fields(record) if name == each and _is_list_of_records(value)), [])


def _fields(record: Record, above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in record.items():
        if isinstance(value, dict) and value:
            yield from _fields(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _text(value: Any) -> str:
    if value is None or value in ({}, []):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(_text(part) for part in value)
    return str(value)
