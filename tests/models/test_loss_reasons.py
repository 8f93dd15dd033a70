"""Loss reasons: the parts are the whole, the order is by money, the truth is recovered."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.loss_reasons import reason_money

LOST = (1000.0, 900.0, 1110.0)


def test_parts_make_the_whole():
    found = reason_money([50, 30, 20], LOST, level=0.9, seed=1)
    assert found.money[:, 0] == pytest.approx([500, 300, 200])
    assert found.cumulative == pytest.approx([0.5, 0.8, 1.0])
    assert (found.money[:, 1] < found.money[:, 0]).all() and (found.money[:, 0] < found.money[:, 2]).all()


def test_order_of_reasons_does_not_matter_for_what_is_reached():
    assert reason_money([20, 50, 30], LOST, level=0.9, seed=1).cumulative == pytest.approx([1.0, 0.5, 0.8])


def test_more_marked_calls_narrow_a_reason():
    few, many = (reason_money(np.array([50, 30, 20]) * k, (1000.0,) * 3, level=0.9, seed=1).money[0] for k in (1, 100))
    assert many[2] - many[1] < 0.2 * (few[2] - few[1])


def test_the_truth_is_covered():
    truth, inside = np.array([0.5, 0.3, 0.15, 0.05]), []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        value = float(rng.lognormal(np.log(1000), 0.08))
        z = 1.6449 * 0.08
        lost = (value, value * np.exp(-z), value * np.exp(z))
        money = reason_money(rng.multinomial(200, truth), lost, level=0.9, seed=seed).money
        inside.append((money[:, 1] <= 1000 * truth) & (1000 * truth <= money[:, 2]))
    assert np.mean(inside) > 0.85
