"""Change of a mix: against scipy's chi-square and V, and as often inside its bounds as promised."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from audit.models.mix_change import mix_change


@pytest.mark.parametrize("counts", [[[90, 60, 50], [60, 60, 80]], [[500, 20], [430, 70]], [[30, 30, 30, 10], [10, 35, 35, 20]]])
def test_chi_square_p_and_v_are_scipys(counts):
    found = mix_change(counts)
    other = stats.chi2_contingency(counts, correction=False)
    assert (found.chi2, found.p, found.df) == pytest.approx((other.statistic, other.pvalue, other.dof))
    # Bergsma's correction of Cramér's V, from scipy's uncorrected one
    n, (r, c) = np.sum(counts), np.shape(counts)
    phi2 = stats.contingency.association(np.array(counts), method="cramer") ** 2 * (min(r, c) - 1)
    corrected = max(0.0, phi2 - (r - 1) * (c - 1) / (n - 1))
    smaller = min(r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)) - 1
    assert found.v == pytest.approx(np.sqrt(corrected / smaller))


def test_bounds_are_where_the_chi_square_falls_into_the_tails():
    counts = [[90, 60, 50], [60, 60, 80]]
    found = mix_change(counts, 0.90)
    for bound, below in ((found.low, 0.95), (found.high, 0.05)):
        assert stats.ncx2.cdf(found.chi2, found.df, bound**2 * found.n) == pytest.approx(below, abs=1e-6)


def test_true_v_is_inside_as_often_as_promised():
    rng = np.random.default_rng(11)
    now, past = np.array([0.30, 0.30, 0.40]), np.array([0.20, 0.30, 0.50])
    mean = (now + past) / 2
    truth = np.sqrt(((now - mean) ** 2 / mean).sum())
    inside = 0
    for _draw in range(300):
        found = mix_change([rng.multinomial(400, now), rng.multinomial(400, past)], 0.90)
        inside += found.low <= truth <= found.high
    # 300 draws at 90 %: the binomial error is 1.7 points; the chi-square is non-central only in large samples
    assert inside / 300 == pytest.approx(0.90, abs=0.05)


def test_same_mix_has_the_lower_bound_zero():
    found = mix_change([[50, 50], [51, 49]])
    assert found.v == 0 and found.low == 0 and 0 < found.high < 0.2


@pytest.mark.parametrize("counts", [[[5, 0], [7, 0]], [[5, 3], [0, 0]], [[0, 0], [0, 0]], [[5], [6]]])
def test_nothing_to_compare(counts):
    assert mix_change(counts) is None


def test_complete_change_is_one():
    found = mix_change([[40, 0], [0, 40]])
    assert found.v == pytest.approx(1) and found.high == 1
