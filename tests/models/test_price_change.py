"""Arithmetic of one change of price: closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models import price_change


def test_five_hundred_off_for_thirty_per_cent_more_callers():
    elasticity = np.log(1.30) / np.log(2000 / 2500)
    assert elasticity == pytest.approx(-1.1758, abs=1e-4)
    assert price_change.log_change(elasticity, 2000, 2500) == pytest.approx(0.30)
    assert price_change.cost_per_extra(elasticity, 2000, 2500) == pytest.approx(500 / 0.30)
    assert price_change.cost_per_extra(0.1, 2000, 2500) == np.inf


def test_break_even_leaves_contribution_unchanged():
    even = price_change.break_even_elasticity(margin=9000, reference=2500, price=2000)
    assert (1 + price_change.log_change(even, 2000, 2500)) * 8500 == pytest.approx(9000)
    with pytest.raises(ValueError, match="margin"):
        price_change.break_even_elasticity(margin=400, reference=2500, price=2000)


def test_price_level_is_compounded_year_by_year():
    """12 % over 2015 and 10 % over 2016: half of 2015 is worth 1.12^½, and years not given stand still."""
    level = price_change.price_level({2015: 0.12, 2016: 0.10}, [2014.5, 2015.0, 2015.5, 2016.0, 2017.0])
    assert level == pytest.approx(np.array([1, 1, 1.12**0.5, 1.12, 1.12 * 1.1]) / (1.12 * 1.1))
    assert price_change.price_level({}, [2015.0, 2016.0]) == pytest.approx([1, 1])
