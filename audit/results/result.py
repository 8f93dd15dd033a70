"""Result: the frozen base of what every analysis returns.

A result is plain data: estimates, exact facts, tables and the keys of what is to be said. It holds
no figure and no text. Sentences may mention any field of the result by its name.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

import pandas as pd

from audit.results.estimate import Estimate, Grade
from audit.results.finding import Finding, Sentence, Value
from audit.tables.columns import Unit


@dataclass(frozen=True)
class Measure:
    """One column of a result's table.

    With ``interval`` the table also has ``<name>_low`` and ``<name>_high``. ``people`` marks a count
    of patients, which is hidden when small. ``form`` is how a cell is drawn beside its number:
    a ``bar`` (a share of 1, or of the column's largest value), an interval ``line``, or nothing; a ``chance``
    is a share from draws, printed no surer than they are (“>99%”).
    ``shown=False`` keeps a column for other analyses and the workbook but off the page. ``block`` marks a
    label whose rows with the same value add up to a total of their own, so that one hidden among them
    could be computed from the rest.
    """

    name: str
    unit: Unit
    interval: bool = False
    people: bool = False
    form: Literal["", "bar", "line", "chance"] = ""
    shown: bool = True
    block: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of the frame that belong to it."""
        return (self.name, f"{self.name}_low", f"{self.name}_high") if self.interval else (self.name,)

    @property
    def is_drawn(self) -> bool:
        """A bar or line stands beside its number."""
        return self.form in ("bar", "line")

    @property
    def is_label(self) -> bool:
        """It names the row instead of measuring it."""
        return self.unit in ("label", "id", "date", "moment", "flag", "status")


def table(*measures: Measure) -> Any:
    """A field that holds a frame with exactly these columns; the first label columns name a row."""
    return field(metadata={"measures": measures})


@dataclass(frozen=True, kw_only=True)
class Result:
    """What every analysis returns.

    ``says`` chooses, per place on the page (``title``, ``lede``, ``figures.heat.title`` …), which
    variant of its text is true. ``grade`` is the evidence of the page as a whole. ``headline`` names
    the estimate that leads the page.
    """

    grade: Grade
    says: Mapping[str, Sentence] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    headline: str | None = None

    def values(self) -> dict[str, Value]:
        """Fields a sentence may mention: estimates, counts, names, dates."""
        return {
            name: value
            for name, value in self._fields()
            if isinstance(value, Estimate | int | str | date) or value is None
        }

    def estimates(self) -> dict[str, Estimate]:
        """The scalar estimates, by name."""
        return {name: value for name, value in self._fields() if isinstance(value, Estimate)}

    def tables(self) -> dict[str, pd.DataFrame]:
        """The tables, by name; a table that could not be made is absent."""
        return {name: value for name, value in self._fields() if isinstance(value, pd.DataFrame)}

    @classmethod
    def measures(cls, name: str) -> tuple[Measure, ...]:
        """The declared columns of table ``name``."""
        for item in dataclasses.fields(cls):
            if item.name == name:
                return tuple(item.metadata["measures"])
        raise KeyError(name)

    @classmethod
    def names_people(cls, name: str) -> bool:
        """Table ``name`` has one row per person: it stays with the run and is never printed or handed over."""
        return any(measure.unit == "id" for measure in cls.measures(name))

    def _fields(self) -> Iterator[tuple[str, Any]]:
        base = {item.name for item in dataclasses.fields(Result)}
        for item in dataclasses.fields(self):
            if item.name not in base:
                yield item.name, getattr(self, item.name)

    def __post_init__(self) -> None:
        for item in dataclasses.fields(self):
            if "measures" in item.metadata and getattr(self, item.name) is not None:
                expected = [name for measure in item.metadata["measures"] for name in measure.names]
                found = list(getattr(self, item.name).columns)
                assert found == expected, f"{type(self).__name__}.{item.name}: columns {found}, declared {expected}"


@dataclass(frozen=True, kw_only=True)
class Unanswered(Result):
    """The result of an analysis whose question these data cannot answer.

    ``reason`` is a key under ``reasons:`` in its words; ``verdict`` says what is lacking.
    """

    analysis: str
    reason: str
    verdict: str
    details: Mapping[str, Value] = field(default_factory=dict)
