"""Workbooks (xlsx, xls, ods) to grids through calamine; real numbers and dates become plain text."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Literal

import python_calamine as calamine

from audit.errors import DataError
from audit.intake.files import RawFile, refuse
from audit.intake.grid import MOST_COLUMNS, Grid, chunk, joined

BLOCK = 50_000
NEVER_CLOSED = "unprotect the workbook, or export it again"


def read_workbook(file: RawFile, sheets: tuple[str, ...] | Literal["all"] | None, decimal: str) -> list[Grid]:
    """One grid per wanted sheet. ``decimal`` is the mark numbers are written with, as in the file's text cells.

    Without ``sheets`` the workbook must have one visible sheet with cells. Hidden sheets are read only by name.
    DataError: damaged, protected, unknown sheet, several sheets and none declared.
    """
    try:
        with _open(file) as book:
            return [_grid(file, sheet, decimal, several=sheets is not None) for sheet in _wanted(file, book, sheets)]
    except DataError:
        raise
    except calamine.PasswordError:
        raise refuse(file.name, "the workbook is protected by a password", NEVER_CLOSED) from None
    except (calamine.CalamineError, calamine.ZipError, calamine.XmlError, OSError, ValueError) as error:
        if b"E\x00n\x00c\x00r\x00y\x00p\x00t\x00" in file.path.read_bytes():
            raise refuse(file.name, "the workbook is protected by a password", NEVER_CLOSED) from None
        raise refuse(file.name, f"the workbook cannot be read ({type(error).__name__})", "export it again") from None


def sheet_names(file: RawFile) -> list[str]:
    """Visible sheets that hold cells, in their order."""
    with _open(file) as book:
        return [name for name in _visible(book) if book.get_sheet_by_name(name).height]


def _open(file: RawFile) -> Any:
    # by content: calamine believes the ending of a path, clinics send xlsx files called .xls
    return calamine.CalamineWorkbook.from_filelike(io.BytesIO(file.path.read_bytes()))


def _visible(book: Any) -> list[str]:
    return [m.name for m in book.sheets_metadata if m.visible == calamine.SheetVisibleEnum.Visible]


def _wanted(file: RawFile, book: Any, sheets: tuple[str, ...] | Literal["all"] | None) -> list[Any]:
    """The sheets to read, each parsed once."""
    if isinstance(sheets, tuple):
        unknown = [name for name in sheets if name not in book.sheet_names]
        if unknown:
            raise refuse(file.name, f"has no sheet {', '.join(unknown)}", f"it has {', '.join(_visible(book))}")
        return [book.get_sheet_by_name(name) for name in sheets]
    filled = [sheet for sheet in map(book.get_sheet_by_name, _visible(book)) if sheet.height]
    if not filled:
        raise refuse(file.name, "no visible sheet holds any cell: it is empty", "export it again")
    if sheets is None and len(filled) > 1:
        names = ", ".join(sheet.name for sheet in filled)
        raise refuse(file.name, f"has {len(filled)} sheets: {names}", "name them under format: sheets: in mapping.yml")
    return filled


def _grid(file: RawFile, sheet: Any, decimal: str, *, several: bool) -> Grid:
    if sheet.width > MOST_COLUMNS:
        raise refuse(file.name, f"sheet {sheet.name} has {sheet.width} columns", f"keep fewer than {MOST_COLUMNS}")
    first = (sheet.start or (0, 0))[0] + 1
    left = (sheet.start or (0, 0))[1]
    rows = sheet.to_python(skip_empty_area=True)
    empty = [""] * left
    blocks = []
    for begin in range(0, len(rows), BLOCK):
        part = rows[begin : begin + BLOCK]
        columns = [_column(values, decimal) for values in zip(*part, strict=True)]
        records = list(zip(*columns, strict=True)) if columns else []
        numbers = list(range(first + begin, first + begin + len(records)))
        blocks.append(chunk(numbers, [[*empty, *record] for record in records] if left else records, {}))
    encoding = file.name.rsplit(".", 1)[-1].lower()
    return Grid(file.name, sheet.name if several else None, encoding, joined(blocks), first - 1 + len(rows))


def _column(values: tuple[Any, ...], decimal: str) -> Iterable[str]:
    kinds = set(map(type, values))
    if kinds <= {str}:
        return values
    writers = {kind: _WRITERS.get(kind, str) for kind in kinds}
    if float in kinds and decimal != ".":
        writers[float] = lambda value: _number(value).replace(".", decimal)
    return [writers[type(value)](value) for value in values]


def _number(value: float) -> str:
    """A number as text without exponent; whole numbers without a decimal mark, so that ids stay ids."""
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    text = repr(value)
    return format(Decimal(text), "f") if "e" in text or "E" in text else text


def _moment(value: dt.datetime) -> str:
    # a serial number's fraction is rarely a whole number of seconds
    value = (value + dt.timedelta(microseconds=500_000)).replace(microsecond=0)
    return value.strftime("%Y-%m-%d %H:%M:%S") if value.year >= 1000 else value.isoformat(" ")


def _span(value: dt.timedelta) -> str:
    seconds = round(value.total_seconds())
    return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"


_WRITERS: dict[type, Callable[[Any], str]] = {
    str: lambda value: value,
    int: str,
    float: _number,
    bool: lambda value: "true" if value else "false",
    dt.datetime: _moment,
    dt.date: dt.date.isoformat,
    dt.time: lambda value: value.strftime("%H:%M:%S"),
    dt.timedelta: _span,
}
