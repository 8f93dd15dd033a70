"""Units compared by a rate: raw, on the same cases, without chance; what those below a reachable goal lose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audit.models.proportions import wilson
from audit.models.shortfall import shortfall
from audit.models.shrinkage import shrink_rates
from audit.models.standardise import standardise_rates

Floats = NDArray[np.float64]
Worth = tuple[float, float, float]


@dataclass(frozen=True)
class Comparison:
    """``frame``: one row per unit, best first. The rest are value, low, high; None with a single unit.

    Columns of ``frame``: unit, per_month, conversion, standardised, shrunken, lost_people, lost_money
    (rates and losses with ``_low`` and ``_high``, standardised without), reading, n, k, top_third. Reading
    is below or above the rest (by more than chance), chance, few (cases) or alone.
    """

    frame: pd.DataFrame
    goal: Floats | None
    lost_people: Floats | None
    lost_money: Floats | None
    below_money: Floats | None


def compare(
    cells: pd.DataFrame, *, unit: str, strata: tuple[str, ...], months: float, fewest: int, best: float,
    worth: Worth | None, level: float, seed: int,
) -> Comparison:
    """Compare the units in column ``unit`` of ``cells`` (successes ``k`` of ``n`` by unit and strata).

    Rates are standardised for ``strata``, then shrunken; a unit differs if its standardised rate does by
    an exact test with false discoveries held. ``worth`` is money per success. Where nobody differs the
    total loss may be nothing: its lower bound is 0.
    """
    names = sorted(cells[unit].unique())
    sums = cells.groupby(unit)[["n", "k"]].sum().loc[names]
    n, k = sums.n.to_numpy(float), sums.k.to_numpy(float)
    codes = cells[unit].map({name: i for i, name in enumerate(names)})
    fair = standardise_rates(cells.k, cells.n, unit=codes, strata={name: cells[name] for name in strata})
    post = shrink_rates(np.clip(fair.rate, 0, 1) * fair.effective, fair.effective, level, seed=seed)
    judged = [n < fewest, post.differs & (fair.rate < post.centre), post.differs]
    reading = np.select(judged, ["few", "below", "above"], "chance") if len(names) > 1 else np.array(["alone"])
    gaps, of_below = (
        shortfall(rate=post.value, low=post.low, high=post.high, trials_per_month=n / months, level=level, seed=seed,
                  best=best, worth=worth, counted=counted) for counted in (None, reading == "below")
    )
    low, high = wilson(k, n, level)
    frame = pd.DataFrame({
        "unit": names, "per_month": n / months, "conversion": k / n, "conversion_low": low, "conversion_high": high,
        "standardised": fair.rate, "shrunken": post.value, "shrunken_low": post.low, "shrunken_high": post.high,
        "reading": reading, "n": n.astype(int), "k": k.astype(int), "top_third": post.top_third,
    })
    for name, part in (("lost_people", gaps.people), ("lost_money", gaps.money)):
        frame[[name, f"{name}_low", f"{name}_high"]] = part if len(names) > 1 else np.nan
    frame = frame.sort_values(["shrunken", "unit"], ascending=[False, True], ignore_index=True)
    if len(names) < 2:
        return Comparison(frame, None, None, None, None)
    people, money = gaps.total_people.copy(), gaps.total_money.copy()
    if not post.differs.any():
        people[1], money[1] = 0.0, 0.0 * money[0]
    return Comparison(frame, gaps.goal, people, money, of_below.total_money)


def weakest_against_best(frame: pd.DataFrame, *, worth: Worth | None, level: float, seed: int) -> tuple[float, Floats]:
    """What the unit with the lowest raw rate loses a month against the highest: people by raw rates, and kept.

    Kept (3,) is what is left after shrinkage, in money if there is a ``worth``, else in people. ``frame``
    has at least two rows of ``Comparison.frame``.
    """
    best, worst = frame.loc[frame.conversion.idxmax()], frame.loc[frame.conversion.idxmin()]
    pair = {name: [best[name], worst[name]] for name in ("shrunken", "shrunken_low", "shrunken_high")}
    kept = shortfall(
        rate=pair["shrunken"], low=pair["shrunken_low"], high=pair["shrunken_high"], best=1e-9,
        trials_per_month=[0.0, worst.per_month], level=level, seed=seed, worth=worth,
    )
    people = float(worst.per_month * (best.conversion - worst.conversion))
    return people, kept.total_money if worth is not None else kept.total_people


def chance_limits(weeks: pd.DataFrame, *, unit: str, settled: pd.Series) -> pd.DataFrame:
    """``weeks`` (k of n per unit and week) with conversion, centre, limit_low and limit_high of a p-chart.

    The centre is the unit's mean over its ``settled`` weeks (all, if none is); limits are 3 sigma of a
    share of n, cut at 0 and 1 (Montgomery 2013, eq. 7.8).
    """
    sums = (weeks[settled] if settled.any() else weeks).groupby(unit)[["k", "n"]].sum()
    centre = weeks[unit].map(sums.k / sums.n)
    half = 3 * np.sqrt(centre * (1 - centre) / weeks.n)
    return weeks.assign(
        conversion=weeks.k / weeks.n, centre=centre, limit_low=(centre - half).clip(0, 1), limit_high=(centre + half).clip(0, 1)
    )
