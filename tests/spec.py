"""Tables drawn as text, for specifications that a person can read."""

from __future__ import annotations

from datetime import date, datetime

import pandas as pd

from audit.tables import CANONICAL
from audit.tables.connection import Tables, tables_from_frames


def drawn(name: str, text: str) -> pd.DataFrame:
    """The drawn table as a frame of the types of table ``name``; an empty cell is missing.

    The first line names the columns; cells are separated by ``|``.
    """
    head, *body = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    spec = CANONICAL[name]
    return pd.DataFrame(
        {column: [_typed(row[i], spec[column].dtype) for row in body] for i, column in enumerate(head)}, dtype=object
    )


def clinic(end: date, **tables: str) -> Tables:
    """A clinic of drawn tables, with the derived ones, cut off at ``end``."""
    return tables_from_frames({name: drawn(name, text) for name, text in tables.items()}, end=end)


def rows(tables: Tables, name: str, *columns: str, by: str) -> list[tuple]:
    """The rows of table ``name`` in the order of ``by``, missing values as None, money as float."""
    frame = tables[name].order_by(by).select(*columns).to_pyarrow().to_pylist()
    return [tuple(_plain(row[column]) for column in columns) for row in frame]


def _plain(value):
    return float(value) if type(value).__name__ == "Decimal" else value


def _typed(cell: str, dtype: str):
    if cell == "":
        return None
    if dtype == "date":
        return date.fromisoformat(cell)
    if dtype.startswith("timestamp"):
        return datetime.fromisoformat(cell)
    if dtype == "boolean":
        return cell == "yes"
    if dtype == "int64":
        return int(cell)
    if dtype.startswith(("float", "decimal")):
        return float(cell)
    return cell
