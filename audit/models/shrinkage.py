"""Shrinkage: many units (doctors, administrators, services) seen through few cases each.

A unit's own mean is its true level plus chance. Pulling each towards the common mean by as much as
chance explains is closer to the truth for all of them together (Stein; Efron & Morris 1975).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, special, stats

Floats = npt.NDArray[np.float64]

DRAWS = 4000
"""Posterior draws: a chance of 0.5 is then known to ±0.013, finer than it is printed."""


@dataclass(frozen=True)
class Shrunken:
    """Shrunken levels of D units, in the unit of the input and in its order.

    ``value``, ``low``, ``high``: posterior mean and central interval. ``top_third``: chance that the
    unit belongs to the best (largest) third. ``differs``: the raw level lies farther from ``centre``
    than chance alone would put it, with false discoveries held at 1 − level (Benjamini–Hochberg).
    ``centre`` is the common mean, ``spread`` the standard deviation of the true levels around it.
    Units without data have NaN (means) or the common level (rates), and never differ.
    """

    value: Floats
    low: Floats
    high: Floats
    top_third: Floats
    differs: npt.NDArray[np.bool_]
    centre: float
    spread: float


def shrink_means(values: npt.ArrayLike, ses: npt.ArrayLike, level: float = 0.90, *, seed: int = 0) -> Shrunken:
    """Empirical-Bayes means of D units from their raw means and standard errors (normal model).

    Between-unit variance by Paule & Mandel (1982), factor and posterior variance by Morris (1983,
    JASA 78:47), which carry the uncertainty of the common mean and of that variance. With equal
    standard errors the value is James–Stein's, ``1 − (D−3)σ²/S``; with D ≤ 3 nothing can be learnt
    about the spread and nothing is shrunken. Assumes the standard errors are about right: at least
    some 30 cases a unit. Units whose value or standard error is NaN stay NaN.
    """
    y, se = np.asarray(values, float), np.asarray(ses, float)
    assert y.shape == se.shape and y.ndim == 1
    known = np.isfinite(y) & np.isfinite(se)
    empty = np.full(y.shape, np.nan)
    if not known.any():
        return Shrunken(empty, empty, empty, empty, known, np.nan, np.nan)
    v, s2 = y[known], _positive(se[known] ** 2, y[known])
    tau2 = paule_mandel(v, s2)
    centre = float(np.average(v, weights=1 / (s2 + tau2)))
    mean, sd = _morris(v, s2, tau2, centre)
    z = stats.norm.ppf((1 + level) / 2)
    draws = np.random.default_rng(seed).normal(mean, sd, size=(DRAWS, len(mean)))
    # Under chance alone the best guess of the common mean weighs by precision only.
    common = float(np.average(v, weights=1 / s2))
    p = 2 * stats.norm.sf(np.abs(v - common) / np.sqrt(np.maximum(s2 - 1 / (1 / s2).sum(), 1e-12 * s2)))
    differs = np.zeros(y.shape, bool)
    differs[known] = discoveries(p, 1 - level) if len(v) > 1 else False
    value, low, high, top = (_spread_out(part, known) for part in (mean, mean - z * sd, mean + z * sd, _top_third(draws)))
    return Shrunken(value, low, high, top, differs=differs, centre=centre, spread=float(np.sqrt(tau2)))


def shrink_rates(successes: npt.ArrayLike, trials: npt.ArrayLike, level: float = 0.90, *, seed: int = 0) -> Shrunken:
    """Beta-binomial rates of D units, uncertainty of the common rate and spread included.

    Each rate is Beta(μM, (1−μ)M) around the common rate μ; μ and M are integrated over a grid with
    the prior p(α, β) ∝ (α+β)^(−5/2) of Gelman et al. (BDA3 §5.3), uniform on the mean and about
    uniform on the standard deviation. A unit without trials gets the common rate and its spread.
    """
    k, n = np.asarray(successes, float), np.asarray(trials, float)
    assert k.shape == n.shape and k.ndim == 1 and ((k >= 0) & (k <= n)).all()
    empty = np.full(k.shape, np.nan)
    if not n.sum():
        return Shrunken(empty, empty, empty, empty, n > 0, np.nan, np.nan)
    rng = np.random.default_rng(seed)
    tail = (1 - level) / 2
    if k.sum() in (0.0, n.sum()):
        # nobody or everybody: there is no spread to learn from, so every unit stands alone (Jeffreys' prior)
        draws = rng.beta(k + 0.5, n - k + 0.5, size=(DRAWS, len(k)))
        value, (low, high) = np.full(k.shape, float(k.sum() > 0)), np.quantile(draws, [tail, 1 - tail], axis=0)
        none = np.zeros(k.shape, bool)
        return Shrunken(value, np.minimum(low, value), np.maximum(high, value), _top_third(draws), none, float(value[0]), 0.0)
    mu, strength, weight = _hyperparameters(k, n)
    pick = rng.choice(len(weight), size=DRAWS, p=weight)
    a, b = mu[pick, None] * strength[pick, None] + k, (1 - mu[pick, None]) * strength[pick, None] + n - k
    draws = rng.beta(a, b)
    value = weight @ ((mu[:, None] * strength[:, None] + k) / (strength[:, None] + n))
    low, high = np.quantile(draws, [tail, 1 - tail], axis=0)
    pooled = k.sum() / n.sum()
    # Adjusted counts are not whole; the test of a whole number of people is the nearest exact one.
    whole = zip(np.rint(k).astype(int), np.rint(n).astype(int), strict=True)
    p = np.array([stats.binomtest(x, m, pooled).pvalue if m else 1.0 for x, m in whole])
    spread = np.sqrt(weight @ (mu * (1 - mu) / (strength + 1)))
    return Shrunken(
        value, np.minimum(low, value), np.maximum(high, value), _top_third(draws),
        differs=discoveries(p, 1 - level) & (n > 0) if len(k) > 1 else np.zeros(k.shape, bool),
        centre=float(weight @ mu), spread=float(spread),
    )


def predicts(
    mean: Floats, se: Floats, later: Floats, later_se: Floats, *, known: npt.NDArray[np.bool_], slack: float = 1.05
) -> bool:
    """Shrunken levels of one half of the cases (D,) foretell those of the other half.

    No worse, within ``slack``, than the raw levels of the first half do, and than one level for all does:
    the two answers shrinkage lies between. Squared errors weighted by the precision of the other half.
    """
    seen = known & np.isfinite(mean) & np.isfinite(se) & np.isfinite(later) & (later_se > 0)
    if seen.sum() < 2:
        return False
    learnt, weight = shrink_means(mean[seen], se[seen]), 1 / later_se[seen] ** 2
    errors = [float(weight @ (guess - later[seen]) ** 2) for guess in (learnt.value, mean[seen], learnt.centre)]
    return errors[0] <= slack * min(errors[1:])


def paule_mandel(values: Floats, variances: Floats) -> float:
    """Variance of true means between units: τ² with Σ (y−ȳ_w)²/(s²+τ²) = D − 1, or 0 (Paule & Mandel 1982)."""
    def excess(tau2: float) -> float:
        w = 1 / (variances + tau2)
        return float(w @ (values - np.average(values, weights=w)) ** 2) - (len(values) - 1)

    if len(values) < 2 or excess(0.0) <= 0:
        return 0.0
    top = float(np.var(values, ddof=1)) + float(variances.max())
    while excess(top) > 0:
        top *= 2
    return float(optimize.brentq(excess, 0.0, top, xtol=1e-12 * top, rtol=1e-12))


def _morris(y: Floats, s2: Floats, tau2: float, centre: float) -> tuple[Floats, Floats]:
    """Posterior mean and standard deviation, Morris (1983) eqs. 4.1–4.6 with one common mean."""
    d = len(y)
    w = 1 / (s2 + tau2)
    b = max(d - 3, 0) / max(d - 1, 1) * s2 * w
    mean = centre + (1 - b) * (y - centre)
    share = d * w / w.sum()
    variance = s2 * (1 - (d - share) / d * b)
    if d > 3:
        variance = variance + 2 / (d - 3) * b**2 * (np.average(s2, weights=w) + tau2) * w * (y - centre) ** 2
    return mean, np.sqrt(variance)


def _hyperparameters(k: Floats, n: Floats) -> tuple[Floats, Floats, Floats]:
    """Grid of (μ, M) and its posterior weights; the grid of μ sits where the pooled rate can be."""
    strength = np.geomspace(0.5, 20_000, 70)
    pooled, units = (k.sum() + 0.5) / (n.sum() + 1), max(int((n > 0).sum()), 1)
    quantiles = (np.arange(60) + 0.5) / 60
    # A proposal wider than the posterior, so that the nodes cover it: the spread of few units at most.
    size = np.clip(min(n.sum(), units * 4.0), 2.0, None)
    mu = np.clip(stats.beta.ppf(quantiles, pooled * size + 0.5, (1 - pooled) * size + 0.5), 1e-6, 1 - 1e-6)
    width = np.gradient(mu)
    m, s = (grid.ravel() for grid in np.meshgrid(mu, strength, indexing="ij"))
    a, b = m * s, (1 - m) * s
    log = (special.betaln(a[:, None] + k, b[:, None] + n - k) - special.betaln(a, b)[:, None]).sum(axis=1)
    # p(α,β) dα dβ = M^(−5/2) · M dμ dM, and dM = M dln M on a geometric grid.
    log += -0.5 * np.log(s) + np.log(np.repeat(width, len(strength)))
    weight = np.exp(log - log.max())
    return m, s, weight / weight.sum()


def _top_third(draws: Floats) -> Floats:
    count = draws.shape[1]
    best = max(count // 3, 1)
    rank = np.argsort(np.argsort(-draws, axis=1, kind="stable"), axis=1, kind="stable")
    return (rank < best).mean(axis=0)


def discoveries(p: Floats, q: float) -> npt.NDArray[np.bool_]:
    """Benjamini–Hochberg (1995): which of the p values are rejected with false discovery rate ``q``."""
    return stats.false_discovery_control(p, method="bh") <= q if len(p) else np.zeros(0, bool)


def _positive(variances: Floats, values: Floats) -> Floats:
    """Variances with a floor far below any printed digit: equal amounts have none."""
    scale = max(float(np.abs(values).max(initial=0)), float(np.sqrt(variances.max(initial=0)))) or 1.0
    return np.maximum(variances, (1e-6 * scale) ** 2)


def _spread_out(part: Floats, known: npt.NDArray[np.bool_]) -> Floats:
    full = np.full(known.shape, np.nan)
    full[known] = part
    return full
