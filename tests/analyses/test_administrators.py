"""Administrators: the simulated truth, planted differences, chance alone, and thin or bare data."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from audit.analyses import administrators
from audit.config import Days, Period
from audit.errors import NotAnswerable
from audit.results import Estimate
from audit.tables.connection import Tables, tables_from_frames
from tests.pages import spoken

END = date(2017, 1, 1)
PERIOD = Period(start=date(2015, 1, 1), end=END, now=Days(start=date(2016, 10, 1), end=date(2016, 11, 1)),
                before=Days(start=date(2015, 10, 1), end=date(2015, 11, 1)))


class Value:
    """Stands for the result of patient value."""

    value_365 = Estimate(12_000.0, 11_500.0, 12_500.0, "currency", 500)


def run(tables: Tables, period: Period = PERIOD, clv=None, capacity=None, **params):
    return administrators.analyse(
        tables["opportunities"], tables["enquiries"], tables.get("expenses"), capacity, clv, period=period,
        params=administrators.AdministratorsParams(**params),
    )


def calls(month: str, by: dict[str | None, tuple[int, int]], hours: dict[str, int] | None = None) -> dict[str, pd.DataFrame]:
    """Answered new callers of a month by administrator: (callers, first visits the day after)."""
    rows = [
        (f"{month}{who}{i}", who, i < came, pd.Timestamp(month) + pd.Timedelta(days=i % 27, hours=(hours or {}).get(who or "", 10)))
        for who, (n, came) in by.items() for i in range(n)
    ]
    key, who, came, at = (list(part) for part in zip(*rows, strict=True))
    enquiries = pd.DataFrame({
        "enquiry_id": key, "started_at": at, "kind": "call", "direction": "in", "caller_key": key, "is_answered": True,
        "administrator_id": who,
    })
    came, at, key = np.array(came), pd.DatetimeIndex(at), np.array(key)
    patients = pd.DataFrame({"patient_id": key[came], "registered_on": at[came].date, "phone_key": key[came]})
    appointments = pd.DataFrame({
        "appointment_id": key[came], "patient_id": key[came], "kind": "outpatient", "status": "completed",
        "starts_at": at[came] + pd.Timedelta(days=1),
    })
    return {"enquiries": enquiries, "patients": patients, "appointments": appointments}


def clinic(*parts: dict[str, pd.DataFrame]) -> Tables:
    return tables_from_frames({name: pd.concat([p[name] for p in parts], ignore_index=True) for name in parts[0]}, end=END)


BEFORE = {"A": (290, 167), "B": (270, 122), "C": (262, 94), "D": (221, 55)}
NOW = {"A": (460, 285), "B": (440, 255), "C": (430, 239), "D": (409, 205)}


@pytest.fixture(scope="module")
def four() -> Tables:
    return clinic(calls("2015-10-01", BEFORE), calls("2016-10-01", NOW))


def test_teaching_clinic(demo_tables, demo_period, demo_truth):
    result = run(demo_tables, demo_period, clv=Value())
    now, before = result.administrators.set_index("administrator"), result.administrators_before.set_index("administrator")
    for admin in demo_truth.administrators:
        assert now.conversion[admin.code] == pytest.approx(admin.conversion_after, abs=0.012)
        assert before.conversion[admin.code] == pytest.approx(admin.conversion_before, abs=0.012)
        assert now.n[admin.code] == pytest.approx(admin.calls_after, abs=6)
    assert result.conversion.low < demo_truth.after.conversion < result.conversion.high
    assert result.conversion_before.low < demo_truth.before.conversion < result.conversion_before.high
    assert result.raw_loss_visits_before.value == pytest.approx(72, abs=3)
    assert result.raw_loss_before.value == pytest.approx(859_000, rel=0.05)
    assert result.kept_loss_before.value < result.raw_loss_before.value
    assert list(before[before.reading == "below"].index) == ["C", "D"]


def test_stated_numbers_by_hand(four):
    result = run(four, clv=Value(), monthly_pay=35_000)
    assert result.conversion_before.value == pytest.approx(438 / 1043)
    assert result.raw_loss_visits_before.value == pytest.approx(221 * (167 / 290 - 55 / 221), abs=0.1)
    assert result.raw_loss_before.value == pytest.approx(860_000, rel=0.02)
    assert result.raw_salaries_before.value == pytest.approx(24.5, abs=0.5), "“tens of times the salary”"
    assert result.kept_loss_before.value < result.raw_loss_before.value
    assert result.salaries_lost.value == pytest.approx(result.weakest_lost.value / 35_000)
    assert result.says["title"].key == "differ"
    page = result.administrators.set_index("administrator")
    assert page.shrunken["D"] > page.conversion["D"]
    assert page.lost_value["A"] == 0
    assert (page.booked * page.came).to_numpy() == pytest.approx(page.conversion.to_numpy())


def test_denominators_stand_side_by_side(four):
    bases = run(four).denominators.set_index("base")
    assert bases["count"].is_monotonic_decreasing
    assert bases.share["answered_new"] == pytest.approx(984 / 1739)


def test_alike_by_chance_are_trained_alike():
    rng = np.random.default_rng(4)
    by = {who: (200, int(rng.binomial(200, 0.5))) for who in "ABCDE"}
    result = run(clinic(calls("2016-10-01", by)), clv=Value())
    assert result.says["title"].key == "alike"
    assert result.below_count == 0
    assert result.lost_value.low == 0
    assert "train_alike" in {finding.key for finding in result.findings}


def test_the_evening_is_allowed_for():
    """Late callers book less with everybody: who works late must not look weak for it."""
    day = calls("2016-10-01", {"A": (300, 180), "B": (60, 36), "C": (300, 180)})
    night = calls("2016-10-02", {"A": (60, 18), "B": (300, 90), "C": (60, 18)}, hours={"A": 19, "B": 19, "C": 19})
    page = run(clinic(day, night)).administrators.set_index("administrator")
    assert page.conversion["B"] < page.conversion["A"] - 0.15
    assert page.standardised["B"] == pytest.approx(page.standardised["A"], abs=0.02)
    assert set(page.reading) == {"chance"}


def test_few_calls_are_shown_not_judged():
    result = run(clinic(calls("2016-10-01", {"A": (200, 120), "B": (200, 118), "N": (9, 0)})))
    assert result.administrators.set_index("administrator").reading["N"] == "few"
    assert result.weakest != "N"
    assert "few" in {finding.key for finding in result.findings}


def test_one_administrator_is_compared_with_nobody():
    result = run(clinic(calls("2016-10-01", {"A": (100, 50)})), clv=Value())
    assert result.says["title"].key == "one"
    assert result.goal is None
    assert result.lost_value is None
    assert result.administrators.lost_value.isna().all()


def test_one_administrator_is_told_of_no_goal():
    result = run(clinic(calls("2016-10-01", {"A": (200, 120)})))
    told = spoken("administrators", result, PERIOD)
    assert "alone" in {finding.key for finding in result.findings}
    assert not any("goal" in text for text in told.texts), told.texts


def test_calls_without_a_name():
    result = run(clinic(calls("2016-10-01", {None: (100, 50)})))
    assert result.administrators is None
    assert result.conversion.value == pytest.approx(0.5)
    assert "no_codes" in {finding.key for finding in result.findings}


def test_without_telephones_bookings_are_compared():
    frames = calls("2016-10-01", {"A": (100, 60), "B": (100, 50)})
    frames["patients"]["phone_key"] = None
    frames["enquiries"]["outcome"] = np.where(np.arange(200) % 100 < 70, "booked", "lost")
    result = run(tables_from_frames(frames, end=END))
    assert result.outcome == "booking"
    assert result.conversion.value == pytest.approx(0.7)


def test_calls_that_lead_nowhere_on_record_are_refused():
    """No number, no mark: nobody booked as the records have it, which is no conversion of nothing."""
    frames = calls("2016-10-01", NOW)
    frames["enquiries"]["caller_key"] = None
    with pytest.raises(NotAnswerable) as refused:
        run(clinic(frames))
    assert refused.value.reason == "not_followed"


def test_nobody_answered():
    with pytest.raises(NotAnswerable):
        run(clinic(calls("2016-03-01", {"A": (10, 5)})))


def test_weeks_have_the_range_of_chance(four):
    weekly = run(four, PERIOD.model_copy(update={"end": date(2016, 11, 1)})).weekly
    assert set(weekly.administrator) == set("ABCD")
    assert ((weekly.limit_low <= weekly.centre) & (weekly.centre <= weekly.limit_high)).all()
