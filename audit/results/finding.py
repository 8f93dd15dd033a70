"""Sentence and Finding: what a result wants said, as a key and values; the words live elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

    @property
    def worth(self) -> float:
        """Size of its impact in money, 0 where none can be named."""
        return abs(self.impact.value) if self.impact else 0.0


GRAVITY: tuple[Kind, ...] = ("risk", "caveat", "opportunity", "strength")
"""What threatens, what limits the numbers, what may be won, what is well: the order in which a page tells."""

CHOSEN: tuple[Kind, ...] = ("risk", "opportunity", "caveat", "strength")
"""Where there is no room for all, money that may be won goes before the second and later cautions."""


def gravest(findings: Sequence[Finding], most: int) -> tuple[Finding, ...]:
    """At most ``most`` of what was found, the gravest first and of one kind what is worth most money first.

    One place is kept for the first caution, so that no gain is told without what limits it. Findings of one
    kind and worth stay in the analysis's own order; what could not be answered is told apart.
    """
    found = [finding for finding in findings if finding.kind != "not_answered"]
    ranked = sorted(found, key=lambda finding: (CHOSEN.index(finding.kind), -finding.worth))
    caution = next((finding for finding in ranked if finding.kind == "caveat"), None)
    chosen = ranked[:most]
    if caution is not None and most > 1 and not any(finding.kind == "caveat" for finding in chosen):
        chosen = [*ranked[: most - 1], caution]
    return tuple(sorted(chosen, key=lambda finding: GRAVITY.index(finding.kind)))
