"""report.pdf: tagged, with bookmarks, fonts, page references and the workbook inside."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import zlib

import pytest

from audit.report import pdf

pytestmark = pytest.mark.skipif(not pdf.can_print(), reason="WeasyPrint needs Pango, which this machine lacks")


@pytest.fixture(scope="module")
def printed(made) -> bytes:
    target = made.folder / "report.pdf"
    assert pdf.write_pdf(made.folder / "report.html", target, made.folder / "appendix.xlsx") is None
    return opened(target.read_bytes())


def opened(content: bytes) -> bytes:
    """The file with its compressed objects unpacked."""
    parts = [content]
    for stream in re.findall(rb"stream\r?\n(.*?)\nendstream", content, re.DOTALL):
        with contextlib.suppress(zlib.error):
            parts.append(zlib.decompress(stream))
    return b"".join(parts)


def test_it_is_tagged_has_bookmarks_and_carries_the_workbook(printed):
    assert printed.startswith(b"%PDF-") and b"/MarkInfo" in printed
    assert b"/Outlines" in printed and b"appendix.xlsx" in printed
    assert b"/JavaScript" not in printed and b"/Launch" not in printed


def test_the_house_fonts_are_inside(printed):
    names = set(re.findall(rb"\+(Source-[A-Za-z0-9-]+)", printed))
    assert any(name.startswith(b"Source-Sans-3") for name in names)
    assert any(name.startswith(b"Source-Serif-4") for name in names)


def test_it_has_no_date_of_today(printed):
    assert b"/CreationDate (D:2000" in printed or b"/CreationDate" not in printed


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not on this machine")
def test_the_contents_show_page_numbers_and_the_foot_its_section(made, printed):
    text = subprocess.run(
        ["pdftotext", "-layout", made.folder / "report.pdf", "-"], capture_output=True, check=True, text=True
    ).stdout
    pages = text.split("\f")
    assert "DRAFT" in pages[2] and re.search(r"Summary +3", pages[2])
    number = next(
        i for i, page in enumerate(pages, start=1) if re.search(r"\b1 Capacity", page) and "Evidence A" in page
    )
    assert re.search(rf"Capacity +{number}\b", pages[1])


def test_nothing_outside_is_read(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    html = f'<html lang="en"><title>x</title><img alt="x" src="file://{secret}"><link rel=stylesheet href="http://localhost/x.css"><p>text'
    assert b"secret" not in opened(pdf.render(html))
    fetch = pdf._fetcher().fetch
    for address in (f"file://{secret}", "http://localhost/", "house-font:../../secret"):
        with pytest.raises(ValueError, match="disallowed"):
            fetch(address)


def test_without_pango_the_way_out_is_told(made, monkeypatch):
    monkeypatch.setattr(pdf.subprocess, "run", lambda *a, **k: subprocess.CompletedProcess(a, pdf.NO_LIBRARY, "", ""))
    remark = pdf.write_pdf(made.folder / "report.html", made.folder / "none.pdf", client="demo")
    assert "apt-get install libpango-1.0-0" in remark and "clinic-audit report demo" in remark
