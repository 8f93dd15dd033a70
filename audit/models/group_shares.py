"""Shares of one whole by group: of units (Sison & Glaz) and of their money (bootstrap of units)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from audit.models import bootstrap, proportions

Floats = NDArray[np.float64]
DRAWS = 1000


@dataclass(frozen=True)
class GroupShares:
    """Arrays (g,) in the order of the groups asked for; ``money_*`` NaN without money.

    ``units`` counts, ``share`` of all units given with simultaneous bounds, ``money_share`` of their money
    with percentile bounds group by group.
    """

    units: NDArray[np.int64]
    share: Floats
    low: Floats
    high: Floats
    money_share: Floats
    money_low: Floats
    money_high: Floats


def group_shares(
    *, group: ArrayLike, groups: Sequence[str], money: ArrayLike, level: float = 0.90, seed: int = 0
) -> GroupShares:
    """Shares of units and money. ``group`` (n,) holds one of ``groups`` per independent unit, ``money`` (n,) its money.

    Source: Sison & Glaz (1995) for the units; Efron (1979) for money, the units being resampled whole. A
    group without units keeps its place with share 0; without any unit or with no positive sum all is NaN.
    """
    names, amount = np.asarray(group, dtype=object), np.asarray(money, dtype=np.float64)
    member = np.column_stack([(names == name).astype(float) for name in groups]) if groups else np.empty((len(names), 0))
    units = member.sum(axis=0)
    low, high = proportions.multinomial(units, level) if units.size else (units, units)
    share = units / len(names) if len(names) else np.full(units.size, np.nan)
    total, empty = amount.sum(), np.full(units.size, np.nan)
    if not total > 0:
        return GroupShares(units.astype(np.int64), share, low, high, empty, empty, empty)
    # an order that hangs on the amounts alone, so that neither row order nor names of units move the bounds
    order = np.lexsort((names.astype(str), amount))
    draws = bootstrap.block_bootstrap(np.column_stack([member * amount[:, None], amount])[order], seed=seed, draws=DRAWS)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(draws[:, -1:] > 0, draws[:, :-1] / draws[:, -1:], np.nan)
    ratios = ratios[np.isfinite(ratios).all(axis=1)]
    value = (member * amount[:, None]).sum(axis=0) / total
    if len(names) < 2 or not len(ratios):
        return GroupShares(units.astype(np.int64), share, low, high, value, empty, empty)
    bounds = np.array([bootstrap.percentiles(column, level, units=len(names)) for column in ratios.T])
    return GroupShares(units.astype(np.int64), share, low, high, value, bounds[:, 0], bounds[:, 1])


def largest_groups(labels: ArrayLike, *, most: int, smallest: int, rest: str = "other") -> list[str]:
    """Names of at most ``most`` groups of ``smallest`` units or more, largest first; ``rest`` last if any unit is left."""
    names, sizes = np.unique(np.asarray(labels, dtype=object).astype(str), return_counts=True)
    order = np.argsort(-sizes, kind="stable")
    if len(names) <= most and sizes.min(initial=smallest) >= smallest:
        return [str(name) for name in names[order]]
    named = [str(names[i]) for i in order[: most - 1] if sizes[i] >= smallest]
    return [*named, rest]
