"""Mean cumulative function: what one unit has brought on average by each age, with unequal follow-up.

Everybody counts for as long as they were watched, so recent patients neither lower the mean (as a plain
average would) nor are thrown away.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class MeanCumulative:
    """Mean cumulative amount per unit at each horizon; all arrays have the length of ``horizons``.

    ``at_risk``: units still watched at that age.
    """

    horizons: npt.NDArray[np.int64]
    value: Floats
    se: Floats
    at_risk: npt.NDArray[np.int64]

    def interval(self, level: float = 0.90) -> tuple[Floats, Floats]:
        """Normal interval; bounds of never negative amounts should be floored at zero by the caller."""
        half = stats.norm.ppf((1 + level) / 2) * self.se
        return self.value - half, self.value + half


def mean_cumulative(
    *, owner: npt.ArrayLike, age: npt.ArrayLike, amount: npt.ArrayLike, last_age: npt.ArrayLike, horizons: npt.ArrayLike
) -> MeanCumulative:
    """Nelson's (1988) estimator with the robust variance of Lawless & Nadeau (1995, eq. 2.5).

    ``last_age`` (N,) is the last age in whole days at which unit 0…N−1 was watched. Events (E,): ``owner``
    is the unit, ``age`` the whole day ≥ 0, ``amount`` any number (money, or 1 per event). Events after the
    owner's last age are ignored. ``horizons`` in days; where nobody is at risk the value is NaN.

    V(H) = Σ_{j≤H} ȳ_j with ȳ_j = Σ_i y_ij 1{T_i ≥ j} / R_j, and
    var V(H) = Σ_i { Σ_{j≤min(H,T_i)} (y_ij − ȳ_j) / R_j }², valid whatever the dependence within a unit.
    """
    watched, i, j = (np.asarray(part, np.int64) for part in (last_age, owner, age))
    y, ends = np.asarray(amount, float), np.atleast_1d(np.asarray(horizons, np.int64))
    assert (j >= 0).all() and i.shape == j.shape == y.shape
    days = int(ends.max(initial=0)) + 1
    at_risk = len(watched) - np.searchsorted(np.sort(watched), np.arange(days), side="left")
    seen = (j < days) & (j <= watched[i])
    i, j, y = i[seen], j[seen], y[seen]
    risk = np.maximum(at_risk, 1)
    mean = np.bincount(j, weights=y, minlength=days) / risk
    expected = np.concatenate([[0.0], np.cumsum(mean / risk)])
    value, se = np.full(len(ends), np.nan), np.full(len(ends), np.nan)
    for k, horizon in enumerate(ends):
        if at_risk[horizon] == 0:
            continue
        early = j <= horizon
        score = np.bincount(i[early], weights=y[early] / risk[j[early]], minlength=len(watched))
        score -= expected[np.minimum(watched, horizon) + 1]
        value[k], se[k] = mean[: horizon + 1].sum(), np.sqrt((score**2).sum())
    return MeanCumulative(ends, value, se, at_risk[ends])
