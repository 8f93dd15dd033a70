"""Standardisation for the mix of cases: units compared as if all had seen the same cases, overall or within slots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse, stats

Floats = NDArray[np.float64]

PRIOR_SD = 2.0
"""Prior standard deviation of every effect on the logit scale: it keeps a cell without successes finite
and is too wide to move an effect known from a hundred cases."""


@dataclass(frozen=True)
class Standardised:
    """Rates of D units on the mix of cases of all, in the order of the unit codes.

    ``rate`` = pooled rate × observed / expected (at most 1), ``expected`` the successes the average
    unit would have had with the unit's cases, ``pooled`` the rate of all cases together. ``direct`` is the rate
    the unit would have with everybody's cases: comparable between units whose cases differ a lot, as
    observed / expected is not where rates come near 0 or 1. A unit without cases has NaN. ``effective`` are the
    trials that would know a rate as well had all units had the same cases: fewer than its own where a unit works in
    strata of its own, so that it can hardly be told from them.
    """

    rate: Floats
    expected: Floats
    pooled: float
    direct: Floats
    effective: Floats


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
        return Standardised(np.full(units, np.nan), np.zeros(units), np.nan, np.full(units, np.nan), np.zeros(units))
    blocks = [_sparse_indicator(codes, units)]
    blocks += [_sparse_indicator(*_compact(levels)) for levels in strata.values()]
    design = sparse.hstack([np.ones((n.size, 1)), *blocks], format="csr")
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
    mix = design @ beta - effects
    direct = np.array([n @ _inverse(mix + effect) for effect in beta[1 : 1 + units]]) / n.sum()
    return Standardised(rate, expected, pooled, np.where(seen, direct, np.nan), _effective(design, beta, n, cases))


def _effective(design: sparse.csr_matrix, beta: Floats, n: Floats, cases: Floats) -> Floats:
    """Trials whose chance alone gives the variance of each unit's contrast with the mean unit and of the common rate.

    Without strata that variance is 1/(n·p·q) of the unit's own trials (delta method on the logit scale).
    """
    p = _inverse(design @ beta)
    information = (design.T @ design.multiply((n * p * (1 - p))[:, None]).tocsr()).toarray() + _penalty(design.shape[1])
    contrast = np.zeros((cases.size, design.shape[1]))
    contrast[:, 1 : 1 + cases.size] = np.eye(cases.size) - cases / cases.sum()
    variance = ((contrast @ np.linalg.inv(information)) * contrast).sum(axis=1)
    spread = float(n @ (p * (1 - p)) / n.sum())
    return np.asarray(np.minimum(cases, 1 / (variance * spread + 1 / n.sum())))


def _penalty(width: int) -> Floats:
    return np.diag(np.r_[1e-6, np.full(width - 1, PRIOR_SD**-2)])


def expected_counts(
    events: ArrayLike, cases: ArrayLike, *, unit: ArrayLike, units: int, strata: Mapping[str, ArrayLike]
) -> Floats:
    """Events (D,) the average unit would have had with each unit's own cases; Poisson, units and strata together.

    Rows are cells: ``events`` in ``cases`` (n,) of one ``unit`` (n,) and one level of every stratum. The expected
    counts add up to the observed ones.
    """
    k, n, codes = np.asarray(events, float), np.asarray(cases, float), np.asarray(unit, int)
    if not k.sum():
        return np.zeros(units)
    own = _sparse_indicator(codes, units)
    blocks = [_sparse_indicator(*_compact(levels)) for levels in strata.values()]
    design = sparse.hstack([np.ones((n.size, 1)), own, *blocks], format="csr")
    penalty = _penalty(design.shape[1])
    beta = np.zeros(design.shape[1])
    beta[0] = np.log(k.sum() / n.sum())
    for _ in range(50):
        mean = n * np.exp(np.clip(design @ beta, -30, 30))
        step = np.linalg.solve((design.T @ design.multiply(mean[:, None]).tocsr()).toarray() + penalty,
                               design.T @ (k - mean) - penalty @ beta)
        beta = beta + np.clip(step, -3, 3)
        if np.abs(step).max() < 1e-10:
            break
    effects = beta[1 : 1 + units]
    expected = own.T @ (n * np.exp(np.clip(design @ beta - own @ effects, -30, 30)))
    return np.asarray(expected * (k.sum() / expected.sum()))


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
    The design is sparse: its normal equations are counts by pairs of levels, whatever the number of cases.
    """
    y, codes = np.asarray(values, float), np.asarray(unit, int)
    mean, se = np.full(units, np.nan), np.full(units, np.nan)
    if not y.size:
        return StandardisedMeans(mean, se, np.nan)
    fit = _least_squares(y, codes, strata)
    spare = max(y.size - fit.design.shape[1], 1)
    weight = fit.levels @ fit.bread
    variance = _sandwich(weight, fit.design, fit.residual) * (y.size / spare)
    common = fit.residual @ fit.residual / spare / fit.cases
    mean[fit.seen] = fit.levels @ fit.beta
    se[fit.seen] = np.sqrt(np.where(fit.cases < 10, np.maximum(variance, common), variance))
    return StandardisedMeans(mean, se, float(y.mean()))


@dataclass(frozen=True)
class WithinSlots:
    """How D units compare when only cases of the same slot are compared (who was on duty then).

    ``difference`` (D,) is the unit's level within slots less its level standardised over all cases, both
    around their common mean, with robust standard error ``se``: NaN for units never seen with another in a
    slot. ``level`` (D,) is the level within slots around the mean. ``used`` is the share of cases in slots
    with at least two units, ``p`` the p value of “no difference anywhere” (Wald, after Hausman 1978).
    """

    level: Floats
    difference: Floats
    se: Floats
    used: float
    p: float


def within_slots(
    values: ArrayLike, *, unit: ArrayLike, units: int, strata: Mapping[str, ArrayLike], slot: ArrayLike
) -> WithinSlots:
    """Compare units within ``slot`` (n,) and over all cases, strata alike, on the cases of slots with two units or more.

    If the roster of a slot is as good as random, the levels within slots are free of who chooses whom.
    Both sets of levels are linear in the cases, so their difference has the variance of the differences of
    their influences; slot effects are taken out by demeaning (Frisch & Waugh 1933).
    """
    y, codes, place = np.asarray(values, float), np.asarray(unit, int), np.asarray(slot)
    gap = np.full(units, np.nan)
    _, place = np.unique(place, return_inverse=True)
    pairs = np.unique(np.c_[place, codes], axis=0)[:, 0] if y.size else np.zeros(0, int)
    shared = (np.bincount(pairs, minlength=int(place.max(initial=-1)) + 1) > 1)[place] if y.size else np.zeros(0, bool)
    used = float(shared.mean()) if y.size else 0.0
    if len(np.unique(codes[shared])) < 2:
        return WithinSlots(gap, gap, gap, used, np.nan)
    y, codes, place = y[shared], codes[shared], np.unique(place[shared], return_inverse=True)[1]
    kept = {name: np.asarray(levels)[shared] for name, levels in strata.items()}
    plain = _least_squares(y, codes, kept)
    held = _least_squares(y, codes, kept, slot=place)
    around = np.eye(len(plain.seen)) - plain.cases / plain.cases.sum()
    influence = [around @ fit.levels @ fit.bread for fit in (held, plain)]
    # One set of residuals for both: those within slots are right whether or not the slots differ.
    moved = influence[0] @ _scores(held, held.residual) - influence[1] @ _scores(plain, held.residual)
    spare = max(y.size - held.design.shape[1] - int(place.max()) - 1, 1)
    covariance = moved @ moved.T * (y.size / spare)
    level = around @ held.levels @ held.beta
    difference = level - around @ plain.levels @ plain.beta
    found = WithinSlots(gap.copy(), gap.copy(), gap.copy(), used, _wald(difference, covariance))
    for target, part in ((found.level, level), (found.difference, difference), (found.se, np.sqrt(np.diag(covariance)))):
        target[plain.seen] = part
    return found


@dataclass(frozen=True)
class _Fit:
    """Least squares of n cases on U seen units and M levels of strata: ``levels`` (U, U + M) makes the units' means."""

    design: sparse.csr_matrix
    bread: Floats
    beta: Floats
    residual: Floats
    levels: Floats
    seen: NDArray[np.int_]
    cases: Floats
    slot: sparse.csr_matrix | None = None


def _least_squares(
    y: Floats, codes: NDArray[np.int_], strata: Mapping[str, ArrayLike], slot: NDArray[np.int_] | None = None
) -> _Fit:
    seen, place = np.unique(codes, return_inverse=True)
    own = _sparse_indicator(place, len(seen))
    mixes = [_sparse_indicator(*_compact(levels))[:, 1:] for levels in strata.values()]
    design = sparse.hstack([own, *mixes], format="csr")
    mix = design.shape[1] - len(seen)
    # A stratum that coincides with a unit cannot be told from it: a trace of a ridge gives it to neither.
    ridge = np.diag(np.r_[np.zeros(len(seen)), np.full(mix, 0.5)])
    normal, right = (design.T @ design).toarray(), design.T @ y
    group = None
    if slot is not None:
        group = _sparse_indicator(slot, int(slot.max()) + 1)
        share = sparse.diags(1 / np.asarray(group.sum(axis=0)).ravel()) @ group.T
        across = (group.T @ design).T
        normal = normal - (across @ (share @ design)).toarray()
        right = right - across @ (share @ y)
    bread = np.linalg.pinv(normal + ridge, hermitian=True)
    beta = bread @ right
    residual = y - design @ beta
    if group is not None:
        residual = residual - group @ (share @ residual)
    average = np.asarray(design.mean(axis=0)).ravel()[len(seen) :]
    levels = np.hstack([np.eye(len(seen)), np.tile(average, (len(seen), 1))])
    return _Fit(design, bread, beta, residual, levels, seen, np.asarray(own.sum(axis=0)).ravel(), group)


def _scores(fit: _Fit, residual: Floats) -> Floats:
    """``residual`` times design of each case, (U + M, n); slot means taken out of the design if slots were held."""
    design = fit.design.toarray()
    if fit.slot is not None:
        count = np.asarray(fit.slot.sum(axis=0)).ravel()
        design = design - fit.slot @ ((fit.slot.T @ fit.design).toarray() / count[:, None])
    return np.asarray(design.T * residual)


def _sandwich(weight: Floats, design: sparse.csr_matrix, residual: Floats) -> Floats:
    """Variances of ``weight`` @ coefficients' scores: diagonal of W Xᵀ diag(e²) X Wᵀ."""
    meat = (design.T @ design.multiply(residual[:, None] ** 2).tocsr()).toarray()
    return np.asarray(((weight @ meat) * weight).sum(axis=1))


def _wald(difference: Floats, covariance: Floats) -> float:
    """p value of all differences being 0; one of them follows from the others."""
    rank = max(len(difference) - 1, 1)
    values, vectors = np.linalg.eigh(covariance)
    values, vectors = values[-rank:], vectors[:, -rank:]
    known = values > 1e-10 * values[-1]
    if not known.any():
        return np.nan
    return float(stats.chi2.sf(((vectors[:, known].T @ difference) ** 2 / values[known]).sum(), int(known.sum())))


def stratum(levels: Sequence[object], fewest: int = 30, cases: ArrayLike | None = None) -> NDArray[np.int_]:
    """Codes (n,) of a stratum; levels of fewer than ``fewest`` cases share one, missing ones are a level.

    ``cases`` (n,) are the cases a row stands for, 1 if not given.
    """
    names = np.array(["" if level is None or level != level else str(level) for level in levels], dtype=object)
    kinds, place = np.unique(names, return_inverse=True)
    count = np.bincount(place, weights=None if cases is None else np.asarray(cases, float), minlength=len(kinds))
    merged = np.where(count >= fewest, np.arange(len(kinds)), len(kinds))
    return np.unique(merged[place], return_inverse=True)[1]


def _logit(design: sparse.csr_matrix, k: Floats, n: Floats, rounds: int = 50) -> Floats:
    """Posterior mode of a binomial logit with normal effects (first column: intercept, free)."""
    penalty = _penalty(design.shape[1])
    beta = np.zeros(design.shape[1])
    share = (k.sum() + 0.5) / (n.sum() + 1)
    beta[0] = np.log(share / (1 - share))
    for _ in range(rounds):
        p = _inverse(design @ beta)
        weight = n * p * (1 - p)
        step = np.linalg.solve((design.T @ design.multiply(weight[:, None]).tocsr()).toarray() + penalty, design.T @ (k - n * p) - penalty @ beta)
        beta = beta + step
        if np.abs(step).max() < 1e-10:
            break
    return beta


def _inverse(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -30, 30))))


def _sparse_indicator(codes: NDArray[np.int_], levels: int) -> sparse.csr_matrix:
    rows = np.arange(len(codes))
    return sparse.csr_matrix((np.ones(len(codes)), (rows, codes)), shape=(len(codes), levels))


def _compact(levels: ArrayLike) -> tuple[NDArray[np.int_], int]:
    values, codes = np.unique(np.asarray(levels), return_inverse=True)
    return codes.astype(int), len(values)
