"""Outlook: visits and money the known patients will still bring, if a model of repeat visits may speak."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audit.models import bg_nbd, gamma_gamma
from audit.models.bg_nbd import Floats, Histories
from audit.models.repeat_visits import FAMILIES, Check, Visits, ahead


@dataclass(frozen=True)
class Outlook:
    """Sums over ``patients`` known patients, each (value, low, high); ``expected`` (N,) money of each patient.

    The bounds hold parameter and process uncertainty, the other family's answer and the error of the hold-out.
    """

    visits: tuple[float, float, float]
    money: tuple[float, float, float]
    patients: int
    expected: Floats


def outlook(
    check: Check, visits: Visits, *, paid: npt.ArrayLike, end: int, weeks: float, level: float, seed: int
) -> Outlook | None:
    """The coming ``weeks`` from day ``end`` on; ``paid`` (N,) is each patient's money at repeat visits so far.

    A weak model is corrected by counted over predicted of the hold-out. None when the check did not let the
    model speak, or when it does not converge on all data.
    """
    if check.fit is None or check.gate not in ("ok", "weak"):
        return None
    histories = visits.at(end)
    models = {family: bg_nbd.fit(family, histories) for family in FAMILIES}
    model = models.pop(check.fit.family)
    if model is None:
        return None
    spend = _spend(visits, histories, np.asarray(paid, float))
    sums = [ahead(m, histories, weeks, spend, seed=seed) for m in (model, *models.values()) if m is not None]
    correction = check.counted / check.predicted
    factor = correction if check.gate == "weak" else 1.0
    tails = [(1 - level) / 2, (1 + level) / 2]

    def told(value: float, draws: list[Floats]) -> tuple[float, float, float]:
        low, high = np.quantile(draws, tails, axis=1)
        value *= factor
        return value, min(low.min() * min(1.0, correction), value), max(high.max() * max(1.0, correction), value)

    expected = (bg_nbd.expected(model, histories, weeks) * spend * factor)[histories.cell]
    return Outlook(
        told(sums[0].visits, [s.visits_draws for s in sums]), told(sums[0].money, [s.money_draws for s in sums]),
        histories.patients, expected,
    )


def _spend(visits: Visits, histories: Histories, paid: Floats) -> Floats:
    """Expected money per repeat visit of each cell's patients; the plain mean where Gamma-Gamma fails.

    Patients whose repeat visits were free take part as the share of visits that bring nothing.
    """
    count = np.bincount(visits.owner[visits.day > visits.first[visits.owner]], minlength=len(visits.first))
    mean = paid / np.maximum(count, 1)
    found = gamma_gamma.fit(frequency=count, spend=mean)
    if found is None or not found.is_usable:
        return np.full(len(histories.weight), paid.sum() / max(count.sum(), 1))
    paying = (count > 0) & (mean > 0)
    each = gamma_gamma.expected_spend(found, frequency=count * paying, spend=mean) * count[paying].sum() / count.sum()
    return np.bincount(histories.cell, weights=each, minlength=len(histories.weight)) / histories.weight
