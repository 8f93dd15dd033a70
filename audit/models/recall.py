"""Recall: who has been silent for longer than expected, and who is held out of a call by lot."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from audit.models.lots import lots

Floats = npt.NDArray[np.float64]
PRIOR_GAPS = 5.0
"""A patient's own longest gap counts as many times as there were gaps, the gap of his diagnosis five times."""


def expected_gap(*, longest: npt.ArrayLike, gaps: npt.ArrayLike, usual: npt.ArrayLike, usual_n: npt.ArrayLike, clinic: float) -> Floats:
    """Days (N,) within which a patient's next visit should have come if one was coming.

    ``longest`` (N,) is the patient's own longest gap so far, ``gaps`` (N,) how many there were (0: none); ``usual`` (N,)
    the gap that nine of ten returns of his diagnosis take, resting on ``usual_n`` (N,) gaps, ``clinic`` that of all.
    Few gaps lean on the clinic (50 gaps count half), few own ones on the diagnosis.
    """
    own, k = np.nan_to_num(np.asarray(longest, float)), np.asarray(gaps, float)
    kind, n = np.nan_to_num(np.asarray(usual, float)), np.nan_to_num(np.asarray(usual_n, float))
    group = (n * kind + 50 * clinic) / (n + 50)
    return (k * own + PRIOR_GAPS * group) / (k + PRIOR_GAPS)


def held_out(
    keys: Sequence[str], stratum: npt.ArrayLike, home: npt.ArrayLike, *, share: float, campaign: str, seed: int
) -> npt.NDArray[np.bool_]:
    """A random ``share`` of every stratum (N,) codes, by a hash of key, campaign and seed: the same whatever the order.

    ``home`` (N,) codes: who lives together is called or held out together, for a call to one reaches the others; a home
    is drawn by its first key and belongs to that member's stratum. Each stratum with at least 1 / share members holds
    out whole homes nearest to its rounded share; a smaller one holds out nobody.
    """
    order = np.argsort(np.asarray(keys, dtype=object), kind="stable")
    _, first, of_home = np.unique(np.asarray(home, np.int64)[order], return_index=True, return_inverse=True)
    code, size = np.asarray(stratum, np.int64)[order][first], np.bincount(of_home)
    lot = lots([keys[place] for place in order[first]], campaign, seed)
    drawn = np.zeros(len(first), bool)
    for s in np.unique(code):
        mine = np.flatnonzero(code == s)
        mine = mine[np.argsort(lot[mine], kind="stable")]
        members = int(size[mine].sum())
        take = round(share * members) if members * share >= 1 else 0
        # a home is in while its middle lies within the share
        drawn[mine[np.cumsum(size[mine]) - size[mine] / 2 <= take]] = take > 0
    out = np.zeros(len(order), bool)
    out[order] = drawn[of_home]
    return out


def in_same_state(*, state: npt.ArrayLike, outcome: npt.ArrayLike, states: int, prior: float = 20.0) -> Floats:
    """Mean ``outcome`` (N,) of past patients in each of ``states`` states, small states leaning on the mean of all.

    ``state`` (N,) are codes 0 … states − 1. ``prior`` patients of the overall mean are added to each state.
    """
    code, y = np.asarray(state, np.int64), np.asarray(outcome, float)
    n = np.bincount(code, minlength=states)
    total = np.bincount(code, weights=y, minlength=states)
    overall = y.mean() if len(y) else 0.0
    return (total + prior * overall) / (n + prior)
