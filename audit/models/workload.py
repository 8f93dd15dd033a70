"""Workload: what a plan of jobs costs in hours and money, month by month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

WEEKS = 52
MONTHS = 12


@dataclass(frozen=True)
class Task:
    """One job of an action: ``hours`` each time; once (spread over ``weeks`` from ``start``), or every week or month until ``end``."""

    action: str
    task: str
    role: str
    every: Literal["once", "week", "month"]
    hours: float
    start: int
    weeks: int
    end: int = WEEKS

    @property
    def by_week(self) -> np.ndarray:
        """Hours (52,) of each week of the year."""
        week = np.arange(WEEKS)
        match self.every:
            case "once":
                return np.where((week >= self.start) & (week < self.start + self.weeks), self.hours / self.weeks, 0.0)
            case "week":
                return np.where((week >= self.start) & (week < self.end), self.hours, 0.0)
            case "month":
                return np.where((week >= self.start) & (week < self.end), self.hours * MONTHS / WEEKS, 0.0)


def jobs(tasks: Sequence[Task], rates: Mapping[str, float]) -> pd.DataFrame:
    """Columns action, task, role, every, start, hours, rate, cost: cost = hours × rate, hours those of the year."""
    rows = [
        (one.action, one.task, one.role, one.every, float(one.start), float(one.by_week.sum()), rates.get(one.role, np.nan))
        for one in tasks
    ]
    frame = pd.DataFrame(rows, columns=["action", "task", "role", "every", "start", "hours", "rate"])
    return frame.assign(cost=frame["hours"] * frame["rate"])


def months(tasks: Sequence[Task], rates: Mapping[str, float]) -> pd.DataFrame:
    """Columns month (1 … 12), hours, cost; they sum to those of ``jobs``."""
    month = np.arange(WEEKS) * MONTHS // WEEKS
    hours, cost = np.zeros(MONTHS), np.zeros(MONTHS)
    for one in tasks:
        monthly = np.bincount(month, weights=one.by_week, minlength=MONTHS)
        hours += monthly
        cost += monthly * rates.get(one.role, np.nan)
    return pd.DataFrame({"month": np.arange(1, MONTHS + 1, dtype=float), "hours": hours, "cost": cost})
