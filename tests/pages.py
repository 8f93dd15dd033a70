"""A page as its reader meets it: every sentence, every head of a table, every figure that can be drawn."""

from __future__ import annotations

from dataclasses import dataclass

from audit import catalogue
from audit.config import Period
from audit.results import Result, Unanswered
from audit.wording import Labels
from audit.wording.text import Words, without_tags

SENTENCES = ("title", "lede", "notes.how", "notes.care", "notes.decide")
NONSENSE = ("nan", "inf ", "None", "−0%", "-0%")
"""What a sentence says when a number behind it was never there."""


@dataclass(frozen=True)
class Spoken:
    """``texts`` are plain, without tags; ``figures`` are the names of those drawn."""

    texts: tuple[str, ...]
    figures: tuple[str, ...]


def spoken(name: str, result: Result, period: Period, currency: str = "EUR") -> Spoken:
    """Everything that analysis ``name`` says and draws of ``result``; raises where a word is missing or cannot be said."""
    words = Words(name, currency=currency, period=period)
    if isinstance(result, Unanswered):
        return Spoken((without_tags(str(words.reason(result))),), ())
    texts = [str(words.sentence(part, result)) for part in SENTENCES if words.has(part)]
    texts += [str(words.finding(result, finding)) for finding in result.findings]
    what = catalogue.analysis(name)
    drawn = tuple(f for f in what.figures if getattr(what.module, f)(result, Labels(words, f, result)) is not None)
    texts += [str(words.sentence(f"figures.{figure}.{part}", result)) for figure in drawn for part in ("title", "subtitle", "alt")]
    for table, frame in result.tables().items():
        if not frame.empty and any(measure.shown for measure in result.measures(table)):
            words.columns(table, result)
            texts += [str(words.optional(f"tables.{table}.{part}", result) or "–") for part in ("title", "subtitle")]
    assert all(words.has(f"estimates.{key}") for key in result.estimates())
    return Spoken(tuple(without_tags(text) for text in texts), drawn)
