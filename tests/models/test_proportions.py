"""Intervals of counted things against published values and another library."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import multinomial_proportions_confint

from audit.models.proportions import cramers_v, multinomial, newcombe, poisson_rate, stratified_difference, wilson

PRINTED = 6e-5  # the papers print four decimals


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_as_newcombe_1998a_prints_it(k, n, low, high):
    assert wilson(k, n, 0.95) == pytest.approx((low, high), abs=PRINTED)


@pytest.mark.parametrize(("counts", "low", "high"), [((56, 70, 48, 80), 0.0524, 0.3339), ((9, 10, 3, 10), 0.1705, 0.8090)])
def test_difference_as_newcombe_1998b_prints_method_10(counts, low, high):
    assert newcombe(*counts, level=0.95) == pytest.approx((low, high), abs=PRINTED)


def test_poisson_is_garwoods():
    # five calls of the agency's test month: 1.6 to 11.7 (scenario, and any table of exact Poisson limits)
    assert poisson_rate(5, 1, 0.95) == pytest.approx((1.6235, 11.6683), abs=1e-4)
    assert poisson_rate(0, 2, 0.95) == pytest.approx((0, 3.6889 / 2), abs=1e-4)


@pytest.mark.parametrize("counts", [[56, 72, 73, 59, 62, 87, 58], [91, 49, 37, 43], [5, 0, 3], [400, 300, 5000], [1, 1]])
def test_multinomial_is_sison_and_glaz_of_statsmodels(counts):
    other = multinomial_proportions_confint(np.array(counts), alpha=0.05, method="sison-glaz")
    # both cut at the ends of the scale; the correction differs by rounding only
    np.testing.assert_allclose(np.column_stack(multinomial(counts, 0.95)), np.clip(other, 0, 1), atol=1e-7)


def test_multinomial_intervals_hold_together_as_often_as_promised():
    rng = np.random.default_rng(5)
    truth = np.array([0.5, 0.3, 0.15, 0.05])
    held = 0
    for counts in rng.multinomial(300, truth, size=120):
        low, high = multinomial(counts, 0.90)
        held += bool(np.all((low <= truth) & (truth <= high)))
    # 120 draws at 90 %: the binomial error is 2.7 points
    assert held / 120 == pytest.approx(0.90, abs=0.07)


@given(n=st.integers(1, 10_000), share=st.floats(0, 1), level=st.floats(0.5, 0.999))
def test_wilson_holds_the_share_and_stays_in_range(n, share, level):
    k = round(n * share)
    low, high = wilson(k, n, level)
    assert 0 <= low <= k / n <= high <= 1


def test_nothing_observed_is_unknown_not_zero():
    assert np.isnan(wilson(0, 0)).all()
    assert np.isnan(poisson_rate(0, 0)).all()
    assert np.isnan(newcombe(0, 0, 1, 2)).all()
    assert np.isnan(multinomial([0, 0])).all()


def test_arrays_go_through_together():
    low, high = wilson([1, 0], [29, 20], 0.95)
    assert low == pytest.approx([0.0061, 0], abs=PRINTED)
    assert high == pytest.approx([0.1718, 0.1611], abs=PRINTED)


def test_impossible_counts_are_refused():
    with pytest.raises(ValueError, match="between 0"):
        wilson(3, 2)
    with pytest.raises(ValueError, match="negative"):
        poisson_rate(-1)


def test_cramers_v():
    assert cramers_v([[10, 0], [0, 10]]) == pytest.approx(1.0)
    assert cramers_v([[20, 20], [20, 20]]) == 0
    assert cramers_v([[5, 0], [7, 0]]) == 0
    # Bergsma's correction: an association within chance counts as none
    assert cramers_v([[6, 4], [5, 5]]) == 0


def test_stratified_difference_of_one_stratum_is_the_plain_one():
    value, low, high = stratified_difference([30], [100], [20], [80], 0.90)
    z = stats.norm.isf(0.05)
    half = z * np.sqrt(0.3 * 0.7 / 100 + 0.25 * 0.75 / 80)
    assert value == pytest.approx(0.05) and (low, high) == pytest.approx((0.05 - half, 0.05 + half))


def test_stratified_difference_takes_out_what_differs_between_strata():
    # the same 10 points less in both strata, although pooled the first group looks worse
    value, low, high = stratified_difference([80, 8], [200, 80], [25, 48], [50, 240], 0.90)
    assert value == pytest.approx(-0.10) and low < value < high < 0
    assert (80 + 8) / 280 > (25 + 48) / 290
    assert np.isnan(stratified_difference([1, 0], [2, 0], [0, 1], [0, 2])[0])


def test_stratified_difference_holds_its_truth():
    held = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        base, n1, n2 = rng.uniform(0.1, 0.4, 8), rng.integers(10, 80, 8), rng.integers(10, 80, 8)
        _value, low, high = stratified_difference(rng.binomial(n1, base - 0.05), n1, rng.binomial(n2, base), n2, 0.90)
        held += low <= -0.05 <= high
    assert held / 200 >= 0.85 - 2 * 0.3 / 200**0.5
