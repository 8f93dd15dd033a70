"""A few random clinics with known truth: what section 9 infers holds it.

``benchmarks/coverage_finance.py`` does the same for many clinics.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(scope="module")
def found():
    specification = importlib.util.spec_from_file_location("coverage_of_finance", BENCHMARKS / "coverage_finance.py")
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    specification.loader.exec_module(module)
    return [case for seed in range(1, 9) for case in module.cases(seed)]


def test_intervals_hold_the_truth(found):
    of_doctors = [e.low <= truth <= e.high for name, e, truth in found if name.endswith("of each")]
    whole = [e.low <= truth <= e.high for name, e, truth in found if not name.endswith("of each")]
    # 8 clinics: promised 0.90; estimates of one clinic move together
    assert len(of_doctors) == 80 and np.mean(of_doctors) > 0.8
    assert len(whole) == 32 and np.mean(whole) > 0.75


def test_nothing_is_biased(found):
    for name in {name for name, _, _ in found}:
        mine = [(e.value, truth) for key, e, truth in found if key == name]
        assert np.mean([value / truth for value, truth in mine]) == pytest.approx(1, abs=0.05), name
