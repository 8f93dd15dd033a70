"""Change of a mix: Cramér's V of group by period with the interval that a non-central chi-square gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, stats

from audit.models.proportions import cramers_v


@dataclass(frozen=True)
class MixChange:
    """Cramér's V (0 none … 1 complete) with its bounds; ``chi2`` of ``df`` with its ``p``; ``n`` units in all."""

    v: float
    low: float
    high: float
    chi2: float
    df: int
    p: float
    n: int


def mix_change(counts: ArrayLike, level: float = 0.90) -> MixChange | None:
    """Association of group and period in ``counts`` (periods × groups); None when either has fewer than two kinds.

    The value is Cramér's V with the correction of Bergsma (2013). Bounds: the non-centralities under which
    the observed chi-square lies at the tails, as V = √(λ / (n·min(r − 1, c − 1))) (Smithson 2003, ch. 4; Steiger
    & Fouladi 1997); a chi-square within chance has the lower bound 0.
    """
    x = np.asarray(counts, dtype=np.float64)
    x = x[x.sum(axis=1) > 0][:, x.sum(axis=0) > 0]
    n = x.sum()
    if min(x.shape, default=0) < 2:
        return None
    expected = np.outer(x.sum(axis=1), x.sum(axis=0)) / n
    chi2 = float(((x - expected) ** 2 / expected).sum())
    df, kinds = (x.shape[0] - 1) * (x.shape[1] - 1), min(x.shape) - 1
    tail = (1 - level) / 2
    low, high = (np.sqrt(_noncentrality(chi2, df, q) / (n * kinds)) for q in (1 - tail, tail))
    v = cramers_v(x)
    # the correction may carry the value of a tiny table past a bound that was found without it
    return MixChange(v, min(float(low), v), max(min(float(high), 1.0), v), chi2, df, float(stats.chi2.sf(chi2, df)), round(n))


def _noncentrality(chi2: float, df: int, below: float) -> float:
    """The λ under which a non-central chi-square falls below ``chi2`` with probability ``below``; 0 if even λ = 0 does less."""
    def excess(lam: float) -> float:
        return float((stats.ncx2.cdf(chi2, df, lam) if lam > 0 else stats.chi2.cdf(chi2, df)) - below)

    if excess(0.0) <= 0:
        return 0.0
    top = max(chi2, 1.0)
    while excess(top) > 0:
        top *= 2
    return float(optimize.brentq(excess, 0.0, top))
