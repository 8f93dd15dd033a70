"""Clock shift: do two logs of the same moments differ by a constant number of hours?"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

BIN = 30
"""Minutes; time zones differ by whole or half hours."""

MOST_MINUTES = 15 * 60
"""Clocks on one planet differ by no more than 26 hours; those of one country's systems by no more than this."""

LEAST_SHARE = 0.3
"""Pairs that must lie in one bin: far more than the 3 % that a bin holds when moments have nothing to do with each other."""


def constant_shift(minutes: ArrayLike, *, fewest: int) -> float | None:
    """Hours by which the second log runs ahead of the first, 0.0 for none; None when the pairs do not tell.

    ``minutes`` (n,) from each moment of the first log to its counterpart in the second (a booking after the call that
    made it). Bookings are made during the call, so honest clocks put most pairs into the bin around zero. The commonest
    bin decides, if it holds ``LEAST_SHARE`` of at least ``fewest`` pairs. Not checked: a shift that changes with the
    season, which splits the pairs between two bins, of which the fuller is told.
    """
    x = np.asarray(minutes, float)
    x = x[np.abs(x) <= MOST_MINUTES]
    if x.size < fewest:
        return None
    # a booking ends a call a few minutes later, never earlier: bins reach from ten minutes before to twenty after
    bins = np.floor((x + 10) / BIN).astype(int)
    values, counts = np.unique(bins, return_counts=True)
    top = int(counts.argmax())
    return float(values[top] * BIN / 60) if counts[top] >= LEAST_SHARE * x.size else None
