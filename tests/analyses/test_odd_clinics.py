"""Clinics that no method was made for: every page says something true in words, and no number is nonsense."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, timedelta

import pandas as pd
import pytest

from audit import catalogue
from audit.config import Days, Period
from audit.results import Result, Unanswered
from audit.tables.connection import tables_from_frames
from tests.pages import NONSENSE, spoken

from .small_clinic import clinic

END = date(2017, 1, 1)
PERIOD = Period(start=date(2014, 1, 1), end=END, now=Days(start=date(2016, 7, 1), end=END), before=Days(start=date(2015, 7, 1), end=date(2016, 1, 1)))
NAMES = [name for section in catalogue.SECTIONS[1:5] for name in section]
"""How full the clinic is, who comes, what they are worth, which doctors keep them."""

Frames = Mapping[str, pd.DataFrame]


def usual(patients: int = 300, days: tuple[int, ...] = (0, 20, 60), paid: float = 100.0, start: date = date(2014, 2, 1), doctors: int = 3) -> Frames:
    """Patients a few days apart; every other one comes again."""
    step = max((END - start).days // (patients + 1), 1)
    first = {f"p{k:04d}": min(start + timedelta(days=k * step), END - timedelta(days=1)) for k in range(patients)}
    visits = [
        (who, day, "outpatient", paid) for k, (who, begun) in enumerate(first.items())
        for day in (days if k % 2 else days[:1]) if begun + timedelta(days=day) < END
    ]
    frames = clinic(visits, first)
    number = frames["appointments"]["patient_id"].str[1:].astype(int)
    frames["appointments"] = frames["appointments"].assign(
        doctor_id="D" + (number % doctors + 1).astype(str), diagnosis="J32", specialty="ENT", payer="cash"
    )
    frames["patients"] = frames["patients"].assign(age_years=30, sex="female", may_contact=True)
    return frames


def refunded(frames: Frames) -> Frames:
    back = frames["charges"].assign(kind="refund", paid=-frames["charges"]["paid"], charge_id="r" + frames["charges"]["charge_id"])
    return {**frames, "charges": pd.concat([frames["charges"], back], ignore_index=True)}


ODD: Mapping[str, Frames] = {
    "no refunds": usual(),
    "all refunds": refunded(usual()),
    "one patient": usual(patients=1),
    "one doctor": usual(doctors=1),
    "nobody returns": usual(days=(0,)),
    "everyone returns daily": usual(patients=60, days=tuple(range(40))),
    "two weeks of records": usual(patients=120, days=(0, 3), start=END - timedelta(days=14)),
    "amounts of zero": usual(paid=0.0),
    "a doctor of few patients": usual(patients=40, doctors=20),
}


def audited(frames: Frames) -> dict[str, Result]:
    tables = {name: table for name, table in tables_from_frames(frames, end=END).items() if table.count().execute()}
    results: dict[str, Result] = {}
    for name in NAMES:
        what = catalogue.analysis(name)
        results[name] = catalogue.compute(what, tables, results, period=PERIOD, params=what.params())
    return results


@pytest.fixture(scope="module")
def results() -> dict[str, dict[str, Result]]:
    return {kind: audited(frames) for kind, frames in ODD.items()}


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("name", NAMES)
def test_every_page_says_something_true(results, kind, name):
    result = results[kind][name]
    texts = spoken(name, result, PERIOD).texts
    for text in texts:
        assert text.strip()
        for nonsense in NONSENSE:
            assert nonsense not in text, text
    if isinstance(result, Unanswered) and result.reason != "missing_result":  # that sends the reader to the page that says
        assert "to answer it" in texts[0]


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("name", NAMES)
def test_no_number_is_nonsense(results, kind, name):
    for key, e in results[kind][name].estimates().items():
        assert all(map(math.isfinite, (e.value, e.low, e.high))) or e.high == math.inf, key
        assert e.low <= e.value <= e.high, key
        if e.unit == "share" and "error" not in key and "uplift" not in key and "change" not in key:
            assert e.low >= -1e-9 and e.high <= 1 + 1e-9, key


def test_money_of_nothing_is_not_a_value(results):
    for kind in ("amounts of zero", "all refunds"):
        clv = results[kind]["clv"]
        assert isinstance(clv, Unanswered) or clv.value_365 is None


def test_nobody_returns_is_counted_not_refused(results):
    assert results["nobody returns"]["retention"].return_90.value == 0
    assert results["nobody returns"]["clv"].one_off_share.value == 1


def test_one_doctor_is_not_compared(results):
    assert isinstance(results["one doctor"]["doctors"], Unanswered)
