"""Names of doctors and administrators become codes; the list of names stays in the vault."""

from __future__ import annotations

import json
import os
import re
import string
from pathlib import Path

import duckdb

from audit.config import ClientConfig
from audit.intake.privacy import VAULT, lookup, vault
from audit.intake.values import plain_word, same_word

DOCTOR_COLUMNS = {"doctors": "doctor_id", "appointments": "doctor_id", "charges": "doctor_id", "feedback": "doctor_id", "plans": "doctor_id"}
IS_CODE = {
    "doctors": re.compile(r"[A-Z]{1,3}[0-9]{1,4}"),
    "administrators": re.compile(r"[A-Z]{1,2}"),
    "nurses": re.compile(r"N[0-9]{2}"),
}


def code_staff(connection: duckdb.DuckDBPyConnection, tables: list[str]) -> dict[str, dict[str, str]]:
    """Replace names by codes in all staged ``tables``: D01 … and A, B … in the order of the names.

    Returns code → name for ``doctors``, ``administrators`` and ``nurses``. Names that are codes already stay.
    """
    places = {
        "doctors": [(t, c, "true") for t, c in DOCTOR_COLUMNS.items()] + [("shifts", "staff_id", "role = 'doctor'")],
        "administrators": [("enquiries", "administrator_id", "true"), ("shifts", "staff_id", "role = 'administrator'")],
        "nurses": [("shifts", "staff_id", "role = 'nurse'")],
    }
    return {
        role: _code_role(connection, role, [place for place in found if place[0] in tables])
        for role, found in places.items()
    }


def _code_role(connection: duckdb.DuckDBPyConnection, role: str, places: list[tuple[str, str, str]]) -> dict[str, str]:
    if not places:
        return {}
    parts = [
        f"SELECT {column} AS name FROM stage_{table} WHERE {test} AND len(reasons) = 0"
        for table, column, test in places
    ]
    rows = connection.execute(
        f"SELECT {same_word('name')} AS word, min(name) FROM ({' UNION ALL '.join(parts)}) WHERE name IS NOT NULL "
        "GROUP BY 1 ORDER BY 1"
    ).fetchall()
    names = [str(name) for _, name in rows]
    codes = names if names and all(IS_CODE[role].fullmatch(name) for name in names) else codes_for(role, len(names))
    lookup(connection, "staff_codes", [plain_word(name) for name in names], list(codes))
    for table, column, test in places:
        # rows set aside keep no name either
        connection.execute(
            f"UPDATE stage_{table} SET {column} = (SELECT result FROM staff_codes WHERE value = {same_word(column)}) WHERE {test}"
        )
    return dict(zip(codes, names, strict=True)) if codes is not names else {}


def codes_for(role: str, count: int) -> list[str]:
    """``count`` codes of a role: D01 …, N01 …, A … Z, AA …"""
    if role == "administrators":
        letters = string.ascii_uppercase
        return [(letters[n // 26 - 1] if n >= 26 else "") + letters[n % 26] for n in range(count)]
    width = max(2, len(str(count)))
    return [f"{'D' if role == 'doctors' else 'N'}{n:0{width}d}" for n in range(1, count + 1)]


def keep_names(folder: Path, names: dict[str, dict[str, str]]) -> None:
    """Write the list of names into the vault, readable by the owner only."""
    path = vault(folder) / "names.json"
    aside = path.with_suffix(".aside")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(names, file, ensure_ascii=False, indent=1, sort_keys=True)
    aside.replace(path)


def shown_names(folder: Path, config: ClientConfig) -> dict[str, str]:
    """Code → name of doctors and administrators, for a report that may show them; empty unless ``show_names``."""
    path = folder / VAULT / "names.json"
    if not config.show_names or not path.is_file():
        return {}
    content = json.loads(path.read_text(encoding="utf-8"))
    return {**content.get("doctors", {}), **content.get("administrators", {})}


def derive_doctors(connection: duckdb.DuckDBPyConnection, tables: list[str]) -> int:
    """Doctors no export lists, from the appointments and charges that name them; returns how many were added."""
    named = [t for t in ("appointments", "charges") if t in tables]
    seen = " UNION ALL ".join(
        f"SELECT doctor_id, {'specialty' if t == 'appointments' else 'NULL::VARCHAR'} AS specialty, branch, "
        f"{'starts_at::DATE' if t == 'appointments' else 'charged_on'} AS day FROM stage_{t} WHERE fate IS NULL AND doctor_id IS NOT NULL"
        for t in named
    )
    known = "SELECT doctor_id FROM stage_doctors WHERE fate IS NULL AND doctor_id IS NOT NULL"
    common = "mode({0} ORDER BY {0}) AS {0}"
    rows = (
        f"SELECT doctor_id, {common.format('specialty')}, {common.format('branch')}, min(day) AS started_on "
        f"FROM ({seen}) WHERE doctor_id NOT IN ({known}) GROUP BY doctor_id ORDER BY doctor_id"
    )
    connection.execute(
        f"INSERT INTO stage_doctors (reasons, emptied, doctor_id, specialty, branch, started_on) SELECT [], [], * FROM ({rows})"
    )
    return _added(connection, "doctors")


def derive_services(connection: duckdb.DuckDBPyConnection, tables: list[str]) -> int:
    """Services no price list names, from the charges and appointments; returns how many were added."""
    named = [t for t in ("appointments", "charges", "prices") if t in tables]
    seen = " UNION ALL ".join(
        f"SELECT service_id FROM stage_{t} WHERE fate IS NULL AND service_id IS NOT NULL" for t in named
    )
    known = "SELECT service_id FROM stage_services WHERE fate IS NULL AND service_id IS NOT NULL"
    connection.execute(
        "INSERT INTO stage_services (reasons, emptied, service_id, name) SELECT DISTINCT [], [], service_id, service_id "
        f"FROM ({seen}) WHERE service_id NOT IN ({known}) ORDER BY service_id"
    )
    return _added(connection, "services")


def _added(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(
        connection.execute(f"SELECT count(*) FROM stage_{table} WHERE file IS NULL AND fate IS NULL").fetchall()[0][0]
    )
