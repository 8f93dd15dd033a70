"""Several effects looked at together: which stand out, and how wide the intervals of those must be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Looks:
    """``stands_out`` (K,) effects found with false discoveries held at 1 − the level asked for; ``half`` (K,) half widths at
    ``level``, at which an interval misses zero exactly if its effect stands out."""

    stands_out: NDArray[np.bool_]
    half: Floats
    level: float


def several_looks(effects: ArrayLike, halves: ArrayLike, level: float = 0.90) -> Looks:
    """Effects (K,) with half widths (K,) at ``level``, on a scale on which they are about normal.

    Found are those of Benjamini & Hochberg (1995) at q = 1 − level. Intervals are widened to 1 − R·q/K, R of K being found: that
    holds the share of those picked out that miss (false coverage, Benjamini & Yekutieli 2005, JASA 100:71) at q. The others are
    printed at the same level, so that the two never contradict each other; with none found R counts as 1.
    """
    effect, half = np.asarray(effects, float), np.asarray(halves, float)
    z, q = float(stats.norm.ppf(0.5 + level / 2)), 1 - level
    if not effect.size:
        return Looks(np.zeros(0, bool), half, level)
    p = 2 * stats.norm.sf(np.abs(effect) / np.maximum(half, 1e-300) * z)
    found = stats.false_discovery_control(p, method="bh") <= q
    wider = 1 - max(int(found.sum()), 1) * q / effect.size
    return Looks(found, half * float(stats.norm.ppf(0.5 + wider / 2)) / z, wider)
