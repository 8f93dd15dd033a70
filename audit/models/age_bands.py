"""Age bands: the five wide ones a clinic speaks of, whose second edge is where childhood ends."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd


def band_lows(child_below: int) -> list[int]:
    """Youngest ages of the five wide bands, years."""
    return [0, 7, child_below, 35, 55]


def band_names(child_below: int) -> list[str]:
    """“0–6”, “7–17” … “55+”."""
    lows = band_lows(child_below)
    return [*(f"{low}–{high - 1}" for low, high in itertools.pairwise(lows)), f"{lows[-1]}+"]


def wide_bands(age: pd.Series, child_below: int) -> pd.Series:
    """Names of the wide age bands, missing where the age (years) is."""
    edges = [*band_lows(child_below), np.inf]
    return pd.cut(age, edges, right=False, labels=band_names(child_below)).astype(object)
