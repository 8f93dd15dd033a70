"""The individuals chart against a published example."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.control_limits import Limits, individuals


def test_flow_rates_of_the_nist_handbook():
    """NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.2: centre 50.81, limits 45.8159 and 55.8041."""
    limits = individuals([49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1])
    assert limits.centre == pytest.approx(50.81)
    # the handbook rounds the moving range to four digits
    assert (limits.low, limits.high) == pytest.approx((45.8159, 55.8041), abs=2e-3)
    assert limits.holds(50) and not limits.holds(56)


def test_too_few_or_missing_months_give_no_limits():
    assert individuals([1.0] * 7) is None
    assert individuals([np.nan] * 20) is None
    assert individuals([*range(8), np.nan]).n == 8


def test_stable_noise_is_mostly_inside():
    x = np.random.default_rng(1).normal(100, 5, 500)
    limits = individuals(x)
    assert np.mean([limits.holds(value) for value in x]) > 0.99


def test_rules_of_western_electric():
    """Nelson (1984) and the handbook of 1956: one point outside, or the eighth in a row on one side."""
    limits = Limits(centre=0.0, low=-3.0, high=3.0, n=20)
    eight = [1, 2, 1, 2, 1, 2, 1]
    assert not limits.signals(eight).any()
    assert limits.signals([*eight, 1, 1, -1]).tolist() == [False] * 7 + [True, True, False]
    assert limits.signals([0, 3.1, -3.1, 0, float("nan")]).tolist() == [False, True, True, False, False]
