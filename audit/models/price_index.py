"""Price index: how our prices stand to those of the competitors who offer the same service."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
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


def side_by_side(pairs: pd.DataFrame, names: Mapping[str, str], first: Collection[str], most: int) -> list[list[Any]]:
    """By service: its name, our price, the lowest, middle and highest of the competitors', our index, how many were seen.

    ``pairs`` has service_id, own and price; ``names`` by service; services of a ``first`` visit come before others, then
    those seen at most competitors, ``most`` in all.
    """
    ordered = sorted(pairs.groupby("service_id"), key=lambda found: (found[0] not in first, -len(found[1]), found[0]))
    return [
        [names.get(str(service), service), float(part.own.mean()), part.price.min(), part.price.median(), part.price.max(),
         float(np.exp(np.log(part.own / part.price).mean())), len(part)]
        for service, part in ordered[:most]
    ]
