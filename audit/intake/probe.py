"""Looking at one raw file: how it is written and what its columns hold. For ``validate`` only."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from audit.intake.detect import (
    NUMBER,
    DateGuess,
    detect_date,
    detect_decimal,
    detect_delimiter,
    detect_encoding,
    detect_header,
    plain_name,
)
from audit.intake.files import RawFile, kind_of, refuse
from audit.intake.grid import Grid, tidied
from audit.intake.json_records import nested_lists, read_json
from audit.intake.known_export import known_export_headers
from audit.intake.labels import EMAIL
from audit.intake.layout import joined_levels, plain_header
from audit.intake.mapping import Format, Totals
from audit.intake.read import read_html, read_yaml_list
from audit.intake.synonyms import PERSONAL, known_headers
from audit.intake.text import read_text
from audit.intake.workbook import read_workbook, sheet_names

SAMPLE = 4000
FEW = 30
PHONE = re.compile(r"^\+?[\d\s().-]{10,20}$")
UNITS_AFTER = re.compile(r"^-?\d+ ?(лет|год|года|мес|мин|шт|г\.|god\.?|min|years?|yrs?)$")


@dataclass(frozen=True)
class ColumnProbe:
    """One column: its header and position, what its filled values look like, and whether they name a person.

    ``kind`` is date, number, phone, e-mail, text or empty; ``values`` are its distinct values when
    they are few (codes), ``examples`` the first of them; ``strip`` a unit written behind numbers; ``personal`` says
    what of a person it holds.
    """

    header: str
    position: int
    kind: str
    filled: float
    distinct: int
    values: tuple[str, ...] = ()
    date: DateGuess | None = None
    strip: str | None = None
    personal: str | None = None
    examples: tuple[str, ...] = field(default=(), repr=False)
    is_repeated: bool = False


@dataclass(frozen=True)
class Probe:
    """What a file (or sheet) looks like; ``header`` are its physical header rows, none if it has no header.

    ``each``: a list inside JSON records whose items are the rows. ``ends_blank``: another table follows. ``group_key``: there are heading rows, and this column is empty in them only.
    """

    file: str
    sheet: str | None
    encoding: str
    certainty: float
    delimiter: str | None
    decimal: str
    header: tuple[int, ...]
    comment: str | None
    total_marks: tuple[str, ...]
    ends_blank: bool
    group_key: str | None
    rows: int
    columns: tuple[ColumnProbe, ...]
    each: str | None = None

    @property
    def part(self) -> str | None:
        """Which part of the file it is, if the file has several: a sheet, or a list inside its records."""
        return self.sheet or self.each

    @property
    def is_text(self) -> bool:
        """Written as CSV or alike."""
        return self.delimiter is not None

    @property
    def layout(self) -> tuple[object, ...]:
        """Equal for files that one source can hold."""
        headers = tuple(column.header for column in self.columns)
        dates = tuple(column.date.format if column.date else None for column in self.columns)
        return (self.encoding, self.delimiter, self.decimal, self.header, self.comment, headers, dates)


def probe_file(file: RawFile, raw: Path) -> list[Probe]:
    """Every sheet of the file looked at; DataError if it cannot be read at all."""
    kind = kind_of(file, raw)
    if kind == "workbook":
        return [
            _probe(file, read_workbook(file, (name,), ".")[0], name if len(names) > 1 else None)
            for names in [sheet_names(file)]
            for name in names
        ]
    if kind == "yaml":
        return [_probe(file, read_yaml_list(file), None)]
    if kind == "json":
        return _probe_json(file)
    encoding, certainty = detect_encoding(file)
    if kind == "html":
        return [_probe(file, read_html(file, encoding), None, certainty)]
    return [_probe_text(file, encoding, certainty)]


def _probe_json(file: RawFile) -> list[Probe]:
    """The records, and once more with a row per item for every list inside them."""
    return [_probe(file, read_json(file, each), None, each=each) for each in (None, *nested_lists(file))]


def _probe_text(file: RawFile, encoding: str, certainty: float) -> Probe:
    with file.path.open(
        encoding="utf-8-sig" if encoding == "utf-8" else encoding, errors="replace", newline=""
    ) as opened:
        lines = [line for _, line in zip(range(400), opened, strict=False)]
    delimiter = detect_delimiter(lines)
    if delimiter is None:
        delimiter = ","
    return _probe(file, read_text(file, encoding, delimiter, '"'), None, certainty, delimiter)


def _probe(
    file: RawFile, grid: Grid, sheet: str | None, certainty: float = 1.0, delimiter: str | None = None, each: str | None = None
) -> Probe:
    cells = tidied(grid.cells)
    count = cells.num_rows
    if not count or not grid.width:
        raise refuse(grid.label, "holds no row: the file is empty", "export it again")
    step = max(1, count // SAMPLE)
    places = sorted({*range(min(count, 200)), *range(0, count, step), *range(max(0, count - 50), count)})
    picked = cells.take(places).to_pylist()
    rows = [(int(record["row"]), [record[f"c{n}"] or "" for n in range(1, grid.width + 1)]) for record in picked]
    comment = "#" if any(cells_[0].startswith("#") for _, cells_ in rows[:10]) else None
    noted = [row for row, texts in rows if comment and texts[0].startswith(comment)]
    rows = [(row, texts) for row, texts in rows if any(texts) and row not in set(noted)]
    if grid.names_itself:
        header: tuple[int, ...] = (0,)
    else:
        header = detect_header(rows, known_headers() | known_export_headers())
    body = [(row, texts) for row, texts in rows if not header or row > header[-1]]
    marks = _marks(body)
    body = [(row, texts) for row, texts in body if not (marks and _first(texts).lower().startswith(marks))]
    headers = _headers(rows, header, grid.width)
    ends_blank = bool(noted and header and noted[-1] > header[-1])
    if ends_blank:
        body = [(row, texts) for row, texts in body if row < min(n for n in noted if n > header[-1])]
    headings = [texts for _, texts in body if _is_heading(texts, len(headers))]
    group_key = _group_key(headers, [texts for _, texts in body if texts not in headings]) if headings else None
    if group_key is not None:
        body = [(row, texts) for row, texts in body if texts not in headings]
        body = [(row, [headings[0][0], *texts[1:]] if not texts[0] else texts) for row, texts in body]
        # the column the headings are carried down into; its last part still says what they are
        headers[0] = f"heading / {headers[0]}"
    decimal, _ = detect_decimal(value for _, texts in body[:2000] for value in texts if value)
    columns = tuple(_column(headers[n], n + 1, [texts[n] for _, texts in body]) for n in range(len(headers)))
    total = count - sum(1 for row in cells.column("row").to_pylist()[:60] if header and row <= header[-1])
    found = tuple(mark for mark in Totals().marks if mark.lower() in marks)
    return Probe(
        file.name,
        sheet,
        grid.encoding,
        certainty,
        delimiter,
        decimal,
        header,
        comment,
        found,
        ends_blank,
        group_key,
        total,
        columns,
        each,
    )


def _is_heading(texts: list[str], width: int) -> bool:
    """Only the first cell is filled, in a table of some width."""
    return width >= 4 and bool(texts[0]) and not any(texts[1:])


def _group_key(headers: list[str], body: list[list[str]]) -> str | None:
    """A column filled in every row that is no heading; the first one but the headings' own."""
    if len(body) < 2:
        return None
    return next((h for n, h in enumerate(headers) if n and h and all(texts[n] for texts in body)), None)


def _first(texts: Sequence[str]) -> str:
    return next((text for text in texts if text), "")


def _marks(body: list[tuple[int, list[str]]]) -> tuple[str, ...]:
    starts = {_first(texts).lower() for _, texts in body}
    return tuple(
        mark.lower()
        for mark in Totals().marks
        if any(re.match(rf"{mark.lower()}(?:$|[^\w])", start) for start in starts)
    )


def _headers(rows: list[tuple[int, list[str]]], header: tuple[int, ...], width: int) -> list[str]:
    if not header:
        return [""] * width
    levels = [[plain_header(text) for text in texts] for row, texts in rows if row in header]
    joined = list(joined_levels(levels)) if levels else [""] * width
    while joined and not joined[-1]:
        joined.pop()
    return joined


def _column(header: str, place: int, texts: list[str]) -> ColumnProbe:
    filled = [text for text in texts if text and text not in ("-", "--", "—", "null")]
    distinct = Counter(filled)
    share = len(filled) / len(texts) if texts else 0.0
    if not filled:
        return ColumnProbe(header, place, "empty", 0.0, 0, personal=_personal(header, "empty"))
    sample = list(distinct)[:600]
    date = detect_date(sample)
    kind, strip = _kind(sample, date, header)
    date = date if kind == "date" else None
    few = tuple(text for text, _ in distinct.most_common(FEW + 1))
    values = few if len(few) <= FEW and kind != "phone" else ()
    personal, repeated = _personal(header, kind), len(distinct) < 0.98 * len(filled)
    return ColumnProbe(header, place, kind, share, len(distinct), values, date, strip, personal, tuple(sample[:FEW]), repeated)


def _kind(sample: list[str], date: DateGuess | None, header: str) -> tuple[str, str | None]:
    def share(pattern: re.Pattern[str]) -> float:
        return sum(bool(pattern.match(text)) for text in sample) / len(sample)

    units = Counter(match.group(1) for text in sample if (match := UNITS_AFTER.match(text)))
    if sum(units.values()) > len(sample) * 0.8:
        return "number", units.most_common(1)[0][0]
    said = any(word in header.lower() for word in ("дата", "date", "месяц", "month", "datum", "mjesec"))
    if date is not None and (date.format not in ("%Y%m%d", "%Y%m") or said):
        return "date", None
    if share(EMAIL) > 0.8:
        return "e-mail", None
    is_phone = "phone" in _words(header)
    if share(PHONE) > 0.8 and (
        is_phone
        or (
            sum(text.startswith(("+", "8 ", "8(", "7", "8")) for text in sample) > len(sample) * 0.9
            and len(sample[0]) >= 11
            and is_phone
        )
    ):
        return "phone", None
    return ("number", None) if share(NUMBER) > 0.9 else ("text", None)


def _words(header: str) -> set[str]:
    """What of a person a header speaks of."""
    name = plain_name(header.rsplit(" / ", 1)[-1])
    return {
        what
        for what, words in PERSONAL.items()
        if name in words or any(len(w) > 4 and w in name for w in words if " " in w or what == "phone")
    }


def _personal(header: str, kind: str) -> str | None:
    found = _words(header) | ({kind} if kind in ("phone", "e-mail") else set())
    return sorted(found)[0] if found else None


def as_format(probe: Probe) -> Format:
    """The format facts of a probe as a mapping would declare them (no header: columns by position)."""
    header = probe.header if len(probe.header) != 1 else probe.header[0]
    names = () if probe.header else tuple(f"column {column.position}" for column in probe.columns)
    return Format(
        encoding=probe.encoding if probe.is_text else None,
        delimiter=probe.delimiter,
        header=header or None,
        names=names,
    )
