"""Counted things as estimates."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.counted import times
from audit.results import Estimate, exact


def test_a_product_with_something_exact_is_scaled():
    hours = Estimate(10.0, 8.0, 13.0, "hours", 30)
    assert (times(hours, exact(5.0, "currency", 9), "currency").low, times(hours, exact(5.0, "currency", 9), "currency").high) == (40, 65)


def test_a_product_holds_its_truth():
    rng = np.random.default_rng(2)
    one, other = 10 + 2 * rng.standard_normal(3000), 50 + 6 * rng.standard_normal(3000)
    z = 1.645
    held = [
        found.low <= 500 <= found.high for a, b in zip(one, other, strict=True)
        for found in [times(Estimate(a, a - 2 * z, a + 2 * z, "hours", 30), Estimate(b, b - 6 * z, b + 6 * z, "currency", 30), "currency")]
    ]
    assert np.mean(held) == pytest.approx(0.90, abs=0.02)
    assert times(exact(0.0, "hours", 3), exact(5.0, "currency", 9), "currency").low == 0
