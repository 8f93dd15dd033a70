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


def test_without_strata_all_trials_count():
    found = standardise_rates([30, 50, 8], [100, 80, 20], unit=[0, 1, 2], strata={})
    assert found.effective == pytest.approx([100, 80, 20], rel=0.02)


def test_a_unit_in_hours_of_its_own_is_known_less_well():
    """Unit 0 works evenings but for ten calls: what is the evening's and what is its own can hardly be told."""
    unit, part = [0, 0, 1, 1], [0, 1, 0, 1]
    apart = standardise_rates([5, 150, 150, 5], [10, 300, 300, 10], unit=unit, strata={"part": part}).effective
    mixed = standardise_rates([75, 75, 75, 75], [155, 155, 155, 155], unit=unit, strata={"part": part}).effective
    assert (mixed == pytest.approx(310, rel=0.02)) and (apart < 100).all()


def test_effective_trials_give_the_spread_of_the_standardised_rates():
    rng, n = np.random.default_rng(6), np.array([60, 340, 300, 100, 200, 200])
    unit, part = np.repeat([0, 1, 2], 2), np.tile([0, 1], 3)
    p = 1 / (1 + np.exp(-np.array([0.2, -0.5, 0.0, -0.7, 0.4, -0.3])))
    found = [standardise_rates(rng.binomial(n, p), n, unit=unit, strata={"part": part}) for _ in range(600)]
    spread = np.std([f.rate for f in found], axis=0)
    told = np.mean([np.sqrt(f.rate * (1 - f.rate) / f.effective) for f in found], axis=0)
    assert told == pytest.approx(spread, rel=0.12)
