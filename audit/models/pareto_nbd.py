"""Pareto/NBD: visits at random times until, at a random time, the patient is gone.

A patient comes at an own rate λ ~ Gamma(r, α) and leaves at an own rate μ ~ Gamma(s, β), whether or not
there was a visit (Schmittlein, Morrison & Colombo 1987). Time is in weeks.

The integrals over the moment of leaving are taken by Gauss–Legendre nodes in a variable in which the
integrand is nearly flat: they hold for any counts, where the hypergeometric forms of Fader & Hardie
(note 009) lose all digits, and serve as a check on them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from audit.models.histories import Floats, Histories, Paths, poisson_times

NODE, NODE_WEIGHT = np.polynomial.legendre.leggauss(32)
"""Nodes on (−1, 1): 32 give at least six digits for any history."""
ROWS_AT_ONCE = 50_000
"""Histories integrated together, so that a million of them need megabytes, not gigabytes."""


@dataclass(frozen=True)
class ParetoNbd:
    """The law with its parameters."""

    r: float
    alpha: float
    s: float
    beta: float

    @property
    def parameters(self) -> Floats:
        """(r, α, s, β)."""
        return np.array([self.r, self.alpha, self.s, self.beta])

    def moved(self, step: Floats) -> ParetoNbd:
        """The law with ``step`` (4,) added to the logarithms of its parameters."""
        r, alpha, s, beta = (float(value) for value in self.parameters * np.exp(step))
        return ParetoNbd(r, alpha, s, beta)

    def log_likelihood(self, h: Histories) -> float:
        """Sum over patients of eq. 18 of Fader & Hardie (note 009), in weeks: comparable between families."""
        r, alpha, x = self.r, self.alpha, h.frequency
        shared = special.gammaln(r + x) - special.gammaln(r) + r * np.log(alpha)
        return float(h.weight @ (shared + self._log_here(h) + np.log1p(self._odds_left(h))))

    def alive(self, h: Histories) -> Floats:
        """P(the patient has not left), (C,)."""
        return 1 / (1 + self._odds_left(h))

    def expected(self, h: Histories, weeks: float) -> Floats:
        """E[visits in the next ``weeks`` | x, t_x, T], (C,) (note 009, eq. 41)."""
        stay = (self.beta + h.age) * _shrinking(self.s - 1, weeks / (self.beta + h.age))
        return self.alive(h) * (self.r + h.frequency) / (self.alpha + h.age) * stay

    def returns(self, h: Histories, weeks: float) -> Floats:
        """P(at least one visit in the next ``weeks`` | x, t_x, T), (C,).

        The first visit after u weeks needs that the patient has not left by then:
        ∫ (r+x)/(A+u) (A/(A+u))^(r+x) (B/(B+u))^s du with A = α+T, B = β+T, over v = ln(1 + u/A).
        """
        a, b, shape = self.alpha + h.age, self.beta + h.age, self.r + h.frequency
        total, top = np.zeros(len(h)), np.log1p(weeks / a)
        for node, weight in zip(NODE, NODE_WEIGHT, strict=True):
            v = (node + 1) / 2 * top
            total += weight * shape * np.exp(-shape * v - self.s * np.log1p(a * np.expm1(v) / b))
        return self.alive(h) * total * top / 2

    def expected_new(self, weeks: npt.ArrayLike) -> Floats:
        """E[repeat visits within ``weeks`` of the first visit] of a new patient (note 009); 0 for weeks ≤ 0."""
        t = np.maximum(np.asarray(weeks, float), 0.0)
        return self.r / self.alpha * self.beta * _shrinking(self.s - 1, t / self.beta)

    def simulate_new(self, age: npt.ArrayLike, rng: np.random.Generator) -> Paths:
        """Repeat visits of new patients watched for ``age`` (N,) weeks."""
        age = np.asarray(age, float)
        rate = rng.gamma(self.r, 1 / self.alpha, len(age))
        return Paths(*poisson_times(rate, np.minimum(age, _lifetime(self.s, self.beta, len(age), rng)), rng))

    def simulate_ahead(self, h: Histories, weeks: float, rng: np.random.Generator) -> Paths:
        """Visits in the next ``weeks`` of known patients; ``owner`` is the index of the history.

        Given the history, a patient who has not left has λ ~ Gamma(r+x, α+T) and μ ~ Gamma(s, β+T).
        """
        who = np.repeat(np.arange(len(h)), rng.binomial(h.weight.astype(np.int64), self.alive(h)))
        rate = rng.gamma(self.r + h.frequency[who]) / (self.alpha + h.age[who])
        stays = np.minimum(weeks, _lifetime(self.s, self.beta + h.age[who], len(who), rng))
        place, time = poisson_times(rate, stays, rng)
        return Paths(who[place], time)

    def _log_here(self, h: Histories) -> Floats:
        """ln[(α+T)^−(r+x) (β/(β+T))^s]: still there at T."""
        return -(self.r + h.frequency) * np.log(self.alpha + h.age) - self.s * np.log1p(h.age / self.beta)

    def _odds_left(self, h: Histories) -> Floats:
        """Odds that the patient left between t_x and T: ∫ s/(β+y) ((β+T)/(β+y))^s ((α+T)/(α+y))^(r+x) dy."""
        parts = [slice(k, k + ROWS_AT_ONCE) for k in range(0, len(h), ROWS_AT_ONCE)]
        return np.concatenate([self._odds(h.frequency[p], h.recency[p], h.age[p]) for p in parts] or [np.empty(0)])

    def _odds(self, x: Floats, recency: Floats, age: Floats) -> Floats:
        """Over g = ln((α+y)/(α+t_x)), where the integrand falls no faster than e^(−(r+x+s)g).

        The nodes lie in u with g ∝ e^(cu) − 1: close together where a busy patient would have left, right
        after the last visit, and far apart in the silence that follows.
        """
        gap = np.log((self.alpha + age) / (self.alpha + recency))
        c = np.log1p((self.r + x + self.s) * gap) + 1e-9
        total = np.zeros(len(x))
        for node, weight in zip(NODE, NODE_WEIGHT, strict=True):
            u = (node + 1) / 2
            g = gap * np.expm1(c * u) / np.expm1(c)
            y = (self.alpha + recency) * np.exp(g) - self.alpha
            log = (
                (self.r + x) * (gap - g) + self.s * np.log((self.beta + age) / (self.beta + y))
                + np.log(self.s * (self.alpha + y) / (self.beta + y)) + c * u
            )
            total += weight / 2 * np.exp(np.minimum(log, 600))
        return total * gap * c / np.expm1(c)


def _lifetime(shape: float, scale: float | Floats, size: int, rng: np.random.Generator) -> Floats:
    """Weeks until patients with μ ~ Gamma(shape, scale) leave."""
    return rng.exponential(size=size) * scale / np.maximum(rng.gamma(shape, size=size), 1e-300)


def _shrinking(power: float, ratio: npt.ArrayLike) -> Floats:
    """(1 − (1+ratio)^−power) / power, also where the power is 0."""
    log = np.log1p(np.asarray(ratio, float))
    return log if abs(power) < 1e-9 else np.asarray(-np.expm1(-power * log) / power)
