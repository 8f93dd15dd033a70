"""Rows that say again what another row says: repeated keys, rows per key, the same event in two sources."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from audit.intake.mapping import PRIVATE_COLUMNS, SameEvent, Target
from audit.intake.sql import listed
from audit.tables import CANONICAL


def one_per(connection: duckdb.DuckDBPyConnection, target: Target, source: int) -> None:
    """Keep the first row of a source per value of ``target.one_per``; the others are repetitions, left out."""
    if not target.one_per:
        return
    key = ", ".join(f'"{name}"' for name in target.one_per)
    # a value not listed comes after those that are
    order = [f'coalesce(list_position({listed(values)}, "{name}"), 999999)' for name, values in target.prefer.items()]
    _mark_later(connection, target.table, f"origin = {source}", key, "'repetition'", order)


def repeated_keys(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """A row whose key came before: left out if it says the same, set aside if it contradicts."""
    unique = CANONICAL[table].key
    if not unique:
        return
    names = [c.name for c in CANONICAL[table].columns] + list(PRIVATE_COLUMNS.get(table, {}))
    whole = ", ".join(f'"{name}"' for name in names)
    key = ", ".join(f'"{name}"' for name in unique)
    _mark_later(connection, table, "true", whole, "'duplicate'")
    connection.execute(
        f"UPDATE stage_{table} SET fate = 'set aside', reasons = ['repeated key:{unique[0]}'] "
        f"WHERE n IN ({_later(table, 'true', key)})"
    )


def _mark_later(
    connection: duckdb.DuckDBPyConnection, table: str, which: str, key: str, fate: str, order: Sequence[str] = ()
) -> None:
    connection.execute(f"UPDATE stage_{table} SET fate = {fate} WHERE n IN ({_later(table, which, key, order)})")


def _later(table: str, which: str, key: str, order: Sequence[str] = ()) -> str:
    return (
        f"SELECT n FROM stage_{table} WHERE fate IS NULL AND {which} "
        f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY {', '.join([*order, 'n'])}) > 1"
    )


MOMENT = {"enquiries": "started_at", "appointments": "starts_at"}
"""The time by which events of two sources are matched."""
ROUNDS = 4
"""Each round pairs the mutually nearest; callers who ring more than four times within the window are rare."""


def same_events(connection: duckdb.DuckDBPyConnection, table: str, source: int, rule: SameEvent) -> int:
    """Pair rows of ``source`` with rows of earlier sources, one to one, the nearest in time first.

    The later row fills the empty cells of the earlier one and gets the fate “same event”. Returns the pairs.
    """
    stage, moment = f"stage_{table}", MOMENT[table]
    ids = CANONICAL[table].key
    equal = " AND ".join(f'a."{name}" = b."{name}"' for name in rule.columns)
    connection.execute("CREATE OR REPLACE TEMP TABLE pairs (early BIGINT, late BIGINT)")
    for _ in range(ROUNDS):
        before = _count(connection)
        connection.execute(
            f"""
            INSERT INTO pairs
            WITH near AS (
                SELECT a.n AS early, b.n AS late, abs(epoch(a.{moment}) - epoch(b.{moment})) AS apart
                FROM {stage} a JOIN {stage} b ON {equal}
                    AND b.{moment} BETWEEN a.{moment} - INTERVAL {rule.within_seconds} SECOND
                                       AND a.{moment} + INTERVAL {rule.within_seconds} SECOND
                WHERE a.fate IS NULL AND b.fate IS NULL AND a.origin < {source} AND b.origin = {source}
                  AND a.file <> b.file
                  AND a.n NOT IN (SELECT early FROM pairs) AND b.n NOT IN (SELECT late FROM pairs))
            SELECT early, late FROM near
            QUALIFY row_number() OVER (PARTITION BY early ORDER BY apart, late) = 1
                AND row_number() OVER (PARTITION BY late ORDER BY apart, early) = 1
            """
        )
        if _count(connection) == before:
            break
    columns = [c.name for c in CANONICAL[table].columns if c.name not in ids]
    fills = ", ".join(f'"{name}" = coalesce({stage}."{name}", b."{name}")' for name in columns)
    connection.execute(
        f"UPDATE {stage} SET {fills} FROM pairs JOIN {stage} b ON b.n = pairs.late WHERE {stage}.n = pairs.early"
    )
    connection.execute(f"UPDATE {stage} SET fate = 'same event' WHERE n IN (SELECT late FROM pairs)")
    return _count(connection)


def _count(connection: duckdb.DuckDBPyConnection) -> int:
    return int(connection.execute("SELECT count(*) FROM pairs").fetchall()[0][0])
