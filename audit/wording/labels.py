"""Labels: the words of one figure, plain text ready to be drawn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from audit.results import Estimate, Result
from audit.tables.columns import Unit
from audit.wording import calendar
from audit.wording.text import Words


@dataclass(frozen=True)
class Labels:
    """Words for ``figure`` of ``result``: ``labels["x"]`` is ``figures.<figure>.labels.x``."""

    words: Words
    figure: str
    result: Result

    def __getitem__(self, key: str) -> str:
        return self.text(key)

    def text(self, key: str, **values: Any) -> str:
        """The label ``key`` with ``values`` beyond the result's own fields."""
        return _drawn(self.words.plain(f"figures.{self.figure}.labels.{key}", self.result, values))

    def number(self, value: Estimate | float, unit: Unit | None = None) -> str:
        """A short number for a mark or an axis: “40%”, “₽12k”, “1,240”."""
        number, unit = (value.value, value.unit) if isinstance(value, Estimate) else (float(value), unit or "number")
        return _drawn(self.words.numbers.tick(number, unit))

    def value(self, column: str, code: object) -> str:
        """The word of a code, from the figure's ``values`` or from any table that has the column."""
        slots = [f"figures.{self.figure}.values.{column}"]
        slots += [f"tables.{table}.values.{column}" for table in self.words.get("tables") or {}]
        found = [words for words in map(self.words.get, slots) if words and str(code) in words]
        named = self.words.word(found[0], code) if found else self.words.value("", column, code)
        return _drawn(named)

    def weekday(self, number: int) -> str:
        """“Mon” for 0."""
        return calendar.weekday(number, self.words.language)

    def month(self, day: date) -> str:
        """“Dec 2016”."""
        return calendar.month(day, self.words.language, short=True)

    def cohort(self, quarter: date, patients: int) -> str:
        """“2016 Q3 (412)”: the patients whose first visit lay in a quarter."""
        return f"{calendar.quarter(quarter, self.words.language)} ({self.number(patients, 'count')})"

    def day(self, day: date) -> str:
        """“14 January 2026”."""
        return calendar.day(day, self.words.language)


def _drawn(text: str) -> str:
    """Keeps matplotlib from reading two dollars as a formula."""
    return text.replace("$", r"\$")
