"""A large workbook written as a stream of finished rows.

XlsxWriter needs half a minute for the three million cells of the practice system's report; a report is
plain text cells, so its rows are put together whole. Smaller workbooks are XlsxWriter's.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
FIXED_TIME = (2017, 1, 9, 9, 0, 0)
"""Time stamp of every part, so that the same clinic gives the same bytes."""


def write_workbook(path: Path, sheets: Sequence[tuple[str, Iterable[str], Sequence[str]]]) -> None:
    """Write sheets given as (name, rows from ``text_row``, merged ranges like “A1:F1”)."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        for name, text in _frame([name for name, _, _ in sheets]).items():
            package.writestr(_part(name), text)
        for number, (_, rows, merged) in enumerate(sheets, start=1):
            with package.open(_part(f"xl/worksheets/sheet{number}.xml"), "w", force_zip64=True) as part:
                part.write(f'{DECLARATION}<worksheet xmlns="{NAMESPACE}"><sheetData>'.encode())
                part.write("".join(rows).encode())
                cells = "".join(f'<mergeCell ref="{cells}"/>' for cells in merged)
                tail = f'<mergeCells count="{len(merged)}">{cells}</mergeCells>' if merged else ""
                part.write(f"</sheetData>{tail}</worksheet>".encode())


def text_row(number: int, cells: Sequence[str]) -> str:
    """Row ``number`` with ``cells`` from column A; texts must be XML already, empty ones are left out."""
    inner = "".join(f'<c r="{column}{number}{body(text)}' for column, text in zip(COLUMNS, cells, strict=False) if text)
    return f'<row r="{number}">{inner}</row>'


def text_rows(first: int, columns: Sequence[np.ndarray]) -> list[str]:
    """Rows of equally long text columns from column A, numbered from ``first``; all have the same cells."""
    bodies = [_bodies(column) for column in columns]
    opened = [f'<c r="{name}' for name, _ in zip(COLUMNS, columns, strict=False)]
    rows = []
    for number, cells in enumerate(zip(*bodies, strict=True), start=first):
        at = str(number)
        rows.append(
            f'<row r="{at}">' + "".join([part + at + cell for part, cell in zip(opened, cells, strict=True)]) + "</row>"
        )
    return rows


def _bodies(column: np.ndarray) -> list[str]:
    codes, distinct = pd.factorize(column)
    return np.array([body(text) for text in distinct], dtype=object)[codes].tolist()


def body(text: str) -> str:
    """What follows a cell's address."""
    return f'" t="inlineStr"><is><t>{text}</t></is></c>' if text else '"/>'


COLUMNS = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def _part(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, FIXED_TIME)
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def _frame(names: list[str]) -> dict[str, str]:
    """The parts of a workbook around its sheets."""
    numbers = range(1, len(names) + 1)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    spaces = f'xmlns="{NAMESPACE}" xmlns:r="{RELATIONS}"'
    parts = [("/xl/workbook.xml", f"{kind}.sheet.main+xml")]
    parts += [(f"/xl/worksheets/sheet{n}.xml", f"{kind}.worksheet+xml") for n in numbers]
    types = "".join(f'<Override PartName="{name}" ContentType="{content}"/>' for name, content in parts)
    relations = "application/vnd.openxmlformats-package.relationships+xml"
    defaults = "".join(
        f'<Default Extension="{end}" ContentType="{content}"/>'
        for end, content in (("rels", relations), ("xml", "application/xml"))
    )
    sheets = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}"/>' for n, name in enumerate(names, start=1))
    links = [(f"rId{n}", "worksheet", f"worksheets/sheet{n}.xml") for n in numbers]
    return {
        "[Content_Types].xml": f'{DECLARATION}<Types xmlns="{PACKAGE}/content-types">{defaults}{types}</Types>',
        "_rels/.rels": _relations([("rId1", "officeDocument", "xl/workbook.xml")]),
        "xl/workbook.xml": f"{DECLARATION}<workbook {spaces}><sheets>{sheets}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": _relations(links),
    }


def _relations(links: list[tuple[str, str, str]]) -> str:
    inner = "".join(f'<Relationship Id="{at}" Type="{RELATIONS}/{kind}" Target="{to}"/>' for at, kind, to in links)
    return f'{DECLARATION}<Relationships xmlns="{PACKAGE}/relationships">{inner}</Relationships>'
