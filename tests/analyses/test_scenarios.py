"""Scenarios: the teaching clinic of before carried to that of after, the goal put back, caps in their order, what is missing."""

from __future__ import annotations

import dataclasses
from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from audit.analyses import finance, growth
from audit.analyses.finance import FinanceParams
from audit.analyses.growth import GrowthParams
from audit.analyses.scenarios import FIGURES, MIXES, ScenariosParams, ScenariosResult, _case, analyse
from audit.analyses.surgery import SurgeryParams
from audit.catalogue import analysis, compute
from audit.config import Days, Period
from audit.errors import NotAnswerable
from audit.models import scenario
from audit.models.scenario import Levers
from audit.results import Estimate, Unanswered, exact
from audit.results.store import load, save
from audit.tables.connection import tables_from_frames
from tests.analyses.test_finance import NAMES
from tests.pages import spoken

END = date(2016, 1, 1)
PERIOD = Period(start=date(2014, 1, 1), end=END, now=Days(start=date(2015, 12, 1), end=END), before=Days(start=date(2014, 12, 1), end=date(2015, 1, 1)))
EARLIER = ("capacity", "surgery", "doctors", "price_choice", "advertising", "administrators")


def heat(load: float) -> pd.DataFrame:
    """Rooms that are ``load`` used, the afternoon twice as much as the morning."""
    hours = [(day, hour, 10.0, 10 * load * (4 / 3 if hour >= 14 else 2 / 3), 0.0) for day in range(1, 7) for hour in range(8, 20)]
    return pd.DataFrame(hours, columns=["weekday", "hour", "open_hours", "used_hours", "load"])


@pytest.fixture(scope="module")
def before(demo_clinic) -> dict[str, Any]:
    """The clinic as it was before its year of changes, as far as the earlier analyses saw it."""
    tables = tables_from_frames(demo_clinic.tables, end=END)
    money = finance.analyse(**{n: tables.get(n) for n in NAMES}, period=PERIOD, params=FinanceParams())
    grown = growth.analyse(
        tables["first_visits"], tables["patient_days"], tables["opportunities"], finance=money, period=PERIOD, params=GrowthParams()
    )
    rates = pd.DataFrame({"opportunities": [290, 270, 262, 221], "shrunken": [0.57, 0.45, 0.36, 0.26]})
    return {
        "tables": tables, "finance": money, "growth": grown, "capacity": SimpleNamespace(heat=heat(0.4)),
        "surgery": SimpleNamespace(operations_most=exact(120, "count", 1)), "doctors": None, "price_choice": None, "advertising": None,
        "administrators": SimpleNamespace(outcome="visit", administrators=rates),
    }  # fmt: skip


def run(clinic: dict[str, Any], without: tuple[str, ...] = (), calls: bool = True, **params: object) -> ScenariosResult:
    tables = clinic["tables"]
    return analyse(
        tables["first_visits"], tables["patient_days"], tables["opportunities"] if calls else None,
        **{name: None if name in without else clinic[name] for name in EARLIER}, finance=clinic["finance"], growth=clinic["growth"],
        period=PERIOD, params=ScenariosParams(**params),
    )


@pytest.fixture(scope="module")
def plain(before) -> ScenariosResult:
    return run(before)


# ---------------------------------------------------------------- the teaching clinic
def test_nothing_moved_stays_near_today(plain):
    assert plain.as_today.value == pytest.approx(plain.revenue_now.value, rel=0.05)
    assert plain.as_today.low < plain.revenue_now.value < plain.as_today.high


def test_the_levers_of_the_year_of_changes_bring_the_clinic_of_after(before):
    tables = before["tables"]
    case = _case(tables["first_visits"], tables["patient_days"], tables["opportunities"], None, before["surgery"], before["growth"], PERIOD, ScenariosParams())
    # SCENARIO: 476 → 1,070 new patients, visits per patient 3.667 → 4.000, receipt per visit × 1.170, beds for 120 operations
    after = scenario.ahead(case.clinic, Levers(new=1070 / 476, repeats=3.0 / 2.667, receipt=1.17))
    assert after.operations[0, -1] == pytest.approx(120)
    assert after.revenue[0, -1] == pytest.approx(24.78e6, rel=0.06)
    assert after.first[0, -1] == pytest.approx(1070, rel=0.001)


def test_the_desk_reaches_as_far_as_its_better_administrators(plain):
    booked = plain.levers.set_index("lever").loc["booked"]
    assert booked["basis"] == "administrators" and booked["reach"] / booked["today"] == pytest.approx(booked["times"])
    assert booked["times"] > 1.2 and booked["reach"] <= 0.95
    assert plain.levers.set_index("lever").loc["enquiries", "times"] == 1.0, "December was the best month"


def test_overlap_is_counted_and_moves_with_the_rooms(before):
    full = run(before | {"capacity": SimpleNamespace(heat=heat(0.7))}, moves=0.0)
    assert full.joint_gain.value < full.plain_sum.value
    assert full.outcomes.set_index("outcome").loc["all", "is_limited"]


# ---------------------------------------------------------------- the goal
def test_every_mix_put_back_meets_the_goal(before):
    for result in (run(before, goal_ratio=1.3), run(before, ("capacity", "surgery"), goal_ratio=2.5)):
        tables = before["tables"]
        has_rooms = result.first_cap is not None
        case = _case(tables["first_visits"], tables["patient_days"], tables["opportunities"], before["capacity"] if has_rooms else None,
                     before["surgery"] if has_rooms else None, before["growth"], PERIOD, ScenariosParams())  # fmt: skip
        levers = result.levers.set_index("lever")["times"]
        for row in result.mixes.itertuples():
            assert row.reading in ("shown_before", "beyond_tested")
            moved = {name: levers[name] for name in MIXES[row.mix]}
            new = row.times * np.prod([value for name, value in moved.items() if name in ("answered", "booked", "came")])
            path = scenario.ahead(case.clinic, Levers(new=new, repeats=moved.get("repeats", 1.0), receipt=moved.get("receipt", 1.0)))
            assert path.revenue[0, -1] == pytest.approx(result.goal.value, rel=0.002)


def test_better_desks_ask_for_fewer_enquiries(before):
    times = run(before, goal_ratio=1.3).mixes.set_index("mix")["times"]
    assert times["all"] < times["desk"] < times["demand"]


def test_a_goal_that_does_not_fit_says_at_most(before):
    packed = run(before | {"capacity": SimpleNamespace(heat=heat(0.97))})
    assert packed.mix is None and packed.says["title"].key == "full"
    assert (packed.mixes["reading"] == "not_reachable").all() and (packed.mixes["most"] < 2.5).all()
    assert "goal_full" in [f.key for f in packed.findings]


def test_a_mix_that_turns_many_away_or_costs_too_much_does_not_count(before):
    crowded = run(before | {"capacity": SimpleNamespace(heat=heat(0.6))}, goal_ratio=1.5, served_share=1.0, moves=0.0)
    assert "crowded" in set(crowded.mixes["reading"])
    ways = pd.DataFrame({"way": ["search"], "next_cost": [2000.0], "equal_cost": [2000.0], "equal_cost_low": [1500.0], "equal_cost_high": [2500.0], "n": [50]})
    advert = SimpleNamespace(ways=ways, by_price=Estimate(1667, 1500, 1800, "currency", 50))
    dear = run(before | {"advertising": advert}, goal_ratio=1.5, budget=1.0)
    assert (dear.mixes["reading"] == "too_dear").any() and dear.mixes["contribution"].notna().any()


def test_price_and_advertising_share_the_rooms(before):
    ways = pd.DataFrame({"way": ["search"], "next_cost": [2381.0], "equal_cost": [2381.0], "equal_cost_low": [2300.0], "equal_cost_high": [2500.0], "n": [50]})
    advert = SimpleNamespace(ways=ways, by_price=Estimate(1667, 1500, 1800, "currency", 50))
    price = SimpleNamespace(price_tested=exact(2000, "currency", 1), price_now=exact(2500, "currency", 1), demand_change=Estimate(0.3, 0.2, 0.4, "share", 50))
    packed = before | {"capacity": SimpleNamespace(heat=heat(0.7)), "advertising": advert, "price_choice": price}
    found = run(packed, moves=0.0)
    by = found.ways.set_index("way")
    assert by.loc["price", "cost"] == pytest.approx(0.3 * 476 * 1667, rel=0.001)
    assert by.loc["both", "revenue"] < by.loc["price", "revenue"] + by.loc["advertising", "revenue"]
    assert "price_cheaper" in [f.key for f in found.findings]


# ---------------------------------------------------------------- what is full first
def test_caps_come_in_the_order_in_which_demand_meets_them(plain):
    assert plain.stages["cap"].tolist() == ["first_hour", "beds", "rooms"]
    assert plain.stages["demand"].is_monotonic_increasing and plain.stages["revenue"].is_monotonic_increasing
    first, beds, rooms = plain.stages["demand"]
    assert first == pytest.approx(10 / (4 * 4 / 3)) and rooms == pytest.approx(2.5) and beds == pytest.approx(120 / 60, rel=0.05)


# ---------------------------------------------------------------- what is missing
def test_a_model_that_fails_shows_nothing(before):
    with pytest.raises(NotAnswerable) as stopped:
        run(before | {"growth": dataclasses.replace(before["growth"], model_holds=False)})
    assert stopped.value.reason == "model_fails"
    with pytest.raises(NotAnswerable) as stopped:
        run(before | {"growth": dataclasses.replace(before["growth"], model_holds=False, backtest_error=None)})
    assert stopped.value.reason == "no_backtest"


@pytest.mark.parametrize("reason", ["model_fails", "no_backtest"])
def test_the_reason_can_be_said(before, reason):
    given = {"model_holds": False} | ({"backtest_error": None} if reason == "no_backtest" else {})
    what, earlier = analysis("scenarios"), {"finance": before["finance"], "growth": dataclasses.replace(before["growth"], **given)}
    found = compute(what, before["tables"], earlier, period=PERIOD, params=ScenariosParams())
    assert isinstance(found, Unanswered) and found.reason == reason
    assert spoken("scenarios", found, PERIOD).texts[0].strip()


@pytest.mark.parametrize("missing", [(), ("capacity",), ("surgery",), ("administrators",), EARLIER])
def test_every_page_can_be_said(before, missing):
    result = run(before, missing)
    said = spoken("scenarios", result, PERIOD)
    assert set(said.figures) <= set(FIGURES) and "outcomes" in said.figures
    assert ("no_caps" in [f.key for f in result.findings]) == ({"capacity", "surgery"} <= set(missing))


def test_without_calls_new_patients_are_the_lever(before):
    result = run(before, calls=False)
    assert "first_patients" in set(result.levers["lever"]) and result.mixes["enquiries"].isna().all()
    assert "no_calls" in [f.key for f in result.findings]
    assert spoken("scenarios", result, PERIOD).texts


def test_without_expenses_nothing_is_said_of_contribution(before):
    poor = before | {"finance": dataclasses.replace(before["finance"], contribution_share=None)}
    result = run(poor)
    assert result.mixes["contribution"].isna().all() and "no_expenses" in [f.key for f in result.findings]


def test_same_seed_same_numbers(before, plain):
    again = run(before)
    pd.testing.assert_frame_equal(again.outcomes, plain.outcomes)
    assert run(before, seed=1).as_today.low != plain.as_today.low


def test_result_survives_the_disk(plain, tmp_path):
    save(plain, tmp_path, analysis="scenarios", fingerprint="x")
    assert load(ScenariosResult, tmp_path).most_ratio == plain.most_ratio


def test_the_real_surgery_section_gives_the_beds(before):
    tables = before["tables"]
    what = analysis("surgery")
    found = compute(what, tables, {"finance": before["finance"]}, period=PERIOD, params=SurgeryParams())
    assert not isinstance(found, Unanswered) and found.operations_most is not None
    assert run(before | {"surgery": found}).stages["cap"].isin(["beds"]).any()
