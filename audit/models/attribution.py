"""Attribution: which of the contacts before a first visit is credited with the patient, under five rules.

Every rule gives each patient's contacts weights that add up to one, so the sums over channels are equal
under all of them; what differs between rules is convention, not knowledge.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Rule = Literal["last_non_direct", "last", "first", "linear", "position"]
RULES: tuple[Rule, ...] = get_args(Rule)

ENDS = 0.4
"""The position rule gives the first and the last contact this much each and shares the rest among those between."""


def credits(patient: NDArray[np.int64], *, is_direct: NDArray[np.bool_]) -> dict[Rule, Array]:
    """Weights (contacts,) of each rule; contacts of a ``patient`` stand together, in the order of time.

    ``is_direct`` contacts (typed address, brand, no source) are passed over by “last_non_direct” unless the
    patient has no others.
    """
    if not patient.size:
        return {rule: np.zeros(0) for rule in RULES}
    starts = np.flatnonzero(np.r_[True, patient[1:] != patient[:-1]])
    counts = np.diff(np.r_[starts, patient.size])
    n, place = np.repeat(counts, counts), np.arange(patient.size) - np.repeat(starts, counts)
    first, last = place == 0, place == n - 1
    between = np.where(n > 2, (1 - 2 * ENDS) / np.maximum(n - 2, 1), 0.0)
    ends = np.select([n == 1, n == 2], [1.0, 0.5], ENDS)
    # the latest contact that is not direct; without one, the latest
    rank = np.where(is_direct, place, place + n)
    best = np.repeat(np.maximum.reduceat(rank, starts), counts)
    return {
        "last_non_direct": (rank == best).astype(float), "last": last.astype(float), "first": first.astype(float),
        "linear": 1.0 / n, "position": np.where(first | last, ends, between),
    }


def widest_move(shares: Array) -> float:
    """How much credit the choice of a rule moves: the largest distance between two rules, 0 … 1.

    ``shares`` (channels, rules) add up to one by rule; the distance is half the sum of absolute differences.
    """
    distances = np.abs(shares[:, :, None] - shares[:, None, :]).sum(axis=0) / 2
    return float(distances.max(initial=0.0))
