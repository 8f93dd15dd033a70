"""The client's report: HTML, PDF and workbook from one finished run."""

from __future__ import annotations

from audit.report.make import make_report

__all__ = ["make_report"]
