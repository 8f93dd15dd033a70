"""A few random clinics with known truth: what section 10 infers holds it.

``benchmarks/coverage_growth.py`` does the same for many clinics.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def test_intervals_hold_the_truth():
    specification = importlib.util.spec_from_file_location("coverage_of_growth", BENCHMARKS / "coverage_growth.py")
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    specification.loader.exec_module(module)
    held = [e.low <= truth <= e.high for seed in range(1, 7) for _name, e, truth in module.cases(seed)]
    # 6 clinics of 8 numbers: promised 0.90, those of one clinic move together
    assert len(held) == 48 and sum(held) >= 38
