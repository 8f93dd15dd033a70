"""Small groups are not shown: a pure function on results, applied before anything is stored or printed."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from audit.results.result import Measure, Result

R = TypeVar("R", bound=Result)
Mask = NDArray[np.bool_]

SMALLEST_SHOWN = 8
"""Counts of 1–7 patients are hidden in the clinic's own report (the rule of OpenSAFELY and the NHS)."""


def is_small(people: float) -> bool:
    """So few patients that neither their count nor a number it can be computed from may be shown."""
    return 0 < people < SMALLEST_SHOWN


def protect(result: R, *, smallest: int = SMALLEST_SHOWN) -> R:
    """``result`` with every table row of 1 to ``smallest - 1`` patients emptied.

    When a single row would be hidden the next smallest is hidden with it, so that no total minus the
    rest gives it away; where labels are marked as blocks, in each block of each such label. Rows keep
    their labels; a frame without a ``people`` measure is untouched.
    """
    changes = {
        name: _protected(frame, result.measures(name), smallest)
        for name, frame in result.tables().items()
        if any(measure.people for measure in result.measures(name))
    }
    return dataclasses.replace(result, **changes) if changes else result


def small_cells(counts: ArrayLike, blocks: Sequence[ArrayLike] = (), smallest: int = SMALLEST_SHOWN) -> Mask:
    """Which cells must be hidden: counts of 1 to ``smallest - 1`` and what would give one of them away.

    ``counts`` (rows,) or (rows, k) of patients, a row being hidden whole; each of ``blocks`` (rows,) names the
    total a row belongs to, none meaning that all rows add up to one.
    """
    count = np.asarray(counts, dtype=float)
    count = count[:, None] if count.ndim == 1 else count
    hidden: Mask = np.asarray(((count > 0) & (count < smallest)).any(axis=1), dtype=bool)
    groups = [pd.factorize(np.asarray(block, dtype=object))[0] for block in blocks] or [np.zeros(len(count), int)]
    insides = [group == number for group in groups for number in range(int(group.max(initial=-1)) + 1)]
    # what is hidden for the sake of one total may stand alone under another
    while True:
        before = int(hidden.sum())
        for inside in insides:
            for column in count.T:
                if (inside & hidden & (column > 0)).sum() == 1:
                    rest = np.where(inside & ~hidden & (column > 0), column, np.inf)
                    if np.isfinite(rest).any():
                        hidden[int(rest.argmin())] = True
        if hidden.sum() == before:
            return hidden


def _protected(frame: pd.DataFrame, measures: tuple[Measure, ...], smallest: int) -> pd.DataFrame:
    counts = frame[[measure.name for measure in measures if measure.people]]
    blocks = [frame[measure.name].to_numpy(object) for measure in measures if measure.block]
    small = pd.Series(small_cells(counts, blocks, smallest), index=frame.index)
    if not small.any():
        return frame
    hidden = frame.copy()
    for measure in measures:
        if not measure.is_label:
            for name in measure.names:
                hidden[name] = hidden[name].astype(float).where(~small, np.nan)
    return hidden
