"""Gamma-Gamma against the published CDNOW spending model."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from audit.models import gamma_gamma


@pytest.fixture(scope="module")
def cdnow() -> pd.DataFrame:
    """Mean spend of the 946 returning customers, weeks 1–39 (Fader & Hardie 2013, note 025)."""
    frame = pd.read_csv(Path(find_spec("lifetimes").origin).parent / "datasets" / "cdnow_customers_summary_with_transactions.csv")
    return frame[frame["x"] > 0]


def test_parameters_of_fader_and_hardie(cdnow):
    fit = gamma_gamma.fit(frequency=cdnow["x"], spend=cdnow["zbar"])
    assert [fit.p, fit.q, fit.gamma] == pytest.approx([6.25, 3.74, 15.44], rel=2e-3)
    assert fit.mean == pytest.approx(35.17, rel=1e-3)
    assert fit.log_likelihood == pytest.approx(-4055.92, abs=0.05)  # spend in the file is rounded to cents
    assert fit.correlation == pytest.approx(0.114, abs=1e-3) and fit.is_usable


def test_conditional_spend_of_the_first_customers(cdnow):
    fit = gamma_gamma.fit(frequency=cdnow["x"], spend=cdnow["zbar"])
    expected = gamma_gamma.expected_spend(fit, frequency=[2, 1, 0], spend=[22.35, 11.77, 0])
    assert expected == pytest.approx([24.65, 18.91, 35.17], rel=1e-3)


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
