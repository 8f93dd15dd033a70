"""Allocation: new cases moved between units to where they are worth more, within bounds (a linear programme)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats

Floats = npt.NDArray[np.float64]
DRAWS = 4000


@dataclass(frozen=True)
class Allocation:
    """Cases per period of D units as proposed, and what the change is worth per period, with its interval.

    ``chance`` is the posterior chance that the change is a gain.
    """

    proposed: Floats
    gain: float
    low: float
    high: float
    chance: float


def allocate(
    value: npt.ArrayLike, now: npt.ArrayLike, *, group: npt.ArrayLike, hours_each: npt.ArrayLike,
    free_hours: npt.ArrayLike, may_grow: npt.ArrayLike, most_more: float, most_less: float, level: float, seed: int,
) -> Allocation:
    """The split of each group's cases with the highest expected value.

    ``value`` (D, 3) shrunken worth of a case with its interval at ``level``, ``now`` (D,) cases per period,
    ``group`` (D,) units that can replace each other, ``hours_each`` (D,) hours a case takes with all that
    follows, ``free_hours`` (D,) hours per period. A unit grows only if it ``may_grow``, by at most ``most_more``
    of its cases and within its free hours; none loses more than ``most_less``. Units without a value keep
    their cases. The gain uses independent normal posteriors of the plan that was chosen by their means;
    these are shrunken, so the choice of the highest does not flatter it.
    """
    v, n = np.asarray(value, float), np.asarray(now, float)
    if not n.size:
        return Allocation(n, 0.0, 0.0, 0.0, 0.0)
    each, free = np.asarray(hours_each, float), np.asarray(free_hours, float)
    known = np.isfinite(v).all(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        room = np.where(each > 0, np.maximum(free, 0) / each, 0.0)
    more = np.where(np.asarray(may_grow, bool) & known, np.minimum(n * most_more, np.nan_to_num(room)), 0.0)
    less = np.where(known, n * most_less, 0.0)
    groups = np.unique(np.asarray(group), return_inverse=True)[1]
    same = (groups == np.arange(groups.max(initial=-1) + 1)[:, None]).astype(float)
    mean = np.where(known, v[:, 0], 0.0)
    scale = float(np.abs(mean).max(initial=0)) or 1.0
    # what is moved is found, not what is kept: bounds around 0 and sums of 0 in each group
    found = optimize.linprog(-mean / scale, A_eq=same, b_eq=np.zeros(len(same)), bounds=np.c_[-less, more], method="highs")
    assert found.success, "moving nothing is always possible"
    change = np.where(np.abs(found.x) > 1e-9 * (n.max(initial=0) + 1), found.x, 0.0)
    sd = np.where(known, (v[:, 2] - v[:, 1]) / (2 * stats.norm.ppf((1 + level) / 2)), 0.0)
    draws = np.random.default_rng(seed).normal(mean, sd, size=(DRAWS, len(n))) @ change
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    gain = float(mean @ change)
    return Allocation(n + change, gain, min(float(low), gain), max(float(high), gain), float((draws > 0).mean()))
