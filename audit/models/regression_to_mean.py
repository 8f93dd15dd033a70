"""Regression to the mean: how far units chosen because they were worst would have come back untouched."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from audit.models.shrinkage import paule_mandel


def comes_back(levels: ArrayLike, errors: ArrayLike, chosen: ArrayLike) -> float:
    """Expected rise of the chosen units' mean level against the others', had nothing been done.

    ``levels`` (U,) before the change with standard ``errors`` (U,), ``chosen`` (U,) who got it, on the scale of the effect.
    A unit seen at y with error s is expected to move by B(μ − y), B = s² / (s² + τ²) (Barnett, van der Pols & Dobson 2005,
    IJE 34:215), τ² by Paule & Mandel. It is exact only if the weeks before are those that units were chosen by.
    """
    y, s2, is_chosen = np.asarray(levels, float), np.asarray(errors, float) ** 2, np.asarray(chosen, bool)
    if y.size < 3 or not is_chosen.any() or is_chosen.all():
        return 0.0
    spread = paule_mandel(y, s2)
    centre = float(np.average(y, weights=1 / (s2 + spread)))
    move = s2 / (s2 + spread) * (centre - y)
    weight = 1 / s2
    return float(np.average(move[is_chosen], weights=weight[is_chosen]) - np.average(move[~is_chosen], weights=weight[~is_chosen]))
