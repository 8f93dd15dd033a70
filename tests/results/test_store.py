"""Results on disk: what goes in comes out, and the bytes depend on nothing else."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

import pandas as pd
import pytest

from audit.errors import RunError
from audit.results import Estimate, Finding, Measure, Result, Sentence, Unanswered, exact, table
from audit.results.store import ESTIMATE_COLUMNS, load, save, tidy


@dataclass(frozen=True, kw_only=True)
class PetResult(Result):
    cats: Estimate
    dogs: Estimate | None
    owners: int
    favourite: str | None
    since: date
    by_street: pd.DataFrame = table(
        Measure("street", "label"), Measure("cats", "share", interval=True), Measure("n", "count", shown=False)
    )


def pets(**changes) -> PetResult:
    values = {
        "grade": "B",
        "cats": Estimate(0.4, 0.3, 0.5, "share", n=90, grade="B", verdict="identified"),
        "dogs": None,
        "owners": 17,
        "favourite": "Tom – š ₽",
        "since": date(2020, 2, 29),
        "says": {"title": Sentence("many", {"n": 3, "share": exact(0.5, "share", 4)})},
        "findings": (Finding("cats_rule", "strength", {"n": 2}, impact=exact(100.0, "currency", 9)),),
        "headline": "cats",
        "by_street": pd.DataFrame(
            {
                "street": ["High", "Low"],
                "cats": [0.5, math.nan],
                "cats_low": [0.4, math.nan],
                "cats_high": [0.6, math.nan],
                "n": [9, 2],
            }
        ),
    }
    return PetResult(**values | changes)


def test_round_trip(tmp_path):
    save(pets(), tmp_path, analysis="pets", fingerprint="abc")
    again = load(PetResult, tmp_path)
    assert again.values() == pets().values()
    assert (again.says, again.findings, again.grade, again.headline) == (
        pets().says, pets().findings, pets().grade, pets().headline,
    )  # fmt: skip
    pd.testing.assert_frame_equal(again.by_street, pets().by_street, check_dtype=False)


def test_same_result_same_bytes(tmp_path):
    for name in ("a", "b"):
        save(pets(), tmp_path / name, analysis="pets", fingerprint="abc")
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_unanswered_comes_back_as_itself(tmp_path):
    result = Unanswered(grade="C", analysis="pets", reason="no_pets", verdict="not_available", details={"n": 3})
    save(result, tmp_path, analysis="pets", fingerprint="abc")
    assert load(PetResult, tmp_path) == result


def test_a_missing_result_is_told(tmp_path):
    with pytest.raises(RunError, match="no result of"):
        load(PetResult, tmp_path / "pets")


def test_tidy_lists_scalars_and_table_rows():
    frame = tidy({"pets": pets()})
    assert list(frame.columns) == ESTIMATE_COLUMNS
    assert list(zip(frame.estimate, frame.group, frame.value.astype(float).fillna(-1), strict=True)) == [
        ("cats", "", 0.4),
        ("by_street.cats", "High", 0.5),
        ("by_street.cats", "Low", -1.0),
    ]


def test_a_number_that_is_not_finite_is_no_estimate():
    with pytest.raises(AssertionError):
        Estimate(math.nan, 0, 1, "share", 3)
    with pytest.raises(AssertionError):
        Estimate(0.5, 0.8, 0.2, "share", 3)


def test_columns_must_be_those_declared():
    with pytest.raises(AssertionError, match="declared"):
        pets(by_street=pd.DataFrame({"street": ["High"]}))


def test_scaling_turns_an_interval_round_for_a_negative_factor():
    turned = Estimate(2.0, 1.0, 4.0, "currency", 5).scaled(-1.0)
    assert (turned.value, turned.low, turned.high) == (-2.0, -4.0, -1.0)
