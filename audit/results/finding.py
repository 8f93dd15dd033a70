"""Sentence and Finding: what a result wants said, as a key and values; the words live elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from audit.results.estimate import Estimate

Value = Estimate | int | str | date | bool | None
Kind = Literal["strength", "risk", "opportunity", "caveat", "not_answered"]


@dataclass(frozen=True)
class Sentence:
    """The variant ``key`` of a text and values it mentions beyond the result's own fields."""

    key: str
    values: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """One thing worth telling the owner.

    ``impact`` is its worth in currency per month, if money can be named; the summary ranks by it.
    A ``not_answered`` finding says what the data cannot tell and what to collect (words: ``gaps``).
    """

    key: str
    kind: Kind
    values: Mapping[str, Value] = field(default_factory=dict)
    impact: Estimate | None = None
