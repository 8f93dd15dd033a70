"""Agreement of two classifications of the same units, beyond what chance alone would give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats
from statsmodels.stats.inter_rater import cohens_kappa


@dataclass(frozen=True)
class Agreement:
    """Cohen's κ with its interval and the plain share of units classified alike; ``n`` units."""

    kappa: float
    low: float
    high: float
    same: float
    n: int


def agreement(counts: npt.ArrayLike, level: float = 0.90) -> Agreement:
    """Agreement in a square table ``counts`` (K, K): rows the one classification, columns the other.

    κ = (p_o − p_e) / (1 − p_e) of Cohen (1960) with the large-sample variance of Fleiss, Cohen & Everitt
    (1969), through statsmodels. Where only one class occurs there is nothing to agree on: κ is NaN.
    """
    table = np.asarray(counts, float)
    assert table.ndim == 2 and table.shape[0] == table.shape[1]
    n = table.sum()
    same = float(np.trace(table) / n) if n else np.nan
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    if not n or float(rows @ columns) == n**2:
        return Agreement(np.nan, np.nan, np.nan, same, int(n))
    used = (rows + columns) > 0
    with np.errstate(divide="ignore", invalid="ignore"):  # its z, unused here, divides by 0 where one side has one class
        found = cohens_kappa(table[np.ix_(used, used)])
    half = stats.norm.ppf((1 + level) / 2) * np.sqrt(max(float(found.var_kappa), 0.0))
    kappa = float(found.kappa)
    return Agreement(kappa, max(kappa - half, -1.0), min(kappa + half, 1.0), same, int(n))
