"""Grid: one raw file (or sheet) as text cells with their physical rows; nothing is interpreted yet."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

MOST_COLUMNS = 2000
"""More columns than any export has: such a file is broken, and each column costs memory."""


@dataclass(frozen=True)
class Grid:
    """Text cells of one file or sheet.

    ``cells`` has ``row`` (int64, physical line or sheet row, 1 = first), ``fields`` (int32, fields the
    record has), ``damage`` (string, what makes the record unreadable, else null) and ``c1`` … ``cN``
    (string). Blank lines are records without fields. ``lines`` is the number of physical rows, counted
    apart from parsing.
    """

    file: str
    sheet: str | None
    encoding: str
    cells: pa.Table
    lines: int

    @property
    def width(self) -> int:
        """Number of text columns."""
        return self.cells.num_columns - 3

    @property
    def names_itself(self) -> bool:
        """Every value came with its name: the header is row 0, whatever is declared."""
        return self.encoding.endswith(("yaml", "json"))

    @property
    def label(self) -> str:
        """File, and sheet if it has several."""
        return f"{self.file} [{self.sheet}]" if self.sheet else self.file


def chunk(rows: Sequence[int], records: Sequence[Sequence[str]], damage: dict[int, str]) -> pa.Table:
    """Records of one block as Arrow columns; short records are filled with empty text."""
    counts = [len(record) for record in records]
    width = min(max(counts, default=0), MOST_COLUMNS)
    if counts and (min(counts) != width or max(counts) != width):
        filler = [""] * width
        records = [[*record, *filler][:width] for record in records]
    columns = [pa.array(column, pa.string()) for column in zip(*records, strict=True)]
    told = [damage.get(row) for row in rows] if damage else [None] * len(rows)
    return pa.table(
        [pa.array(rows, pa.int64()), pa.array(counts, pa.int32()), pa.array(told, pa.string()), *columns],
        names=names_of(width),
    )


def joined(chunks: Iterable[pa.Table]) -> pa.Table:
    """Blocks of different width as one table, missing columns null."""
    parts = list(chunks) or [chunk([], [], {})]
    width = max(part.num_columns for part in parts) - 3
    schema = pa.schema(
        [("row", pa.int64()), ("fields", pa.int32()), ("damage", pa.string())]
        + [(name, pa.string()) for name in names_of(width)[3:]]
    )
    filled = []
    for part in parts:
        missing = width - (part.num_columns - 3)
        columns = [*part.columns, *[pa.nulls(part.num_rows, pa.string())] * missing]
        filled.append(pa.table(columns, schema=schema))
    return pa.concat_tables(filled)


# zero-width and direction marks only disguise a text; control characters are made visible
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


def tidy(text: str) -> str | None:
    """A cell as text: composed Unicode, single blanks, no invisible marks; None if nothing is left."""
    if not text.isascii():
        text = _INVISIBLE.sub("", unicodedata.normalize("NFC", text))
    text = " ".join(text.split())
    return _CONTROL.sub("\ufffd", text) or None


def tidied(cells: pa.Table) -> pa.Table:
    """A grid's cells with every text tidied; each different text of a column is looked at once."""
    columns = cells.columns[:3]
    for column in cells.columns[3:]:
        coded = pc.dictionary_encode(column).combine_chunks()
        coded = coded.chunk(0) if isinstance(coded, pa.ChunkedArray) else coded
        words = pa.array([tidy(text) for text in coded.dictionary.to_pylist()], pa.string())
        columns.append(words.take(coded.indices))
    return pa.table(columns, names=cells.column_names)


def names_of(width: int) -> list[str]:
    """Column names of a grid of ``width`` text columns."""
    return ["row", "fields", "damage", *(f"c{number}" for number in range(1, width + 1))]
