"""Cards to persons: duplicates merged, test cards removed, default birth dates found, ages computed.

Cards with the same telephone and birth date are one person; the same telephone alone is a family. All
rows of the other tables are re-pointed to the surviving card.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import duckdb

from audit.intake.sql import literal
from audit.tables import CANONICAL

SPIKE_TIMES, SPIKE_LEAST, SPIKE_SHARE = 10, 5, 0.004
"""A birth date is a default, not a birthday, with ten times the cards of the days around it, at least 5 and 0.4 %."""
AROUND_DAYS = 365


@dataclass(frozen=True)
class Persons:
    """What was found in the card index: cards merged into others, test cards, and default birth dates.

    ``defaults`` maps a default birth date (ISO) to its number of cards; ``impossible_ages`` counts ages
    left empty because they were below 0 or above 120.
    """

    merged: int = 0
    tests: int = 0
    defaults: dict[str, int] = field(default_factory=dict)
    impossible_ages: int = 0


def settle_persons(connection: duckdb.DuckDBPyConnection, tables: list[str], test_names: tuple[str, ...]) -> Persons:
    """Resolve cards in ``stage_patients`` and follow them through all staged ``tables``."""
    if "patients" not in tables:
        return Persons()
    tests = _remove_tests(connection, tables, test_names)
    defaults = _default_birth_dates(connection)
    if defaults:
        days = ", ".join(f"DATE {literal(day)}" for day in defaults)
        connection.execute(f"UPDATE stage_patients SET birth_date = NULL, sex = NULL WHERE birth_date IN ({days})")
    return Persons(_merge(connection, tables), tests, defaults)


def _following(tables: list[str]) -> list[str]:
    return [t for t in tables if t != "patients" and "patient_id" in CANONICAL[t].names]


def _remove_tests(connection: duckdb.DuckDBPyConnection, tables: list[str], test_names: tuple[str, ...]) -> int:
    if not test_names:
        return 0
    words = "|".join("".join(c if c.isalnum() else "\\" + c for c in word.lower()) for word in test_names)
    pattern = rf"(^|[^\p{{L}}])({words})([^\p{{L}}]|$)"
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE tests AS SELECT DISTINCT patient_id FROM stage_patients "
        f"WHERE fate IS NULL AND regexp_matches(lower(full_name), {literal(pattern)})"
    )
    for table in ["patients", *_following(tables)]:
        connection.execute(
            f"UPDATE stage_{table} SET fate = 'test' WHERE fate IS NULL AND patient_id IN (SELECT patient_id FROM tests)"
        )
    return int(connection.execute("SELECT count(*) FROM tests").fetchall()[0][0])


def _default_birth_dates(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    rows = connection.execute(
        f"""
        WITH days AS (SELECT birth_date AS day, count(*) AS cards FROM stage_patients
                      WHERE fate IS NULL AND birth_date IS NOT NULL GROUP BY 1),
             whole AS (SELECT sum(cards) AS cards FROM days)
        SELECT strftime(d.day, '%Y-%m-%d'), d.cards FROM days d, whole
        WHERE d.cards >= greatest({SPIKE_LEAST}, {SPIKE_SHARE} * whole.cards)
          AND d.cards >= {SPIKE_TIMES} * greatest(0.2, (
              SELECT coalesce(sum(n.cards), 0) / {2 * AROUND_DAYS}.0 FROM days n
              WHERE n.day <> d.day AND abs(date_diff('day', n.day, d.day)) <= {AROUND_DAYS}))
        ORDER BY 1
        """
    ).fetchall()
    return {str(day): int(cards) for day, cards in rows}


def _merge(connection: duckdb.DuckDBPyConnection, tables: list[str]) -> int:
    """Cards of one telephone, birth date and (if known) sex become the one opened first."""
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE same AS
        WITH cards AS (
            SELECT patient_id, phone_key, birth_date,
                   coalesce(sex, max(sex) OVER (PARTITION BY phone_key, birth_date)) AS sex,
                   registered_on, n FROM stage_patients
            WHERE fate IS NULL AND phone_key IS NOT NULL AND birth_date IS NOT NULL)
        SELECT patient_id, first_value(patient_id) OVER (
                   PARTITION BY phone_key, birth_date, sex ORDER BY registered_on NULLS LAST, n
               ) AS survivor FROM cards
        """
    )
    connection.execute("DELETE FROM same WHERE patient_id = survivor")
    columns = [c.name for c in CANONICAL["patients"].columns if c.name != "patient_id"]
    fills = ", ".join(f'"{name}" = coalesce(stage_patients."{name}", filled."{name}")' for name in columns)
    firsts = ", ".join(
        f'first("{name}" ORDER BY n) FILTER (WHERE "{name}" IS NOT NULL) AS "{name}"' for name in columns
    )
    connection.execute(
        f"UPDATE stage_patients SET {fills} FROM (SELECT survivor, {firsts} FROM stage_patients JOIN same USING (patient_id) "
        "GROUP BY survivor) AS filled WHERE stage_patients.patient_id = filled.survivor AND fate IS NULL"
    )
    connection.execute(
        "UPDATE stage_patients SET fate = 'merged' WHERE fate IS NULL AND patient_id IN (SELECT patient_id FROM same)"
    )
    for table in _following(tables):
        connection.execute(
            f"UPDATE stage_{table} SET patient_id = same.survivor FROM same WHERE same.patient_id = stage_{table}.patient_id"
        )
    return int(connection.execute("SELECT count(*) FROM same").fetchall()[0][0])


def compute_ages(connection: duckdb.DuckDBPyConnection, end: str) -> int:
    """``age_years`` at the first appointment from the birth date; returns how many were impossible and left empty."""
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE ages AS
        SELECT p.patient_id, date_sub('year', p.birth_date, coalesce(first_day, p.registered_on, DATE {literal(end)})) AS age
        FROM stage_patients p LEFT JOIN (
            SELECT patient_id, min(starts_at)::DATE AS first_day FROM stage_appointments WHERE fate IS NULL GROUP BY 1
        ) USING (patient_id) WHERE p.fate IS NULL AND p.birth_date IS NOT NULL
        """
    )
    connection.execute(
        "UPDATE stage_patients SET age_years = coalesce(age_years, CASE WHEN age BETWEEN 0 AND 120 THEN age END) "
        "FROM ages WHERE ages.patient_id = stage_patients.patient_id AND fate IS NULL"
    )
    impossible = connection.execute("SELECT count(*) FROM ages WHERE age NOT BETWEEN 0 AND 120").fetchall()
    return int(impossible[0][0])
