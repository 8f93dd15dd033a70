"""Gamma-Gamma against the published CDNOW spending model."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from audit.models import bg_nbd, gamma_gamma

FILE = Path(find_spec("lifetimes").origin).parent / "datasets" / "cdnow_customers_summary_with_transactions.csv"


@pytest.fixture(scope="module")
def cdnow() -> pd.DataFrame:
    """Mean spend of the 946 returning customers, weeks 1–39 (Fader & Hardie 2013, note 025)."""
    frame = pd.read_csv(FILE)
    return frame[frame["x"] > 0]


def test_parameters_of_fader_and_hardie(cdnow):
    fit = gamma_gamma.fit(frequency=cdnow["x"], spend=cdnow["zbar"])
    assert [fit.p, fit.q, fit.gamma] == pytest.approx([6.25, 3.74, 15.44], rel=2e-3)
    assert fit.mean == pytest.approx(35.17, rel=1e-3)
    assert fit.log_likelihood == pytest.approx(-4055.92, abs=0.05)  # spend in the file is rounded to cents
    assert fit.correlation == pytest.approx(0.114, abs=1e-3) and fit.is_usable


def test_conditional_spend_of_the_first_customers():
    """The ten values printed in note 025, customers without repeat purchases at the population mean."""
    everybody = pd.read_csv(FILE)
    fit = gamma_gamma.fit(frequency=everybody["x"], spend=everybody["zbar"])
    expected = gamma_gamma.expected_spend(fit, frequency=everybody["x"][:10], spend=everybody["zbar"][:10])
    published = [24.65, 18.91, 35.17, 35.17, 35.17, 71.46, 18.91, 35.17, 27.28, 35.17]
    assert expected == pytest.approx(published, rel=1e-3)


def test_the_own_likelihood_stands_still_where_lifetimes_stops(cdnow):
    """Gradient and covariance come from the likelihood written here: a wrong one would not be flat at the fit."""
    x, m = cdnow["x"].to_numpy(float), cdnow["zbar"].to_numpy(float)
    fit = gamma_gamma.fit(frequency=x, spend=m)
    logs = np.log([fit.p, fit.q, fit.gamma])
    _, gradient = gamma_gamma._loss(logs, x, m, np.ones(len(x)))
    assert len(x) * gradient @ fit.covariance @ gradient * len(x) < 1e-3
    spread = [gamma_gamma._loss(logs + step, x, m, np.ones(len(x)))[0] for step in (np.zeros(3), 0.01 * np.array([1, 1, 1.0]))]
    assert spread[1] > spread[0]


def test_cells_are_as_good_as_customers():
    """A fifth of a million customers in cells of spend: within a hundredth of a standard error of all rows."""
    rng = np.random.default_rng(2)
    count = rng.geometric(0.3, 200_000)
    mean = rng.gamma(6.0 * count) / rng.gamma(4.0, 1.0, 200_000) / count
    fit = gamma_gamma.fit(frequency=count, spend=mean)
    plain = bg_nbd.fit_spend(count.astype(float), mean, np.ones(len(count)))
    off = np.log([fit.p, fit.q, fit.gamma] / plain) / np.sqrt(np.diag(fit.covariance))
    assert np.abs(off).max() < 0.05


def test_recovers_and_scales_with_money():
    rng = np.random.default_rng(0)
    count = rng.integers(1, 12, 4000)
    mean = rng.gamma(6.0 * count) / rng.gamma(4.0, 1 / 9000, 4000) / count
    fit = gamma_gamma.fit(frequency=count, spend=mean)
    assert fit.mean == pytest.approx(18_000, rel=0.03)
    cents = gamma_gamma.fit(frequency=count, spend=100 * mean)
    assert [cents.p, cents.q, cents.gamma / 100] == pytest.approx([fit.p, fit.q, fit.gamma], rel=1e-5)


def test_cannot_be_fitted():
    assert gamma_gamma.fit(frequency=[], spend=[]) is None
    assert gamma_gamma.fit(frequency=np.ones(50), spend=np.full(50, 10.0)) is None
    assert gamma_gamma.fit(frequency=np.ones(50), spend=np.zeros(50)) is None
