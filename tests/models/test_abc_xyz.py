"""ABC and XYZ: a textbook list by hand, laws, and noise that was put in."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.abc_xyz import abc, evenness


def test_classes_by_hand():
    """Shares 50, 30, 12, 5, 3 %: the first two reach 80 %, the third crosses into B, the rest fall after 92 and 97 %."""
    found = abc([[50, 30, 12, 5, 3]])
    assert "".join(found.letter) == "AABBC"
    assert found.share == pytest.approx([0.5, 0.3, 0.12, 0.05, 0.03]) and found.rank.tolist() == [1, 2, 3, 4, 5]


def test_what_loses_or_brings_nothing_is_c():
    found = abc([[100, 0, -20]])
    assert "".join(found.letter) == "ACC" and found.share.tolist() == [1, 0, 0]
    assert abc([[0, 0], [-1, 0]]) is None


def test_resampled_months_hold_the_share_that_was_put_in():
    rng = np.random.default_rng(3)
    truth = np.array([0.4, 0.3, 0.2, 0.1])
    held = []
    for seed in range(60):
        months = 100 * truth * np.exp(0.2 * rng.standard_normal((12, 4)) - 0.02)
        found = abc(months, seed=seed, draws=400)
        held += list((found.share_low <= truth) & (truth <= found.share_high))
    # 240 intervals, dependent within a run
    assert np.mean(held) > 0.83


def test_steady_months_are_sure_and_order_of_things_does_not_matter():
    months = np.tile([8.0, 1.0, 4.0], (12, 1)) + np.random.default_rng(0).normal(0, 0.01, (12, 3))
    one, other = abc(months), abc(months[:, ::-1])
    assert (one.same == 1).all() and (one.rank_low == one.rank).all()
    assert one.letter.tolist() == other.letter[::-1].tolist()


def test_a_change_of_currency_changes_no_class():
    months = np.random.default_rng(1).gamma(2, 10, (12, 6))
    one, other = abc(months), abc(months * 100)
    assert one.letter.tolist() == other.letter.tolist() and one.share_low == pytest.approx(other.share_low)


def test_growth_and_season_are_not_unevenness():
    month = np.arange(36) % 12
    season = 1 + 0.3 * np.sin(month / 12 * 2 * np.pi)
    even = 100 * season * 1.02 ** np.arange(36)
    noisy = 20 * season * np.exp(0.4 * np.random.default_rng(2).standard_normal(36))
    cv, letters = evenness(np.column_stack([10 * even, even, noisy]), month + 1)
    assert letters.tolist() == ["X", "X", "Z"] and cv[1] < 0.06


def test_noise_is_found_as_large_as_it_was_put_in():
    rng = np.random.default_rng(5)
    units = np.maximum(100 + 20 * rng.standard_normal((18, 200)), 0)
    cv, letters = evenness(units, np.arange(18) % 12)
    assert cv.mean() == pytest.approx(0.20, abs=0.01) and (letters == "Y").mean() > 0.7


def test_too_few_months_have_no_letter():
    cv, letters = evenness(np.ones((11, 2)), np.arange(11))
    assert np.isnan(cv).all() and letters.tolist() == ["–", "–"]
    assert evenness(np.zeros((12, 1)), np.arange(12))[1].tolist() == ["–"]
