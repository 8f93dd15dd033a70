"""Allocation of first visits: the example is found, only free hours are filled, and what is unknown is said."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from audit.analyses import allocation
from audit.analyses.allocation import AllocationParams, AllocationResult
from audit.analyses.doctors import DoctorsResult
from audit.errors import NotAnswerable
from audit.results import exact
from audit.wording import Labels
from audit.wording.text import Words
from tests.analyses.test_doctors import analysed

SLOTS = ("title", "lede", "notes.how", "notes.care", "notes.decide", "figures.balance.title", "figures.services.title",
         "tables.doctors.title")


def compared(rows: list[tuple], **changes: object) -> DoctorsResult:
    """Doctors of (code, value, rating, reading, first visits now, rota filled), intervals ± 5 % and ± 0.05."""
    frame = pd.DataFrame(rows, columns=["doctor", "value", "satisfaction", "reading", "now", "rota_filled"])
    for name, half in (("value", 0.05 * frame["value"]), ("satisfaction", 0.05)):
        frame[f"{name}_low"], frame[f"{name}_high"] = frame[name] - half, frame[name] + half
    frame = frame.assign(n=200, hours=100.0, hours_each=2.0, specialty="ENT", services_reading="unknown", revenue=1.0)
    columns = [name for measure in DoctorsResult.measures("doctors") for name in measure.names]
    facts = {item.name: None for item in dataclasses.fields(DoctorsResult) if item.name not in ("says", "findings", "grade")}
    facts |= {"n_doctors": len(rows), "different": 2, "waiting": 0, "signs": 2, "duty": "agrees", "value_days": 365,
              "clinic_value": exact(100.0, "currency", 800), "doctors": frame.reindex(columns=columns)}
    return DoctorsResult(grade="B", **facts | changes)


FOUR = [
    ("D01", 200.0, 4.8, "above", 20.0, 0.5), ("D02", 120.0, 4.5, "as_clinic", 20.0, 0.95),
    ("D03", 60.0, 4.4, "below", 20.0, 0.5), ("D04", 260.0, 3.6, "review", 20.0, 0.2),
]


def proposed(doctors: DoctorsResult, **params: object) -> AllocationResult:
    result = allocation.analyse(doctors, params=AllocationParams(**params))
    words = Words("allocation", currency="RUB")
    assert all(words.sentence(slot, result) for slot in SLOTS)
    assert all(words.finding(result, finding) for finding in result.findings)
    return result


def test_patients_move_to_the_free_hours_of_the_example():
    """D01 may grow by 30 % to 26 (45 free hours, 2 each); the 6 leave D03, who may lose 6."""
    result = proposed(compared(FOUR))
    assert result.proposal == "moves" and result.benchmark == "D01"
    flow = result.doctors.set_index("doctor")["proposed"]
    assert flow.to_dict() == pytest.approx({"D01": 26, "D02": 20, "D03": 14, "D04": 20})
    assert result.gain.value == pytest.approx(6 * 140) and result.gain.low > 0 and result.gain.grade == "C"


def test_nobody_is_sent_to_a_doctor_up_for_review_and_few_free_hours_bind():
    tight = [(*row[:5], 0.89) if row[0] == "D01" else row for row in FOUR]
    flow = proposed(compared(tight)).doctors.set_index("doctor")["proposed"]
    assert flow["D01"] == pytest.approx(23) and flow["D04"] == 20


@pytest.mark.parametrize(("rows", "changes", "proposal"), [
    ([(*row[:5], 0.99) for row in FOUR], {}, "full"),
    ([(*row[:5], np.nan) for row in FOUR], {}, "no_rota"),
    (FOUR, {"different": 0}, "alike"),
    ([(*row[:4], 0.0, *row[5:]) for row in FOUR], {}, "no_flow"),
])
def test_nothing_is_proposed_and_why(rows, changes, proposal):
    result = proposed(compared(rows, **changes))
    assert result.proposal == proposal and result.gain is None
    assert (result.doctors["proposed"] == result.doctors["now"]).all()


def test_values_that_overlap_bring_no_sure_gain():
    close = [("D01", 100.0, 4.6, "above", 20.0, 0.5), ("D02", 99.0, 4.6, "below", 20.0, 0.5)]
    assert proposed(compared(close)).proposal == "unsure"


def test_without_ratings_the_front_is_not_known_and_without_value_nothing_is():
    result = proposed(compared([(*row[:2], np.nan, *row[3:]) for row in FOUR]))
    assert result.benchmark is None and "no_ratings" in {finding.key for finding in result.findings}
    labels = Labels(Words("allocation", currency="RUB"), "balance", result)
    assert allocation.balance(result, labels) is None
    with pytest.raises(NotAnswerable) as refused:
        allocation.analyse(compared(FOUR, clinic_value=None), params=AllocationParams())
    assert refused.value.reason == "no_value"


# ---------------------------------------------------------------- the synthetic clinic
@pytest.fixture(scope="module")
def demo(demo_tables, demo_period) -> AllocationResult:
    return proposed(analysed(demo_tables, demo_period))


def test_front_of_the_synthetic_clinic(demo):
    """D01 and D02 lead on both; D06, worth most and liked least, is the one up for review."""
    rows = demo.doctors.set_index("doctor")
    assert set(rows.index[rows["role"] == "benchmark"]) == {"D01", "D02"} == set(demo.benchmark.split(", "))
    assert list(rows.index[rows["on_front"] >= allocation.ON_FRONT]) == ["D01", "D02"]
    assert list(rows.index[rows["role"] == "review"]) == ["D06"] == list(rows.index[rows["services_reading"] == "above"])
    assert rows["role"]["D11"] == "too_few"


def test_totals_follow_shifts_in_the_synthetic_clinic(demo):
    """D05 is first by money in total and in the middle by value and by money per hour."""
    rows = demo.doctors.set_index("doctor").drop(index="D11")
    assert rows["revenue"].idxmax() == "D05"
    assert 4 <= rows["value"].rank()["D05"] <= 7 and 3 <= rows["revenue_hour"].rank()["D05"] <= 7


def test_the_full_rota_of_the_synthetic_clinic_takes_nobody(demo, demo_period):
    assert demo.proposal == "full" and demo.free_hours.value < 20
    for figure in allocation.FIGURES:
        assert getattr(allocation, figure)(demo, Labels(Words("allocation", currency="RUB", period=demo_period), figure, demo))
