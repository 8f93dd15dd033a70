"""Means standardised for case mix: recover planted effects of units that see different cases."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf

from audit.models.standardise import expected_counts, standardise_means, stratum, within_slots


def test_removes_what_the_mix_of_cases_does():
    """Units 0 and 1 are equally good, but unit 1 sees mostly dear cases; unit 2 brings 50 more on any case."""
    rng = np.random.default_rng(0)
    unit = rng.integers(0, 3, 6000)
    dear = rng.random(6000) < np.array([0.2, 0.8, 0.5])[unit]
    money = rng.gamma(4, np.where(dear, 75, 25)) + 50 * (unit == 2)
    raw = [money[unit == u].mean() for u in range(3)]
    fair = standardise_means(money, unit=unit, units=3, strata={"case": dear.astype(int)})
    assert raw[1] - raw[0] > 100
    assert fair.mean[1] - fair.mean[0] == pytest.approx(0, abs=3 * np.hypot(*fair.se[:2]))
    assert fair.mean[2] - fair.mean[0] == pytest.approx(50, abs=3 * np.hypot(fair.se[2], fair.se[0]))
    assert fair.pooled == pytest.approx(money.mean())


def test_is_the_plain_mean_without_strata():
    money, unit = np.array([1.0, 3, 10, 20, 30]), np.array([0, 0, 1, 1, 1])
    fair = standardise_means(money, unit=unit, units=3, strata={})
    assert fair.mean[:2] == pytest.approx([2, 20]) and np.isnan(fair.mean[2])


def test_errors_hold_their_level():
    rng = np.random.default_rng(2)
    inside = []
    for _ in range(200):
        unit = rng.integers(0, 5, 400)
        case = rng.integers(0, 3, 400)
        money = rng.gamma(1, 10.0 * (1 + unit)) + 5 * case
        fair = standardise_means(money, unit=unit, units=5, strata={"case": case})
        truth = 10.0 * (1 + np.arange(5)) + 5 * case.mean()
        inside.append(np.abs(fair.mean - truth) < 1.645 * fair.se)
    assert np.mean(inside) == pytest.approx(0.9, abs=0.03)


def test_one_case_a_unit_is_not_certain():
    rng = np.random.default_rng(3)
    fair = standardise_means(rng.normal(10, 3, 41), unit=np.r_[np.zeros(40, int), 1], units=2, strata={})
    assert fair.se[1] > 1


def test_a_stratum_that_is_a_unit_and_no_cases():
    unit = np.repeat([0, 1], 20)
    fair = standardise_means(np.arange(40.0), unit=unit, units=2, strata={"room": unit})
    assert np.isfinite(fair.mean).all() and np.isfinite(fair.se).all()
    assert np.isnan(standardise_means([], unit=[], units=2, strata={}).mean).all()


def test_rare_levels_share_one():
    codes = stratum(["a"] * 40 + ["b"] * 35 + ["c"] * 3 + ["d"] * 2 + [None] * 30)
    assert len(set(codes)) == 4
    assert len(set(codes[75:80])) == 1


def cases(seed: int = 5, n: int = 900) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"unit": rng.integers(0, 4, n), "dx": rng.integers(0, 3, n), "age": rng.integers(0, 5, n)})
    return frame.assign(money=rng.gamma(2, 50 + 20 * frame.unit + 30 * frame.dx), lines=rng.poisson(1 + 0.5 * (frame.unit == 3), n))


def test_equals_statsmodels_least_squares_with_robust_errors():
    """g-computation by statsmodels OLS, HC1; the trace of a ridge moves the sixth digit."""
    frame = cases()
    fit = smf.ols("money ~ 0 + C(unit) + C(dx) + C(age)", frame).fit(cov_type="HC1")
    fair = standardise_means(frame.money, unit=frame.unit, units=4, strata={"dx": frame.dx, "age": frame.age})
    for unit in range(4):
        mean = fit.model.data.orig_exog.assign(**{f"C(unit)[{u}]": float(u == unit) for u in range(4)}).mean()
        there = fit.t_test(mean.to_numpy()[None])
        assert fair.mean[unit] == pytest.approx(there.effect.item(), rel=1e-3)
        assert fair.se[unit] == pytest.approx(there.sd.item(), rel=2e-3)


def test_expected_counts_equal_statsmodels_poisson():
    """Prediction at the geometric mean unit, scaled to the observed total; the wide prior moves the third digit."""
    frame = cases()
    fit = smf.glm("lines ~ C(unit, Sum) + C(dx)", frame, family=sm.families.Poisson()).fit()
    effects = {u: fit.params.get(f"C(unit, Sum)[S.{u}]", 0.0) for u in range(3)}
    effects[3] = -sum(effects.values())
    average = fit.fittedvalues / np.exp(frame.unit.map(effects))
    there = average.groupby(frame.unit).sum() * frame.lines.sum() / average.sum()
    ours = expected_counts(frame.lines, np.ones(len(frame)), unit=frame.unit, units=4, strata={"dx": frame.dx})
    assert ours == pytest.approx(there.to_numpy(), rel=3e-3)
    assert ours.sum() == pytest.approx(frame.lines.sum())
    assert expected_counts([0, 0], [5, 5], unit=[0, 1], units=2, strata={}) == pytest.approx([0, 0])


def on_duty(chosen: float, seed: int) -> tuple[np.ndarray, ...]:
    """Cases of three units in 300 slots, two on duty in each; with ``chosen`` the dear cases come when unit 2 is on."""
    rng = np.random.default_rng(seed)
    slot = np.repeat(np.arange(300), 10)
    duty = np.array([[0, 1], [0, 2], [1, 2]])[np.arange(300) % 3]
    unit = duty[slot, rng.integers(0, 2, 3000)]
    money = rng.gamma(4, 25.0, 3000) + 20.0 * (unit == 1) + chosen * (slot % 3 > 0)
    return money, unit, slot


def test_within_slots_equals_statsmodels_with_slot_effects():
    money, unit, slot = on_duty(60.0, 0)
    # a slot in which chance sent everybody to one unit is dummied by statsmodels and left out by us: the same
    fit = smf.ols("money ~ C(unit) + C(slot)", pd.DataFrame({"money": money, "unit": unit, "slot": slot})).fit()
    found = within_slots(money, unit=unit, units=3, strata={}, slot=slot)
    assert found.level[1] - found.level[0] == pytest.approx(fit.params["C(unit)[T.1]"], rel=1e-6)
    assert found.level[2] - found.level[0] == pytest.approx(fit.params["C(unit)[T.2]"], rel=1e-6)
    assert 0.95 < found.used <= 1


def test_says_when_the_busy_hours_make_the_difference_and_only_then():
    p = [within_slots(money, unit=unit, units=3, strata={}, slot=slot).p
         for money, unit, slot in (on_duty(0.0, seed) for seed in range(100))]
    assert np.mean(np.array(p) < 0.1) == pytest.approx(0.1, abs=0.07)
    money, unit, slot = on_duty(60.0, 1)
    found = within_slots(money, unit=unit, units=3, strata={}, slot=slot)
    assert found.p < 0.001 and found.difference[2] < -3 * found.se[2]


def test_slots_of_one_unit_say_nothing():
    found = within_slots(np.arange(40.0), unit=np.repeat([0, 1], 20), units=2, strata={}, slot=np.repeat([0, 1], 20))
    assert found.used == 0 and np.isnan(found.p) and np.isnan(found.level).all()
    assert np.isnan(within_slots([], unit=[], units=2, strata={}, slot=[]).p)
