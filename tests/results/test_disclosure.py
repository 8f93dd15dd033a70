"""Small groups are hidden, and nothing lets them be computed from the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from audit.results import Measure, Result, protect, table
from audit.results.disclosure import SMALLEST_SHOWN


@dataclass(frozen=True, kw_only=True)
class Ages(Result):
    bands: pd.DataFrame = table(
        Measure("band", "label"), Measure("patients", "count", people=True), Measure("share", "share", interval=True)
    )


def ages(counts: list[int]) -> Ages:
    total = max(sum(counts), 1)
    share = [count / total for count in counts]
    return Ages(
        grade="A",
        bands=pd.DataFrame(
            {
                "band": [f"b{i}" for i in range(len(counts))],
                "patients": counts,
                "share": share,
                "share_low": share,
                "share_high": share,
            }
        ),
    )


def test_a_small_group_takes_the_next_smallest_with_it():
    shown = protect(ages([100, 3, 20, 50])).bands
    assert shown.patients.isna().tolist() == [False, True, True, False]
    assert shown.share.isna().tolist() == [False, True, True, False]
    assert shown.band.tolist() == ["b0", "b1", "b2", "b3"]


def test_two_small_groups_hide_each_other():
    assert protect(ages([100, 3, 2, 50])).bands.patients.isna().tolist() == [False, True, True, False]


def test_nothing_small_nothing_hidden():
    result = ages([8, 9, 0])
    assert protect(result) is not None
    assert protect(result).bands.equals(result.bands)


@given(st.lists(st.integers(0, 40), min_size=2, max_size=12))
def test_never_one_alone_and_never_a_small_one_shown(counts):
    shown = protect(ages(counts)).bands.patients.to_numpy(dtype=float)
    hidden = np.isnan(shown)
    assert not ((shown > 0) & (shown < SMALLEST_SHOWN)).any()
    others = sum(count > 0 for count in counts) - 1
    assert hidden.sum() != 1 or others == 0
