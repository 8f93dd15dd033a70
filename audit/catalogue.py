"""Finds the analyses and reads from their signatures what they need.

An analysis is a module in ``audit/analyses`` with a function ``analyse`` whose parameters are named
after tables, earlier analyses, ``period`` and ``params``; nothing is registered anywhere else.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

from ibis.expr.types import Table

from audit import analyses
from audit.config import Params, Period, suggestion
from audit.errors import NotAnswerable, UsageError
from audit.results import Result, Unanswered, protect
from audit.results.earlier_audit import EarlierAudit
from audit.tables import TABLES

SECTIONS: tuple[tuple[str, ...], ...] = (
    ("data_quality",),
    ("capacity", "loads", "surgery", "attendance", "waiting", "rota"),
    ("profile", "segments"),
    ("clv", "retention", "outlook", "recall"),
    ("doctors", "allocation"),
    ("price", "price_choice"),
    ("channels", "campaigns", "attribution", "advertising"),
    ("funnel", "leads", "paths", "journey"),
    ("administrators", "desk_change", "telephone", "listening"),
    ("finance", "revenue", "services", "promotions"),
    ("growth", "scenarios", "forecast", "plan", "changes", "hypotheses", "progress"),
)
"""The sections of the report in the order of the audit; each is one notebook, named after its first analysis.

Analyses after the first are further pages of the same section. Their order is that of the computation too:
an analysis may read those before it. An analysis that is not named here is a section of its own at the end.
"""


@dataclass(frozen=True)
class Need:
    """One argument of an analysis: a table, an earlier result or the earlier audit, and whether it can do without."""

    name: str
    kind: typing.Literal["table", "result", "audit"]
    optional: bool


@dataclass(frozen=True)
class Analysis:
    """One analysis as the rest of the house sees it."""

    name: str
    module: ModuleType
    compute: Callable[..., Result]
    result: type[Result]
    params: type[Params]
    needs: tuple[Need, ...]

    @property
    def number(self) -> int:
        """The number of its section, which is its notebook's."""
        return next((number for number, names in enumerate(sections()) if self.name in names), len(sections()))

    @property
    def part(self) -> int:
        """Its place within the section, from 0."""
        return next((names.index(self.name) for names in sections() if self.name in names), 0)

    @property
    def figures(self) -> tuple[str, ...]:
        """Names of its figures, in the order they are written."""
        return tuple(getattr(self.module, "FIGURES", ()))


@cache
def sections() -> tuple[tuple[str, ...], ...]:
    """The analyses of each section, in the order of the audit."""
    found = {module.name for module in pkgutil.iter_modules(analyses.__path__)}
    own = sorted(found - {name for section in SECTIONS for name in section})
    return (*SECTIONS, *((name,) for name in own))


@cache
def names() -> tuple[str, ...]:
    """All analyses, in the order of the audit."""
    return tuple(name for section in sections() for name in section)


def section(notebook: str) -> tuple[str, ...]:
    """The analyses shown by the notebook “03_clv”; one that is not ours is a section of its own."""
    name = notebook[3:]
    return next((names for names in sections() if names[0] == name), (name,))


@cache
def analysis(name: str) -> Analysis:
    """The analysis called ``name``; UsageError with a suggestion if there is none."""
    if name not in names():
        raise UsageError(f"no analysis “{name}”: {suggestion(name, names())}")
    module = importlib.import_module(f"audit.analyses.{name}")
    compute = module.analyse
    hints = typing.get_type_hints(compute)
    return Analysis(
        name=name,
        module=module,
        compute=compute,
        result=hints["return"],
        params=hints["params"],
        needs=tuple(_needs(name, compute, hints)),
    )


def _needs(name: str, compute: Callable[..., Result], hints: dict[str, Any]) -> typing.Iterator[Need]:
    for parameter in inspect.signature(compute).parameters:
        if parameter in ("params", "period"):
            continue
        hint = hints[parameter]
        kinds = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
        optional = type(None) in kinds
        # “doctors” is a table and an analysis: what it is annotated with says which is meant
        if EarlierAudit in kinds:
            yield Need(parameter, "audit", optional)
        elif Table in kinds and parameter in TABLES:
            yield Need(parameter, "table", optional)
        elif Table not in kinds and parameter in names():
            yield Need(parameter, "result", optional)
        else:
            raise TypeError(f"analysis {name} asks for “{parameter}”: {suggestion(parameter, [*TABLES, *names()])}")


def compute(
    what: Analysis, tables: Mapping[str, Table], earlier: Mapping[str, Result], *, period: Period, params: Params,
    audit_before: EarlierAudit | None = None,
) -> Result:
    """The result of one analysis, small groups hidden; Unanswered when the data cannot answer its question.

    ``tables`` are those that hold rows, ``earlier`` the results there are; an unanswered one counts as
    missing. ``audit_before`` is what the client's earlier audit found, if there was one.
    """
    arguments: dict[str, Any] = {}
    try:
        for need in what.needs:
            found: Any = audit_before if need.kind == "audit" else (tables if need.kind == "table" else earlier).get(need.name)
            if found is None or isinstance(found, Unanswered):
                if need.kind == "audit" and not need.optional:
                    raise NotAnswerable("first_audit", verdict="not_asked")
                if not need.optional:
                    raise NotAnswerable(f"missing_{need.kind}", values={"missing": need.name})
                found = None
            arguments[need.name] = found
        if "period" in inspect.signature(what.compute).parameters:
            arguments["period"] = period
        return protect(what.compute(**arguments, params=params))
    except NotAnswerable as reason:
        return Unanswered(
            grade="C", analysis=what.name, reason=reason.reason, verdict=reason.verdict, details=dict(reason.values)
        )
