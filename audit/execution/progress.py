"""What the terminal shows while an audit runs: a line per section, then where the report is."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.status import Status

from audit import __version__
from audit.execution.one_audit import Audit, Section, Watcher
from audit.workbench.context import Context

WIDTH = 20


class Printer(Watcher):
    """Prints one run; a spinner only on a terminal, one JSON object per line with ``as_json``."""

    def __init__(self, console: Console, *, root: Path, as_json: bool = False) -> None:
        self.console = console
        self.root = root
        self.as_json = as_json
        self._status: Status | None = None

    def loaded(self, context: Context) -> None:
        """Who and when."""
        period = context.config.period
        self._say(
            f"clinic-audit {__version__} · client {context.config.client} · {context.language} · "
            f"{period.start} … {period.end} · {context.preset.name} · seed {context.config.seed}\n",
            {"event": "loaded", "client": context.config.client, "preset": context.preset.name, "inputs": context.inputs},
        )

    def starts(self, number: int, total: int, notebook: str) -> None:
        """Show what runs, on a terminal."""
        self._spin(f"{number:2d}/{total}  {notebook}")

    def ended(self, number: int, total: int, section: Section) -> None:
        """One line about the section."""
        self._spin(None)
        line = f"{number:2d}/{total}  {section.notebook:<{WIDTH}} {section.status:<5} {section.seconds:3.0f} s   {section.message}"
        self._say(_fit(line, self.console), {"event": "section", **asdict(section)})

    def reporting(self) -> None:
        """Show that the report is being made, on a terminal."""
        self._spin("report")

    def finished(self, audit: Audit) -> None:
        """The closing lines: how many of what, and where everything is."""
        self._spin(None)
        if audit.was_up_to_date:
            self._say("up to date: nothing changed since the last run", {"event": "up_to_date"})
        counts = {
            status: sum(s.status == status for s in audit.sections) for status in ("PASS", "WARN", "FAIL", "SKIP")
        }
        spent = sum(section.seconds for section in audit.sections)
        summary = ", ".join(f"{count} {status.lower()}" for status, count in counts.items())
        self._say(
            f"\n{len(audit.sections)} sections: {summary} · {spent:.0f} s in notebooks",
            {"event": "finished", "folder": self._short(audit.folder), **counts},
        )
        for remark in audit.remarks:
            self._say(f"  note      {remark}", {"event": "remark", "text": remark})
        self.files(audit)

    def files(self, audit: Audit) -> None:
        """Where report, appendix and work plan are."""
        labels = {"report.html": "report", "report.pdf": "", "appendix.xlsx": "appendix", "work_plan.xlsx": "plan"}
        for path in audit.files:
            self._say(f"  {labels[path.name]:<9} {self._short(path)}", {"event": "file", "path": self._short(path)})

    def warnings(self, audit: Audit) -> None:
        """One line per section that warns, was skipped or failed."""
        for section in audit.sections:
            if section.status != "PASS":
                line = f"{section.notebook:<{WIDTH}} {section.status:<5} {section.message}"
                self._say(line, {"event": "warning", **asdict(section)})

    def _say(self, text: str, event: dict[str, Any]) -> None:
        self.console.print(
            json.dumps(event, ensure_ascii=False) if self.as_json else text, markup=False, highlight=False
        )

    def _spin(self, text: str | None) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None
        if text is not None and self.console.is_terminal and not self.as_json:
            self._status = self.console.status(text)
            self._status.start()

    def _short(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)


def _fit(line: str, console: Console) -> str:
    """Cut to the terminal's width; a file or a pipe gets the whole line."""
    if not console.is_terminal or len(line) <= console.width:
        return line
    return line[: console.width - 1].rstrip() + "…"
