"""Text exports (CSV, TSV, TXT) to a grid: own decoding, strict quoting, records counted apart from parsing."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pyarrow as pa

from audit.intake.files import RawFile, refuse
from audit.intake.grid import MOST_COLUMNS, Grid, chunk, joined

BLOCK = 50_000
LONGEST_FIELD = 32 * 1024 * 1024
"""A comment of several MB is kept; a field longer than this is an unclosed quote."""
MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_ODD = re.compile("[\x00\ud800-\udfff]")


def read_text(file: RawFile, encoding: str | None, delimiter: str | None, quote: str | None) -> Grid:
    """The file as declared. DataError: no or wrong encoding, an unclosed quote (with its line), too many columns."""
    if encoding is None or delimiter is None:
        missing = " and ".join(n for n, v in (("encoding", encoding), ("delimiter", delimiter)) if v is None)
        raise refuse(file.name, f"text file without declared {missing}", "say it under format: in mapping.yml")
    codec = _codec(file, encoding)
    blocks, lines = _parse(file, codec, delimiter, quote)
    counted = _count_lines(file.path, codec)
    if counted != lines:
        raise refuse(file.name, f"{counted} lines in the file, {lines} read", "check quote and encoding in mapping.yml")
    return Grid(file.name, None, encoding, joined(blocks), lines)


def _codec(file: RawFile, encoding: str) -> str:
    with file.path.open("rb") as opened:
        head = opened.read(4)
    name = codecs.lookup(encoding).name
    found = next((what for mark, what in MARKS.items() if head.startswith(mark)), None)
    if found is not None and not name.startswith(found):
        raise refuse(file.name, f"the file begins with the mark of {found}", f"encoding: {found} in mapping.yml")
    return "utf-8-sig" if name == "utf-8" else name


def _open(path: Path, codec: str) -> TextIO:
    errors = "strict" if codec.startswith(("utf-16", "utf-32")) else "surrogateescape"
    return path.open(encoding=codec, errors=errors, newline="")


def _parse(file: RawFile, codec: str, delimiter: str, quote: str | None) -> tuple[list[pa.Table], int]:
    csv.field_size_limit(LONGEST_FIELD)
    blocks: list[pa.Table] = []
    line = 0
    records: list[list[str]] = []
    rows: list[int] = []
    with _open(file.path, codec) as opened:
        reader = csv.reader(
            opened,
            delimiter=delimiter,
            quotechar=quote,
            quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
            strict=True,
        )
        try:
            for record in reader:
                start, line = line + 1, reader.line_num
                says_delimiter = start == 1 and len(record) <= 2 and record[:1] and record[0].lower()[:4] == "sep="
                records.append([] if says_delimiter else record)
                rows.append(start)
                if len(rows) == BLOCK:
                    blocks.append(_block(file, rows, records))
                    records, rows = [], []
        except UnicodeError:
            raise refuse(file.name, f"is not {codec}", "declare its real encoding in mapping.yml", line + 1) from None
        except csv.Error as error:
            raise _bad_quote(file, line + 1, str(error)) from None
    blocks.append(_block(file, rows, records))
    return blocks, line


def _bad_quote(file: RawFile, row: int, told: str) -> Exception:
    if "field larger" in told or "unexpected end" in told:
        return refuse(file.name, "a quote opened here is never closed", "close it, or declare quote: null", row)
    return refuse(file.name, "text follows a closing quote", "double the inner quotes, or declare quote: null", row)


def _block(file: RawFile, rows: list[int], records: list[list[str]]) -> pa.Table:
    if any(len(record) > MOST_COLUMNS for record in records):
        row = next(row for row, record in zip(rows, records, strict=True) if len(record) > MOST_COLUMNS)
        raise refuse(file.name, f"more than {MOST_COLUMNS} columns", "check the delimiter in mapping.yml", row)
    whole = "\n".join(map("\n".join, records))
    if not _ODD.search(whole):
        return chunk(rows, records, {})
    damage = dict(_damaged(rows, records))
    return chunk(rows, [[_ODD.sub("\ufffd", cell) for cell in record] for record in records], damage)


def _damaged(rows: list[int], records: list[list[str]]) -> Iterator[tuple[int, str]]:
    for row, record in zip(rows, records, strict=True):
        for number, cell in enumerate(record, start=1):
            found = _ODD.search(cell)
            if found:
                yield row, f"{'nul' if found.group() == chr(0) else 'encoding'}:{number}"
                break


def _count_lines(path: Path, codec: str) -> int:
    """Physical lines, ended by LF, CR or CRLF, from the decoded blocks."""
    decoder = codecs.getincrementaldecoder(codec)("replace")
    count, last = 0, ""
    with path.open("rb") as opened:
        while block := opened.read(1 << 22):
            text = decoder.decode(block)
            count += text.count("\n") + text.count("\r") - text.count("\r\n")
            if last == "\r" and text.startswith("\n"):
                count -= 1
            last = text[-1:] or last
    return count + (last not in ("", "\n", "\r"))
