"""Calibration of repeat visits to the monthly path.

A month of the path has visits(t) − first visits(t) repeats. Wished repeats are thinned to that number:
a patient's first repeat and promised returns always stay, so who comes once is not changed by thinning.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.random import Generator

from audit.simulate.days import AFTER_MONTH, BEFORE_MONTH, FIRST_MONTH, MONTHS
from audit.simulate.path import Path
from audit.simulate.sampling import take_per_group
from audit.simulate.truth import Truth

KEPT_SHARE = 0.85
"""Of wished repeats, in a month that is not stated: what December 2015 keeps on average over seeds (sd 0.03)."""


def thin(truth: Truth, path: Path, repeats: pd.DataFrame, rng: Generator) -> tuple[pd.DataFrame, np.ndarray]:
    """Repeats kept (rows of ``repeats``: month, ordinal, priority) and the share kept in each month."""
    month = repeats.month.to_numpy()
    have = np.bincount(month, minlength=MONTHS)[:MONTHS]
    before, after = truth.anchors()
    share = np.ones(MONTHS)
    share[: BEFORE_MONTH + 1] = (before.visits - before.primaries) / max(have[BEFORE_MONTH], 1)
    last = (after.visits - after.primaries) / max(have[AFTER_MONTH], 1)
    steps = np.arange(1, AFTER_MONTH - BEFORE_MONTH + 1) / (AFTER_MONTH - BEFORE_MONTH)
    share[BEFORE_MONTH + 1 :] = share[BEFORE_MONTH] + (last - share[BEFORE_MONTH]) * steps
    promised = np.bincount(month, repeats.priority.to_numpy() > 0, MONTHS)[:MONTHS] if path.lever is not None else 0
    if path.lever is not None:
        share[BEFORE_MONTH + 1 :] = KEPT_SHARE
    need = np.minimum(np.round((have - promised) * share + promised).astype(int), have)
    need[:FIRST_MONTH] = have[:FIRST_MONTH]
    always = (repeats.ordinal == 1) | (repeats.priority > 0)
    weight = np.where(always, 1e9, 1.0)
    kept = repeats[take_per_group(month, need, weight, rng)].reset_index(drop=True)
    return kept, share
