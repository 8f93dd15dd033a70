"""A few random clinics with known loads, absences and stays: the intervals of the capacity section hold them.

``benchmarks/coverage_capacity.py`` does the same for many clinics.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "coverage_capacity.py"
CLINICS = 3


@pytest.fixture(scope="module")
def told():
    specification = importlib.util.spec_from_file_location("coverage_capacity", BENCHMARK)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return [case for seed in range(1, CLINICS + 1) for case in module.cases(seed)]


def test_intervals_hold_the_truth(told):
    held = {name: [e.low <= truth <= e.high for n, e, truth in told if n == name] for name, _e, _t in told}
    assert len(held) >= 20
    each = held.pop("loads.load of each doctor")
    # estimates of one clinic move together, so allow for a bad clinic
    assert np.mean([np.mean(part) for part in held.values()]) > 0.75
    assert np.mean(each) > 0.75


def test_no_number_is_biased(told):
    for name in {name for name, _e, _t in told}:
        pairs = [(e.value, truth) for n, e, truth in told if n == name]
        value, truth = np.mean(pairs, axis=0)
        slack = 0.45 if name == "attendance.reminder_difference" else 0.12
        assert value == pytest.approx(truth, rel=slack), name
