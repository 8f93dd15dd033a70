"""What happened in a load, written down: rows per file and table, checks, hashes of every input."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from audit import __version__
from audit.config import ClientConfig
from audit.intake.checked import CheckOutcome
from audit.intake.files import RawFile
from audit.intake.mapping import Mapping
from audit.intake.persons import Persons
from audit.intake.set_aside import DAY
from audit.intake.sql import literal
from audit.intake.stage import Staged
from audit.tables import RECORDS, TableSpec

USED = ("same event", "merged")
"""Fates of rows that are no row of their own but gave what they knew to another one."""


@dataclass(frozen=True)
class FileRecord:
    """What one file gave to one table; ``rows_read`` = used + set aside + left out. ``filtered`` were meant for another.

    ``reasons`` counts the rows left out and set aside by why.
    """

    file: str
    table: str
    encoding: str
    rows_read: int
    rows_used: int
    rows_set_aside: int
    rows_left_out: int
    filtered: int
    first_day: date | None
    last_day: date | None
    complete_share: float | None
    sha256: str
    reasons: dict[str, int]


def file_records(
    connection: duckdb.DuckDBPyConnection, staged: list[Staged], tables: list[str], files: list[RawFile]
) -> list[FileRecord]:
    """One record per file and table; the law of conservation is asserted for each."""
    hashes = {file.name: file.sha256 for file in files}
    records = []
    for table in tables:
        for file in dict.fromkeys(item.raw.file for item in staged if item.target.table == table):
            items = [item for item in staged if item.target.table == table and item.raw.file == file]
            records.append(_record(connection, table, file, items, hashes[file]))
    return records


def _record(
    connection: duckdb.DuckDBPyConnection, table: str, file: str, items: list[Staged], sha256: str
) -> FileRecord:
    where = f"file = {literal(file)}"
    fates = connection.execute(
        f"SELECT coalesce(fate, 'used'), count(*) FROM stage_{table} WHERE {where} GROUP BY 1 ORDER BY 1"
    ).fetchall()
    counts = {str(fate): int(n) for fate, n in fates}
    read, used = sum(item.meant for item in items), sum(counts.get(fate, 0) for fate in ("used", *USED))
    aside = counts.get("set aside", 0)
    left_out = sum(n for fate, n in counts.items() if fate not in ("used", "set aside", *USED))
    assert read == used + aside + left_out, f"{file} → {table}: {read} records became {counts}"
    day = DAY.get(table)
    first, last = (None, None)
    if day:
        first, last = connection.execute(
            f"SELECT min({day}), max({day}) FROM stage_{table} WHERE {where} AND fate IS NULL"
        ).fetchall()[0]
    names = [f'"{name}"' for name in items[0].target.columns]
    filled = " + ".join(f"count({name})" for name in names)
    share = connection.execute(
        f"SELECT ({filled}) / nullif(count(*) * {len(names)}, 0) FROM stage_{table} WHERE {where} AND coalesce(fate, '') <> 'set aside'"
    ).fetchall()[0][0]
    rules = connection.execute(
        f"SELECT split_part(reason, ':', 1), count(*) FROM (SELECT unnest(reasons) AS reason FROM stage_{table} WHERE {where}) GROUP BY 1 ORDER BY 1"
    ).fetchall()
    reasons = {
        **{f: n for f, n in counts.items() if f not in ("used", "set aside")},
        **{str(r): int(n) for r, n in rules},
    }
    encoding = items[0].raw.encoding
    return FileRecord(
        file,
        table,
        encoding,
        read,
        used,
        aside,
        left_out,
        sum(i.filtered for i in items),
        first,
        last,
        share,
        sha256,
        reasons,
    )


def provenance(
    folder: Path,
    files: list[RawFile],
    mapping: Mapping,
    config: ClientConfig,
    records: list[FileRecord],
    outcomes: Iterable[CheckOutcome],
    persons: Persons,
    unused: list[str],
) -> dict[str, Any]:
    """Everything the load was made from and gave, without a clock and without any value of a person."""
    hashes = {f"raw/{file.name}": file.sha256 for file in files}
    for name in ("mapping.yml", "clinic.yml"):
        path = folder / name
        if path.is_file():
            hashes[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    mark = hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()
    return {
        "client": config.client,
        "version": __version__,
        "fingerprint": mark[:32],
        "sha256": hashes,
        "files": [asdict(record) for record in records],
        "not_used": unused,
        "notes": {source.name: source.notes for source in mapping.sources if source.notes},
        "persons": {**asdict(persons), "defaults": {day[:4]: n for day, n in persons.defaults.items()}},
        "checks": [{**asdict(outcome), "values": dict(outcome.values)} for outcome in outcomes],
    }


def write_records(
    written: duckdb.DuckDBPyConnection,
    files: list[FileRecord],
    outcomes: list[CheckOutcome],
    record: dict[str, Any],
    staged: list[Staged],
) -> None:
    """The tables ``exports`` and ``checks``, and ``intake_…`` with the physical rows and hashes."""
    _create(written, RECORDS["exports"], [asdict(file) for file in files])
    _create(written, RECORDS["checks"], [{**asdict(o), "detail": o.detail} for o in outcomes])
    kinds = [
        (raw.label, kind, count)
        for raw in {item.raw.relation: item.raw for item in staged}.values()
        for kind, count in sorted(raw.kinds.items())
    ]
    _plain(written, "intake_rows", ("label", "kind", "rows"), kinds)
    totals = [
        (raw.label, check.row, check.column, check.stated, check.summed, check.agrees)
        for raw in {item.raw.relation: item.raw for item in staged}.values()
        for check in raw.totals
    ]
    _plain(written, "intake_totals", ("label", "row", "column", "stated", "summed", "agrees"), totals)
    reasons = [(f.file, f.table, reason, rows) for f in files for reason, rows in f.reasons.items()]
    _plain(written, "intake_left_out", ("file", "table", "reason", "rows"), reasons)
    facts = [(name, digest) for name, digest in sorted(record["sha256"].items())]
    facts += [("client", record["client"]), ("version", record["version"]), ("fingerprint", record["fingerprint"])]
    _plain(written, "intake_provenance", ("name", "value"), facts)


def _create(written: duckdb.DuckDBPyConnection, spec: TableSpec, rows: list[dict[str, Any]]) -> None:
    kinds = {
        "string": pa.string(),
        "int64": pa.int64(),
        "float64": pa.float64(),
        "date": pa.date32(),
        "decimal(18, 2)": pa.decimal128(18, 2),
    }
    data = {c.name: pa.array([_money(row[c.name]) for row in rows], kinds[c.dtype]) for c in spec.columns}
    written.register("record_rows", pa.table(data))
    written.execute(f"CREATE OR REPLACE TABLE {spec.name} AS SELECT * FROM record_rows")
    written.unregister("record_rows")


def _money(value: Any) -> Any:
    return value.quantize(Decimal("0.01")) if isinstance(value, Decimal) else value


def _plain(written: duckdb.DuckDBPyConnection, table: str, names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    kinds = {
        "rows": pa.int64(),
        "row": pa.int64(),
        "stated": pa.decimal128(38, 4),
        "summed": pa.decimal128(38, 4),
        "agrees": pa.bool_(),
    }
    columns = {
        name: pa.array([row[place] for row in rows], kinds.get(name, pa.string())) for place, name in enumerate(names)
    }
    written.register("record_rows", pa.table(columns))
    written.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM record_rows")
    written.unregister("record_rows")
