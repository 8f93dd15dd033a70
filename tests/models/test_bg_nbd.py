"""BG/NBD and MBG/NBD against the published CDNOW results and against their own simulated truth."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from audit.models import bg_nbd
from audit.models.bg_nbd import Fit, Histories

DATA = Path(find_spec("lifetimes").origin).parent / "datasets"


@pytest.fixture(scope="module")
def cdnow() -> Histories:
    """The 2 357 customers of Fader, Hardie & Lee (2005), one cell each."""
    frame = pd.read_csv(DATA / "cdnow_customers_summary.csv")
    return Histories(
        frame["frequency"].to_numpy(float), frame["recency"].to_numpy(float), frame["T"].to_numpy(float),
        np.ones(len(frame)), np.arange(len(frame)),
    )


@pytest.fixture(scope="module")
def fitted(cdnow) -> Fit:
    return bg_nbd.fit("BG/NBD", cdnow)


def one(x: float, recency: float, age: float) -> Histories:
    return Histories(np.array([x]), np.array([recency]), np.array([age]), np.ones(1), np.zeros(1, int))


def test_parameters_of_fader_hardie_lee(fitted):
    assert fitted.parameters == pytest.approx([0.242594, 4.4136, 0.79292, 2.42589], rel=1e-3)
    assert fitted.log_likelihood == pytest.approx(-9582.43, abs=5e-3)
    assert fitted.penalizer == 0


def test_parameters_of_batislam(cdnow):
    fit = bg_nbd.fit("MBG/NBD", cdnow)
    assert fit.parameters == pytest.approx([0.525, 6.183, 0.891, 1.614], rel=1e-3)


def test_conditional_expectations(fitted):
    assert bg_nbd.expected(fitted, one(2, 30.43, 38.86), 39)[0] == pytest.approx(1.226, rel=5e-4)
    assert bg_nbd.expected(fitted, one(26, 30.857, 31), 52)[0] == pytest.approx(25.7566, rel=5e-4)
    assert bg_nbd.alive(fitted, one(26, 30.857, 31))[0] == pytest.approx(0.968852, rel=5e-4)


def test_expectation_of_a_new_customer(fitted):
    weeks = [0.1429, 1, 3, 31.8571, 32, 78, 52]
    published = [0.0078, 0.0532, 0.1506, 1.0405, 1.0437, 1.8576, 1.444]
    assert bg_nbd.expected_new(fitted, weeks) == pytest.approx(published, abs=5e-4)
    assert bg_nbd.expected_new(fitted, [0.0, -4.0]) == pytest.approx(0)


@pytest.mark.parametrize("family", ["BG/NBD", "MBG/NBD"])
def test_agrees_with_lifetimes(cdnow, family):
    kind = {"BG/NBD": bg_nbd.BetaGeoFitter, "MBG/NBD": bg_nbd.ModifiedBetaGeoFitter}[family]
    other = kind().fit(cdnow.frequency, cdnow.recency, cdnow.age)
    mine = bg_nbd.fit(family, cdnow)
    ahead = other.conditional_expected_number_of_purchases_up_to_time(26, cdnow.frequency, cdnow.recency, cdnow.age)
    assert bg_nbd.expected(mine, cdnow, 26) == pytest.approx(np.asarray(ahead), rel=1e-9)
    assert bg_nbd.expected_new(mine, 26.0) == pytest.approx(other.expected_number_of_purchases_up_to_time(26))
    alive = other.conditional_probability_alive(cdnow.frequency, cdnow.recency, cdnow.age)
    assert bg_nbd.alive(mine, cdnow) == pytest.approx(np.asarray(alive))


def test_cells_are_as_good_as_customers(cdnow, fitted):
    cells = bg_nbd.cells(frequency=cdnow.frequency, recency=cdnow.recency, age=cdnow.age)
    fit = bg_nbd.fit("BG/NBD", cells)
    assert len(cells.weight) < len(cdnow.weight) / 3 and cells.patients == 2357 and cells.repeaters == 946
    half_an_error = 0.5 * np.sqrt(np.diag(fitted.covariance))
    assert (np.abs(np.log(fit.parameters / fitted.parameters)) < half_an_error).all()
    assert cells.frequency[cells.cell] == pytest.approx(cdnow.frequency)


@pytest.mark.parametrize("family", ["BG/NBD", "MBG/NBD"])
def test_recovers_what_was_simulated(family):
    truth = Fit(family, 0.55, 4.0, 0.85, 1.9, np.zeros((4, 4)), 0, 0)
    rng = np.random.default_rng(4)
    age = rng.uniform(1, 150, 12_000)
    paths = bg_nbd.simulate_new(truth, age, rng)
    count, last = np.bincount(paths.owner, minlength=len(age)), np.zeros(len(age))
    np.maximum.at(last, paths.owner, paths.time)
    assert (paths.time < age[paths.owner]).all()
    fit = bg_nbd.fit(family, bg_nbd.cells(frequency=count, recency=last, age=age))
    off = np.log(fit.parameters / truth.parameters) / np.sqrt(np.diag(fit.covariance))
    assert (np.abs(off) < 3.5).all()
    assert bg_nbd.expected_new(truth, age).sum() == pytest.approx(len(paths.owner), rel=0.03)


def test_paths_ahead_have_the_conditional_mean(fitted):
    history = one(3, 20.0, 30.0)
    many = Histories(*(np.asarray(part) for part in (history.frequency, history.recency, history.age)),
                     np.array([20_000.0]), history.cell)
    paths = bg_nbd.simulate_ahead(fitted, many, 26.0, np.random.default_rng(0))
    assert len(paths.owner) / 20_000 == pytest.approx(bg_nbd.expected(fitted, history, 26)[0], rel=0.03)


def test_histories_count_days_after_the_first():
    histories, base = bg_nbd.summarise(first=[0, 10, 99], owner=[0, 0, 0, 1, 2], day=[0, 7, 70, 10, 99], end=70)
    assert list(base) == [0, 1]
    assert [histories.frequency[c] for c in histories.cell] == [1, 0]
    assert [histories.recency[c] for c in histories.cell] == [1, 0]
    assert [histories.age[c] for c in histories.cell] == pytest.approx([10, 60 / 7])


def test_nobody_ever_leaves(recwarn):
    """No dropout is the edge of the model: expectations stay finite and near rate × time."""
    rng = np.random.default_rng(8)
    age = rng.uniform(20, 60, 3000)
    rate = rng.gamma(2, 0.1, 3000)
    count = rng.poisson(rate * age)
    last = np.where(count > 0, age * rng.beta(np.maximum(count, 1), 1), 0)
    histories = bg_nbd.cells(frequency=count, recency=last, age=age)
    fit = bg_nbd.fit("BG/NBD", histories)
    total = bg_nbd.expected(fit, histories, 26) @ histories.weight
    assert total == pytest.approx(rate.sum() * 26, rel=0.05)
    drawn = bg_nbd.expected(fit.drawn(rng), histories, 26) @ histories.weight
    assert drawn == pytest.approx(total, rel=0.3)
    assert not recwarn.list
