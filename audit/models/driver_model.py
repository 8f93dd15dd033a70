"""The fitted driver model of revenue: new patients, their repeats by cohort, money per visit, operations.

    outpatient(t) = new(t) · first receipt(t) + repeats(t) · repeat receipt(t)
    repeats(t)    = Σ_j new(t − j) · rho_j + old(t),    operations(t) = Σ_j new(t − j) · sigma_j + old operations(t)
    revenue(t)    = outpatient(t) + operations(t) · money per operation(t)

rho_j is the increment, j months after the first visit, of the mean cumulative number of visits (Nelson 1988); that of the
old is what patients of before the records still do, which dies away. Months are whole calendar months. The model
holds behaviour fixed: where patients begin to come more or less often it errs, and the back-test shows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
HELD_OUT = 12
FEWEST_MONTHS = 12
"""Months behind a curve: with less, a year of repeats is all extrapolation."""
TAIL = 6
"""Ages behind the level and the fall of a curve beyond what was seen."""


@dataclass(frozen=True)
class Stream:
    """What new patients do by months since the first visit, ``curve`` (J,) per patient, and what the old still do.

    ``old`` is the level in the last month fitted, ``fades`` its monthly factor (at most 1: the old do not grow).
    """

    curve: Floats
    old: float
    fades: float

    def carried(self, past: npt.ArrayLike, horizon: int) -> Floats:
        """Events (H,) in each of the next months of the patients of ``past`` (M,) months and of the old."""
        before = np.asarray(past, float)
        curve = self.reaching(before.size + horizon)
        ages = before.size - np.arange(before.size)
        return np.array([before @ curve[h + ages] for h in range(horizon)]) + self.old * self.fades ** np.arange(1, horizon + 1)

    def ahead(self, past: npt.ArrayLike, coming: npt.ArrayLike) -> Floats:
        """Events (H,) with ``coming`` (H,) new patients after those of ``past`` (M,), all since records began."""
        after = np.asarray(coming, float)
        return np.asarray(self.carried(past, after.size) + np.convolve(after, self.reaching(after.size))[: after.size])

    def reaching(self, ages: int) -> Floats:
        """The curve to so many ages: beyond what was seen it falls on as it did over its last ages, never rises."""
        seen = self.curve.size
        if ages <= seen:
            return self.curve[:ages]
        # the last ages rest on few cohorts: their mean, not each of them
        recent, earlier = self.curve[-TAIL:].mean(), self.curve[-2 * TAIL : -TAIL].mean()
        fall = min((recent / earlier) ** (1 / TAIL), 1.0) if earlier > 0 else 0.0
        return np.concatenate([self.curve, recent * fall ** ((TAIL - 1) / 2) * fall ** np.arange(1, ages - seen + 1)])


def stream(events: npt.ArrayLike, new: npt.ArrayLike) -> Stream:
    """Fit to ``events`` (M, ≥ M + 1) by month and age, whose last column is the old, and ``new`` (M,) patients.

    rho_j = Σ_t events(t, j) / Σ_t new(t − j). ValueError with less than FEWEST_MONTHS.
    """
    seen, arrivals = np.asarray(events, float), np.asarray(new, float)
    months = arrivals.size
    if months < FEWEST_MONTHS:
        raise ValueError(f"{months} months are too few for a curve")
    at_risk = np.cumsum(arrivals)[::-1]
    curve = np.divide(seen[:months, :months].sum(axis=0), at_risk, out=np.zeros(months), where=at_risk > 0)
    old = seen[:months, -1]
    recent, earlier = old[-TAIL:].mean(), old[-2 * TAIL : -TAIL].mean()
    fades = min((recent / earlier) ** (1 / TAIL), 1.0) if earlier > 0 else 1.0
    # the mean of the last half year lies (TAIL − 1) / 2 months before its end
    return Stream(curve, float(recent * fades ** ((TAIL - 1) / 2)), float(fades))


@dataclass(frozen=True)
class Drivers:
    """Month by month (M,): new patients, money per first day, repeat visit and operation (currency)."""

    new: Floats
    first_receipt: Floats
    repeat_receipt: Floats
    operation_receipt: Floats

    def revenue(self, repeats: npt.ArrayLike, operations: npt.ArrayLike) -> Floats:
        """Revenue (M,) with these repeats and operations."""
        outpatient = self.new * self.first_receipt + np.asarray(repeats, float) * self.repeat_receipt
        return np.asarray(outpatient + np.asarray(operations, float) * self.operation_receipt)

    def part(self, months: slice) -> Drivers:
        """The drivers of some months."""
        return Drivers(self.new[months], self.first_receipt[months], self.repeat_receipt[months], self.operation_receipt[months])


def drivers(months: Mapping[str, npt.ArrayLike]) -> Drivers:
    """Drivers of months (M,) from their sums: first_patients, visits, first_visits_made, operations and money.

    Money: ambulatory, surgery, first_money. Where nobody came the money per head is 0.
    """
    of = {name: np.asarray(months[name], float) for name in (
        "first_patients", "visits", "first_visits_made", "operations", "ambulatory", "surgery", "first_money",
    )}

    def per(money: Floats, count: Floats) -> Floats:
        return np.divide(money, count, out=np.zeros_like(money), where=count > 0)

    return Drivers(
        of["first_patients"], per(of["first_money"], of["first_patients"]),
        per(of["ambulatory"] - of["first_money"], of["visits"] - of["first_visits_made"]), per(of["surgery"], of["operations"]),
    )


@dataclass(frozen=True)
class Backtest:
    """Predicted and actual revenue of the months held out (H,); errors are predicted over actual − 1.

    ``error`` is that of the sum, ``frozen`` the same when money per visit and operation, too, is kept as it was in the
    months before; ``monthly`` the mean absolute error of a month (MAPE).
    """

    predicted: Floats
    actual: Floats
    error: float
    monthly: float
    frozen: float


def backtest(*, drivers: Drivers, visits: npt.ArrayLike, operations: npt.ArrayLike, revenue: npt.ArrayLike, held_out: int = HELD_OUT) -> Backtest:
    """The model fitted to all but the last ``held_out`` months, predicting those given their drivers.

    Given are new patients and money per visit and operation of the month; repeat visits and operations are predicted.
    ``visits`` and ``operations`` (M, M + 1) by month and age as in ``stream``; ``revenue`` (M,). ValueError with less than
    FEWEST_MONTHS before, or when a month held out has no revenue.
    """
    actual = np.asarray(revenue, float)[-held_out:]
    if not (actual > 0).all():
        raise ValueError("a month without revenue has no relative error")
    before, after = drivers.part(slice(None, -held_out)), drivers.part(slice(-held_out, None))
    repeats, done = (stream(events, before.new).ahead(before.new, after.new) for events in (visits, operations))
    predicted = after.revenue(repeats, done)
    usual = Drivers(after.new, *(np.full(held_out, part[-TAIL:].mean()) for part in (before.first_receipt, before.repeat_receipt, before.operation_receipt)))
    frozen = usual.revenue(repeats, done)
    return Backtest(
        predicted, actual, error=float(predicted.sum() / actual.sum() - 1), monthly=float(np.abs(predicted / actual - 1).mean()),
        frozen=float(frozen.sum() / actual.sum() - 1),
    )
