"""The recall list: whom to call and whom to leave uncalled, by the clinic's own card numbers.

It names people, so it is no part of the report and written only when asked for.
"""

from __future__ import annotations

from pathlib import Path

import xlsxwriter

from audit.errors import RunError
from audit.intake.cards import known_cards
from audit.report.private_file import head_format, heads, stored, write_private, write_value
from audit.wording.safe import cell
from audit.wording.text import without_tags
from audit.workbench.context import Context

FOLDER = "recall"
ANALYSIS, TABLE = "recall", "list"


def write_recall_list(context: Context) -> Path:
    """Write ``data/<client>/recall/<run>.xlsx``, first those to call, most worth first; returns its path.

    Raises RunError when the run holds no list.
    """
    result, words = stored(context, ANALYSIS, "patients to invite back")
    frame = result.tables().get(TABLE)
    if frame is None or frame.empty:
        raise RunError(f"nobody of {context.config.client} is overdue who may be invited back")
    cards = known_cards(context.root / "data" / context.config.client)
    # a card number and the code of the run's files together would name everybody in them
    names = [measure.name for measure in result.measures(TABLE) if not (cards and measure.unit == "id")]

    def fill(workbook: xlsxwriter.Workbook) -> None:
        head = head_format(workbook)
        for group in sorted(frame["group"].unique()):
            sheet = workbook.add_worksheet(cell(words.value(TABLE, "group", group))[:31])
            sheet.write_string(0, 0, cell(without_tags(words.sentence("list.card"))), head)
            for place, text in enumerate(heads(words, result, TABLE, names), start=1):
                sheet.write_string(0, place, cell(text), head)
            mine = frame[frame["group"] == group]
            for row, record in enumerate(mine.to_dict("records"), start=1):
                sheet.write_string(row, 0, cell(cards.get(str(record["patient_id"]), "")))
                for place, name in enumerate(names, start=1):
                    write_value(sheet, row, place, words, TABLE, name, record[name])
            sheet.freeze_panes(1, 1)
            sheet.autofilter(0, 0, len(mine), len(names))
            sheet.set_column(0, len(names), 16)

    return write_private(context, FOLDER, fill)
