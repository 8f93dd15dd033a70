"""Change at the desk: the stated ratio, identities by hand, a recovered training, and trainings that cannot be judged."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from audit.analyses import desk_change
from audit.config import Days, Period
from audit.errors import NotAnswerable
from audit.tables.connection import Tables, tables_from_frames
from tests.analyses.test_administrators import BEFORE, NOW, calls, clinic
from tests.analyses.test_administrators import PERIOD as YEAR
from tests.pages import NONSENSE, spoken

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import coverage_administrators as planted  # noqa: E402


def run(tables: Tables, period: Period, **params):
    return desk_change.analyse(
        tables["opportunities"], tables["enquiries"], tables.get("events"), period=period, params=desk_change.DeskChangeParams(**params)
    )


def says(result, period: Period) -> str:
    texts = spoken("desk_change", result, period).texts
    assert not any(nonsense in text for text in texts for nonsense in NONSENSE), texts
    return "\n".join(texts)


def keys(result) -> set[str]:
    return {finding.key for finding in result.findings}


@pytest.fixture(scope="module")
def four() -> Tables:
    return clinic(calls("2015-10-01", BEFORE), calls("2016-10-01", NOW))


@pytest.fixture(scope="module")
def drawn() -> planted.Desk:
    return planted.desk(2)


@pytest.fixture(scope="module")
def trained(drawn) -> Tables:
    return tables_from_frames(planted.tables(drawn), end=planted.END)


def test_teaching_clinic(demo_tables, demo_period):
    result = run(demo_tables, demo_period)
    assert result.change.low < 1.347 < result.change.high
    assert result.change.value == pytest.approx(1.347, abs=0.005)
    assert abs(result.mix.value) < 0.01
    assert result.says["title"].key == "by_rate"
    assert {"training_not_told", "design", "changed_strength"} <= keys(result)


def test_everybody_in_the_teaching_clinic_got_the_scripts(demo_tables, demo_period):
    """The scripts of February 2016 were for all four: no colleague shows what would have happened anyway."""
    result = run(demo_tables, demo_period, trained=("A", "B", "C", "D"), trained_on=date(2016, 2, 1))
    assert result.effect is None
    assert "training_everybody" in keys(result)
    assert "everybody was trained" in says(result, demo_period)


def test_mix_and_rate_add_up_by_hand(four):
    result = run(four, YEAR)
    assert result.change.value == pytest.approx((984 / 1739) / (438 / 1043))
    assert result.mix.value + result.rate.value == pytest.approx(984 / 1739 - 438 / 1043)
    by = result.change_by
    assert by.mix.sum() == pytest.approx(result.mix.value)
    assert by.rate.sum() == pytest.approx(result.rate.value)


def test_who_answers_alone_is_a_change_of_mix():
    """Both convert as before, the better one answers three times as much."""
    result = run(clinic(calls("2015-10-01", {"A": (100, 60), "B": (300, 90)}), calls("2016-10-01", {"A": (300, 180), "B": (100, 30)})), YEAR)
    assert result.rate.value == pytest.approx(0.0)
    assert result.mix.value == pytest.approx(0.15)
    assert result.says["title"].key == "by_mix"


def test_training_is_recovered(drawn, trained):
    names = tuple("ABCDEFGH"[a] for a in np.flatnonzero(drawn.trained))
    result = run(trained, planted.PERIOD, trained=names, trained_on=planted.TRAINED_ON)
    truth = next(truth for name, _, truth in planted.cases(2) if name.startswith("desk_change"))
    assert result.effect.low < truth < result.effect.high
    assert result.effect.value == pytest.approx(result.raw_effect.value - result.regression.value)
    assert set(result.colleagues.administrator[result.colleagues.group == "trained"]) == set(names)
    assert result.placebo is not None
    says(result, planted.PERIOD)


def test_intervals_hold_over_small_desks():
    told = [case for seed in range(200, 206) for case in planted.cases(seed)]
    for part in ("administrators.conversion", "desk_change.effect"):
        held = [e.low <= truth <= e.high for name, e, truth in told if name.startswith(part)]
        assert np.mean(held) > 0.7, part


def test_another_change_in_the_same_weeks_makes_it_weak(drawn):
    names = tuple("ABCDEFGH"[a] for a in np.flatnonzero(drawn.trained))
    frames = planted.tables(drawn)
    frames["events"] = pd.DataFrame({"event": ["New site"], "kind": ["marketing"], "from_day": [date(2016, 4, 20)]})
    result = run(tables_from_frames(frames, end=planted.END), planted.PERIOD, trained=names, trained_on=planted.TRAINED_ON)
    assert result.effect.verdict == "weak" and result.grade == "C"
    assert "New site" in says(result, planted.PERIOD)


@pytest.mark.parametrize(
    ("given", "known"),
    [
        ({}, "not_told"), ({"trained": ("A",)}, "not_told"),
        ({"trained": ("Z",), "trained_on": planted.TRAINED_ON}, "nobody_known"),
        ({"trained": tuple("ABCDEFGH"), "trained_on": planted.TRAINED_ON}, "everybody"),
        ({"trained": ("A",), "trained_on": date(2016, 9, 20)}, "too_early"),
        ({"trained": ("A",), "trained_on": date(2015, 2, 1)}, "too_early"),
        ({"trained": ("A",), "trained_on": date(2030, 1, 1)}, "too_early"),
    ],
)
def test_a_training_that_cannot_be_judged_is_said_in_words(trained, given, known):
    result = run(trained, planted.PERIOD, **given)
    assert result.effect is None and result.training == known
    assert f"training_{known}" in keys(result)
    says(result, planted.PERIOD)


def test_one_administrator():
    tables = clinic(calls("2016-10-01", {"A": (100, 50)}))
    result = run(tables, YEAR, trained=("A",), trained_on=date(2016, 6, 1))
    assert result.change is None and result.effect is None and result.design is None
    assert "no_before" in keys(result)
    says(result, YEAR)


def test_one_administrator_is_offered_no_training_of_every_second_one():
    result = run(clinic(calls("2015-10-01", {"A": (290, 167)}), calls("2016-10-01", {"A": (460, 285)})), YEAR)
    told = says(result, YEAR)
    assert result.mix is None and result.says["title"].key == "by_alone" and "training_alone" in keys(result)
    assert "every second" not in told and "not by who" not in told


def test_calls_without_a_name():
    result = run(clinic(calls("2015-10-01", {None: (100, 50)}), calls("2016-10-01", {None: (100, 60)})), YEAR)
    assert result.change is None
    assert "no_before" in keys(result)
    says(result, YEAR)


def test_nobody_answered():
    with pytest.raises(NotAnswerable):
        run(clinic(calls("2016-03-01", {"A": (10, 5)})), YEAR.model_copy(update={"now": Days(start=date(2016, 10, 1), end=date(2016, 11, 1))}))
