"""Gamma-Gamma: what a patient spends per visit, given few visits (Fader & Hardie 2013, note 025).

A patient's visits cost Gamma(p, ν) each and ν varies over patients as Gamma(q, γ): the mean of a few visits
is pulled towards the mean of all. Assumes that spending has nothing to do with how often one comes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SpendFit:
    """Fitted p, q (no unit) and γ (money); ``correlation`` of frequency and spend among the patients fitted.

    ``covariance`` (3, 3) is of the logarithms of (p, q, γ).
    """

    p: float
    q: float
    gamma: float
    covariance: Floats
    correlation: float
    log_likelihood: float

    @property
    def mean(self) -> float:
        """Mean spend per visit over patients; infinite when q ≤ 1."""
        return self.p * self.gamma / (self.q - 1) if self.q > 1 else np.inf

    @property
    def is_usable(self) -> bool:
        """The mean exists and spending is about independent of frequency (|correlation| < 0.2)."""
        return self.q > 1 and abs(self.correlation) < 0.2


def fit(*, frequency: npt.ArrayLike, spend: npt.ArrayLike) -> SpendFit | None:
    """Maximum likelihood from patients (N,) with ``frequency`` paid repeat visits of mean ``spend`` > 0 each.

    Patients without repeat visits or with a spend ≤ 0 (refunded) are left out. None if it does not converge.
    """
    x, m = np.asarray(frequency, float), np.asarray(spend, float)
    used = (x > 0) & (m > 0) & np.isfinite(m)
    order = np.lexsort((m[used], x[used]))  # sums must not depend on who comes first
    x, m = x[used][order], m[used][order]
    if len(x) < 10 or np.ptp(m) == 0:
        return None
    unit = float(np.median(m))
    found = optimize.minimize(_loss, np.log([2.0, 2.0, 1.0]), args=(x, m / unit), jac=True, method="BFGS")
    hessian = optimize.approx_fprime(found.x, lambda logs: _loss(logs, x, m / unit)[1], 1e-5)
    covariance = (hessian + hessian.T) / 2
    if not np.isfinite(covariance).all() or np.linalg.eigvalsh(covariance).min() <= 0:
        return None
    p, q, gamma = np.exp(found.x)
    total = -float(found.fun) * len(x) - len(x) * np.log(unit)
    return SpendFit(
        p, q, gamma * unit, np.linalg.inv(covariance) / len(x),
        float(np.corrcoef(x, m)[0, 1]) if np.ptp(x) > 0 else 0.0, total,
    )


def expected_spend(model: SpendFit, *, frequency: npt.ArrayLike, spend: npt.ArrayLike) -> Floats:
    """E[mean spend per visit | x, m] of each patient; the population mean where there is no repeat visit."""
    x = np.asarray(frequency, float)
    m = np.where(x > 0, np.nan_to_num(np.asarray(spend, float)), 0.0)
    return model.p * (model.gamma + x * m) / (model.p * x + model.q - 1)


def _loss(logs: Floats, x: Floats, m: Floats) -> tuple[float, Floats]:
    """Mean negative log-likelihood (note 025, eq. 1a) and its gradient in (ln p, ln q, ln γ)."""
    p, q, g = np.exp(np.clip(logs, -20, 20))
    px, sum_ = p * x, g + x * m
    value = (
        special.gammaln(px + q) - special.gammaln(px) - special.gammaln(q)
        + q * np.log(g) + (px - 1) * np.log(m) + px * np.log(x) - (px + q) * np.log(sum_)
    )
    both = special.digamma(px + q)
    by_p = x * (both - special.digamma(px) + np.log(m) + np.log(x) - np.log(sum_))
    by_q = both - special.digamma(q) + np.log(g) - np.log(sum_)
    by_g = q / g - (px + q) / sum_
    return -float(value.mean()), -np.array([p * by_p.mean(), q * by_q.mean(), g * by_g.mean()])
