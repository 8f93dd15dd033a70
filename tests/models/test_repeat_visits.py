"""The hold-out gate: published numbers on CDNOW, passes what it should, rejects courses of treatment."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from audit.models import bg_nbd, repeat_visits
from audit.models.bg_nbd import Fit
from audit.models.outlook import outlook
from audit.models.repeat_visits import Visits, hold_out, monthly

TRUTH = Fit("BG/NBD", 0.55, 4.0, 0.85, 1.9, np.zeros((4, 4)), 0, 0)
END = 3 * 364


def visits(first: np.ndarray, owner: np.ndarray, day: np.ndarray) -> Visits:
    pairs = np.unique(np.column_stack([np.r_[np.arange(len(first)), owner], np.r_[first, day]]), axis=0)
    return Visits(first, pairs[:, 0], pairs[:, 1])


@pytest.fixture(scope="module")
def random_visits() -> Visits:
    rng = np.random.default_rng(11)
    first = np.sort(rng.integers(0, END, 6000))
    paths = bg_nbd.simulate_new(TRUTH, (END - first) / 7, rng)
    return visits(first, paths.owner, first[paths.owner] + np.floor(paths.time * 7).astype(int))


@pytest.fixture(scope="module")
def courses() -> Visits:
    """Half come once; the others ten times within five weeks and never again."""
    rng = np.random.default_rng(12)
    first = np.sort(rng.integers(0, END, 4000))
    treated = np.flatnonzero(rng.random(4000) < 0.5)
    owner = np.repeat(treated, 9)
    day = first[owner] + np.tile(np.arange(1, 10), len(treated)) * 4
    return visits(first, owner[day < END], day[day < END])


def test_cdnow_hold_out_as_published():
    """39 weeks held out: 1882 counted, BG/NBD 1653 (−12 %); means by x = 0…7+ of the BTYD vignette."""
    path = Path(find_spec("lifetimes").origin).parent / "datasets" / "CDNOW_sample.txt"
    log = pd.read_csv(path, sep=r"\s+", header=None, usecols=[1, 2], names=["customer", "date"])
    log["day"] = (pd.to_datetime(log["date"].astype(str)) - pd.Timestamp("1997-01-01")).dt.days
    log = log.drop_duplicates(["customer", "day"]).sort_values(["customer", "day"])
    owner = pd.factorize(log["customer"])[0]
    first = log.groupby(owner)["day"].min().to_numpy()
    check = hold_out(Visits(first, owner, log["day"].to_numpy()), start=0, end=546, splits=[273])
    assert check.counted == 1882 and check.patients == 2357
    assert check.predicted == pytest.approx(1653, rel=0.02)  # cells and the day of cut-off move it by a per cent
    assert check.fit.family == "BG/NBD" and check.gate == "weak"
    patients, predicted, counted = check.by_frequency
    assert list(patients) == [1411, 439, 214, 100, 62, 38, 29, 64]
    assert counted / patients == pytest.approx([0.2367, 0.697, 1.3925, 1.56, 2.5323, 2.9474, 3.8621, 6.3594], abs=1e-4)
    published = [0.2251, 0.5231, 1.0441, 1.5203, 2.1638, 2.6538, 3.5040, 6.1570]
    assert predicted / patients == pytest.approx(published, rel=0.02)


def test_gate_opens_for_random_visits(random_visits):
    check = hold_out(random_visits, start=0, end=END)
    assert check.gate == "ok" and check.fit.penalizer == 0
    assert abs(check.error) < 0.08


def test_gate_closes_for_courses_of_treatment(courses):
    assert hold_out(courses, start=0, end=END).gate == "rejected"


def test_too_little_to_judge(random_visits):
    few = visits(np.array([0, 5, 9]), np.array([0, 0]), np.array([20, 40]))
    assert hold_out(few, start=0, end=END).gate == "not_enough_data"
    assert hold_out(random_visits, start=0, end=300).gate == "not_enough_data"
    nobody = Visits(np.array([], int), np.array([], int), np.array([], int))
    assert hold_out(nobody, start=0, end=END).gate == "not_enough_data"


def test_split_lies_at_an_allowed_day(random_visits):
    check = hold_out(random_visits, start=0, end=END, splits=np.arange(0, END, 30))
    assert check.split % 30 == 0 and END - check.split >= 0.25 * END


def test_outlook_holds_the_future(random_visits):
    """The year after the cut-off, simulated from the truth given each history's cell, lies inside the interval."""
    check = hold_out(random_visits, start=0, end=END)
    paid = 100.0 * np.bincount(random_visits.owner, minlength=6000) - 100
    found = outlook(check, random_visits, paid=paid, end=END, weeks=52, level=0.9, seed=1)
    histories = random_visits.at(END)
    truth = bg_nbd.expected(TRUTH, histories, 52) @ histories.weight
    value, low, high = found.visits
    assert low < truth < high and value == pytest.approx(truth, rel=0.1)
    assert found.money == pytest.approx([100 * part for part in found.visits])
    assert found.expected.shape == (6000,) and found.patients == 6000


def test_months_add_up(random_visits):
    check = hold_out(random_visits, start=0, end=END)
    edges = np.arange(0, END + 1, 28)
    counted, value, low, high = monthly(check, random_visits, edges=edges, level=0.9, seed=0)
    inside = (low <= counted) & (counted <= high)
    assert inside.mean() > 0.7
    assert counted.sum() == pytest.approx(value.sum(), rel=0.08)
    later = edges[:-1] >= check.split
    assert value[later].sum() == pytest.approx(check.predicted, rel=0.2)
    assert repeat_visits.FAMILIES == ("BG/NBD", "MBG/NBD")
