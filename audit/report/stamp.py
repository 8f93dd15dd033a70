"""The stamp: what anyone needs to make this report again, and what was changed by hand."""

from __future__ import annotations

import json
import platform
from importlib.metadata import version

from markupsafe import Markup

from audit.presets import Preset
from audit.report.book import Book
from audit.results.store import fingerprint
from audit.wording.safe import clean
from audit.workbench.context import code_fingerprint

PACKAGES = ("ibis-framework", "duckdb", "pandas", "scipy", "lifetimes", "statsmodels")
"""Whose version may change a number."""

Line = tuple[Markup, Markup | str, bool]


def stamp(book: Book) -> list[Line]:
    """Lines of the stamp: what it is, its text, and whether it is typed as it stands."""
    context, config = book.context, book.context.config
    packages = " · ".join(f"{name} {version(name)}" for name in PACKAGES)
    code = _said(book, "hash", hash=code_fingerprint())
    run = f"{context.folder.name.removeprefix('.building-')} · clinic-audit {version('clinic-audit')} ({code}) · Python {platform.python_version()} · {packages}"
    settings = _said(
        book, "seed", path=f"data/{config.client}/clinic.yml", seed=str(config.seed),
        hash=fingerprint(config.model_dump(mode="json")),
    )  # fmt: skip
    lines: list[Line] = [
        (_head(book, "command"), f"clinic-audit run {config.client}{_extent(context.preset)}", True),
        (_head(book, "run"), run, False),
        (_head(book, "inputs"), _said(book, "hash", hash=context.inputs), False),
        (_head(book, "settings"), settings, False),
        (_head(book, "by_hand"), _by_hand(book), False),
    ]
    if context.preset.shows("progress"):
        earlier = Markup.escape(context.earlier.name) if context.earlier else _said(book, "first")
        lines.append((_head(book, "earlier"), earlier, False))
    if book.untranslated:
        names = ", ".join(book.untranslated)
        lines.append((_head(book, "language"), _said(book, "untranslated", sections=names), False))
    return lines


def _extent(preset: Preset) -> str:
    return "" if preset.is_whole else f" --preset {preset.name}"


def _head(book: Book, key: str) -> Markup:
    return book.words.sentence(f"back.stamp.{key}")


def _said(book: Book, key: str, **values: object) -> Markup:
    return book.words.sentence(f"back.stamp.{key}", extra=values)


def _by_hand(book: Book) -> Markup:
    own = dict.fromkeys(section.notebook for section in book.sections if section.own_notebook)
    said = [_said(book, "own_notebook", notebook=notebook) for notebook in own]
    for section in book.sections:
        path = book.context.results / section.page.name / "overrides.json"
        if path.is_file():
            settings = json.loads(path.read_text(encoding="utf-8"))
            text = ", ".join(f"{key} = {value}" for key, value in sorted(settings.items()))
            said.append(_said(book, "overrides", notebook=section.notebook, settings=clean(text)))
    if book.context.texts:
        keys = ", ".join(sorted(book.context.texts))
        said.append(_said(book, "sentences", count=len(book.context.texts), keys=keys))
    return Markup("; ").join(said) if said else _said(book, "nothing")
