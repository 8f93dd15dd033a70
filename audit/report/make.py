"""Makes the files of a report from a finished run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audit.config import HYPOTHESES
from audit.report.book import read_book
from audit.report.html import write_html
from audit.report.hypotheses import write_log
from audit.report.pdf import write_pdf
from audit.report.work_plan import write_work_plan
from audit.report.workbook import write_workbook
from audit.wording import check_overrides, client_texts
from audit.workbench.context import Context

HTML, PDF, XLSX, PLAN = "report.html", "report.pdf", "appendix.xlsx", "work_plan.xlsx"


def make_report(
    context: Context, statuses: Sequence[Mapping[str, Any]], formats: Sequence[str] = ("html", "pdf", "xlsx")
) -> tuple[str, ...]:
    """Write the files of ``formats`` into the run's folder; returns remarks for the person at the terminal.

    ``statuses`` are the run's sections as execution noted them. The PDF is printed from the HTML and
    carries the workbook; without Pango everything else is still made.
    """
    check_overrides(client_texts(context.texts))
    book = read_book(context, statuses)
    html, pdf, xlsx = (context.folder / name for name in (HTML, PDF, XLSX))
    remarks: list[str] = []
    if "xlsx" in formats or "pdf" in formats:
        write_workbook(book, xlsx)
    if "xlsx" in formats:
        write_work_plan(book, context.folder / PLAN)
    write_log(book, context.folder / HYPOTHESES)
    if "html" in formats or "pdf" in formats:
        write_html(book, html)
    if "pdf" in formats:
        remark = write_pdf(html, pdf, xlsx, client=context.config.client)
        remarks += [remark] if remark else []
    for name, path in (("html", html), ("xlsx", xlsx)):
        if name not in formats:
            path.unlink(missing_ok=True)
    return tuple(remarks)
