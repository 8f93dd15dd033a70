"""The recall list: whom to call and whom to leave uncalled, by the clinic's own card numbers.

It names people, so it is no part of the report: it is written beside the client's exports, readable by its owner
only, and only when asked for.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from audit import catalogue
from audit.errors import RunError
from audit.intake.cards import known_cards
from audit.results import Result, Unanswered
from audit.results.store import load
from audit.wording import Words, client_texts
from audit.wording.safe import cell
from audit.wording.text import without_tags
from audit.workbench.context import Context

FOLDER = "recall"
ANALYSIS, TABLE = "recall", "list"
EPOCH = datetime(2000, 1, 1)


def write_recall_list(context: Context) -> Path:
    """Write ``data/<client>/recall/<run>.xlsx``, first those to call, most worth first; returns its path.

    Raises RunError when the run holds no list.
    """
    what, stored = catalogue.analysis(ANALYSIS), context.results / ANALYSIS
    client = context.config.client
    if not (stored / "result.json").is_file():
        raise RunError(f"{client} has no list of patients to invite back → clinic-audit run {client}")
    result = load(what.result, stored)
    words = Words(ANALYSIS, context.language, context.config.currency, context.config.period, context.config.level, client_texts(context.texts))
    if isinstance(result, Unanswered):
        raise RunError(f"no list of patients to invite back: {without_tags(words.reason(result))}")
    frame = result.tables().get(TABLE)
    if frame is None or frame.empty:
        raise RunError(f"nobody of {client} is overdue who may be invited back")
    home = context.root / "data" / client
    folder = home / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
    target = folder / f"{context.folder.name}.xlsx"
    aside = target.with_suffix(".aside")
    os.close(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    _write(aside, frame, known_cards(home), words, result)
    aside.replace(target)
    return target


def _write(path: Path, frame: pd.DataFrame, cards: Mapping[str, str], words: Words, result: Result) -> None:
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    # a card number and the code of the run's files together would name everybody in them
    names = [measure.name for measure in result.measures(TABLE) if not (cards and measure.unit == "id")]
    with xlsxwriter.Workbook(path, options) as workbook:
        workbook.set_properties({"created": EPOCH})
        head = workbook.add_format({"bold": True, "bg_color": "#E4E9EC", "text_wrap": True, "valign": "top"})
        for group in sorted(frame["group"].unique()):
            sheet = workbook.add_worksheet(cell(words.value(TABLE, "group", group))[:31])
            sheet.write_string(0, 0, cell(without_tags(words.sentence("list.card"))), head)
            for place, text in enumerate(_heads(words, result, names), start=1):
                sheet.write_string(0, place, cell(text), head)
            mine = frame[frame["group"] == group]
            for row, record in enumerate(mine.to_dict("records"), start=1):
                sheet.write_string(row, 0, cell(cards.get(str(record["patient_id"]), "")))
                for place, name in enumerate(names, start=1):
                    _value(sheet, row, place, words, name, record[name])
            sheet.freeze_panes(1, 1)
            sheet.autofilter(0, 0, len(mine), len(names))
            sheet.set_column(0, len(names), 16)


def _heads(words: Words, result: Result, names: list[str]) -> list[str]:
    known = words.columns(TABLE, result)
    return [" ".join(without_tags(part) for part in known[name] if part) for name in names]


def _value(sheet: Any, row: int, place: int, words: Words, name: str, value: Any) -> None:
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return
    if isinstance(value, str):
        sheet.write_string(row, place, cell(words.value(TABLE, name, value)))
    else:
        sheet.write_number(row, place, round(float(value), 4))
