"""A fair comparison of units: raw, on the common mix of cases, and shrunken for what chance explains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from audit.models.shrinkage import Shrunken, discoveries, predicts, shrink_means, shrink_rates
from audit.models.standardise import standardise_means, standardise_rates

Floats = NDArray[np.float64]
Strata = Mapping[str, NDArray[np.int_]]


@dataclass(frozen=True)
class Fair:
    """One measure of U units, all (U,): ``raw`` mean, ``fair`` on the common mix with ``se``, ``n`` cases, shrunken.

    ``checked``: half of the cases foretell the other half better than the common level does.
    """

    raw: Floats
    fair: Floats
    se: Floats
    n: Floats
    shrunken: Shrunken
    checked: bool = False

    @property
    def level(self) -> float:
        """The mean of all cases: the centre of the units may lie elsewhere."""
        known = np.isfinite(self.fair)
        return float((self.fair * self.n)[known].sum() / max(self.n[known].sum(), 1))

    @property
    def middle(self) -> int | None:
        """The unit in the middle, by cases: one unit far off moves the mean of all, but not this; None if none is known."""
        known = np.flatnonzero(np.isfinite(self.fair) & (self.n > 0))
        if not len(known):
            return None
        order = known[np.argsort(self.fair[known], kind="stable")]
        passed = np.cumsum(self.n[order])
        return int(order[np.searchsorted(passed, passed[-1] / 2)])

    def strays(self, level: float) -> NDArray[np.bool_]:
        """Units (U,) that differ from the middle one by more than chance, false discoveries held at 1 − ``level``."""
        found, middle = np.zeros(len(self.fair), bool), self.middle
        if middle is None:
            return found
        with np.errstate(invalid="ignore", divide="ignore"):
            error = np.where(np.isfinite(self.se), self.se, np.sqrt(self.fair * (1 - self.fair) / self.n))
            z = np.abs(self.fair - self.fair[middle]) / np.hypot(error, error[middle])
        known = np.isfinite(z) & (np.arange(len(z)) != middle)
        found[known] = discoveries(2 * stats.norm.sf(z[known]), 1 - level)
        return found


def unknown(units: int) -> Fair:
    """Nothing known of any unit."""
    gap = np.full(units, np.nan)
    return Fair(gap, gap, gap, np.zeros(units), Shrunken(gap, gap, gap, gap, np.zeros(units, bool), np.nan, np.nan))


def fair_rates(happened: ArrayLike, *, unit: NDArray[np.int_], units: int, strata: Strata, level: float, seed: int) -> Fair:
    """Shares of N cases that ``happened`` (N,), by ``unit`` codes: standardised by a logit, shrunken beta-binomially."""
    seen = np.asarray(happened, float)
    cells = pd.DataFrame({"unit": unit, **strata, "k": seen, "n": 1.0})
    keys = ["unit", *strata]
    cells = cells.groupby(keys, sort=True)[["k", "n"]].sum().reset_index()
    adjusted = standardise_rates(cells["k"], cells["n"], unit=cells["unit"], strata={name: cells[name] for name in strata})
    raw, n = _means(seen, unit, units)
    rate = np.r_[adjusted.direct, np.full(units - len(adjusted.direct), np.nan)]
    return Fair(raw, rate, np.full(units, np.nan), n, shrink_rates(np.nan_to_num(rate) * n, n, level, seed=seed))


def fair_means(
    amount: ArrayLike, *, unit: NDArray[np.int_], units: int, strata: Strata, known: NDArray[np.bool_], half: NDArray[np.bool_],
    level: float, seed: int,
) -> Fair:
    """Means of ``amount`` (N,) by ``unit`` codes: standardised by least squares, shrunken normally (Morris 1983).

    Only ``known`` (U,) units are judged. Cases of ``half`` (N,) teach, the others test what was learnt.
    """
    values = np.asarray(amount, float)
    raw, n = _means(values, unit, units)

    def of(some: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        found = standardise_means(
            values[some], unit=unit[some], units=units, strata={name: code[some] for name, code in strata.items()}
        )
        return found.mean, found.se

    mean, se = (np.where(known, part, np.nan) for part in of(np.ones(len(values), bool)))
    checked = predicts(*of(half), *of(~half), known=known)
    return Fair(raw, mean, se, n, shrink_means(mean, se, level, seed=seed), checked)


def _means(values: Floats, unit: NDArray[np.int_], units: int) -> tuple[Floats, Floats]:
    n = np.bincount(unit, minlength=units).astype(float)
    return np.bincount(unit, weights=values, minlength=units) / np.where(n > 0, n, np.nan), n
