"""The raw files of a client: which there are, what they really are, whether they may be opened."""

from __future__ import annotations

import fnmatch
import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from audit.errors import DataError, Place, Problem

Kind = Literal["text", "workbook", "html", "yaml", "json"]
LITTER = ("thumbs.db", "desktop.ini")
MOST_UNPACKED = 2 * 1024**3
MOST_RATIO = 200
"""A workbook packs about 10 : 1; 200 : 1 in a large member is a bomb."""


@dataclass(frozen=True)
class RawFile:
    """One file below ``raw/``; ``name`` is its path there with forward slashes."""

    path: Path
    name: str

    @property
    def sha256(self) -> str:
        """Hash of its bytes, hex."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def raw_files(folder: Path) -> list[RawFile]:
    """All files below ``folder``/raw in the order of their names, without the litter of operating systems."""
    raw = folder / "raw"
    found = [path for path in raw.rglob("*") if path.is_symlink() or path.is_file()]
    named = [RawFile(path, path.relative_to(raw).as_posix()) for path in found]
    return sorted((file for file in named if not _is_litter(file.name)), key=lambda file: file.name)


def matching(files: list[RawFile], patterns: tuple[str, ...]) -> list[RawFile]:
    """Files whose name fits one of ``patterns`` (``*``, ``?``, ``[…]``; a plain name is itself)."""
    return [file for file in files if any(file.name == p or fnmatch.fnmatchcase(file.name, p) for p in patterns)]


def refuse(file: str, found: str, way_out: str, row: int | None = None, column: str | None = None) -> DataError:
    """A refusal of a file in words: where, what was found, the way out."""
    return DataError(str(Problem(Place(file, row, column), found, way_out)))


def kind_of(file: RawFile, raw: Path) -> Kind:
    """What the bytes are, whatever the name says; DataError for what cannot be an export."""
    if not file.path.resolve().is_relative_to(raw.resolve()):
        raise refuse(file.name, "is a link to a file outside raw/", "copy the file itself into raw/")
    with file.path.open("rb") as opened:
        head = opened.read(65_536)
    if not head.strip(b"\x00\r\n\t \xef\xbb\xbf\xff\xfe"):
        raise refuse(file.name, "the file is empty", "export it again")
    if head.startswith(b"PK\x03\x04"):
        _inspect_zip(file)
        return "workbook"
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return "workbook"
    for magic, what in _REFUSED.items():
        if head.startswith(magic):
            raise refuse(file.name, f"this is {what}, not an export", "put the unpacked export into raw/")
    return _kind_of_text(file, head)


_REFUSED = {
    b"\x1f\x8b": "a gzip archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a rar archive",
    b"%PDF": "a PDF document",
    b"SQLite format 3": "a database file",
    b"\x80\x04": "a Python pickle",
    b"\x80\x05": "a Python pickle",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"PAR1": "a parquet file",
}


def _kind_of_text(file: RawFile, head: bytes) -> Kind:
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff")) or head[1:200:2].count(0) > 40 or head[0:200:2].count(0) > 40
    control = sum(head.count(code) for code in range(32) if code not in (9, 10, 12, 13, 27))
    if not wide and control > max(8, len(head) // 100):
        raise refuse(file.name, "the bytes are not text", "export it again as CSV or Excel")
    start = head.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \r\n\t")[:200].lower()
    if start.startswith((b"<!doctype html", b"<html", b"<table", b"<meta", b"<head")):
        return "html"
    if start.startswith((b"<?xml", b"<workbook")):
        raise refuse(file.name, "this is an XML file", "open it in Excel and save it as xlsx")
    if file.name.lower().endswith(".json") or start.startswith((b"{", b"[{")):
        return "json"
    return "yaml" if file.name.lower().endswith((".yaml", ".yml")) else "text"


def _inspect_zip(file: RawFile) -> None:
    try:
        with zipfile.ZipFile(file.path) as archive:
            members = archive.infolist()
            starts = {m.filename: _start(archive, m) for m in members if m.filename.endswith((".xml", ".rels"))}
    except (zipfile.BadZipFile, OSError, EOFError, RuntimeError, NotImplementedError, ValueError):
        raise refuse(file.name, "the workbook is damaged", "export it again") from None
    except Exception as error:  # zlib.error has no public base class
        raise refuse(file.name, f"the workbook is damaged ({type(error).__name__})", "export it again") from None
    names = {member.filename for member in members}
    if not names & {"[Content_Types].xml", "content.xml"}:
        raise refuse(file.name, "this is a zip archive, not a workbook", "put the unpacked exports into raw/")
    if any(b"<!DOCTYPE" in start or b"<!ENTITY" in start for start in starts.values()):
        raise refuse(file.name, "the workbook defines XML entities, which no export does", "save it anew in Excel")
    unpacked = sum(member.file_size for member in members)
    bomb = any(m.file_size > 10_000_000 and m.file_size > MOST_RATIO * max(m.compress_size, 1) for m in members)
    if unpacked > MOST_UNPACKED or bomb:
        raise refuse(file.name, "the workbook unpacks to far more than it holds", "save it anew in Excel, or as CSV")


def _start(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    with archive.open(member) as opened:
        return opened.read(2048)


def _is_litter(name: str) -> bool:
    parts = name.split("/")
    return any(part.startswith((".", "~$")) for part in parts) or parts[-1].lower() in LITTER
