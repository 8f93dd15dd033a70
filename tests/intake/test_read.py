"""Raw files to text: encodings, dialects, workbooks, what the bytes really are."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from audit.errors import DataError
from audit.intake.files import RawFile, raw_files
from audit.intake.mapping import Format
from audit.intake.read import read

ROWS = [["card", "name"], ["007", "Жуков Пётр"], ["8", "Null"], ["", ""], ["NA", "Čačić \u200bĐuro"]]


def grid_of(folder: Path, name: str, content: bytes, **facts: object) -> list[list[str | None]]:
    path = folder / "raw" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    grids = read(RawFile(path, name), folder / "raw", Format.model_validate({"header": 1, **facts}))
    return [[row[f"c{n}"] for n in range(1, grids[0].width + 1)] for row in grids[0].cells.to_pylist()]


def as_csv(delimiter: str, end: str = "\n") -> str:
    return end.join(delimiter.join(row) for row in ROWS) + end


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(tmp_path: Path, delimiter: str, end: str) -> None:
    got = grid_of(tmp_path, "a.csv", as_csv(delimiter, end).encode(), encoding="utf-8", delimiter=delimiter)
    assert got == ROWS


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1251", "cp1250", "koi8-r"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    text = "a;b\n" + {"cp1250": "Čačić;Đuro\n"}.get(encoding, "Жуков;Пётр\n")
    got = grid_of(tmp_path, "a.csv", text.encode(encoding), encoding=encoding.removesuffix("-sig"), delimiter=";")
    assert got == [line.split(";") for line in text.splitlines()]


def test_a_mark_of_another_encoding_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.csv: the file begins with the mark of utf-8 → encoding: utf-8"):
        grid_of(tmp_path, "a.csv", "\ufeffa;b\n".encode(), encoding="cp1251", delimiter=";")


def test_a_wrongly_declared_utf_16_is_refused_with_its_row(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.csv, row 1: is not utf-16"):
        grid_of(tmp_path, "a.csv", b"\x00\xd8a\x00", encoding="utf-16-le", delimiter=";")


def test_quoted_newlines_delimiters_and_quotes(tmp_path: Path) -> None:
    content = 'a,b\n"x\ny","1,""2"""\nz,3\n'
    path = tmp_path / "raw" / "a.csv"
    assert grid_of(tmp_path, "a.csv", content.encode(), encoding="utf-8", delimiter=",")[1] == ["x\ny", '1,"2"']
    cells = read(RawFile(path, "a.csv"), tmp_path / "raw", Format(encoding="utf-8", delimiter=","))[0].cells
    assert cells.column("row").to_pylist() == [1, 2, 4]


def test_an_unclosed_quote_is_named_with_its_row(tmp_path: Path) -> None:
    content = "a,b\n" + "1,2\n" * 49 + '51,"open\n' + "3,4\n" * 30
    with pytest.raises(DataError, match=r"a\.csv, row 51: a quote opened here is never closed"):
        grid_of(tmp_path, "a.csv", content.encode(), encoding="utf-8", delimiter=",")


def test_the_line_sep_is_no_record(tmp_path: Path) -> None:
    assert grid_of(tmp_path, "a.csv", b"sep=;\na;b\n1;2\n", encoding="utf-8", delimiter=";")[1:] == [
        ["a", "b"],
        ["1", "2"],
    ]


def test_a_text_file_needs_its_encoding_and_delimiter(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="without declared encoding and delimiter"):
        grid_of(tmp_path, "a.csv", b"a;b\n")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "empty"),
        (b"\x00" * 65_536, "empty"),
        (bytes(range(256)) * 40, "not text"),
        (b"\x1f\x8b\x08abc", "gzip"),
        (b"\x80\x04\x95pickle", "pickle"),
        (b"%PDF-1.7", "PDF"),
        (b"<html><body>Please log in</body></html>", "web page without a table"),
        (b'<?xml version="1.0"?><Workbook/>', "XML"),
        (b"PK\x03\x04broken", "damaged"),
        (b"a," * 30_000, "columns"),
    ],
)
def test_what_is_no_export_is_refused_in_words(tmp_path: Path, content: bytes, found: str) -> None:
    with pytest.raises(DataError, match=rf"visits\.csv.*{found}.* → "):
        grid_of(tmp_path, "visits.csv", content, encoding="utf-8", delimiter=",")


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    (tmp_path / "secret").write_text("x;y")
    (tmp_path / "raw" / "a.csv").symlink_to(tmp_path / "secret")
    with pytest.raises(DataError, match="link to a file outside raw/"):
        read(raw_files(tmp_path)[0], tmp_path / "raw", Format(encoding="utf-8", delimiter=";"))


def test_litter_of_operating_systems_is_not_read(tmp_path: Path) -> None:
    for name in ("Thumbs.db", "~$a.xlsx", ".DS_Store", ".ipynb_checkpoints/a.csv", "a.csv"):
        (tmp_path / "raw" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "raw" / name).write_text("x")
    assert [file.name for file in raw_files(tmp_path)] == ["a.csv"]


def test_a_table_saved_as_a_web_page_called_xls(tmp_path: Path) -> None:
    page = "<html><table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>Жук&nbsp;Пётр</td></tr></table></html>"
    assert grid_of(tmp_path, "a.xls", page.encode()) == [["a", "b"], ["1", "Жук Пётр"]]


def workbook(path: Path, **options: object) -> Path:
    path.parent.mkdir(exist_ok=True)
    with xlsxwriter.Workbook(str(path), options) as book:
        day = book.add_format({"num_format": "dd.mm.yyyy hh:mm"})
        sheet = book.add_worksheet("Visits")
        sheet.write_row(2, 1, ["id", "at", "price", "flag"])
        sheet.write_row(3, 1, [123456789012, None, 1234.5, True])
        sheet.write_datetime(3, 2, dt.datetime(2016, 1, 14, 9, 30), day)
        sheet.write(4, 1, "007")
        sheet.write_formula(4, 3, "=1/0", None, "#DIV/0!")
        hidden = book.add_worksheet("Old")
        hidden.write(0, 0, "x")
        hidden.hide()
    return path


def test_a_workbook_called_csv_with_true_numbers_dates_and_a_hidden_sheet(tmp_path: Path) -> None:
    path = workbook(tmp_path / "raw" / "visits.xlsx").rename(tmp_path / "raw" / "visits.csv")
    got = grid_of(tmp_path, "visits.csv", path.read_bytes(), decimal=",")
    assert got[1:] == [
        ["", "123456789012", "2016-01-14 09:30:00", "1234,5", "true"],
        ["", "007", "", "", ""],
    ]


def test_the_1904_calendar(tmp_path: Path) -> None:
    path = workbook(tmp_path / "raw" / "a.xlsx", date_1904=True)
    assert grid_of(tmp_path, "a.xlsx", path.read_bytes())[1][2] == "2016-01-14 09:30:00"


def test_several_sheets_must_be_named(tmp_path: Path) -> None:
    path = tmp_path / "raw" / "a.xlsx"
    path.parent.mkdir()
    with xlsxwriter.Workbook(str(path)) as book:
        for name in ("Jan", "Feb"):
            book.add_worksheet(name).write(0, 0, name)
    content = path.read_bytes()
    with pytest.raises(DataError, match="has 2 sheets: Jan, Feb → name them"):
        grid_of(tmp_path, "a.xlsx", content)
    assert grid_of(tmp_path, "a.xlsx", content, sheets="Feb") == [["Feb"]]
    with pytest.raises(DataError, match="has no sheet Mar"):
        grid_of(tmp_path, "a.xlsx", content, sheets="Mar")


def repacked(source: Path, member: str, content: bytes) -> bytes:
    target = source.with_suffix(".new")
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            new.writestr(info, content if info.filename == member else old.read(info.filename))
    return target.read_bytes()


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (
            b'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a SYSTEM "file:///etc/passwd">]><worksheet>&a;</worksheet>',
            "entities",
        ),
        (b"<worksheet>" + b" " * 60_000_000 + b"</worksheet>", "unpacks"),
    ],
)
def test_bombs_and_entities_in_workbooks_are_refused(tmp_path: Path, content: bytes, found: str) -> None:
    made = workbook(tmp_path / "raw" / "a.xlsx")
    with pytest.raises(DataError, match=found):
        grid_of(tmp_path, "b.xlsx", repacked(made, "xl/worksheets/sheet1.xml", content))


def test_a_flipped_byte_in_a_workbook_is_refused(tmp_path: Path) -> None:
    content = bytearray(workbook(tmp_path / "raw" / "a.xlsx").read_bytes())
    with zipfile.ZipFile(tmp_path / "raw" / "a.xlsx") as book:
        place = book.getinfo("xl/worksheets/sheet1.xml").header_offset + 120
    content[place] ^= 0xFF
    with pytest.raises(DataError, match=r"b\.xlsx: the workbook"):
        grid_of(tmp_path, "b.xlsx", bytes(content))
