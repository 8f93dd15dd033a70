"""Units over those expected from residents."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from audit.models.representation import representation, spread_years


def test_ratio_and_exact_poisson_bounds():
    found = representation(observed=[5, 95], reference=[200, 800], level=0.95)
    assert found.expected == pytest.approx([20, 80])
    assert found.ratio == pytest.approx([0.25, 95 / 80])
    # Garwood's bounds of 5 events are 1.6235 and 11.6683, as any table of exact Poisson limits prints
    assert (found.low[0], found.high[0]) == pytest.approx((1.6235 / 20, 11.6683 / 20), abs=1e-5)
    assert found.low[1] == pytest.approx(stats.chi2.ppf(0.025, 190) / 2 / 80)


def test_nobody_comes_and_nobody_lives_there():
    found = representation(observed=[0, 10, 2], reference=[100, 100, 0], level=0.90)
    assert found.ratio[0] == 0 and found.low[0] == 0 and found.high[0] == pytest.approx(-np.log(0.05) / 6)
    assert np.isnan([found.ratio[2], found.low[2], found.high[2]]).all()
    assert np.isnan(representation(observed=[1], reference=[0]).ratio).all()


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="shape"):
        representation(observed=[1, 2], reference=[1])


@given(st.lists(st.tuples(st.integers(0, 200), st.floats(1, 1e6)), min_size=1, max_size=8))
def test_observed_are_expected_in_all_and_bounds_hold_the_ratio(groups):
    observed, reference = (np.array(part, float) for part in zip(*groups, strict=True))
    found = representation(observed=observed, reference=reference)
    assert found.expected.sum() == pytest.approx(observed.sum())
    if observed.sum():
        assert (found.low <= found.ratio + 1e-9).all() and (found.ratio <= found.high + 1e-9).all()


def test_bands_are_spread_over_their_years():
    years = spread_years(age_from=[0, 5, 60], age_to=[4, 9, 150], people=[50, 20, 91])
    assert years[:5] == pytest.approx([10] * 5) and years[5:10] == pytest.approx([4] * 5)
    assert years[10:60].sum() == 0 and years[60:] == pytest.approx([1] * 71)
