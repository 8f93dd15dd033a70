"""Hypotheses: a number that moved is told from one that did not, too early is said, and a named change takes its design."""

from __future__ import annotations

import dataclasses
from datetime import date

import pandas as pd
import pytest

from audit.analyses.changes import ChangesResult
from audit.analyses.hypotheses import HypothesesParams, HypothesesResult, analyse
from audit.analyses.plan import PlanResult
from audit.config import Days, Hypothesis, Period
from audit.errors import NotAnswerable
from audit.results.store import load, save
from tests.pages import spoken

PERIOD = Period(start=date(2015, 1, 1), end=date(2017, 1, 1), now=Days(start=date(2016, 10, 1), end=date(2017, 1, 1)))


def blank(kind, **fields):
    found = object.__new__(kind)
    for item in dataclasses.fields(kind):
        object.__setattr__(found, item.name, fields.get(item.name))
    return found


def plan(**kpis: tuple[float, float, float]) -> PlanResult:
    none = (float("nan"),) * 3
    money = {name: name.startswith("channels") for name in kpis}
    rows = [(name.replace("__", "."), "currency" if money[name] else "share", *(none if money[name] else three), *(three if money[name] else none))
            for name, three in kpis.items()]  # fmt: skip
    columns = [name for measure in PlanResult.measures("kpis") for name in measure.names]
    return blank(PlanResult, kpis=pd.DataFrame(rows, columns=columns))


def begun(kpi: str = "funnel.answered_share", better: str = "high", start: date = date(2016, 5, 1), **changes: object) -> Hypothesis:
    told = {"value": 0.60, "low": 0.58, "high": 0.62, "gain": 9000.0, "gain_low": 4000.0, "gain_high": 14_000.0, "unit": "share"}
    return Hypothesis(kpi=kpi, better=better, start=start, check=date(2016, 12, 1), **(told | changes))


def run(now: PlanResult, changes: ChangesResult | None = None, **accepted: Hypothesis) -> HypothesesResult:
    return analyse(now, changes, period=PERIOD, params=HypothesesParams(accepted=accepted))


NOW = plan(funnel__answered_share=(0.72, 0.70, 0.74), funnel__booked_share=(0.61, 0.58, 0.64), telephone__missed_share=(0.70, 0.67, 0.73),
           channels__cost_per_first_patient=(1100.0, 1000.0, 1200.0))


@pytest.mark.parametrize(
    ("one", "reading"),
    [
        (begun(), "moved"),
        (begun(better="low"), "against"),
        (begun("funnel.booked_share"), "unclear"),
        (begun("telephone.missed_share", "low"), "against"),
        (begun(start=date(2016, 11, 1)), "early"),
        (begun(stopped=date(2016, 8, 1)), "stopped"),
        (begun("channels.cost_per_first_patient", "low", unit="currency", value=1500.0, low=1400.0, high=1600.0), "moved"),
        (begun("capacity.room_load"), "unknown"),
        (begun(value=None, low=None, high=None), "unknown"),
    ],
)
def test_reading(one, reading):
    result = run(NOW, call_back=one)
    assert list(result.hypotheses["reading"]) == [reading] and getattr(result, reading) == 1
    assert result.begun == (reading in ("moved", "against", "unclear"))


def test_change_is_relative_with_both_intervals():
    row = run(NOW, call_back=begun()).hypotheses.iloc[0]
    half = (0.02**2 + 0.02**2) ** 0.5
    assert row[["change", "change_low", "change_high"]].tolist() == pytest.approx([0.2, (0.12 - half) / 0.6, (0.12 + half) / 0.6])
    assert row["by"] == "then_now"


def test_a_change_the_clinic_recorded_is_judged_by_its_design():
    effects = pd.DataFrame([{"change": "Training", "outcome": "booked", "design": "compared", "effect": 0.1, "effect_low": 0.02, "effect_high": 0.18}])
    changes = blank(ChangesResult, effects=effects)
    result = run(NOW, changes, script=begun("telephone.missed_share", "low", change="Training"))
    row = result.hypotheses.iloc[0]
    assert (row["by"], row["outcome"], row["reading"], row["change"]) == ("compared", "booked", "moved", 0.1)
    assert result.grade == "B" and run(NOW, call_back=begun()).grade == "C"


def test_without_an_accepted_plan_nobody_asked():
    with pytest.raises(NotAnswerable) as reason:
        run(NOW)
    assert (reason.value.reason, reason.value.verdict) == ("none_accepted", "not_asked")


def test_every_sentence_is_said_and_the_disk_keeps_it(tmp_path):
    every = run(NOW, call_back=begun(), script=begun(better="low"), recall=begun("funnel.booked_share"), beds=begun("capacity.room_load"))
    early = run(NOW, call_back=begun(start=date(2016, 11, 1)))
    none = run(NOW, call_back=begun(better="low"))
    assert all(all(spoken("hypotheses", result, PERIOD).texts) for result in (every, early, none))
    assert {finding.key for finding in every.findings} == {"moved", "against", "unclear", "unknown"}
    save(every, tmp_path / "a", analysis="hypotheses", fingerprint="x")
    pd.testing.assert_frame_equal(load(HypothesesResult, tmp_path / "a").hypotheses, every.hypotheses)
