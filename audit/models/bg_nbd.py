"""BG/NBD and MBG/NBD: how often a patient will still come. The only door to ``lifetimes``.

A patient comes at random times at an own rate λ and, after each visit, leaves for good with an own chance
p; rates are Gamma(r, α) and chances Beta(a, b) over patients (Fader, Hardie & Lee 2005). MBG lets a patient
leave right after the first visit as well (Batislam et al. 2007). Time is in WEEKS everywhere.

lifetimes fits; likelihood, expectations and paths are written out here, because lifetimes scales time
before it reports a likelihood and knows no process uncertainty. Nothing here handles season or contact.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from lifetimes import BetaGeoFitter, ModifiedBetaGeoFitter
    from lifetimes.utils import ConvergenceError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Family = Literal["BG/NBD", "MBG/NBD"]

LADDER = (0.0, 1e-4, 1e-3, 1e-2, 1e-1)
"""Penalties tried until the fit converges; needing one is evidence against the model."""


@dataclass(frozen=True)
class Histories:
    """Cells of patients with (nearly) the same history.

    ``frequency`` repeat visit-days x, ``recency`` weeks from the first to the last visit t_x, ``age`` weeks
    from the first visit to the cut-off T, ``weight`` patients in the cell; (C,) each. ``cell`` (N,) gives
    the cell of each patient.
    """

    frequency: Floats
    recency: Floats
    age: Floats
    weight: Floats
    cell: Ints

    @property
    def patients(self) -> int:
        """Number of patients."""
        return int(self.weight.sum())

    @property
    def repeaters(self) -> int:
        """Patients with at least one repeat visit-day."""
        return int(self.weight[self.frequency > 0].sum())


@dataclass(frozen=True)
class Fit:
    """Fitted parameters; ``covariance`` (4, 4) is of their logarithms, ``log_likelihood`` of the raw weeks.

    ``penalizer`` > 0 when the likelihood alone did not converge.
    """

    family: Family
    r: float
    alpha: float
    a: float
    b: float
    covariance: Floats
    penalizer: float
    log_likelihood: float

    @property
    def parameters(self) -> Floats:
        """(r, α, a, b)."""
        return np.array([self.r, self.alpha, self.a, self.b])

    @property
    def first_chance(self) -> int:
        """1 when a patient may leave after the first visit too (MBG), else 0."""
        return int(self.family == "MBG/NBD")

    def drawn(self, rng: np.random.Generator) -> Fit:
        """A fit with parameters drawn from the uncertainty of the estimates."""
        size, direction = np.linalg.eigh(self.covariance)
        # A direction the likelihood is flat in (nobody leaves: a, b → 0) does not move expectations near the
        # estimate, but would far from it: at most a factor e per standard deviation.
        step = direction @ (np.sqrt(np.clip(size, 0, 1)) * rng.standard_normal(4))
        r, alpha, a, b = (float(value) for value in self.parameters * np.exp(step))
        return replace(self, r=r, alpha=alpha, a=a, b=b)


@dataclass(frozen=True)
class Paths:
    """Simulated repeat visits: ``owner`` (E,) index of the patient or cell, ``time`` (E,) in weeks."""

    owner: Ints
    time: Floats


def summarise(*, first: npt.ArrayLike, owner: npt.ArrayLike, day: npt.ArrayLike, end: int) -> tuple[Histories, Ints]:
    """Histories at day ``end`` (exclusive) of the patients whose first day lies before it, and who they are.

    ``first`` (N,) is each patient's first day as a whole number, ``owner`` and ``day`` (E,) are all
    visit-days, at most one per patient and day; the first one is not a repeat. Cells hold patients with the
    same x and the same week of t_x and T, with their mean t_x and T: as good as single patients
    (parameters within half a standard error), a tenth of the work.
    """
    first, owner, day = (np.asarray(part, np.int64) for part in (first, owner, day))
    base = np.flatnonzero(first < end)
    repeat = (day > first[owner]) & (day < end)
    x = np.bincount(owner[repeat], minlength=len(first))[base]
    last = first.copy()
    np.maximum.at(last, owner[repeat], day[repeat])
    recency, age = (last[base] - first[base]) / 7, (end - first[base]) / 7
    return cells(frequency=x, recency=recency, age=age), base


def cells(*, frequency: npt.ArrayLike, recency: npt.ArrayLike, age: npt.ArrayLike) -> Histories:
    """Group patients (N,) by x, week of t_x and week of T."""
    parts = [np.asarray(part, float) for part in (frequency, recency, age)]
    frame = pd.DataFrame(dict(zip(("x", "tx", "T"), parts, strict=True))).sort_values(["x", "tx", "T"], kind="stable")
    keys = [frame["x"], np.floor(frame["tx"]).rename("week_tx"), np.floor(frame["T"]).rename("week_T")]
    grouped = frame.groupby(keys, sort=True)
    means = grouped[["x", "tx", "T"]].mean()
    return Histories(
        means["x"].to_numpy(), means["tx"].to_numpy(), means["T"].to_numpy(),
        grouped.size().to_numpy(float), grouped.ngroup().sort_index().to_numpy(np.int64),
    )


def fit(family: Family, histories: Histories) -> Fit | None:
    """Maximum likelihood through lifetimes, climbing ``LADDER``; None when even the last step fails."""
    h = histories
    for penalizer in LADDER:
        fitter = (BetaGeoFitter if family == "BG/NBD" else ModifiedBetaGeoFitter)(penalizer_coef=penalizer)
        try:
            # lifetimes prints its optimiser's record and changes warning filters when it fails.
            with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                fitter.fit(h.frequency, h.recency, h.age, weights=h.weight)
            covariance = np.linalg.inv(fitter._hessian_) / h.weight.sum()
        except (ConvergenceError, np.linalg.LinAlgError, ValueError, TypeError):
            continue
        values = fitter.params_[["r", "alpha", "a", "b"]].to_numpy(float)
        spread = np.linalg.eigvalsh((covariance + covariance.T) / 2) if np.isfinite(covariance).all() else np.array([-1.0])
        if np.isfinite(values).all() and spread.min() > 0:
            r, alpha, a, b = (float(value) for value in values)
            made = Fit(family, r, alpha, a, b, (covariance + covariance.T) / 2, penalizer, np.nan)
            return replace(made, log_likelihood=log_likelihood(made, h))
    return None


def log_likelihood(model: Fit, histories: Histories) -> float:
    """Sum over patients of eq. 6 of Fader, Hardie & Lee (2005), in weeks: comparable between families."""
    h, (r, alpha, a, b), more = histories, model.parameters, model.first_chance
    x, chances = h.frequency, h.frequency + more
    shared = special.gammaln(r + x) - special.gammaln(r) + r * np.log(alpha)
    stays = special.betaln(a, b + chances) - special.betaln(a, b) - (r + x) * np.log(alpha + h.age)
    left = np.full(len(x), -np.inf)
    could = chances > 0
    left[could] = (
        special.betaln(a + 1, b + chances[could] - 1) - special.betaln(a, b)
        - (r + x[could]) * np.log(alpha + h.recency[could])
    )
    return float(h.weight @ (shared + np.logaddexp(stays, left)))


def alive(model: Fit, histories: Histories) -> Floats:
    """P(the patient has not left) in each cell (Fader, Hardie & Lee, note 021)."""
    h, (r, alpha, a, b), chances = histories, model.parameters, histories.frequency + model.first_chance
    odds = np.zeros(len(chances))
    could = chances > 0
    ratio = (r + h.frequency[could]) * np.log((alpha + h.age[could]) / (alpha + h.recency[could]))
    odds[could] = np.exp(np.minimum(np.log(a) - np.log(b + chances[could] - 1) + ratio, 700))
    return 1 / (1 + odds)


def expected(model: Fit, histories: Histories, weeks: float) -> Floats:
    """E[visits in the next ``weeks`` | x, t_x, T] per patient of each cell (their eq. 10)."""
    h, (r, alpha, a, b) = histories, model.parameters
    return alive(model, h) * _while_alive(r + h.frequency, alpha + h.age, a, b + h.frequency + model.first_chance, weeks)


def expected_new(model: Fit, weeks: npt.ArrayLike) -> Floats:
    """E[repeat visits within ``weeks`` of the first visit] of a new patient (their eq. 9); 0 for weeks ≤ 0."""
    r, alpha, a, b = model.parameters
    t = np.maximum(np.asarray(weeks, float), 0.0)
    stays = b / (a + b) if model.first_chance else 1.0
    return stays * _while_alive(np.full(t.shape, r), np.full(t.shape, alpha), a, np.full(t.shape, b + model.first_chance), t)


def simulate_new(model: Fit, age: npt.ArrayLike, rng: np.random.Generator) -> Paths:
    """Repeat visits of new patients watched for ``age`` (N,) weeks."""
    age = np.asarray(age, float)
    rate = rng.gamma(model.r, 1 / model.alpha, len(age))
    leaves = np.clip(rng.beta(model.a, model.b, len(age)), 1e-12, 1)
    here = rng.random(len(age)) >= leaves * model.first_chance
    return _paths(np.flatnonzero(here), rate[here], leaves[here], age[here], rng)


def simulate_ahead(model: Fit, histories: Histories, weeks: float, rng: np.random.Generator) -> Paths:
    """Visits in the next ``weeks`` of known patients; ``owner`` is the index of the cell.

    Given the history, a patient who has not left has λ ~ Gamma(r+x, α+T) and p ~ Beta(a, b+x[+1]).
    """
    h = histories
    cell = np.repeat(np.arange(len(h.weight)), rng.binomial(h.weight.astype(np.int64), alive(model, h)))
    rate = rng.gamma(model.r + h.frequency[cell]) / (model.alpha + h.age[cell])
    leaves = np.clip(rng.beta(model.a, model.b + h.frequency[cell] + model.first_chance), 1e-12, 1)
    return _paths(cell, rate, leaves, np.full(len(cell), float(weeks)), rng)


def _paths(owner: Ints, rate: Floats, leaves: Floats, weeks: Floats, rng: np.random.Generator) -> Paths:
    """Poisson visits until the first after which the patient leaves (a geometric number of visits)."""
    came = rng.poisson(rate * weeks)
    until = rng.geometric(leaves)
    place = np.repeat(np.arange(len(owner)), came)
    time = rng.random(len(place)) * weeks[place]
    order = np.lexsort((time, place))
    place, time = place[order], time[order]
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
