"""Placebo dates: what a before/after model finds at dates on which nothing happened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

FEWEST = 10
"""Dates below which their spread and a rank among them say nothing."""

MOST = 40
"""Dates tried at most: neighbours share nearly all of their weeks, more add time and no information."""

FEWEST_WEEKS_BEFORE = 12
"""Weeks a placebo date needs before it."""


@dataclass(frozen=True)
class Placebos:
    """``errors`` (D,) of the placebo dates in standard errors; ``independent`` of them do not overlap."""

    errors: NDArray[np.float64]
    independent: float

    def half(self, level: float) -> float:
        """Half width, in standard errors, of the interval that their spread gives; t with as many degrees as do not overlap."""
        spread = float(np.sqrt(np.mean(self.errors**2)))
        return spread * float(stats.t.ppf(0.5 + level / 2, max(self.independent, 1.0)))

    def rank(self, error: float) -> float:
        """Share of dates, the real one included, with an effect at least as large (in standard errors) as ``error``."""
        return float((1 + np.sum(np.abs(self.errors) >= abs(error))) / (1 + self.errors.size))


def placebo_dates(
    error: Callable[[int], float | None], *, weeks: int, span: int, before: int = FEWEST_WEEKS_BEFORE,
    quiet: ArrayLike | None = None,
) -> Placebos | None:
    """Refit at every admissible earlier date (Abadie, Diamond & Hainmueller 2015, “in-time placebos”).

    ``error(start)`` is the estimate in standard errors when ``span`` weeks from ``start`` are called the time after;
    there are ``weeks`` weeks before the real change, of which ``before`` must come first and, of the span, only ``quiet``
    ones (weeks,) may be part. None with fewer than ``FEWEST`` dates, or when fewer than two of them do not overlap: then
    time cannot show how far the model errs.
    """
    still = np.ones(weeks, bool) if quiet is None else np.asarray(quiet, bool)
    admissible = [start for start in range(before, weeks - span + 1) if still[start:start + span].all()]
    if len(admissible) < FEWEST or len(admissible) / span < 1:
        return None
    dates = admissible[:: -(-len(admissible) // MOST)]
    found = [value for value in map(error, dates) if value is not None and np.isfinite(value)]
    if len(found) < FEWEST:
        return None
    return Placebos(np.array(found), 1 + len(admissible) / span)
