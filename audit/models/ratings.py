"""Ratings: survey scores of many units, shrunken, and what those who did not answer could change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from audit.models.shrinkage import Shrunken, shrink_means
from audit.results import Estimate, exact

Floats = NDArray[np.float64]
WORST, BEST = 1.0, 5.0
"""Ends of the scale: what the silent would say at most."""


@dataclass(frozen=True)
class Ratings:
    """Ratings of U units, 1–5: ``shrunken``; ``answers`` (U,); the mean of all, ``clinic``.

    ``answered`` is answers per visit; ``floor`` and ``ceiling`` the mean of all if every silent visit had said worst or
    best. ``late`` has n, mean and se of each unit's latest answers, by the unit's name.
    """

    shrunken: Shrunken | None
    answers: Floats
    clinic: Estimate | None = None
    answered: Estimate | None = None
    floor: Estimate | None = None
    ceiling: Estimate | None = None
    since: date | None = None
    late: pd.DataFrame | None = None

    def lately(self, unit: str, fewest: int) -> Estimate | None:
        """The latest rating of ``unit``, None with fewer than ``fewest`` answers."""
        if self.late is None or self.clinic is None or self.late.loc[unit, "n"] < fewest:
            return None
        n, mean, se = self.late.loc[unit, ["n", "mean", "se"]]
        return _mean(mean, se, int(n), self.clinic.level)


def nothing_rated(units: int) -> Ratings:
    """Of ``units`` none was rated."""
    return Ratings(None, np.zeros(units))


def ratings(by: pd.DataFrame, *, visits: int, fewest: int, level: float, seed: int) -> Ratings:
    """Ratings from sums per unit: rows of ``by`` are units, columns n, mean, square (mean of squares), since, late, late_mean.

    One variance within units is pooled over all (normal model, Morris 1983). Nothing is read from fewer than two units
    or than ``2 × fewest`` answers. ``visits`` are those that could have been rated.
    """
    n = by["n"].fillna(0).to_numpy(float)
    if n.sum() < fewest * 2 or (n > 0).sum() < 2:
        return nothing_rated(len(by))
    within = np.nansum(n * (by["square"] - by["mean"] ** 2)) / max(n.sum() - (n > 0).sum(), 1)
    shrunken = shrink_means(by["mean"].to_numpy(float), np.sqrt(within / np.where(n > 0, n, np.nan)), level, seed=seed)
    mean, total = float(np.nansum(n * by["mean"]) / n.sum()), int(n.sum())
    share = min(total / visits, 1.0) if visits else 1.0
    floor, ceiling = (exact(share * mean + (1 - share) * silent, "number", total) for silent in (WORST, BEST))
    late = pd.DataFrame({
        "n": by["late"].fillna(0), "mean": by["late_mean"], "se": np.sqrt(within / by["late"].where(by["late"] > 0)),
    })
    clinic = _mean(mean, float(np.sqrt(within / n.sum())), total, level)
    return Ratings(
        shrunken, n, clinic, exact(share, "share", visits), floor, ceiling, pd.Timestamp(by["since"].min()).date(), late
    )


def _mean(mean: float, se: float, n: int, level: float) -> Estimate:
    half = stats.norm.isf((1 - level) / 2) * float(se)
    return Estimate(float(mean), float(mean) - half, float(mean) + half, "number", n, level)
