"""Book: everything a report is made of – the sections in order, each with its result, words and printed body."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from markupsafe import Markup

from audit import catalogue
from audit.presets import Block
from audit.report.notebook import pages_of
from audit.results import Result, Unanswered
from audit.results.store import load
from audit.wording import Words, client_texts
from audit.wording.safe import clean, slug
from audit.workbench import show
from audit.workbench.context import Context
from audit.workbench.page import Page, parts


@dataclass(frozen=True)
class Section:
    """One page of a section: its place, its words, what was found and the HTML its notebook made.

    ``result`` is None when the notebook stored none; ``title`` is the message, in markup. In a report of blocks ``block`` is
    the anchor of the first that shows it.
    """

    notebook: str
    page: Page
    name: Markup
    title: Markup
    result: Result | None
    body: Markup
    own_notebook: bool = False
    block: str = ""

    @property
    def anchor(self) -> str:
        """Its id in the document."""
        return self.block or slug(self.page.name)

    @property
    def label(self) -> str:
        """Its number, or A for data quality."""
        return self.page.label

    @property
    def is_asked(self) -> bool:
        """Its question arises for this clinic; a page whose question does not is left out."""
        return not (isinstance(self.result, Unanswered) and self.result.verdict == "not_asked")

    @property
    def answered(self) -> Result | None:
        """Its result if the question could be answered."""
        return None if isinstance(self.result, Unanswered) else self.result


@dataclass(frozen=True)
class Book:
    """A run as its report sees it; ``sections`` are what its preset shows, in the order of the audit, data quality last."""

    context: Context
    words: Words
    sections: tuple[Section, ...]

    def section(self, name: str) -> Section | None:
        """The section of analysis ``name``."""
        return next((section for section in self.sections if section.page.name == name), None)

    def result(self, name: str) -> Result | None:
        """The answered result of analysis ``name``."""
        section = self.section(name)
        return section.answered if section else None

    @cached_property
    def title(self) -> str:
        """Name of client and period, for the running head."""
        client = self.context.config.display_name(self.context.language)
        return self.words.plain("running_head", extra={"clinic": client})

    @property
    def untranslated(self) -> tuple[str, ...]:
        """Sections whose words exist in English only."""
        every = [self.words, *(section.page.words for section in self.sections)]
        return tuple(words.analysis for words in every if not words.is_translated)


def read_book(context: Context, statuses: Sequence[Mapping[str, Any]]) -> Book:
    """The book of a finished run; ``statuses`` are its sections as execution noted them.

    Each is a mapping with ``notebook``, ``status``, ``message`` and ``own_notebook``.
    """
    sections = [section for status in statuses for section in _pages(context, status) if section.is_asked or section.block]
    sections.sort(key=lambda section: (section.page.number == 0, section.page.place))
    config = context.config
    words = Words("report", context.language, config.currency, config.period, config.level, client_texts(context.texts))
    return Book(context, words, tuple(sections))


def _pages(context: Context, status: Mapping[str, Any]) -> Iterator[Section]:
    """The pages of one notebook that the preset shows; further pages only where it printed them, or where a block shows them.

    A page nobody asked for is left out.
    """
    notebook, failed = str(status["notebook"]), status.get("status") == "FAIL"
    names = catalogue.section(notebook)
    first = next((name for name in names if context.preset.computes(name)), names[0])
    path = context.folder / "notebooks" / f"{notebook}.ipynb"
    printed = pages_of(path, first) if path.is_file() and not failed else {}
    for name in names:
        if context.preset.shows(name) and (name == first or name in printed or context.preset.blocks):
            section = _section(context, status, name, printed.get(name, Markup()))
            if not (isinstance(section.result, Unanswered) and section.result.verdict == "not_asked"):
                yield section


def _section(context: Context, status: Mapping[str, Any], name: str, printed: Markup) -> Section:
    what = catalogue.analysis(name)
    page = show.page(what, context.config, context.texts, context.language)
    folder = context.results / name
    result = load(what.result, folder) if (folder / "result.json").is_file() else None
    body, title = _printed(page, printed, result, status)
    own, shown_in = bool(status.get("own_notebook")), context.preset.block_of(name)
    block = block_anchor(shown_in) if shown_in else ""
    return Section(str(status["notebook"]), page, page.words.sentence("name"), title, result, body, own, block)


def block_anchor(block: Block) -> str:
    """The id of a preset's block in the document."""
    return f"block-{slug(block.key)}"


def _printed(page: Page, body: Markup, result: Result | None, status: Mapping[str, Any]) -> tuple[Markup, Markup]:
    """The page's body and title; a page that says why when the notebook broke or printed nothing."""
    failed = status.get("status") == "FAIL"
    if body and result is not None:
        return body, _title(page, result)
    kind = "failed" if failed else "failed.missing"
    separator = "_" if kind.endswith("missing") else "."
    title, lede = (page.frame.sentence(f"{kind}{separator}{part}") for part in ("title", "lede"))
    head = Markup(parts().head(page.label, page.words.sentence("name"), None, title, lede, True))
    message = str(status.get("message") or "") if failed else ""
    box = Markup('<div class="box"><p class="small">{}</p></div>').format(clean(message)) if message else Markup()
    return head + box, title


def _title(page: Page, result: Result) -> Markup:
    if isinstance(result, Unanswered):
        return show.unanswered_title(page, result)
    return page.words.sentence("title", result)
