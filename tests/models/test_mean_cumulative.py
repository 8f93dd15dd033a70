"""Mean cumulative function against Nelson's valve seats, plain means, and simulated intervals."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.mean_cumulative import mean_cumulative


def test_valve_seats_at_100_days():
    """Nelson (1988): 41 engines, all watched at 100 days, six replacements by then: MCF 0.1463, s.e. 0.0552."""
    age = [98, 84, 87, 92, 61, 76]
    result = mean_cumulative(
        owner=np.arange(6), age=age, amount=np.ones(6), last_age=np.full(41, 389), horizons=[100]
    )
    assert result.value[0] == pytest.approx(6 / 41) and result.value[0] == pytest.approx(0.1463, abs=1e-4)
    assert result.se[0] == pytest.approx(0.0552, abs=1e-4)


def test_equals_the_plain_mean_and_its_error_without_censoring():
    rng = np.random.default_rng(1)
    owner, age, amount = rng.integers(0, 50, 400), rng.integers(0, 100, 400), rng.gamma(2, 100, 400)
    result = mean_cumulative(owner=owner, age=age, amount=amount, last_age=np.full(50, 200), horizons=[99])
    each = np.bincount(owner, weights=amount, minlength=50)
    assert result.value[0] == pytest.approx(each.mean())
    assert result.se[0] == pytest.approx(each.std() / np.sqrt(50))


def test_recent_patients_do_not_lower_the_mean_and_intervals_hold():
    """100 on day 0 and 100 on day 60 for everybody: V(90) is 200 whoever was watched how long."""
    rng = np.random.default_rng(2)
    last_age = rng.integers(0, 365, 300)
    owner, age = np.tile(np.arange(300), 2), np.repeat([0, 60], 300)
    result = mean_cumulative(owner=owner, age=age, amount=np.full(600, 100.0), last_age=last_age, horizons=[59, 90])
    assert result.value == pytest.approx([100, 200]) and result.se == pytest.approx([0, 0])
    assert list(result.at_risk) == [(last_age >= 59).sum(), (last_age >= 90).sum()]
    inside = []
    for _ in range(300):
        rate, watched = rng.gamma(0.5, 2, 200), rng.integers(30, 200, 200)
        visits = rng.poisson(rate[:, None] * 0.02, size=(200, 120))
        who, when = np.nonzero(visits)
        seen = mean_cumulative(owner=who, age=when, amount=visits[who, when], last_age=watched, horizons=[119])
        low, high = seen.interval(0.9)
        inside.append(low[0] <= 120 * 0.02 <= high[0])
    assert np.mean(inside) == pytest.approx(0.9, abs=0.06)  # three Monte-Carlo errors


def test_refunds_and_nobody_at_risk():
    result = mean_cumulative(owner=[0, 0], age=[0, 5], amount=[100, -100], last_age=[9, 9], horizons=[4, 9, 20])
    assert result.value[:2] == pytest.approx([50, 0]) and np.isnan(result.value[2])
    empty = mean_cumulative(owner=[], age=[], amount=[], last_age=[], horizons=[90])
    assert np.isnan(empty.value[0]) and empty.at_risk[0] == 0
