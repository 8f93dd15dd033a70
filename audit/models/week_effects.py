"""Counts of several units in the same weeks: Poisson pseudo-maximum-likelihood with unit and week effects.

Santos Silva & Tenreyro (2006): the mean is exp(unit + week + own trend + β′x), estimated by the Poisson likelihood
whatever the variance, zeros kept. The week effects are concentrated out (Hausman, Hall & Griliches 1984): given a
week's total the units share it multinomially, which is the same likelihood with a handful of parameters. Each unit
has its own linear trend, so that one branch growing faster than another is not read as price.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

TREND_WEEKS = 26
"""Shorter panels have no trends of their own units: half a year is needed to tell a trend from a change."""

FEWEST_REGIMES = 20
"""Fewer clusters than this make a clustered standard error too small (METHODS: 20 price regimes)."""


@dataclass(frozen=True)
class WeekFit:
    """K coefficients and what their errors rest on.

    ``beta`` (K,); covariances (K, K): ``quasi`` the Poisson one scaled by X²/df, ``week`` clustered by week, ``regime``
    clustered by the groups given, None below ``FEWEST_REGIMES`` of them; ``fitted`` (units, weeks), NaN where unused;
    ``dispersion`` X²/df; ``weeks`` and ``total`` are the weeks and counts used.
    """

    beta: Array
    quasi: Array
    week: Array
    regime: Array | None
    fitted: Array
    dispersion: float
    df: int
    weeks: int
    total: float


def usable(counts: Array, *others: Array) -> Mask:
    """Cells with a count and everything else known, in weeks in which at least two units and one count remain."""
    used: Mask = np.isfinite(counts)
    for other in others:
        used = used & np.isfinite(other)
    used &= (used.sum(axis=0) >= 2) & (np.where(used, counts, 0).sum(axis=0) > 0)
    used &= (np.where(used, counts, 0).sum(axis=1) > 0)[:, None]
    used &= used.sum(axis=0) >= 2
    return used


def fit(
    counts: Array, regressors: Array, used: Mask, *, offset: Array | None = None, regimes: NDArray[np.int64] | None = None,
) -> WeekFit | None:
    """Newton on the likelihood given week totals; None where the regressors cannot be told from the effects.

    ``counts`` (units, weeks); ``regressors`` (K, units, weeks), finite where ``used``; ``offset`` is added to the log
    mean with coefficient one (units, weeks); ``regimes`` names the cluster of each cell.
    """
    if not used.any():
        return None
    design, k = _design(regressors, used), len(regressors)
    shift = np.zeros(counts.shape) if offset is None else np.where(used, offset, 0.0)
    y = np.where(used, counts, 0.0)
    totals = y.sum(axis=0)
    parameters = np.zeros(len(design))
    for _ in range(60):
        fitted, centred = _shares(parameters, design, used, shift, totals)
        flat = centred.reshape(len(design), -1)
        information = (flat * fitted.ravel()) @ flat.T
        if not np.isfinite(information).all() or np.linalg.cond(information) > 1e10:
            return None
        step = np.clip(np.linalg.solve(information, flat @ (y - fitted).ravel()), -2, 2)
        parameters = parameters + step
        if np.abs(step).max() < 1e-9:
            break
    else:
        return None
    bread: Array = np.asarray(np.linalg.inv(information), dtype=np.float64)
    groups, n = int(used.any(axis=0).sum()), int(used.sum())
    df = n - groups - len(design)
    if df < 1:
        return None
    residual = np.where(used, y - fitted, 0.0)
    dispersion = float((residual[used] ** 2 / np.maximum(fitted[used], 1e-12)).sum() / df)
    scores = centred * residual
    # week effects are nested in the clusters and do not count as parameters
    small = groups / (groups - 1) * (n - 1) / (n - len(design))
    by_week = scores.sum(axis=1)
    return WeekFit(
        beta=parameters[-k:], quasi=(bread * dispersion)[-k:, -k:], week=(bread @ (by_week @ by_week.T) @ bread * small)[-k:, -k:],
        regime=_clustered(scores, bread, used, regimes, k), fitted=np.where(used, fitted, np.nan), dispersion=dispersion,
        df=df, weeks=groups, total=float(y.sum()),
    )


def _clustered(scores: Array, bread: Array, used: Mask, regimes: NDArray[np.int64] | None, k: int) -> Array | None:
    if regimes is None:
        return None
    names, place = np.unique(regimes[used], return_inverse=True)
    if names.size < FEWEST_REGIMES:
        return None
    sums = np.stack([np.bincount(place, weights=score[used], minlength=names.size) for score in scores])
    whole: Array = bread @ (sums @ sums.T) @ bread * names.size / (names.size - 1)
    return whole[-k:, -k:]


def _design(regressors: Array, used: Mask) -> Array:
    """Level and trend of every unit but the first, then the regressors; shape (parameters, units, weeks)."""
    units, weeks = used.shape
    others = np.flatnonzero(used.any(axis=1))[1:]
    time = np.linspace(-1, 1, weeks)
    trends = others if used.any(axis=0).sum() >= TREND_WEEKS else others[:0]
    effects = np.zeros((others.size + trends.size, units, weeks))
    effects[np.arange(others.size), others] = 1.0
    effects[others.size + np.arange(trends.size), trends] = time
    centred = np.stack([np.where(used, part, 0.0) - part[used].mean() for part in regressors])
    return np.where(used, np.concatenate([effects, centred]), 0.0)


def _shares(parameters: Array, design: Array, used: Mask, offset: Array, totals: Array) -> tuple[Array, Array]:
    """Fitted counts given the week totals, and the design centred at its fitted mean of each week."""
    linear = np.where(used, np.tensordot(parameters, design, axes=1) + offset, -np.inf)
    top = np.where(used.any(axis=0), linear.max(axis=0, initial=-np.inf), 0.0)
    weight = np.where(used, np.exp(linear - top), 0.0)
    share = weight / np.maximum(weight.sum(axis=0), 1e-300)
    centred = design - (design * share).sum(axis=1, keepdims=True)
    return share * totals, np.where(used, centred, 0.0)
