"""Lift: how much more often two features meet than they would if they had nothing to do with each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Lift:
    """Cells of a cross table, each (R, C): ``expected`` counts under independence, and observed over expected.

    ``lift`` is 1 under independence; ``differs`` marks cells whose lift is not 1 by more than chance, false
    discoveries held at 1 − level over all cells.
    """

    expected: Floats
    lift: Floats
    low: Floats
    high: Floats
    differs: npt.NDArray[np.bool_]


def lift(counts: npt.ArrayLike, level: float = 0.90) -> Lift:
    """Lift of every cell of ``counts`` (R, C), units by two features.

    ln(n_ij N / (n_i. n_.j)) has the multinomial delta-method variance 1/n_ij − 1/n_i. − 1/n_.j − 1/N +
    2 n_ij / (n_i. n_.j); an empty cell takes half a unit for its bounds. Tests are the adjusted residuals of Haberman (1973) with
    Benjamini–Hochberg. Cells of an empty row or column are NaN.
    """
    n = np.asarray(counts, float)
    total, rows, columns = n.sum(), n.sum(axis=1, keepdims=True), n.sum(axis=0, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = rows * columns / total
        value = n / expected
        seen = np.maximum(n, 0.5)
        variance = np.maximum(1 / seen - 1 / rows - 1 / columns - 1 / total + 2 * seen / (rows * columns), 0.0)
        half = stats.norm.ppf((1 + level) / 2) * np.sqrt(variance)
        middle = seen / expected
        residual = (n - expected) / np.sqrt(expected * (1 - rows / total) * (1 - columns / total))
    known = np.isfinite(residual)
    differs = np.zeros(n.shape, bool)
    if known.any():
        p = 2 * stats.norm.sf(np.abs(residual[known]))
        differs[known] = stats.false_discovery_control(p, method="bh") <= 1 - level
    low = np.where(n > 0, middle * np.exp(-half), 0.0)
    return Lift(expected, value, np.where(np.isfinite(value), low, np.nan), middle * np.exp(half), differs)
