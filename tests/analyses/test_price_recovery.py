"""Price recovered: random clinics of known truth are held by the page's intervals, and what cannot be told is refused."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "coverage_price.py"


@pytest.fixture(scope="module")
def benchmark():
    specification = importlib.util.spec_from_file_location("coverage_of_price", BENCHMARK)
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    specification.loader.exec_module(module)
    return module


def test_intervals_hold_what_random_clinics_were_made_with(benchmark):
    found = [case for seed in (101, 102, 103) for case in benchmark.cases(seed, ("staggered", "one_branch"))]
    held = [e.low <= truth <= e.high for _, e, truth in found]
    # about 35 intervals at 90 %, several of one clinic going together
    assert len(held) >= 25 and sum(held) >= 0.75 * len(held)


@pytest.mark.parametrize(("kind", "rung"), [("none", "constant"), ("endogenous", "follows_demand")])
def test_what_cannot_be_told_is_refused(benchmark, kind, rung):
    assert benchmark.told(kind, 101) == ([], rung, False)
