"""Same seed, same clinic; the pure processes give back what was put in."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from audit.models import bg_nbd, gamma_gamma
from audit.models.histories import Histories
from audit.simulate import bg_nbd_population, gamma_gamma_spend, simulate_clinic
from audit.simulate.classes import doctor_classes
from audit.simulate.sampling import even_uniform, round_to_total, take_per_group
from audit.simulate.truth import Truth
from audit.tables.connection import tables_from_frames


def test_same_seed_same_tables():
    one, two, other = (simulate_clinic(seed=seed, size=0.05) for seed in (3, 3, 4))
    for name, frame in one.tables.items():
        pd.testing.assert_frame_equal(frame, two.tables[name])
    assert not one.tables["charges"].equals(other.tables["charges"])


def test_other_seeds_have_the_same_anchor_months():
    clinic = simulate_clinic(seed=99, size=0.3)
    for anchor in clinic.truth.anchors():
        came = clinic.tables["appointments"].query("status == 'completed'")
        of_month = came[came.starts_at.dt.strftime("%Y-%m") == anchor.month]
        assert (of_month.kind == "outpatient").sum() == anchor.visits
        assert (of_month.kind == "operation").sum() == anchor.operations


def test_tiny_clinic_is_one_in_twenty(demo_clinic):
    tiny = simulate_clinic(size=0.05)
    for name in ("patients", "appointments", "charges", "enquiries"):
        assert len(tiny.tables[name]) == pytest.approx(len(demo_clinic.tables[name]) / 20, rel=0.15)
    assert len(tiny.tables["rooms"]) == len(demo_clinic.tables["rooms"])


def test_truth_is_readable():
    text = Truth(seed=5).to_json()
    assert '"seed": 5' in text
    assert '"elasticity": -1.1758' in text


def test_class_shares_of_doctors_add_up_to_the_clinic():
    truth = Truth()
    for after in (False, True):
        weight = np.array([d.share_after if after else d.share_before for d in truth.doctors])
        stated = np.array([c.share_after if after else c.share_before for c in truth.classes])
        assert weight @ doctor_classes(truth, after)[:10] == pytest.approx(stated, abs=0.002)


def test_population_recovers_its_parameters():
    r, alpha, a, b = 0.55, 4.0, 0.85, 1.9
    people = bg_nbd_population(12_000, r, alpha, a, b, weeks=104, seed=1)
    fitted = bg_nbd.fit("BG/NBD", Histories.of(people.frequency, people.recency, people.T))
    assert fitted.law.r == pytest.approx(r, rel=0.10)
    assert fitted.law.alpha == pytest.approx(alpha, rel=0.15)
    assert fitted.law.a / fitted.law.b == pytest.approx(a / b, rel=0.15)


def test_population_log_agrees_with_its_summary():
    people = bg_nbd_population(500, 0.55, 4.0, 0.85, 1.9, weeks=52, seed=2)
    assert np.array_equal(people.log.customer.value_counts().sort_index() - 1, people.frequency)
    assert people.log.groupby("customer").time.max().to_numpy() == pytest.approx(people.recency)
    assert (people.recency <= people.T).all()
    assert people.T.min() >= 26


def test_spend_recovers_its_parameters():
    people = bg_nbd_population(20_000, 0.8, 4.0, 0.5, 3.0, weeks=104, seed=3)
    customer = people.log.customer.to_numpy()
    spend = gamma_gamma_spend(customer, p=6.0, q=4.0, v=9_000.0, seed=4)
    repeats = (people.log.time > 0).to_numpy()
    mean = pd.Series(spend[repeats]).groupby(customer[repeats]).mean()
    fitted = gamma_gamma.fit(frequency=people.frequency[mean.index], spend=mean)
    assert fitted.mean == pytest.approx(18_000, rel=0.05)
    assert fitted.q == pytest.approx(4.0, rel=0.15)


def test_pure_clinic_recovers_bg_nbd():
    """Through the tables, by whole days: G1 repeats are BG/NBD of the truth."""
    clinic = simulate_clinic(seed=11, size=0.35, process="G1")
    tables = tables_from_frames(clinic.tables, end=date(2017, 1, 1))
    first, days = tables["first_visits"].to_pandas(), tables["patient_days"].to_pandas()
    first = first[first.is_new].set_index("patient_id")
    days = days[days.patient_id.isin(first.index)]
    seen = days.groupby("patient_id").tenure_day.agg(["count", "max"]).reindex(first.index)
    frequency, recency, T = seen["count"] - 1, seen["max"] / 7, first.tenure_days / 7
    fitted = bg_nbd.fit("BG/NBD", Histories.of(frequency, recency, T).distinct()[0])
    truth = clinic.truth.bg_nbd
    assert fitted.law.r == pytest.approx(truth.r, rel=0.12)
    assert fitted.law.alpha * 7 == pytest.approx(truth.alpha_days, rel=0.20)
    assert fitted.law.a / fitted.law.b == pytest.approx(truth.a / truth.b, rel=0.20)


def test_even_uniform_fills_every_stratum():
    group = np.repeat([0, 1], [10, 30])
    drawn = even_uniform(group, np.random.default_rng(1))
    assert sorted((drawn[:10] * 10).astype(int)) == list(range(10))
    assert sorted((drawn[10:] * 30).astype(int)) == list(range(30))


def test_take_per_group_takes_exactly_that_many():
    group = np.array([0, 0, 0, 1, 1, 2])
    taken = take_per_group(group, np.array([2, 0, 5]), np.ones(6), np.random.default_rng(2))
    assert np.bincount(group[taken], minlength=3).tolist() == [2, 0, 1]


def test_round_to_total_keeps_the_total():
    assert round_to_total(np.array([1.0, 1.0, 1.0]), 10).sum() == 10
    assert round_to_total(np.array([0.575, 0.425]), 1000).tolist() == [575, 425]
