"""Chances, losses and K of random clinics lie inside their intervals; a few of the many that the benchmark looks at."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from coverage_funnel import cases


def test_the_truth_lies_inside():
    """Of some sixty intervals at 90 %, fewer than four fifths would hold the truth once in many hundred runs."""
    found = [case for seed in range(4) for case in cases(seed)]
    assert np.mean([e.low <= truth <= e.high for _, e, truth in found]) > 0.8
    shares = [(e.value, truth) for name, e, truth in found if name.endswith(("answered_share", "booked_share"))]
    assert np.max([abs(value - truth) for value, truth in shares]) < 0.12
