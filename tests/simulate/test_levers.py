"""Levers: the clinic continued at its level of December 2015, and one thing moved at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audit.simulate import Truth, simulate_clinic
from audit.simulate.continued import LATER, continued_path
from audit.simulate.days import BEFORE_MONTH
from audit.simulate.levers import LEVERS, Lever, continued
from audit.simulate.path import monthly_path
from audit.simulate.sampling import streams

TOLD = Truth()


def path_of(lever: Lever):
    return continued_path(TOLD, continued(TOLD, lever), lever, streams(TOLD.seed)["path"])


def gained(lever: Lever, what: str = "primaries") -> float:
    """A month's more of something than when nothing is moved."""
    moved, still = (getattr(path_of(one), what)[LATER] for one in (lever, LEVERS["nothing"]))
    return float(np.mean(moved - still))


@pytest.fixture(scope="module")
def clinics():
    """The teaching clinic continued: nothing moved, and what acts on patients rather than on the path."""
    return {name: simulate_clinic(lever=LEVERS[name]) for name in ("nothing", "standard", "recall")}


def accounts(clinic):
    frame = clinic.tables["expenses"]
    return frame.pivot_table(index="month", columns="nature", values="amount", aggfunc="sum")


@pytest.mark.parametrize("name", LEVERS)
def test_what_was_before_is_as_told(name):
    moved, told = path_of(LEVERS[name]), monthly_path(TOLD, streams(TOLD.seed)["path"])
    for what in ("primaries", "answered", "booked", "operations", "missed_share"):
        assert getattr(moved, what)[: LATER.start].tolist() == getattr(told, what)[: LATER.start].tolist()


def test_nothing_happens_when_nothing_is_moved():
    path = path_of(LEVERS["nothing"])
    for what in ("primaries", "primaries_by_call", "answered", "missed_share", "children_share"):
        level = getattr(path, what)
        assert level[LATER] == pytest.approx(level[BEFORE_MONTH], abs=1), what


def test_the_continued_clinic_earns_what_december_earned(clinics):
    month = accounts(clinics["nothing"])
    december, year = month.loc["2015-12-01"], month.loc["2016-01-01":]
    # December's new patients still come back in spring, so the year is a little above its month
    assert year["revenue"].mean() == pytest.approx(december["revenue"], rel=0.05)
    assert abs(np.polyfit(range(12), year["revenue"], 1)[0]) < 0.01 * december["revenue"]
    kinds = clinics["nothing"].tables["events"].set_index("from_day").loc["2016-01-01":, "kind"]
    assert set(kinds) == {"closed"}


@pytest.mark.parametrize(
    ("name", "patients"),
    [
        # 1,043 callers spoken with, 1.31 calls each, 18 % missed, three in ten of these lost for good; half × 42 %
        ("call_back", 1043 * 1.31 * 0.18 / 0.82 * 0.30 * 0.5 * 0.42),
        # C and D go half the way to B's 45 %; administrators' own numbers add up to 41.8 %, December had 42.0 %
        ("script", 0.5 * (262 * 0.09 + 221 * 0.199) * 438 / 436.4),
        ("reminders", 438 * (0.82 / 0.724 - 1)),
        # 33,000 more on search, two thirds of its share in calls; portals lose theirs in full
        ("shift_spend", (300 * (1.11 ** (2 / 3) - 1) - 110 * 0.2) * 0.42),
        ("children", 0.5 * 0.20 * 476),
        ("price_cut", 0.30 * 438),
        ("beds", 0),
        ("standard", 0),
    ],
)  # fmt: skip
def test_new_patients_follow_from_what_is_moved(name, patients):
    assert gained(LEVERS[name]) == pytest.approx(patients, rel=0.03, abs=0.6)


def test_who_is_reached_is_no_longer_missed():
    assert gained(LEVERS["call_back"], "missed_share") < -0.05
    assert gained(Lever(reached=1.0), "missed_share") == pytest.approx(-0.18)


def test_context_ads_are_saturated_so_search_gains_more_than_they_lose():
    assert gained(LEVERS["search_for_context"], "answered") > 20


def test_laggards_become_worth_half_as_much_again(clinics):
    """Half as much again, first receipt included: 2.05 visits become 3.3."""
    visits = {}
    for name in ("nothing", "standard"):
        people, done = clinics[name].hidden["people"], clinics[name].tables["appointments"]
        done = done[(done["kind"] == "outpatient") & (done["status"] == "completed")]
        count = people["patient_id"].map(done["patient_id"].value_counts())
        new = people["month"].between(BEFORE_MONTH + 1, BEFORE_MONTH + 8)
        visits[name] = count[new].groupby(people["doctor"]).mean()
    before, after = visits["nothing"], visits["standard"]
    assert (after / before).loc[6:9].mean() == pytest.approx(1.55, abs=0.12)
    assert (after / before).loc[:5].mean() == pytest.approx(1.0, abs=0.08)


def test_those_called_come_as_often_as_in_the_campaign_beyond_its_hold_out(clinics):
    days = {name: clinics[name].tables["appointments"] for name in ("nothing", "recall")}
    done = {name: frame[(frame["kind"] == "outpatient") & (frame["status"] == "completed") & (frame["starts_at"] >= "2016-07-01")] for name, frame in days.items()}
    more = (len(done["recall"]) - len(done["nothing"])) / 6
    # about 400 patients a month reach half a year of silence; 85 % may be called, 60 % are, 17.4 % come
    assert more == pytest.approx(400 * 0.85 * 0.6 * 0.174, abs=35)


def test_opened_beds_cost_and_bring_nothing_in_a_ward_half_empty(clinics):
    beds = accounts(simulate_clinic(lever=LEVERS["beds"])).loc["2016-01-01":].mean()
    still = accounts(clinics["nothing"]).loc["2016-01-01":].mean()
    assert beds["revenue"] == still["revenue"]
    assert beds["fixed"] - still["fixed"] == pytest.approx(120_000, abs=1)


def test_a_lower_price_is_paid_by_every_new_patient():
    """What a new patient pays at the first visit falls by the cut, in both branches."""
    cut, same = (simulate_clinic(size=0.3, lever=replace(LEVERS["price_cut"], price_cut=price)) for price in (500, 1))
    paid = [_first_receipt(clinic) for clinic in (cut, same)]
    assert paid[1] - paid[0] == pytest.approx(499, abs=60)


def _first_receipt(clinic) -> float:
    appointments, charges = clinic.tables["appointments"], clinic.tables["charges"]
    first = appointments[(appointments["kind"] == "outpatient") & (appointments["status"] == "completed") & (appointments["starts_at"] >= "2016-02-01")]
    first = first[~first["patient_id"].isin(appointments.loc[(appointments["starts_at"] < "2016-02-01"), "patient_id"])]
    first = first.drop_duplicates("patient_id")
    billed = charges[charges["kind"].isin(["sale", "refund"]) & charges["appointment_id"].isin(first["appointment_id"])]
    return float(billed["paid"].sum() / len(first))


def test_a_statistical_population_has_no_levers():
    with pytest.raises(ValueError, match="G1"):
        simulate_clinic(size=0.05, process="G1", lever=LEVERS["script"])
