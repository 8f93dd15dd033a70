"""work_plan.xlsx: the plan as an estimate – every action, the jobs with hours × rate = cost, the months, the log.

Unlike the appendix it is meant to be worked with: costs and totals are formulas, so that a changed rate or hour
is followed at once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from audit.actions import catalogue, spoken
from audit.report.actions import SOURCE
from audit.report.book import Book, Section
from audit.report.workbook import EPOCH, Styles, heads
from audit.results import Measure, Result
from audit.wording import Words
from audit.wording.safe import cell
from audit.wording.text import without_tags

SHEETS = ("actions", "plan", "jobs", "work_months", "log", "unjudged")
SUMMED = {"plan": ("hours", "cost"), "jobs": ("hours", "cost"), "work_months": ("hours", "cost")}
FIRST = 3
"""Row in which tables begin, below title and note."""


def write_work_plan(book: Book, target: Path) -> bool:
    """Write the plan of ``book`` to ``target``; False, and no file, without a plan."""
    section, result = book.section(SOURCE), book.result(SOURCE)
    if section is None or result is None or not set(SHEETS) <= set(result.tables()):
        target.unlink(missing_ok=True)
        return False
    with xlsxwriter.Workbook(target, {"strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": False}) as workbook:
        title = cell(_said(book, "title", clinic=book.context.config.display_name(book.context.language)))
        workbook.set_properties({"title": title, "created": EPOCH})
        styles = Styles(workbook)
        for name in SHEETS:
            sheet = workbook.add_worksheet(cell(_said(book, f"sheets.{name}"))[:31])
            sheet.write_string(0, 0, title, styles.title)
            sheet.write_string(1, 0, cell(_said(book, "note")))
            _table(book, section, result, name, sheet, styles)
    return True


def _said(book: Book, slot: str, **values: str) -> str:
    return without_tags(str(book.words.sentence(f"work_plan.{slot}", extra=values)))


def _table(book: Book, section: Section, result: Result, name: str, sheet: Any, styles: Styles) -> None:
    words, frame, measures = section.page.words, result.tables()[name], result.measures(name)
    columns = [(measure, column) for measure in measures for column in measure.names]
    texts = _texts(words, frame) if name == "actions" else {}
    titles = [*(head.rpartition("\n")[2] for head in heads(book, words, result, name, measures)), *(_said(book, f"texts.{part}") for part in texts)]
    for place, head in enumerate(titles):
        sheet.write_string(FIRST, place, cell(head), styles.head)
    for row, record in enumerate(frame.to_dict("records"), start=FIRST + 1):
        for place, (measure, column) in enumerate(columns):
            _cell(sheet, row, place, words, name, measure, record[column], styles)
        for place, said in enumerate(texts.values(), start=len(columns)):
            sheet.write_string(row, place, cell(said[row - FIRST - 1]))
        if name == "jobs":
            _product(sheet, row, {column: place for place, (_, column) in enumerate(columns)}, record)
    _totals(book, sheet, name, frame, [column for _, column in columns], styles)
    sheet.freeze_panes(FIRST + 1, 1)
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, len(columns) - 1, 15)
    sheet.set_column(len(columns), len(titles), 60)


def _texts(words: Words, frame: pd.DataFrame) -> dict[str, list[str]]:
    """What does not fit on the page: the whole title, the first step, what to heed, the source of the range."""
    said = spoken(words.file.language)
    return {part: [said[key][part] for key in frame["action"]] for part in ("title", "step", "heed")} | {
        "citation": [catalogue()[key].expected.citation for key in frame["action"]]
    }


def _cell(sheet: Any, row: int, place: int, words: Words, table: str, measure: Measure, value: Any, styles: Styles) -> None:
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return
    if isinstance(value, date):
        sheet.write_datetime(row, place, pd.Timestamp(value).to_pydatetime(), styles.date)
    elif measure.is_label:
        sheet.write_string(row, place, cell(words.value(table, measure.name, value)))
    elif math.isfinite(value):
        sheet.write_number(row, place, float(value))


def _product(sheet: Any, row: int, place: Mapping[str, int], record: Mapping[str, Any]) -> None:
    """Cost = hours × rate, with the value it has now."""
    if math.isfinite(record["cost"]):
        hours, rate = (xlsxwriter.utility.xl_rowcol_to_cell(row, place[column]) for column in ("hours", "rate"))
        sheet.write_formula(row, place["cost"], f"={hours}*{rate}", None, record["cost"])


def _totals(book: Book, sheet: Any, name: str, frame: pd.DataFrame, columns: list[str], styles: Styles) -> None:
    if name not in SUMMED or frame.empty:
        return
    row = FIRST + 1 + len(frame)
    sheet.write_string(row, 0, cell(_said(book, "total")), styles.head)
    for column in SUMMED[name]:
        place = columns.index(column)
        span = xlsxwriter.utility.xl_range(FIRST + 1, place, row - 1, place)
        sheet.write_formula(row, place, f"=SUM({span})", styles.head, float(frame[column].sum()))
