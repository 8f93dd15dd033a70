"""Event study of price changes: the reaction of demand before, at and after a change, block of weeks by block.

The panel of ``week_effects`` with, instead of ln(price), the changes of ln(price) moved by so many weeks
(Schmidheiny & Siegloch 2023: the same model as a distributed lag). A coefficient is the elasticity that shows in its
block: near zero before the change if the units would have moved in parallel, constant after it if the reaction lasts.
The last block holds for good; the reference are the weeks before the first block.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from audit.models import week_effects
from audit.models.price_ladder import price_changes

Array = NDArray[np.float64]
BLOCKS = ((-8, -5), (-4, -1), (0, 2), (3, 7), (8, 12))
"""First and last week of each block, counted from the change; the last one stays open."""


@dataclass(frozen=True)
class EventStudy:
    """By block, all (B,): first and last week, elasticity, standard error; ``df`` of the errors.

    ``leads_p`` is the chance that the blocks before the change differ from zero as much as this (F test).
    """

    first: NDArray[np.int64]
    last: NDArray[np.int64]
    value: Array
    error: Array
    df: int
    leads_p: float

    def interval(self, level: float) -> tuple[Array, Array]:
        """Bounds of each block at ``level``."""
        half = float(stats.t.ppf(0.5 + level / 2, self.df)) * self.error
        return self.value - half, self.value + half


def event_study(*, counts: Array, log_price: Array, inflate: float = 1.0) -> EventStudy | None:
    """Reaction by block of weeks around the changes; None where the blocks cannot be told apart.

    Shapes as in ``demand.fit_panel``. ``inflate`` widens the errors: the panel's own interval over its clustered one,
    where moved dates have shown that neighbouring weeks are alike.
    """
    used = week_effects.usable(counts, log_price)
    changes = price_changes(log_price)
    if not used.any() or not changes:
        return None
    blocks = np.zeros((len(BLOCKS), *log_price.shape))
    week = np.arange(log_price.shape[1])
    for change in changes:
        age = week - change.week
        for row, (first, last) in enumerate(BLOCKS):
            inside = age >= first if row == len(BLOCKS) - 1 else (age >= first) & (age <= last)
            blocks[row, change.unit] += change.size * inside
    found = week_effects.fit(counts, blocks, used)
    if found is None:
        return None
    worse = np.diag(found.week) > np.diag(found.quasi)
    error = np.sqrt(np.where(worse, np.diag(found.week), np.diag(found.quasi))) * max(inflate, 1.0)
    lead = np.array([last < 0 for _, last in BLOCKS])
    return EventStudy(
        first=np.array([first for first, _ in BLOCKS]), last=np.array([last for _, last in BLOCKS]), value=found.beta, error=error,
        df=found.df, leads_p=_joint(found.beta[lead], found.quasi[np.ix_(lead, lead)] * max(inflate, 1.0) ** 2, found.df),
    )


def _joint(beta: Array, covariance: Array, df: int) -> float:
    statistic = float(beta @ np.linalg.solve(covariance, beta)) / beta.size
    return float(stats.f.sf(statistic, beta.size, df))
