"""Changes: planted effects are found by the right design, the rest is refused in words; bad lists of events do no harm."""

from __future__ import annotations

import dataclasses
import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from audit import catalogue
from audit.analyses import changes
from audit.analyses.changes import ChangesResult
from audit.analyses.recall import RecallResult
from audit.config import Period
from audit.models.interrupted_series import interrupted_series
from audit.results import Estimate, Result, Unanswered
from audit.tables.connection import Tables, tables_from_frames
from tests.analyses.test_odd_clinics import ODD
from tests.analyses.test_odd_clinics import PERIOD as ODD_PERIOD
from tests.pages import NONSENSE, spoken

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from changing_clinic import END, PERIOD, START, WEEKS, ChangingClinic, changing_clinic, day, listed
from coverage_changes import of_analysis, of_models


def computed(tables: Tables, period: Period = PERIOD, earlier: dict[str, Result] | None = None, **params: object) -> Result:
    what = catalogue.analysis("changes")
    filled = {name: table for name, table in tables.items() if table.limit(1).count().execute()}
    return catalogue.compute(what, filled, earlier or {}, period=period, params=what.params(**params))


def analysed(tables: Tables, period: Period = PERIOD, earlier: dict[str, Result] | None = None, **params: object) -> Result:
    """The result, and everything its page says can be said."""
    result = computed(tables, period, earlier, **params)
    for text in spoken("changes", result, period).texts:
        assert text.strip() and not any(nonsense in text for nonsense in NONSENSE), text
    return result


def row(result: Result, name: str) -> pd.Series:
    frame = result.tables()["effects"].set_index("change")
    return frame.loc[name]


def reasons(result: Result) -> dict[str, str]:
    return dict(result.tables()["unjudged"].set_index("change")["reason"])


def keys(result: Result) -> set[str]:
    return {finding.key for finding in result.findings}


# ---------------------------------------------------------------- the synthetic clinic
@pytest.fixture(scope="module")
def demo(demo_tables, demo_period) -> Result:
    return analysed(demo_tables, demo_period)


def test_the_price_test_is_held_against_the_other_branch(demo, demo_truth):
    """Planted: 30 % more callers in branch 2 for six weeks."""
    test = row(demo, "Price test")
    assert (test["design"], test["outcome"], test["weeks"]) == ("compared", "callers", 6)
    assert test["effect_low"] <= demo_truth.price_test.calls_factor - 1 <= test["effect_high"]
    assert test["effect_low"] > 0 and test["reading"] == "more"
    assert test["by_chance"] < 0.1 and test["placebos"] >= 10


def test_the_page_on_price_is_named_where_it_measures_the_same_test(demo, demo_tables, demo_period):
    what = catalogue.analysis("price")
    price = catalogue.compute(what, demo_tables, {}, period=demo_period, params=what.params())
    result = analysed(demo_tables, demo_period, {"price": price})
    found = next(finding for finding in result.findings if finding.key == "price_page")
    assert found.values["change"] == "Price test" and found.values["there"] == price.demand_change
    assert row(result, "Price test")["effect"] == row(demo, "Price test")["effect"] and "price_page" not in keys(demo)


def test_the_price_test_leads_the_page_and_what_it_brought_adds_up(demo):
    assert demo.leading == "Price test" and demo.leading_effect.verdict == "identified"
    observed = demo.leading_more.value / (1 - 1 / (1 + demo.leading_effect.value))
    assert observed == pytest.approx(row(demo, "Price test")["more"] / (1 - 1 / (1 + row(demo, "Price test")["effect"])))


def test_what_came_within_six_weeks_is_told_together_only_whatever_it_is_measured_by(demo):
    """Call tracking and a new site for callers, scripts for bookings: one may be the other's doing."""
    frame = demo.effects.set_index("change")
    joint = frame.loc["Call tracking + New site + Scripts for the desk"]
    assert set(joint["why"]) == {"joint"} and set(joint["outcome"]) == {"callers", "booked"}
    assert not {"Call tracking", "New site", "Scripts for the desk"} & set(frame.index) and "joint" in keys(demo)


def test_what_is_judged_elsewhere_is_not_counted_as_not_judged(demo):
    assert {"no_outcome", "reactivation"} < set(demo.unjudged["reason"])
    assert demo.not_judged == len(demo.unjudged) - 2


def test_what_came_for_all_is_weak_and_what_is_not_over_is_refused(demo):
    others = demo.effects[demo.effects["change"] != "Price test"]
    assert set(others["design"]) <= {"before_after", "control"} and demo.grade == "C"
    assert reasons(demo) == {
        "Audit": "no_outcome", "Reactivation": "reactivation", "Advertising budget moved": "too_wide", "Doctors' training": "too_early",
        "Corporate contracts": "too_early",
    }
    look = demo.unjudged.set_index("change")["look_on"]
    # twelve weeks from Monday 5 September and from 7 November; returns within 90 days need 90 days more
    assert pd.Timestamp(look["Doctors' training"]).date() == date(2016, 11, 28) + timedelta(days=90)
    assert pd.Timestamp(look["Corporate contracts"]).date() == date(2017, 1, 30)


def test_the_agency_that_brought_ten_calls_shows_nothing(demo):
    """Planted: ten calls in two months of about a thousand each."""
    agency = row(demo, "Agency test")
    assert agency["effect_low"] <= 10 / 2000 <= agency["effect_high"] and agency["reading"] == "unclear"


def test_growth_under_way_is_not_read_as_the_bonus(demo):
    """Conversion grew every month from February on; nothing of its own is planted for June."""
    rows = demo.effects[demo.effects["change"].str.contains("Bonus of administrators") & (demo.effects["outcome"] == "booked")]
    assert list(rows["reading"]) == ["unclear"]


def test_a_campaign_with_a_hold_out_is_told_from_it(tables):
    facts = dict.fromkeys(item.name for item in dataclasses.fields(RecallResult) if item.name not in ("says", "findings", "grade"))
    held = RecallResult(grade="B", **facts | {"uplift_later": Estimate(0.1, 0.07, 0.12, "points", 1200)})
    events = listed(("Letters", "reactivation", day(90), day(91), {}), ("Site", "marketing", day(100), None, {}))
    assert "held_out" in keys(analysed(with_events(tables, events), earlier={"recall": held}))
    assert "no_hold_out" in keys(analysed(with_events(tables, events)))


# ---------------------------------------------------------------- clinics whose truth is known
@pytest.fixture(scope="module")
def clinic() -> ChangingClinic:
    return changing_clinic(3, price=0.3, site=0.4)


@pytest.fixture(scope="module")
def tables(clinic) -> Tables:
    return clinic.tables(clinic.events())


@pytest.fixture(scope="module")
def told(tables) -> Result:
    return analysed(tables)


def with_events(tables: Tables, events: pd.DataFrame) -> dict:
    """The same clinic with another list of events."""
    return {**tables, "events": tables_from_frames({"events": events}, end=END)["events"]}


def test_every_planted_effect_is_inside_its_interval(clinic, told):
    for name, ratio, design in (
        ("Price test", clinic.price_ratio, "compared"), ("New site", clinic.site_ratio, "before_after"),
        ("Training", clinic.training_ratio, "compared"),
    ):
        found = row(told, name)
        assert found["design"] == design
        assert 1 + found["effect_low"] <= ratio <= 1 + found["effect_high"], name


def test_intervals_hold_over_seeds():
    """Six clinics, three changes each: of 18 intervals at 90 % at least 14 hold (two standard errors below)."""
    told = [case for seed in range(20, 26) for case in of_analysis(seed)]
    assert len(told) >= 15
    assert np.mean([found.low <= truth <= found.high for _, found, truth in told]) >= 14 / 18


def test_the_models_bring_their_cases_to_the_coverage_table():
    told = of_models(1)
    assert len(told) == 8 and all(found.low <= found.value <= found.high and truth > 0 for _, found, truth in told)


def test_a_placebo_date_shows_nothing():
    """Events that were made up, one in a branch and one for all: nothing is found in at least nine clinics of ten."""
    quiet = 0
    for seed in range(40, 50):
        events = listed(("Nothing here", "price", day(70), None, {"branch": "South"}), ("Nothing at all", "marketing", day(110), None, {}))
        quiet += computed(changing_clinic(seed, price=0.0, site=0.0).tables(events)).found == 0
    assert quiet >= 9


def test_chosen_as_worst_is_said_and_what_comes_back_is_taken_off(clinic, tables, told):
    """Of those who looked worst in the last quarter some were unlucky: without the correction the training is flattered."""
    assert row(told, "Training")["why"] == "worst" and "worst" in keys(told)
    events = clinic.events()
    plain = analysed(with_events(tables, events.assign(assigned=None)))
    assert row(told, "Training")["effect"] < row(plain, "Training")["effect"]


def test_whom_it_was_given_to_by_lot_is_the_best_design(clinic, tables):
    lot = clinic.events().assign(assigned=lambda frame: frame["assigned"].replace("worst", "by_lot"))
    assert row(analysed(with_events(tables, lot)), "Training")["design"] == "by_lot"


def test_weeks_on_and_off_by_lot_are_a_switchback(tables):
    on = np.random.default_rng(1).permutation(np.arange(80, 100))[:8]
    events = listed(*[("Music on hold", "desk", day(week), day(week) + timedelta(days=6), {"assigned": "by_lot"}) for week in sorted(on.tolist())])
    found = row(analysed(with_events(tables, events)), "Music on hold")
    assert found["design"] == "switched" and found["weeks"] == 8 and found["effect_low"] < 0 < found["effect_high"]


def test_settled_patients_stand_beside_new_ones_where_they_moved_along():
    """Some weeks the whole clinic is half empty: what old patients did then tells what new ones would have done."""
    rng = np.random.default_rng(8)
    busy = rng.normal(0, 0.3, WEEKS)
    old = np.repeat(np.arange(WEEKS), rng.poisson(60 * np.exp(busy)))
    new = np.repeat(np.arange(WEEKS), rng.poisson(30 * np.exp(busy + 0.3 * (np.arange(WEEKS) >= 110))))
    week = np.concatenate([np.zeros(50, int) - 80, old, new])
    who = np.concatenate([np.arange(50), rng.integers(0, 50, old.size), 100 + np.arange(new.size)]).astype(str)
    starts = np.datetime64(START, "s") + np.timedelta64(36000, "s") + (7 * week + rng.integers(0, 5, week.size)).astype("timedelta64[D]")
    visits = pd.DataFrame({"appointment_id": np.arange(week.size).astype(str), "patient_id": who, "kind": "outpatient", "status": "completed", "starts_at": starts})
    patients = visits.groupby("patient_id")["starts_at"].min().dt.date.rename("registered_on").reset_index()
    frames = {"patients": patients, "appointments": visits, "events": listed(("Programme", "service", day(110), None, {}))}
    found = row(analysed(tables_from_frames(frames, end=END)), "Programme")
    assert found["design"] == "control" and found["effect_low"] <= np.expm1(0.3) <= found["effect_high"]
    assert found["effect_low"] > 0, "without the control the noise of the weeks would drown it"
    weeks = np.bincount(new, minlength=WEEKS).astype(float)
    alone = interrupted_series(outcome=weeks[12:122], post=np.arange(12, 122) >= 110)
    assert alone is not None and alone.interval[0] < 0


def test_another_outcome_can_be_asked_for(tables):
    result = analysed(tables, outcomes={"New site": "booked"})
    assert row(result, "New site")["outcome"] == "booked"


# ---------------------------------------------------------------- lists of events as they are
def refused(tables: Tables, *rows: tuple) -> Result:
    return analysed(with_events(tables, listed(*rows)))


@pytest.mark.parametrize(("start", "end", "more", "reason"), [
    (START - timedelta(days=400), None, {}, "outside"),
    (END + timedelta(days=10), None, {}, "outside"),
    (day(80), day(80) - timedelta(days=9), {}, "ends_before_it_starts"),
    (day(80), None, {"branch": "Moon"}, "unknown_unit"),
    (day(80), day(82), {}, "too_short_after"),
    (day(20), None, {}, "too_short_before"),
    (day(WEEKS - 4), None, {}, "too_early"),
])
def test_what_cannot_be_judged_says_why(tables, start, end, more, reason):
    result = refused(tables, ("Offer", "price", start, end, more), ("Site", "marketing", day(ChangingClinic.SITE), None, {}))
    assert reasons(result)["Offer"] == reason


def test_without_anybody_named_it_is_the_whole_clinics(tables):
    assert row(refused(tables, ("Site", "marketing", day(100), None, {})), "Site")["why"] == "all_at_once"


def test_what_came_for_all_is_looked_at_where_nothing_else_came(clinic, tables):
    """A price test in the North three weeks after the new site: the other branches tell of the site, as a share and not as a number."""
    result = refused(
        tables, ("Site", "marketing", day(100), None, {}), ("Offer", "price", day(103), day(109) - timedelta(days=1), {"branch": "North"}),
    )
    site = row(result, "Site")
    assert 1 + site["effect_low"] <= clinic.site_ratio <= 1 + site["effect_high"]
    assert np.isnan(site["more"]) and "part" in keys(result) and row(result, "Offer")["design"] == "compared"


def test_everybody_named_leaves_nobody_to_compare_with(tables):
    result = refused(tables, ("Site", "marketing", day(100), None, {"branch": "Centre; North; South"}))
    assert row(result, "Site")["why"] == "nobody_without"


def test_two_of_one_day_are_one_and_one_said_twice_is_counted_once(tables):
    site = ("Site", "marketing", day(100), None, {})
    result = refused(tables, site, site, ("Map", "marketing", day(100), None, {}))
    assert list(result.effects["change"]) == ["Map + Site"] and "said_twice" in keys(result)


def test_two_of_one_name_and_day_with_two_kinds_are_two(tables):
    """A change of price and of the desk under one name: each has its own outcome, and both are one effect."""
    result = refused(tables, ("New start", "price", day(100), None, {}), ("New start", "desk", day(100), None, {}))
    assert dict(zip(result.effects["outcome"], result.effects["change"], strict=True)).keys() == {"callers", "booked"}
    assert all(name.count("New start") == 2 for name in result.effects["change"])
    assert spoken("changes", result, PERIOD).figures == ("paths", "effects")


def test_a_change_without_an_outcome_alone_is_no_failure_to_judge(tables):
    result = refused(tables, ("Audit", "other", day(100), None, {}))
    assert result.not_judged == 0 and result.says["title"].key == "none_measured"


def test_a_second_offer_of_the_same_name_is_another_change(tables):
    result = refused(tables, *[("Offer", "price", day(week), day(week + 8) - timedelta(days=1), {"branch": "North"}) for week in (60, 90)])
    assert len(result.effects) + len(result.unjudged) == 2 and len(set(result.effects["change"]) | set(result.unjudged["change"])) == 2


def test_another_soon_after_leaves_too_few_weeks(tables):
    result = refused(tables, ("Site", "marketing", day(100), None, {}), ("Map", "marketing", day(107), None, {}))
    assert reasons(result)["Site"] == "too_short_after" and "too_short_after" in keys(result)


def test_without_calls_what_callers_did_is_not_recorded(tables):
    without = {name: table for name, table in tables.items() if name not in ("opportunities", "enquiries")}
    result = analysed(without)
    assert set(reasons(result).values()) == {"not_recorded"} and result.leading is None


def test_closed_days_alone_are_no_change(tables):
    result = refused(tables, ("Holiday", "closed", day(100), day(100), {}))
    assert isinstance(result, Unanswered) and result.reason == "no_changes"


@pytest.mark.parametrize("kind", ODD)
def test_odd_clinics_are_told_in_words(kind):
    """Whatever the clinic is like, each change is judged or refused, and no number is nonsense."""
    listed_ = listed(
        ("Programme", "service", date(2016, 3, 1), None, {}), ("Standards", "doctors", date(2015, 9, 1), None, {"doctor_id": "D1"}),
        ("Price list", "price", date(2016, 1, 4), None, {}), ("Site", "marketing", date(2016, 1, 4), None, {}),
    )
    result = analysed(tables_from_frames({**ODD[kind], "events": listed_}, end=date(2017, 1, 1)), ODD_PERIOD, outcomes={"price": "revenue"})
    assert len(result.effects) + len(result.unjudged) == 4
    assert np.isfinite(result.effects[["effect", "effect_low", "effect_high"]].to_numpy(float)).all()


def test_figures_are_drawn_only_of_what_was_judged(demo):
    assert spoken("changes", demo, PERIOD).figures == changes.FIGURES
    nothing = ChangesResult(**{**{f: getattr(demo, f) for f in demo.__dataclass_fields__}, "effects": demo.effects.head(0), "series": demo.series.head(0)})
    assert changes.paths(nothing, None) is None and changes.effects(nothing, None) is None
