"""LMDI and Kitagawa: published numbers first, then the laws they must keep."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from audit.models.factors import kitagawa, kitagawa_bounds, lmdi, log_mean

factor = st.floats(0.01, 1e4)


def test_teaching_clinic() -> None:
    """Ambulatory revenue = calls × conversion × visits per primary × receipt per visit ÷ share of calls."""
    before = np.array([1043.0, 0.420, 1747 / 476, 5.712e6 / 1747, 476 / (1043 * 0.420)])
    after = np.array([1739.0, 0.566, 4281 / 1070, 16.380e6 / 4281, 1070 / (1739 * 0.566)])
    parts = lmdi(before, after) / 1e6
    assert parts[:4] == pytest.approx([5.18, 3.02, 0.88, 1.59], abs=0.015)
    assert parts.sum() == pytest.approx(16.380 - 5.712, abs=1e-9)


def test_log_mean_is_between_geometric_and_arithmetic() -> None:
    assert log_mean(2.0, 1.0) == pytest.approx(1 / np.log(2))
    assert log_mean(3.0, 3.0) == 3.0
    assert log_mean(3.0, 0.0) == 0.0
    assert log_mean(1 + 1e-9, 1.0) == pytest.approx(1 + 5e-10, abs=1e-14)


pairs = st.integers(1, 6).flatmap(
    lambda k: st.tuples(arrays.arrays(float, k, elements=factor), arrays.arrays(float, k, elements=factor))
)


@given(pairs)
def test_contributions_sum_to_the_change(pair: tuple[np.ndarray, np.ndarray]) -> None:
    before, after = pair
    parts = lmdi(before, after)
    change = after.prod() - before.prod()
    assert parts.sum() == pytest.approx(change, abs=1e-12 * max(after.prod(), before.prod()))


@given(pairs)
def test_reversed_in_time_the_signs_turn(pair: tuple[np.ndarray, np.ndarray]) -> None:
    before, after = pair
    assert lmdi(after, before) == pytest.approx(
        -lmdi(before, after), rel=1e-6, abs=1e-9 * max(after.prod(), before.prod())
    )


@given(pairs)
def test_a_factor_that_stays_contributes_nothing(pair: tuple[np.ndarray, np.ndarray]) -> None:
    before, after = pair
    after = np.append(after, 7.0)
    assert abs(lmdi(np.append(before, 7.0), after)[-1]) <= 1e-12 * 7 * max(after.prod(), before.prod(), 1.0)


def test_zero_factors_take_the_limit() -> None:
    assert lmdi([0.0, 5.0], [2.0, 6.0]) == pytest.approx([12.0, 0.0])
    assert lmdi([2.0, 6.0, 1.0], [0.0, 0.0, 9.0]) == pytest.approx([-6.0, -6.0, 0.0])
    assert lmdi([0.0, 5.0], [0.0, 6.0]) == pytest.approx([0.0, 0.0])
    nearly = lmdi([1e-300, 5.0], [2.0, 6.0])
    assert nearly == pytest.approx([12.0, 0.0], abs=0.01)


def test_leading_axes_are_decomposed_one_by_one() -> None:
    rng = np.random.default_rng(1)
    before, after = rng.gamma(2.0, size=(4, 3, 5)), rng.gamma(2.0, size=(4, 3, 5))
    parts = lmdi(before, after)
    assert parts.shape == (4, 3, 5)
    assert parts[2, 1] == pytest.approx(lmdi(before[2, 1], after[2, 1]))


@pytest.mark.parametrize(("before", "after"), [([1.0], [1.0, 2.0]), ([-1.0], [1.0]), ([np.nan], [1.0]), (1.0, 2.0)])
def test_bad_factors_are_refused(before: object, after: object) -> None:
    with pytest.raises(ValueError, match="factors"):
        lmdi(before, after)  # type: ignore[arg-type]


def test_kitagawa_by_hand() -> None:
    parts = kitagawa(weights_before=[60, 40], rates_before=[0.5, 0.2], weights_after=[30, 70], rates_after=[0.6, 0.3])
    assert parts.change == pytest.approx((0.3 * 0.6 + 0.7 * 0.3) - (0.6 * 0.5 + 0.4 * 0.2))
    assert parts.rate == pytest.approx(0.45 * 0.1 + 0.55 * 0.1)
    assert parts.mix == pytest.approx(-0.3 * 0.55 + 0.3 * 0.25)


def test_teaching_clinic_changed_by_rate_not_mix() -> None:
    parts = kitagawa(
        weights_before=[290, 270, 262, 221],
        rates_before=[0.575, 0.450, 0.360, 0.251],
        weights_after=[460, 440, 430, 409],
        rates_after=[0.620, 0.580, 0.555, 0.501],
    )
    assert parts.change == pytest.approx(0.146, abs=0.001)
    assert abs(parts.mix) < 0.005
    assert parts.rate == pytest.approx(parts.change - parts.mix)


groups = st.integers(1, 6).flatmap(
    lambda k: st.tuples(
        *(
            arrays.arrays(float, k, elements=st.floats(low, high))
            for low, high in ((0.1, 100), (0, 1), (0.1, 100), (0, 1))
        )
    )
)


@given(groups)
def test_mix_and_rate_sum_to_the_change(group: tuple[np.ndarray, ...]) -> None:
    w0, r0, w1, r1 = group
    parts = kitagawa(weights_before=w0, rates_before=r0, weights_after=w1, rates_after=r1)
    assert parts.mix + parts.rate == pytest.approx(parts.change, abs=1e-12)
    assert parts.mix_by_group.sum() == pytest.approx(parts.mix, abs=1e-12)
    assert parts.rate_by_group.sum() == pytest.approx(parts.rate, abs=1e-12)


def test_a_group_that_came_or_left_is_mix() -> None:
    parts = kitagawa(weights_before=[10, 0], rates_before=[0.4, np.nan], weights_after=[10, 10], rates_after=[0.4, 0.8])
    assert parts.rate == pytest.approx(0.0)
    assert parts.mix == pytest.approx(0.2)


def test_kitagawa_refuses_what_is_not_a_share() -> None:
    with pytest.raises(ValueError, match="weights"):
        kitagawa(weights_before=[0], rates_before=[0.1], weights_after=[1], rates_after=[0.1])
    with pytest.raises(ValueError, match="rate"):
        kitagawa(weights_before=[1], rates_before=[np.nan], weights_after=[1], rates_after=[0.1])


def test_bounds_cover_the_split() -> None:
    before = {"successes_before": [167, 122, 94, 55], "trials_before": [290, 270, 262, 221]}
    after = {"successes_after": [285, 255, 239, 205], "trials_after": [460, 440, 430, 409]}
    bounds = kitagawa_bounds(**before, **after, seed=1)
    assert bounds.shape == (4, 2)
    assert bounds[3, 0] < 1.347 < bounds[3, 1]
    assert bounds[0, 0] < 0.146 < bounds[0, 1]
    assert bounds[1, 0] < 0 < bounds[1, 1] or abs(bounds[1]).max() < 0.02
    assert bounds[2, 0] > 0.08


def test_bounds_with_a_new_group() -> None:
    bounds = kitagawa_bounds(successes_before=[40, 0], trials_before=[100, 0], successes_after=[40, 80], trials_after=[100, 100])
    assert bounds[1, 0] > 0.1
    assert bounds[2, 0] < 0 < bounds[2, 1]
