"""Visits ahead: the gate on the two synthetic clinics, the counted grid on drawn ones, and odd inputs."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from audit.analyses import outlook
from audit.analyses.outlook import OutlookParams, OutlookResult
from audit.config import Period
from audit.errors import NotAnswerable
from audit.tables.connection import Tables, tables_from_frames
from tests.pages import spoken

END = date(2017, 1, 1)
PERIOD = Period(start=date(2014, 1, 1), end=END)


def analysed(tables: Tables, params: OutlookParams | None = None, period: Period = PERIOD) -> OutlookResult:
    return outlook.analyse(
        tables["first_visits"], tables["patient_days"], tables.get("charges"), tables.get("campaign_members"), period=period,
        params=params or OutlookParams(),
    )


def clinic(visits: dict[str, tuple[date, list[int]]], paid: float = 100.0) -> Tables:
    """A clinic of patients with a first day and the days after it on which they came, each paying ``paid``."""
    rows = [(who, pd.Timestamp(first) + pd.Timedelta(days=day, hours=10)) for who, (first, days) in visits.items() for day in days]
    seen = pd.DataFrame(rows, columns=["patient_id", "starts_at"])
    seen["appointment_id"] = [f"a{i}" for i in range(len(seen))]
    charges = pd.DataFrame({"charge_id": "c" + seen["appointment_id"], "patient_id": seen["patient_id"],
                            "charged_on": seen["starts_at"].dt.date, "paid": paid, "kind": "sale" if paid >= 0 else "refund",
                            "service_id": "visit", "quantity": 1.0})
    return tables_from_frames({
        "patients": pd.DataFrame({"patient_id": list(visits), "registered_on": [first for first, _ in visits.values()]}),
        "appointments": seen.assign(kind="outpatient", status="completed"), "charges": charges,
    }, end=END)


def words_of(result: OutlookResult, period: Period = PERIOD) -> tuple[str, ...]:
    return spoken("outlook", result, period).texts


# ---------------------------------------------------------------- the synthetic clinics
@pytest.fixture(scope="module")
def episodic(demo_tables, demo_period) -> OutlookResult:
    return analysed(demo_tables, period=demo_period)


@pytest.fixture(scope="module")
def homogeneous() -> OutlookResult:
    from audit.simulate import simulate_clinic

    return analysed(tables_from_frames(simulate_clinic(size=0.35, process="G1").tables, end=END))


def test_courses_of_treatment_shut_the_gate(episodic):
    assert episodic.gate == "rejected" and episodic.grade == "A"
    assert episodic.expected_revenue is None and episodic.still_active is None and episodic.holdout_weeks >= 26
    tried = episodic.families[episodic.families["verdict"] != "rule"]
    assert set(tried["unit"]) == {"visit", "episode"} and (tried["verdict"] == "rejected").all()
    assert episodic.families["kept"].sum() == 1
    assert episodic.patients[["alive", "expected_visits", "expected_value"]].isna().all(axis=None)
    assert "model_rejected" in {finding.key for finding in episodic.findings}


def test_counted_grid_stands_where_the_model_may_not_speak(episodic):
    assert episodic.grid_counted == 1
    cell = episodic.grid.set_index(["visits", "months"])["chance"]
    assert cell[1, 0] == pytest.approx(0.34, abs=0.03) and cell[8, 0] > 0.6 > 0.05 > cell[8, 6]
    assert episodic.again_fresh.value > 0.6 and episodic.again_silent.high < 0.01


def test_pure_bg_nbd_opens_the_gate(homogeneous):
    r = homogeneous
    assert r.gate == "ok" and r.model == "BG/NBD" and r.unit == "visit" and r.grade == "B"
    assert abs(r.holdout_error.value) < 0.1 and r.misfit.value < 0.1 and r.chance_error.value < 0.03
    assert r.expected_visits.low < r.expected_visits.value < r.expected_visits.high
    assert r.expected_revenue.value / r.expected_visits.value == pytest.approx(6 * 9000 / 3, rel=0.08)
    assert r.headline == "expected_revenue" and r.expected_revenue.grade == "B"
    assert {finding.key for finding in r.findings} >= {"ahead", "silence"}


def test_patients_add_up_to_the_totals(homogeneous):
    patients = homogeneous.patients
    assert len(patients) == homogeneous.known_patients and patients["patient_id"].is_unique
    assert patients["expected_visits"].sum() == pytest.approx(homogeneous.expected_visits.value)
    assert patients["expected_value"].sum() == pytest.approx(homogeneous.expected_revenue.value)
    assert patients["alive"].between(0, 1).all()


def test_grid_falls_with_silence(homogeneous):
    assert homogeneous.grid_counted == 0 and (homogeneous.grid["patients"] >= 8).all()
    by_silence = homogeneous.grid[homogeneous.grid["visits"] == 1].set_index("months")["chance"]
    assert by_silence[0] > by_silence[6] > by_silence[18]


def test_chances_come_true_and_say_so(homogeneous):
    inside = homogeneous.chances["predicted"].between(homogeneous.chances["seen_low"], homogeneous.chances["seen_high"])
    assert inside.mean() >= 0.6 and homogeneous.says["figures.returns.title"].key == "kept"


@pytest.mark.parametrize("which", ["episodic", "homogeneous"])
def test_page_can_be_written_and_drawn(which, request):
    result = request.getfixturevalue(which)
    page = spoken("outlook", result, PERIOD)
    assert all(page.texts) and page.figures == outlook.FIGURES


# ---------------------------------------------------------------- the counted grid, drawn by hand
def test_shares_of_a_clinic_counted_by_hand():
    """40 come on day 0 and 20 (within a month), 60 come once: 40 % come after the first visit, nobody after silence."""
    visits = {f"a{i}": (date(2015, 3, 1), [0, 20]) for i in range(40)} | {f"b{i}": (date(2015, 3, 1), [0]) for i in range(60)}
    result = analysed(clinic(visits))
    cell = result.grid.set_index(["visits", "months"])
    assert result.gate == "not_enough_data" and result.known_patients == 100
    assert result.again_fresh.value == pytest.approx(40 / 140)  # of 140 visits 40 were followed by another
    assert result.again_fresh.n == 100 and result.again_silent.value == 0
    # one visit so far: 40 of 100 at month 0, none of the 60 still silent at month 1
    assert cell["chance"][1, 0] == pytest.approx(40 / 160) and cell["patients"][1, 0] == 100 and cell["chance"][2, 0] == 0


def test_moments_that_cannot_be_watched_do_not_count():
    """Who came for the first time 60 days before the end could not come within 90 days before our eyes."""
    visits = {f"a{i}": (date(2015, 3, 1), [0]) for i in range(40)} | {f"b{i}": (date(2016, 11, 2), [0]) for i in range(40)}
    assert analysed(clinic(visits)).again_fresh.n == 40


# ---------------------------------------------------------------- odd inputs: each a verdict in words
def shifted(n: int, days: list[int], spread: int = 700) -> dict[str, tuple[date, list[int]]]:
    first = pd.Timestamp("2014-02-01")
    return {f"p{i}": ((first + pd.Timedelta(days=i * spread // n)).date(), days) for i in range(n)}


def test_nobody_returns():
    result = analysed(clinic(shifted(400, [0])))
    assert result.gate == "not_enough_data" and result.again_fresh.value == 0
    assert all(words_of(result))


def test_silence_is_said_to_matter_only_where_it_is_seen():
    """Everybody comes once: nobody comes again, right after the visit or half a year later."""
    never, often = analysed(clinic(shifted(400, [0]))), analysed(clinic(shifted(400, [0, 20])))
    assert never.says["figures.again.title"].key == "untold"
    assert often.says["figures.again.title"].key == "counted"


def test_everyone_returns_daily():
    result = analysed(clinic(shifted(350, list(range(40)))))
    assert result.gate in ("rejected", "not_enough_data") and result.expected_visits is None
    assert all(words_of(result))


def test_two_weeks_of_history():
    visits = {f"p{i}": (date(2016, 12, 18), [0, 3]) for i in range(400)}
    with pytest.raises(NotAnswerable) as short:
        analysed(clinic(visits))
    assert short.value.reason == "too_few" and short.value.verdict == "not_enough_data"


def test_one_patient_and_nobody_new():
    with pytest.raises(NotAnswerable) as few:
        analysed(clinic({"p": (date(2014, 6, 1), [0, 9])}))
    assert few.value.reason == "too_few"
    old = clinic({"p": (date(2014, 6, 1), [0])})
    frames = {name: old[name].to_pandas() for name in ("patients", "appointments")}
    frames["patients"]["registered_on"] = date(2001, 1, 1)
    with pytest.raises(NotAnswerable) as nobody:
        analysed(tables_from_frames(frames, end=END))
    assert nobody.value.reason == "no_new_patients"


def random_clinic(seed: int, patients: int = 1500, paid: float = 100.0) -> Tables:
    from audit.models.beta_geometric import BetaGeometric

    rng = np.random.default_rng(seed)
    end = (END - PERIOD.start).days
    first = np.sort(rng.integers(0, end - 5, patients))
    paths = BetaGeometric(0.55, 4.0, 0.85, 1.9, 0).simulate_new((end - first) / 7, rng)
    days: list[list[int]] = [[0] for _ in first]
    for who, time in zip(paths.owner, paths.time, strict=True):
        day = int(time * 7)
        if 0 < day < end - first[who] and day not in days[who]:
            days[who].append(day)
    start = pd.Timestamp(PERIOD.start)
    return clinic({f"p{i}": ((start + pd.Timedelta(days=int(f))).date(), days[i]) for i, f in enumerate(first)}, paid)


@pytest.mark.parametrize("paid", [0.0, -50.0])
def test_free_visits_and_refunds_of_everything(paid):
    result = analysed(random_clinic(1, paid=paid))
    assert result.gate == "ok" and result.expected_revenue is None and result.expected_visits is not None
    assert result.patients["expected_value"].isna().all() and result.patients["expected_visits"].notna().all()
    assert "no_money" in {finding.key for finding in result.findings} and result.says["title"].key == "visits"
    assert all(words_of(result))


def test_equal_money_for_every_visit_has_no_gamma_gamma():
    """All pay the same: Gamma-Gamma has nothing to fit, and visits times the price is the answer."""
    result = analysed(random_clinic(2))
    assert result.expected_revenue.value == pytest.approx(100 * result.expected_visits.value, rel=1e-6)


def test_random_episodes_are_counted_as_episodes():
    """Episodes of three visits in a week come at random times: visits are rejected, episodes may speak, in visits."""
    from audit.models.beta_geometric import BetaGeometric

    rng, end, patients = np.random.default_rng(4), (END - PERIOD.start).days, 3000
    first = np.sort(rng.integers(0, end - 5, patients))
    paths = BetaGeometric(1.2, 26.0, 0.8, 3.0, 0).simulate_new((end - first) / 7, rng)
    visits = {i: {0, 3, 7} for i in range(patients)}
    for who, time in zip(paths.owner, paths.time, strict=True):
        visits[who] |= {int(time * 7) + step for step in (0, 3, 7)}
    start = pd.Timestamp(PERIOD.start)
    result = analysed(clinic({
        f"p{i}": ((start + pd.Timedelta(days=int(f))).date(), sorted(day for day in visits[i] if day < end - f)) for i, f in enumerate(first)
    }), OutlookParams(episode_days=7))
    assert result.unit == "episode" and result.gate in ("ok", "weak")
    assert 3 <= result.visits_per_episode.value < 3.5  # two that meet by chance are one
    assert result.expected_revenue.value == pytest.approx(100 * result.expected_visits.value, rel=0.02)
    assert "episodes" in {finding.key for finding in result.findings} and all(words_of(result))


def test_returns_of_a_campaign_are_not_counted_as_unasked(demo_tables, demo_period):
    """After half a year of silence hardly anybody of the synthetic clinic comes unasked; a tenth of those called did."""
    told = analysed(demo_tables, period=demo_period)
    mixed = analysed({name: table for name, table in demo_tables.items() if name != "campaign_members"}, period=demo_period)
    assert told.again_silent.value < 0.3 * mixed.again_silent.value
    # unasked returns begin again after some ten months, so no page may say that they only fall
    assert told.silence_falls == 0 and "silence" not in {finding.key for finding in told.findings}
