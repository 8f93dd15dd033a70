"""Season: how months of the year differ once the trend is taken out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Floats = NDArray[np.float64]
YEAR = 12
FEWEST_YEARS = 2
"""Ratios each month of the year needs: the centred average costs half a year at both ends, so three whole years."""


@dataclass(frozen=True)
class Season:
    """``index`` (12, 3) of each month of the year against its trend: value, low, high (1 = as the trend).

    ``p`` is the chance of differences as large as these when months do not differ (one-way F test), ``years`` the
    ratios each month rests on at least.
    """

    index: Floats
    p: float
    years: int


def season(values: ArrayLike, first_month: int, *, level: float) -> Season | None:
    """Classical decomposition of monthly ``values`` (n,), the first of which is month ``first_month`` (1 … 12).

    Ratio to the centred average of twelve months (2 × 12), its mean by month of the year, scaled to a mean of 1
    (Macaulay 1931). None when a month has fewer than FEWEST_YEARS ratios or a value is missing or not positive.
    Ratios of one month in different years are taken as independent.
    """
    x = np.asarray(values, dtype=np.float64)
    if x.size < YEAR * (FEWEST_YEARS + 1) or not (np.isfinite(x) & (x > 0)).all():
        return None
    weights = np.r_[0.5, np.ones(YEAR - 1), 0.5] / YEAR
    half = YEAR // 2
    ratio = x[half:-half] / np.convolve(x, weights, mode="valid")
    month = (first_month - 1 + half + np.arange(ratio.size)) % YEAR
    groups = [ratio[month == m] for m in range(YEAR)]
    counts = np.array([len(group) for group in groups])
    if counts.min() < FEWEST_YEARS:
        return None
    means = np.array([group.mean() for group in groups])
    free = int(counts.sum() - YEAR)
    sd = float(np.sqrt(sum(((group - group.mean()) ** 2).sum() for group in groups) / free))
    scale = 1 / means.mean()
    half_width = stats.t.ppf((1 + level) / 2, free) * sd / np.sqrt(counts)
    index = np.column_stack([means, means - half_width, means + half_width]) * scale
    p = float(stats.f_oneway(*groups).pvalue) if sd > 0 else float(np.ptp(means) == 0)
    return Season(index, p, int(counts.min()))
