"""The law of every file: records read = used + set aside + left out, whatever is done to it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.errors import AuditError
from audit.intake.record import file_records
from tests.intake.small_clinic import VISITS_HEADER, SmallClinic, visits

DAMAGES = ("short", "long", "blank", "nul", "bytes", "twice", "text", "empty", "total", "header", "future")


def damaged(line: str, damage: str) -> list[bytes]:
    """A line of the export, or several, after one thing has happened to it."""
    cells = line.split(";")
    made = {
        "short": [";".join(cells[:3])],
        "long": [line + ";x;y"],
        "blank": ["", line],
        "nul": [line.replace(f";{cells[4]};", f";\x00{cells[4]};")],
        "twice": [line, line],
        "text": [line.replace("1 000,50", "много")],
        "empty": [";".join(["", *cells[1:]])],
        "total": ["Итого;;;;;1,00", line],
        "header": [VISITS_HEADER, line],
        "future": [line.replace(".2016", ".2018")],
    }.get(damage, [line])
    return [text.encode() for text in made] if damage != "bytes" else [line.encode().replace(b"came", b"\xff\xfe")]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    size=st.integers(3, 30),
    where=st.dictionaries(st.integers(0, 29), st.sampled_from(DAMAGES), max_size=8),
    end=st.sampled_from([b"\n", b"\r\n"]),
)
def test_nothing_is_lost(size: int, where: dict[int, str], end: bytes) -> None:
    lines = [VISITS_HEADER.encode()]
    for number, line in enumerate(visits(size)):
        lines += damaged(line, where.get(number, ""))
    with tempfile.TemporaryDirectory() as folder:
        clinic = SmallClinic(Path(folder) / "small")
        clinic.source("visits")["format"]["totals"] = {"marks": ["Итого"]}
        clinic.raw("visits.csv", end.join(lines) + end)
        try:
            work = clinic.prepared()
        except AuditError:
            return
        with work.connection as connection:
            raw = next(item.raw for item in work.staged if item.raw.file == "visits.csv")
            assert sum(raw.kinds.values()) == len(lines)
            records = file_records(connection, work.staged, work.tables, work.files)
            for record in records:
                assert record.rows_read == record.rows_used + record.rows_set_aside + record.rows_left_out
                assert (
                    record.rows_read + record.filtered == {"visits.csv": raw.records, "patients.csv": 12}[record.file]
                )
            bad = sum(where.get(n) in ("short", "long", "nul", "bytes", "empty") for n in range(size))
            appointments = next(record for record in records if record.table == "appointments")
            assert appointments.rows_set_aside == bad
