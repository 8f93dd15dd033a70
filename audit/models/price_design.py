"""Design of a test of another price: how long, how large, which reaction it would show, and what it puts at stake.

Of several units the smallest asks the other price and the rest keep theirs; a single one asks it in weeks drawn by lot, and as
many weeks its own price.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from audit.models.price_change import log_change

Array = NDArray[np.float64]


def dispersion(counts: Array) -> float:
    """Pearson X²/df of weekly counts (units, weeks) around unit and week effects, at least 1.

    A single unit is compared with the mean of its neighbouring weeks. It is what a planned test must expect.
    """
    counts = np.asarray(counts, float)
    counts = counts[:, np.isfinite(counts).all(axis=0)]
    units, weeks = counts.shape
    if weeks < 5 or not counts.sum() > 0:
        return 1.0
    if units == 1:
        series = counts[0]
        steps = np.diff(series)
        return max(1.0, float(np.mean(steps**2) / 2 / series.mean()))
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0, keepdims=True) / counts.sum()
    live = expected > 0
    chi2 = ((counts[live] - expected[live]) ** 2 / expected[live]).sum()
    return max(1.0, float(chi2 / ((units - 1) * (weeks - 1))))


def design_error(*, weekly: float, control: float, weeks: int, ratio: float, dispersion: float) -> float:
    """Standard error of the elasticity a test would give: ``weeks`` at price ``ratio`` in a unit of
    ``weekly`` counts, against ``control`` counts a week at the usual price in the same weeks."""
    return float(np.sqrt(max(dispersion, 1.0) * (1 / (weekly * weeks) + 1 / (control * weeks))) / abs(np.log(ratio)))


def detectable(
    *, weekly: float, control: float, weeks: int, ratio: float, dispersion: float, level: float, power: float = 0.8,
) -> float:
    """Size of the elasticity such a test tells from zero at ``level`` with probability ``power``."""
    needed = float(stats.norm.ppf(0.5 + level / 2) + stats.norm.ppf(power))
    return needed * design_error(weekly=weekly, control=control, weeks=weeks, ratio=ratio, dispersion=dispersion)


def design_weeks(
    *, weekly: float, control: float, ratio: float, dispersion: float, detect: float, level: float, power: float = 0.8,
    longest: int = 52,
) -> int | None:
    """Weeks a test needs to tell an elasticity of size ``detect`` from zero, or None beyond ``longest``."""
    for weeks in range(2, longest + 1):
        least = detectable(
            weekly=weekly, control=control, weeks=weeks, ratio=ratio, dispersion=dispersion, level=level, power=power,
        )
        if least <= abs(detect):
            return weeks
    return None


@dataclass(frozen=True)
class Design:
    """``weeks`` at the other price in a unit with ``share`` of all demand; ``units`` are those that could take part.

    ``rows`` by length: weeks, counts in the test, size of the change of demand (more at a cut, less at a rise) and elasticity
    that it tells from none with power 80 %; ``proposed`` is that of the length proposed. ``tells`` whether
    the difference of elasticities asked for would show.
    """

    weeks: int
    units: int
    share: float
    tells: bool
    rows: list[list[float]]

    @property
    def proposed(self) -> list[float]:
        """The row of the length proposed."""
        return next(row for row in self.rows if row[0] == self.weeks)


def design(
    counts: Array, *, price: float, reference: float, detect: float | None, shortest: int, lengths: Sequence[int], level: float,
) -> Design | None:
    """A test of ``price`` planned from recent weekly ``counts`` (units, weeks); None without any demand.

    It lasts until it would tell two elasticities apart that differ by ``detect``, at least ``shortest`` weeks and at most the
    longest of ``lengths``, which are shown beside it.
    """
    live = np.sort(np.nan_to_num(counts).mean(axis=1))
    live = live[live > 0]
    if not live.size:
        return None
    size = {"weekly": float(live[0]), "control": float(live[1:].sum() if live.size > 1 else live[0]), "ratio": price / reference,
            "dispersion": dispersion(counts), "level": level}
    needed = None if detect is None else design_weeks(**size, detect=detect, longest=max(lengths))
    weeks = max(shortest, 0 if detect is None else needed or max(lengths))
    rows = []
    for length in sorted({*lengths, weeks}):
        least = detectable(**size, weeks=length)
        # a cut shows by more demand, a rise by less: the elasticity is negative either way
        rows.append([length, length * size["weekly"], abs(log_change(-least, price, reference)), -least])
    return Design(weeks, int(live.size), float(live[0] / live.sum()), needed is not None, rows)


def at_stake(
    *, patients: float, price: float, reference: float, margin: float, elasticity: Array, level: float, rng: np.random.Generator,
) -> tuple[float, float, float]:
    """Contribution a month a test puts at stake, before anything it wins: (low, mean, high).

    For a cut the price forgone on the ``patients`` a month who would come anyway; for a rise the ``margin`` each of those
    brings who stays away, by draws of the ``elasticity`` (draws,). How many come in a month is Poisson.
    """
    coming = rng.poisson(patients, elasticity.size)
    lost = coming * (reference - price) if price < reference else coming * margin * (1 - (price / reference) ** elasticity)
    low, high = np.quantile(lost, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(np.clip(lost.mean(), low, high)), float(high)
