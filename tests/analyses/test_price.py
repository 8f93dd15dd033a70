"""Price: the simulated test is found, every rung of the ladder is named, and nothing is said without variation."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from audit.analyses import price
from audit.config import Days, Period
from audit.errors import NotAnswerable
from audit.results import Estimate
from audit.tables.connection import Tables, tables_from_frames
from audit.wording import Labels
from audit.wording.text import Words

START, END = date(2015, 1, 5), date(2017, 1, 2)
PERIOD = Period(start=START, end=END, now=Days(start=date(2016, 10, 1), end=date(2016, 11, 1)))
TEST = (date(2016, 3, 14), date(2016, 4, 24))


def run(tables: Tables, period: Period = PERIOD, capacity=None, clv=None, **params) -> price.PriceResult:
    given = {name: tables.get(name) for name in ("opportunities", "prices", "charges", "services", "patient_days")}
    return price.analyse(tables["first_visits"], **given, capacity=capacity, clv=clv, period=period,
                         params=price.PriceParams(**params))


def clinic(*, elasticity=-1.176, prices=None, per_week=(45, 40), seed=1, drop=(), **empty) -> dict[str, pd.DataFrame]:
    """Two branches; half of the callers come the next day and pay the price of their branch and week."""
    rng = np.random.default_rng(seed)
    lists = prices or {"North": [(START, None, 2500)], "South": [(START, None, 2500), (*TEST, 2000)]}
    weeks = (END - START).days // 7
    called, branch, paid = [], [], []
    for name, usual in zip(lists, per_week, strict=False):
        for week in range(weeks):
            monday = START + timedelta(weeks=week)
            now = [amount for since, until, amount in lists[name] if since <= monday <= (until or END)][-1]
            n = rng.poisson(usual * np.exp(0.004 * week) * (now / 2500) ** elasticity)
            called += [pd.Timestamp(monday) + pd.Timedelta(days=int(d), hours=10) for d in rng.integers(0, 5, n)]
            branch += [name] * n
            paid += [now] * n
    number = np.arange(len(called))
    calls = pd.DataFrame({
        "enquiry_id": [f"e{i}" for i in number], "started_at": called, "kind": "call", "direction": "in",
        "caller_key": [f"t{i}" for i in number], "branch": branch, "is_answered": number % 10 > 0,
    })
    came = number % 10 > 4
    firsts = pd.DataFrame({
        "patient_id": [f"p{i}" for i in number[came]], "starts_at": calls.started_at[came] + pd.Timedelta(days=1),
        "branch": calls.branch[came], "paid": np.array(paid)[came],
    })
    again = firsts[::2].assign(starts_at=firsts.starts_at[::2] + pd.Timedelta(days=30), paid=9000)
    visits = pd.concat([firsts.assign(service_id="F"), again.assign(service_id="R")], ignore_index=True)
    visits = visits[visits.starts_at < pd.Timestamp(END)].assign(kind="outpatient", status="completed", payer="cash")
    visits["appointment_id"] = [f"a{i}" for i in range(len(visits))]
    frames = {
        "patients": pd.DataFrame({
            "patient_id": firsts.patient_id, "registered_on": firsts.starts_at.dt.date,
            "phone_key": "t" + firsts.patient_id.str[1:]}),
        "appointments": visits.drop(columns="paid"),
        "charges": visits.assign(charge_id=visits.appointment_id, charged_on=visits.starts_at.dt.date, kind="sale", quantity=1.0)[
            ["charge_id", "patient_id", "appointment_id", "charged_on", "service_id", "branch", "kind", "quantity", "paid", "payer"]],
        "enquiries": calls,
        "services": pd.DataFrame({"service_id": ["F", "R"], "kind": "consultation", "is_first_visit": [True, False],
                                  "direct_cost": [500.0, 3000.0]}),
        "prices": pd.DataFrame([
            {"service_id": "F", "branch": name, "valid_from": since, "valid_to": until, "price": amount}
            for name, rows in lists.items() for since, until, amount in rows]),
    }
    return {name: frame for name, frame in frames.items() if name not in drop}


@pytest.fixture(scope="module")
def tested() -> Tables:
    return tables_from_frames(clinic(), end=END)


# ---------------------------------------------------------------------- the teaching clinic
@pytest.fixture(scope="module")
def demo(demo_tables, demo_period) -> price.PriceResult:
    return run(demo_tables, demo_period)


def test_teaching_clinic(demo, demo_truth):
    truth = demo_truth.price_test
    assert demo.identification == "one_branch" and demo.test_branch == truth.branch
    assert (str(demo.test_from), str(demo.test_to)) == (truth.from_day, truth.to_day)
    assert demo.elasticity.low < truth.elasticity < demo.elasticity.high < 0
    assert demo.elasticity.verdict == "identified" and demo.grade == "C", "one episode is thin evidence"
    assert demo.demand_change.low < truth.calls_factor - 1 < demo.demand_change.high
    assert demo.cost_per_extra_patient.low < 500 / 0.30 < demo.cost_per_extra_patient.high
    assert (demo.price_now.value, demo.price_tested.value) == (truth.list_price, truth.test_price)
    won = 1 - 1 / truth.calls_factor
    assert demo.one_off_change.low < truth.one_off_points * won < demo.one_off_change.high
    assert demo.later_share.value == pytest.approx(2 / 3, abs=0.02)
    assert demo.placebo_share.value < 0.10


def test_full_rooms_forbid_a_cut(demo_tables, demo_period):
    class Full:
        room_load = Estimate(0.98, 0.97, 0.99, "share", 26)
        ceiling = Estimate(0.85, 0.85, 0.85, "share", 0)

    full = run(demo_tables, demo_period, capacity=Full())
    free = run(demo_tables, demo_period)
    assert full.says["title"].key == "full" and full.best_price.value == 2500
    assert free.says["title"].key == "lower" and free.best_price.value < 2500
    assert (full.points.change <= free.points.change + 1e-6).all()


def test_a_clinic_too_small_says_so(tiny_tables, demo_period):
    result = run(tiny_tables, demo_period)
    assert result.elasticity is None and result.says["title"].key == "too_few"
    assert result.break_even.value < 0 < result.plan_detects.value


# ---------------------------------------------------------------------- drawn clinics
def test_covers_the_planted_elasticity(tested):
    result = run(tested)
    assert result.elasticity.low < -1.176 < result.elasticity.high
    assert result.elasticity_visits.low < -1.176 < result.elasticity_visits.high
    assert result.demand_kind == "callers" and result.test_branch == "South"
    assert result.value_days == 365
    assert result.first_patients.value == pytest.approx(result.callers.value * 5 / 9, rel=0.05)


def test_the_regimes_show_the_cheaper_weeks(tested):
    regimes = run(tested).regimes
    cheap = regimes[regimes.is_test]
    assert len(cheap) == 1 and cheap.weeks.item() == 6 and cheap.price.item() == 2000
    assert cheap.callers.item() > regimes[~regimes.is_test].callers.max()


def test_money_in_other_units_changes_nothing_but_money(tested):
    frames = clinic()
    frames["prices"] = frames["prices"].assign(price=frames["prices"].price * 100)
    frames["charges"] = frames["charges"].assign(paid=frames["charges"].paid * 100)
    frames["services"] = frames["services"].assign(direct_cost=frames["services"].direct_cost * 100)
    plain, scaled = run(tested), run(tables_from_frames(frames, end=END))
    assert scaled.elasticity.value == pytest.approx(plain.elasticity.value)
    assert scaled.cost_per_extra_patient.value == pytest.approx(100 * plain.cost_per_extra_patient.value)
    assert scaled.points.change.to_numpy() == pytest.approx(100 * plain.points.change.to_numpy(), rel=1e-6)


def test_bills_stand_in_for_a_price_list(tested):
    from_bills = run(tables_from_frames(clinic(drop=("prices",)), end=END))
    assert from_bills.identification == "one_branch"
    assert from_bills.elasticity.value == pytest.approx(run(tested).elasticity.value, abs=0.15)


def test_without_calls_demand_is_first_visits():
    result = run(tables_from_frames(clinic(drop=("enquiries",)), end=END))
    assert result.demand_kind == "visits" and result.elasticity is not None and result.elasticity_visits is None
    assert "no_calls" in {finding.key for finding in result.findings}


def test_calls_without_a_branch_leave_it_to_the_visits():
    frames = clinic()
    frames["enquiries"] = frames["enquiries"].drop(columns="branch")
    assert run(tables_from_frames(frames, end=END)).demand_kind == "visits"


STEP = date(2016, 1, 4)
LADDER = {
    "constant": {"North": [(START, None, 2500)], "South": [(START, None, 2500)]},
    "all_at_once": {name: [(START, None, 2500), (STEP, None, 2000)] for name in ("North", "South")},
    "promotion": {name: [(START, None, 2500), (STEP, STEP + timedelta(days=13), 2000)] for name in ("North", "South")},
    "staggered": {
        "North": [(START, None, 2500), (date(2015, 6, 1), None, 2800), (date(2016, 8, 1), None, 2500)],
        "South": [(START, None, 2500), (date(2015, 11, 2), None, 2200), (date(2016, 4, 4), None, 2600)],
    },
}


@pytest.mark.parametrize("rung", LADDER)
def test_every_rung_is_named_and_has_its_sentence(rung):
    result = run(tables_from_frames(clinic(prices=LADDER[rung]), end=END))
    assert result.identification == rung
    words = Words("price", currency="RUB", period=PERIOD)
    assert words.sentence("title", result) and words.sentence("notes.decide", result)
    gaps = {finding.key for finding in result.findings if finding.kind == "not_answered"}
    if rung == "staggered":
        assert result.elasticity.low < -1.176 < result.elasticity.high and result.grade == "B" and not gaps
    elif rung == "constant":
        assert result.elasticity is None and result.points is None and gaps == {"constant"}
        assert result.break_even.value < 0 and result.plan_weeks >= 8
    else:
        assert result.elasticity is None or result.elasticity.verdict == "weak"
        assert gaps >= {rung} and result.grade == "C" and result.test_from is None


def test_break_even_is_where_contribution_does_not_change():
    result = run(tables_from_frames(clinic(prices=LADDER["constant"]), end=END))
    margin = 2500 - 500 + 0.5 * 6000
    cut = 2500 - result.plan_price.value
    assert (1 + result.break_even_demand.value) * (margin - cut) == pytest.approx(margin, rel=0.02)


@pytest.mark.parametrize(
    ("drop", "reason"), [(("prices", "charges"), "no_price"), (("prices", "charges", "services"), "no_price")])
def test_without_prices_there_is_no_answer(drop, reason):
    with pytest.raises(NotAnswerable, match=reason):
        run(tables_from_frames(clinic(drop=drop), end=END))


def test_a_week_is_too_short():
    with pytest.raises(NotAnswerable) as told:
        run(tables_from_frames(clinic(), end=END), Period(start=date(2016, 12, 27), end=END))
    assert told.value.verdict == "not_enough_data"


def test_without_money_only_demand_is_told():
    frames = clinic(drop=("charges",))
    result = run(tables_from_frames(frames, end=END))
    assert result.elasticity is not None and result.break_even is None and result.best_price is None
    assert result.points.change.isna().all()
    assert price.optimum(result, Labels(Words("price"), "optimum", result)) is None


def test_figures_are_drawn_with_words(demo, demo_period):
    words = Words("price", currency="RUB", period=demo_period)
    for name in price.FIGURES:
        figure = getattr(price, name)(demo, Labels(words, name, demo))
        texts = [text.get_text() for ax in figure.axes for text in ax.texts]
        assert figure is not None and any("₽" in text or "range" in text for text in texts)
    nothing = replace(demo, weeks=None, curve=None)
    assert all(getattr(price, name)(nothing, Labels(words, name, nothing)) is None for name in price.FIGURES)
