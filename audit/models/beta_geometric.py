"""BG/NBD and MBG/NBD: visits at random times, and after each a chance that it was the last.

A patient comes at an own rate λ ~ Gamma(r, α) and leaves after each visit with an own chance p ~ Beta(a, b)
(Fader, Hardie & Lee 2005). In MBG/NBD the first visit may be the last as well (Batislam et al. 2007); in
BG/NBD it cannot, so that every patient seen once counts as still there. Time is in weeks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from audit.models.histories import Floats, Histories, Ints, Paths, poisson_times


@dataclass(frozen=True)
class BetaGeometric:
    """The law with its parameters; ``first_chance`` is 1 when a patient may leave after the first visit (MBG)."""

    r: float
    alpha: float
    a: float
    b: float
    first_chance: int

    @property
    def parameters(self) -> Floats:
        """(r, α, a, b)."""
        return np.array([self.r, self.alpha, self.a, self.b])

    def moved(self, step: Floats) -> BetaGeometric:
        """The law with ``step`` (4,) added to the logarithms of its parameters."""
        r, alpha, a, b = (float(value) for value in self.parameters * np.exp(step))
        return BetaGeometric(r, alpha, a, b, self.first_chance)

    def log_likelihood(self, h: Histories) -> float:
        """Sum over patients of eq. 6 of Fader, Hardie & Lee (2005), in weeks: comparable between families."""
        r, alpha, a, b = self.parameters
        x, chances = h.frequency, h.frequency + self.first_chance
        shared = special.gammaln(r + x) - special.gammaln(r) + r * np.log(alpha)
        stays = special.betaln(a, b + chances) - special.betaln(a, b) - (r + x) * np.log(alpha + h.age)
        left = np.full(len(x), -np.inf)
        could = chances > 0
        left[could] = (
            special.betaln(a + 1, b + chances[could] - 1) - special.betaln(a, b)
            - (r + x[could]) * np.log(alpha + h.recency[could])
        )
        return float(h.weight @ (shared + np.logaddexp(stays, left)))

    def alive(self, h: Histories) -> Floats:
        """P(the patient has not left), (C,) (Fader, Hardie & Lee, note 021)."""
        (r, alpha, a, b), chances = self.parameters, h.frequency + self.first_chance
        odds = np.zeros(len(chances))
        could = chances > 0
        ratio = (r + h.frequency[could]) * np.log((alpha + h.age[could]) / (alpha + h.recency[could]))
        odds[could] = np.exp(np.minimum(np.log(a) - np.log(b + chances[could] - 1) + ratio, 700))
        return 1 / (1 + odds)

    def expected(self, h: Histories, weeks: float) -> Floats:
        """E[visits in the next ``weeks`` | x, t_x, T], (C,) (their eq. 10)."""
        r, alpha, a, b = self.parameters
        return self.alive(h) * _while_alive(r + h.frequency, alpha + h.age, a, b + h.frequency + self.first_chance, weeks)

    def returns(self, h: Histories, weeks: float) -> Floats:
        """P(at least one visit in the next ``weeks`` | x, t_x, T), (C,).

        Leaving follows a visit, so one who has not left stays until the next one: a Pareto waiting time.
        """
        return -self.alive(h) * np.expm1(-(self.r + h.frequency) * np.log1p(weeks / (self.alpha + h.age)))

    def expected_new(self, weeks: npt.ArrayLike) -> Floats:
        """E[repeat visits within ``weeks`` of the first visit] of a new patient (their eq. 9); 0 for weeks ≤ 0."""
        r, alpha, a, b = self.parameters
        t = np.maximum(np.asarray(weeks, float), 0.0)
        stays = b / (a + b) if self.first_chance else 1.0
        chances = np.full(t.shape, b + self.first_chance)
        return stays * _while_alive(np.full(t.shape, r), np.full(t.shape, alpha), a, chances, t)

    def simulate_new(self, age: npt.ArrayLike, rng: np.random.Generator) -> Paths:
        """Repeat visits of new patients watched for ``age`` (N,) weeks."""
        age = np.asarray(age, float)
        rate = rng.gamma(self.r, 1 / self.alpha, len(age))
        leaves = np.clip(rng.beta(self.a, self.b, len(age)), 1e-12, 1)
        here = np.flatnonzero(rng.random(len(age)) >= leaves * self.first_chance)
        return _until_left(here, rate[here], leaves[here], age[here], rng)

    def simulate_ahead(self, h: Histories, weeks: float, rng: np.random.Generator) -> Paths:
        """Visits in the next ``weeks`` of known patients; ``owner`` is the index of the history.

        Given the history, a patient who has not left has λ ~ Gamma(r+x, α+T) and p ~ Beta(a, b+x[+1]).
        """
        who = np.repeat(np.arange(len(h)), rng.binomial(h.weight.astype(np.int64), self.alive(h)))
        rate = rng.gamma(self.r + h.frequency[who]) / (self.alpha + h.age[who])
        leaves = np.clip(rng.beta(self.a, self.b + h.frequency[who] + self.first_chance), 1e-12, 1)
        return _until_left(who, rate, leaves, np.full(len(who), float(weeks)), rng)


def _until_left(owner: Ints, rate: Floats, leaves: Floats, weeks: Floats, rng: np.random.Generator) -> Paths:
    """Poisson visits until the first after which the patient leaves (a geometric number of visits)."""
    until = rng.geometric(leaves)
    place, time = poisson_times(rate, weeks, rng)
    came = np.bincount(place, minlength=len(owner))
    rank = np.arange(len(place)) - np.repeat(np.cumsum(came) - came, came)
    kept = rank < until[place]
    return Paths(owner[place[kept]], time[kept])


def _while_alive(shape: Floats, scale: Floats, a: float, b: Floats, weeks: npt.ArrayLike) -> Floats:
    """E[visits in ``weeks``] of a patient who has not left, λ ~ Gamma(shape, scale), p ~ Beta(a, b)."""
    t = np.asarray(weeks, float)
    c, z = a + b - 1, t / (scale + t)
    # Euler's transformation: 2F1(shape, b; c; z) = (1−z)^(c−shape−b) 2F1(c−shape, c−b; c; z); stable for large counts.
    with np.errstate(all="ignore"):
        direct = np.log(special.hyp2f1(shape, b, c, z)) + shape * np.log1p(-z)
        turned = np.log(special.hyp2f1(c - shape, c - b, c, z)) + (c - b) * np.log1p(-z)
        log = np.where(np.isfinite(direct), direct, turned)
        exact = c / (a - 1) * -np.expm1(log)
    # E[(1 − e^(−λpt))/p]: with nearly nobody leaving 2F1 has a pole, and the mean of p is as good as its spread.
    p = a / (a + b)
    p = np.maximum(p, 1e-300)
    plain = -np.expm1(-shape * np.log1p(p * t / scale)) / p
    return np.maximum(np.where((p > 1e-4) & np.isfinite(exact), exact, plain), 0.0)
