"""The key figures of an audit: the eight numbers an owner watches, where they come from and which side is good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from audit.results.estimate import Estimate

State = Literal["good", "watch", "act", "unclear"]
Better = Literal["high", "low"]
NEAR = 0.10
"""A goal missed by less than this share of it is to be watched, not acted on."""


@dataclass(frozen=True)
class Measured:
    """Estimate ``estimates[0]`` of a section (or the next that is known), and which side is good.

    ``ceiling`` names the estimate that must not be exceeded; it is the goal when none was set. ``named`` is the field
    that says what was measured, if that may change. ``of`` tells whose days are read: those of the present, or all new
    patients ever watched.
    """

    key: str
    section: str
    estimates: tuple[str, ...]
    better: Better
    ceiling: str | None = None
    span: tuple[float, float] | None = None
    named: str | None = None
    of: Literal["present", "new_patients"] = "present"

    def goal(self, goals: dict[str, float]) -> float | None:
        """What the owner wants to reach, by the full or the short name."""
        names = [key for name in self.estimates for key in (f"{self.section}.{name}", name)]
        return next((goals[key] for key in names if key in goals), None)


KEY_FIGURES = (
    Measured("rooms", "capacity", ("room_load",), "high", span=(0.0, 1.0)),
    Measured("bottleneck", "capacity", ("bottleneck_load", "ward_load"), "low", ceiling="ceiling", span=(0.0, 1.2), named="bottleneck"),
    Measured("missed", "funnel", ("missed_share",), "low"),
    Measured("conversion", "administrators", ("conversion",), "high"),
    Measured("return", "retention", ("return_90",), "high", of="new_patients"),
    Measured("value", "clv", ("value_365",), "high", of="new_patients"),
    Measured("cost", "channels", ("cost_per_first_patient",), "low"),
    Measured("profit", "finance", ("profit_month",), "high"),
)
"""The eight, in the order of the summary."""


def state_of(e: Estimate, goal: float, better: Better, *, is_ceiling: bool = False) -> State:
    """Where the interval lies against ``goal``: on the good side, on the wrong side by little or much, or across it."""
    sign = 1.0 if better == "high" else -1.0
    worst, best = sorted((sign * (e.low - goal), sign * (e.high - goal)))
    if worst >= 0:
        return "good"
    if best >= 0:
        return "unclear"
    if is_ceiling or abs(e.value - goal) >= NEAR * abs(goal):
        return "act"
    return "watch"
