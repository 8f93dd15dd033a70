"""Mix of services: how many additional services each unit bills against what its cases would lead one to expect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from audit.models.funnel_limits import RatioFunnel, ratio_funnel
from audit.models.standardise import expected_counts

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ServiceMix:
    """Additional services of U units, arrays (U,): ``lines`` billed, ``expected`` given the cases, ``visits`` with a bill.

    ``dispersion`` is the variance of a visit's lines over their mean, at least 1; ``known`` the units that are judged.
    """

    lines: Floats
    expected: Floats
    visits: Floats
    dispersion: float
    funnel: RatioFunnel
    known: NDArray[np.bool_]

    @property
    def beyond(self) -> NDArray[np.int_]:
        """1 above the funnel, −1 below it, 0 inside; 0 too where a unit is not judged."""
        return np.where(self.known, self.funnel.beyond, 0).astype(int)

    def ratios(self, level: float) -> pd.DataFrame:
        """Per unit: services_visit, services (observed over expected) with bounds at ``level``, services_expected, and
        services_reading: above, inside or below the funnel, unknown where it is not judged."""
        z = stats.norm.isf((1 - level) / 2)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio, wide = self.lines / self.expected, np.exp(z * np.sqrt(self.dispersion / self.expected))
            columns = pd.DataFrame({
                "services_visit": self.lines / self.visits, "services": ratio, "services_low": ratio / wide,
                "services_high": ratio * wide, "services_expected": self.expected,
            })
        words = np.array(["below", "inside", "above"])[self.beyond + 1]
        columns.loc[~self.known] = np.nan
        return columns.assign(services_reading=np.where(self.known, words, "unknown"))

    def limits(self) -> pd.DataFrame:
        """Limits of the funnel along ``expected``: near, wide and, where units stray more than chance, usual."""
        funnel, gap = self.funnel, np.full(len(self.funnel.expected), np.nan)
        bands = {"near": funnel.near, "wide": funnel.wide, "usual": funnel.usual or (gap, gap)}
        return pd.DataFrame({"expected": funnel.expected} | {
            f"{name}_{end}": bound for name, bounds in bands.items() for end, bound in zip(("low", "high"), bounds, strict=True)
        })


def service_mix(
    lines: ArrayLike, squares: ArrayLike, visits: ArrayLike, *, unit: ArrayLike, units: int,
    strata: Mapping[str, ArrayLike], judged: Callable[[Floats], NDArray[np.bool_]],
) -> ServiceMix | None:
    """Compare ``units`` on C cells of like visits, each (C,): additional ``lines``, their ``squares`` summed per visit, visits.

    Expected lines come from ``strata`` by indirect standardisation (Poisson), limits from the over-dispersed funnel
    (Spiegelhalter 2005). ``judged`` says of visits (U,) which units have enough. None when fewer than two have, or when
    no additional service was billed.
    """
    k, q, n = (np.asarray(part, dtype=np.float64) for part in (lines, squares, visits))
    code = np.asarray(unit, dtype=int)
    spare = float((k * (1 - 1 / n)).sum())
    if spare <= 0:
        return None
    expected = expected_counts(k, n, unit=code, units=units, strata=strata)
    billed, seen = (np.bincount(code, weights=part, minlength=units).astype(np.float64) for part in (k, n))
    dispersion = max(float((q - k**2 / n).sum()) / spare, 1.0)
    known = judged(seen)
    funnel = ratio_funnel(np.where(known, billed, np.nan), expected, dispersion=dispersion)
    return ServiceMix(billed, expected, seen, dispersion, funnel, known) if known.sum() > 1 else None
