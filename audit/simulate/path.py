"""The monthly path of the clinic: how many first visits, calls, operations and roubles each month has.

From December 2015 to December 2016 revenue follows the stated index; before that the clinic is
roughly level with a season and noise. Money per first visit grows from one anchor to the other, so

    first visits(t) = (revenue(t) − operations(t) · price) / money per first visit(t)
    answered opportunities(t) = call share · first visits(t) / conversion(t)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from audit.simulate.days import AFTER_MONTH, BEFORE_MONTH, MONTHS
from audit.simulate.levers import Lever
from audit.simulate.truth import Truth

SEASON = np.array([0.88, 1.00, 1.05, 1.02, 0.95, 0.93, 0.90, 0.92, 1.03, 1.08, 1.10, 1.08])
LEVEL_BEFORE, YEARLY_GROWTH = 392.0, 0.035
"""First visits in a mean month of 2013, and growth a year: December 2015 is the best month of a nearly level clinic."""


@dataclass(frozen=True)
class Path:
    """One element per month from January 2013; shares are 0–1, money in roubles.

    ``outpatient_revenue`` is not a number (NaN) before December 2015, where money follows visits.
    ``progress`` is 0 up to December 2015 and 1 in December 2016. ``lever`` is None in the year as told; else
    the months after December 2015 follow from the parameters (see continued).
    """

    primaries: np.ndarray
    primaries_by_call: np.ndarray
    answered: np.ndarray
    booked: np.ndarray
    operations: np.ndarray
    outpatient_revenue: np.ndarray
    missed_share: np.ndarray
    children_share: np.ndarray
    class_shift: np.ndarray
    doctor_shift: np.ndarray
    channel_shift: np.ndarray
    progress: np.ndarray
    lever: Lever | None = None


def monthly_path(truth: Truth, rng: Generator) -> Path:
    """Draw the path; the two anchor months are exact at every seed."""
    before, after = truth.anchors()
    year = slice(BEFORE_MONTH, AFTER_MONTH + 1)
    index = np.array(truth.revenue_index)
    progress = np.zeros(MONTHS)
    progress[year] = (index - 1) / (index[-1] - 1)
    operations = _operations(truth, index, rng)
    outpatient = np.full(MONTHS, np.nan)
    outpatient[year] = index * before.revenue - operations[year] * truth.operation_price
    outpatient[[BEFORE_MONTH, AFTER_MONTH]] = before.outpatient_revenue, after.outpatient_revenue
    primaries = _primaries(truth, outpatient, np.clip(progress, 0, 1), rng)
    by_call = np.round(primaries * truth.call_share).astype(int)
    conversion = _level(truth.conversion_path)
    by_call[BEFORE_MONTH] = round(before.answered_opportunities * before.conversion)
    by_call[AFTER_MONTH] = round(after.answered_opportunities * after.conversion)
    answered = np.round(by_call / conversion).astype(int)
    answered[[BEFORE_MONTH, AFTER_MONTH]] = before.answered_opportunities, after.answered_opportunities
    return Path(
        primaries=primaries,
        primaries_by_call=by_call,
        answered=answered,
        booked=np.maximum(np.round(answered * _level(truth.booked_path)).astype(int), by_call),
        operations=operations,
        outpatient_revenue=outpatient,
        missed_share=_level(truth.missed_path),
        children_share=_level(truth.children_path),
        class_shift=_level(truth.class_shift),
        doctor_shift=_level(truth.doctor_shift),
        channel_shift=_level(truth.channel_shift),
        progress=np.clip(progress, 0, 1),
    )


def _level(values: tuple[float, ...]) -> np.ndarray:
    """Months before December 2015 at its value, then the thirteen stated values."""
    return np.r_[np.full(BEFORE_MONTH, values[0]), values]


def _operations(truth: Truth, index: np.ndarray, rng: Generator) -> np.ndarray:
    before, after = truth.anchors()
    exponent = np.log(after.operations / before.operations) / np.log(index[-1])
    level = np.r_[
        before.operations * (0.89 + 0.05 * rng.standard_normal(BEFORE_MONTH)), before.operations * index**exponent
    ]
    return np.maximum(np.round(level), 1).astype(int)


def _primaries(truth: Truth, outpatient: np.ndarray, progress: np.ndarray, rng: Generator) -> np.ndarray:
    before, after = truth.anchors()
    season = SEASON[np.arange(MONTHS) % 12]
    level = LEVEL_BEFORE * (1 + YEARLY_GROWTH * np.arange(MONTHS) / 12)
    level = rng.poisson(level * truth.size * season * (1 + 0.02 * rng.standard_normal(MONTHS)))
    worth_before = before.outpatient_revenue / before.primaries
    worth_after = after.outpatient_revenue / after.primaries
    worth = worth_before + (worth_after - worth_before) * progress
    grown = np.nan_to_num(outpatient / worth * (1 + 0.012 * rng.standard_normal(MONTHS)))
    counts = np.where(np.arange(MONTHS) < BEFORE_MONTH, level, np.round(grown)).astype(int)
    counts[[BEFORE_MONTH, AFTER_MONTH]] = before.primaries, after.primaries
    return np.maximum(counts, 2)
