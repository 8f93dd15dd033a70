"""The catalogue of actions: what a clinic can do, as data in ``templates/actions``, one file per action.

An action says when it is weighed (``trigger``), by which mechanism of audit/models/mechanisms.py it brings
money and how much of the gap it closes (``expected``, with the source of that range), which weekly number
tells whether it works (``kpi``), and what work it is. ``analysis.field`` names a field of an earlier result.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from audit.config import HOUSE, Language, parse, read_yaml
from audit.errors import ConfigError

ACTIONS = HOUSE / "templates" / "actions"
COMPLIANCE = HOUSE / "templates" / "compliance.yml"

Reference = Annotated[str, StringConstraints(pattern=r"^[a-z_]+\.[a-z_0-9]+$")]
Role = Literal["desk", "marketing", "medical", "director", "it"]
Task = Literal["agree", "prepare", "train", "list", "call", "write", "equip", "schedule", "review", "quote", "measure"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Trigger(_Frozen):
    """The action is weighed when ``field`` lies ``above`` or ``below`` a number, or is there at all.

    Where ``rests_on`` is known, a missing ``field`` means that there is nothing to gain, not that it cannot be told.
    """

    field: Reference
    rests_on: Reference | None = None
    above: float | None = None
    below: float | None = None

    @model_validator(mode="after")
    def _one_side(self) -> Self:
        if self.above is not None and self.below is not None:
            raise ValueError("above and below exclude each other")
        return self

    def moved_to(self, threshold: float | None) -> Trigger:
        """The same with another threshold, if one is given."""
        return self if threshold is None else self.model_copy(update={"above" if self.above is not None else "below": threshold})

    def is_met(self, value: float) -> bool:
        """``value`` lies on the side that calls for the action."""
        if self.above is not None:
            return value > self.above
        return self.below is None or value < self.below


class Expected(_Frozen):
    """Part of the gap the action closes, from ``low`` to ``high``, and where that range comes from."""

    low: float = Field(ge=0, le=1)
    high: float = Field(ge=0, le=1)
    source: Literal["published", "own_data", "assumption"]
    citation: str = ""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"low {self.low} is above high {self.high}")
        if (self.source == "published") != bool(self.citation):
            raise ValueError("a published range needs its citation, and no other has one")
        return self


class Job(_Frozen):
    """Work: which, whose, how many hours each time, and how often."""

    task: Task
    role: Role
    hours: float = Field(gt=0, le=400)
    every: Literal["once", "week", "month"] = "once"


class ActionWords(_Frozen):
    """An action in one language; ``short`` names it beside a mark."""

    title: str = Field(min_length=8, max_length=76)
    short: str = Field(min_length=4, max_length=30)
    step: str = Field(min_length=8, max_length=112)


class Action(_Frozen):
    """One action; see the module."""

    key: str = Field(pattern=r"^[a-z][a-z_]{2,30}$")
    section: str = Field(description="the page of its evidence")
    trigger: Trigger
    kpi: Reference
    better: Literal["high", "low"] = Field(description="which way the weekly number should move")
    mechanism: str
    inputs: dict[str, Reference] = Field(default_factory=dict, description="not judged without them")
    optional: dict[str, Reference] = Field(default_factory=dict)
    constants: Mapping[str, float] = Field(default_factory=dict)
    expected: Expected
    evidence: Literal["A", "B", "C"] = Field(description="the best grade it can have")
    effort: Literal["low", "medium", "high"]
    owner: Role
    is_one_off: bool = Field(False, description="a decision or a test: it costs its hours and nothing that goes on")
    weeks: int = Field(ge=1, le=52)
    jobs: tuple[Job, ...] = Field(min_length=1)
    compliance: tuple[str, ...] = ()
    words: Mapping[Language, ActionWords]

    @model_validator(mode="after")
    def _all_languages(self) -> Self:
        missing = {"en", "ru", "hr"} - set(self.words)
        if missing:
            raise ValueError(f"words are missing in {', '.join(sorted(missing))}")
        return self

    @property
    def references(self) -> tuple[str, ...]:
        """Every field it reads, once."""
        basis = (self.trigger.rests_on,) if self.trigger.rests_on else ()
        return tuple(dict.fromkeys((self.trigger.field, *basis, self.kpi, *self.inputs.values(), *self.optional.values())))


class ComplianceNotes(_Frozen):
    """What law or medical ethics asks, by key and language; neutral, never legal advice."""

    notes: Mapping[str, Mapping[Language, str]]


@cache
def catalogue(folder: Path = ACTIONS, compliance: Path = COMPLIANCE) -> Mapping[str, Action]:
    """Every action by key, in the order of the file names; ConfigError names file and key of what is wrong."""
    notes = compliance_notes(compliance)
    found: dict[str, Action] = {}
    for path in sorted(folder.glob("*.yml")):
        action = parse(Action, read_yaml(path), path)
        if action.key != path.stem:
            raise ConfigError(f"{path.name}: key: “{action.key}” → call the file {action.key}.yml")
        for note in action.compliance:
            if note not in notes:
                raise ConfigError(f"{path.name}: compliance: no note “{note}” → add it to {compliance.name}")
        found[action.key] = action
    return found


@cache
def compliance_notes(path: Path = COMPLIANCE) -> Mapping[str, Mapping[Language, str]]:
    """What is to be heeded, by key and language."""
    return parse(ComplianceNotes, {"notes": read_yaml(path)}, path).notes


@cache
def spoken(language: Language) -> Mapping[str, Mapping[str, str]]:
    """Title, short name, first step and what is to be heeded of every action, in ``language``."""
    notes = compliance_notes()
    return {
        key: {**action.words[language].model_dump(), "heed": " ".join(notes[note][language] for note in action.compliance)}
        for key, action in catalogue().items()
    }
