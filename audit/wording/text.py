"""Sentences: templates from the text files, filled with a result's values, never written in Python.

A template may mention every non-frame field of the result, the values its Sentence or Finding adds,
and ``now``, ``before``, ``history``, ``level`` and ``currency``. Everything that comes from data is
escaped; a name that does not exist, and a value that is None and not guarded, is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, lru_cache
from html import unescape
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, TemplateError, Undefined, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from audit.config import Language, Period, suggestion
from audit.results import Estimate, Finding, Result, Sentence, Unanswered
from audit.tables.columns import Unit
from audit.wording import calendar
from audit.wording.files import TEXTS, TextFile, WordsError, load_text
from audit.wording.numbers import Numbers
from audit.wording.safe import clean

Values = Mapping[str, Any]

OF_DIAGNOSES = ("diagnosis", "group")
"""Columns that may hold ICD-10 categories."""

OF_THE_PLAN = ("action", "step", "kpi")
"""Columns that may hold actions or their weekly numbers."""


class MissingValueError(WordsError):
    """A sentence mentions a value that is None."""


@dataclass(frozen=True)
class Words:
    """The words of one analysis in one language, for one client.

    ``overrides`` are the client's own sentences by ``analysis.dotted.key``. Where a text has variants,
    ``result.says[slot]`` chooses one.
    """

    analysis: str
    language: Language = "en"
    currency: str = "EUR"
    period: Period | None = None
    level: float = 0.90
    overrides: Mapping[str, str] = field(default_factory=dict)
    folder: Path = TEXTS

    def of(self, analysis: str) -> Words:
        """The words of another analysis, for the same reader."""
        return replace(self, analysis=analysis)

    # ------------------------------------------------------------------ sentences
    def sentence(self, slot: str, result: Result | None = None, extra: Values | None = None) -> Markup:
        """The text at ``slot`` (dotted path) for ``result``; the variant is chosen by ``result.says``."""
        return Markup(self._rendered(slot, result, extra))

    def plain(self, slot: str, result: Result | None = None, extra: Values | None = None) -> str:
        """The same without markup, for figures, the workbook and alternative texts."""
        return without_tags(self._rendered(slot, result, extra))

    def optional(self, slot: str, result: Result | None = None, extra: Values | None = None) -> Markup | None:
        """The sentence, or None if there is none at ``slot`` or it mentions a value that is None."""
        if not self.has(slot):
            return None
        try:
            return self.sentence(slot, result, extra) or None
        except MissingValueError:
            return None

    def finding(self, result: Result, finding: Finding) -> Markup:
        """A finding in words; what could not be answered takes its words from ``gaps``."""
        part = "gaps" if finding.kind == "not_answered" else "findings"
        values = {"impact": finding.impact} | dict(finding.values)
        return self.sentence(f"{part}.{finding.key}", result, values)

    def reason(self, result: Unanswered) -> Markup:
        """Why a question could not be answered and what would answer it.

        A table or section that is simply not there has the same words in every analysis.
        """
        slot = f"reasons.{result.reason}"
        if self.has(slot):
            return self.sentence(slot, result, result.details)
        frame, missing = self.of("report"), str(result.details.get("missing", ""))
        match result.reason:
            case "missing_table":
                missing = frame.word(frame.node("exports"), missing)
            case "missing_result":
                missing = self.of(missing).plain("name")
        return frame.sentence(slot, None, {**result.details, "missing": missing})

    def columns(self, table: str, result: Result | None = None) -> dict[str, tuple[Markup, Markup]]:
        """Head and unit line of every column that has words, in the order of the file."""
        heads: dict[str, tuple[Markup, Markup]] = {}
        for name, text in self.node(f"tables.{table}.columns").items():
            slot = f"tables.{table}.columns.{name}"
            if isinstance(text, list):
                heads[name] = (self.sentence(f"{slot}.0", result), self.sentence(f"{slot}.1", result))
            else:
                heads[name] = (self.sentence(slot, result), Markup())
        return heads

    def value(self, table: str, column: str, code: object) -> str:
        """The word of a code in a column; a name that has no word is printed as it is."""
        words = self.get(f"tables.{table}.values.{column}")
        known = isinstance(words, Mapping) and str(code) in words
        if known or column not in (*OF_DIAGNOSES, *OF_THE_PLAN):
            return self.word(words, code)
        return self.diagnosis(code) if column in OF_DIAGNOSES else self.of_the_plan(code)

    def diagnosis(self, code: object) -> str:
        """The name of an ICD-10 category; a code without one is printed as it is."""
        return self.word(self.of("diagnoses").file.content, code)

    def of_the_plan(self, code: object) -> str:
        """The short name of an action or of a weekly number; a code that is neither is printed as it is."""
        plan = self.of("plan")
        action = plan.get(f"actions.{code}.short")
        return self.word({str(code): action} if action else plan.get("tables.plan.values.kpi"), code)

    def word(self, words: Any, code: object) -> str:
        """``code`` by the mapping ``words``, or the code itself, made harmless."""
        if isinstance(words, Mapping) and str(code) in words:
            return without_tags(self.render(str(words[str(code)]), {}, f"the word of “{code}”"))
        return clean(str(code))

    # ------------------------------------------------------------------ the file
    @cached_property
    def file(self) -> TextFile:
        """The text file in use."""
        return load_text(self.analysis, self.language, self.folder)

    @property
    def is_translated(self) -> bool:
        """The texts are in the language asked for, not in English for want of a file."""
        return self.file.language == self.language

    @cached_property
    def numbers(self) -> Numbers:
        """Numbers in this language."""
        return Numbers(self.language, self.currency)

    def has(self, slot: str) -> bool:
        """There is a text at ``slot``."""
        return self.get(slot) is not None or f"{self.analysis}.{slot}" in self.overrides

    def get(self, slot: str) -> Any:
        """The content at ``slot``, or None."""
        node: Any = self.file.content
        for part in slot.split("."):
            if isinstance(node, list) and part.isdigit() and int(part) < len(node):
                node = node[int(part)]
            elif isinstance(node, Mapping) and part in node:
                node = node[part]
            else:
                return None
        return node

    def node(self, slot: str) -> Any:
        """The content at ``slot``; WordsError if there is none."""
        node = self.get(slot)
        if node is None:
            raise WordsError(f"{self._place(slot)}: missing; {self._near(slot)}")
        return node

    def _near(self, slot: str) -> str:
        parent, _, last = slot.rpartition(".")
        known = self.get(parent) if parent else self.file.content
        return suggestion(last, known) if isinstance(known, Mapping) else f"there is no “{parent}” either"

    # ------------------------------------------------------------------ rendering
    def render(self, template: str, values: Values, place: str) -> str:
        """``template`` filled with ``values`` and what every sentence may mention."""
        environment = _environment(self.language, self.currency)
        try:
            return environment.from_string(template).render({**self._known, **values}).strip()
        except UndefinedError as error:
            raise WordsError(f"{place}: {error.message} in “{template.strip()[:60]}”") from None
        except MissingValueError:
            raise MissingValueError(
                f"{place}: a value is None in “{template.strip()[:60]}” → guard it with {{% if … %}}"
            ) from None
        except (TemplateError, TypeError, ValueError, AttributeError, KeyError) as error:
            raise WordsError(f"{place}: {error} in “{template.strip()[:60]}”") from None

    def _rendered(self, slot: str, result: Result | None, extra: Values | None) -> str:
        said = result.says.get(slot) if result is not None else None
        key, template = self._template(slot, said)
        values = {**(result.values() if result is not None else {}), **(said.values if said else {}), **(extra or {})}
        return self.render(template, values, self._place(key))

    def _template(self, slot: str, said: Sentence | None) -> tuple[str, str]:
        variant = f"{slot}.{said.key}" if said else slot
        for key in (variant, slot):
            if f"{self.analysis}.{key}" in self.overrides:
                return key, self.overrides[f"{self.analysis}.{key}"]
        node = self.node(slot)
        if not isinstance(node, Mapping):
            return slot, str(node)
        if said is None:
            raise WordsError(
                f"{self._place(slot)}: has variants ({', '.join(node)}), and the result does not choose one"
            )
        if said.key not in node:
            raise WordsError(f"{self._place(slot)}: no variant “{said.key}”: {suggestion(said.key, node)}")
        return variant, str(node[said.key])

    def _place(self, slot: str) -> str:
        return f"{self.file.language}/{self.file.path.name}: {slot}"

    @cached_property
    def _known(self) -> dict[str, Any]:
        past = self.period.past if self.period else None
        days = {"now": self.period.present, "before": past, "history": self.period} if self.period else {}
        return {
            "level": self.numbers.text(round(self.level, 6), "share"),
            "currency": self.numbers.symbol,
            **{name: calendar.period(value, self.language) if value else None for name, value in days.items()},
        }


def without_tags(markup: str) -> str:
    """The words of ``markup``; what data wrote in angle brackets stays."""
    return unescape(re.sub(r"<[^>]*>", "", markup))


@lru_cache(maxsize=32)
def _environment(language: Language, currency: str) -> ImmutableSandboxedEnvironment:
    numbers = Numbers(language, currency)
    environment = ImmutableSandboxedEnvironment(
        autoescape=True,
        undefined=StrictUndefined,
        finalize=lambda value: printed(value, numbers),
        cache_size=400,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.clear()
    environment.filters = {
        name: environment.filters[name] for name in ("abs", "capitalize", "join", "length", "lower", "upper")
    } | _filters(numbers, language)
    return environment


def printed(value: Any, numbers: Numbers) -> Any:
    """A value as a sentence prints it."""
    match value:
        case Undefined() | Markup():
            return value
        case None:
            raise MissingValueError("None")
        case Estimate() | int() | float() if not isinstance(value, bool):
            return numbers.text(value)
        case date():
            return calendar.day(value, numbers.language)
        case _:
            return clean(str(value))


def _filters(numbers: Numbers, language: Language) -> dict[str, Callable[..., str]]:
    def plural(count: Estimate | float, number: bool = True, **forms: str) -> str:
        word = numbers.plural(count, **forms)
        return f"{numbers.text(count)} {word}" if number else word

    def signed(value: Estimate | float) -> str:
        return numbers.text(value, signed=True)

    def unit(value: float, name: Unit) -> str:
        return numbers.text(value, name)

    def day(value: date) -> str:
        return calendar.day(value, language)

    def month(value: date, short: bool = False) -> str:
        return calendar.month(value, language, short=short)

    def weekday(value: int, short: bool = False) -> str:
        return calendar.weekday(value, language, short=short)

    def month_of_year(value: int) -> str:
        return calendar.month_of_year(value, language)

    def action(value: str) -> str:
        return clean(str(load_text("plan", language).content["actions"][value]["title"]))

    def diagnosis(value: str) -> str:
        return clean(str(load_text("diagnoses", language).content.get(value, value)))

    known: dict[str, Callable[..., str]] = {
        "ci": numbers.ci,
        "bounds": numbers.bounds,
        "short": numbers.short,
        "signed": signed,
        "unit": unit,
        "plural": plural,
        "day": day,
        "month": month,
        "weekday": weekday,
        "month_of_year": month_of_year,
        "diagnosis": diagnosis,
        "action": action,
    }
    return {name: _guarded(function) for name, function in known.items()}


def _guarded(function: Callable[..., str]) -> Callable[..., str]:
    def guarded(value: Any, *arguments: Any, **named: Any) -> str:
        if isinstance(value, Undefined):
            str(value)
        if value is None:
            raise MissingValueError("None")
        return function(value, *arguments, **named)

    return guarded
