"""The audit of December 2015 promises, the levers are really moved, and the promises are kept.

``benchmarks/levers.py`` does the same for more levers and many clinics; its table is in ``benchmarks/README.md``.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pandas as pd
import pytest

BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "levers.py"
SEED = 20151201
CHANCE = 60_000
"""Standard deviation of realised at one seed: who the patients are is drawn anew when something is moved."""


@pytest.fixture(scope="module")
def levers():
    specification = importlib.util.spec_from_file_location("levers", BENCHMARK)
    sys.modules["levers"] = module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def kept(levers):
    return {one.lever: one for one in levers.cases(SEED, ("call_back", "script", "standard", "recall", "beds"))}


@pytest.mark.parametrize("lever", ["call_back", "script", "standard", "recall"])
def test_what_is_realised_lies_in_the_expected_interval(kept, lever):
    _value, low, high = kept[lever].expected
    assert low - 2 * CHANCE <= kept[lever].realised <= high + 2 * CHANCE
    assert kept[lever].realised > 0


def test_promises_to_act_on_are_neither_vain_nor_timid(kept):
    """What is to be done now brings together what was expected, to a third: an interval alone may hold by being wide."""
    now = [one for one in kept.values() if one.group == "do_now"]
    assert {one.lever for one in now} >= {"call_back", "script"}
    assert sum(one.realised for one in now) == pytest.approx(sum(one.expected[0] for one in now), rel=1 / 3)


def test_beds_that_would_stay_empty_are_not_promised(kept):
    assert kept["beds"].expected is None and kept["beds"].realised == pytest.approx(-120_000, abs=1)


def test_the_audit_does_not_see_what_came_later(levers, kept):
    later = pd.DataFrame({"charged_on": pd.to_datetime(["2015-12-31", "2016-01-01"])})
    prices = pd.DataFrame({"valid_from": pd.to_datetime(["2014-01-01", "2016-03-14"]), "valid_to": pd.to_datetime(["2016-03-13", None])})
    seen = levers.known({"charges": later, "prices": prices}, levers.CUT)
    assert len(seen["charges"]) == 1 and len(seen["prices"]) == 1 and seen["prices"]["valid_to"].isna().all()
