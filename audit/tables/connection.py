"""The clinic's tables on an engine: create them, check them, derive the rest, open them for reading."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import ibis
import pandas as pd
from ibis.backends import BaseBackend
from ibis.expr.types import Table

from audit.tables import CANONICAL, TABLES
from audit.tables.columns import TableSpec
from audit.tables.first_visits import first_visits
from audit.tables.opportunities import opportunities
from audit.tables.patient_days import patient_days


class Tables(Mapping[str, Table]):
    """The tables a clinic has, by name; a table it does not have is simply absent."""

    def __init__(self, connection: BaseBackend) -> None:
        self.connection = connection
        there = set(connection.list_tables())
        self._names = [name for name in TABLES if name in there]

    def __getitem__(self, name: str) -> Table:
        if name not in self._names:
            raise KeyError(name)
        return self.connection.table(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def connect(path: Path | None = None, *, read_only: bool = False, threads: int = 2) -> BaseBackend:
    """A DuckDB connection to the file at ``path``, or in memory; one writer or many readers."""
    connection = ibis.duckdb.connect(":memory:" if path is None else str(path), read_only=read_only)
    connection.raw_sql(f"SET threads = {threads}; SET TimeZone = 'UTC'; SET enable_external_access = false")
    return connection


def open_tables(path: Path) -> Tables:
    """The tables of a loaded clinic, for reading."""
    return Tables(connect(path, read_only=True))


def tables_from_frames(frames: Mapping[str, pd.DataFrame], *, end: date) -> Tables:
    """Canonical tables given as frames, loaded in memory with the derived ones; for tests and lessons.

    Columns left out are empty. ``end`` is the cut-off (exclusive).
    """
    connection = connect()
    for name, frame in frames.items():
        create(connection, CANONICAL[name], frame)
    derive(connection, end=end)
    return Tables(connection)


def create(connection: BaseBackend, spec: TableSpec, rows: pd.DataFrame | Table) -> None:
    """Create one table with exactly the columns and types of ``spec`` from a frame or an expression."""
    table = ibis.memtable(rows) if isinstance(rows, pd.DataFrame) else rows
    unknown = set(table.columns) - set(spec.names)
    assert not unknown, f"{spec.name} has no columns {sorted(unknown)}"
    typed = {
        column.name: (
            table[column.name].cast(column.dtype) if column.name in table.columns else ibis.null(column.dtype)
        ).name(column.name)
        for column in spec.columns
    }
    connection.create_table(spec.name, table.select(list(typed.values())), overwrite=True)


def derive(connection: BaseBackend, *, end: date) -> None:
    """Compute the derived tables the canonical ones allow; ``end`` is the cut-off (exclusive)."""
    have = Tables(connection)
    if "appointments" not in have or "patients" not in have:
        return
    create(
        connection,
        TABLES["first_visits"],
        first_visits(have["appointments"], have["patients"], have.get("doctors"), end=end),
    )
    firsts = connection.table("first_visits")
    create(
        connection,
        TABLES["patient_days"],
        patient_days(have["appointments"], firsts, have.get("charges"), have.get("services")),
    )
    if "enquiries" in have:
        create(
            connection,
            TABLES["opportunities"],
            opportunities(have["enquiries"], have["appointments"], firsts, have["patients"], end=end),
        )
