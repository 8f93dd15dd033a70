"""Ratios over clusters: the textbook error, what independence gives, and visits of one patient that are alike."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from audit.models.clustered import design_effect, ratio_of_sums


def sums(top: np.ndarray, bottom: np.ndarray) -> dict[str, list[float]]:
    return {
        "top": [top.sum()], "bottom": [bottom.sum()], "top_squares": [(top**2).sum()], "products": [(top * bottom).sum()],
        "bottom_squares": [(bottom**2).sum()], "clusters": [len(top)],
    }  # fmt: skip


def test_a_mean_has_its_usual_standard_error():
    x = np.random.default_rng(0).gamma(2, 3, 50)
    ratio, se = ratio_of_sums(**sums(x, np.ones(50)))
    assert ratio[0] == pytest.approx(x.mean()) and se[0] == pytest.approx(x.std(ddof=1) / np.sqrt(50))


def test_a_share_of_visits_has_the_clustered_error_of_statsmodels():
    rng = np.random.default_rng(1)
    n = rng.integers(1, 9, 400)
    k = rng.binomial(n, rng.beta(3, 1, 400))
    ratio, se = ratio_of_sums(**sums(k.astype(float), n.astype(float)))
    visits = np.concatenate([np.repeat([1.0, 0.0], [one, all_ - one]) for one, all_ in zip(k, n, strict=True)])
    fit = sm.OLS(visits, np.ones(len(visits))).fit(
        cov_type="cluster", cov_kwds={"groups": np.repeat(np.arange(400), n), "use_correction": False}
    )
    assert ratio[0] == pytest.approx(fit.params[0])
    assert se[0] == pytest.approx(fit.bse[0] * np.sqrt(400 / 399))


def test_visits_that_are_alike_count_for_less():
    n = np.full(200, 5.0)
    alike = n * (np.arange(200) % 2)
    ratio, se = ratio_of_sums(**sums(alike, n))
    assert design_effect(ratio, se, [n.sum()]) == pytest.approx(5, rel=0.02)
    assert design_effect([0.5], [np.nan], [10]) == 1


def test_one_cluster_has_no_error():
    ratio, se = ratio_of_sums(**sums(np.array([3.0]), np.array([4.0])))
    assert ratio[0] == 0.75 and np.isnan(se[0])
