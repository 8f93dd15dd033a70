"""The slow level of a weekly count: knots joined by straight lines and two harmonics of the year."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

KNOT_WEEKS = 26
"""Half a year between knots: longer than a campaign, shorter than a clinic's growth."""

HARMONICS = 4
"""Columns of the seasons: sine and cosine of the year and of half of it."""


def slow_level(weeks: int) -> Array:
    """Columns (weeks, knots + ``HARMONICS``), knots first; on the log scale their weights are levels at the knots."""
    time = np.arange(weeks, dtype=float)
    knots = np.linspace(0, max(weeks - 1, 1), 2 + max(0, round(weeks / KNOT_WEEKS) - 1))
    slow = np.column_stack([np.interp(time, knots, row) for row in np.eye(knots.size)])
    angle = 2 * np.pi * time[:, None] * np.arange(1, 1 + HARMONICS // 2) / (365.25 / 7)
    return np.column_stack([slow, np.sin(angle), np.cos(angle)])
