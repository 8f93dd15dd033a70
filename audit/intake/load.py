"""Load a client: raw exports through ``mapping.yml`` into a database of canonical and derived tables.

Everything happens in memory on text; only typed, keyed rows are written, aside, and renamed at the end.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import duckdb
import ibis

from audit.config import ClientConfig
from audit.errors import ConfigError, DataError, Place, Problem, told
from audit.intake import checks
from audit.intake.checked import CheckOutcome
from audit.intake.files import RawFile, matching, raw_files
from audit.intake.labels import mask_labels
from audit.intake.layout import RawTable, lay_out
from audit.intake.mapping import Mapping, Source, Target, load_mapping
from audit.intake.persons import Persons, compute_ages, settle_persons
from audit.intake.privacy import key_column, secret
from audit.intake.read import read
from audit.intake.record import FileRecord, file_records, provenance, write_records
from audit.intake.repeats import one_per, repeated_keys, same_events
from audit.intake.set_aside import left_out_after, refuse_above_limit, write_set_aside
from audit.intake.sql import attached, work_connection
from audit.intake.staff import code_staff, derive_doctors, derive_services, keep_names
from audit.intake.stage import Staged, create_stage, missing_columns, stage
from audit.tables import CANONICAL, DERIVED, REQUIRED
from audit.tables.connection import connect, create, derive


@dataclass(frozen=True)
class Work:
    """A client's rows while they are worked on: the engine, what was read, which of our tables are staged.

    ``pairs`` counts the rows of each source matched to an event of an earlier one, ``masked`` the labels
    that held personal data.
    """

    connection: duckdb.DuckDBPyConnection
    files: list[RawFile]
    staged: list[Staged]
    tables: list[str]
    persons: Persons
    names: dict[str, dict[str, str]]
    pairs: dict[str, int]
    unused: list[str]
    masked: dict[tuple[str, str], int]


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
        refuse_above_limit(connection, work.tables, config.set_aside_limit)
        _refuse_empty(work, config)
        aside = database.with_suffix(".aside")
        aside.unlink(missing_ok=True)
        try:
            intake = _write(work, key, folder, config, mapping, aside, set_aside, database)
            os.replace(aside, database)
        finally:
            for left in (aside, aside.with_name(aside.name + ".wal")):
                left.unlink(missing_ok=True)
    keep_names(folder, work.names)
    return intake


def prepare(connection: duckdb.DuckDBPyConnection, folder: Path, config: ClientConfig, mapping: Mapping) -> Work:
    """Read and cast everything and settle what each row is, without judging whether it is good enough."""
    files = raw_files(folder)
    staged, unused = _read_all(connection, folder, files, config, mapping)
    tables = [table for table in CANONICAL if any(item.target.table == table for item in staged)]
    for table in tables:
        connection.execute(f"UPDATE stage_{table} SET fate = 'set aside' WHERE len(reasons) > 0")
    for item in _once_per_source(staged):
        one_per(connection, item.target, item.source)
    for table in tables:
        repeated_keys(connection, table)
    test_names = tuple(name for item in staged for name in item.target.test_names)
    persons = settle_persons(connection, tables, tuple(dict.fromkeys(test_names)))
    for table in tables:
        left_out_after(connection, table, config.period.end, tables)
    pairs = {
        f"{item.target.table} {item.source}": same_events(connection, item.target.table, item.source, item.target.same_event)
        for item in _once_per_source(staged)
        if item.target.same_event is not None
    }
    masked = mask_labels(connection, tables, config.country)
    names = code_staff(connection, tables)
    tables = _derive_lists(connection, tables)
    if {"patients", "appointments"} <= set(tables):
        impossible = compute_ages(connection, config.period.end.isoformat())
        persons = Persons(persons.merged, persons.tests, persons.defaults, impossible)
    return Work(connection, files, staged, tables, persons, names, pairs, unused, masked)


def _read_all(
    connection: duckdb.DuckDBPyConnection, folder: Path, files: list[RawFile], config: ClientConfig, mapping: Mapping
) -> tuple[list[Staged], list[str]]:
    """Every file of every source, read, laid out and staged; problems of all files are told together."""
    problems: list[str] = list(_ambiguous(files, mapping))
    staged: list[Staged] = []
    used: set[str] = set()
    number = 0
    for source in mapping.sources:
        found = matching(files, source.files)
        used |= {file.name for file in found}
        if not found and not source.optional:
            way_out = "put it into raw/, correct files:, or set optional: true"
            problems.append(str(Problem(Place(", ".join(source.files)), f"no such file for source “{source.name}”", way_out)))
        raws: list[RawTable] = []
        for file in found:
            try:
                raws += _tables_of(connection, folder, file, source, len(staged) + len(raws))
            except DataError as error:
                problems.append(str(error))
        for target in source.fills:
            number += 1
            for raw in raws:
                missing = missing_columns(raw, target)
                problems += missing
                if not missing and not problems:
                    staged.append(
                        stage(
                            connection, raw, target, source.format, source=number, timezone=config.timezone, country=config.country
                        )
                    )
    if problems:
        raise DataError("\n".join(dict.fromkeys(problems)))
    return staged, [file.name for file in files if file.name not in used and not matching([file], mapping.ignore)]


def _tables_of(connection: duckdb.DuckDBPyConnection, folder: Path, file: RawFile, source: Source, number: int) -> list[RawTable]:
    grids = read(file, folder / "raw", source.format)
    return [
        lay_out(connection, grid, source.format, f"raw_{source.name.encode().hex()}_{number}_{n}") for n, grid in enumerate(grids)
    ]


def _ambiguous(files: list[RawFile], mapping: Mapping) -> list[str]:
    """A mapped file beside an unmapped one of the same name but another ending: which one counts?"""
    mapped = {file.name for source in mapping.sources for file in matching(files, source.files)}
    stems = {name.rsplit(".", 1)[0]: name for name in sorted(mapped)}
    others = [f.name for f in files if f.name not in mapped and not matching([f], mapping.ignore)]
    return [
        str(Problem(Place(stems[stem]), f"{other} has the same name: both are here", "map both, or put one under ignore:"))
        for other in others
        if (stem := other.rsplit(".", 1)[0]) in stems
    ]


def _once_per_source(staged: list[Staged]) -> list[Staged]:
    return list({item.source: item for item in staged}.values())


def _derive_lists(connection: duckdb.DuckDBPyConnection, tables: list[str]) -> list[str]:
    """Doctors and services that are named but in no list of their own."""
    for table, fill in (("doctors", derive_doctors), ("services", derive_services)):
        if "appointments" in tables or "charges" in tables:
            create_stage(connection, table)
            if fill(connection, tables) and table not in tables:
                tables = [*tables, table]
    return [table for table in CANONICAL if table in tables]


def _refuse_empty(work: Work, config: ClientConfig) -> None:
    problems: list[Problem] = []
    for table in REQUIRED:
        files = sorted({item.raw.file for item in work.staged if item.target.table == table})
        if table not in work.tables:
            problems.append(Problem(f"mapping.yml: {table}", "no source fills this table", "it is required: add fills: for it"))
        elif not _kept(work.connection, table):
            problems.append(Problem(", ".join(files), f"holds no usable row for {table}: the file is empty or wholly left out", "export it again"))
    if problems:
        raise DataError(told(problems))
    start, end = config.period.start, config.period.end
    inside = work.connection.execute(
        "SELECT count(*) FROM stage_appointments WHERE fate IS NULL AND starts_at >= ? AND starts_at < ?", [start, end]
    ).fetchall()
    if not inside[0][0]:
        raise ConfigError(str(Problem("clinic.yml: period", f"no appointment between {start} and {end}", "correct period.start and period.end")))
    known = "SELECT patient_id FROM stage_patients WHERE fate IS NULL"
    linked = work.connection.execute(
        f"SELECT count(*) FROM stage_appointments WHERE fate IS NULL AND patient_id IN ({known})"
    ).fetchall()
    if not linked[0][0]:
        files = sorted({item.raw.file for item in work.staged if item.target.table == "appointments"})
        headers = [str(h) for item in work.staged if item.target.table == "appointments" for h in item.target.columns["patient_id"].headers]
        place = Place(", ".join(files), None, headers[0] if headers else "patient_id")
        raise DataError(str(Problem(place, "no appointment belongs to a known patient (patient_id)", "are these exports of the same clinic?")))


def _kept(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM stage_{table} WHERE fate IS NULL").fetchall()[0][0])


def _write(
    work: Work, key: bytes, folder: Path, config: ClientConfig, mapping: Mapping, aside: Path, set_aside: Path, database: Path
) -> Intake:
    connection = work.connection
    files = file_records(work.connection, work.staged, work.tables, work.files)
    write_set_aside(connection, work.staged, work.tables, set_aside)
    for table in work.tables:
        for column in CANONICAL[table].columns:
            if column.unit == "id":
                key_column(connection, key, table, column)
    target = connect(aside)
    try:
        for table in work.tables:
            if _kept(connection, table):
                names = ", ".join(f'"{name}"' for name in CANONICAL[table].names)
                rows = connection.execute(f"SELECT {names} FROM stage_{table} WHERE fate IS NULL ORDER BY ALL").fetch_arrow_table()
                create(target, CANONICAL[table], ibis.memtable(rows))
        derive(target, end=config.period.end)
        outcomes = checks.run_checks(target, work, config)
    finally:
        target.disconnect()
    record = provenance(folder, work.files, mapping, config, files, outcomes, work.persons, work.unused)
    with attached(aside) as written:
        for table in DERIVED:
            _order(written, table)
        write_records(written, files, outcomes, record, work.staged)
        rows = {str(t): int(n) for t, n in written.execute(
            "SELECT table_name, estimated_size FROM duckdb_tables() ORDER BY table_name").fetchall() if t in {*CANONICAL, *DERIVED}}
        written.execute("CHECKPOINT")
    text = json.dumps(record, ensure_ascii=False, indent=1, sort_keys=True, default=str)
    database.with_suffix(".intake.json").write_text(text + "\n", encoding="utf-8")
    os.chmod(aside, 0o600)
    return Intake(database, set_aside, rows, tuple(files), tuple(outcomes), work.persons, str(record["fingerprint"]))


def _order(written: duckdb.DuckDBPyConnection, table: str) -> None:
    """Derived rows arrive in the order of the engine's threads; a total order makes every load the same."""
    if written.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = ?", [table]).fetchall():
        written.execute(f"CREATE TABLE ordered AS SELECT * FROM {table} ORDER BY ALL; DROP TABLE {table}; ALTER TABLE ordered RENAME TO {table}")


__all__ = ["Intake", "Target", "Work", "load_client", "prepare"]
