"""An executed notebook as the body of its section: only what cells tagged ``report`` have shown."""

from __future__ import annotations

import base64
import re
from functools import cache
from pathlib import Path

import nbformat
from markupsafe import Markup
from nbconvert import HTMLExporter
from nbconvert.filters.strings import clean_html

from audit.workbench.page import CELL_STYLE, TEMPLATE

OUR_FRAGMENT = "<style data-clinic-audit>"
HEAD = re.compile(r'(?=<div class="clinic-audit"[^>]*>\s*<header class="head[^"]*" data-page="([a-z0-9_]+)">)')
"""Where the page of an analysis begins."""


def pages_of(path: Path, first: str) -> dict[str, Markup]:
    """The HTML of the notebook's report cells by the analysis whose page it is; empty if it was not executed.

    A page begins at its head. What stands before the first head belongs to the analysis ``first``.
    """
    notebook = nbformat.read(path, as_version=4)
    body, _ = _exporter().from_notebook_node(notebook)
    before, *rest = HEAD.split(body)
    pages = {first: before}
    for name, html in zip(rest[::2], rest[1::2], strict=True):
        pages[name] = pages.get(name, "") + html
    return {name: Markup(html.strip()) for name, html in pages.items() if html.strip()}


def part_of_page(html: str) -> str:
    """An output's HTML: our own fragments without the style of cells, anything else cleaned of all but text and tables."""
    if html.startswith(OUR_FRAGMENT):
        return CELL_STYLE.sub("", html)
    return str(clean_html(html))


def _as_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@cache
def _exporter() -> HTMLExporter:
    exporter = HTMLExporter(template_name=TEMPLATE.name, extra_template_basedirs=[str(TEMPLATE.parent)])
    exporter.register_filter("part_of_page", part_of_page)
    exporter.register_filter("as_base64", _as_base64)
    return exporter
