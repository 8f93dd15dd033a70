"""The driver tree against the teaching clinic's known decomposition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.models.driver_tree import drivers, factors

BEFORE = {
    "answered_calls": 1043.0, "first_by_call": 476 * 0.92, "first_patients": 476.0, "visits": 1747.0, "operations": 60.0,
    "ambulatory": 5.712e6, "surgery": 4.2e6, "revenue": 9.912e6, "fixed": 6.95e6, "profit": -0.51e6,
}  # fmt: skip
AFTER = {
    "answered_calls": 1739.0, "first_by_call": 1070 * 0.92, "first_patients": 1070.0, "visits": 4281.0, "operations": 120.0,
    "ambulatory": 16.38e6, "surgery": 8.4e6, "revenue": 24.78e6, "fixed": 7.4e6, "profit": 8.71e6,
}  # fmt: skip


def parts(before, now):
    return factors(before, now).set_index("factor")["contribution"]


def test_growth_of_the_teaching_clinic():
    found = parts(BEFORE, AFTER) / 1e6
    assert found[["answered_calls", "conversion", "visits_per_first", "receipt", "surgery"]].tolist() == pytest.approx(
        [5.18, 3.02, 0.88, 1.59, 4.20], abs=0.015
    )
    assert found["call_share"] == pytest.approx(0, abs=1e-9)
    assert found.sum() == pytest.approx(24.78 - 9.912, abs=1e-9)


def test_ratios_multiply_to_the_ratio_of_outpatient_revenue():
    ratios = factors(BEFORE, AFTER).set_index("factor")["ratio"].drop("surgery")
    assert ratios.prod() == pytest.approx(16.38 / 5.712)


def test_without_calls_it_begins_at_first_patients():
    calls = {"answered_calls": np.nan, "first_by_call": np.nan}
    found = parts(BEFORE | calls, AFTER | calls)
    assert list(found.index) == ["first_patients", "visits_per_first", "receipt", "surgery"]
    assert found.sum() == pytest.approx(24.78e6 - 9.912e6)


def test_without_visits_it_is_not_split_and_without_before_it_is_empty():
    assert list(parts(BEFORE, AFTER | {"visits": 0.0}).index) == ["ambulatory", "surgery"]
    assert factors({}, AFTER).empty


def test_drivers_are_those_that_are_known():
    found = drivers(BEFORE, AFTER | {"fixed": np.nan}).set_index("driver")
    assert "fixed" not in found.index and np.isnan(found.loc["profit", "ratio"])
    assert found.loc["conversion", "now"] == pytest.approx(0.566, abs=0.001)
    assert found.loc["operation_receipt", "ratio"] == pytest.approx(1.0)
    assert drivers({}, AFTER)["before"].isna().all()


COUNT = st.floats(1e-3, 1e6)


@given(st.lists(COUNT, min_size=12, max_size=12))
def test_parts_sum_to_the_whole_change_whatever_the_counts(amounts):
    names = ["answered_calls", "first_by_call", "first_patients", "visits", "ambulatory", "surgery"]
    before, now = (dict(zip(names, side, strict=True)) for side in (amounts[:6], amounts[6:]))
    change = sum(now[name] - before[name] for name in ("ambulatory", "surgery"))
    scale = max(before["ambulatory"], now["ambulatory"], before["surgery"], now["surgery"])
    assert parts(before, now).sum() == pytest.approx(change, abs=1e-9 * scale)
