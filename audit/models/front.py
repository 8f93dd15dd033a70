"""Front: which units nobody betters on two measures at once, told with its uncertainty."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import stats

DRAWS = 4000


def front_chance(
    one: npt.ArrayLike, other: npt.ArrayLike, *, eligible: npt.ArrayLike, level: float, seed: int
) -> npt.NDArray[np.float64]:
    """Chance (D,) that no other eligible unit is better on both measures (Pareto), from their posteriors.

    ``one`` and ``other`` (D, 3) are shrunken levels with their interval at ``level``, more being better; normal,
    independent. Units that are not ``eligible`` or lack a measure get NaN and better nobody.
    """
    x, y = np.asarray(one, float), np.asarray(other, float)
    took = np.asarray(eligible, bool) & np.isfinite(x).all(axis=1) & np.isfinite(y).all(axis=1)
    chance = np.full(len(x), np.nan)
    z, rng = 2 * stats.norm.ppf((1 + level) / 2), np.random.default_rng(seed)
    a, b = (rng.normal(part[took, 0], (part[took, 2] - part[took, 1]) / z, size=(DRAWS, int(took.sum()))) for part in (x, y))
    bettered = np.zeros(a.shape, bool)
    for k in range(a.shape[1]):
        bettered |= (a[:, [k]] > a) & (b[:, [k]] > b)
    chance[took] = 1 - bettered.mean(axis=0)
    return chance
