"""Incremental model: published adstock, an example of known truth, and the gates that refuse a number."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models import media_mix

WEEKS = 156
GAIN, SHARE, CARRY = {"social": 45.0, "radio": 30.0}, {"social": 0.6, "radio": 0.5}, {"social": 0.4, "radio": 0.2}


def example(seed: int, drift: float = 0.0) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Callers a week from a seasonal level and two channels with adstock .4 and .2, and their spend."""
    rng = np.random.default_rng(seed)
    time = np.arange(WEEKS)
    mean = 120 * np.exp(0.2 * time / WEEKS + 0.1 * np.sin(2 * np.pi * time / 52.18))
    spend = {}
    for name in GAIN:
        x = 40 * np.exp(0.6 * rng.standard_normal(WEEKS)) * (rng.random(WEEKS) > 0.1)
        last = x[-13:]
        present = last[last > 0].mean()
        stock, half = media_mix.adstock(x, np.array(CARRY[name])), present * SHARE[name] / (1 - SHARE[name])
        mean = mean + GAIN[name] * np.exp(drift * (time / WEEKS - 0.5)) * stock * (present + half) / (present * (stock + half))
        spend[name] = x
    return rng.poisson(mean).astype(float), spend


def fitted(seed: int, **more) -> media_mix.Mix:
    callers, spend = example(seed)
    return media_mix.fit(callers=callers, spend=spend | more, recorded={"social": 20.0, "radio": 4.0}, seed=1)


def test_adstock_as_published():
    # Robyn, adstock_geometric(rep(100, 5), 0.5): its weights add up to 1 / (1 − theta), ours to one
    spend = np.r_[np.zeros(media_mix.LAGS), np.full(5, 100.0)]
    found = media_mix.adstock(spend, np.array(0.5)) / (1 - 0.5)
    assert found[-5:] == pytest.approx([100, 150, 175, 187.5, 193.75])
    assert media_mix.adstock(np.full(30, 7.0), np.array(0.6)) == pytest.approx(7 * (1 - 0.6**media_mix.LAGS))


def test_known_truth_is_recovered():
    held = dict.fromkeys(("gain", "share", "carry", "cost"), 0)
    told = 0
    for seed in range(30):
        mix = fitted(seed)
        for column, name in enumerate(mix.fitted):
            told += 1
            truth = {"gain": (mix.gain, GAIN), "share": (mix.share, SHARE), "carry": (mix.carry, CARRY)}
            for part, (draws, values) in truth.items():
                low, high = np.quantile(draws[:, column], [0.05, 0.95])
                held[part] += low <= values[name] <= high
            low, high = np.quantile(mix.marginal_cost[:, column], [0.05, 0.95])
            held["cost"] += low <= mix.spend[column] / (GAIN[name] * SHARE[name]) <= high
    assert told >= 50
    assert all(share >= 0.8 * told for share in held.values()), held


def test_recorded_attribution_is_corrected():
    # four callers a week were recorded under the radio, thirty came of it
    radio = np.mean([np.median(mix.gain[:, mix.fitted.index("radio")]) for mix in map(fitted, range(12)) if "radio" in mix.fitted])
    assert 15 < radio < 45


def test_curves_pass_through_the_present_and_flatten():
    mix = fitted(1)
    assert mix.callers(mix.spend) == pytest.approx(mix.gain)
    assert (mix.callers(2 * mix.spend) < 2 * mix.gain).all() and (mix.callers(0 * mix.spend) == 0).all()


def test_a_flat_channel_has_no_incremental_effect():
    mix = fitted(1, search=np.full(WEEKS, 50.0))
    assert mix.gates["search"] == "flat_spend" and "search" not in mix.fitted


def test_channels_bought_together_are_not_told_apart():
    callers, spend = example(1)
    spend["second"] = spend["social"] * 1.5 + 1
    mix = media_mix.fit(callers=callers, spend=spend, recorded={}, seed=1)
    assert mix.gates["social"] == mix.gates["second"] == "collinear" and mix.gates["radio"] == "fitted"


def test_two_years_at_least():
    callers, spend = example(1)
    mix = media_mix.fit(callers=callers[:80], spend={name: x[:80] for name, x in spend.items()}, recorded={}, seed=1)
    assert set(mix.gates.values()) == {"too_few_weeks"} and not mix.fitted


def test_an_effect_that_moved_is_not_averaged():
    callers, spend = example(1, drift=3.0)
    mix = media_mix.fit(callers=callers, spend=spend, recorded={"social": 30.0, "radio": 30.0}, seed=1)
    assert "moved" in mix.gates.values()


def test_same_seed_same_draws():
    assert np.array_equal(fitted(2).gain, fitted(2).gain)


def test_the_last_weeks_are_foretold_better_with_spend_that_works():
    real, idle = [], []
    for seed in range(8):
        callers, spend = example(seed)
        _callers, other = example(seed + 500)
        for found, x in ((real, spend), (idle, other)):
            found.append(media_mix.held_out(
                callers=callers, spend=np.array(list(x.values())), prior_gain=np.log([20.0, 20.0]), keep=np.ones(WEEKS, bool), present_weeks=13))
    assert np.mean(np.array(real) > media_mix.LEAST_BETTER) > 0.8
    assert np.median(idle) < media_mix.LEAST_BETTER and np.mean(np.array(idle) > media_mix.LEAST_BETTER) < 0.4


def test_spend_that_foretells_nothing_is_not_told():
    callers, spend = example(1)
    rng = np.random.default_rng(4)
    mix = media_mix.fit(callers=rng.permutation(callers), spend=spend, recorded={"social": 30.0, "radio": 30.0}, seed=1)
    assert set(mix.gates.values()) == {"not_predicted"} and not mix.fitted and mix.gain.shape == (media_mix.KEPT, 0)
