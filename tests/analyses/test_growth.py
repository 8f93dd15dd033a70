"""Growth: the teaching clinic's known decomposition, plans from small stand-ins of the earlier sections, what is missing."""

from __future__ import annotations

import dataclasses
from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from audit.analyses import finance
from audit.analyses.finance import FinanceParams, FinanceResult
from audit.analyses.growth import FIGURES, GrowthParams, GrowthResult, analyse
from audit.catalogue import analysis, compute
from audit.config import Days, Period
from audit.models.actions import CATALOGUE
from audit.results import Estimate, Unanswered, exact
from audit.results.store import load, save
from audit.wording import Words
from tests.analyses.test_finance import NAMES
from tests.pages import spoken
from tests.spec import clinic

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


def run(tables, money: FinanceResult, period: Period, found: dict[str, Any] | None = None, **params: object) -> GrowthResult:
    earlier = dict.fromkeys(SECTIONS) | (found or {})
    return analyse(
        tables["first_visits"], tables["patient_days"], tables.get("opportunities"), **earlier, finance=money, period=period,
        params=GrowthParams(**params),
    )


@pytest.fixture(scope="module")
def money(demo_tables, demo_period) -> FinanceResult:
    return finance.analyse(**{n: demo_tables.get(n) for n in NAMES}, period=demo_period, params=FinanceParams())


@pytest.fixture(scope="module")
def full(demo_tables, demo_period, money) -> GrowthResult:
    """The clinic at 98 % of its rooms."""
    return run(demo_tables, money, demo_period, sections(load=0.98, ward=1.0))


@pytest.fixture(scope="module")
def roomy(demo_tables, demo_period, money) -> GrowthResult:
    return run(demo_tables, money, demo_period, sections())


def drawn_money(**changes: str) -> tuple[Any, FinanceResult]:
    from tests.analyses.test_finance import DRAWN

    tables = clinic(PERIOD.end, **{name: text for name, text in (DRAWN | changes).items() if text})
    return tables, finance.analyse(**{n: tables.get(n) for n in NAMES}, period=PERIOD, params=FinanceParams())


# ---------------------------------------------------------------- where growth came from
def test_growth_of_the_teaching_clinic(full, money):
    parts = full.factors.set_index("factor")["contribution"] / 1e6
    assert parts[["answered_calls", "conversion", "visits_per_first", "receipt", "surgery"]].tolist() == pytest.approx(
        [5.18, 3.02, 0.88, 1.59, 4.20], abs=0.08
    )
    assert abs(parts["call_share"]) < 0.08
    assert parts.sum() * 1e6 == pytest.approx(full.revenue_change.value, abs=1.0)
    assert full.revenue_change.value == pytest.approx(14.87e6, rel=0.01)


def test_drivers_of_the_teaching_clinic(full):
    now = full.drivers.set_index("driver")["now"]
    before = full.drivers.set_index("driver")["before"]
    assert (before["answered_calls"], now["answered_calls"]) == pytest.approx((1043, 1739), rel=0.01)
    assert (before["conversion"], now["conversion"]) == pytest.approx((0.420, 0.566), abs=0.006)
    assert (before["visits_per_first"], now["visits_per_first"]) == pytest.approx((3.667, 4.0), rel=0.01)
    assert now["call_share"] == pytest.approx(0.92, abs=0.01)


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


def test_with_nothing_earlier_growth_is_still_explained(demo_tables, demo_period, money):
    result = run(demo_tables, money, demo_period)
    assert result.actions.empty and result.joint_gain is None and result.not_judged == len(CATALOGUE)
    assert len(result.factors) == 6


def test_without_calls_growth_begins_at_first_patients(demo_tables, demo_period, money):
    tables = {name: demo_tables[name] for name in ("first_visits", "patient_days")}
    result = run(tables, money, demo_period, sections() | {"funnel": None, "administrators": None})
    assert list(result.factors["factor"]) == ["first_patients", "visits_per_first", "receipt", "surgery"]
    assert result.factors["contribution"].sum() == pytest.approx(result.revenue_change.value)


def test_same_seed_same_plan(full, demo_tables, demo_period, money):
    again = run(demo_tables, money, demo_period, sections(load=0.98, ward=1.0))
    pd.testing.assert_frame_equal(full.actions, again.actions)


def test_one_section_less_does_not_change_the_draws_of_another(full, demo_tables, demo_period, money):
    fewer = run(demo_tables, money, demo_period, sections(0.98, 1.0) | {"price_choice": None, "doctors": None})
    one, other = (frame.actions.set_index("action")["gain"] for frame in (full, fewer))
    assert one["call_back"] == other["call_back"] and one["beds"] == other["beds"]


# ---------------------------------------------------------------- small and poor clinics
def test_two_patients_and_a_period_without_before():
    tables, found = drawn_money()
    assert run(tables, found, PERIOD).revenue_change.value == 500
    short = Period(start=date(2016, 2, 1), end=date(2016, 3, 1))
    alone = finance.analyse(**{n: tables.get(n) for n in NAMES}, period=short, params=FinanceParams())
    result = run(tables, alone, short, sections())
    assert result.factors.empty and result.drivers["before"].isna().all()
    assert "no_before" in [f.key for f in result.findings]


def test_result_survives_the_disk(full, tmp_path):
    save(full, tmp_path / "a", analysis="growth", fingerprint="x")
    again = load(GrowthResult, tmp_path / "a")
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
    page = spoken("growth", result, demo_period, "RUB")
    assert all(page.texts) and (page.figures == FIGURES or which in ("nothing", "no margin"))
    assert Words("growth", currency="RUB", period=demo_period).plain("actions_page.order.text", result)


def test_every_code_has_its_word(full):
    words = Words("growth", currency="RUB", period=PERIOD)
    for key in CATALOGUE:
        assert words.plain(f"actions.{key}.title") and words.plain(f"actions.{key}.step")
        assert words.get(f"title.{key}") and words.get(f"tables.actions.values.action.{key}")
    for kind, codes in (("owner", {p.owner for p in CATALOGUE.values()}), ("kpi", {p.kpi for p in CATALOGUE.values()})):
        assert codes <= set(words.get(f"tables.plan.values.{kind}"))
    assert {p.section for p in CATALOGUE.values()} <= set(words.get("tables.actions.values.section"))
    for factor in (*full.factors["factor"], "first_patients", "ambulatory"):
        assert words.get(f"findings.grew_{factor}") and words.get(f"figures.factors.title.{factor}")


# ---------------------------------------------------------------- how sure, and whether the driver model holds
def test_contributions_have_intervals_around_what_was_counted(full):
    parts = full.factors.set_index("factor")
    assert (parts["contribution_low"] <= parts["contribution"]).all() and (parts["contribution"] <= parts["contribution_high"]).all()
    assert parts.loc["answered_calls", "contribution_low"] > 0, "far more calls than chance gives"
    assert parts.loc["call_share", "contribution_low"] < 0 < parts.loc["call_share", "contribution_high"]


def test_the_driver_model_meets_the_last_year_of_the_teaching_clinic(full):
    assert full.model_holds and abs(full.backtest_error.value) <= 0.05
    held = full.months.dropna(subset="predicted")
    assert len(held) == 12
    assert held["predicted"].sum() / held["revenue"].sum() - 1 == pytest.approx(full.backtest_error.value)
    assert held["error"].abs().mean() == pytest.approx(full.backtest_month.value)
    assert abs(full.backtest_frozen.value) > abs(full.backtest_error.value), "receipts did rise"


def test_a_narrow_gate_stops_the_model_and_says_so(demo_tables, demo_period, money):
    strict = run(demo_tables, money, demo_period, sections(), gate=0.005)
    assert not strict.model_holds and "model_fails" in [f.key for f in strict.findings]
    assert strict.says["figures.fit.title"].key == "fails"


def test_a_short_history_has_no_back_test(demo_tables, demo_period, money):
    short = Period(start=date(2015, 3, 1), end=demo_period.end, now=demo_period.now, before=demo_period.before)
    found = run(demo_tables, money, short, sections())
    assert found.whole_months == 22 and found.backtest_error is None and not found.model_holds
    assert "no_backtest" in [f.key for f in found.findings]
    assert "fit" not in spoken("growth", found, short).figures


# ---------------------------------------------------------------- bad input
def test_one_month_is_counted_and_nothing_more():
    tables, _money = drawn_money()
    one = Period(start=date(2016, 2, 1), end=date(2016, 3, 1), now=Days(start=date(2016, 2, 1), end=date(2016, 3, 1)))
    money = finance.analyse(**{n: tables.get(n) for n in NAMES}, period=one, params=FinanceParams())
    found = run(tables, money, one)
    assert found.whole_months == 1 and found.factors.empty and found.backtest_error is None
    assert {"no_before", "no_backtest"} <= {f.key for f in found.findings}
    assert spoken("growth", found, one).texts


def test_without_surgery_the_parts_are_those_of_outpatient_care():
    from tests.analyses.test_finance import DRAWN

    plain = {name: "\n".join(line for line in text.splitlines() if "operation" not in line and "|o|" not in line) for name, text in DRAWN.items()}
    tables, money = drawn_money(**plain)
    found = run(tables, money, PERIOD)
    assert "surgery" not in set(found.factors["factor"])
    assert found.factors["contribution"].sum() == pytest.approx(found.revenue_change.value)


def test_branches_of_different_currencies_are_refused():
    from tests.analyses.test_finance import DRAWN

    head, *lines = DRAWN["charges"].splitlines()
    mixed = "\n".join([head + "|currency", *(line + ("|EUR" if "|X|" in line else "|RUB") for line in lines)])
    tables = clinic(PERIOD.end, **(DRAWN | {"charges": mixed}))
    earlier = {"finance": compute(analysis("finance"), tables, {}, period=PERIOD, params=FinanceParams())}
    for name in ("growth", "scenarios", "forecast"):
        found = compute(analysis(name), tables, earlier, period=PERIOD, params=analysis(name).params())
        assert isinstance(found, Unanswered), name
