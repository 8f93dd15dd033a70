"""Estimate: a number with its interval, level, unit and the n it rests on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from audit.tables.columns import Unit

Grade = Literal["A", "B", "C"]
"""A counted from records · B a model that passed its check · C thin, assumed or confounded."""

Verdict = Literal["identified", "descriptive", "weak", "not_identified", "not_enough_data", "not_available"]

LEVEL = 0.90


@dataclass(frozen=True)
class Estimate:
    """One number of the audit.

    ``low`` and ``high`` are the bounds of the interval at ``level``; both equal ``value`` when the
    number is exact (counted, not inferred). ``unit`` decides how it is printed; ``n`` is the number
    of independent units (patients, weeks, calls) it rests on.
    """

    value: float
    low: float
    high: float
    unit: Unit
    n: int
    level: float = LEVEL
    grade: Grade = "A"
    verdict: Verdict = "descriptive"

    def __post_init__(self) -> None:
        for name in ("value", "low", "high", "level"):
            object.__setattr__(self, name, float(getattr(self, name)))
        object.__setattr__(self, "n", int(self.n))
        assert self.unit in get_args(Unit), f"unit {self.unit}"
        assert math.isfinite(self.value), "an estimate without a value is a gap, not an Estimate"
        assert not self.low > self.high, f"interval {self.low} … {self.high}"
        assert self.n >= 0

    @property
    def is_exact(self) -> bool:
        """The number was counted and has no interval."""
        return self.low == self.high == self.value

    @property
    def is_off_zero(self) -> bool:
        """Zero lies outside the interval."""
        return self.low > 0 or self.high < 0

    def scaled(self, factor: float, unit: Unit | None = None) -> Estimate:
        """The estimate times an exact ``factor``; the interval scales with it."""
        low, high = sorted((self.low * factor, self.high * factor))
        return Estimate(self.value * factor, low, high, unit or self.unit, self.n, self.level, self.grade, self.verdict)


def exact(value: float, unit: Unit, n: int) -> Estimate:
    """A number counted from the records: no interval, grade A."""
    return Estimate(value, value, value, unit, n)
