"""Chain and shortfall: arithmetic by hand, then coverage of what was simulated."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.chain import chain, value_draws
from audit.models.shortfall import shortfall


def test_losses_by_hand() -> None:
    parts = chain([1000, 800, 400, 300], per=2.0, level=0.90, seed=1, value=(100.0, 90.0, 110.0))
    assert parts.share == pytest.approx([0.8, 0.5, 0.75])
    assert parts.lost == pytest.approx([100, 200, 50])
    # a caller lost at the first step would have come with 0.5 × 0.75
    assert parts.lost_money[:, 0] == pytest.approx([100 * 0.375 * 100, 200 * 0.75 * 100, 50 * 100])
    # one point more answered: 500 a month × 0.01 × 0.375
    assert parts.point_people[:, 0] == pytest.approx([500 * 0.01 * 0.375, 400 * 0.01 * 0.75, 200 * 0.01])
    assert parts.point_money[:, 0] == pytest.approx(parts.point_people[:, 0] * 100)
    assert (parts.point_money[:, 1] <= parts.point_money[:, 0]).all()
    assert (parts.point_money[:, 2] >= parts.point_money[:, 0]).all()


def test_the_last_step_is_as_uncertain_as_its_money() -> None:
    parts = chain([10_000_000, 5_000_000], per=1.0, level=0.90, seed=1, value=(100.0, 80.0, 125.0))
    assert parts.point_money[0, 1:] == pytest.approx([8_000_000, 12_500_000], rel=0.02)


def test_without_a_value_there_are_people_but_no_money() -> None:
    parts = chain([100, 50], per=1.0, level=0.90, seed=1)
    assert parts.point_people[0, 0] == pytest.approx(1.0)
    assert np.isnan(parts.point_money).all()


def test_nobody_entered() -> None:
    parts = chain([0, 0, 0], per=1.0, level=0.90, seed=1, value=(1.0, 0.5, 2.0))
    assert np.isnan(parts.share).all()
    assert parts.lost == pytest.approx([0, 0])


@pytest.mark.parametrize("counts", [[10, 20], [10], [10, np.nan], [5, -1]])
def test_stages_that_widen_are_refused(counts: list[float]) -> None:
    with pytest.raises(ValueError, match="fall"):
        chain(counts, per=1.0, level=0.90, seed=1)


def test_loss_covers_the_truth() -> None:
    """People who would have come, per true shares, lie inside the 90% interval about nine times of ten."""
    rng = np.random.default_rng(5)
    truth = 0.01 * 400 * 0.6 * 0.8
    inside = 0
    for _ in range(200):
        answered = rng.binomial(400, 0.9)
        booked = rng.binomial(answered, 0.6)
        came = rng.binomial(booked, 0.8)
        low, high = chain([400, answered, booked, came], per=1.0, level=0.90, seed=3).point_people[0, 1:]
        inside += low <= truth <= high
    assert 170 <= inside <= 194


def test_value_may_be_uncertain_about_its_sign() -> None:
    drawn = value_draws(10.0, -5.0, 25.0, level=0.90, rng=np.random.default_rng(1))
    assert np.quantile(drawn, [0.05, 0.95]) == pytest.approx([-5, 25], abs=1.5)


def test_shortfall_by_hand() -> None:
    rate = np.array([0.56, 0.45, 0.36, 0.26])
    parts = shortfall(
        rate=rate,
        low=rate - 0.04,
        high=rate + 0.04,
        trials_per_month=[290, 270, 262, 221],
        level=0.90,
        seed=1,
        worth=(12_000.0, 11_500.0, 12_500.0),
    )
    assert parts.goal[0] == pytest.approx(0.45)
    assert parts.people[:, 0] == pytest.approx([0, 0, 262 * 0.09, 221 * 0.19])
    assert parts.total_money[0] == pytest.approx((262 * 0.09 + 221 * 0.19) * 12_000)
    assert parts.people[0, 2] == 0.0
    assert parts.money[3, 1] > 0


def test_units_that_are_alike_lose_nothing_for_sure() -> None:
    rate = np.array([0.400, 0.401, 0.402, 0.403])
    parts = shortfall(rate=rate, low=rate - 0.03, high=rate + 0.03, trials_per_month=[200] * 4, level=0.90, seed=1)
    assert parts.total_people[1] == 0.0
    assert np.isnan(parts.total_money).all()


def test_one_unit_is_its_own_goal() -> None:
    parts = shortfall(
        rate=[0.4], low=[0.3], high=[0.5], trials_per_month=[100], level=0.90, seed=1, worth=(1.0, 1.0, 1.0)
    )
    assert parts.total_people == pytest.approx([0, 0, 0])
