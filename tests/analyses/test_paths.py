"""Paths: a planted way is the first variant, shares add up, deviations are told as associations."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from audit import catalogue
from audit.analyses import paths
from audit.config import Days, Period
from audit.errors import NotAnswerable
from audit.results import Estimate, Unanswered
from audit.tables.connection import tables_from_frames
from tests.pages import spoken

END = date(2017, 1, 1)
PERIOD = Period(start=date(2015, 1, 1), end=END, now=Days(start=date(2016, 10, 1), end=date(2016, 11, 1)))


class Funnel:
    """Stands for the result of the funnel."""

    visit_share = Estimate(0.5, 0.4, 0.6, "share", 100)
    first_value = Estimate(1000.0, 950.0, 1050.0, "currency", 500)


def planted(seed: int = 1, n: int = 600, reminded: float = 0.7, effect: float = 0.2) -> dict[str, pd.DataFrame]:
    """Callers of March 2016: nine in ten book; reminders by lot raise arrivals from 0.6 by ``effect``; who comes pays."""
    rng = np.random.default_rng(seed)
    number = np.arange(n)
    at = pd.Timestamp("2016-03-01 10:00") + pd.to_timedelta(number % 28, "D")
    enquiries = pd.DataFrame({
        "enquiry_id": [f"e{i}" for i in number], "started_at": at, "kind": "call", "direction": "in",
        "caller_key": [f"t{i}" for i in number], "is_answered": True,
    })
    booked = rng.random(n) < 0.9
    sent = rng.random(n) < reminded
    came = booked & (rng.random(n) < 0.6 + effect * sent)
    patients = pd.DataFrame({"patient_id": [f"p{i}" for i in number], "registered_on": at.date, "phone_key": [f"t{i}" for i in number]})
    appointments = pd.DataFrame({
        "appointment_id": [f"a{i}" for i in number], "patient_id": patients.patient_id, "kind": "outpatient", "booked_at": at + pd.Timedelta(minutes=3),
        "starts_at": at + pd.Timedelta(days=3), "status": np.where(came, "completed", "no_show"), "reminder_sent": sent,
    })[booked]
    charges = pd.DataFrame({
        "charge_id": [f"c{i}" for i in number], "patient_id": patients.patient_id, "appointment_id": [f"a{i}" for i in number],
        "charged_on": (at + pd.Timedelta(days=3)).date, "kind": "sale", "paid": 100.0,
    })[came]
    return {"enquiries": enquiries, "patients": patients[booked], "appointments": appointments, "charges": charges}


def run(frames: dict[str, pd.DataFrame], funnel=Funnel, **params):
    tables = tables_from_frames(frames, end=END)
    given = {name: tables.get(name) for name in ("enquiries", "opportunities", "charges", "patient_days", "feedback", "campaign_members")}
    return paths.analyse(tables["appointments"], tables["patients"], tables["first_visits"], **given, funnel=funnel(), period=PERIOD,
                         params=paths.PathsParams(**params))


@pytest.fixture(scope="module")
def result():
    return run(planted())


def test_the_planted_way_is_the_first(result):
    assert result.variants.way.iloc[0] == "call>booking>reminder>visit>payment"
    assert result.variants.is_ideal.tolist()[0] and result.says["title"].key == "ideal"
    assert result.ideal_share.low < 0.9 * 0.7 * 0.8 < result.ideal_share.high
    assert result.arrived_share.low < 0.9 * (0.7 * 0.8 + 0.3 * 0.6) < result.arrived_share.high


def test_shares_of_variants_sum_to_one(result):
    assert result.variants.share.sum() == pytest.approx(1) and result.variants.n.sum() == result.people
    shown = run(planted(), variants_shown=2).variants
    assert len(shown) == 3 and shown.way.iloc[-1] == "other" and shown.share.sum() == pytest.approx(1)


def test_what_follows_is_a_share_of_each_step(result):
    assert result.follows.groupby("event").share.sum().tolist() == pytest.approx([1] * result.follows.event.nunique())
    supposed = result.follows.event.isin(paths.SUPPOSED) | result.follows.next.isin(paths.SUPPOSED)
    assert result.follows.days[supposed].isna().all()


def test_money_and_return_of_a_way(result):
    first = result.variants.iloc[0]
    assert first.value == pytest.approx(100) and first.again == 0


def test_a_missing_reminder_by_lot_costs_what_was_planted(result):
    months = Days(start=result.watched_from, end=result.watched_to).months
    row = result.deviations.set_index("deviation").loc["skipped reminder"]
    assert row.cost_low < row.people * 0.2 * 1000 / months < row.cost_high
    assert next(f for f in result.findings if f.values.get("what") == "skipped reminder").values["cost"].grade == "C"


def test_reminders_that_do_nothing_have_no_cost():
    result = run(planted(effect=0.0))
    assert np.isnan(result.deviations.set_index("deviation").cost["skipped reminder"])
    assert "reminder_unclear" in {finding.key for finding in result.findings}


def test_another_ideal_way():
    assert run(planted(), ideal=("call", "booking", "visit", "payment")).says["title"].key == "other"
    with pytest.raises(ValidationError, match="steps are"):
        paths.PathsParams(ideal=("call", "dance", "visit"))
    with pytest.raises(ValidationError, match="the visit is one of them"):
        paths.PathsParams(ideal=("call", "booking"))


def test_steps_that_are_never_recorded_are_left_out_of_the_ideal():
    frames = planted()
    frames.pop("charges")
    result = run(frames)
    assert result.ideal == "call>booking>reminder>visit" and result.ideal_share.low < 0.9 * 0.7 * 0.8 < result.ideal_share.high
    assert {"unrecorded", "no_payments"} <= {finding.key for finding in result.findings}
    assert result.variants.value.isna().all()
    spoken("paths", result, PERIOD)


def test_without_calls_only_those_who_came_have_ways():
    frames = planted()
    frames.pop("enquiries")
    frames["appointments"] = pd.concat([frames["appointments"], frames["appointments"].head(1).assign(
        appointment_id="old", patient_id="old", starts_at=pd.Timestamp("2016-02-01 10:00"), status="completed")])
    frames["patients"] = pd.concat([frames["patients"], pd.DataFrame({"patient_id": ["old"], "registered_on": [date(2016, 1, 1)]})])
    result = run(frames, type("Diary", (), {"visit_share": None, "first_value": None}))
    assert result.says["title"].key == "diary" and result.deviations is None
    assert "no_enquiries" in {finding.key for finding in result.findings}
    spoken("paths", result, PERIOD)


def test_nobody_watched_long_enough():
    with pytest.raises(NotAnswerable) as refused:
        run(planted(n=20))
    assert refused.value.reason == "too_few"


def test_clocks_that_differ_leave_no_ways():
    """The funnel refuses, and what reads it is refused with it."""
    what, funnel = catalogue.analysis("paths"), Unanswered(grade="C", analysis="funnel", reason="clocks_differ", verdict="not_identified")
    tables = dict(tables_from_frames(planted(), end=END).items())
    refused = catalogue.compute(what, tables, {"funnel": funnel}, period=PERIOD, params=what.params())
    assert isinstance(refused, Unanswered) and refused.reason == "missing_result"


def test_the_page_can_be_said_and_drawn(result):
    told = spoken("paths", result, PERIOD)
    assert told.figures == ("variants",)
    assert not any(word in " ".join(told.texts).lower() for word in ("because of the reminder", "leads to", "causes"))


def test_a_log_without_answers_has_no_ways(demo_tables, demo_period):
    given = {name: demo_tables.get(name) for name in ("opportunities", "charges", "patient_days", "feedback", "campaign_members")}
    mute = demo_tables["enquiries"].mutate(is_answered=False)
    with pytest.raises(NotAnswerable) as refused:
        paths.analyse(demo_tables["appointments"], demo_tables["patients"], demo_tables["first_visits"], enquiries=mute, **given, funnel=Funnel(),
                      period=demo_period, params=paths.PathsParams())
    assert refused.value.reason == "no_answers"


def test_teaching_clinic(demo_tables, demo_period):
    given = {name: demo_tables.get(name) for name in ("enquiries", "opportunities", "charges", "patient_days", "feedback", "campaign_members")}
    result = paths.analyse(demo_tables["appointments"], demo_tables["patients"], demo_tables["first_visits"], **given, funnel=Funnel(),
                           period=demo_period, params=paths.PathsParams())
    opened = demo_tables["opportunities"].opened_at.date()
    inside = demo_tables["opportunities"].filter((opened >= result.watched_from) & (opened <= result.watched_to))
    assert result.people == inside.count().execute()
    assert result.arrived_share.value == pytest.approx(inside.is_attended.mean().execute())
    assert result.variants.way.iloc[1] == "call>booking>reminder>visit>payment"
