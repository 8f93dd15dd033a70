"""Headroom: what low units would bring if they closed part of the gap to a good one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import stats

DRAWS = 4000


def headroom(
    low_units: npt.ArrayLike, target: npt.ArrayLike, *, volume: npt.ArrayLike, part: float, level: float, seed: int
) -> tuple[float, float, float]:
    """Gain (value, low, high) of L units that close ``part`` of their gap to ``target``.

    ``low_units`` (L, 3) and ``target`` (3,) are shrunken levels with their interval at ``level``: the part of
    a raw gap that is chance closes by itself and is no gain. ``volume`` (L,) units of work per period.
    """
    low, aim, weight = (np.asarray(x, float) for x in (low_units, target, volume))
    z = 2 * stats.norm.ppf((1 + level) / 2)
    rng = np.random.default_rng(seed)
    levels = rng.normal(low[:, 0], (low[:, 2] - low[:, 1]) / z, size=(DRAWS, len(low)))
    aims = rng.normal(aim[0], (aim[2] - aim[1]) / z, size=(DRAWS, 1))
    gains = part * np.maximum(aims - levels, 0) @ weight
    value = part * float(np.maximum(aim[0] - low[:, 0], 0) @ weight)
    bounds = np.quantile(gains, [(1 - level) / 2, (1 + level) / 2])
    return value, min(float(bounds[0]), value), max(float(bounds[1]), value)
