"""How a share reacts to price: logit with unit and month effects, for what a price does to who comes.

    logit P(event) = unit + month + γ ln(price)

A share of people moves slowly, so months are enough for what all units have in common; week effects would leave only
the other units' same weeks to compare with. The printed interval is the wider of the overdispersed binomial one and
the one clustered by week.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy import special, stats

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ShareFit:
    """``slope`` γ = d logit / d ln(price), its ``error`` and ``df``; ``n`` people, ``weeks`` used."""

    slope: float
    error: float
    df: int
    n: int
    weeks: int

    def change(self, share: float, price: float, reference: float, level: float) -> tuple[float, float, float]:
        """Change of a share that is ``share`` at the price ``reference`` when the price is ``price``, with bounds."""
        half = float(stats.t.ppf(0.5 + level / 2, self.df)) * self.error
        slopes = np.array([self.slope, self.slope - half, self.slope + half])
        moved = special.expit(special.logit(share) + slopes * np.log(price / reference)) - share
        return float(moved[0]), float(moved.min()), float(moved.max())


def fit_share(*, events: Array, among: Array, log_price: Array, month: NDArray[np.int64]) -> ShareFit | None:
    """Slope from units that had different prices; None when it cannot be told from units and months.

    ``events`` of ``among`` people and ``log_price`` have shape (units, weeks), NaN where unknown; ``month`` (weeks,)
    numbers the months. It does not check that the units' shares would have moved in parallel.
    """
    used = np.isfinite(events) & np.isfinite(log_price) & (np.nan_to_num(among) > 0)
    unit, week = np.nonzero(used)
    if not unit.size:
        return None
    k, n = events[used], among[used]
    months = month[week]
    design = np.column_stack([
        *(unit == one for one in np.unique(unit)), *(months == one for one in np.unique(months)[1:]), log_price[used] - log_price[used].mean(),
    ]).astype(float)
    df = unit.size - design.shape[1]
    if df < 10 or np.linalg.matrix_rank(design) < design.shape[1] or not 0 < k.sum() < n.sum():
        return None
    model = sm.GLM(np.column_stack([k, n - k]), design, family=sm.families.Binomial())
    quasi = model.fit(scale="X2")
    clustered = model.fit(cov_type="cluster", cov_kwds={"groups": week})
    errors = [float(fit.bse[-1]) for fit in (quasi, clustered)]
    return ShareFit(float(quasi.params[-1]), max(errors), int(df), int(n.sum()), int(np.unique(week).size))
