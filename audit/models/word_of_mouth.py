"""Word of mouth: how many new patients come by recommendation, and how many each patient brings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from audit.models.proportions import wilson

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class WordOfMouth:
    """Each (value, low, high). ``share`` of new patients who were recommended, ``reproduction`` K: new patients each
    first patient brings, ``extra`` those K brings in all, through the ones they bring in turn: K / (1 − K).

    Bounds hold whatever those without an answer would have named, and whenever within ``months`` a patient
    recommends; the value supposes that they are like those who answered and recommend evenly over these months.
    ``extra`` is NaN where the upper bound of K reaches 1, above which a clinic would grow without end.
    """

    share: Triple
    reproduction: Triple
    extra: Triple


def word_of_mouth(
    *, named: int, others: int, silent: int, months: float, earlier: ArrayLike, level: float
) -> WordOfMouth | None:
    """Of new patients in ``months`` ``named`` a recommendation, ``others`` something else, ``silent`` nothing.

    ``earlier`` (m,) are first patients of each whole month before, the latest first: those who may have recommended.
    None when nobody answered or nobody came before. Worst-case bounds of the share: Manski (1989),
    [named / n, (named + silent) / n], each end widened by Wilson's bound for sampling, which covers the share with at
    least ``level`` (Imbens & Manski 2004 would be narrower). In a renewal process R(t) = K Σ w_s N(t − s) with weights w
    that sum to one: K = R / (weighted N); the lag is not recorded, so N is averaged over the last 1, 2, … m months.
    """
    n, past = named + others + silent, np.asarray(earlier, float)
    if not named + others or not past.sum():
        return None
    low, high = float(wilson(named, n, level)[0]), float(wilson(named + silent, n, level)[1])
    share = named / (named + others)
    averages = np.cumsum(past) / np.arange(1, past.size + 1)
    averages = averages[averages > 0]
    per_month = n / months
    k = (share * per_month / averages[-1], low * per_month / averages.max(), high * per_month / averages.min())
    extra = tuple(x / (1 - x) for x in k) if k[2] < 1 else (np.nan,) * 3
    return WordOfMouth((share, low, high), k, (float(extra[0]), float(extra[1]), float(extra[2])))
