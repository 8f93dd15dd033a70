"""What a training did: trained units against untrained ones, before and after, regression to the mean removed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats
from scipy.special import expit, logit

from audit.models.shrinkage import shrink_means

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
MOST_SPLITS = 5000
POWER = 0.80


@dataclass(frozen=True)
class TrainingEffect:
    """Effect on the rate of the trained, on the logit scale and in points (value, low, high), at equal cases.

    ``raw`` (points) takes the rates before as counted, so that trained units chosen for a bad spell rise by
    themselves. ``successes`` (value, low, high) are those more among the trials after. ``change`` (D, 3) is the
    change of each unit's rate in points from its shrunken rate before. ``spread`` is the standard deviation of
    units' own changes of logit beyond chance. ``p`` is the share of ways to choose as many trained units that
    give an effect as large; it cannot fall below one over the number of ways.
    """

    logit: tuple[float, float, float]
    points: tuple[float, float, float]
    raw: float
    successes: tuple[float, float, float]
    change: Floats
    spread: float
    p: float


def training_effect(
    *, rate_before: ArrayLike, trials_before: ArrayLike, rate_after: ArrayLike, trials_after: ArrayLike, trained: ArrayLike,
    level: float, seed: int = 0,
) -> TrainingEffect | None:
    """Difference in differences of logits of D units (rates standardised for their cases), by two steps.

    Step one: change of each unit, its logit after less the shrunken logit before. The posterior mean of
    the rate before given what was seen is free of the choice of who was trained on what was seen. Step two:
    the difference of mean changes of trained and others, weights 1/(τ² + s²), τ² by Paule & Mandel (1982), its
    variance by Hartung & Knapp (2001) with Student's t of D − 2 (Donald & Lang 2007: with few groups the units
    are the observations), never narrower than chance of the trials alone. Trained by lot this is unbiased. Where the weakest were
    trained some of their return to the mean stays in the effect: four units tell little of their own spread (a sixth of an
    effect of nine points at 120 trials each, a twentieth with four to eight units of 150 to 500). None with fewer than three units or
    when all or none are trained. Assumes that without training all would have changed alike on average.
    """
    p0, n0, p1, n1 = (np.asarray(x, float) for x in (rate_before, trials_before, rate_after, trials_after))
    group = np.asarray(trained, bool)
    if group.size < 3 or group.all() or not group.any():
        return None
    y0, s0 = _logits(p0, n0)
    y1, s1 = _logits(p1, n1)
    start = shrink_means(y0, s0, level, seed=seed)
    z = stats.norm.ppf((1 + level) / 2)
    sd0 = (start.high - start.low) / (2 * z)
    variance = s1**2 + sd0**2
    value, half, tau2 = _difference(y1 - start.value, variance, group, level)
    low, high = value - half, value + half
    raw, _, _ = _difference(y1 - y0, s1**2 + s0**2, group, level)
    weight = n1[group] / n1[group].sum()

    def points(effect: float) -> float:
        return float(weight @ (p1[group] - expit(y1[group] - effect)))

    spread = np.sqrt(variance)
    change = np.column_stack([expit(start.value + d) - expit(start.value) for d in (y1 - start.value + k * z * spread for k in (0, -1, 1))])
    three = (points(value), points(low), points(high))
    total = float(n1[group].sum())
    return TrainingEffect(
        logit=(value, low, high), points=three, raw=points(raw), successes=(three[0] * total, three[1] * total, three[2] * total),
        change=change, spread=float(np.sqrt(tau2)), p=_permuted(y1 - start.value, variance + tau2, group, seed),
    )


def detectable(*, rate: float, trials: ArrayLike, spread: float, level: float) -> float | None:
    """Smallest true effect, in points, that a training of every second unit would show with 80 % power.

    ``trials`` (D,) are each unit's trials before and as many after; units change by ``spread`` (standard deviation of logits)
    on their own. None with fewer than four units: nothing would be left to judge by.
    """
    n = np.asarray(trials, float)
    if n.size < 4 or not (n > 0).all() or not 0 < rate < 1:
        return None
    variance = spread**2 + 2 / (n * rate * (1 - rate))
    half = np.arange(n.size) % 2 == 0
    se = np.sqrt(sum(1 / (1 / variance[part]).sum() for part in (half, ~half)))
    df = n.size - 2
    effect = float((stats.t.ppf((1 + level) / 2, df) + stats.t.ppf(POWER, df)) * se)
    return float(expit(logit(rate) + effect) - rate)


def _logits(rate: Floats, trials: Floats) -> tuple[Floats, Floats]:
    """Empirical logits with their standard errors, half a success added so that 0 and 1 stay finite."""
    k = rate * trials
    return np.log((k + 0.5) / (trials - k + 0.5)), np.sqrt(1 / (k + 0.5) + 1 / (trials - k + 0.5))


def _difference(change: Floats, variance: Floats, group: Bools, level: float) -> tuple[float, float, float]:
    """Trained less others, half its interval, and the variance of changes beyond chance."""
    design = np.column_stack([np.ones(group.size), group])

    def fit(tau2: float) -> tuple[Floats, Floats, float]:
        w = 1 / (variance + tau2)
        bread = np.linalg.inv(design.T @ (w[:, None] * design))
        beta = bread @ design.T @ (w * change)
        return np.asarray(beta), np.asarray(bread, float), float(w @ (change - design @ beta) ** 2)

    df = group.size - 2
    tau2 = 0.0
    if fit(0.0)[2] > df:
        top = float(np.var(change) * 4 + variance.max())
        while fit(top)[2] > df:
            top *= 2
        tau2 = float(optimize.brentq(lambda t: fit(t)[2] - df, 0.0, top))
    beta, bread, q = fit(tau2)
    by_units = stats.t.ppf((1 + level) / 2, df) * np.sqrt(bread[1, 1] * q / df)
    by_chance = stats.norm.ppf((1 + level) / 2) * np.sqrt(fit(0.0)[1][1, 1])
    return float(beta[1]), float(max(by_units, by_chance)), tau2


def _permuted(change: Floats, variance: Floats, group: Bools, seed: int) -> float:
    """Share of choices of as many trained units whose difference is at least as large."""
    size, many = group.size, int(group.sum())
    if comb(size, many) <= MOST_SPLITS:
        masks = np.zeros((comb(size, many), size), bool)
        for i, chosen in enumerate(combinations(range(size), many)):
            masks[i, list(chosen)] = True
    else:
        masks = np.argsort(np.random.default_rng(seed).random((MOST_SPLITS, size)), axis=1) < many
        masks[0] = group
    w = 1 / variance
    inside, outside = masks @ w, (~masks) @ w
    differences = masks @ (w * change) / inside - (~masks) @ (w * change) / outside
    seen = float(group @ (w * change) / (group @ w) - (~group) @ (w * change) / (~group @ w))
    return float((np.abs(differences) >= abs(seen) * (1 - 1e-9)).mean())
