"""Total rows as a checksum: each is compared with the rows it may add up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb

from audit.intake.numbers import number
from audit.intake.sql import literal

TOLERANCE = Decimal("0.01")
"""Shares of cents: totals of exports are rounded once, their rows each."""


@dataclass(frozen=True)
class TotalCheck:
    """A total row: what it states for a column, what the rows above it add up to, and whether these agree."""

    row: int
    column: str
    stated: Decimal
    summed: Decimal

    @property
    def agrees(self) -> bool:
        """Equal but for rounding."""
        return abs(self.stated - self.summed) <= max(TOLERANCE, abs(self.stated) * Decimal("1e-6"))


def check_totals(
    connection: duckdb.DuckDBPyConnection, columns: Mapping[str, str], decimal: str, counts: str | None
) -> tuple[TotalCheck, ...]:
    """Every total row of the table ``classified`` against the runs of records that end at it.

    A run begins at the first record, or after a group or total row; the run that agrees is taken, else
    the longest one.
    """
    checks: list[TotalCheck] = []
    for header, cell in columns.items():
        # each different text is read once
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE amounts AS SELECT {cell} AS text, {number(cell, decimal)} AS v "
            f"FROM (SELECT DISTINCT {cell} FROM classified WHERE {cell} IS NOT NULL)"
        )
        checks += _of_column(connection, header, cell)
    if counts is not None:
        checks += _of_count(connection, counts)
    return tuple(checks)


def _of_column(connection: duckdb.DuckDBPyConnection, header: str, cell: str) -> list[TotalCheck]:
    rows = connection.execute(
        f"SELECT row, what, v::DECIMAL(38, 4), sum(CASE WHEN what = 'record' THEN v ELSE 0 END) OVER (ORDER BY row)::DECIMAL(38, 4) "
        f"FROM classified LEFT JOIN amounts ON amounts.text = {cell} WHERE what IN ('record', 'total', 'group') "
        "QUALIFY what <> 'record' ORDER BY row"
    ).fetchall()
    return _compared(header, rows)


def _compared(header: str, rows: list[tuple[Any, ...]]) -> list[TotalCheck]:
    checks, starts = [], [Decimal(0)]
    for row, what, stated, so_far in rows:
        so_far = so_far or Decimal(0)
        if what == "total" and stated is not None:
            runs = [TotalCheck(row, header, stated, so_far - start) for start in starts]
            checks.append(next((run for run in reversed(runs) if run.agrees), runs[0]))
        if starts[-1] != so_far:
            starts.append(so_far)
    return checks


def _of_count(connection: duckdb.DuckDBPyConnection, mark: str) -> list[TotalCheck]:
    pattern = r"(?i)^\s*" + mark.replace(":", r"\s*:?") + r"\s*:?\s*([0-9]+)\s*$"
    rows = connection.execute(
        f"SELECT row, regexp_extract(c1, {literal(pattern)}, 1), "
        "(SELECT count(*) FROM classified WHERE what = 'record') FROM classified WHERE what = 'total' ORDER BY row"
    ).fetchall()
    return [TotalCheck(row, mark, Decimal(text), Decimal(n)) for row, text, n in rows if text]
