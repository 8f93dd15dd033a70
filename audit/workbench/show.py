"""A result as parts of the page: head, figures, table, findings, notes – the same in a cell and in the report."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from audit.catalogue import Analysis
from audit.config import ClientConfig, Language
from audit.results import Result, Unanswered, gravest
from audit.tables import TABLES
from audit.wording import Labels, Words, client_texts
from audit.workbench import cells
from audit.workbench.page import NOTHING, Fragment, Page, parts
from audit.workbench.pictures import image

NUMBERS = "numbers"
"""What stands beside figures or a table: the side numbers; anything else is the name of a table."""

MOST_SOURCES = 8
"""Exports named under a figure; beyond that it says “all exports”."""

_END_OF_REASON = re.compile(r"(?<!&amp)(?<!&lt)(?<!&gt)(?<!&#34)(?<!&#39); ")

MOST_FOUND = 2
"""Findings every page has room for; those with more say so in their notebook, the rest is counted on the page."""


@dataclass(frozen=True)
class Picture:
    """A figure with its words."""

    title: Markup
    subtitle: Markup | None
    alt: str
    source: str
    width: int
    height: int
    note: Markup | None


def page(what: Analysis, config: ClientConfig, texts: Mapping[str, Any], language: Language | None = None) -> Page:
    """The page of analysis ``what`` for one client; ``texts`` are the client's own sentences by key."""
    words = Words(
        what.name, language or config.language, config.currency, config.period, config.level, client_texts(texts)
    )
    return Page(what.name, what.number, what.module, words, config, what.part)


def head(page: Page, result: Result) -> Fragment:
    """Rust bar, number and name, evidence, message title, lede; or why the section could not be computed."""
    name = page.words.sentence("name")
    if isinstance(result, Unanswered) and result.verdict == "not_asked":
        return NOTHING
    if isinstance(result, Unanswered):
        return _unanswered(page, result, name)
    title, lede = page.words.sentence("title", result), page.words.optional("lede", result)
    return _fragment(page, parts().head(page.label, name, evidence(page, result.grade), title, lede, page=page.name))


def evidence(page: Page, grade: str) -> Markup:
    """“Evidence A: counted from your records”."""
    meaning = page.frame.sentence(f"evidence.{grade}")
    return page.frame.sentence("evidence_line", extra={"grade": grade, "meaning": meaning})


def figures(page: Page, result: Result, *names: str, beside: str | None = None) -> Fragment:
    """The figures ``names`` in one row; with ``beside`` stacked, left of the side numbers or of that table."""
    pictures = [
        Markup(parts().figure(picture)) for picture in (_picture(page, result, name) for name in names) if picture
    ]
    if beside is not None:
        return _beside(page, result, Markup().join(pictures), beside)
    match len(pictures):
        case 0:
            return NOTHING
        case 1:
            return _fragment(page, pictures[0])
        case count:
            return _fragment(page, parts().row("two" if count == 2 else "three", pictures))


def table(page: Page, result: Result, name: str, beside: str | None = None, most: int = cells.MOST_ROWS) -> Fragment:
    """Table ``name`` with at most ``most`` rows; the rest is in the workbook."""
    sheet = cells.sheet(page, result, name, most, half=beside is not None and beside != NUMBERS)
    content = Markup(parts().table(sheet)) if sheet else Markup()
    if beside is not None:
        return _beside(page, result, content, beside)
    return _fragment(page, content)


def numbers(page: Page, result: Result) -> Fragment:
    """The side numbers whose values are known."""
    items = []
    for key, content in (page.words.get(NUMBERS) or {}).items():
        if isinstance(result, Unanswered):
            break
        value = page.words.optional(f"{NUMBERS}.{key}.value", result)
        text = page.words.optional(f"{NUMBERS}.{key}.text", result)
        if value and text:
            items.append({"value": value, "text": text, "hot": bool(content.get("hot"))})
    return _fragment(page, parts().numbers(items)) if items else NOTHING


def findings(page: Page, result: Result, most: int = MOST_FOUND) -> Fragment:
    """A box with the ``most`` gravest things that were found, how many more there are, and what could not be answered."""
    if isinstance(result, Unanswered) or not result.findings:
        return NOTHING
    shown = gravest(result.findings, most)
    found = [{"kind": finding.kind, "text": page.words.finding(result, finding)} for finding in shown]
    gaps = [page.words.finding(result, finding) for finding in result.findings if finding.kind == "not_answered"]
    left = {"more": len(result.findings) - len(gaps) - len(found), "sheet": page.sheet}
    words = {
        "found": page.frame.sentence("findings.heading"),
        "gaps": page.frame.sentence("findings.gaps"),
        "more": page.frame.sentence("findings.more", extra=left) if left["more"] else None,
    }
    return _fragment(page, parts().findings(found, gaps, words))


def notes(page: Page, result: Result) -> Fragment:
    """How to read it · what to be careful about · what it decides."""
    if isinstance(result, Unanswered):
        return NOTHING
    items = [
        {"key": key, "head": page.frame.sentence(f"notes.{key}"), "text": page.words.sentence(f"notes.{key}", result)}
        for key in ("how", "care", "decide")
        if page.words.has(f"notes.{key}")
    ]
    return _fragment(page, parts().notes(items)) if items else NOTHING


def _fragment(page: Page, content: Any) -> Fragment:
    return Fragment(Markup(content), page.words.language)


def _beside(page: Page, result: Result, content: Markup, beside: str) -> Fragment:
    side = numbers(page, result) if beside == NUMBERS else _half_table(page, result, beside)
    if not content or not side:
        return _fragment(page, content or side.html)
    boxed = side.html if beside == NUMBERS else Markup('<div class="box">{}</div>').format(side.html)
    return _fragment(page, parts().row("main" if beside == NUMBERS else "two", [content, boxed]))


def _half_table(page: Page, result: Result, name: str) -> Fragment:
    sheet = cells.sheet(page, result, name, half=True)
    return _fragment(page, parts().table(sheet)) if sheet else NOTHING


def _picture(page: Page, result: Result, name: str) -> Picture | None:
    if isinstance(result, Unanswered):
        return None
    figure = getattr(page.module, name)(result, Labels(page.words, name, result))
    if figure is None:
        return None
    drawn, slot = image(figure), f"figures.{name}"
    return Picture(
        title=page.words.sentence(f"{slot}.title", result),
        subtitle=page.words.optional(f"{slot}.subtitle", result),
        alt=page.words.plain(f"{slot}.alt", result),
        source=drawn.source,
        width=drawn.width,
        height=drawn.height,
        note=page.words.optional(f"{slot}.source", result) or _source(page),
    )


def _source(page: Page) -> Markup | None:
    names = list(dict.fromkeys(_export(page, name) for name in page.reads))
    if len(names) > MOST_SOURCES:
        names = [_export(page, "exports")]
    return page.frame.sentence("figure.source", extra={"exports": ", ".join(names)}) if names else None


def _export(page: Page, table: str) -> str:
    return page.frame.word(page.frame.node("exports"), table)


def _unanswered(page: Page, result: Unanswered, name: Markup) -> Fragment:
    _, remedy = _split(page.words.reason(result))
    top = Markup(parts().head(page.label, name, None, unanswered_title(page, result), remedy, True, page.name))
    rows = [
        cells.Row(
            [
                cells.Cell(_export(page, table), tag="th"),
                cells.Cell(", ".join(column.name for column in TABLES[table].columns)),
                cells.Cell(page.frame.sentence("unanswered.required" if needed else "unanswered.useful")),
            ]
        )
        for table, needed in page.reads.items()
    ]
    heads = [cells.Head(page.frame.sentence(f"unanswered.columns.{key}")) for key in ("export", "fields", "state")]
    sheet = cells.Sheet(
        page.frame.sentence("unanswered.needs"), page.frame.sentence("unanswered.needs_sub"), heads, rows
    )
    box = parts().unanswered(sheet, page.frame.sentence("unanswered.answers"), page.words.sentence("question"))
    return _fragment(page, top + Markup(box))


def unanswered_title(page: Page, result: Unanswered) -> Markup:
    """“Not computed: …”."""
    return page.frame.sentence("unanswered.title", extra={"reason": _split(page.words.reason(result))[0]})


def _split(text: Markup) -> tuple[Markup, Markup]:
    """The reason and its remedy, which stands after the first semicolon."""
    found = _END_OF_REASON.search(text)
    if not found:
        return text, Markup()
    remedy = str(text)[found.end() :]
    return Markup(str(text)[: found.start()]), Markup(remedy[:1].upper() + remedy[1:])


__all__ = [
    "Fragment", "Page", "evidence", "figures", "findings", "head", "notes", "numbers", "page",
    "table", "unanswered_title",
]  # fmt: skip
