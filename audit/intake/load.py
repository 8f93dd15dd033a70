"""Load a client: raw exports through ``mapping.yml`` into a database of canonical and derived tables.

Everything happens in memory on text; only typed, keyed rows are written, aside, and renamed at the end.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import duckdb

from audit.config import ClientConfig
from audit.errors import ConfigError, DataError, Place, Problem, told
from audit.intake import checks
from audit.intake.cards import keep_cards, raw_cards
from audit.intake.checked import CheckOutcome
from audit.intake.mapping import Mapping
from audit.intake.mapping_file import load_mapping
from audit.intake.persons import Persons
from audit.intake.prepare import Work, prepare
from audit.intake.privacy import key_column, secret
from audit.intake.record import FileRecord, file_records, provenance, write_records
from audit.intake.set_aside import refuse_above_limit, write_set_aside
from audit.intake.sql import attached, work_connection
from audit.intake.staff import keep_names
from audit.intake.stage import sql_type
from audit.tables import CANONICAL, DERIVED, REQUIRED
from audit.tables.columns import TableSpec
from audit.tables.connection import connect, derive


@dataclass(frozen=True)
class Intake:
    """A finished load: where the tables are, how many rows each has, what every file gave, what the checks found."""

    database: Path
    set_aside: Path
    rows: dict[str, int]
    files: tuple[FileRecord, ...]
    checks: tuple[CheckOutcome, ...]
    persons: Persons
    fingerprint: str


def load_client(folder: Path, config: ClientConfig, *, database: Path, set_aside: Path) -> Intake:
    """Load the exports of ``folder`` (``raw/``, ``mapping.yml``) into ``database``; unreadable rows go to ``set_aside``.

    Raises ConfigError or DataError with every problem at once; then neither file is written.
    """
    mapping = load_mapping(folder / "mapping.yml")
    key = secret(folder, loaded=any(database.parent.glob("*.duckdb")))
    with work_connection() as connection:
        work = prepare(connection, folder, config, mapping)
        refuse_above_limit(connection, work.tables, work.unread, config.set_aside_limit)
        _refuse_empty(work, config)
        aside = database.with_suffix(".aside")
        aside.unlink(missing_ok=True)
        try:
            intake = _write(work, key, folder, config, mapping, aside, set_aside, database)
            Path(aside).replace(database)
        finally:
            for left in (aside, aside.with_name(aside.name + ".wal")):
                left.unlink(missing_ok=True)
    keep_names(folder, work.names)
    return intake


def _refuse_empty(work: Work, config: ClientConfig) -> None:
    problems: list[Problem] = []
    for table in REQUIRED:
        files = sorted({item.raw.file for item in work.staged if item.target.table == table})
        if table not in work.tables:
            problems.append(
                Problem(f"mapping.yml: {table}", "no source fills this table", "it is required: add fills: for it")
            )
        elif not _kept(work.connection, table):
            problems.append(
                Problem(
                    ", ".join(files),
                    f"holds no usable row for {table}: the file is empty or wholly left out",
                    "export it again",
                )
            )
    if problems:
        raise DataError(told(problems))
    start, end = config.period.start, config.period.end
    inside = work.connection.execute(
        "SELECT count(*) FROM stage_appointments WHERE fate IS NULL AND starts_at >= ? AND starts_at < ?", [start, end]
    ).fetchall()
    if not inside[0][0]:
        raise ConfigError(
            str(
                Problem(
                    "clinic.yml: period",
                    f"no appointment between {start} and {end}",
                    "correct period.start and period.end",
                )
            )
        )
    known = "SELECT patient_id FROM stage_patients WHERE fate IS NULL"
    linked = work.connection.execute(
        f"SELECT count(*) FROM stage_appointments WHERE fate IS NULL AND patient_id IN ({known})"
    ).fetchall()
    if not linked[0][0]:
        files = sorted({item.raw.file for item in work.staged if item.target.table == "appointments"})
        headers = [
            str(h)
            for item in work.staged
            if item.target.table == "appointments"
            for h in item.target.columns["patient_id"].headers
        ]
        place = Place(", ".join(files), None, headers[0] if headers else "patient_id")
        raise DataError(
            str(
                Problem(
                    place,
                    "no appointment belongs to a known patient (patient_id)",
                    "are these exports of the same clinic?",
                )
            )
        )


def _kept(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM stage_{table} WHERE fate IS NULL").fetchall()[0][0])


def _write(
    work: Work,
    key: bytes,
    folder: Path,
    config: ClientConfig,
    mapping: Mapping,
    aside: Path,
    set_aside: Path,
    database: Path,
) -> Intake:
    connection = work.connection
    files = file_records(work.connection, work.staged, work.tables, work.files)
    write_set_aside(connection, work.staged, work.unread, set_aside)
    cards = raw_cards(connection, key) if _are_cards(work) else {}
    for table in work.tables:
        for column in CANONICAL[table].columns:
            if column.unit == "id":
                key_column(connection, key, table, column)
    _write_tables(work, aside)
    target = connect(aside)
    try:
        derive(target, end=config.period.end)
        outcomes = checks.run_checks(target, work, config)
    finally:
        target.disconnect()
    record = provenance(folder, work.files, mapping, config, files, outcomes, work.persons, work.unused)
    with attached(aside) as written:
        for table in DERIVED:
            _order(written, table)
        write_records(written, files, outcomes, record, work.staged)
        rows = _counted(written)
        written.execute("CHECKPOINT")
    text = json.dumps(record, ensure_ascii=False, indent=1, sort_keys=True, default=str)
    database.with_suffix(".intake.json").write_text(text + "\n", encoding="utf-8")
    Path(aside).chmod(0o600)
    keep_cards(folder, cards)
    return Intake(database, set_aside, rows, tuple(files), tuple(outcomes), work.persons, str(record["fingerprint"]))


def _are_cards(work: Work) -> bool:
    """Patients are told by one column that is no name, telephone or birth date: only such a number may be kept."""
    for item in work.staged:
        if item.target.table == "patients":
            columns = item.target.columns
            personal = {h for name in ("full_name", "phone_key", "birth_date") if name in columns for h in columns[name].headers}
            if len(columns["patient_id"].headers) != 1 or personal & set(columns["patient_id"].headers):
                return False
    return True


def _write_tables(work: Work, aside: Path) -> None:
    """The canonical tables that have rows, with exactly the declared columns and types."""
    with attached(aside) as written:
        for table in work.tables:
            if not _kept(work.connection, table):
                continue
            columns = CANONICAL[table].columns
            names = ", ".join(f'"{column.name}"' for column in columns)
            query = f"SELECT {names} FROM stage_{table} WHERE fate IS NULL ORDER BY {_total_order(CANONICAL[table])}"
            written.register("kept", work.connection.execute(query).fetch_arrow_table())
            typed = ", ".join(f'"{column.name}"::{sql_type(column)} AS "{column.name}"' for column in columns)
            written.execute(f"CREATE TABLE {table} AS SELECT {typed} FROM kept")
            written.unregister("kept")


def _total_order(spec: TableSpec) -> str:
    """By what a row says, then by its codes: the order does not depend on the secret but between twins."""
    ordered = sorted(spec.columns, key=lambda column: column.unit == "id")
    return ", ".join(f'"{column.name}"' for column in ordered)


def _order(written: duckdb.DuckDBPyConnection, table: str) -> None:
    """Derived rows arrive in the order of the engine's threads; a total order makes every load the same."""
    if written.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = ?", [table]).fetchall():
        written.execute(
            f"CREATE TABLE ordered AS SELECT * FROM {table} ORDER BY {_total_order(DERIVED[table])}; "
            f"DROP TABLE {table}; ALTER TABLE ordered RENAME TO {table}"
        )


def _counted(written: duckdb.DuckDBPyConnection) -> dict[str, int]:
    have = {str(row[0]) for row in written.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    tables = [table for table in (*CANONICAL, *DERIVED) if table in have]
    return {table: int(written.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]) for table in tables}
