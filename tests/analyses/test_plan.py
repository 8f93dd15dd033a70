"""Plan: from small stand-ins of the earlier sections, and what is missing."""

from __future__ import annotations

import dataclasses
from datetime import date
from typing import Any

import pandas as pd
import pytest

from audit import catalogue
from audit.actions import catalogue as actions
from audit.analyses import finance, growth
from audit.analyses.finance import FinanceParams, FinanceResult
from audit.analyses.growth import GrowthParams
from audit.analyses.plan import FIGURES, PlanParams, PlanResult, analyse
from audit.config import Days, Period
from audit.models.mechanisms import EFFORT
from audit.results import Estimate, Result, exact
from audit.results.store import load, save
from audit.wording import Words
from tests.analyses.test_finance import NAMES
from tests.pages import spoken

SECTIONS = tuple(need.name for need in catalogue.analysis("plan").needs if need.name not in ("finance", "growth"))
PERIOD = Period(
    start=date(2015, 1, 1), end=date(2016, 3, 1), now=Days(start=date(2016, 2, 1), end=date(2016, 3, 1)),
    before=Days(start=date(2015, 2, 1), end=date(2015, 3, 1)),
)  # fmt: skip


def share(value: float, low: float, high: float) -> Estimate:
    return Estimate(value, low, high, "share", 500)


def stand_in(name: str, **fields: object) -> Result:
    """A result of analysis ``name`` that knows ``fields`` only; a field it does not have is a mistake here."""
    kind = catalogue.analysis(name).result
    known = {item.name for item in dataclasses.fields(kind)}
    assert set(fields) <= known, set(fields) - known
    found = object.__new__(kind)
    for field in known:
        object.__setattr__(found, field, fields.get(field))
    return found


def sections(load: float = 0.5, ward: float = 0.5) -> dict[str, Any]:
    """Stand-ins with the fields agreed on, for a clinic whose rooms are ``load`` full."""
    tags = pd.DataFrame({"reason": ["no_slot"], "share": [0.12], "share_low": [0.08], "share_high": [0.16]})
    found = {
        "capacity": {"room_load": share(load, load - 0.01, load + 0.01), "ward_load": share(ward, ward, ward)},
        "surgery": {"operations_monthly": exact(120, "count", 120), "limit_load": share(ward, ward, ward)},
        "attendance": {"no_show_share": share(0.09, 0.08, 0.1), "came_later_share": share(0.3, 0.2, 0.4)},
        "profile": {"children_share": share(0.2, 0.18, 0.22), "children_residents": share(0.25, 0.25, 0.25),
                    "children_missing": Estimate(60, 30, 90, "count", 400)},
        "clv": {"value_365": Estimate(22_000, 21_000, 23_000, "currency", 9000)},
        "retention": {"return_90": share(0.5, 0.49, 0.51), "return_365": share(0.6, 0.59, 0.61)},
        "recall": {"due_patients": 3000, "recall_revenue": Estimate(2e6, 1.2e6, 2.8e6, "currency", 700, grade="B"),
                   "gain_days": 186, "gross_first": share(0.08, 0.06, 0.1)},
        "doctors": {"n_doctors": 10, "raised": Estimate(1.4e6, 1.2e6, 1.6e6, "currency", 900)},
        "price_choice": {"change_gain": Estimate(2e5, -1e5, 5e5, "currency", 60), "test_cost": Estimate(6e4, 4e4, 8e4, "currency", 60), "plan_weeks": 8},
        "channels": {"cost_per_first_patient": Estimate(1500, 1400, 1600, "currency", 800)},
        "advertising": {"moved_gain": Estimate(4e5, 1e5, 7e5, "currency", 100)},
        "funnel": {"callers": exact(1800, "count", 1800), "answered_share": share(0.94, 0.93, 0.95), "reasons": tags,
                   "missed_share": share(0.06, 0.05, 0.07), "booked_share": share(0.69, 0.67, 0.71), "lost": exact(700, "count", 700)},
        "administrators": {"conversion": share(0.56, 0.54, 0.58), "lost_visits": Estimate(60, 40, 80, "count", 1700)},
    }  # fmt: skip
    return {name: stand_in(name, **fields) for name, fields in found.items()}


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
        "action", "group", "gain", "gain_low", "gain_high", "chance", "effort", "evidence", "section",
        "part_low", "part_high", "source",
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
    packed = run(demo_tables, money, demo_period, sections(load=0.999, ward=1.0), thresholds={"evening_hours": 1.0})
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


@pytest.mark.parametrize("missing", sorted(sections().keys() - {"clv", "channels"}))
def test_a_missing_section_is_not_judged_but_told(missing, demo_tables, demo_period, money):
    result = run(demo_tables, money, demo_period, sections(0.98, 1.0) | {missing: None})
    assert set(result.actions["action"]) | set(result.unjudged["action"]) == set(actions())
    assert missing in set(result.unjudged["reason"]) and result.not_judged >= 1
    assert "unjudged" in [f.key for f in result.findings if f.kind == "not_answered"]


def test_with_nothing_earlier_nothing_is_judged(demo_tables, demo_period, money):
    result = run(demo_tables, money, demo_period)
    assert result.actions.empty and result.joint_gain is None and result.not_judged + result.not_needed == len(actions())


def test_same_seed_same_plan(full, demo_tables, demo_period, money):
    again = run(demo_tables, money, demo_period, sections(load=0.98, ward=1.0))
    pd.testing.assert_frame_equal(full.actions, again.actions)


def test_one_section_less_does_not_change_the_draws_of_another(full, demo_tables, demo_period, money):
    fewer = run(demo_tables, money, demo_period, sections(0.98, 1.0) | {"price_choice": None, "doctors": None})
    one, other = (frame.actions.set_index("action")["gain"] for frame in (full, fewer))
    assert one["call_back"] == other["call_back"] and one["beds"] == other["beds"]


# ---------------------------------------------------------------- tests, moves, hours
def test_a_price_test_is_priced_as_a_test(full):
    """Page 5 says what the change in the whole clinic would bring; what is risked here is the test."""
    row = full.actions.set_index("action").loc["price_test"]
    assert row["group"] == "test_first" and row["evidence"] == "C"
    assert row["gain_low"] >= -1.5 * (8e4 / 12 + full.jobs["cost"].sum())
    assert row["gain"] > 0 and row["chance"] < 0.95


def test_moved_spend_is_the_advertising_page_s_own_step(full, demo_tables, demo_period, money):
    gated = run(demo_tables, money, demo_period, sections(0.98, 1.0) | {"advertising": stand_in("advertising")})
    assert "shift_spend" in set(full.actions["action"])
    assert gated.unjudged.set_index("action")["reason"]["shift_spend"] == "advertising"


def test_the_year_s_work_is_hours_times_rates(full, demo_tables, demo_period, money):
    given = run(demo_tables, money, demo_period, sections(0.98, 1.0), rates={"desk": 300, "marketing": 500, "it": 800, "medical": 2000, "director": 2000})
    for result in (full, given):
        assert (result.jobs["hours"] * result.jobs["rate"]).sum() == pytest.approx(result.work_cost.value)
        assert result.work_months[["hours", "cost"]].sum().tolist() == pytest.approx([result.work_hours.value, result.work_cost.value])
        assert result.plan[["hours", "cost"]].sum().tolist() == pytest.approx([result.work_hours.value, result.work_cost.value])
    assert (full.says["tables.plan.subtitle"].key, given.says["tables.plan.subtitle"].key) == ("assumed", "given")
    assert set(given.jobs[given.jobs["role"] == "desk"]["rate"]) == {300}


def test_gains_are_after_at_least_what_the_work_costs(full, demo_tables, demo_period, money):
    dear = run(demo_tables, money, demo_period, sections(0.98, 1.0), rates={"desk": 30_000})
    gains = [result.actions.set_index("action")["gain"]["call_back"] for result in (full, dear)]
    assert gains[0] > 0 > gains[1]
    assert EFFORT["low"] * money.revenue_month.value < 30_000 * 4 * 52 / 12


def test_the_log_has_a_row_for_everything_begun(full, demo_period):
    assert list(full.log["action"]) == list(full.plan["action"])
    assert (full.log["start"] >= demo_period.end).all() and (full.log["check"] > full.log["start"]).all()
    row = full.log.set_index("action").loc["call_back"]
    assert (row["kpi"], row["better"], row["unit"], row["value"]) == ("funnel.answered_share", "high", "share", 0.94)
    assert full.tests_begun == full.log["is_test"].sum() <= 3


def test_what_is_not_wanted_is_left_out(full, demo_tables, demo_period, money):
    fewer = run(demo_tables, money, demo_period, sections(0.98, 1.0), left_out=("recall",))
    assert "recall" in set(full.actions["action"]) - set(fewer.actions["action"]) - set(fewer.unjudged["action"])


@pytest.mark.parametrize("setting", [{"left_out": ["recal"]}, {"thresholds": {"recal": 1.0}}])
def test_an_action_that_does_not_exist_is_no_setting(setting):
    with pytest.raises(ValueError, match="no action “recal”: did you mean recall"):
        PlanParams.model_validate(setting)


def test_the_order_is_shaken_and_said(full):
    assert 0 <= full.top_kept.value <= 1 and "order" in [finding.key for finding in full.findings]


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
    assert len(page.texts[0]) <= 124, "the title is the message, not a paragraph"
