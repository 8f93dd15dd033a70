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


def test_an_empty_table_stays_empty():
    assert protect(ages([])).bands.empty


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


@dataclass(frozen=True, kw_only=True)
class Mixes(Result):
    cells: pd.DataFrame = table(
        Measure("row", "label", block=True), Measure("column", "label", block=True), Measure("patients", "count", people=True)
    )


def mixes(counts: np.ndarray) -> pd.DataFrame:
    rows, columns = np.indices(counts.shape)
    names = {"row": [f"r{i}" for i in rows.ravel()], "column": [f"c{i}" for i in columns.ravel()]}
    return protect(Mixes(grade="A", cells=pd.DataFrame({**names, "patients": counts.ravel()}))).cells


def solved(shown: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """What somebody finds who knows the totals of all rows and columns: cells alone in their line, one after another."""
    known = ~np.isnan(shown)
    while True:
        before = known.sum()
        for line in (0, 1):
            alone = (~known).sum(axis=line, keepdims=True) == 1
            known |= ~known & alone
        if known.sum() == before:
            return known


def test_a_cell_of_three_cannot_be_solved_from_the_totals_of_its_table():
    counts = np.array([[100, 3, 40], [60, 30, 20], [80, 50, 9]])
    shown = mixes(counts).patients.to_numpy(dtype=float).reshape(counts.shape)
    assert np.isnan(shown[0, 1]) and not solved(shown, counts)[0, 1]


@given(st.lists(st.lists(st.integers(0, 40), min_size=3, max_size=3), min_size=3, max_size=5))
def test_no_small_cell_is_alone_under_any_total(rows):
    counts = np.array(rows)
    shown = mixes(counts).patients.to_numpy(dtype=float).reshape(counts.shape)
    for line, real in ((shown, counts), (shown.T, counts.T)):
        for cells, true in zip(line, real, strict=True):
            small = np.isnan(cells) & (true > 0) & (true < SMALLEST_SHOWN)
            assert not small.any() or np.isnan(cells[true > 0]).sum() > 1 or (true > 0).sum() == 1


def test_each_part_of_a_table_is_protected_by_itself():
    shown = mixes(np.array([[100, 3, 40, 0], [90, 20, 5, 0]]))
    assert (shown.patients.isna().groupby(shown.row).sum() >= 2).all()
