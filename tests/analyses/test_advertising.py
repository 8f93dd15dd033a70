"""Advertising: what a drawn process really added, price as one more way, and refusals where nothing can be told."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from audit.analyses import advertising
from audit.config import Days, Period
from audit.errors import NotAnswerable
from audit.models import media_mix
from audit.models.media_mix import adstock
from audit.results import Estimate, exact
from audit.tables.connection import Tables, tables_from_frames
from tests.pages import NONSENSE, spoken

from .channel_clinic import END, clinic
from .channel_clinic import PERIOD as SHORT
from .test_channels import run as run_channels

START = date(2014, 1, 6)
WEEKS = 155
PERIOD = Period(start=START, end=END, now=Days(start=date(2016, 7, 1), end=END))
GAIN, SHARE, CARRY = {"search ads": 30.0, "radio": 24.0}, {"search ads": 0.6, "radio": 0.5}, {"search ads": 0.1, "radio": 0.4}
"""Callers a week that come of each medium at its present spend, what the marginal money keeps, adstock."""

THROUGH = 0.5
"""First patients per caller."""


def process(seed: int = 1, flat: bool = False, tracked: float = 0.2) -> dict[str, pd.DataFrame]:
    """Three years of weeks: friends' callers, search adverts and a radio of whose callers ``tracked`` are recorded."""
    rng = np.random.default_rng(seed)
    mondays = [START + timedelta(weeks=k) for k in range(WEEKS)]
    spend = {
        name: 4000 * np.exp(0.0 if flat else 0.6 * rng.standard_normal(WEEKS)) * np.ones(WEEKS) * (flat | (rng.random(WEEKS) > 0.1))
        for name in GAIN
    }
    callers = {"friends": rng.poisson(60 * np.exp(0.15 * np.arange(WEEKS) / WEEKS), WEEKS)}
    for name, x in spend.items():
        present = x[-13:][x[-13:] > 0].mean()
        stock, half = adstock(x, np.array(CARRY[name])), present * SHARE[name] / (1 - SHARE[name])
        callers[name] = rng.poisson(GAIN[name] * stock * (present + half) / (present * (stock + half)))
    recorded = {"friends": callers["friends"], "search ads": callers["search ads"], "radio": rng.binomial(callers["radio"], tracked)}
    recorded["direct"] = callers["radio"] - recorded["radio"]
    rows = [
        (f"{name}-{week}-{i}", pd.Timestamp(monday) + pd.Timedelta(days=int(rng.integers(0, 7)), hours=10), name)
        for name, counts in recorded.items() for week, monday in enumerate(mondays) for i in range(counts[week])
    ]
    calls = pd.DataFrame(rows, columns=["enquiry_id", "started_at", "channel"]).assign(
        caller_key=lambda f: f.enquiry_id, kind="call", direction="in", is_answered=True)
    came = calls[rng.random(len(calls)) < THROUGH]
    visits = pd.DataFrame({
        "appointment_id": "a" + came.enquiry_id, "patient_id": "p" + came.enquiry_id, "starts_at": came.started_at + pd.Timedelta(hours=3),
        "kind": "outpatient", "status": "completed"})
    return {
        "enquiries": calls, "appointments": visits,
        "patients": pd.DataFrame({"patient_id": visits.patient_id, "phone_key": came.enquiry_id, "registered_on": came.started_at.dt.date}),
        "charges": pd.DataFrame({
            "charge_id": "c" + came.enquiry_id, "patient_id": visits.patient_id, "appointment_id": visits.appointment_id,
            "charged_on": came.started_at.dt.date, "paid": rng.gamma(4, 500, len(came)), "kind": "sale"}),
        "ad_spend": pd.DataFrame([
            (name, f"{name} {place}", monday, monday + timedelta(days=6), round(x[k] * part, 2)) for name, x in spend.items()
            for k, monday in enumerate(mondays) for place, part in (("north", 0.7), ("south", 0.3)) if x[k] > 0
        ], columns=["channel", "campaign", "from_day", "to_day", "spend"]),
    }


def truth(frames: dict[str, pd.DataFrame], name: str) -> tuple[float, float]:
    """Cost of an added first patient and of the next one of medium ``name``."""
    weekly = frames["ad_spend"][frames["ad_spend"].channel == name].groupby("from_day").spend.sum()
    present = weekly[weekly.index >= START + timedelta(weeks=WEEKS - 13)].mean()
    return present / (GAIN[name] * THROUGH), present / (GAIN[name] * SHARE[name] * THROUGH)


def run(tables: Tables, period: Period = PERIOD, price=None, clv=None, capacity=None, paid_by_result=(), curve_weeks=26, **params) -> advertising.AdvertisingResult:
    given = {name: tables.get(name) for name in ("shifts", "doctors", "rooms")}
    return advertising.analyse(
        tables["opportunities"], tables["ad_spend"], tables["appointments"], **given, channels=run_channels(tables, period, paid_by_result=paid_by_result, least_weeks=curve_weeks),
        price=price, clv=clv, capacity=capacity, period=period, params=advertising.AdvertisingParams(**params))


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    return process()


@pytest.fixture(scope="module")
def told(frames) -> advertising.AdvertisingResult:
    return run(tables_from_frames(frames, end=END), price=won_by_price(), clv=SimpleNamespace(one_off_share=exact(0.5, "share", 900)))


def won_by_price(one_off: float = 0.25) -> SimpleNamespace:
    """1,000 instead of 1,200 wins a patient for 1,500; of those won more come once only."""
    return SimpleNamespace(
        cost_per_extra_patient=Estimate(1500, 1200, 1900, "currency", 60), price_now=exact(1200, "currency", 10),
        price_tested=exact(1000, "currency", 10), value_later=exact(2000, "currency", 900),
        one_off_won=Estimate(one_off, one_off, one_off, "points", 300))


# ---------------------------------------------------------------------- what is added
def test_added_patients_not_recorded_ones(told, frames):
    assert told.told == 2
    ways = told.ways.set_index("way")
    for name in GAIN:
        average, following = truth(frames, name)
        assert ways.added_cost_low[name] < average < ways.added_cost_high[name]
        assert ways.next_cost_low[name] < following < ways.next_cost_high[name]
    # four fifths of the radio's callers were recorded as direct: its recorded cost is far too high
    assert ways.recorded_cost_low["radio"] > truth(frames, "radio")[0] * 2
    assert ways.basis["radio"] == "good_incremental" and told.added.low > told.recorded.value * 0.8


def test_price_is_one_more_way(told):
    row = told.ways.set_index("way").loc["price"]
    # worth: 1,000 now and half of the usual 2,000 later, against 1,200 and 2,000
    assert row.worth == pytest.approx((1000 + 2000 * 0.5) / 3200)
    assert row.equal_cost == pytest.approx(1500 / row.worth, rel=0.02) and told.by_price.value == pytest.approx(row.equal_cost)
    assert "by_price" in {finding.key for finding in told.findings}


def test_patients_won_by_price_who_are_like_the_others_are_worth_less_only_by_the_price(frames):
    clv = SimpleNamespace(one_off_share=exact(0.5, "share", 900))
    result = run(tables_from_frames(frames, end=END), price=won_by_price(0.0), clv=clv)
    assert result.ways.set_index("way").worth["price"] == pytest.approx(3000 / 3200)


def test_the_proposed_split_spends_the_same_within_a_fifth(told):
    budget = told.budget
    assert budget.change.sum() == pytest.approx(0, abs=1e-6)
    assert (budget.change.abs() <= 0.2 * budget.now + 1e-6).all()
    assert told.moved_gain.low <= told.moved_gain.value <= told.moved_gain.high and 0 <= told.chance.value <= 1
    assert told.moved_money.value == pytest.approx(budget.change.abs().sum() / 2)
    change = budget.set_index("channel").change
    assert (told.moved_from, told.moved_to) == (change.idxmin(), change.idxmax()) and told.moved_gain.unit == "currency"


def test_every_word_of_the_page(told):
    page = spoken("advertising", told, PERIOD)
    assert page.figures == ("saturation_curves", "next_patients")
    assert not any(nonsense in text for text in page.texts for nonsense in NONSENSE)


def test_truth_is_held_at_the_promised_rate():
    held = told = 0
    for seed in range(10, 16):
        drawn = process(seed)
        ways = run(tables_from_frames(drawn, end=END)).ways.set_index("way")
        for name in ways.index[ways.basis == "good_incremental"]:
            told += 1
            held += ways.next_cost_low[name] <= truth(drawn, name)[1] <= ways.next_cost_high[name]
    assert told >= 8 and held >= 0.75 * told


# ---------------------------------------------------------------------- what cannot be told
def test_flat_spend_has_an_average_only():
    result = run(tables_from_frames(process(flat=True), end=END))
    assert result.told == 0 and set(result.ways.basis) == {"unclear_flat_spend"}
    assert result.says["title"].key == "average" and "no_increment" in {finding.key for finding in result.findings}
    texts = spoken("advertising", result, PERIOD).texts
    assert texts[0].startswith("Average costs only")


def test_spend_that_foretells_nothing_is_said_so(frames, monkeypatch):
    monkeypatch.setattr(media_mix, "LEAST_BETTER", np.inf)
    result = run(tables_from_frames(frames, end=END), curve_weeks=1000)
    assert result.told == 0 and set(result.ways.basis) == {"unclear_not_predicted"} and result.moved_gain is None
    assert result.says["title"].key == result.says["lede"].key == "unforetold"
    assert not any(nonsense in text for text in spoken("advertising", result, PERIOD).texts for nonsense in NONSENSE)


def test_a_channel_paid_by_result_is_not_modelled(frames):
    result = run(tables_from_frames(frames, end=END), paid_by_result=("radio",))
    assert result.ways.set_index("way").basis["radio"] == "unclear_paid_by_result"


def test_spend_known_by_the_month_is_an_average(frames):
    monthly = frames["ad_spend"].assign(from_day=lambda f: [d.replace(day=1) for d in f.from_day], to_day=lambda f: [
        (pd.Timestamp(d) + pd.offsets.MonthEnd(0)).date() for d in f.from_day])
    monthly = monthly.groupby(["channel", "campaign", "from_day", "to_day"], as_index=False).spend.sum()
    result = run(tables_from_frames(frames | {"ad_spend": monthly}, end=END))
    assert set(result.ways.basis) == {"unclear_by_month"}


def test_one_channel_only():
    result = run(tables_from_frames(clinic(), end=END), SHORT)
    assert result.ways.way.tolist() == ["ads"] and result.budget is None
    assert {getattr(result, name) for name in ("moved_gain", "moved_from", "moved_to", "moved_money", "chance")} == {None}
    assert not any(nonsense in text for text in spoken("advertising", result, SHORT).texts for nonsense in NONSENSE)


def test_nothing_spent_now():
    nothing = pd.DataFrame({"channel": ["ads"], "from_day": [date(2016, 10, 1)], "to_day": [date(2016, 10, 31)], "spend": [0.0]})
    with pytest.raises(NotAnswerable, match="no_spend"):
        run(tables_from_frames(clinic(ad_spend=nothing), end=END), SHORT)


def test_full_rooms_are_said(frames):
    full = SimpleNamespace(room_load=exact(0.98, "share", 26), ceiling=exact(0.85, "share", 0))
    assert "full" in {finding.key for finding in run(tables_from_frames(frames, end=END), capacity=full).findings}


def test_callers_without_a_number_are_callers_but_no_base_of_patients(frames):
    """Half of the radio's callers left no number: those who did still come one in two."""
    calls = frames["enquiries"]
    lost = (calls.channel == "radio") & (np.arange(len(calls)) % 2 == 0)
    tables = tables_from_frames(frames | {"enquiries": calls.assign(caller_key=calls.caller_key.mask(lost))}, end=END)
    channels = run_channels(tables, PERIOD, most_without_number=0.9)
    paid = channels.channels[channels.channels.channel.isin(GAIN)].set_index("channel")
    through = advertising._through(paid, channels, advertising.AdvertisingParams())
    assert abs(float(np.median(through["radio"])) - THROUGH) < 0.08 and paid.unnumbered["radio"] > 0


# ---------------------------------------------------------------------- money against free hours
def with_rota(frames: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """One doctor in the north whose ten hours a day are filled, one in the south with ten free ones."""
    days = pd.date_range("2016-01-04", "2016-12-30", freq="B")
    shifts = pd.DataFrame([
        (f"{who}{day:%j}", who, "doctor", day + pd.Timedelta(hours=8), day + pd.Timedelta(hours=18)) for who in ("N", "S") for day in days
    ], columns=["shift_id", "staff_id", "role", "starts_at", "ends_at"])
    busy = pd.DataFrame({
        "appointment_id": [f"n{day:%j}" for day in days], "patient_id": frames["appointments"].patient_id.iloc[0], "doctor_id": "N",
        "starts_at": days + pd.Timedelta(hours=8), "minutes": 600.0, "kind": "outpatient", "status": "completed"})
    doctors = pd.DataFrame({"doctor_id": ["N", "S"], "branch": ["north", "south"], "specialty": ["ENT", "ENT"]})
    return frames | {"shifts": shifts, "doctors": doctors, "appointments": pd.concat([frames["appointments"], busy], ignore_index=True)}


def test_money_goes_where_no_hour_is_free(frames):
    unit_of = {f"{name} {place}": place for name in GAIN for place in ("north", "south")}
    result = run(tables_from_frames(with_rota(frames), end=END), unit="branch", unit_of=unit_of)
    # seven tenths of the money for the full branch, all free hours in the other
    assert result.misallocation.value == pytest.approx(0.7, abs=0.001) and result.mapped.value == 1
    hours = result.hours.set_index("unit")
    assert hours.load["north"] == pytest.approx(1) and hours.free_share["south"] == pytest.approx(1)
    assert result.spent_on_full.value == pytest.approx(hours.spend["north"]) and "misallocated" in {f.key for f in result.findings}


@pytest.mark.parametrize("unit_of", [{}, {"radio north": "north"}])
def test_campaigns_without_a_purpose_are_not_compared(frames, unit_of):
    result = run(tables_from_frames(with_rota(frames), end=END), unit="branch", unit_of=unit_of)
    assert result.misallocation is None and "no_units" in {finding.key for finding in result.findings}


def test_without_a_rota(frames):
    assert "no_rota" in {finding.key for finding in run(tables_from_frames(frames, end=END)).findings}


# ---------------------------------------------------------------------- weeks on and off
def test_a_medium_nobody_records_is_seen_in_its_weeks(frames):
    rng = np.random.default_rng(5)
    mondays = [START + timedelta(weeks=k) for k in range(WEEKS)]
    is_on = np.repeat(rng.random(40) < 0.4, 4)[:WEEKS]
    extra = [
        (f"tv{week}-{i}", pd.Timestamp(mondays[week]) + pd.Timedelta(days=int(rng.integers(0, 7)), hours=11), "direct")
        for week in np.flatnonzero(is_on) for i in range(rng.poisson(25))
    ]
    calls = pd.DataFrame(extra, columns=["enquiry_id", "started_at", "channel"]).assign(
        caller_key=lambda f: f.enquiry_id, kind="call", direction="in", is_answered=True)
    bought = pd.DataFrame([("tv", "tv", mondays[week], mondays[week] + timedelta(days=6), 5000.0) for week in np.flatnonzero(is_on)],
                          columns=frames["ad_spend"].columns)
    drawn = frames | {"enquiries": pd.concat([frames["enquiries"], calls], ignore_index=True),
                      "ad_spend": pd.concat([frames["ad_spend"], bought], ignore_index=True)}
    result = run(tables_from_frames(drawn, end=END), paid_by_result=("tv",))
    row = result.media.set_index("channel").loc["tv"]
    assert row.recorded == 0 and row.extra_low < 25 < row.extra_high and row.verdict == "seen"
    assert row.cost_low < 200 < row.cost_high and result.medium == "tv"
    assert not any(nonsense in text for text in spoken("advertising", result, PERIOD).texts for nonsense in NONSENSE)
