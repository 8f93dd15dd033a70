"""report.html: one file with everything in it – no script, no network, readable on a phone and printable."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup

from audit.presets import said
from audit.report import actions as plans
from audit.report import summary
from audit.report.blocks import blocks
from audit.report.book import Book
from audit.report.calendar import calendar_image
from audit.report.pdf import FACES, FONTS
from audit.report.stamp import stamp
from audit.results import Estimate, Result
from audit.wording.calendar import period
from audit.wording.safe import clean
from audit.workbench import show
from audit.workbench.cells import Cell, Head, Row, Sheet
from audit.workbench.page import TEMPLATE, template

_VARIABLE = re.compile(r"(--[a-z0-9-]+)\s*:\s*([#a-zA-Z0-9 ,.%()'\"-]+);")


@dataclass(frozen=True)
class Entry:
    """One line of the contents."""

    anchor: str
    label: str
    name: Markup
    title: Markup


def report_html(book: Book) -> str:
    """The whole report."""
    found, front = plans.plan(book), book.context.preset.front
    words, config, language = book.words, book.context.config, book.context.language
    clinic = {"clinic": config.display_name(language)}
    values: dict[str, Any] = {
        "language": language,
        "title": book.title,
        "flag": words.sentence(f"flag.{config.status}"),
        "p": words.sentence("contents.page") + " ",
        "fonts": Markup(fonts()),
        "style": Markup(style(book.context.root / "data" / config.client / "brand" / "brand.css")),
        "cover": _cover(book, clinic),
        "contents": _contents(book),
        "summary": _summary(book, found, clinic) if "summary" in front else None,
        "actions": _actions(book, found) if "actions" in front else None,
        "back": _back(book),
        "blocks": blocks(book),
        "sections": () if book.context.preset.blocks else book.sections,
    }
    values["entries"] = _entries(book, found, values)
    return template("report.html.j2").render(values)


def write_html(book: Book, target: Path) -> None:
    """Write the report to ``target``."""
    target.write_text(report_html(book), encoding="utf-8")


# ---------------------------------------------------------------------- style
def style(brand: Path) -> str:
    """All style sheets, then the client's own values of our variables."""
    names = ("style.css", "document.css", "print.css")
    return "\n".join([*((TEMPLATE / name).read_text(encoding="utf-8") for name in names), brand_style(brand)])


def brand_style(path: Path) -> str:
    """The variables a client's ``brand.css`` sets; nothing else of it is used."""
    if not path.is_file():
        return ""
    variables = _VARIABLE.findall(path.read_text(encoding="utf-8"))
    safe = [f"{name}: {value};" for name, value in variables if "url(" not in value.lower()]
    return f":root {{ {' '.join(safe)} }}" if safe else ""


@cache
def fonts() -> str:
    """The fonts of the report, inside the style."""
    faces = []
    for family, weight, name in FACES:
        data = base64.b64encode((FONTS / f"{name}.ttf").read_bytes()).decode()
        faces.append(
            f'@font-face {{ font-family: "{family}"; font-weight: {weight}; '
            f'src: url(data:font/ttf;base64,{data}) format("truetype") }}'
        )
    return "\n".join(faces)


# ---------------------------------------------------------------------- pages
def _cover(book: Book, clinic: Mapping[str, str]) -> dict[str, Any]:
    words, config = book.words, book.context.config
    run, preset = {"run": book.context.folder.name.removeprefix(".building-")}, book.context.preset
    title = clean(said(preset.title, book.context.language))
    return {
        "house": config.house,
        "title": words.sentence("cover.title_preset", extra={**clinic, "title": title}) if preset.blocks else words.sentence("cover.title", extra=clinic),
        "subtitle": clean(said(preset.subtitle, book.context.language)) if preset.subtitle else words.sentence("cover.subtitle"),
        "period": period(config.period, book.context.language),
        "calendar": calendar_image(book),
        "calendar_text": words.sentence("cover.calendar"),
        "calendar_alt": words.plain("cover.calendar_alt"),
        "foot": [
            (words.sentence("cover.prepared_for"), config.prepared_for or words.sentence("cover.owner", extra=clinic)),
            (words.sentence("cover.prepared_by"), config.prepared_by or config.house),
            (words.sentence("cover.version"), words.sentence(f"cover.status.{config.status}", extra=run)),
            (words.sentence("cover.confidential"), words.sentence("cover.privacy", extra={"appendix": preset.shows("data_quality")})),
        ],
    }


def _contents(book: Book) -> dict[str, Any]:
    words = book.words
    said = {
        key: words.sentence(f"contents.{key}") for key in ("name", "title", "marks", "brackets", "sure", "sections")
    }
    return said | {
        "legend": [
            (code, words.sentence(f"status.{code}"), words.sentence(f"contents.mark.{code}"))
            for code in ("good", "watch", "act", "unclear")
        ],
        "grades": [(grade, words.sentence(f"evidence.{grade}")) for grade in ("A", "B", "C")],
    }


def _entries(book: Book, found: plans.Plan, values: Mapping[str, Any]) -> list[Entry]:
    words = book.words
    count = {"actions": len(found.actions)}
    actions = words.sentence("contents.actions" if found.actions else "contents.actions_none", extra=count)
    front = {"summary": words.sentence("contents.summary"), "actions": actions}
    return [
        *(Entry(key, "", values[key]["name"], text) for key, text in front.items() if values[key]),
        *(Entry(block.anchor, str(block.number), block.name, block.title) for block in values["blocks"]),
        *(Entry(section.anchor, section.label, section.name, section.title) for section in values["sections"]),
        Entry("back", str(values["back"]["label"]), values["back"]["name"], words.sentence("contents.back")),
    ]


def _summary(book: Book, found: plans.Plan, clinic: Mapping[str, str]) -> dict[str, Any]:
    words = book.words
    cards = summary.cards(book)
    items = summary.ranked_findings(book)
    half = -(-len(items) // 2)
    halves = [{"start": 1, "found": items[:half]}, {"start": half + 1, "found": items[half:]}]
    asked = plans.decisions(book, found, cards)
    return {
        "name": words.sentence("summary.name"),
        "title": _summary_title(book, found, clinic),
        "lede": _summary_lede(book),
        "cards": [_with_word(book, card) for card in cards],
        "bridge": _bridge(book),
        "found": words.sentence("summary.found"),
        "findings": [part for part in halves if part["found"]],
        "decisions": asked,
        "decisions_heading": words.sentence(f"summary.decisions_heading.{len(asked)}") if asked else "",
        "legend": words.sentence("summary.legend"),
    }


def _summary_title(book: Book, found: plans.Plan, clinic: Mapping[str, str]) -> Markup:
    tests = found.tests
    if found.together is not None and found.together.low > 0 and found.group("do_now"):
        return book.words.sentence("summary.title.gain", extra={**clinic, "together": found.together})
    return book.words.sentence(f"summary.title.{'tests' if tests else 'plain'}", extra={**clinic, "tests": tests})


def _summary_lede(book: Book) -> Markup:
    rooms = summary.known(book, "capacity", "room_load")
    missed = summary.known(book, "funnel", "missed_share")
    if rooms is None:
        return book.words.sentence("summary.lede.plain")
    empty = _complement(rooms)
    lost = missed is not None and missed.value > 0.10
    variant = "capacity" if rooms.value >= 0.70 else "demand" if lost else "calls"
    return book.words.sentence(f"summary.lede.{variant}", extra={"rooms": rooms, "empty": empty, "missed": missed})


def _complement(share: Estimate) -> Estimate:
    return Estimate(
        max(1 - share.value, 0.0), max(1 - share.high, 0.0), max(1 - share.low, 0.0), "share", share.n, share.level
    )


def _with_word(book: Book, card: summary.Card) -> dict[str, Any]:
    word = Markup(" · ").join([book.words.sentence(f"status.{card.state}"), card.goal]) if card.goal else ""
    return vars(card) | {"word": word}


def _bridge(book: Book) -> Markup:
    section, result = book.section(plans.SOURCE), book.result(plans.SOURCE)
    if section is None or result is None or not hasattr(section.page.module, "bridge"):
        return Markup()
    return show.figures(section.page, result, "bridge").html


def _actions(book: Book, found: plans.Plan) -> dict[str, Any]:
    words = book.words
    title, lede = plans.heading(book, found)
    aligned = {"expected": "r", "chance": "r", "effort": "c", "evidence": "c"}
    return {
        "name": words.sentence("actions.name"), "title": title, "lede": lede,
        "columns": [
            (words.sentence(f"actions.columns.{key}.0"), words.sentence(f"actions.columns.{key}.1"), aligned.get(key, ""))
            for key in ("action", "line", "expected", "chance", "effort", "evidence")
        ],
        "groups": [
            {"heading": words.sentence(f"actions.groups.{group}"), "actions": found.shown(group)}
            for group in plans.GROUPS if found.shown(group)
        ],
        "boxes": plans.boxes(book, found),
        "notes": [
            {"key": key, "head": words.sentence(f"notes.{key}"), "text": words.sentence(f"actions.notes.{key}")}
            for key in ("how", "care", "decide")
        ],
    }  # fmt: skip


def _back(book: Book) -> dict[str, Any]:
    words = book.words
    said = {key: words.sentence(f"back.{key}") for key in ("label", "name", "title", "lede", "words")}
    count = len(words.node("back.glossary"))
    return said | {
        "glossary": [tuple(words.sentence(f"back.glossary.{i}.{part}") for part in (0, 1)) for i in range(count)],
        "sheets": _sheets(book),
        "stamp_title": words.sentence("back.stamp.title"),
        "stamp": stamp(book),
    }


def _sheets(book: Book) -> Sheet:
    words = book.words
    heads = [Head(words.sentence(f"back.sheets.columns.{key}")) for key in ("sheet", "holds")]
    rows = [
        Row([Cell(section.page.sheet, tag="th"), Cell(_holds(book, section.answered))])
        for section in sorted(book.sections, key=lambda section: section.page.place)
        if section.answered is not None
    ]
    return Sheet(
        words.sentence("back.sheets.title"), words.sentence("back.sheets.subtitle"), heads, rows, style="dense"
    )


def _holds(book: Book, result: Result) -> Markup:
    text = book.words.sentence("back.sheets.estimates", extra={"count": len(result.estimates())})
    names: Sequence[str] = [name.replace("_", " ") for name, frame in result.tables().items()
                            if not frame.empty and not result.names_people(name)]
    return text + (book.words.sentence("back.sheets.tables", extra={"names": ", ".join(names)}) if names else Markup())
