"""Direct identifiers are keyed or dropped before anything is stored.

An identifier becomes HMAC-SHA-256(secret, role|normalised value), 128 bits in hex. The secret is 32
random bytes of this client alone; without it nobody can list all telephone numbers and look them up.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Iterable
from pathlib import Path

import duckdb
import phonenumbers
import pyarrow as pa

from audit.errors import DataError, Place, Problem
from audit.tables.columns import Column

VAULT = ".vault"
KEY_BYTES = 32
HIDDEN_NUMBERS = frozenset(
    ("anonymous", "unknown", "restricted", "private", "withheld", "hidden", "скрыт", "скрытый", "аноним", "неизвестен")
)


def vault(folder: Path) -> Path:
    """The client's folder of secrets, readable by its owner only."""
    path = folder / VAULT
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def secret(folder: Path, *, loaded: bool) -> bytes:
    """The client's secret, made by the first intake.

    ``loaded`` says a database made with it exists: then a missing key is an error, never a new key,
    for new codes would not match the old ones.
    """
    path = vault(folder) / "key"
    if not path.exists():
        if loaded:
            way_out = "put the key back from a backup, or remove .work/ to start with a new one"
            raise DataError(
                str(Problem(Place(f"{folder.name}/{VAULT}/key"), "the key of the loaded tables is gone", way_out))
            )
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.urandom(KEY_BYTES))
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise DataError(
            str(
                Problem(
                    Place(f"{folder.name}/{VAULT}/key"), "is not a key of 32 bytes", "put the key back from a backup"
                )
            )
        )
    return key


def keyed(key: bytes, role: str, values: Iterable[str]) -> list[str]:
    """The codes of ``values`` in a ``role``: 32 hex digits each, in the same order."""
    return [hmac.digest(key, f"{role}|{value}".encode(), "sha256").hex()[:32] for value in values]


def role_of(table: str, column: Column) -> str:
    """What an identifier identifies: equal roles give equal codes in every table."""
    if column.name in ("phone_key", "caller_key"):
        return "phone"
    return column.references or (table if column.unique else column.name)


def e164(texts: Iterable[str], country: str) -> list[str | None]:
    """Telephone numbers in international form; None for what is no number. The first of several is taken.

    Numbers of one length that begin with the same five digits are written alike: one of them is parsed,
    the others follow it (parsing each costs fifty times more).
    """
    learned: dict[tuple[bool, int, str], tuple[str, int] | None] = {}
    return [_like_known(text, country, learned) for text in texts]


def _like_known(text: str, country: str, learned: dict[tuple[bool, int, str], tuple[str, int] | None]) -> str | None:
    compact = text.translate(_SEPARATORS)
    digits = compact.removeprefix("+")
    lead = LEADING + (2 if digits.startswith("00") else 0)
    if not (digits.isascii() and digits.isdecimal() and lead < len(digits) <= 15):
        return _one_number(text, country)
    shape = (compact != digits, len(digits), digits[:lead])
    if shape not in learned:
        number, tail = _one_number(compact, country), digits[lead:]
        if number is not None and not number.endswith(tail):
            return number
        learned[shape] = None if number is None else (number[: len(number) - len(tail)], lead)
    rule = learned[shape]
    return None if rule is None else rule[0] + digits[rule[1] :]


LEADING = 5
_SEPARATORS = str.maketrans("", "", " -.()\u00a0")


def _one_number(text: str, country: str) -> str | None:
    if text.lower() in HIDDEN_NUMBERS:
        return None
    for piece in text.replace("/", ",").replace(";", ",").split(","):
        digits = sum(c.isdecimal() for c in piece)
        if digits < 5 or digits > 20:
            continue
        # exports write international numbers without their plus
        piece = piece.strip()
        tries = [piece] if piece.startswith(("+", "00")) else [piece, "+" + piece]
        for attempt in tries:
            try:
                number = phonenumbers.parse(attempt, country)
            except phonenumbers.NumberParseException:
                continue
            if phonenumbers.is_possible_number(number):
                return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    return None


def lookup(connection: duckdb.DuckDBPyConnection, relation: str, values: list[str], results: list[str | None]) -> None:
    """A table of ``value`` and ``result`` for joining, as relation ``relation``."""
    found = pa.table({"value": pa.array(values, pa.string()), "result": pa.array(results, pa.string())})
    connection.register("found", found)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {relation} AS SELECT * FROM found")
    connection.unregister("found")


def key_column(connection: duckdb.DuckDBPyConnection, key: bytes, table: str, column: Column) -> None:
    """Replace the raw identifiers of one column of ``stage_<table>`` by their codes."""
    stage = f"stage_{table}"
    name = f'"{column.name}"'
    distinct = connection.execute(f"SELECT DISTINCT {name} FROM {stage} WHERE {name} IS NOT NULL ORDER BY 1").fetchall()
    values = [str(row[0]) for row in distinct]
    lookup(connection, "codes", values, list(keyed(key, role_of(table, column), values)))
    connection.execute(f"UPDATE {stage} SET {name} = codes.result FROM codes WHERE codes.value = {name}")
