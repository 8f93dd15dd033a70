"""Drift: whether groups in order of time (cohorts) change by more than chance, and by how much."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats


@dataclass(frozen=True)
class Drift:
    """Level at the last group over the level at the first on the fitted line, with bounds.

    ``drifts`` when the line is not flat by more than chance and the ratio's interval leaves 1.
    """

    ratio: float
    low: float
    high: float
    drifts: bool


def drift(values: npt.ArrayLike, ses: npt.ArrayLike, *, level: float = 0.90) -> Drift | None:
    """Straight line through the logarithms of G ≥ 3 positive ``values`` in order, weighted by their ``ses``.

    Weighted least squares with the errors inflated by the lack of fit where that is larger than chance
    (Birge 1932), so that seasons do not pass for a trend. None with fewer groups or a value not positive.
    """
    y, se = np.asarray(values, float), np.asarray(ses, float)
    known = np.isfinite(y) & np.isfinite(se)
    y, se, x = y[known], se[known], np.arange(len(known), dtype=float)[known]
    if len(y) < 3 or (y <= 0).any() or (se <= 0).any():
        return None
    log, weight = np.log(y), (y / se) ** 2
    centre = np.average(x, weights=weight)
    spread = float(weight @ (x - centre) ** 2)
    slope = float(weight @ ((x - centre) * log)) / spread
    residual = log - np.average(log, weights=weight) - slope * (x - centre)
    excess = max(1.0, float(weight @ residual**2) / (len(y) - 2))
    span = float(x[-1] - x[0])
    half = float(stats.t.ppf((1 + level) / 2, len(y) - 2) if excess > 1 else stats.norm.ppf((1 + level) / 2))
    half *= np.sqrt(excess / spread) * span
    low, high = np.exp(slope * span - half), np.exp(slope * span + half)
    return Drift(float(np.exp(slope * span)), float(low), float(high), bool(low > 1 or high < 1))
