"""Gamma-Gamma: what a patient spends per visit, given few visits (Fader & Hardie 2013, note 025).

A patient's visits cost Gamma(p, ν) each and ν varies over patients as Gamma(q, γ): the mean of a few visits
is pulled towards the mean of all. Assumes that spending has nothing to do with how often one comes.

lifetimes fits; the likelihood is written out here, because lifetimes gives no usable covariance, and so that
one checks the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from audit.models import bg_nbd
from audit.models.histories import Floats

CELL = 0.002
"""Patients with the same frequency whose spend differs by less than 0.2 % are fitted together, at their mean: a
million patients become some ten thousand cells, and no parameter moves by a ten-thousandth of its error."""


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
    unit, patients = float(np.median(m)), len(x)
    correlation = float(np.corrcoef(x, m)[0, 1]) if np.ptp(x) > 0 else 0.0
    x, m, weight = _cells(x, m / unit)
    found = bg_nbd.fit_spend(x, m, weight)
    if found is None or not (np.isfinite(found).all() and (found > 0).all()):
        return None
    logs = np.log(found)
    hessian = optimize.approx_fprime(logs, lambda at: _loss(at, x, m, weight)[1], 1e-5)
    curvature = (hessian + hessian.T) / 2
    if not np.isfinite(curvature).all() or np.linalg.eigvalsh(curvature).min() <= 0:
        return None
    p, q, gamma = (float(value) for value in found)
    total = float(-_loss(logs, x, m, weight)[0] * patients - patients * np.log(unit))
    return SpendFit(p, q, gamma * unit, np.linalg.inv(curvature) / patients, correlation, total)


def _cells(x: Floats, m: Floats) -> tuple[Floats, Floats, Floats]:
    """Frequency, mean spend and number of patients (C,) of cells of the same x and a spend within ``CELL``."""
    keys = np.column_stack([x, np.floor(np.log(m) / CELL + 0.5)])
    found, place = np.unique(keys, axis=0, return_inverse=True)
    weight = np.bincount(place.ravel()).astype(float)
    return found[:, 0], np.bincount(place.ravel(), weights=m) / weight, weight


def expected_spend(model: SpendFit, *, frequency: npt.ArrayLike, spend: npt.ArrayLike) -> Floats:
    """E[mean spend per visit | x, m] of each patient; the population mean where there is no repeat visit."""
    x = np.asarray(frequency, float)
    m = np.where(x > 0, np.nan_to_num(np.asarray(spend, float)), 0.0)
    return model.p * (model.gamma + x * m) / (model.p * x + model.q - 1)


def _loss(logs: Floats, x: Floats, m: Floats, weight: Floats) -> tuple[float, Floats]:
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
    share = weight / weight.sum()
    return -float(share @ value), -np.array([share @ by_p * p, share @ by_q * q, share @ by_g * g])
