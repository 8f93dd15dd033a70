"""Limits of a funnel plot: how far units of each size stray by chance, and by the usual difference between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]

FEWEST_UNITS = 8
"""Below this many units the usual difference between them cannot be estimated."""


@dataclass(frozen=True)
class FunnelLimits:
    """Limits at sizes ``n`` (L,): 95 % ``near``, 99.8 % ``wide``, both by chance alone.

    ``usual`` is the 99.8 % limit widened by ``tau``, the usual standard deviation between units; None when
    there are fewer than ``FEWEST_UNITS`` or they differ no more than chance.
    """

    n: Floats
    near: tuple[Floats, Floats]
    wide: tuple[Floats, Floats]
    usual: tuple[Floats, Floats] | None
    tau: float


def funnel_limits(rate: npt.ArrayLike, n: npt.ArrayLike, centre: float, *, points: int = 160) -> FunnelLimits:
    """Limits for shares ``rate`` (D,) of ``n`` (D,) cases around ``centre`` (Spiegelhalter 2005).

    Chance: Wilson's score limits inverted, i.e. centre ± z √(centre(1−centre)/n), cut to 0 … 1.
    """
    rate, n = np.asarray(rate, float), np.asarray(n, float)
    known = np.isfinite(rate) & (n > 0)
    at = np.linspace(max(float(n[known].min(initial=np.inf)) * 0.5, 2.0) if known.any() else 2.0,
                     float(n.max(initial=10)) * 1.1, points)
    s = np.sqrt(centre * (1 - centre) / at)
    tau = 0.0
    if known.sum() >= FEWEST_UNITS and 0 < centre < 1:
        own = np.sqrt(centre * (1 - centre) / n[known])
        tau = np.sqrt(additive_variance((rate[known] - centre) / own, own))
    return FunnelLimits(at, _around(centre, s, 0.95), _around(centre, s, 0.998),
                        _around(centre, np.sqrt(s**2 + tau**2), 0.998) if tau else None, float(tau))


def additive_variance(z: npt.ArrayLike, s: npt.ArrayLike, trim: float = 0.1, *, truncate: bool = False) -> float:
    """Variance between units beyond chance, τ² (Spiegelhalter et al. 2012, additive random effects).

    ``z`` (D,) are deviations in standard errors ``s`` (D,); the outer ``trim`` on either side is winsorised
    (as the Care Quality Commission does) or, with ``truncate``, left out (as the SHMI does), so that a few
    unusual units do not hide themselves.
    """
    off, own = np.asarray(z, float), np.asarray(s, float)
    if truncate:
        out = max(int(trim * len(off)), 1)  # of few units one on either side, or an unusual one hides itself
        kept = np.argsort(off, kind="stable")[out : len(off) - out]
        off, own = off[kept], own[kept]
    else:
        off = np.clip(off, *np.quantile(off, [trim, 1 - trim]))
    w, phi, d = 1 / own**2, float((off**2).mean()), len(off)
    return max(0.0, (d * phi - (d - 1)) / (w.sum() - (w**2).sum() / w.sum()))


@dataclass(frozen=True)
class RatioFunnel:
    """Limits of observed over expected at sizes ``expected`` (L,): 95 % ``near`` and 99.8 % ``wide`` by chance.

    ``usual`` as in FunnelLimits. ``beyond`` (D,) is +1 for units above the widest limit drawn, −1 below, 0 inside.
    """

    expected: Floats
    near: tuple[Floats, Floats]
    wide: tuple[Floats, Floats]
    usual: tuple[Floats, Floats] | None
    tau: float
    beyond: npt.NDArray[np.int_]


def ratio_funnel(
    observed: npt.ArrayLike, expected: npt.ArrayLike, *, dispersion: float = 1.0, points: int = 160
) -> RatioFunnel:
    """Limits for ratios of counts ``observed`` (D,) over ``expected`` (D,) around 1 (Spiegelhalter 2005).

    Chance: exact Poisson limits of the expected count, which ``dispersion`` (variance over mean of one case)
    makes worth so many times less. The usual difference is added on the log scale, truncated as the SHMI does:
    limits exp(± z √(s² + τ²)), s² = dispersion / expected.
    """
    o, e = np.asarray(observed, float), np.asarray(expected, float)
    known = np.isfinite(o) & (e > 0)
    at = np.linspace(max(float(e[known].min(initial=np.inf)) * 0.5, 2.0) if known.any() else 2.0,
                     float(e[known].max(initial=10)) * 1.1, points)
    tau = 0.0
    if known.sum() >= FEWEST_UNITS:
        own = np.sqrt(dispersion / e[known])
        tau = np.sqrt(additive_variance(np.log(np.maximum(o[known], 0.5) / e[known]) / own, own, truncate=True))
    widest = _log_limits(e, dispersion, tau) if tau else _poisson(e, dispersion, 0.998)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(known, o / e, 1.0)
    beyond = np.where(ratio > widest[1], 1, np.where(ratio < widest[0], -1, 0))
    return RatioFunnel(at, _poisson(at, dispersion, 0.95), _poisson(at, dispersion, 0.998),
                       _log_limits(at, dispersion, tau) if tau else None, float(tau), np.where(known, beyond, 0))


def _poisson(expected: Floats, dispersion: float, level: float) -> tuple[Floats, Floats]:
    size = np.where(expected > 0, expected, np.nan) / dispersion
    tail = (1 - level) / 2
    return stats.chi2.ppf(tail, 2 * size) / 2 / size, stats.chi2.ppf(1 - tail, 2 * (size + 1)) / 2 / size


def _log_limits(expected: Floats, dispersion: float, tau: float) -> tuple[Floats, Floats]:
    half = stats.norm.ppf(0.999) * np.sqrt(dispersion / np.where(expected > 0, expected, np.nan) + tau**2)
    return np.exp(-half), np.exp(half)


def outside(rate: npt.ArrayLike, n: npt.ArrayLike, centre: float, level: float = 0.998, *, tau: float = 0.0) -> npt.NDArray[np.bool_]:
    """Which of the shares ``rate`` (D,) of ``n`` (D,) cases lie outside the limits of chance; never a NaN.

    ``tau`` is the usual standard deviation between units, by which the limits are widened.
    """
    rate, n = np.asarray(rate, float), np.asarray(n, float)
    if not 0 < centre < 1:  # all do or none does: there is no chance to stray from
        return np.zeros(rate.shape, bool)
    sd = np.sqrt(centre * (1 - centre) / np.where(n > 0, n, np.nan))
    return np.abs(rate - centre) > stats.norm.ppf((1 + level) / 2) * np.hypot(sd, tau)


def _around(centre: float, s: Floats, level: float) -> tuple[Floats, Floats]:
    half = stats.norm.ppf((1 + level) / 2) * s
    return np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)
