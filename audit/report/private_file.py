"""Files of single patients or calls for the clinic itself: beside its exports, readable by their owner only, no part of the report."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from audit import catalogue
from audit.errors import RunError
from audit.results import Result, Unanswered
from audit.results.store import load
from audit.wording import Words, client_texts
from audit.wording.safe import cell
from audit.wording.text import without_tags
from audit.workbench.context import Context

EPOCH = datetime(2000, 1, 1)
OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


def stored(context: Context, analysis: str, what: str) -> tuple[Result, Words]:
    """The run's result of ``analysis`` and its words; RunError, which calls the list ``what``, when the run has none."""
    found, folder, client = catalogue.analysis(analysis), context.results / analysis, context.config.client
    if not (folder / "result.json").is_file():
        raise RunError(f"{client} has no list of {what} → clinic-audit run {client}")
    result = load(found.result, folder)
    words = Words(analysis, context.language, context.config.currency, context.config.period, context.config.level, client_texts(context.texts))
    if isinstance(result, Unanswered):
        raise RunError(f"no list of {what}: {without_tags(words.reason(result))}")
    return result, words


def write_private(context: Context, folder: str, fill: Callable[[xlsxwriter.Workbook], None]) -> Path:
    """``data/<client>/<folder>/<run>.xlsx`` with what ``fill`` writes; its path."""
    home = context.root / "data" / context.config.client / folder
    home.mkdir(mode=0o700, exist_ok=True)
    home.chmod(0o700)
    target = home / f"{context.folder.name}.xlsx"
    aside = target.with_suffix(".aside")
    os.close(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    with xlsxwriter.Workbook(aside, OPTIONS) as workbook:
        workbook.set_properties({"created": EPOCH})
        fill(workbook)
    aside.replace(target)
    return target


def head_format(workbook: xlsxwriter.Workbook) -> Any:
    """How the heads of columns look."""
    return workbook.add_format({"bold": True, "bg_color": "#E4E9EC", "text_wrap": True, "valign": "top"})


def heads(words: Words, result: Result, table: str, names: list[str]) -> list[str]:
    """Heads of the columns ``names`` of a table in words."""
    known = words.columns(table, result)
    return [" ".join(without_tags(part) for part in known[name] if part) for name in names]


def write_value(sheet: Any, row: int, place: int, words: Words, table: str, name: str, value: Any) -> None:
    """One cell: a code in words, a number as a number, nothing for what is missing."""
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return
    if isinstance(value, str):
        sheet.write_string(row, place, cell(words.value(table, name, value)))
    else:
        sheet.write_number(row, place, round(float(value), 4))
