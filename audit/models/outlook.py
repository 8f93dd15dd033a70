"""Outlook: visits and money the known patients will still bring, if a model of repeat visits may speak."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audit.models import bg_nbd, gamma_gamma
from audit.models.bg_nbd import Fit
from audit.models.histories import Floats, Histories
from audit.models.repeat_visits import Check, Trial

DRAWS = 100
Told = tuple[float, float, float]


@dataclass(frozen=True)
class Base:
    """The known patients at the cut-off.

    ``cells`` are what the models are fitted on; ``known`` (N rows, weight 1) each patient's history, ``visits`` and
    ``paid`` (N,) the visits and the money of the repeat transactions so far.
    """

    cells: Histories
    known: Histories
    visits: Floats
    paid: Floats


@dataclass(frozen=True)
class Outlook:
    """Sums over the known patients, (value, low, high): ``visits``, ``money`` and ``active``, who come at least once.

    The bounds hold parameter and process uncertainty, the answers of the other families that were not rejected, and
    the error of the hold-out. Per patient (N,): ``alive``, the chance that he has not left, ``returns``, the chance
    that he comes at least once, ``expected_visits`` and ``expected_money``.
    """

    visits: Told
    money: Told
    active: Told
    alive: Floats
    returns: Floats
    expected_visits: Floats
    expected_money: Floats


@dataclass(frozen=True)
class _Size:
    """What a transaction brings: visits (mean, standard deviation) and money, expected per history (C,).

    ``noise`` is the variation of one transaction's money around what is expected of the patient, ``error`` that of
    the mean of all, both relative.
    """

    visits: float
    visits_sd: float
    money: Floats
    noise: float
    error: float


def outlook(check: Check, base: Base, *, weeks: float, level: float, seed: int) -> Outlook | None:
    """The coming ``weeks``; None when the check did not let a model speak, or it does not converge on all data.

    A weak model is corrected by counted over predicted of its hold-out.
    """
    kept = check.kept
    if kept is None or check.gate not in ("ok", "weak"):
        return None
    speaking = [(bg_nbd.fit(trial.family, base.cells), trial) for trial in check.trials if trial.gate in ("ok", "weak")]
    model = speaking[0][0]
    if model is None:
        return None
    histories, place = base.known.distinct()
    spend, noise = _spend(base)
    size = _size(base, np.bincount(place, weights=spend) / histories.weight, noise)
    ends = np.array([_ends(fit, trial, histories, weeks, size, level, seed) for fit, trial in speaking if fit is not None])
    expected = model.law.expected(histories, weeks) * kept.correction
    returns = np.minimum(model.law.returns(histories, weeks) * kept.correction, 1.0)
    values = (expected @ histories.weight * size.visits, expected @ (histories.weight * size.money), returns @ histories.weight)

    def told(i: int) -> Told:
        value = float(values[i])
        return value, min(float(ends[:, 0, i].min()), value), max(float(ends[:, 1, i].max()), value)

    visits, money, (count, least, most) = told(0), told(1), told(2)
    return Outlook(
        visits, money, (count, least, min(most, float(base.known.patients))), model.law.alive(histories)[place],
        returns[place], expected[place] * size.visits, expected[place] * spend,
    )


def _ends(
    model: Fit, trial: Trial, h: Histories, weeks: float, size: _Size, level: float, seed: int
) -> Floats:
    """(2, 3): bounds of visits, money and active patients by one family, moved out by what its hold-out missed."""
    low, high = np.quantile(_draws(model, h, weeks, size, seed=seed), [(1 - level) / 2, (1 + level) / 2], axis=1)
    missed = trial.counted / trial.predicted
    return np.array([low * min(1.0, missed), high * max(1.0, missed)])


def _draws(model: Fit, h: Histories, weeks: float, size: _Size, *, seed: int) -> Floats:
    """(3, DRAWS): visits, money and active patients, with parameter and process uncertainty."""
    rng = np.random.default_rng(seed)
    drawn = np.empty((3, DRAWS))
    for k in range(DRAWS):
        law = model.drawn(rng)
        owner = law.simulate_ahead(h, weeks, rng).owner
        chance = law.returns(h, weeks)
        z = rng.standard_normal(4)
        each = size.money[owner]
        drawn[:, k] = (
            len(owner) * size.visits + z[0] * size.visits_sd * np.sqrt(len(owner)),
            each.sum() * (1 + z[1] * size.error) + z[2] * size.noise * np.sqrt((each**2).sum()),
            h.weight @ chance + z[3] * np.sqrt(h.weight @ (chance * (1 - chance))),
        )
    return np.maximum(drawn, 0.0)


def _size(base: Base, money: Floats, noise: float) -> _Size:
    count = base.known.frequency
    total = max(float(count.sum()), 1.0)
    mean = float(base.visits.sum() / total)
    each = base.paid.sum() / total
    off = base.paid - each * count
    error = float(np.sqrt((off**2).sum()) / max(abs(base.paid.sum()), 1e-12)) if base.paid.sum() > 0 else 0.0
    spread = np.sqrt(((base.visits - mean * count) ** 2).sum() / total)
    return _Size(mean, float(spread), money, noise, error)


def _spend(base: Base) -> tuple[Floats, float]:
    """Expected money per repeat transaction of each patient (N,), the plain mean where Gamma-Gamma fails; its noise.

    Patients whose repeat transactions were free take part as the share of transactions that bring nothing.
    """
    count, paid = base.known.frequency, base.paid
    mean = paid / np.maximum(count, 1)
    found = gamma_gamma.fit(frequency=count, spend=mean)
    if found is None or not found.is_usable:
        return np.full(len(count), paid.sum() / max(count.sum(), 1)), 1.0
    paying = (count > 0) & (mean > 0)
    share = count[paying].sum() / count.sum()
    each = gamma_gamma.expected_spend(found, frequency=count * paying, spend=mean)
    return each * share, float(found.p**-0.5)
