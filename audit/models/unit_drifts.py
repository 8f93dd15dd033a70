"""Drifts of units: treated against untreated when every unit is one number."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import ArrayLike

FEWEST_WAYS = 10
"""Ways to choose the treated below which no share of them is small."""

MOST_SETS = 5000
"""Reassignments tried in full; beyond, as many are drawn."""


def contrast_error(drifts: ArrayLike, weights: ArrayLike, treated: ArrayLike) -> float:
    """Standard error of the weighted mean drift of the treated less that of the others (Donald & Lang 2007, REStat 89:221).

    ``drifts`` (U,) of units with information ``weights`` (U,), ``treated`` (U,); U − 2 degrees of freedom. 0 where units cannot tell.
    """
    drift, weight, is_treated = np.asarray(drifts, float), np.asarray(weights, float), np.asarray(treated, bool)
    first, second = weight[is_treated].sum(), weight[~is_treated].sum()
    if not np.isfinite(drift).all() or drift.size < 3 or not (first > 0 and second > 0):
        return 0.0
    own, other = (np.average(drift[who], weights=weight[who]) for who in (is_treated, ~is_treated))
    spread = float((weight * (drift - np.where(is_treated, own, other)) ** 2).sum() / (drift.size - 2))
    return float(np.sqrt(spread * (1 / first + 1 / second)))


def reassigned_share(drifts: ArrayLike, weights: ArrayLike, treated: ArrayLike, *, seed: int = 0) -> float | None:
    """Share of the ways to choose as many units whose contrast is at least as large, the real one included (Fisher 1935).

    All ways up to ``MOST_SETS``, else as many drawn; None with fewer than ``FEWEST_WAYS``. It is exact when the treated were
    drawn by lot, else as good as the units were alike.
    """
    drift, weight, is_treated = np.asarray(drifts, float), np.asarray(weights, float), np.asarray(treated, bool)
    units, chosen = drift.size, int(is_treated.sum())
    ways = comb(units, chosen)
    if ways < FEWEST_WAYS or not np.isfinite(drift).all():
        return None
    if ways <= MOST_SETS:
        sets = np.zeros((ways, units))
        for row, members in enumerate(combinations(range(units), chosen)):
            sets[row, members] = 1.0
    else:
        own = is_treated.astype(float)
        sets = np.vstack([own, np.random.default_rng(seed).permuted(np.tile(own, (MOST_SETS, 1)), axis=1)])
    with np.errstate(divide="ignore", invalid="ignore"):
        inside, outside = sets * weight, (1 - sets) * weight
        contrast = inside @ drift / inside.sum(axis=1) - outside @ drift / outside.sum(axis=1)
        real = np.average(drift[is_treated], weights=weight[is_treated]) - np.average(drift[~is_treated], weights=weight[~is_treated])
    return float(np.mean(np.abs(contrast) >= abs(real) - 1e-12))
