"""How often a patient will still come: BG/NBD, MBG/NBD and Pareto/NBD. The only door to ``lifetimes``.

lifetimes fits; likelihoods, expectations and paths are written out in ``beta_geometric`` and ``pareto_nbd``,
because lifetimes scales time before it reports a likelihood, has no error for Pareto/NBD and knows no process
uncertainty. Time is in WEEKS everywhere. Nothing here handles season or contact.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from audit.models.beta_geometric import BetaGeometric
from audit.models.histories import Floats, Histories, Paths
from audit.models.pareto_nbd import ParetoNbd

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from lifetimes import BetaGeoFitter, GammaGammaFitter, ModifiedBetaGeoFitter, ParetoNBDFitter
    from lifetimes.utils import ConvergenceError

Family = Literal["BG/NBD", "MBG/NBD", "Pareto/NBD"]

FAMILIES: tuple[Family, ...] = ("BG/NBD", "MBG/NBD", "Pareto/NBD")
LADDER = (0.0, 1e-4, 1e-3, 1e-2, 1e-1)
"""Penalties tried until the fit converges; needing one is evidence against the model."""
NAMES = ["r", "alpha", "a", "b"]
COARSE_WEEKS = 8
"""Width of the cells of the first, rough fit that gives the full fit its start."""
PARETO_START = (0.5, 0.05, 0.5, 0.05)
"""r, α, s, β (in units of the longest age): a few visits a patient, half of them gone within the records."""
RESTARTS, SIMPLEX, STEPS = 2, 0.02, 250
"""Nelder–Mead is started again from where it stopped, with a small simplex, until it stands at the optimum; a search
that does not end soon runs along a ridge (nobody leaves, all come alike) and would go on for minutes."""
PARETO_LADDER = (0.0,)
"""Pareto/NBD has the other families beside it: what does not converge nearly at once is left to them."""
FAR = 20.0
"""A shape, or a scale in the longest ages seen, beyond which the search has left for a corner of the model."""
NEAR = 0.01
"""Largest squared distance from the optimum, in standard errors, of a fit that counts as converged (a tenth of one)."""
FAILURES = (ConvergenceError, np.linalg.LinAlgError, ValueError, TypeError, FloatingPointError)


class Law(Protocol):
    """What every family of repeat buying can say; (C,) per history, ``weeks`` ahead."""

    @property
    def parameters(self) -> Floats:
        """The four parameters."""

    def moved(self, step: Floats) -> Law:
        """The law with ``step`` (4,) added to the logarithms of its parameters."""

    def log_likelihood(self, h: Histories) -> float:
        """Sum over patients, in raw weeks: comparable between families."""

    def alive(self, h: Histories) -> Floats:
        """P(the patient has not left)."""

    def expected(self, h: Histories, weeks: float) -> Floats:
        """E[visits in the next ``weeks``]."""

    def returns(self, h: Histories, weeks: float) -> Floats:
        """P(at least one visit in the next ``weeks``)."""

    def expected_new(self, weeks: npt.ArrayLike) -> Floats:
        """E[repeat visits within ``weeks`` of the first visit] of a new patient."""

    def simulate_new(self, age: npt.ArrayLike, rng: np.random.Generator) -> Paths:
        """Repeat visits of new patients watched for ``age`` (N,) weeks."""

    def simulate_ahead(self, h: Histories, weeks: float, rng: np.random.Generator) -> Paths:
        """Visits in the next ``weeks`` of known patients."""


@dataclass(frozen=True)
class Fit:
    """A fitted ``law``; ``covariance`` (4, 4) is of the logarithms of its parameters.

    ``penalizer`` > 0 when the likelihood alone did not converge; ``log_likelihood`` is of the raw weeks.
    """

    family: Family
    law: Law
    covariance: Floats
    penalizer: float
    log_likelihood: float

    @property
    def parameters(self) -> Floats:
        """The four parameters of the law."""
        return self.law.parameters

    def drawn(self, rng: np.random.Generator) -> Law:
        """The law with parameters drawn from the uncertainty of the estimates."""
        size, direction = np.linalg.eigh(self.covariance)
        # A direction the likelihood is flat in (nobody leaves: a, b → 0) does not move expectations near the
        # estimate, but would far from it: at most a factor e per standard deviation.
        return self.law.moved(direction @ (np.sqrt(np.clip(size, 0, 1)) * rng.standard_normal(4)))


def fit(family: Family, histories: Histories) -> Fit | None:
    """Maximum likelihood through lifetimes, climbing ``LADDER``; None when even the last step fails."""
    one = _pareto if family == "Pareto/NBD" else _beta_geometric
    if not histories.repeaters:
        return None
    for penalizer in PARETO_LADDER if family == "Pareto/NBD" else LADDER:
        try:
            with quiet():
                law, covariance = one(family, histories, penalizer)
        except FAILURES:
            continue
        spread = np.linalg.eigvalsh(covariance) if np.isfinite(covariance).all() else np.array([-1.0])
        if np.isfinite(law.parameters).all() and (law.parameters > 0).all() and spread.min() > 0:
            return Fit(family, law, covariance, penalizer, law.log_likelihood(histories))
    return None


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """lifetimes prints its optimiser's record and changes warning filters when it fails: neither gets out."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def _beta_geometric(family: Family, h: Histories, penalizer: float) -> tuple[Law, Floats]:
    """A rough fit gives start and curvature, so that the full one needs a few steps instead of twenty."""
    fitter = BetaGeoFitter if family == "BG/NBD" else ModifiedBetaGeoFitter
    rough, begin = _coarse(h), {}
    if len(rough) < len(h) / 4:  # else the detour costs more than the steps it saves
        begun = fitter(penalizer).fit(rough.frequency, rough.recency, rough.age, weights=rough.weight)
        logs = np.log(begun.params_[NAMES].to_numpy(float) * [1, 1 / h.age.max(), 1, 1])
        begin = {"initial_params": logs, "hess_inv0": _symmetric(np.linalg.inv(begun._hessian_))}
    try:
        found = fitter(penalizer).fit(h.frequency, h.recency, h.age, weights=h.weight, **begin)
    except FAILURES:
        found = fitter(penalizer).fit(h.frequency, h.recency, h.age, weights=h.weight)
    r, alpha, a, b = (float(value) for value in found.params_[NAMES])
    covariance = _symmetric(np.linalg.inv(found._hessian_)) / h.weight.sum()
    return BetaGeometric(r, alpha, a, b, int(family == "MBG/NBD")), covariance


def _symmetric(matrix: Floats) -> Floats:
    return (matrix + matrix.T) / 2


def _coarse(h: Histories) -> Histories:
    """Mean histories of patients with the same x and the same ``COARSE_WEEKS`` of t_x and T."""
    wide = int(h.age.max() // COARSE_WEEKS) + 1
    keys = (h.frequency * wide + h.recency // COARSE_WEEKS) * wide + h.age // COARSE_WEEKS
    _, place = np.unique(keys.astype(np.int64), return_inverse=True)
    weight: Floats = np.bincount(place, weights=h.weight).astype(float)
    x, tx, t = (np.bincount(place, weights=h.weight * part) / weight for part in (h.frequency, h.recency, h.age))
    return Histories(np.round(x), tx, t, weight)


def _pareto(family: Family, h: Histories, penalizer: float) -> tuple[Law, Floats]:
    """lifetimes starts Pareto/NBD at random and stops early: here from a fixed point, and again until it stands."""
    longest = h.age.max()
    unit = np.array([1, longest, 1, longest])
    start = np.array(PARETO_START)
    for part, size in ((_coarse(h), 0.2), (_coarse(h), 0.2), *[(h, SIMPLEX)] * RESTARTS):
        corners = start * (1 + size * np.vstack([np.zeros(4), np.eye(4)]))
        found = ParetoNBDFitter(penalizer).fit(
            part.frequency, part.recency, part.age, weights=part.weight, initial_params=start,
            initial_simplex=corners, xatol=1e-5, fatol=5e-3 / h.patients, maxiter=STEPS,
        )
        start = found.params_[["r", "alpha", "s", "beta"]].to_numpy(float) / unit
        if not (start < FAR).all():
            raise ConvergenceError("nobody leaves, or all patients come alike")
        if part is not h:
            continue
        law = ParetoNbd(*(float(value) for value in start * unit))
        gradient, hessian = _curvature(law, h)
        covariance: Floats = np.asarray(np.linalg.inv(hessian), float)
        if penalizer or 0 <= gradient @ covariance @ gradient < NEAR:
            return law, covariance
    raise ConvergenceError("the likelihood still rises")


def _curvature(law: Law, h: Histories, step: float = 1e-3) -> tuple[Floats, Floats]:
    """Gradient (4,) and Hessian (4, 4) of minus the log-likelihood in the logarithms of the parameters."""
    unit = step * np.eye(4)

    def loss(move: Floats) -> float:
        return -law.moved(move).log_likelihood(h)

    centre = loss(np.zeros(4))
    ahead, back = (np.array([loss(sign * unit[i]) for i in range(4)]) for sign in (1, -1))
    hessian = np.diag((ahead - 2 * centre + back) / step**2)
    for i, j in zip(*np.triu_indices(4, 1), strict=True):
        both = loss(unit[i] + unit[j]) + loss(-unit[i] - unit[j])
        hessian[i, j] = hessian[j, i] = (both - ahead[i] - back[i] - ahead[j] - back[j] + 2 * centre) / (2 * step**2)
    return (ahead - back) / (2 * step), hessian


def fit_spend(frequency: Floats, spend: Floats, weight: Floats, start: Floats | None = None) -> Any:
    """p, q, γ (3,) of Gamma-Gamma by lifetimes, or None; ``spend`` best near 1, where it starts from."""
    for first in (start, None):
        try:
            with quiet():
                fitter = GammaGammaFitter().fit(frequency, spend, weights=weight, initial_params=first)
            return fitter.params_[["p", "q", "v"]].to_numpy(float)
        except FAILURES:
            continue
    return None
