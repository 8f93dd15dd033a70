"""Change of a common rate of several units between two periods: who is counted (mix) and what they do (rate)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from audit.models.factors import kitagawa, kitagawa_bounds
from audit.results.estimate import Estimate


@dataclass(frozen=True)
class RateChange:
    """``ratio`` is after over before; ``mix`` and ``rate`` are points and add up to the change.

    Columns of ``by``: unit, weight_before, weight, conversion_before, conversion, mix, rate.
    """

    ratio: Estimate
    mix: Estimate
    rate: Estimate
    by: pd.DataFrame


def rate_change(before: pd.DataFrame, after: pd.DataFrame, *, unit: str, level: float, seed: int, fewest: int) -> RateChange | None:
    """Split the change of the pooled rate of units (rows: ``unit``, successes ``k`` of ``n``) by Kitagawa (1955).

    None where a period has fewer than ``fewest`` trials, or no success before: there is no ratio then.
    """
    sums = [part[part[unit].notna()].groupby(unit)[["k", "n"]].sum() for part in (before, after)]
    if any(part.n.sum() < fewest for part in sums) or not sums[0].k.sum():
        return None
    names = sorted(set(sums[0].index) | set(sums[1].index))
    k0, n0, k1, n1 = (part[name].reindex(names, fill_value=0).to_numpy(float) for part in sums for name in ("k", "n"))
    with np.errstate(divide="ignore", invalid="ignore"):
        r0, r1 = k0 / n0, k1 / n1
    parts = kitagawa(weights_before=n0, rates_before=r0, weights_after=n1, rates_after=r1)
    bounds = kitagawa_bounds(successes_before=k0, trials_before=n0, successes_after=k1, trials_after=n1, level=level, seed=seed)
    n = int(n0.sum() + n1.sum())
    mix, rate = (
        Estimate(value, min(low, value), max(high, value), "points", n, level)
        for value, (low, high) in ((parts.mix, bounds[1]), (parts.rate, bounds[2]))
    )
    ratio = 1 + parts.change / (k0.sum() / n0.sum())
    by = pd.DataFrame({
        "unit": names, "weight_before": n0 / n0.sum(), "weight": n1 / n1.sum(), "conversion_before": r0, "conversion": r1,
        "mix": parts.mix_by_group, "rate": parts.rate_by_group,
    })
    return RateChange(Estimate(ratio, min(bounds[3, 0], ratio), max(bounds[3, 1], ratio), "ratio", n, level), mix, rate, by)
