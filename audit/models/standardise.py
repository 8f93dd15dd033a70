"""Indirect standardisation: what the average unit would have made of each unit's own cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

PRIOR_SD = 2.0
"""Prior standard deviation of every effect on the logit scale: it keeps a cell without successes finite
and is too wide to move an effect known from a hundred cases."""


@dataclass(frozen=True)
class Standardised:
    """Rates of D units on the mix of cases of all, in the order of the unit codes.

    ``rate`` = pooled rate × observed / expected (at most 1), ``expected`` the successes the average
    unit would have had with the unit's cases, ``pooled`` the rate of all cases together.
    """

    rate: Floats
    expected: Floats
    pooled: float


def standardise_rates(
    successes: ArrayLike, trials: ArrayLike, *, unit: ArrayLike, strata: Mapping[str, ArrayLike]
) -> Standardised:
    """Standardise by a logit with unit and stratum effects, fitted together.

    Rows are cells: ``successes`` of ``trials`` (n,) of one ``unit`` (n,) (codes 0 … D − 1) in one level
    of every stratum (``strata``: name → (n,) codes). Fitting units and strata together keeps a stratum
    that only a weak unit works in (the evening) from hiding the weakness, which a table of pooled
    stratum rates would. Expected successes are predictions at the mean unit effect, weighted by
    trials (Roalfe et al. 2008 for indirect standardisation by regression).
    """
    k, n = np.asarray(successes, float), np.asarray(trials, float)
    codes = np.asarray(unit, int)
    units = int(codes.max()) + 1 if codes.size else 0
    if not n.sum():
        return Standardised(np.full(units, np.nan), np.zeros(units), np.nan)
    blocks = [_indicator(codes, units)]
    blocks += [_indicator(*_compact(levels)) for levels in strata.values()]
    design = np.hstack([np.ones((n.size, 1)), *blocks])
    beta = _logit(design, k, n)
    effects = blocks[0] @ beta[1 : 1 + units]
    average = float(n @ effects) / n.sum()
    predicted = _inverse(design @ beta - effects + average)
    expected = blocks[0].T @ (n * predicted)
    observed = blocks[0].T @ k
    pooled = float(k.sum() / n.sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(expected > 0, np.minimum(pooled * observed / expected, 1.0), np.nan)
    # the average of the logits is not the logit of the average: keep the pooled rate of all cases
    cases = blocks[0].T @ n
    seen = cases > 0
    total = float(cases[seen] @ rate[seen])
    rate = np.minimum(rate * (k.sum() / total if total > 0 else 1.0), 1.0)
    return Standardised(rate, expected, pooled)


@dataclass(frozen=True)
class StandardisedMeans:
    """Means of D units on the mix of cases of all, with standard errors; order of the unit codes.

    A unit without cases has NaN; one with a single case has the standard error of the others' cases.
    """

    mean: Floats
    se: Floats
    pooled: float


def standardise_means(values: ArrayLike, *, unit: ArrayLike, units: int, strata: Mapping[str, ArrayLike]) -> StandardisedMeans:
    """Standardise by least squares with unit and stratum effects fitted together, robust to unequal spread.

    ``values`` (n,) one per case, ``unit`` (n,) codes 0 … ``units`` − 1, ``strata``: name → (n,) codes. The
    mean of a unit is what the model gives it with everybody's cases. Variance by White (1980) with n/(n−k).
    """
    y, codes = np.asarray(values, float), np.asarray(unit, int)
    mean, se = np.full(units, np.nan), np.full(units, np.nan)
    if not y.size:
        return StandardisedMeans(mean, se, np.nan)
    seen, place = np.unique(codes, return_inverse=True)
    own = _indicator(place, len(seen))
    mixes = [_indicator(*_compact(levels))[:, 1:] for levels in strata.values()]
    mix = np.hstack([np.empty((y.size, 0)), *mixes])
    design = np.hstack([own, mix - mix.mean(axis=0)])
    # A stratum that coincides with a unit cannot be told from it: a trace of a ridge gives it to neither.
    ridge = np.diag(np.r_[np.zeros(len(seen)), np.full(mix.shape[1], 0.5)])
    bread = np.linalg.pinv(design.T @ design + ridge, hermitian=True)
    beta = bread @ (design.T @ y)
    residual = y - design @ beta
    scores = design * residual[:, None]
    spare = max(y.size - design.shape[1], 1)
    covariance = bread @ (scores.T @ scores) @ bread * (y.size / spare)
    cases = own.sum(axis=0)
    common = residual @ residual / spare / cases
    variance = np.diag(covariance)[: len(seen)]
    mean[seen] = beta[: len(seen)]
    se[seen] = np.sqrt(np.where(cases < 10, np.maximum(variance, common), variance))
    return StandardisedMeans(mean, se, float(y.mean()))


def stratum(levels: Sequence[object], fewest: int = 30) -> NDArray[np.int_]:
    """Codes (n,) of a stratum; levels of fewer than ``fewest`` cases share one, missing ones are a level."""
    names = np.array(["" if level is None or level != level else str(level) for level in levels], dtype=object)
    kinds, place, count = np.unique(names, return_inverse=True, return_counts=True)
    merged = np.where(count >= fewest, np.arange(len(kinds)), len(kinds))
    return np.unique(merged[place], return_inverse=True)[1]


def _logit(design: Floats, k: Floats, n: Floats, rounds: int = 50) -> Floats:
    """Posterior mode of a binomial logit with normal effects (first column: intercept, free)."""
    penalty = np.diag(np.r_[1e-6, np.full(design.shape[1] - 1, PRIOR_SD**-2)])
    beta = np.zeros(design.shape[1])
    share = (k.sum() + 0.5) / (n.sum() + 1)
    beta[0] = np.log(share / (1 - share))
    for _ in range(rounds):
        p = _inverse(design @ beta)
        weight = n * p * (1 - p)
        step = np.linalg.solve(design.T @ (weight[:, None] * design) + penalty, design.T @ (k - n * p) - penalty @ beta)
        beta = beta + step
        if np.abs(step).max() < 1e-10:
            break
    return beta


def _inverse(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -30, 30))))


def _indicator(codes: NDArray[np.int_], levels: int) -> Floats:
    return np.asarray(codes[:, None] == np.arange(levels), float)


def _compact(levels: ArrayLike) -> tuple[NDArray[np.int_], int]:
    values, codes = np.unique(np.asarray(levels), return_inverse=True)
    return codes.astype(int), len(values)
