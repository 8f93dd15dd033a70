"""Price, volume and mix: by hand, and the law that they sum to the change."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.models.price_volume import price_volume


def split(q0, q1, v0, v1):
    return price_volume(units_before=q0, units_after=q1, money_before=v0, money_after=v1)


def test_only_prices_rose():
    parts = split([10, 5], [10, 5], [100, 500], [110, 550])
    assert (parts.volume, parts.mix) == pytest.approx((0, 0), abs=1e-9) and parts.price == pytest.approx(60)


def test_twice_as_much_of_all():
    parts = split([10, 5], [20, 10], [100, 500], [200, 1000])
    assert parts.volume == pytest.approx(600) and (parts.mix, parts.price) == pytest.approx((0, 0), abs=1e-9)


def test_a_new_service_is_not_a_price():
    parts = split([10, 0], [10, 10], [100, 0], [100, 900])
    assert parts.price == pytest.approx(0) and parts.volume + parts.mix == pytest.approx(900)


def test_refunds_without_sales_are_kept_apart():
    assert split([10, -1], [10, 0], [100, -30], [100, 0]).other == pytest.approx(30)
    assert split([0, 0], [1, 1], [0, 0], [5, 5]) is None


service = st.tuples(st.integers(0, 50), st.integers(0, 50), st.floats(0.5, 100), st.floats(0.5, 100))


@given(st.lists(service, min_size=1, max_size=8))
def test_parts_sum_to_the_change(rows):
    q0, q1, p0, p1 = (np.array(part, float) for part in zip(*rows, strict=True))
    parts = split(q0, q1, q0 * p0, q1 * p1)
    if parts is None:
        assert q0.sum() == 0 or q1.sum() == 0
    else:
        total = parts.volume + parts.mix + parts.price + parts.other
        assert total == pytest.approx((q1 * p1 - q0 * p0).sum(), abs=1e-6)
