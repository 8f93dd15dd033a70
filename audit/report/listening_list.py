"""The listening list: which calls to hear next, by their keys, times and administrators, with room for the marks.

It holds no patient. A time and an administrator still lead to a call, so it is no part of the report and written only
when asked for.
"""

from __future__ import annotations

from pathlib import Path

import xlsxwriter

from audit.errors import RunError
from audit.report.private_file import head_format, heads, stored, write_private, write_value
from audit.wording.safe import cell
from audit.wording.text import without_tags
from audit.workbench.context import Context

FOLDER = "listening"
ANALYSIS, TABLE = "listening", "sample"
TO_MARK = ("outcome", "loss_reason", "quality_score")
"""Columns the listener fills in; the exports of the next audit know them by these names."""


def write_listening_list(context: Context) -> Path:
    """Write ``data/<client>/listening/<run>.xlsx``: the calls drawn by seed, by administrator and time; returns its path.

    Raises RunError when the run holds none.
    """
    result, words = stored(context, ANALYSIS, "calls to hear")
    frame = result.tables().get(TABLE)
    if frame is None or frame.empty:
        raise RunError(f"no answered call of {context.config.client} is recent enough to be heard")
    # whether a caller booked would sway the ear
    names = [measure.name for measure in result.measures(TABLE) if measure.name != "group"]
    rows = frame.sort_values(["administrator", "at", "call"]).to_dict("records")

    def fill(workbook: xlsxwriter.Workbook) -> None:
        head, moment = head_format(workbook), workbook.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        sheet = workbook.add_worksheet(cell(without_tags(words.sentence("list.sheet")))[:31])
        marks = [without_tags(words.sentence(f"list.{name}")) for name in TO_MARK]
        for place, text in enumerate([*heads(words, result, TABLE, names), *marks]):
            sheet.write_string(0, place, cell(text), head)
        for row, record in enumerate(rows, start=1):
            for place, name in enumerate(names):
                if name == "at":
                    sheet.write_datetime(row, place, record[name].to_pydatetime(), moment)
                else:
                    write_value(sheet, row, place, words, TABLE, name, record[name])
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, len(rows), len(names) + len(TO_MARK) - 1)
        sheet.set_column(0, len(names) + len(TO_MARK) - 1, 18)

    return write_private(context, FOLDER, fill)
