"""Lorenz curve, top shares and classes: closed forms and bootstraps."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.concentration import class_shares, lorenz, top_share


def test_closed_form_of_a_pareto():
    """For Pareto(a) the top share s brings s^(1−1/a)."""
    amounts = (1 - (np.arange(100_000) + 0.5) / 100_000) ** (-1 / 3)
    value, low, high = top_share(amounts, 0.2)
    assert value == pytest.approx(0.2 ** (1 - 1 / 3), rel=2e-3) and low < value < high
    patients, revenue = lorenz(amounts)
    assert revenue[20] == pytest.approx(value) and revenue[-1] == pytest.approx(1) and patients[20] == pytest.approx(0.2)


def test_all_equal_and_one_has_all():
    assert top_share(np.full(100, 7.0), 0.1) == pytest.approx((0.1, 0.1, 0.1))
    assert top_share(np.r_[5.0, np.zeros(99)], 0.1)[0] == pytest.approx(1)


def test_interval_of_a_top_share_is_the_bootstrap_one():
    rng = np.random.default_rng(1)
    amounts = rng.lognormal(9, 1.2, 3000)
    drawn = [np.sort(rng.choice(amounts, 3000))[::-1] for _ in range(400)]
    low, high = np.quantile([x[:300].sum() / x.sum() for x in drawn], [0.05, 0.95])
    assert top_share(amounts, 0.1)[1:] == pytest.approx([low, high], abs=0.15 * (high - low))


def test_classes_by_bootstrap_of_patients():
    rng = np.random.default_rng(2)
    code, amount = rng.choice(3, 2000, p=[0.5, 0.4, 0.1]), rng.gamma(2, 50, 2000)
    amount[code == 2] *= 20
    shares = class_shares(code, amount, 4, seed=3)
    assert shares.unit_share.sum() == pytest.approx(1) and shares.amount_share.sum() == pytest.approx(1)
    draws = [rng.integers(0, 2000, 2000) for _ in range(400)]
    plain = [amount[d][code[d] == 2].sum() / amount[d].sum() for d in draws]
    assert [shares.amount_share_low[2], shares.amount_share_high[2]] == pytest.approx(np.quantile(plain, [0.05, 0.95]), abs=0.01)
    assert np.isnan(shares.mean[3]) and shares.count[3] == 0
    shuffled = rng.permutation(2000)
    again = class_shares(code[shuffled], amount[shuffled], 4, seed=3)
    assert again.amount_share_low == pytest.approx(shares.amount_share_low)


def test_no_patients_and_no_money():
    assert np.isnan(class_shares([], [], 3).mean).all()
    assert np.isnan(class_shares([0, 1], [0, 0], 2).amount_share).all()
