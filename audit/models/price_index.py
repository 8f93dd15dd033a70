"""Price index: how our prices stand to those of the competitors who offer the same service."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats


@dataclass(frozen=True)
class Index:
    """Our price over the competitors' (1 = the same), with bounds; ``n`` competitors."""

    value: float
    low: float
    high: float
    n: int


def price_index(own: ArrayLike, price: ArrayLike, competitor: ArrayLike, *, level: float) -> Index | None:
    """Geometric mean of own / competitor's price (the Jevons index of price statistics).

    Arrays (n,) of pairs; the competitors are the independent units, each with the mean of its pairs: a clinic with a
    long list counts once. Student's interval over them; None with fewer than three.
    """
    logs, names = np.log(np.asarray(own, float) / np.asarray(price, float)), np.asarray(competitor)
    known = np.isfinite(logs)
    each = np.array([logs[known & (names == name)].mean() for name in np.unique(names[known])])
    if each.size < 3:
        return None
    half = float(stats.t.ppf(0.5 + level / 2, each.size - 1) * each.std(ddof=1) / np.sqrt(each.size))
    value, low, high = np.exp([each.mean(), each.mean() - half, each.mean() + half])
    return Index(float(value), float(low), float(high), int(each.size))
