"""Writing SQL from declarations: names and literals quoted, never pasted."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import duckdb


def literal(value: str | float | None) -> str:
    """A value as an SQL literal."""
    if value is None:
        return "NULL"
    if isinstance(value, int | float):
        return repr(value)
    return "'" + value.replace("\x00", "").replace("'", "''") + "'"


def name(text: str) -> str:
    """A column or table name, quoted."""
    return '"' + text.replace('"', '""') + '"'


def listed(values: Iterable[str]) -> str:
    """Literals in a list ``['a', 'b']``."""
    return "[" + ", ".join(literal(value) for value in values) + "]::VARCHAR[]"


def work_connection(threads: int = 2) -> duckdb.DuckDBPyConnection:
    """An engine in memory for raw text: it can neither spill to disk nor reach a file or the network."""
    connection = duckdb.connect(":memory:")
    connection.execute(
        f"SET threads = {threads}; SET temp_directory = ''; SET autoinstall_known_extensions = false; "
        "SET autoload_known_extensions = false; SET enable_external_access = false; SET TimeZone = 'UTC'; "
        "SET enable_progress_bar = false; SET preserve_insertion_order = true"
    )
    return connection


def attached(path: Path) -> duckdb.DuckDBPyConnection:
    """A connection to the database file at ``path``, for writing."""
    connection = duckdb.connect(str(path))
    connection.execute("SET threads = 2; SET TimeZone = 'UTC'; SET enable_progress_bar = false")
    return connection
