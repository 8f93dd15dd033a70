"""hypotheses.yml: the log of the plan, written with every run and, once accepted, kept beside the client's exports.

An accepted entry is never changed by a later run: people edit it, and a later audit reads it.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import yaml

from audit.actions import catalogue
from audit.config import HYPOTHESES, load_hypotheses
from audit.errors import RunError
from audit.report.actions import SOURCE
from audit.report.book import Book
from audit.results import Estimate
from audit.wording.text import without_tags


def entries(book: Book) -> dict[str, dict[str, Any]]:
    """The log of the plan by action, as plain data."""
    result = book.result(SOURCE)
    log = result.tables().get("log") if result is not None else None
    return {} if log is None else {row["action"]: _entry(book, row) for row in log.to_dict("records")}


def _entry(book: Book, row: dict[str, Any]) -> dict[str, Any]:
    section = book.section(SOURCE)
    assert section is not None
    column = "money" if row["unit"] == "currency" else "value"
    value, low, high = (float(row[name]) for name in (column, f"{column}_low", f"{column}_high"))
    known = math.isfinite(value)
    kpi = section.page.words.value("log", "kpi", row["kpi"])
    extra = {"check": row["check"], "kpi": kpi, "today": Estimate(value, low, high, row["unit"], 0) if known else None}
    stop = book.words.sentence(f"hypotheses.stop.{row['better'] if known else 'unknown'}", extra=extra)
    return {
        "kpi": row["kpi"], "better": row["better"], "owner": row["owner"], "start": row["start"], "check": row["check"],
        "is_test": bool(row["is_test"]), "unit": row["unit"],
        **({"value": value, "low": low, "high": high} if known else {}),
        **{name: round(float(row[name]), 2) for name in ("gain", "gain_low", "gain_high")},
        "stop_rule": without_tags(str(stop)),
    }  # fmt: skip


def write_log(book: Book, target: Path) -> None:
    """Write the plan's log to ``target``, nothing without a plan."""
    found = entries(book)
    if found:
        target.write_text(_text(book, found), encoding="utf-8")
    else:
        target.unlink(missing_ok=True)


def accept(book: Book, home: Path) -> tuple[Path, tuple[str, ...]]:
    """Add the plan's actions to the client's own log; its path and what was added.

    Entries that are there stay as people left them. RunError when the run has no plan, ConfigError when the file is broken.
    """
    found = _to_begin(book)
    path = home / HYPOTHESES
    begun = load_hypotheses(path).model_dump(exclude_none=True)["hypotheses"] if path.is_file() else {}
    added = tuple(key for key in found if key not in begun)
    aside = path.with_suffix(".aside")
    aside.write_text(_text(book, begun | {key: found[key] for key in added}), encoding="utf-8")
    aside.replace(path)
    return path, added


def lines(book: Book) -> list[str]:
    """The plan in a few lines, for the terminal; RunError when the run has none."""
    language = book.context.language
    return [f"  {one['start']}  {catalogue()[key].words[language].title}" for key, one in _to_begin(book).items()]


def _to_begin(book: Book) -> dict[str, dict[str, Any]]:
    found, client = entries(book), book.context.config.client
    if found:
        return found
    if book.section(SOURCE) is None:
        raise RunError(f"the latest run of {client} has no plan: its preset leaves it out → clinic-audit run {client}")
    raise RunError(f"the latest run of {client} has no action to begin → see its page on the plan")


def _text(book: Book, found: dict[str, dict[str, Any]]) -> str:
    head = "".join(f"# {line}\n" for line in without_tags(str(book.words.sentence("hypotheses.head"))).split("|"))
    return head + yaml.dump(found, Dumper=_Plain, allow_unicode=True, sort_keys=False, width=120)


class _Plain(yaml.SafeDumper):
    """Writes a day twice rather than a reference to it, which nobody could edit."""

    def ignore_aliases(self, data: Any) -> bool:
        return True
