"""How a share reacts to price: the planted change is held as often as promised, and growth is not read as price."""

from __future__ import annotations

import numpy as np

from audit.models.share_response import fit_share

WEEKS = 60
MONTH = np.arange(WEEKS) // 4


def shares(seed, points=0.08, growth=0.0, per_week=40):
    rng = np.random.default_rng(seed)
    log_price = np.zeros((2, WEEKS))
    log_price[1, 24:36] = np.log(0.8)
    share = 0.45 + growth * np.arange(WEEKS) + np.array([[0.0], [0.05]]) + points * (log_price < 0)
    among = rng.poisson(per_week, (2, WEEKS)).astype(float)
    return {"events": rng.binomial(among.astype(int), share).astype(float), "among": among, "log_price": log_price, "month": MONTH}


def test_the_planted_points_are_held_as_often_as_promised():
    inside = 0
    for seed in range(40):
        _, low, high = fit_share(**shares(seed)).change(0.50, 0.8, 1.0, 0.90)
        inside += low <= 0.08 <= high
    # 36 expected, binomial standard error 1.9
    assert inside >= 32


def test_a_share_that_grows_in_all_branches_is_not_price():
    inside = 0
    for seed in range(40):
        _, low, high = fit_share(**shares(seed, points=0.0, growth=0.004)).change(0.50, 0.8, 1.0, 0.90)
        inside += low <= 0 <= high
    assert inside >= 32


def test_what_cannot_be_told_is_not():
    same = shares(1) | {"log_price": np.zeros((2, WEEKS))}
    assert fit_share(**same) is None
    nobody = shares(1)
    assert fit_share(**(nobody | {"events": 0 * nobody["events"]})) is None
    assert fit_share(**(nobody | {"among": np.full((2, WEEKS), np.nan)})) is None
