"""Services: the teaching clinic's order, drawn visits by hand, recovery of what doctors do, and bills that lack something."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from audit.analyses.capacity import CapacityResult
from audit.analyses.services import FIGURES, ServicesParams, ServicesResult, analyse
from audit.config import Days, Period
from audit.errors import NotAnswerable
from audit.tables.connection import Tables, tables_from_frames
from tests.analyses.test_finance import DRAWN, drawn
from tests.analyses.test_finance import PERIOD as SHORT
from tests.pages import spoken

NEEDS = ("charges", "appointments", "first_visits", "services")
END = date(2017, 1, 1)
PERIOD = Period(start=date(2016, 1, 1), end=END)


def run(tables: Tables, period: Period = PERIOD, capacity: CapacityResult | None = None, **params: object) -> ServicesResult:
    return analyse(**{name: tables.get(name) for name in NEEDS}, capacity=capacity, period=period, params=ServicesParams(**params))


@pytest.fixture(scope="module")
def demo(demo_tables, demo_period) -> ServicesResult:
    return run(demo_tables, demo_period)


# ---------------------------------------------------------------- the teaching clinic
def test_shares_and_classes_of_the_teaching_clinic(demo):
    assert demo.services["share"].sum() == pytest.approx(1) and demo.ranked_by == "contribution"
    order = demo.services["contribution"].to_numpy()
    assert (np.diff(order) <= 1e-6).all()
    cumulated = demo.services["share"].cumsum() - demo.services["share"]
    assert ((cumulated < 0.80 - 1e-9) == (demo.services["abc"] == "A")).all()
    assert "Stay on the ward, included" not in set(demo.services.loc[demo.services["contribution"] > 0, "service"])


def test_the_over_treating_doctor_is_outside_the_funnel(demo):
    """D06 was made to add services; nobody else was."""
    assert demo.doctors.loc[demo.doctors["reading"] == "above", "doctor"].tolist() == ["D06"]
    assert demo.attach_share.low < demo.attach_share.value < demo.attach_share.high


def test_an_operation_earns_alike_per_hour_by_construction(demo):
    """All operations of the teaching clinic cost 70,000, 22,400 of it direct, and take an hour and a half."""
    operations = demo.margins[demo.margins["unit"] == "operating_hour"]
    assert operations["margin"].to_numpy() == pytest.approx((70000 - 22400 - 0) / 1.5)
    assert demo.operating_hour.value == pytest.approx(47600 / 1.5)


def test_figures_of_the_demo(demo, demo_period):
    page = spoken("services", demo, demo_period, "RUB")
    assert page.figures == FIGURES
    assert page.texts[0].endswith("of contribution")


# ---------------------------------------------------------------- a process with known truth
def process(seed: int, *, visits: int = 6000, odd: float = 0.0) -> tuple[dict[str, pd.DataFrame], np.ndarray]:
    """Visits of eight doctors, whose patients differ in how often something is added; ``odd`` is what the first doctor adds.

    Half of the patients have a diagnosis that asks for more; doctors see it unequally, so raw shares mislead.
    """
    rng = np.random.default_rng(seed)
    patients = visits // 3
    doctor = np.arange(patients) % 8
    sick = rng.random(patients) < np.linspace(0.2, 0.8, 8)[doctor]
    chance = np.clip(0.3 + 0.3 * sick + odd * (doctor == 0) + rng.normal(0, 0.08, patients), 0.02, 0.98)
    who = np.sort(rng.integers(0, patients, visits))
    day = [date(2016, 1, 2) + timedelta(days=int(k)) for k in rng.integers(0, 360, visits)]
    attached = rng.random(visits) < chance[who]
    appointments = pd.DataFrame({
        "appointment_id": [f"a{k:05d}" for k in range(visits)], "patient_id": [f"p{k:05d}" for k in who], "kind": "outpatient",
        "doctor_id": [f"D{k + 1}" for k in doctor[who]], "starts_at": pd.to_datetime(day) + pd.Timedelta(hours=10), "status": "completed",
        "service_id": "visit", "diagnosis": np.where(sick[who], "J35", "J31"), "minutes": 30.0, "payer": "cash",
    })
    bills = appointments[["appointment_id", "patient_id", "doctor_id", "service_id"]].assign(charged_on=day, paid=100.0, kind="sale")
    extra = bills[attached].assign(service_id="test", paid=50.0)
    charges = pd.concat([bills, extra], ignore_index=True)
    charges.insert(0, "charge_id", [f"c{k:05d}" for k in range(len(charges))])
    prices = pd.DataFrame({"service_id": ["visit", "test"], "kind": ["consultation", "diagnostics"], "direct_cost": [40.0, 20.0]})
    cards = pd.DataFrame({"patient_id": [f"p{k:05d}" for k in range(patients)], "registered_on": date(2016, 1, 1)})
    truth = np.array([0.3 + odd * (k == 0) + 0.3 * sick[who].mean() for k in range(8)])
    return {"patients": cards, "appointments": appointments, "charges": charges, "services": prices}, truth


def test_shares_of_doctors_are_those_put_in_whatever_cases_they_see():
    frames, truth = process(1)
    found = run(tables_from_frames(frames, end=END)).doctors.set_index("doctor").sort_index()
    raw, fair = (np.sqrt(np.mean((found[name] - truth) ** 2)) for name in ("share_raw", "share_fair"))
    assert fair < 0.03 < 0.05 < raw
    assert (found["reading"] == "inside").all()
    assert ((found["share_low"] <= truth) & (truth <= found["share_high"])).sum() >= 6


def test_a_doctor_who_adds_more_is_seen():
    frames, _ = process(2, odd=0.25)
    result = run(tables_from_frames(frames, end=END))
    assert result.doctors.loc[result.doctors["reading"] == "above", "doctor"].tolist() == ["D1"]
    (told,) = [f for f in result.findings if f.key == "beyond"]
    assert told.values == {"names": "D1"}


def test_contribution_by_hand_of_the_process():
    frames, _ = process(3)
    result = run(tables_from_frames(frames, end=END))
    expected = 2 * (60 + 30 * result.attach_share.value)
    assert result.room_hour.value == pytest.approx(expected, rel=1e-6)
    assert result.room_hour.low < expected < result.room_hour.high


# ---------------------------------------------------------------- what follows what
def sequence(n: int, follow: float, other: float) -> dict[str, pd.DataFrame]:
    """New patients, every second one tested at the first visit; ``follow`` of those tested and ``other`` of the rest have a therapy."""
    rng = np.random.default_rng(0)
    visits, bills = [], []
    for k in range(n):
        first = date(2016, 2, 1) + timedelta(days=k % 200)
        tested = k % 2 == 0
        visits.append((f"a{k}", f"p{k}", first))
        bills += [(f"p{k}", f"a{k}", first, "visit", 100.0)] + ([(f"p{k}", f"a{k}", first, "test", 50.0)] if tested else [])
        bills += [(f"p{k}", f"a{k}", first, "included", 0.0)]
        if rng.random() < (follow if tested else other):
            bills.append((f"p{k}", None, first + timedelta(days=30), "therapy", 80.0))
        bills.append((f"p{k}", None, first + timedelta(days=90), "late", 80.0))
    appointments = pd.DataFrame([
        {"appointment_id": a, "patient_id": p, "kind": "outpatient", "starts_at": pd.Timestamp(day), "status": "completed", "service_id": "visit"}
        for a, p, day in visits
    ])
    charges = pd.DataFrame(bills, columns=["patient_id", "appointment_id", "charged_on", "service_id", "paid"]).assign(kind="sale")
    charges.insert(0, "charge_id", [str(k) for k in range(len(charges))])
    cards = pd.DataFrame({"patient_id": [f"p{k}" for k in range(n)], "registered_on": date(2016, 2, 1)})
    kinds = {"visit": "consultation", "test": "diagnostics", "therapy": "procedure", "late": "procedure", "included": "other"}
    prices = pd.DataFrame({"service_id": list(kinds), "kind": list(kinds.values())})
    return {"patients": cards, "appointments": appointments, "charges": charges, "services": prices}


def test_a_service_that_follows_another_is_found_in_its_order():
    result = run(tables_from_frames(sequence(600, 0.5, 0.1), end=END))
    told = result.all_pairs[["first", "then", "reading"]].to_numpy().tolist()
    assert told == [["test", "therapy", "own"]], "not the reverse, nothing late, nothing without a price"
    assert result.all_pairs["lift"].iloc[0] == pytest.approx(0.5 / 0.3, rel=0.1)


def test_services_that_have_nothing_to_do_with_each_other_are_no_pair():
    result = run(tables_from_frames(sequence(600, 0.3, 0.3), end=END))
    assert result.pairs is None and result.pairs_tested > 0


# ---------------------------------------------------------------- exports that lack something
@pytest.mark.parametrize("changes", [{}, {"services": None}], ids=["all", "no services"])
def test_every_sentence_and_figure_is_made(changes):
    result = run(drawn(**changes), SHORT)
    assert all(spoken("services", result, SHORT).texts)
    assert ("no_kinds" in [f.key for f in result.findings]) == bool(changes)


def test_without_services_ranked_by_revenue():
    result = run(drawn(services=None), SHORT)
    assert result.ranked_by == "revenue" and result.margins is None
    assert result.services["service"].tolist() == ["o", "c"]


def test_bills_without_services_are_told():
    head, *rows = DRAWN["charges"].splitlines()
    bare = "\n".join([head, *(row.replace("|c|", "||").replace("|o|", "||") for row in rows)])
    with pytest.raises(NotAnswerable, match="no_services"):
        run(drawn(charges=bare), SHORT)


def test_less_than_a_month_is_told():
    few = Period(start=date(2016, 2, 3), end=date(2016, 2, 20), now=Days(start=date(2016, 2, 3), end=date(2016, 2, 20)))
    with pytest.raises(NotAnswerable, match="no_whole_month"):
        run(drawn(), few)


def test_one_month_of_data():
    one = Period(start=date(2016, 2, 1), end=date(2016, 3, 1), now=Days(start=date(2016, 2, 1), end=date(2016, 3, 1)))
    result = run(drawn(), one)
    assert result.services["xyz"].tolist() == ["–", "–"] and result.sold == 2
    assert all(spoken("services", result, one).texts)


def test_names_of_services_are_used_unless_two_share_one():
    named = """service_id|kind|direct_cost|name
        c|consultation|10|Visit
        o|operation|100|Operation"""
    assert run(drawn(services=named), SHORT).services["service"].tolist() == ["Operation", "Visit"]
    assert run(drawn(services=named.replace("Operation", "Visit")), SHORT).services["service"].tolist() == ["o", "c"]
