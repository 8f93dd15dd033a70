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


def additive_variance(z: npt.ArrayLike, s: npt.ArrayLike, trim: float = 0.1) -> float:
    """Variance between units beyond chance, τ² (Spiegelhalter et al. 2012, additive random effects).

    ``z`` (D,) are deviations in standard errors ``s`` (D,); the outer ``trim`` on either side is winsorised,
    so that a few unusual units do not hide themselves.
    """
    z, w = np.asarray(z, float), 1 / np.asarray(s, float) ** 2
    low, high = np.quantile(z, [trim, 1 - trim])
    phi, d = float((np.clip(z, low, high) ** 2).mean()), len(z)
    return max(0.0, (d * phi - (d - 1)) / (w.sum() - (w**2).sum() / w.sum()))


def outside(rate: npt.ArrayLike, n: npt.ArrayLike, centre: float, level: float = 0.998) -> npt.NDArray[np.bool_]:
    """Which of the shares ``rate`` (D,) of ``n`` (D,) cases lie outside the limits of chance; never a NaN."""
    rate, n = np.asarray(rate, float), np.asarray(n, float)
    sd = np.sqrt(centre * (1 - centre) / np.where(n > 0, n, np.nan))
    return np.abs(rate - centre) > stats.norm.ppf((1 + level) / 2) * sd


def _around(centre: float, s: Floats, level: float) -> tuple[Floats, Floats]:
    half = stats.norm.ppf((1 + level) / 2) * s
    return np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)
