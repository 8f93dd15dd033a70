"""Cards: which card of the clinic's own index a keyed patient is; kept in the vault for the clinic's own calls.

Only card numbers are kept: patients told by name or birth date have none.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from audit.intake.privacy import VAULT, keyed, role_of, vault
from audit.tables import CANONICAL

NAME = "cards.parquet"


def raw_cards(connection: duckdb.DuckDBPyConnection, key: bytes) -> dict[str, str]:
    """Keyed patient → card number as the export writes it, of all persons kept; before identifiers are keyed."""
    rows = connection.execute(
        "SELECT DISTINCT patient_id FROM stage_patients WHERE fate IS NULL AND patient_id IS NOT NULL ORDER BY 1"
    ).fetchall()
    cards = [str(row[0]) for row in rows]
    return dict(zip(keyed(key, role_of("patients", CANONICAL["patients"]["patient_id"]), cards), cards, strict=True))


def keep_cards(folder: Path, cards: Mapping[str, str]) -> None:
    """Write the list into the vault, readable by its owner only."""
    path = vault(folder) / NAME
    aside = path.with_suffix(".aside")
    os.close(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    pq.write_table(pa.table({"patient_id": pa.array(cards.keys(), pa.string()), "card": pa.array(cards.values(), pa.string())}), aside)
    aside.replace(path)


def known_cards(folder: Path) -> dict[str, str]:
    """Keyed patient → card number; empty when the vault holds none (the exports were loaded elsewhere)."""
    path = folder / VAULT / NAME
    if not path.is_file():
        return {}
    table = pq.read_table(path)
    return dict(zip(table["patient_id"].to_pylist(), table["card"].to_pylist(), strict=True))
