"""Indirect standardisation recovers simulated units that work in different strata."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from audit.models.standardise import standardise_rates


def _cells(rng: np.random.Generator, skill: list[float], evening: list[float], size: int) -> dict[str, np.ndarray]:
    unit, hour, k, n = [], [], [], []
    for a, (effect, share) in enumerate(zip(skill, evening, strict=True)):
        for late in (0, 1):
            trials = int(size * (share if late else 1 - share))
            p = 1 / (1 + np.exp(-(-0.2 + effect - 0.9 * late)))
            unit.append(a), hour.append(late), n.append(trials), k.append(rng.binomial(trials, p))
    return {"unit": np.array(unit), "hour": np.array(hour), "k": np.array(k), "n": np.array(n)}


def test_the_evening_unit_is_not_blamed_for_the_evening() -> None:
    cells = _cells(np.random.default_rng(2), [0.0, 0.0, 0.3], [0.1, 0.1, 0.9], 20_000)
    raw = np.bincount(cells["unit"], cells["k"]) / np.bincount(cells["unit"], cells["n"])
    result = standardise_rates(cells["k"], cells["n"], unit=cells["unit"], strata={"hour": cells["hour"]})
    assert raw[2] < raw[0]
    assert result.rate[2] > result.rate[0] + 0.04
    assert result.rate[0] == pytest.approx(result.rate[1], abs=0.015)


def test_same_mix_changes_nothing() -> None:
    cells = _cells(np.random.default_rng(3), [0.4, 0.0, -0.4], [0.3, 0.3, 0.3], 20_000)
    raw = np.bincount(cells["unit"], cells["k"]) / np.bincount(cells["unit"], cells["n"])
    result = standardise_rates(cells["k"], cells["n"], unit=cells["unit"], strata={"hour": cells["hour"]})
    assert result.rate == pytest.approx(raw, abs=0.005)


def test_expected_agrees_with_statsmodels() -> None:
    cells = _cells(np.random.default_rng(4), [0.5, 0.0, -0.5], [0.2, 0.5, 0.8], 5_000)
    result = standardise_rates(cells["k"], cells["n"], unit=cells["unit"], strata={"hour": cells["hour"]})
    design = np.column_stack([np.ones(6), cells["unit"] == 1, cells["unit"] == 2, cells["hour"]]).astype(float)
    fit = sm.GLM(np.column_stack([cells["k"], cells["n"] - cells["k"]]), design, family=sm.families.Binomial()).fit()
    effect = design[:, 1:3] @ fit.params[1:3]
    logits = design @ fit.params - effect + cells["n"] @ effect / cells["n"].sum()
    expected = np.bincount(cells["unit"], cells["n"] / (1 + np.exp(-logits)))
    assert result.expected == pytest.approx(expected, rel=2e-3)


def test_the_pooled_rate_is_kept() -> None:
    cells = _cells(np.random.default_rng(5), [0.5, 0.0, -0.5], [0.2, 0.5, 0.8], 300)
    result = standardise_rates(cells["k"], cells["n"], unit=cells["unit"], strata={"hour": cells["hour"]})
    cases = np.bincount(cells["unit"], cells["n"])
    assert cases @ result.rate / cases.sum() == pytest.approx(cells["k"].sum() / cells["n"].sum())


@pytest.mark.parametrize(("k", "n"), [([0, 0], [5, 5]), ([5, 5], [5, 5]), ([0, 1], [0, 1]), ([3], [7])])
def test_thin_data_stay_finite(k: list[int], n: list[int]) -> None:
    unit = np.arange(len(k))
    result = standardise_rates(k, n, unit=unit, strata={"hour": np.arange(len(k)), "channel": np.zeros(len(k))})
    assert ((result.rate >= 0) & (result.rate <= 1) | np.isnan(result.rate)).all()


def test_no_cases_at_all() -> None:
    assert np.isnan(standardise_rates([0.0], [0.0], unit=[0], strata={}).rate).all()
