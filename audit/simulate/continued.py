"""The monthly path of a clinic continued at its level of December 2015, with one lever moved (see levers).

Months up to December 2015 are those of the year as told; the months after it follow from the parameters.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.random import Generator

from audit.simulate.calls import never_spoken_with
from audit.simulate.days import BEFORE_MONTH, MONTHS
from audit.simulate.levers import Lever, calls_won, desk_shares
from audit.simulate.path import Path, monthly_path
from audit.simulate.truth import Truth

LATER = slice(BEFORE_MONTH + 1, MONTHS)


def continued_path(told: Truth, truth: Truth, lever: Lever, rng: Generator) -> Path:
    """The path of ``truth`` = levers.continued(``told``, lever)."""
    path = monthly_path(told, rng)
    before, _ = told.anchors()
    by_call_before = before.answered_opportunities * before.conversion
    booked, share = desk_shares(told, lever)
    lost = before.answered_opportunities * never_spoken_with(before.missed_share)
    answered = before.answered_opportunities + lever.reached * lost + calls_won(told, lever) * told.size
    answered *= truth.price_test.calls_factor
    children = (lever.children - 1) * before.children_share * before.primaries
    answered += children / share
    primaries = before.primaries - by_call_before + answered * share
    odds = before.missed_share / (1 - before.missed_share) * (1 - lever.reached)
    odds /= 1 + lever.reached * lost / before.answered_opportunities
    young = (before.children_share * (primaries - children) + children) / primaries

    def later(values: np.ndarray, level: float, *, whole: bool = True) -> np.ndarray:
        """``values`` with the months after December 2015 at ``level``; whole numbers whose sums follow it."""
        count = MONTHS - LATER.start
        steps = np.diff(np.round(np.arange(count + 1) * level)) if whole else np.full(count, level)
        return np.r_[values[: LATER.start], steps].astype(values.dtype)

    return dataclasses.replace(
        path,
        primaries=later(path.primaries, primaries),
        primaries_by_call=later(path.primaries_by_call, answered * share),
        answered=later(path.answered, answered),
        booked=later(path.booked, answered * booked),
        operations=later(path.operations, told.after.operations * told.size * (1 + lever.beds_opened)),
        outpatient_revenue=later(path.outpatient_revenue, np.nan, whole=False),
        missed_share=later(path.missed_share, odds / (1 + odds), whole=False),
        children_share=later(path.children_share, young, whole=False),
        class_shift=np.zeros(MONTHS),
        doctor_shift=np.zeros(MONTHS),
        channel_shift=later(np.zeros(MONTHS), 1.0, whole=False),
        progress=later(np.zeros(MONTHS), 1.0, whole=False),
        lever=lever,
    )
