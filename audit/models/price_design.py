"""Design of a test of another price in one unit: how long, how large, and which reaction it would show."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

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
