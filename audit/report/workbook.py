"""appendix.xlsx: every number behind the report, one sheet per section, numbers as numbers, text as text.

A sheet holds first the section's estimates by key, then its tables, each under its name with a row of
units, and all findings; tables with one row per person are left out. Nothing in it is a formula or a link, and the same results give the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter
from markupsafe import Markup

from audit.report.book import Book, Section
from audit.results import Measure, Result, Unanswered
from audit.tables.columns import Unit
from audit.wording import Words, WordsError
from audit.wording.safe import cell
from audit.wording.text import without_tags

EPOCH = datetime(2000, 1, 1)
"""Written as the date of creation, so that the same results give the same file."""

MOST_ROWS = 1_000_000
HEADINGS = ("key", "name", "value", "low", "high", "level", "unit", "n", "grade")


def write_workbook(book: Book, target: Path) -> None:
    """Write the appendix of ``book`` to ``target``."""
    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "nan_inf_to_errors": False,
    }
    with xlsxwriter.Workbook(target, options) as workbook:
        workbook.set_properties({"title": cell(book.title), "created": EPOCH})
        styles = Styles(workbook)
        sections = sorted(book.sections, key=lambda section: section.page.place)
        _index(
            book,
            workbook.add_worksheet(cell(without_tags(book.words.sentence("workbook.index")))[:31]),
            styles,
            sections,
        )
        for section in sections:
            _Sheet(book, section, workbook.add_worksheet(section.page.sheet), styles).write()


class Styles:
    """The few formats of the workbook."""

    def __init__(self, workbook: Any) -> None:
        self.head = workbook.add_format({"bold": True, "bg_color": "#E4E9EC", "text_wrap": True, "valign": "top"})
        self.title = workbook.add_format({"bold": True, "font_size": 13})
        self.units = workbook.add_format({"italic": True, "font_color": "#65717C"})
        self.date = workbook.add_format({"num_format": "yyyy-mm-dd"})


def _index(book: Book, sheet: Any, styles: Styles, sections: list[Section]) -> None:
    sheet.write_string(0, 0, cell(book.title), styles.title)
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 2, 60)
    for row, section in enumerate(sections, start=2):
        sheet.write_string(row, 0, section.page.sheet)
        sheet.write_string(row, 1, cell(_plain(section.name)))
        sheet.write_string(row, 2, cell(_plain(section.title)))


class _Sheet:
    """One section's sheet, written from top to bottom."""

    def __init__(self, book: Book, section: Section, sheet: Any, styles: Styles) -> None:
        self.book, self.section, self.sheet, self.styles = book, section, sheet, styles
        self.words = section.page.words
        self.row = 0

    def write(self) -> None:
        """Title, estimates, tables."""
        self.sheet.write_string(0, 0, cell(f"{self.section.page.label} {_plain(self.section.name)}"), self.styles.title)
        self.sheet.write_string(1, 0, cell(_plain(self.section.title)))
        self.row = 3
        result = self.section.result
        if result is None or isinstance(result, Unanswered):
            return
        self._estimates(result)
        for name, frame in result.tables().items():
            if not result.names_people(name):
                self._table(result, name, frame)
        self._findings(result)
        self.sheet.set_column(0, 0, 34)
        self.sheet.set_column(1, 1, 44)
        self.sheet.set_column(2, 40, 14)

    def _estimates(self, result: Result) -> None:
        for column, key in enumerate(HEADINGS):
            text = self.book.words.sentence(f"workbook.headings.{key}")
            self.sheet.write_string(self.row, column, cell(_plain(text)), self.styles.head)
        self.sheet.freeze_panes(self.row + 1, 1)
        for name, e in result.estimates().items():
            self.row += 1
            self._strings(
                {0: f"{self.section.page.name}.{name}", 1: self._name(result, name), 6: self._unit(e.unit), 8: e.grade}
            )
            self._numbers({2: e.value, 5: e.level, 7: e.n} | ({} if e.is_exact else {3: e.low, 4: e.high}))
        self.row += 2

    def _findings(self, result: Result) -> None:
        """All that was found, also what had no room on the page."""
        if not result.findings:
            return
        heading = self.book.words.sentence("workbook.findings")
        self.sheet.write_string(self.row, 0, cell(_plain(heading)), self.styles.title)
        for finding in result.findings:
            self.row += 1
            self._strings({0: f"{self.section.page.name}.{finding.key}", 1: _plain(self.words.finding(result, finding))})

    def _name(self, result: Result, name: str) -> str:
        slot = f"estimates.{name}"
        return _plain(self.words.sentence(slot, result)) if self.words.has(slot) else name.replace("_", " ")

    def _table(self, result: Result, name: str, frame: pd.DataFrame) -> None:
        measures = result.measures(name)
        self.sheet.write_string(self.row, 0, cell(f"{self.section.page.name}.{name}"), self.styles.title)
        self.sheet.write_string(self.row, 1, cell(self._caption(result, name)))
        columns = [(measure, column) for measure in measures for column in measure.names]
        titles = list(heads(self.book, self.words, result, name, measures))
        for place, ((measure, _), head) in enumerate(zip(columns, titles, strict=True)):
            self.sheet.write_string(self.row + 1, place, cell(head), self.styles.head)
            self.sheet.write_string(self.row + 2, place, cell(self._unit(measure.unit)), self.styles.units)
        self.row += 3
        for record in frame.head(MOST_ROWS).to_dict("records"):
            for place, (measure, column) in enumerate(columns):
                self._value(place, name, measure, record[column])
            self.row += 1
        self.row += 1

    def _caption(self, result: Result, name: str) -> str:
        title = self.words.optional(f"tables.{name}.title", result)
        return _plain(title) if title else name.replace("_", " ")

    def _value(self, place: int, table: str, measure: Measure, value: Any) -> None:
        if value is None or value is pd.NaT or (not isinstance(value, str) and pd.isna(value)):
            return
        if isinstance(value, date):
            self.sheet.write_datetime(self.row, place, pd.Timestamp(value).to_pydatetime(), self.styles.date)
        elif measure.is_label:
            self.sheet.write_string(self.row, place, cell(self.words.value(table, measure.name, value)))
        else:
            self._numbers({place: float(value)})

    def _numbers(self, values: dict[int, float]) -> None:
        for place, value in values.items():
            if math.isfinite(value):
                self.sheet.write_number(self.row, place, value)

    def _strings(self, texts: dict[int, str]) -> None:
        for place, text in texts.items():
            self.sheet.write_string(self.row, place, cell(text))

    def _unit(self, unit: Unit) -> str:
        return _plain(self.book.words.sentence(f"workbook.units.{unit}"))


def heads(book: Book, words: Words, result: Result, name: str, measures: tuple[Measure, ...]) -> Iterator[str]:
    """Key of each column of table ``name``, and its word where it has one."""
    try:
        known = words.columns(name, result)
    except WordsError:
        known = {}
    sides = {part: _plain(book.words.sentence(f"workbook.{part}")) for part in ("low", "high")}
    for measure in measures:
        head = without_tags(known[measure.name][0]) if measure.name in known else ""
        text = f"{measure.name}\n{head}" if head else measure.name
        yield text
        if measure.interval:
            yield from (f"{measure.name}_{part}\n{sides[part]}" for part in ("low", "high"))


def _plain(text: Markup | str) -> str:
    return without_tags(str(text))
