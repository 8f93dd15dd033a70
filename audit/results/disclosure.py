"""Small groups are not shown: a pure function on results, applied before anything is stored or printed."""

from __future__ import annotations

import dataclasses
from typing import TypeVar

import numpy as np
import pandas as pd

from audit.results.result import Measure, Result

R = TypeVar("R", bound=Result)

SMALLEST_SHOWN = 8
"""Counts of 1–7 patients are hidden in the clinic's own report (the rule of OpenSAFELY and the NHS)."""


def protect(result: R, *, smallest: int = SMALLEST_SHOWN) -> R:
    """``result`` with every table row of 1 to ``smallest - 1`` patients emptied.

    When a single row would be hidden the next smallest is hidden with it, so that no total minus the
    rest gives it away. Rows keep their labels; a frame without a ``people`` measure is untouched.
    """
    changes = {
        name: _protected(frame, result.measures(name), smallest)
        for name, frame in result.tables().items()
        if any(measure.people for measure in result.measures(name))
    }
    return dataclasses.replace(result, **changes) if changes else result


def _protected(frame: pd.DataFrame, measures: tuple[Measure, ...], smallest: int) -> pd.DataFrame:
    counts = frame[[measure.name for measure in measures if measure.people]]
    small = ((counts > 0) & (counts < smallest)).any(axis=1)
    if not small.any():
        return frame
    if small.sum() == 1 and len(frame) > 1:
        rest = counts.min(axis=1).where(~small & (counts.min(axis=1) > 0))
        if rest.notna().any():
            small.loc[rest.idxmin()] = True
    hidden = frame.copy()
    for measure in measures:
        if not measure.is_label:
            for name in measure.names:
                hidden[name] = hidden[name].astype(float).where(~small, np.nan)
    return hidden
