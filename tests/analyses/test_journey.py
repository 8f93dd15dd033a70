"""Journey map: set together from results, words from cjm.yml, the worst stage only when surely so."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from audit.analyses import journey
from audit.analyses.funnel import FunnelResult
from audit.config import Days, JourneyMap, Period
from audit.errors import NotAnswerable
from audit.results import Estimate
from audit.tables.connection import tables_from_frames
from audit.tables.satisfaction import after_first_visit
from tests.pages import spoken

END = date(2017, 1, 1)
PERIOD = Period(start=date(2016, 1, 1), end=END, now=Days(start=date(2016, 12, 1), end=END))
COLUMNS = [name for measure in FunnelResult.measures("stages") for name in measure.names]


def funnel(booked: float = 5000.0, came: float = 1000.0):
    """A funnel that loses ``booked`` and ``came`` in money at two steps, within a tenth."""
    unknown = [np.nan] * 3
    rows = [["callers", 200, *unknown, np.nan, np.nan, *unknown, *unknown, 200, 0]]
    for step, n, share, money in (("answered", 190, 0.95, 500.0), ("booked", 120, 0.63, booked), ("came", 90, 0.75, came), ("again", 45, 0.5, np.nan)):
        rows.append([step, n, share, share - 0.05, share + 0.05, np.nan, 20 if step == "answered" else 70, *unknown, money, 0.9 * money, 1.1 * money, n, 10])
    return SimpleNamespace(
        stages=pd.DataFrame(rows, columns=COLUMNS), visitors=Estimate(9000, 9000, 9000, "count", 9000),
        recommended_share=Estimate(0.3, 0.2, 0.5, "share", 90), recommended_least=Estimate(20, 20, 20, "count", 20), came_share_settled=None, first_visits=Estimate(90, 90, 90, "count", 90),
    )


RETENTION = SimpleNamespace(plan_finished=Estimate(0.6, 0.5, 0.7, "share", 80))


@pytest.fixture(scope="module")
def tables():
    n = 200
    people = [f"p{i}" for i in range(n)]
    visits = pd.DataFrame({"appointment_id": [f"a{i}" for i in range(n)], "patient_id": people, "kind": "outpatient", "status": "completed",
                           "starts_at": pd.Timestamp("2016-06-01 10:00")})
    again = visits.head(80).assign(appointment_id=[f"b{i}" for i in range(80)], starts_at=pd.Timestamp("2016-07-01 10:00"))
    feedback = pd.DataFrame({
        "feedback_id": [f"f{i}" for i in range(n + 60)], "patient_id": [*people, *people[:60]], "source": "survey",
        "given_on": [date(2016, 6, 2)] * n + [date(2016, 7, 2)] * 60, "score": [4.0, 5.0] * (n // 2) + [2.0, 3.0] * 30,
    })
    stars = pd.DataFrame({"feedback_id": [f"s{i}" for i in range(90)], "source": "site", "given_on": date(2016, 6, 2), "score": 1.0})
    return tables_from_frames({
        "patients": pd.DataFrame({"patient_id": people}), "appointments": pd.concat([visits, again]), "feedback": pd.concat([feedback, stars]),
    }, end=END)


def run(tables, of=None, retention=RETENTION, **params):
    return journey.analyse(tables["appointments"], tables.get("feedback"), tables.get("first_visits"), of or funnel(), retention, period=PERIOD,
                           params=journey.JourneyParams(**params))


def test_stages_hold_what_the_results_say(tables):
    rows = run(tables).journey.set_index("stage")
    assert list(rows.index) == list(journey.STAGES)
    assert rows.cost["call"] == pytest.approx(5500) and rows.cost_low["call"] == pytest.approx(0.9 * 5500)
    assert rows.hurts.dropna().to_dict() == {"call": "no_booking", "first_visit": "no_show", "second_visit": "no_return", "treatment": "plan_dropped"}
    assert rows.share["treatment"] == 0.6 and rows.per_month["recommends"] == 20, "those who named one, not the share of all"
    assert np.isnan(rows.cost["second_visit"])


def test_second_visits_still_to_come_are_called_expected(tables):
    of = funnel()
    of.stages["stage"] = of.stages.stage.replace("again", "again_expected")
    rows = run(tables, of).journey.set_index("stage")
    assert rows.per_month["second_visit"] == 45 and rows.counted["second_visit"] == "expected" and rows.counted["call"] == "all"


def test_satisfaction_belongs_to_the_stage_its_writer_had_reached(tables):
    result = run(tables)
    rows = result.journey.set_index("stage")
    assert rows.score["first_visit"] == pytest.approx(4.5) and rows.answers["first_visit"] == 200
    assert rows.score["second_visit"] == pytest.approx(2.5) and rows.answers["second_visit"] == 60
    assert np.isnan(rows.score["treatment"]), "stars on public sites are never averaged with the survey"
    assert result.least_liked == "second_visit"


def test_the_worst_stage_is_where_most_value_is_lost(tables):
    result = run(tables)
    assert result.worst == "call" and result.lost_value.value == pytest.approx(5500)
    assert result.lost_before.value == pytest.approx(6500)
    assert run(tables, funnel(500, 9000)).worst == "first_visit"


def test_no_stage_is_worst_when_it_is_not_sure(tables):
    result = run(tables, funnel(4500, 5000))
    assert result.worst is None and result.says["title"].key == "even"


def test_words_of_the_interviews_stand_in_their_stage(tables):
    told = JourneyMap.model_validate({"source": "12 interviews", "stages": {"call": {"wants": "a kind voice", "pains": "costs $5 or $6 <b>"}}})
    result = run(tables, map=told)
    assert result.journey.set_index("stage").wants["call"] == "a kind voice"
    assert result.told_by == "12 interviews"
    assert "no_interviews" not in {finding.key for finding in result.findings}
    assert spoken("journey", result, PERIOD).figures == ("map",)


def test_the_twin_without_interviews_money_or_answers(tables):

    bare = funnel(np.nan, np.nan)
    result = journey.analyse(tables["appointments"], None, None, bare, None, period=PERIOD, params=journey.JourneyParams())
    keys = {finding.key for finding in result.findings if finding.kind == "not_answered"}
    assert {"no_interviews", "no_answers", "no_plans", "no_money"} <= keys and result.says["title"].key == "counted"
    spoken("journey", result, PERIOD)


def test_those_who_have_time_still_are_not_lost_at_the_first_visit(tables):
    of = funnel()
    of.came_share_settled = Estimate(0.86, 0.84, 0.88, "share", 120)
    assert run(tables, of).journey.set_index("stage").share["first_visit"] == 0.86


def test_appointments_of_everybody_are_no_way_to_the_first_visit(tables):
    of = funnel()
    of.stages = of.stages[of.stages.stage == "came"].reset_index(drop=True)
    result = run(tables, of)
    assert result.journey.set_index("stage").per_month[["call", "first_visit"]].isna().all() and result.lost_before is None


def test_nothing_is_counted(tables):
    empty = SimpleNamespace(stages=pd.DataFrame(columns=COLUMNS), visitors=None, recommended_share=None, first_visits=None)
    with pytest.raises(NotAnswerable):
        run(tables, empty, retention=None)


def content_clinic(odds: float, patients: int = 900) -> dict:
    """New patients who answer on the day after the first visit; one more point multiplies the odds to come again by ``odds``."""
    rng = np.random.default_rng(8)
    people = [f"p{i}" for i in range(patients)]
    score = rng.integers(1, 6, patients).astype(float)
    again = rng.random(patients) < 1 / (1 + np.exp(-np.log(odds) * (score - 3)))
    first = pd.DataFrame({"appointment_id": [f"a{i}" for i in range(patients)], "patient_id": people, "kind": "outpatient",
                          "status": "completed", "starts_at": pd.Timestamp("2016-03-01 10:00")})
    later = first[again].assign(appointment_id=[f"b{i}" for i in np.flatnonzero(again)], starts_at=pd.Timestamp("2016-04-01 10:00"))
    feedback = pd.DataFrame({"feedback_id": [f"f{i}" for i in range(patients)], "patient_id": people, "source": "survey",
                             "given_on": date(2016, 3, 2), "score": score})
    patient = pd.DataFrame({"patient_id": people, "registered_on": date(2016, 3, 1)})
    return tables_from_frames({"patients": patient, "appointments": pd.concat([first, later]), "feedback": feedback}, end=END)


@pytest.mark.parametrize(("odds", "key"), [(1.6, "content_more"), (1 / 1.6, "content_fewer")])
def test_the_planted_odds_of_content_patients_are_told(odds, key):
    result = run(content_clinic(odds))
    assert result.content_odds.low <= odds <= result.content_odds.high and result.content_odds.n == 900
    assert key in {finding.key for finding in result.findings}
    assert any("5 given after the first visit" in text for text in spoken("journey", result, PERIOD).texts)
    assert result.content["answers"].sum() == 900


def test_an_answer_after_the_second_visit_foretells_nothing():
    tables = content_clinic(1.6, patients=60)
    late = tables["feedback"].to_pandas().assign(given_on=date(2016, 4, 1))
    counted = after_first_visit(tables_from_frames({
        "patients": tables["patients"].to_pandas(), "appointments": tables["appointments"].to_pandas(), "feedback": late,
    }, end=END)["feedback"], tables["first_visits"], end=END, within_days=90)
    assert counted["n"].sum() < 60 and counted["came"].sum() == 0
