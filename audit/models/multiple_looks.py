"""Several effects looked at together: which stand out, and how wide the intervals of those must be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Looks:
    """``stands_out`` (K,) effects found with false discoveries held at 1 − level; ``half`` (K,) half widths to print;
    ``level`` the level that the intervals of those found were widened to."""

    stands_out: NDArray[np.bool_]
    half: Floats
    level: float


def several_looks(effects: ArrayLike, halves: ArrayLike, level: float = 0.90) -> Looks:
    """Effects (K,) with half widths (K,) at ``level``, on a scale on which they are about normal.

    Found are those of Benjamini & Hochberg (1995) at q = 1 − level. The intervals of the R of K that were found are
    widened to 1 − R·q/K, which holds the share of those of them that miss (false coverage, Benjamini & Yekutieli 2005,
    JASA 100:71) at q; the others keep their own.
    """
    effect, half = np.asarray(effects, float), np.asarray(halves, float)
    z, q = float(stats.norm.ppf(0.5 + level / 2)), 1 - level
    if not effect.size:
        return Looks(np.zeros(0, bool), half, level)
    p = 2 * stats.norm.sf(np.abs(effect) / np.maximum(half, 1e-300) * z)
    found = stats.false_discovery_control(p, method="bh") <= q
    # without any found nothing is picked out, and nothing has to be widened
    wider = 1 - max(int(found.sum()), 1) * q / effect.size if found.any() else level
    return Looks(found, np.where(found, half * float(stats.norm.ppf(0.5 + wider / 2)) / z, half), wider)
