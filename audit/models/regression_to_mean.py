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
    s2 = np.maximum(s2, 1e-12)
    centre = float(np.average(y, weights=1 / (s2 + spread)))
    move = s2 / (s2 + spread) * (centre - y)
    weight = 1 / s2
    return float(np.average(move[is_chosen], weights=weight[is_chosen]) - np.average(move[~is_chosen], weights=weight[~is_chosen]))


def comes_back_counted(outcome: ArrayLike, size: ArrayLike | None, chosen: ArrayLike, post: ArrayLike) -> float:
    """The same as Δ ln(rate) from weekly counts or successes ``outcome`` (U, W) before ``post``; ``size`` are the tries.

    The error of a unit's ln(rate) is that of independent counts, stretched by how much weeks stray (Pearson's X²/df).
    """
    y, before = np.asarray(outcome, float), ~np.asarray(post, bool)
    n = np.where(np.isfinite(y), 1.0, np.nan) if size is None else np.asarray(size, float)
    y, n = y[:, before], np.where(np.isfinite(y), n, np.nan)[:, before]
    events, tries = np.nansum(y, axis=1), np.nansum(n, axis=1)
    known = (events > 0) & (tries > 0)
    if known.sum() < 3:
        return 0.0
    y, n, events, tries = y[known], n[known], events[known], tries[known]
    rate = events / tries
    thin = 1.0 - rate if size is not None else np.ones_like(rate)
    expected = n * rate[:, None]
    pearson = (y - expected) ** 2 / np.maximum(expected * thin[:, None], 1e-12)
    stray = max(float(np.nansum(pearson) / max(np.isfinite(pearson).sum() - len(y), 1)), 1.0)
    return comes_back(np.log(rate), np.sqrt(stray * thin / events), np.asarray(chosen, bool)[known])
