"""Telephone: the simulated truth, causes and call backs drawn by hand, and logs as bad as they come."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from audit.analyses import administrators, funnel, telephone
from audit.config import Days, Period
from audit.errors import NotAnswerable
from audit.results import Estimate
from audit.tables import contacts
from audit.tables import telephone as queries
from audit.tables.connection import Tables, tables_from_frames
from tests import spec
from tests.pages import NONSENSE, spoken

END = date(2017, 1, 1)
MONTH = Days(start=date(2016, 11, 1), end=date(2016, 12, 1))
PERIOD = Period(start=date(2016, 1, 1), end=END, now=MONTH)


def run(tables: Tables, period: Period = PERIOD, desk=None, capacity=None, value=None, **params):
    """The page after the funnel of the same clinic, a first patient worth ``value``."""
    try:
        before = funnel.analyse(
            tables["appointments"], tables["patients"], tables["first_visits"], None, tables["opportunities"], tables["enquiries"], None, None,
            capacity, None if value is None else SimpleNamespace(value_365=value), period=period, params=funnel.FunnelParams(),
        )
    except NotAnswerable:
        before = None
    return telephone.analyse(
        tables["enquiries"], tables["opportunities"], tables["appointments"], tables["patients"], tables.get("shifts"),
        capacity, before, desk, period=period, params=telephone.TelephoneParams(**params),
    )


def says(result, period: Period = PERIOD) -> str:
    texts = spoken("telephone", result, period).texts
    assert not any(nonsense in text for text in texts for nonsense in NONSENSE), texts
    return "\n".join(texts)


def keys(result) -> set[str]:
    return {finding.key for finding in result.findings}


# ---------------------------------------------------------------------- the teaching clinic
@pytest.fixture(scope="module")
def taught(demo_tables, demo_period):
    value = Estimate(12_000.0, 11_500.0, 12_500.0, "currency", 500)
    desk = administrators.analyse(
        demo_tables["opportunities"], demo_tables["enquiries"], None, None, SimpleNamespace(value_365=value), period=demo_period,
        params=administrators.AdministratorsParams(),
    )
    return run(demo_tables, demo_period, desk, value=value)


def test_teaching_clinic(taught, demo_truth):
    assert taught.missed_share.low < demo_truth.after.missed_share < taught.missed_share.high
    assert taught.missed_share_before.low < demo_truth.before.missed_share < taught.missed_share_before.high
    peaks = {(row.weekday, row.from_hour, row.to_hour) for row in taught.peaks.itertuples()}
    assert {("all", 18, 20), ("0", 9, 11)} <= peaks
    assert taught.clock_hours == 0
    assert taught.never_share.value < taught.missed_share.value, "most who are missed ring again"
    assert taught.lost_value.value == pytest.approx(taught.lost_visits.value * 12_000, rel=1e-6)


def test_teaching_clinic_loses_calls_beside_free_people(taught):
    """Two administrators and few calls: the missed calls of the simulator do not come from a queue."""
    assert taught.free_share.low > 0.9
    assert taught.queue_missed.high < taught.missed_share.value / 10
    assert taught.short_hours.value == 0
    assert "not_people" in keys(taught)


def test_a_model_of_the_queue_that_misses_what_is_counted_is_demoted(taught, demo_period):
    """Erlang expects ten times the calls that were lost while everybody talked: it decides nothing then."""
    assert taught.expected_missed.low > taught.queue_missed.high
    assert taught.expected_missed.grade == taught.short_hours.grade == "C" and "model_misses" in keys(taught)
    assert "while everybody talked 0." in says(taught, demo_period).replace("\xa0", " ")


def test_lost_callers_are_worth_what_the_funnel_says(taught, demo_tables, demo_period):
    value = SimpleNamespace(value_365=Estimate(12_000.0, 11_500.0, 12_500.0, "currency", 500))
    given = {name: demo_tables.get(name) for name in ("patient_days", "opportunities", "enquiries", "site_traffic", "ad_spend")}
    before = funnel.analyse(demo_tables["appointments"], demo_tables["patients"], demo_tables["first_visits"], **given, capacity=None, clv=value,
                            period=demo_period, params=funnel.FunnelParams()).stages.set_index("stage")
    assert taught.lost_value.value == pytest.approx(before.lost_money["answered"])
    assert taught.never_month.value == pytest.approx(before.lost["answered"])


def test_rooms_hold_what_the_funnel_says():
    class Tight:
        room_load = Estimate(0.98, 0.97, 0.99, "share", 26)
        visits = 80
        visits_most = Estimate(82.0, 82.0, 82.0, "count", 26)

    tables = loaded(log())
    result = run(tables, capacity=Tight(), value=VALUE)
    # two visits of 80 more: as many first patients more, relative
    new, came = contacts.new_patients(tables["first_visits"], MONTH), len(log()["patients"])
    assert result.room_gain.value == pytest.approx(2 / 80 * new / came)


def test_the_promise_of_half_more_is_tested(taught, demo_period):
    claims = taught.claims.set_index("claim")
    assert claims.reading["answer_callers"] == "not_kept"
    assert claims.here["answer_callers"] == pytest.approx(taught.never_share.value / (1 - taught.never_share.value))
    assert claims.needed["answer_callers"] == pytest.approx(1 / 3)
    assert claims.reading["triple"] == "impossible"
    assert "the promise would take 33% of callers lost" in says(taught, demo_period)


# ---------------------------------------------------------------------- drawn by hand
ROTA = """
    shift_id | staff_id | role          | starts_at           | ends_at
    s1       | A        | administrator | 2016-11-07T09:00:00 | 2016-11-07T15:00:00
    s2       | B        | administrator | 2016-11-07T09:00:00 | 2016-11-07T12:00:00
    s3       | A        | doctor        | 2016-11-07T15:00:00 | 2016-11-07T21:00:00
"""
PATIENTS = """
    patient_id | registered_on | phone_key
    p1         | 2016-11-08    | t1
"""
VISITS = """
    appointment_id | patient_id | kind       | status    | starts_at           | booked_at
    v1             | p1         | outpatient | completed | 2016-11-09T10:00:00 | 2016-11-07T09:12:00
"""
CALLS = """
    enquiry_id | started_at          | kind | direction | caller_key | administrator_id | is_answered | wait_seconds | talk_seconds
    c01        | 2016-11-07T08:50:00 | call | in        | t1         |                  | no          | 30           | 0
    c02        | 2016-11-07T09:00:00 | call | in        | t1         | A                | yes         | 10           | 600
    c03        | 2016-11-07T09:02:00 | call | in        | t3         | B                | yes         | 10           | 600
    c04        | 2016-11-07T09:05:00 | call | in        | t4         |                  | no          | 30           | 0
    c05        | 2016-11-07T10:00:00 | call | in        | t5         |                  | no          | 45           | 0
    c06        | 2016-11-07T10:01:00 | call | in        | t6         |                  | no          | 5            | 0
    c07        | 2016-11-07T10:02:00 | call | in        | t7         |                  | no          | 0            | 0
    c08        | 2016-11-07T10:03:00 | call | in        | t8         |                  | no          |              | 0
    c09        | 2016-11-07T16:00:00 | call | in        | t9         |                  | no          | 30           | 0
    c10        | 2016-11-07T10:40:00 | call | out       | t5         | A                | yes         | 9            | 60
    c11        | 2016-11-09T10:00:00 | call | in        | t6         | A                | yes         | 9            | 60
    c12        | 2016-11-07T18:00:00 | call | in        | t4         | A                | yes         | 9            | 60
    c13        | 2016-11-07T12:00:00 | call | in        |            |                  | no          | 9            | 0
"""


@pytest.fixture(scope="module")
def by_hand() -> Tables:
    return spec.clinic(END, patients=PATIENTS, appointments=VISITS, enquiries=CALLS, shifts=ROTA)


def test_each_missed_call_has_one_cause(by_hand):
    found = queries.missed_causes(by_hand["enquiries"], by_hand["shifts"], MONTH, 20)
    assert dict(found.itertuples(index=False)) == {
        "nobody": 2, "busy": 1, "rang": 1, "gave_up": 2, "exchange": 1, "unknown": 1,
    }


def test_callers_missed_first_by_how_soon_they_were_reached(by_hand):
    found = queries.first_missed(by_hand["opportunities"], by_hand["enquiries"], MONTH)
    told = {(row.delay, row.by if isinstance(row.by, str) else None): (row.n, row.came) for row in found.itertuples()}
    assert told == {
        ("quarter", "caller"): (1, 1), ("hour", "clinic"): (1, 0), ("day", "caller"): (1, 0), ("week", "caller"): (1, 0),
        ("never", None): (3, 0), ("no_number", None): (1, 0),
    }


def test_only_the_rota_of_administrators_counts(by_hand):
    assert queries.on_rota(by_hand["enquiries"], by_hand["shifts"], MONTH) == (2, 4)


# ---------------------------------------------------------------------- as logs come
def log(n: int = 200, missed: float = 0.2, numbers: bool = True, hours_late: int = 0, seed: int = 3) -> dict[str, pd.DataFrame]:
    """A month of ``n`` new callers, half of those answered come; bookings two minutes after the call."""
    rng = np.random.default_rng(seed)
    at = pd.Timestamp("2016-11-01") + pd.to_timedelta(rng.integers(0, 28, n), "D") + pd.to_timedelta(9 * 60 + rng.integers(0, 700, n), "m")
    lost = rng.random(n) < missed
    key = [f"t{i}" for i in range(n)]
    enquiries = pd.DataFrame({
        "enquiry_id": [f"c{i:04d}" for i in range(n)], "started_at": at, "kind": "call", "direction": "in", "caller_key": key if numbers else None,
        "administrator_id": np.where(lost, None, np.where(rng.random(n) < 0.5, "A", "B")), "is_answered": ~lost, "wait_seconds": 10.0,
        "talk_seconds": np.where(lost, 0.0, 120.0),
    })
    came = np.flatnonzero(~lost & (rng.random(n) < 0.5))
    patients = pd.DataFrame({"patient_id": [f"p{i}" for i in came], "registered_on": at[came].date, "phone_key": [key[i] for i in came]})
    late = pd.Timedelta(hours=hours_late)
    appointments = pd.DataFrame({
        "appointment_id": [f"v{i}" for i in came], "patient_id": [f"p{i}" for i in came], "kind": "outpatient", "status": "completed",
        "starts_at": at[came] + pd.Timedelta(days=2), "booked_at": at[came] + pd.Timedelta(minutes=2) + late,
    })
    return {"enquiries": enquiries, "patients": patients, "appointments": appointments}


def loaded(frames: dict[str, pd.DataFrame]) -> Tables:
    return tables_from_frames(frames, end=END)


DESK = SimpleNamespace(conversion=Estimate(0.5, 0.45, 0.55, "share", 200), goal=None)
VALUE = Estimate(10_000, 9_000, 11_000, "currency", 500)


def test_lost_visits_are_the_unreached_at_the_conversion_of_the_rest():
    result = run(loaded(log()), desk=DESK, value=VALUE)
    never, answered = result.never_month.value, 200 - result.never_month.value
    came = len(log()["patients"])
    assert result.lost_visits.value == pytest.approx(never * came / answered)
    assert result.lost_value.value == pytest.approx(result.lost_visits.value * 10_000)
    assert result.says["title"].key == "lost"
    assert "no_rota" in keys(result)
    says(result)


def test_clocks_that_differ_are_told():
    result = run(loaded(log(hours_late=3)))
    assert result.clock_hours == 3
    assert "clocks of calls and visits differ" in says(result)
    assert run(loaded(log())).clock_hours == 0


def test_rota_of_another_clock_is_not_used():
    shifts = pd.DataFrame({
        "shift_id": [f"s{i}" for i in range(56)], "staff_id": ["A", "B"] * 28, "role": "administrator",
        "starts_at": np.repeat(pd.date_range("2016-11-01 21:00", periods=28), 2),
    })
    shifts["ends_at"] = shifts.starts_at + pd.Timedelta(hours=8)
    result = run(loaded(log() | {"shifts": shifts}))
    assert result.causes is None and result.there_hours is None
    assert "no_rota" in keys(result)
    right = run(loaded(log() | {"shifts": shifts.assign(starts_at=shifts.starts_at - pd.Timedelta(hours=12), ends_at=shifts.ends_at - pd.Timedelta(hours=8))}))
    assert right.causes is not None and right.there_hours is not None


def test_all_calls_missed():
    result = run(loaded(log(missed=1.1) | {"patients": log()["patients"], "appointments": log()["appointments"]}), desk=DESK, value=VALUE)
    assert result.says["title"].key == "all_missed"
    assert result.lost_visits is None and result.gain_callers is None
    assert result.recovery is None and result.reached_share is None and "call_back" not in keys(result)
    assert "Ring back" not in says(result)


def test_no_missed_call_on_record():
    result = run(loaded(log(missed=0.0)))
    assert result.says["title"].key == "no_records"
    assert result.never_share is None and "no_missed" in keys(result)
    says(result)


def test_calls_without_numbers():
    result = run(loaded(log(numbers=False)))
    assert result.missed_share is not None
    assert result.never_share is None and result.recovery is None
    assert result.says["title"].key == "no_numbers" and "no_numbers" in keys(result)
    says(result)


def test_no_calls():
    frames = log()
    frames["enquiries"]["kind"] = "lead"
    with pytest.raises(NotAnswerable):
        run(loaded(frames))


def test_waits_and_lengths_not_recorded():
    frames = log()
    frames["enquiries"][["wait_seconds", "talk_seconds"]] = np.nan
    result = run(loaded(frames), desk=DESK, value=VALUE)
    assert result.half_hours is None and result.in_time is None
    assert "no_lengths" in keys(result)
    says(result)
