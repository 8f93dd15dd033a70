"""Personal data where none belongs: a telephone as the name of a campaign, a patient as the name of a service."""

from __future__ import annotations

import re

import duckdb
import phonenumbers

from audit.intake.privacy import lookup
from audit.tables import CANONICAL
from audit.tables.columns import Column

REMOVED = "[removed]"
STAFF = ("doctor_id", "staff_id", "administrator_id")
EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")
DOCUMENT = re.compile(r"\b\d{3}-\d{3}-\d{3}[ -]\d{2}\b|\b\d{2} ?\d{2} \d{6}\b")
DIGITS = re.compile(r"(?<!\d)\+?\d(?:[\s().-]*\d){9,13}(?!\d)")


def mask_labels(connection: duckdb.DuckDBPyConnection, tables: list[str], country: str) -> dict[tuple[str, str], int]:
    """Replace such labels by ``[removed]``; returns the rows concerned by table and column.

    Found are e-mails, valid telephone numbers, numbers of documents, and full names of the card index
    (two words or more). A name the card index does not hold is not found.
    """
    names = names_of(connection) if "patients" in tables else set()
    found: dict[tuple[str, str], int] = {}
    for table in tables:
        for column in CANONICAL[table].columns:
            if is_label(column):
                count = _mask(connection, table, column.name, names, country)
                if count:
                    found[table, column.name] = count
    return found


def is_label(column: Column) -> bool:
    """An open text a report may print."""
    return column.dtype == "string" and column.unit == "label" and not column.allowed and column.name not in STAFF


def names_of(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Full names of the card index, as they are compared."""
    rows = connection.execute(
        "SELECT DISTINCT lower(full_name) FROM stage_patients WHERE full_name LIKE '% %'"
    ).fetchall()
    return {str(row[0]) for row in rows}


def _mask(connection: duckdb.DuckDBPyConnection, table: str, name: str, names: set[str], country: str) -> int:
    rows = connection.execute(f'SELECT DISTINCT "{name}" FROM stage_{table} WHERE "{name}" IS NOT NULL').fetchall()
    personal = sorted(str(row[0]) for row in rows if is_personal(str(row[0]), names, country))
    if not personal:
        return 0
    lookup(connection, "personal", personal, list(personal))
    where = f'"{name}" IN (SELECT value FROM personal)'
    count = connection.execute(f"SELECT count(*) FROM stage_{table} WHERE {where}").fetchall()[0][0]
    connection.execute(f"UPDATE stage_{table} SET \"{name}\" = '{REMOVED}' WHERE {where}")
    return int(count)


def is_personal(text: str, names: set[str], country: str) -> bool:
    """The text holds an e-mail, a telephone number, a document's number or a known person's full name."""
    if EMAIL.search(text) or DOCUMENT.search(text):
        return True
    if any(_is_phone(match.group(), country) for match in DIGITS.finditer(text)):
        return True
    words = text.lower().split()
    return any(" ".join(words[i : i + n]) in names for n in (2, 3, 4) for i in range(len(words) - n + 1))


def _is_phone(text: str, country: str) -> bool:
    for attempt in (text, "+" + text.lstrip("+")):
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(attempt, country)):
                return True
        except phonenumbers.NumberParseException:
            continue
    return False
