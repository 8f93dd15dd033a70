"""Change between two independent samples: a published example, the normal case, coverage by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.independent_change import independent_change
from audit.models.proportions import wilson


def test_two_shares_as_published() -> None:
    """Newcombe (1998, Stat Med 17:873), table II, method 10 of 56/70 against 48/80: 0.0524 to 0.3339 at 95 %."""
    sides = [(k / n, *(float(x) for x in wilson(k, n, 0.95))) for k, n in ((48, 80), (56, 70))]
    change = independent_change([sides[0]], [sides[1]])
    assert change.value[0] == pytest.approx(0.2)
    assert (change.low[0], change.high[0]) == (pytest.approx(0.0524, abs=5e-5), pytest.approx(0.3339, abs=5e-5))


def test_symmetric_intervals_add_in_quadrature() -> None:
    change = independent_change([(10.0, 7.0, 13.0)], [(20.0, 16.0, 24.0)])
    assert (change.low[0], change.high[0]) == (pytest.approx(5.0), pytest.approx(15.0))
    wider = change.widened([2.0])
    assert (wider.low[0], wider.high[0]) == (pytest.approx(0.0), pytest.approx(20.0))


def test_then_and_now_changed_round_give_the_mirror_image() -> None:
    a, b = [(0.2, 0.15, 0.28)], [(0.5, 0.48, 0.6)]
    there, back = independent_change(a, b), independent_change(b, a)
    assert there.value[0] == -back.value[0]
    assert (there.low[0], there.high[0]) == (pytest.approx(-back.high[0]), pytest.approx(-back.low[0]))


def test_nine_in_ten_intervals_hold() -> None:
    rng = np.random.default_rng(3)
    k, m = rng.binomial(200, 0.1, 4000), rng.binomial(150, 0.3, 4000)
    sides = [np.column_stack([x / n, *wilson(x, n, 0.90)]) for x, n in ((k, 200), (m, 150))]
    change = independent_change(*sides)
    assert ((change.low <= 0.2) & (change.high >= 0.2)).mean() == pytest.approx(0.90, abs=0.015)
