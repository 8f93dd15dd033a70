"""What each factor did to a change: LMDI for products, Kitagawa for mix and rate; both sum exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def log_mean(a: ArrayLike, b: ArrayLike) -> Floats:
    """Logarithmic mean L(a, b) = (a − b) / ln(a / b), with L(a, a) = a and L(a, 0) = 0.

    ``a`` and ``b`` are not negative; they broadcast against each other.
    """
    a, b = np.broadcast_arrays(np.asarray(a, float), np.asarray(b, float))
    positive = (a > 0) & (b > 0)
    x, y = np.where(positive, a, 1.0), np.where(positive, b, 1.0)
    logs = np.log(x / y)
    near = np.abs(logs) < 1e-4
    # (a−b)/ln(a/b) loses all digits when a ≈ b; the series of sinh(h)/h, h = ln(a/b)/2, does not
    series = np.sqrt(x * y) * (1 + logs**2 / 24)
    mean = np.where(near, series, (x - y) / np.where(near, 1.0, logs))
    return np.where(positive, mean, 0.0)


def lmdi(before: ArrayLike, after: ArrayLike) -> Floats:
    """Additive log-mean Divisia decomposition of the change of a product (Ang 2004, LMDI-I).

    ``before`` and ``after`` hold the factors on the last axis, shape (…, factors), none negative;
    leading axes (groups, draws) are decomposed one by one. Returns the contributions, same shape,
    in the unit of the product: along the last axis they sum to ``prod(after) − prod(before)``.

    ΔV_k = L(V₁, V₀) · ln(x_k1 / x_k0). Where a product is zero on one side the analytical limit is
    taken (Ang & Liu 2007): the factors that became or ceased to be zero share the whole change
    equally, the others have none. For a sum of products add the contributions of its terms.

    ValueError for shapes that differ and for negative or missing factors.
    """
    x0, x1 = np.asarray(before, float), np.asarray(after, float)
    if x0.shape != x1.shape or x0.ndim == 0:
        raise ValueError(f"factors before have shape {x0.shape}, after {x1.shape}")
    if not (np.all(np.isfinite(x0)) and np.all(np.isfinite(x1)) and np.all(x0 >= 0) and np.all(x1 >= 0)):
        raise ValueError("factors are finite and not negative")
    v0, v1 = x0.prod(axis=-1, keepdims=True), x1.prod(axis=-1, keepdims=True)
    regular = (v0 > 0) & (v1 > 0)
    logs = np.log(np.where(regular, x1, 1.0)) - np.log(np.where(regular, x0, 1.0))
    contributions = log_mean(v1, v0) * logs
    switched = (x0 == 0) != (x1 == 0)
    share = switched / np.maximum(switched.sum(axis=-1, keepdims=True), 1)
    contributions = np.where(regular, contributions, (v1 - v0) * share)
    residual = (v1 - v0) - contributions.sum(axis=-1, keepdims=True)
    # the identity holds up to rounding; the largest contribution absorbs the last bits
    largest = np.abs(contributions) == np.abs(contributions).max(axis=-1, keepdims=True)
    first = largest & (np.cumsum(largest, axis=-1) == 1)
    return np.asarray(contributions + np.where(first, residual, 0.0))


@dataclass(frozen=True)
class MixAndRate:
    """Change of a pooled rate split by Kitagawa (1955).

    ``mix`` and ``rate`` are the totals, ``change`` their sum; ``mix_by_group`` and ``rate_by_group``
    (shape (groups,)) sum to them. All are differences of rates (points for shares). A group's mix is
    measured from the pooled rate: more weight on a group better than the whole is positive.
    """

    change: float
    mix: float
    rate: float
    mix_by_group: Floats
    rate_by_group: Floats


def kitagawa(
    *, weights_before: ArrayLike, rates_before: ArrayLike, weights_after: ArrayLike, rates_after: ArrayLike
) -> MixAndRate:
    """Split the change of a pooled rate into who is counted (mix) and what they do (rate).

    ``weights_*`` are sizes or shares of the groups, shape (groups,), not all zero; ``rates_*`` their
    rates, which may be missing (NaN) where the weight is zero. A group absent in one period is given
    its rate of the other, so that its coming or going is all mix.

    rate = Σ ½(w₀+w₁)(r₁−r₀), mix = Σ (w₁−w₀)(½(r₀+r₁) − ½(R₀+R₁)) (Kitagawa 1955, eq. 1; the
    subtracted constant changes no sum). ValueError when weights cannot be made shares or a group with
    weight has no rate.
    """
    w0, w1 = _shares(weights_before), _shares(weights_after)
    r0, r1 = np.asarray(rates_before, float), np.asarray(rates_after, float)
    if not w0.shape == w1.shape == r0.shape == r1.shape:
        raise ValueError("weights and rates have one number per group")
    if np.isnan(r0[w0 > 0]).any() or np.isnan(r1[w1 > 0]).any():
        raise ValueError("a group with weight needs a rate")
    absent = np.where(np.isnan(r1), 0.0, r1), np.where(np.isnan(r0), 0.0, r0)
    r0, r1 = np.where(w0 > 0, r0, absent[0]), np.where(w1 > 0, r1, absent[1])
    pooled = 0.5 * (w0 @ r0 + w1 @ r1)
    rate = 0.5 * (w0 + w1) * (r1 - r0)
    mix = (w1 - w0) * (0.5 * (r0 + r1) - pooled)
    return MixAndRate(float(w1 @ r1 - w0 @ r0), float(mix.sum()), float(rate.sum()), mix, rate)


def _shares(weights: ArrayLike) -> Floats:
    w = np.asarray(weights, float)
    if w.ndim != 1 or not np.all(np.isfinite(w)) or np.any(w < 0) or w.sum() <= 0:
        raise ValueError("weights are finite, not negative and not all zero")
    return np.asarray(w / w.sum())


def kitagawa_bounds(
    *, successes_before: ArrayLike, trials_before: ArrayLike, successes_after: ArrayLike, trials_after: ArrayLike,
    level: float = 0.90, seed: int = 0, draws: int = 4000,
) -> Floats:
    """Intervals of ``change``, ``mix``, ``rate`` and of the ratio after / before: shape (4, 2), low and high.

    Rates are drawn from Beta and weights from Dirichlet posteriors (Jeffreys); a group absent in one
    period keeps weight 0 there and the other period's rate, as in ``kitagawa``.
    """
    k0, n0, k1, n1 = (np.asarray(x, float) for x in (successes_before, trials_before, successes_after, trials_after))
    rng = np.random.default_rng(seed)
    rates = [rng.beta(k + 0.5, n - k + 0.5, size=(draws, n.size)) for k, n in ((k0, n0), (k1, n1))]
    r0, r1 = np.where(n0 > 0, rates[0], rates[1]), np.where(n1 > 0, rates[1], rates[0])
    gammas = [np.where(n > 0, rng.gamma(n + 0.5, size=(draws, n.size)), 0.0) for n in (n0, n1)]
    w0, w1 = (g / g.sum(axis=1, keepdims=True) for g in gammas)
    rate = (0.5 * (w0 + w1) * (r1 - r0)).sum(axis=1)
    mix = ((w1 - w0) * 0.5 * (r0 + r1)).sum(axis=1)
    tail = (1 - level) / 2
    ratio = (w1 * r1).sum(axis=1) / (w0 * r0).sum(axis=1)
    return np.asarray(np.quantile(np.column_stack([mix + rate, mix, rate, ratio]), [tail, 1 - tail], axis=0).T)
