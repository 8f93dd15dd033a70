"""The two families of things that go wrong.

A *user's* mistake (a wrong call, a broken export, a question the data cannot answer) is an
``AuditError``: it is told in words and carries the exit code of the process. Anything else is a
bug of ours and keeps its traceback.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DONE, FAILED, WRONG_CALL, BUSY = 0, 1, 2, 75


class AuditError(Exception):
    """A mistake to be told to a person: what was found, where, and the way out."""

    exit_code = FAILED


class UsageError(AuditError):
    """The command was called with something that does not exist (verb, client, parameter)."""

    exit_code = WRONG_CALL


class ConfigError(AuditError):
    """``clinic.yml`` or ``mapping.yml`` says something that cannot be."""

    exit_code = WRONG_CALL


class DataError(AuditError):
    """An export cannot be read as declared, or fails a check."""


class RunError(AuditError):
    """A run cannot go on: a result is missing or stale, or a notebook broke."""


class ClientBusy(AuditError):  # noqa: N818 — a state, not an error
    """Another run holds this client."""

    exit_code = BUSY


@dataclass(frozen=True)
class Place:
    """Where in an export something was found: file, and if known its row (1 = first) and column."""

    file: str
    row: int | None = None
    column: str | None = None

    def __str__(self) -> str:
        parts = [self.file]
        if self.row is not None:
            parts.append(f"row {self.row}")
        if self.column is not None:
            parts.append(f"column “{self.column}”")
        return ", ".join(parts)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, in the order a person needs it: where, what, way out."""

    place: Place | str
    found: str
    way_out: str

    def __str__(self) -> str:
        return f"{self.place}: {self.found} → {self.way_out}"


def told(problems: list[Problem], most: int = 20) -> str:
    """All problems as one text, the first ``most`` in full and the rest counted."""
    lines = [str(problem) for problem in problems[:most]]
    if len(problems) > most:
        lines.append(f"… and {len(problems) - most} more")
    return "\n".join(lines)


@dataclass(frozen=True)
class NotAnswerable(Exception):  # noqa: N818 — an outcome, not an error
    """Raised by an analysis whose question these data cannot answer.

    ``reason`` is the key of a sentence under ``reasons:`` in the words of the analysis; ``values``
    are what that sentence mentions. It is an outcome, not an error: the page says it in words.
    ``verdict`` is ``not_identified``, ``not_enough_data`` or ``not_available``; ``not_asked`` for a question that does not
    arise yet, whose page is left out.
    """

    reason: str
    verdict: str = "not_available"
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.reason} {dict(self.values)}" if self.values else self.reason
