"""On and off: what a medium nobody records adds, from weeks with it against weeks without.

callers of week t ~ Poisson(exp(slow level(t) + log(times) · on(t))), variance φ times the mean (McCullagh &
Nelder 1989). One stretch of weeks cannot be told from whatever else happened in it, so there must be
several. It does not check that the weeks were chosen by chance: money spent when demand was expected
to rise shows as an effect.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy import stats

from audit.models.slow_level import slow_level

Array = NDArray[np.float64]
Gate = Literal["fitted", "too_few_weeks", "one_stretch"]

LEAST_WEEKS = 4
"""Weeks on, and weeks off, below which there is no contrast."""

LEAST_STRETCHES = 3
"""Separate stretches of weeks on."""


@dataclass(frozen=True)
class OnOff:
    """``times`` is callers of a week with the medium over the same week without, with bounds;
    ``extra`` callers a week on that come of it, with bounds; NaN unless ``gate`` is “fitted”."""

    gate: Gate
    on: int
    off: int
    stretches: int
    times: float = float("nan")
    times_low: float = float("nan")
    times_high: float = float("nan")
    extra: float = float("nan")
    extra_low: float = float("nan")
    extra_high: float = float("nan")


def contrast(*, callers: Array, is_on: NDArray[np.bool_], level: float) -> OnOff:
    """From weekly ``callers`` and the weeks ``is_on`` (weeks,), in order and without gaps."""
    on, off = int(is_on.sum()), int((~is_on).sum())
    stretches = int((np.diff(np.r_[0, is_on.astype(int)]) == 1).sum())
    basis = slow_level(callers.size)
    if min(on, off) < LEAST_WEEKS or callers.size < basis.shape[1] + 20 or not callers.sum() > 0:
        return OnOff("too_few_weeks", on, off, stretches)
    if stretches < LEAST_STRETCHES:
        return OnOff("one_stretch", on, off, stretches)
    fitted = sm.GLM(callers, np.column_stack([is_on, basis]), family=sm.families.Poisson()).fit(scale="X2")
    reach = float(stats.t.ppf(0.5 + level / 2, fitted.df_resid)) * float(fitted.bse[0])
    times = np.exp(fitted.params[0] + np.array([0.0, -reach, reach]))
    without = float((fitted.mu[is_on] / times[0]).mean())
    extra = without * (times - 1)
    return OnOff("fitted", on, off, stretches, *(float(value) for value in (*times, *extra)))
