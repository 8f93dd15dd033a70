"""Plan: from small stand-ins of the earlier sections, and what is missing."""

from __future__ import annotations

import dataclasses
from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from audit.analyses import finance, growth
from audit.analyses.finance import FinanceParams, FinanceResult
from audit.analyses.growth import GrowthParams
from audit.analyses.plan import FIGURES, PlanParams, PlanResult, analyse
from audit.config import Days, Period
from audit.models.actions import CATALOGUE
from audit.results import Estimate, exact
from audit.results.store import load, save
from audit.wording import Words
from tests.analyses.test_finance import NAMES
from tests.pages import spoken

SECTIONS = ("capacity", "profile", "clv", "retention", "recall", "doctors", "price_choice", "channels", "funnel", "administrators")
PERIOD = Period(
    start=date(2015, 1, 1), end=date(2016, 3, 1), now=Days(start=date(2016, 2, 1), end=date(2016, 3, 1)),
    before=Days(start=date(2015, 2, 1), end=date(2015, 3, 1)),
)  # fmt: skip


def share(value: float, low: float, high: float) -> Estimate:
    return Estimate(value, low, high, "share", 500)


def sections(load: float = 0.5, ward: float = 0.5) -> dict[str, Any]:
    """Stand-ins with the agreed names only, for a clinic whose rooms are ``load`` full."""
    points = pd.DataFrame({"price": [2000.0], "change": [-1e5], "change_low": [-3e5], "change_high": [1e5]})
    tags = pd.DataFrame({"reason": ["no_slot"], "share": [0.12], "share_low": [0.08], "share_high": [0.16]})
    channels = pd.DataFrame({
        "channel": ["search", "board"], "spend": [387_000.0, 90_000.0], "cost_per_first_patient": [772.0, 5000.0],
        "cost_per_first_patient_low": [720.0, 3500.0], "cost_per_first_patient_high": [830.0, 8000.0],
        "next_patient": [900.0, np.nan],
    })  # fmt: skip
    return {
        "capacity": SimpleNamespace(room_load=share(load, load - 0.01, load + 0.01), ward_load=share(ward, ward, ward),
                                    operating_load=None, bottleneck="ward"),
        "profile": SimpleNamespace(children_share=share(0.2, 0.18, 0.22), children_residents=share(0.25, 0.25, 0.25),
                                   children_missing=Estimate(60, 30, 90, "count", 400)),
        "clv": SimpleNamespace(value_365=Estimate(22_000, 21_000, 23_000, "currency", 9000)),
        "retention": SimpleNamespace(return_90=share(0.5, 0.49, 0.51)),
        "recall": SimpleNamespace(due_patients=3000, recall_revenue=Estimate(2e6, 1.2e6, 2.8e6, "currency", 700, grade="B"),
                                  gain_days=186, gross_first=share(0.08, 0.06, 0.1)),
        "doctors": SimpleNamespace(n_doctors=10, different=4, raised=Estimate(1.4e6, 1.2e6, 1.6e6, "currency", 900)),
        "price_choice": SimpleNamespace(points=points, price_now=exact(2500, "currency", 1)),
        "channels": SimpleNamespace(channels=channels, cost_per_first_patient=None),
        "funnel": SimpleNamespace(callers=exact(1800, "count", 1800), answered_share=share(0.94, 0.93, 0.95),
                                  missed_share=share(0.06, 0.05, 0.07), booked_share=share(0.69, 0.67, 0.71), reasons=tags),
        "administrators": SimpleNamespace(conversion=share(0.56, 0.54, 0.58), below_count=2, lost_visits=Estimate(60, 40, 80, "count", 1700)),
    }  # fmt: skip


def run(tables, money: FinanceResult, period: Period, found: dict[str, Any] | None = None, **params: object) -> PlanResult:
    earlier = dict.fromkeys(SECTIONS) | (found or {})
    counts = (tables["first_visits"], tables["patient_days"], tables.get("opportunities"))
    grown = growth.analyse(*counts, finance=money, period=period, params=GrowthParams())
    return analyse(**earlier, finance=money, growth=grown, period=period, params=PlanParams(**params))


@pytest.fixture(scope="module")
def money(demo_tables, demo_period) -> FinanceResult:
    return finance.analyse(**{n: demo_tables.get(n) for n in NAMES}, period=demo_period, params=FinanceParams())


@pytest.fixture(scope="module")
def full(demo_tables, demo_period, money) -> PlanResult:
    """The clinic at 98 % of its rooms."""
    return run(demo_tables, money, demo_period, sections(load=0.98, ward=1.0))


@pytest.fixture(scope="module")
def roomy(demo_tables, demo_period, money) -> PlanResult:
    return run(demo_tables, money, demo_period, sections())


# ---------------------------------------------------------------- what to do
def test_actions_are_ranked_and_grouped_by_the_rules(full):
    frame = full.actions
    assert len(frame) >= 6 and list(frame.columns) == [
        "action", "group", "gain", "gain_low", "gain_high", "chance", "effort", "evidence", "section"
    ]  # fmt: skip
    now, test = (frame[frame["group"] == group] for group in ("do_now", "test_first"))
    assert (now["chance"] >= 0.9).all() and now["evidence"].isin(["A", "B"]).all()
    assert (test["chance"] >= 0.6).all()
    assert (frame.loc[frame["group"] == "leave", "chance"] < 0.6).all()
    assert frame.groupby("group", sort=False)["gain"].apply(lambda gain: gain.is_monotonic_decreasing).all()


def test_full_rooms_hold_actions_back_and_say_so(full, roomy):
    assert full.limited >= 1 and roomy.limited == 0
    assert "evening_hours" in set(full.actions["action"]) and "evening_hours" not in set(roomy.actions["action"])
    assert "full_rooms" in [f.key for f in full.findings] and "full_rooms" not in [f.key for f in roomy.findings]
    gain = {name: result.actions.set_index("action")["gain"] for name, result in (("full", full), ("roomy", roomy))}
    assert gain["full"]["standard"] < gain["roomy"]["standard"]


def test_together_is_less_than_the_sum_and_the_bridge_meets(full):
    assert full.joint_gain.value <= full.plain_sum.value + 1e-6
    amounts = full.bridge.set_index("step")["amount"]
    assert amounts.drop("after").sum() == pytest.approx(amounts["after"])
    assert amounts["today"] == full.profit_now.value and amounts["after"] == pytest.approx(full.profit_after.value)
    assert full.profit_after.low <= full.profit_after.value <= full.profit_after.high


def test_rooms_are_never_filled_beyond_what_there_is(demo_tables, demo_period, money):
    packed = run(demo_tables, money, demo_period, sections(load=0.999, ward=1.0), crowded=1.0)
    gains = packed.actions.set_index("action")["gain"]
    costless = 0.001 * 4300 * 4000
    assert (gains[["call_back", "script", "recall", "standard"]] <= costless).all()
    assert packed.joint_gain is None or packed.joint_gain.value <= costless


def test_smaller_full_load_leaves_less(full, demo_tables, demo_period, money):
    tighter = run(demo_tables, money, demo_period, sections(load=0.98, ward=1.0), full_load=0.9)
    assert tighter.free_visits.value == 0 < full.free_visits.value


def test_assumed_margin_is_never_do_now(demo_tables, demo_period, money):
    poor = dataclasses.replace(money, contribution_share=None, profit_month=None)
    result = run(demo_tables, poor, demo_period, sections())
    assert result.do_now == 0 and result.test_first > 0 and set(result.actions["evidence"]) == {"C"}
    assert result.bridge.empty and result.grade == "C"


@pytest.mark.parametrize("missing", sorted({profile.section for profile in CATALOGUE.values()} & {*SECTIONS}))
def test_a_missing_section_is_not_judged_but_told(missing, demo_tables, demo_period, money):
    result = run(demo_tables, money, demo_period, sections(0.98, 1.0) | {missing: None})
    assert set(result.actions["action"]) | set(result.unjudged["action"]) == set(CATALOGUE)
    assert missing in set(result.unjudged["section"]) and result.not_judged >= 1
    assert "unjudged" in [f.key for f in result.findings if f.kind == "not_answered"]


def test_with_nothing_earlier_nothing_is_judged(demo_tables, demo_period, money):
    result = run(demo_tables, money, demo_period)
    assert result.actions.empty and result.joint_gain is None and result.not_judged == len(CATALOGUE)


def test_same_seed_same_plan(full, demo_tables, demo_period, money):
    again = run(demo_tables, money, demo_period, sections(load=0.98, ward=1.0))
    pd.testing.assert_frame_equal(full.actions, again.actions)


def test_one_section_less_does_not_change_the_draws_of_another(full, demo_tables, demo_period, money):
    fewer = run(demo_tables, money, demo_period, sections(0.98, 1.0) | {"price_choice": None, "doctors": None})
    one, other = (frame.actions.set_index("action")["gain"] for frame in (full, fewer))
    assert one["call_back"] == other["call_back"] and one["beds"] == other["beds"]


# ---------------------------------------------------------------- small and poor clinics
def test_result_survives_the_disk(full, tmp_path):
    save(full, tmp_path / "a", analysis="plan", fingerprint="x")
    again = load(PlanResult, tmp_path / "a")
    assert again.estimates() == full.estimates() and again.says == full.says
    pd.testing.assert_frame_equal(again.actions, full.actions)


# ---------------------------------------------------------------- words and figures
@pytest.mark.parametrize("which", ["full", "roomy", "nothing", "no margin"])
def test_every_sentence_and_figure_is_made(which, full, roomy, demo_tables, demo_period, money):
    if which == "nothing":
        result = run(demo_tables, money, demo_period)
    elif which == "no margin":
        result = run(demo_tables, dataclasses.replace(money, contribution_share=None, profit_month=None), demo_period, sections())
    else:
        result = full if which == "full" else roomy
    page = spoken("plan", result, demo_period, "RUB")
    assert all(page.texts) and (page.figures == FIGURES or which in ("nothing", "no margin"))
    assert Words("plan", currency="RUB", period=demo_period).plain("actions_page.order.text", result)


def test_every_code_has_its_word(full):
    words = Words("plan", currency="RUB", period=PERIOD)
    for key in CATALOGUE:
        assert words.plain(f"actions.{key}.title") and words.plain(f"actions.{key}.step")
        assert words.get(f"title.{key}") and words.get(f"tables.actions.values.action.{key}")
    for kind, codes in (("owner", {p.owner for p in CATALOGUE.values()}), ("kpi", {p.kpi for p in CATALOGUE.values()})):
        assert codes <= set(words.get(f"tables.plan.values.{kind}"))
    assert {p.section for p in CATALOGUE.values()} <= set(words.get("tables.actions.values.section"))
