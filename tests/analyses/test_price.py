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
from audit.tables.connection import Tables, tables_from_frames
from audit.wording import Labels
from audit.wording.text import Words

START, END = date(2015, 1, 5), date(2017, 1, 2)
PERIOD = Period(start=START, end=END, now=Days(start=date(2016, 10, 1), end=date(2016, 11, 1)))
TEST = (date(2016, 3, 14), date(2016, 4, 24))


NEEDS = ("opportunities", "enquiries", "events", "appointments", "prices", "charges", "services", "patient_days")


def run(tables: Tables, period: Period = PERIOD, clv=None, **params) -> price.PriceResult:
    given = {name: tables.get(name) for name in NEEDS}
    return price.analyse(tables["first_visits"], **given, clv=clv, period=period, params=price.PriceParams(**params))


def keys(result, kind=None) -> set[str]:
    return {finding.key for finding in result.findings if kind in (None, finding.kind)}


def clinic(*, elasticity=-1.176, prices=None, per_week=(45, 40, 40, 40), seed=1, drop=(), demand=None) -> dict[str, pd.DataFrame]:
    """Branches; half of the callers come the next day and pay the price of their branch and week."""
    rng = np.random.default_rng(seed)
    lists = prices or {"North": [(START, None, 2500)], "South": [(START, None, 2500), (*TEST, 2000)]}
    weeks = (END - START).days // 7
    called, branch, paid = [], [], []
    for name, usual in zip(lists, per_week, strict=False):
        for week in range(weeks):
            monday = START + timedelta(weeks=week)
            begun = [(amount, until) for since, until, amount in lists[name] if since <= monday]
            now = next((amount for amount, until in reversed(begun) if monday <= (until or END)), begun[-1][0])
            shock = 1.0 if demand is None else demand[name][week]
            n = rng.poisson(usual * np.exp(0.004 * week) * shock * (now / 2500) ** elasticity)
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
    assert demo.one_off_won.low < truth.one_off_points < demo.one_off_won.high
    returning = 1 - demo.one_off_share.value
    expected = demo.value_later.value * (returning - truth.one_off_points) / returning
    assert demo.value_won.low < expected < demo.value_won.high
    assert demo.later_share.value == pytest.approx(2 / 3, abs=0.02)
    assert demo.placebo_share.value < 0.10


def test_teaching_clinic_passes_its_checks(demo):
    """Booking did not react to the price, nothing moved before it, and placebos hold zero."""
    outcomes = demo.outcomes.set_index("outcome")
    assert list(outcomes.index) == ["callers", "booking", "came", "repeats", "insured"]
    assert all(outcomes.elasticity_low[name] < 0 < outcomes.elasticity_high[name] for name in ("booking", "repeats", "insured"))
    before, after = (demo.timing_blocks[(demo.timing_blocks["last"] < 0) == early] for early in (True, False))
    assert ((before.elasticity_low < 0) & (before.elasticity_high > 0)).all() and (after.elasticity_high < 0).all()
    assert demo.ladder.set_index("rung").answer.to_dict() == {
        "staggered": "none", "one_branch": "reached", "all_at_once": "none", "promotion": "none", "follows_demand": "short", "constant": "none"}
    assert demo.levels.price.tolist() == [2000, 2500] and demo.levels.followed.sum() > 3000


def test_a_clinic_too_small_says_so(tiny_tables, demo_period):
    result = run(tiny_tables, demo_period)
    assert result.elasticity is None and result.says["title"].key == "too_few"
    assert result.regimes is None and result.ladder.answer.tolist().count("reached") == 1


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
    assert scaled.value_won.value == pytest.approx(100 * plain.value_won.value)


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
        assert result.elasticity is None and result.regimes is None and gaps == {"constant"}
        assert len(result.weeks), "a test is planned from the demand that there is"
    else:
        assert result.elasticity is None or result.elasticity.verdict == "weak"
        assert gaps >= {rung} and result.ladder.set_index("rung").answer[rung] == "reached" and result.grade == "C" and result.test_from is None


def test_prices_that_follow_demand_are_refused_with_the_reason():
    result = run(tables_from_frames(clinic(prices=follow(1)[0], demand=follow(1)[1]), end=END))
    assert result.identification == "follows_demand" and result.elasticity is None and result.price_tested is None
    assert "follows_demand" in keys(result, "not_answered") and result.says["title"].key == "follows_demand"
    assert result.ladder.set_index("rung").answer["follows_demand"] == "reached"


def follow(seed: int) -> tuple[dict[str, list], dict[str, np.ndarray]]:
    """Price lists of four branches raised every eighth week by what demand of the last weeks was above its mean."""
    rng = np.random.default_rng(seed)
    weeks, lists, demand = (END - START).days // 7, {}, {}
    for name in ("North", "South", "East", "West"):
        shock, now, rows = np.zeros(weeks), 2500.0, [(START, None, 2500)]
        for week in range(1, weeks):
            shock[week] = 0.9 * shock[week - 1] + rng.normal(0, 0.10)
            if week % 8 == 0:
                now = round(2500 * float(np.exp(0.6 * shock[week - 6 : week].mean())), -1)
                rows.append((START + timedelta(weeks=week), None, now))
        lists[name], demand[name] = rows, np.exp(shock)
    return lists, demand


# ---------------------------------------------------------------------- money over time
RISES = {name: [(START, None, 2500), (date(2016, 1, 4), None, 2800)] for name in ("North", "South")}


def test_inflation_erodes_a_price_nobody_changed_and_that_is_not_a_change():
    result = run(tables_from_frames(clinic(prices=LADDER["constant"]), end=END), inflation={2015: 0.129, 2016: 0.054})
    assert result.identification == "constant" and result.elasticity is None
    # two years of 12.9 and 5.4 %, less the last days of 2016
    assert result.real_change.value == pytest.approx(1 / (1.129 * 1.054) - 1, abs=0.01)
    assert "eroded" in keys(result)
    as_listed = run(tables_from_frames(clinic(prices=LADDER["constant"]), end=END))
    assert as_listed.real_change is None and "nominal" in keys(as_listed)


def test_a_rise_for_all_is_read_in_constant_money():
    """In real terms 2,500 fell all through 2015, so the rise to 2,800 only made up for it."""
    tables = tables_from_frames(clinic(prices=RISES, per_week=(400, 400)), end=END)
    nominal, real = run(tables), run(tables, inflation={2015: 0.12, 2016: 0.12})
    assert nominal.identification == real.identification == "all_at_once"
    assert nominal.price_tested.value == 2500
    assert real.price_tested is None or real.price_tested.value > 2650, "2,500 of 2015 are worth more in the money of today"


def test_units_with_their_own_prices_do_not_need_the_price_level():
    """Inflation is the same in all branches, so the comparison between them is left as it is."""
    tables = tables_from_frames(clinic(prices=LADDER["staggered"]), end=END)
    assert run(tables, inflation={2015: 0.129}).elasticity.value == pytest.approx(run(tables).elasticity.value, rel=1e-6)


# ---------------------------------------------------------------------- who pays, which units
def test_the_insured_are_a_placebo_and_would_hide_the_reaction(tested):
    frames = clinic(seed=2)
    insured = frames["appointments"].patient_id.str[1:].astype(int) % 3 == 0
    frames["appointments"] = frames["appointments"].assign(payer=np.where(insured, "insurer", "cash"))
    result = run(tables_from_frames(frames, end=END))
    assert result.insured_share.value == pytest.approx(1 / 3, abs=0.05)
    assert "insured" in set(result.outcomes.outcome[result.outcomes.is_placebo]) and "insured" in keys(result)
    assert run(tested).insured_share is None


def test_specialties_with_their_own_prices_are_compared_where_branches_are_not():
    lists = {"ENT": [(START, None, 2500), (date(2015, 6, 1), None, 2100), (date(2016, 8, 1), None, 2500)],
             "eyes": [(START, None, 2500), (date(2015, 11, 2), None, 2900), (date(2016, 4, 4), None, 2500)]}
    frames = clinic(prices=lists)
    unit = frames["appointments"].branch
    first = frames["appointments"].service_id == "F"
    frames["appointments"] = frames["appointments"].assign(
        specialty=unit, branch="North", service_id=np.where(first, "F " + unit, frames["appointments"].service_id))
    frames["services"] = pd.DataFrame({"service_id": ["F ENT", "F eyes", "R"], "kind": "consultation",
                                       "specialty": ["ENT", "eyes", None], "is_first_visit": [True, True, False]})
    frames["prices"] = frames["prices"].assign(service_id="F " + frames["prices"].branch, branch=None)
    frames["enquiries"] = frames["enquiries"].assign(branch="North")
    result = run(tables_from_frames(frames, end=END))
    assert result.unit_kind == "specialty" and result.identification == "staggered" and result.demand_kind == "visits"
    assert result.elasticity.low < -1.176 < result.elasticity.high


# ---------------------------------------------------------------------- bad price lists
def test_a_list_with_gaps_loses_weeks_and_says_so():
    holes = {"North": [(START, None, 2500)], "South": [(START, date(2016, 3, 13), 2500), (*TEST, 2000), (date(2016, 5, 16), None, 2500)]}
    result = run(tables_from_frames(clinic(prices=holes), end=END))
    assert "list_gaps" in keys(result) and result.weeks.price.isna().sum() == 3
    assert result.elasticity.low < -1.176 < result.elasticity.high


LAST = date(2016, 12, 1)
TWICE = {"North": [(START, LAST, 2500)], "South": [(START, LAST, 2500), (*TEST, 2000)]}


def told(result, key: str) -> str:
    words = Words("price", currency="RUB", period=PERIOD)
    return str(words.finding(result, next(finding for finding in result.findings if finding.key == key)))


def test_bills_settle_overlapping_price_periods():
    result = run(tables_from_frames(clinic(prices=TWICE), end=END))
    assert result.test_from == TEST[0] and result.elasticity.low < -1.176 < result.elasticity.high
    assert "6 weeks of a branch; bills tell which was asked in 6" in told(result, "list_overlaps")


def test_overlapping_price_periods_without_bills_are_no_changes_of_price():
    """Entries that contradict the list at different times in both branches would look like the best of all comparisons."""
    wrong = {name: [(START, LAST, 2500), *((day, day + timedelta(weeks=10), 2800) for day in days)] for name, days in (
        ("North", (date(2015, 3, 2), date(2015, 11, 2))), ("South", (date(2015, 6, 1), date(2016, 4, 4))))}
    frames = clinic(prices=wrong, drop=("charges",))
    result = run(tables_from_frames(frames, end=END))
    assert result.identification == "constant" and result.elasticity is None
    assert "left out, because nothing tells which was asked" in told(result, "list_overlaps")
    assert result.unpriced_share.value > 0.15 and "unpriced" in keys(result, "caveat")


def test_calls_without_numbers_are_left_out_and_said():
    """A tenth of calls has no number; each would count as a person of its own, patients' calls among them."""
    frames = clinic()
    silent = np.arange(len(frames["enquiries"])) % 10 == 5
    again = frames["enquiries"][silent].assign(caller_key=None, enquiry_id="x" + frames["enquiries"].enquiry_id[silent])
    frames["enquiries"] = pd.concat([frames["enquiries"], again], ignore_index=True)
    plain, result = run(tables_from_frames(clinic(), end=END)), run(tables_from_frames(frames, end=END))
    assert result.callers.value == plain.callers.value and result.elasticity.value == pytest.approx(plain.elasticity.value)
    assert result.no_number_share.value == pytest.approx(1 / 11, abs=0.005) and "no_numbers" in keys(result, "caveat")
    assert plain.no_number_share is None


def test_calls_mostly_without_numbers_leave_demand_to_the_visits():
    frames = clinic()
    keep = np.arange(len(frames["enquiries"])) % 3 == 0
    frames["enquiries"]["caller_key"] = frames["enquiries"].caller_key.where(keep, None)
    result = run(tables_from_frames(frames, end=END))
    assert result.demand_kind == "visits" and result.callers is None
    assert "calls_without_numbers" in keys(result, "not_answered") and "no_calls" not in keys(result)


def test_nobody_who_pays_himself_leaves_nothing_to_study():
    frames = clinic()
    frames["appointments"]["payer"] = "insurer"
    with pytest.raises(NotAnswerable, match="insured_only"):
        run(tables_from_frames(frames, end=END))


def test_money_and_first_visits_are_of_those_who_pay():
    """Every third patient is insured, and insured visits bring nothing here."""
    frames = clinic()
    for name in ("appointments", "charges"):
        insured = frames[name].patient_id.str[1:].astype(int) % 3 == 0
        frames[name] = frames[name].assign(payer=np.where(insured, "insurer", "cash"))
        if name == "charges":
            frames[name]["paid"] = np.where(insured, 0.0, frames[name].paid.astype(float))
    plain, result = run(tables_from_frames(clinic(), end=END)), run(tables_from_frames(frames, end=END))
    assert result.first_patients.value == pytest.approx(plain.first_patients.value * (1 - result.insured_share.value))
    assert result.value_later.value == pytest.approx(plain.value_later.value, rel=0.05)


def test_the_whole_range_that_was_tried_is_known():
    """A branch asked 2,200 for 22 weeks and 2,800 for 61: the cheaper price is compared with today's, both bound the range."""
    result = run(tables_from_frames(clinic(prices=LADDER["staggered"]), end=END))
    now = result.price_now.value
    assert result.price_tested.value == 2200 and result.price_tested.value < now
    assert (result.price_lowest.value, result.price_highest.value) == (2200, 2800) and result.prices_differ


def test_a_test_on_the_list_of_changes_points_to_the_other_page():
    frames = clinic()
    frames["events"] = pd.DataFrame({"event": ["Price test"], "kind": ["price"], "from_day": [TEST[0]], "to_day": [TEST[1]], "branch": ["South"]})
    result = run(tables_from_frames(frames, end=END))
    care = str(Words("price", currency="RUB", period=PERIOD).sentence("notes.care", result))
    assert result.is_recorded and "one test, read twice" in care


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
    assert result.elasticity is not None and result.value_later is None and result.value_won is None
    assert "no_money" in keys(result, "not_answered") and result.levels.value_later.isna().all()


def test_figures_are_drawn_with_words(demo, demo_period):
    words = Words("price", currency="RUB", period=demo_period)
    for name in price.FIGURES:
        figure = getattr(price, name)(demo, Labels(words, name, demo))
        texts = [text.get_text() for ax in figure.axes for text in ax.texts]
        assert figure is not None and any("₽" in text or "reaction" in text for text in texts)
    nothing = replace(demo, test_branch=None, timing_blocks=None, outcomes=None)
    assert all(getattr(price, name)(nothing, Labels(words, name, nothing)) is None for name in price.FIGURES)


def test_where_no_call_is_answered_demand_is_read_off_first_visits():
    frames = clinic()
    frames["enquiries"] = frames["enquiries"].assign(is_answered=False)
    result = run(tables_from_frames(frames, end=END))
    assert result.demand_kind == "visits" and result.elasticity.low < -1.176 < result.elasticity.high
