"""The blocks of a preset: parts of the audit's pages under a heading of their own, drawn from the stored results."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from audit.config import Language
from audit.presets import Block, Shown, said
from audit.report.book import Book, Section, block_anchor
from audit.results import Result, Unanswered
from audit.wording.safe import clean
from audit.workbench import cells, show
from audit.workbench.page import parts


@dataclass(frozen=True)
class Printed:
    """One block as it is printed."""

    anchor: str
    number: int
    name: Markup
    title: Markup
    body: Markup


def blocks(book: Book) -> list[Printed]:
    """The blocks of the book's preset, in its order."""
    return [_printed(book, number, block) for number, block in enumerate(book.context.preset.blocks, start=1)]


def _printed(book: Book, number: int, block: Block) -> Printed:
    name = _text(book, block.name)
    shown = [_Part(book, part) for part in block.show]
    first = next((part for part in shown if part.pictures), None)
    if first is None:
        title, missing = book.words.sentence("block.missing"), _text(book, block.missing)
        head = parts().head(str(number), "", None, name, missing, True)
    elif block.message == "page":
        title, lede = first.page.words.sentence("title", first.result), first.page.words.optional("lede", first.result)
        head = parts().head(str(number), name, show.evidence(first.page, first.result.grade), title, lede)
    else:
        title = first.title
        head = parts().head(str(number), "", show.evidence(first.page, first.result.grade), name, None)
    bodies = [part.body for part in shown]
    body = Markup(parts().row("two", bodies)) if len(bodies) == 2 else Markup().join(bodies)
    return Printed(block_anchor(block), number, name, title, Markup(head) + body)


def _text(book: Book, texts: dict[Language, str]) -> Markup:
    return Markup.escape(clean(said(texts, book.context.language)))


class _Part:
    """What a block shows of one analysis; without ``pictures`` its data hold nothing to show."""

    def __init__(self, book: Book, shown: Shown) -> None:
        self.shown = shown
        self.section = book.section(shown.analysis)
        answered = self.section.answered if self.section else None
        self.pictures = Markup().join(self._pictures(self.section, answered)) if self.section and answered else Markup()
        self.body = self._body(self.section, answered) if self.section and answered else self._why(book)

    @property
    def page(self) -> show.Page:
        """The page it comes from, once there is something to show."""
        assert self.section is not None
        return self.section.page

    @property
    def result(self) -> Result:
        """The result it comes from, once there is something to show."""
        assert self.section is not None and self.section.answered is not None
        return self.section.answered

    @property
    def title(self) -> Markup:
        """The heading of the first thing shown."""
        slots = [*(f"figures.{name}.title" for name in self.shown.figures), f"tables.{self.shown.table}.title"]
        return next(text for text in (self.page.words.optional(slot, self.result) for slot in slots) if text)

    def _body(self, section: Section, result: Result) -> Markup:
        said = self._findings(section, result)
        return Markup(parts().row("two", [self.pictures, said])) if self.shown.beside and self.pictures else self.pictures + said

    def _pictures(self, section: Section, result: Result) -> Iterator[Markup]:
        yield show.figures(section.page, result, *self.shown.figures).html
        if self.shown.table is not None:
            sheet = cells.sheet(section.page, result, self.shown.table, self.shown.rows)
            yield Markup(parts().table(sheet)) if sheet else Markup()

    def _findings(self, section: Section, result: Result) -> Markup:
        found, frame, words = [f for f in result.findings if f.key in self.shown.findings], section.page.frame, section.page.words
        gaps = [words.finding(result, finding) for finding in found if finding.kind == "not_answered"]
        told = [{"kind": f.kind, "text": words.finding(result, f)} for f in found if f.kind != "not_answered"]
        heads = {"more": None, "found": frame.sentence("findings.heading"), "gaps": frame.sentence("findings.gaps")}
        box = Markup(parts().findings(told, gaps, heads)) if found else Markup()
        care = words.optional("notes.care", result) or Markup()
        source = frame.sentence("block.source", extra={"name": section.name, "care": care})
        return box + Markup('<p class="src">{}</p>').format(source)

    def _why(self, book: Book) -> Markup:
        """The reason the analysis gave, or that its notebook broke."""
        reason = book.words.sentence("block.failed")
        if self.section is not None and isinstance(self.section.result, Unanswered):
            reason = show.unanswered_title(self.section.page, self.section.result)
        return Markup('<p class="src">{}</p>').format(reason)
