"""BG/NBD, MBG/NBD and Pareto/NBD against the published CDNOW results, lifetimes and their own simulated truth."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import integrate

from audit.models import bg_nbd
from audit.models.beta_geometric import BetaGeometric
from audit.models.bg_nbd import FAMILIES, Fit
from audit.models.histories import Histories
from audit.models.pareto_nbd import ParetoNbd

DATA = Path(find_spec("lifetimes").origin).parent / "datasets"
TRUTHS = {
    "BG/NBD": BetaGeometric(0.55, 4.0, 0.85, 1.9, 0),
    "MBG/NBD": BetaGeometric(0.55, 4.0, 0.85, 1.9, 1),
    "Pareto/NBD": ParetoNbd(0.6, 8.0, 0.6, 15.0),
}


@pytest.fixture(scope="module")
def cdnow() -> Histories:
    """The 2 357 customers of Fader, Hardie & Lee (2005), one row each."""
    frame = pd.read_csv(DATA / "cdnow_customers_summary.csv")
    return Histories.of(frame["frequency"], frame["recency"], frame["T"])


@pytest.fixture(scope="module")
def fits(cdnow) -> dict[str, Fit]:
    return {family: bg_nbd.fit(family, cdnow) for family in FAMILIES}


def test_parameters_of_fader_hardie_lee(fits):
    fit = fits["BG/NBD"]
    assert fit.parameters == pytest.approx([0.242594, 4.4136, 0.79292, 2.42589], rel=1e-3)
    assert fit.log_likelihood == pytest.approx(-9582.43, abs=5e-3)
    assert fit.penalizer == 0


def test_parameters_of_batislam(fits):
    assert fits["MBG/NBD"].parameters == pytest.approx([0.525, 6.183, 0.891, 1.614], rel=1e-3)


def test_parameters_of_schmittlein_morrison_colombo(fits):
    """As printed in Fader, Hardie & Lee (2005) and the BTYD vignette; weeks in the file have two decimals."""
    fit = fits["Pareto/NBD"]
    assert fit.parameters == pytest.approx([0.553, 10.578, 0.606, 11.669], rel=1e-3)
    assert fit.log_likelihood == pytest.approx(-9594.98, abs=0.01)


def test_conditional_expectations(fits):
    """Customer 1516 of the BTYD vignette, and the example of the Excel sheet of Fader & Hardie."""
    bg, pareto, busy = fits["BG/NBD"].law, fits["Pareto/NBD"].law, Histories.of(26, 30.857, 31)
    assert bg.expected(Histories.of(2, 30.43, 38.86), 39)[0] == pytest.approx(1.226, rel=5e-4)
    assert bg.expected(busy, 52)[0] == pytest.approx(25.7566, rel=5e-4)
    assert bg.alive(busy)[0] == pytest.approx(0.968852, rel=5e-4)
    assert pareto.expected(busy, 52)[0] == pytest.approx(25.4565, rel=5e-4)
    assert pareto.alive(busy)[0] == pytest.approx(0.997874, rel=5e-4)


def test_expectation_of_a_new_customer(fits):
    weeks = [0.1429, 1, 3, 31.8571, 32, 78, 52]
    published = [0.0078, 0.0532, 0.1506, 1.0405, 1.0437, 1.8576, 1.444]
    assert fits["BG/NBD"].law.expected_new(weeks) == pytest.approx(published, abs=5e-4)
    assert fits["Pareto/NBD"].law.expected_new(52.0) == pytest.approx(1.47343, rel=5e-4)
    for fit in fits.values():
        assert fit.law.expected_new([0.0, -4.0]) == pytest.approx(0)


def test_one_visit_is_enough_for_bg_nbd_to_call_a_patient_alive(fits):
    """The other families know that a patient may never come again; DEPENDENCIES: 0.449 and 0.446 on average."""
    once = Histories.of([0, 0], [0, 0], [10, 38])
    assert fits["BG/NBD"].law.alive(once) == pytest.approx([1, 1], abs=0)
    for family in ("MBG/NBD", "Pareto/NBD"):
        assert (fits[family].law.alive(once) < 0.8).all()


@pytest.mark.parametrize(("family", "mean"), [("BG/NBD", 0.813), ("MBG/NBD", 0.449), ("Pareto/NBD", 0.446)])
def test_mean_chance_of_being_alive(cdnow, fits, family, mean):
    assert fits[family].law.alive(cdnow).mean() == pytest.approx(mean, abs=1e-3)


@pytest.mark.parametrize("family", FAMILIES)
def test_agrees_with_lifetimes(cdnow, fits, family):
    kind = {"BG/NBD": bg_nbd.BetaGeoFitter, "MBG/NBD": bg_nbd.ModifiedBetaGeoFitter, "Pareto/NBD": bg_nbd.ParetoNBDFitter}
    other, mine = kind[family](), fits[family].law
    other.params_ = pd.Series(mine.parameters, index=["r", "alpha", *("sβ" if family == "Pareto/NBD" else "ab")]).rename({"β": "beta"})
    x, tx, age = cdnow.frequency, cdnow.recency, cdnow.age
    ahead = np.asarray(other.conditional_expected_number_of_purchases_up_to_time(26, x, tx, age))
    assert mine.expected(cdnow, 26) == pytest.approx(ahead, rel=1e-7)
    assert mine.expected_new(26.0) == pytest.approx(other.expected_number_of_purchases_up_to_time(26))
    assert mine.alive(cdnow) == pytest.approx(np.asarray(other.conditional_probability_alive(x, tx, age)), rel=1e-7)


def test_pareto_is_not_started_at_random(cdnow, fits):
    np.random.seed(1)
    before = np.random.get_state()[1].copy()
    again = bg_nbd.fit("Pareto/NBD", cdnow)
    assert (again.parameters == fits["Pareto/NBD"].parameters).all()
    assert (np.random.get_state()[1] == before).all(), "the global stream of random numbers is somebody else's"


def test_the_curvature_of_lifetimes_and_of_the_own_likelihood_agree(cdnow, fits):
    gradient, hessian = bg_nbd._curvature(fits["BG/NBD"].law, cdnow)
    covariance = np.linalg.inv(hessian)
    assert np.sqrt(np.diag(covariance)) == pytest.approx(np.sqrt(np.diag(fits["BG/NBD"].covariance)), rel=0.01)
    assert gradient @ covariance @ gradient < 1e-3


@pytest.mark.parametrize("law", [*TRUTHS.values(), ParetoNbd(0.2, 0.5, 3.0, 100.0), ParetoNbd(5.0, 1.0, 30.0, 2000.0)])
@pytest.mark.parametrize("history", [(0, 0, 3), (0, 0, 200), (1, 2, 300), (30, 100, 105), (200, 50, 200)])
def test_the_chance_to_return_against_its_integral(law, history):
    """P(at least one visit) = P(alive) · ∫ density of the next visit, by adaptive quadrature; busy patients too."""
    h = Histories.of(*history)
    shape, scale = law.r + history[0], law.alpha + history[2]
    if isinstance(law, ParetoNbd):
        stays = law.beta + history[2]
        odds = integrate.quad(
            lambda y: law.s / (law.beta + y) * (stays / (law.beta + y)) ** law.s * (scale / (law.alpha + y)) ** shape,
            *history[1:], epsrel=1e-10, epsabs=0, limit=400, points=[history[1] + f * (history[2] - history[1]) for f in (1e-3, 1e-2, 0.1)],
        )[0]
        assert law.alive(h)[0] == pytest.approx(1 / (1 + odds), rel=1e-6)
    else:
        stays = np.inf
    density = lambda u: shape / (scale + u) * (scale / (scale + u)) ** shape * (1 + u / stays) ** -getattr(law, "s", 1)  # noqa: E731
    assert law.returns(h, 39)[0] == pytest.approx(law.alive(h)[0] * integrate.quad(density, 0, 39, epsrel=1e-10)[0], rel=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
def test_recovers_what_was_simulated(family):
    truth, rng = TRUTHS[family], np.random.default_rng(4)
    age = rng.integers(7, 1050, 12_000) / 7
    paths = truth.simulate_new(age, rng)
    count, last = np.bincount(paths.owner, minlength=len(age)), np.zeros(len(age))
    np.maximum.at(last, paths.owner, np.floor(paths.time * 7) / 7)
    assert (paths.time < age[paths.owner]).all()
    fit = bg_nbd.fit(family, Histories.of(count, last, age).distinct()[0])
    off = np.log(fit.parameters / truth.parameters) / np.sqrt(np.diag(fit.covariance))
    assert (np.abs(off) < 3.5).all()
    assert truth.expected_new(age).sum() == pytest.approx(len(paths.owner), rel=0.03)


@pytest.mark.parametrize("family", FAMILIES)
def test_paths_ahead_have_the_conditional_mean_and_chance(fits, family):
    many, law = Histories.of(3, 20.0, 30.0, 20_000), fits[family].law
    paths = law.simulate_ahead(Histories.of(np.full(20_000, 3), np.full(20_000, 20.0), np.full(20_000, 30.0)), 26.0, np.random.default_rng(0))
    assert len(paths.owner) / 20_000 == pytest.approx(law.expected(many, 26)[0], rel=0.03)
    assert len(np.unique(paths.owner)) / 20_000 == pytest.approx(law.returns(many, 26)[0], rel=0.03)
    grouped = law.simulate_ahead(many, 26.0, np.random.default_rng(0))
    assert len(grouped.owner) == pytest.approx(len(paths.owner), rel=0.03)


def test_distinct_histories_keep_every_patient():
    h = Histories.of([0, 2, 0, 2], [0, 3, 0, 3], [5, 9, 5, 9], [1, 1, 2, 3])
    distinct, place = h.distinct()
    assert len(distinct) == 2 and distinct.patients == 7 and distinct.repeaters == 4
    assert distinct.frequency[place] == pytest.approx(h.frequency)


def test_nobody_ever_leaves(recwarn):
    """No dropout is the edge of the models: expectations stay finite and near rate × time."""
    rng = np.random.default_rng(8)
    age = rng.uniform(20, 60, 3000)
    rate = rng.gamma(2, 0.1, 3000)
    count = rng.poisson(rate * age)
    last = np.where(count > 0, age * rng.beta(np.maximum(count, 1), 1), 0)
    histories = Histories.of(count, last, age)
    for family in FAMILIES:
        fit = bg_nbd.fit(family, histories)
        if fit is None:
            assert family != "BG/NBD"  # their corners have no optimum; the hold-out goes on without them
            continue
        total = fit.law.expected(histories, 26).sum()
        assert total == pytest.approx(rate.sum() * 26, rel=0.05)
        assert fit.drawn(rng).expected(histories, 26).sum() == pytest.approx(total, rel=0.3)
    assert not recwarn.list


def test_nobody_ever_returns():
    once = Histories.of(np.zeros(500), np.zeros(500), np.linspace(1, 100, 500))
    assert all(bg_nbd.fit(family, once) is None for family in FAMILIES)
