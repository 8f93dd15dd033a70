"""Read and cast everything a client's mapping names, and settle what each row is; nothing is judged or written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from audit.config import ClientConfig
from audit.errors import DataError, Place, Problem
from audit.intake.files import RawFile, matching, raw_files
from audit.intake.labels import mask_labels
from audit.intake.layout import RawTable, lay_out
from audit.intake.mapping import Mapping, Source
from audit.intake.persons import Persons, compute_ages, settle_persons
from audit.intake.read import read
from audit.intake.repeats import one_per, repeated_keys, same_events
from audit.intake.set_aside import foreign_money_aside, left_out_after
from audit.intake.staff import code_staff, derive_doctors, derive_services
from audit.intake.stage import Staged, create_stage, missing_columns, stage
from audit.intake.unread import Unread, unread
from audit.tables import CANONICAL


@dataclass(frozen=True)
class Work:
    """A client's rows while they are worked on: the engine, what was read, which of our tables are staged.

    ``pairs`` counts the rows of each source matched to an event of an earlier one, ``masked`` the labels
    that held personal data, ``unread`` the values left empty because they could not be read.
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
    unread: list[Unread]


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
    if "ad_spend" in tables:
        foreign_money_aside(connection, config.currency)
    pairs = {
        f"{item.target.table} {item.source}": same_events(
            connection, item.target.table, item.source, item.target.same_event
        )
        for item in _once_per_source(staged)
        if item.target.same_event is not None
    }
    masked = mask_labels(connection, tables, config.country)
    names = code_staff(connection, tables)
    tables = _derive_lists(connection, tables)
    if {"patients", "appointments"} <= set(tables):
        impossible = compute_ages(connection, config.period.end.isoformat())
        persons = Persons(persons.merged, persons.tests, persons.defaults, impossible)
    found = unread(connection, staged, [name for group in names.values() for name in group.values()], config.country)
    return Work(connection, files, staged, tables, persons, names, pairs, unused, masked, found)


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
            problems.append(
                str(Problem(Place(", ".join(source.files)), f"no such file for source “{source.name}”", way_out))
            )
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
                            connection,
                            raw,
                            target,
                            source.format,
                            source=number,
                            timezone=config.timezone,
                            country=config.country,
                        )
                    )
    if problems:
        raise DataError("\n".join(dict.fromkeys(problems)))
    return staged, [file.name for file in files if file.name not in used and not matching([file], mapping.ignore)]


def _tables_of(
    connection: duckdb.DuckDBPyConnection, folder: Path, file: RawFile, source: Source, number: int
) -> list[RawTable]:
    grids = read(file, folder / "raw", source.format)
    return [
        lay_out(connection, grid, source.format, f"raw_{source.name.encode().hex()}_{number}_{n}")
        for n, grid in enumerate(grids)
    ]


def _ambiguous(files: list[RawFile], mapping: Mapping) -> list[str]:
    """A mapped file beside an unmapped one of the same name but another ending: which one counts?"""
    mapped = {file.name for source in mapping.sources for file in matching(files, source.files)}
    stems = {name.rsplit(".", 1)[0]: name for name in sorted(mapped)}
    others = [f.name for f in files if f.name not in mapped and not matching([f], mapping.ignore)]
    return [
        str(
            Problem(
                Place(stems[stem]), f"{other} has the same name: both are here", "map both, or put one under ignore:"
            )
        )
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
