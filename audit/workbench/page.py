"""What every part of a page shares: the analysis, its words and client; and HTML that a notebook can show."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from types import ModuleType
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from audit.config import HOUSE, ClientConfig
from audit.tables import DERIVED, TABLES
from audit.wording import Words

TEMPLATE = HOUSE / "templates" / "client_report"
CELL_STYLE = re.compile(r"<style data-clinic-audit>.*?</style>", re.DOTALL)
"""The style a fragment brings into a notebook; the report has its own and drops it."""


@dataclass(frozen=True)
class Page:
    """One section of one client's report: which analysis, in which words.

    ``number`` is the number of the section, of which this is page ``part`` from 0; number 0 is printed as
    appendix A.
    """

    name: str
    number: int
    module: ModuleType
    words: Words
    config: ClientConfig
    part: int = 0

    @property
    def label(self) -> str:
        """What stands before the section's name."""
        number = str(self.number) if self.number else "A"
        return f"{number}.{self.part + 1}" if self.part else number

    @property
    def place(self) -> tuple[int, int, str]:
        """Its place in the audit, to sort by."""
        return self.number, self.part, self.name

    @property
    def sheet(self) -> str:
        """Name of its sheet in the workbook."""
        return f"{self.number:02d}_{self.name}"[:31]

    @cached_property
    def frame(self) -> Words:
        """The words around the analysis."""
        return self.words.of("report")

    @cached_property
    def reads(self) -> Mapping[str, bool]:
        """The clinic's tables the analysis reads, and whether it cannot do without."""
        needs: dict[str, bool] = {}
        parameters = inspect.signature(self.module.analyse).parameters
        for name, parameter in parameters.items():
            optional = "None" in str(parameter.annotation)
            # “doctors” is a table and an analysis: what it is annotated with says which is meant
            for table in _exports(name) if "Table" in str(parameter.annotation) else ():
                needs[table] = needs.get(table, False) or not optional
        return needs


def _exports(name: str) -> tuple[str, ...]:
    if name not in TABLES:
        return ()
    return tuple(part for need in DERIVED[name].needs for part in _exports(need)) if name in DERIVED else (name,)


@dataclass(frozen=True, repr=False)
class Fragment:
    """A piece of the page. As the last line of a cell it looks like the page; the report takes ``html``."""

    html: Markup
    language: str = "en"

    def __html__(self) -> str:
        return self.html

    def __bool__(self) -> bool:
        return bool(self.html)

    def __repr__(self) -> str:
        return f"<{len(self.html)} characters of the page>" if self.html else "<nothing to show>"

    def _repr_html_(self) -> str:
        if not self.html:
            return ""
        return f'<style data-clinic-audit>{cell_style()}</style><div class="clinic-audit" lang="{self.language}">{self.html}</div>'


NOTHING = Fragment(Markup())


@cache
def cell_style() -> str:
    """The page's style, confined to what a cell shows."""
    sheet = (TEMPLATE / "style.css").read_text(encoding="utf-8").replace(":root", "&")
    frame = (
        "all: revert; display: block; box-sizing: border-box; max-width: 176mm; padding: 2mm 0; background: #fff; "
        "color: var(--ink); font: 9.4pt/13pt var(--sans); tr { background: none !important } "
    )
    return f".clinic-audit {{ {frame} {sheet} }}"


def parts() -> Any:
    """The macros of ``components.html.j2``."""
    return template("components.html.j2").module


def template(name: str) -> Template:
    """A template of the client report; values are escaped."""
    return _environment().get_template(name)


@cache
def _environment() -> Environment:
    return Environment(loader=FileSystemLoader(TEMPLATE), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
