"""Pull-forward: how much of what a promotion sold would have been sold anyway, only later."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import statsmodels.api as sm
from numpy.typing import ArrayLike, NDArray
from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

Floats = NDArray[np.float64]
Bounds = tuple[float, float, float]
"""Value, low, high."""

FEWEST_WEEKS = 26
"""Weeks outside promotion and aftermath below which there is no level to compare with."""
FEWEST_SOLD = 20.0
"""Units expected during the promotion below which its weeks are too few to tell."""
DRAWS = 4000


@dataclass(frozen=True)
class PullForward:
    """``during`` and ``after``: share more (less) sold than expected then; ``extra`` units won and ``missing`` units lost after.

    ``pulled`` is missing ÷ extra, the share of the extra that was borrowed (0 where more was sold afterwards too); None unless
    extra is surely positive. ``net`` is
    extra − missing. ``money`` is the change of what the service brought in those weeks, in the unit of the prices; without it 0.
    ``dispersion`` is variance over mean of a week. All but the last are (value, low, high).
    """

    during: Bounds
    after: Bounds
    extra: Bounds
    missing: Bounds
    net: Bounds
    pulled: Bounds | None
    money: Bounds
    dispersion: float


def pull_forward(
    units: ArrayLike, during: ArrayLike, after: ArrayLike, *, control: ArrayLike | None = None, price: float = 0.0,
    promotion_price: float = 0.0, level: float = 0.90, seed: int = 0,
) -> PullForward | None:
    """Units of a service by week, y ~ Poisson(φ) with ln μ = ln control + a + b·t + d·during + e·after, by quasi-likelihood.

    ``units`` (T,) in weeks in order; ``during`` and ``after`` (T,) the part of each week that lay in the promotion and in the weeks
    after it; ``control`` (T,) units of the same service where there was no promotion: growth and season common to both
    drop out. Without it the level may bend (b·t + c·t²). Dispersion φ ≥ 1 by Pearson (McCullagh & Nelder 1989, § 4.5). Bounds
    from normal draws of the coefficients. None with too few weeks or units. What it cannot see: other things that
    happened in the same weeks in this place only, and sales lost by other services.
    """
    y, d, e = (np.asarray(x, float) for x in (units, during, after))
    base = np.ones(len(y)) if control is None else np.asarray(control, float)
    known = (base > 0) & np.isfinite(y)
    y, d, e, base = y[known], d[known], e[known], base[known]
    apart = (d == 0) & (e == 0)
    # a span in which nothing was sold has no logarithm to estimate
    if apart.sum() < FEWEST_WEEKS or min(y[part].sum() for part in (d > 0, e > 0)) <= 0 or y[apart].sum() < FEWEST_SOLD:
        return None
    t = np.arange(len(y)) / 52 - len(y) / 104
    shape = [np.ones(len(y)), t] + ([t**2] if control is None else [])
    design = np.column_stack([*shape, d, e])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PerfectSeparationWarning)  # weeks without any noise are fitted exactly, and well
        fit = sm.GLM(y, design, family=sm.families.Poisson(), offset=np.log(base)).fit(scale="X2")
    phi = max(float(fit.scale), 1.0)
    draws = np.random.default_rng(seed).multivariate_normal(fit.params, fit.normalized_cov_params * phi, DRAWS)
    coefficients = np.vstack([fit.params, draws])
    plain = base[:, None] * np.exp(design[:, : len(shape)] @ coefficients[:, : len(shape)].T)
    rise, fall = coefficients[:, -2], coefficients[:, -1]
    if (plain[:, 0] * d).sum() < FEWEST_SOLD:
        return None
    extra = (plain * np.expm1(np.outer(d, rise))).sum(axis=0)
    missing = -(plain * np.expm1(np.outer(e, fall))).sum(axis=0)
    sold = (plain * d[:, None] * np.exp(np.outer(d, rise))).sum(axis=0)
    money = extra * promotion_price - (sold - extra) * (price - promotion_price) - missing * price
    bounds = [_bounds(values, level) for values in (np.expm1(rise), np.expm1(fall), extra, missing, extra - missing, money)]
    won = extra > 0
    pulled = _bounds(np.maximum(missing[won] / extra[won], 0.0), level) if bounds[2][1] > 0 else None
    return PullForward(bounds[0], bounds[1], bounds[2], bounds[3], bounds[4], pulled, bounds[5], phi)


def _bounds(values: Floats, level: float) -> Bounds:
    """The first value, and the central interval of the draws after it."""
    low, high = np.quantile(values[1:], [(1 - level) / 2, (1 + level) / 2])
    return float(values[0]), min(float(low), float(values[0])), max(float(high), float(values[0]))
