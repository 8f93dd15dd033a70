"""RFM: patients by how recently, how often and for how much they came – and a proof that it says anything.

Quantiles of frequency collapse in a clinic, where most come once, so frequency has fixed cuts; recency is cut at
quantiles of the clinic's own gaps between visits; money is ranked among patients of the same frequency. A score of
5 is the most recent, most frequent, most paying.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import stats

from audit.models.bootstrap import mean_interval
from audit.models.proportions import wilson

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

FREQUENCY_CUTS = (2, 3, 5, 9)
"""Visits from which the score is 2, 3, 4, 5."""
GAP_QUANTILES = (0.5, 0.75, 0.9, 0.975)
"""Of gaps that ended in a return: silence longer than these lowers the recency score."""
SEGMENTS = ("new", "active", "once", "cooling", "lapsed")
"""new: came once, lately · active: more often, lately · once: came once, silent · cooling: silent longer than three of
four gaps · lapsed: longer than nine of ten."""


@dataclass(frozen=True)
class Scores:
    """Scores 1 … 5 of N patients."""

    recency: Ints
    frequency: Ints
    money: Ints

    @property
    def segment(self) -> Ints:
        """Index in ``SEGMENTS`` of each patient: every patient is in exactly one."""
        once, late = self.frequency == 1, self.recency >= 4
        return np.select([once & late, ~once & late, once, self.recency == 3], [0, 1, 2, 3], 4).astype(np.int64)


def scores(*, silent: npt.ArrayLike, visits: npt.ArrayLike, money: npt.ArrayLike, gap_cuts: npt.ArrayLike) -> Scores:
    """Scores of N patients from days of silence, visits so far and money so far.

    ``gap_cuts`` (4,) are days, rising; silence of exactly a cut is still within it, which for whole days is the published
    rule of equal-count scores (cut points are the quantiles plus one, below them is in). Equal amounts of money get the same score, that of the lowest of them; with fewer
    than five different amounts some scores stay empty.
    """
    quiet, count, amount = (np.asarray(part, float) for part in (silent, visits, money))
    recency = 5 - np.searchsorted(np.asarray(gap_cuts, float), quiet, side="left")
    frequency = 1 + np.searchsorted(FREQUENCY_CUTS, count, side="right")  # from the cut on
    score = np.ones(len(amount), np.int64)
    for k in np.unique(frequency):
        mine = frequency == k
        order = np.sort(amount[mine])
        score[mine] = 1 + 5 * np.searchsorted(order, amount[mine], side="left") // len(order)
    return Scores(recency.astype(np.int64), frequency.astype(np.int64), score)


@dataclass(frozen=True)
class Proof:
    """What patients did later, by segment; arrays (K,), money per patient.

    ``z`` is the statistic of the trend of later returns in recency among patients of equal frequency, ``inverted`` the number of neighbouring cells that go the wrong way by more than chance.
    """

    patients: Ints
    returned: Floats
    returned_low: Floats
    returned_high: Floats
    money: Floats
    money_low: Floats
    money_high: Floats
    z: float
    inverted: int

    @property
    def rises(self) -> bool:
        """Later returns rise with recency among patients of equal frequency, by more than chance."""
        return bool(self.z > stats.norm.ppf(0.95))

    @property
    def predicts(self) -> bool:
        """And nowhere does a more recent cell of patients return less than its neighbour, by more than chance."""
        return self.rises and self.inverted == 0


def proof(made: Scores, *, returned: npt.ArrayLike, money: npt.ArrayLike, level: float, seed: int, fewest: int = 30) -> Proof:
    """Segments scored on one day against what came after it: ``returned`` and ``money`` (N,) each.

    Trend by Cochran (1954) and Armitage (1955) in recency, added up over the frequency scores (Mantel 1963).
    """
    came, paid, segment = np.asarray(returned, float), np.asarray(money, float), made.segment
    size = len(SEGMENTS)
    n = np.bincount(segment, minlength=size)
    k = np.bincount(segment, weights=came, minlength=size)
    share = np.where(n > 0, k / np.maximum(n, 1), np.nan)
    low, high = wilson(k, np.maximum(n, 1), level)
    mean, least, most = (np.full(size, np.nan) for _ in range(3))
    for s in np.flatnonzero(n):
        mine = np.sort(paid[segment == s])
        mean[s] = mine.mean()
        bounds = mean_interval(mine, level, seed, draws=1000)
        least[s], most[s] = min(bounds[0], mean[s]), max(bounds[1], mean[s])
    score, variance, inverted = 0.0, 0.0, 0
    for f in np.unique(made.frequency):
        mine = made.frequency == f
        x, y = made.recency[mine].astype(float), came[mine]
        total = len(x)
        if total > 1:
            score += float((x - x.mean()) @ y)
            variance += float(((x - x.mean()) ** 2).sum() * y.mean() * (1 - y.mean()) * total / (total - 1))
        cells = [(r, y[x == r]) for r in range(1, 6) if (x == r).sum() >= fewest]
        for (_, lower), (_, upper) in pairwise(cells):
            pooled = np.r_[lower, upper].mean()
            se = np.sqrt(pooled * (1 - pooled) * (1 / len(lower) + 1 / len(upper)))
            inverted += bool(se > 0 and (upper.mean() - lower.mean()) / se < stats.norm.ppf(0.01))
    z = score / np.sqrt(variance) if variance > 0 else 0.0
    return Proof(n, share, np.where(n > 0, low, np.nan), np.where(n > 0, high, np.nan), mean, least, most, float(z), inverted)
