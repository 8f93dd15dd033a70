"""Placebo dates: which dates are admissible, their spread, the rank of the real one."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.placebo_dates import Placebos, placebo_dates


def test_every_earlier_date_with_room_before_and_after_it_is_tried() -> None:
    tried: list[int] = []

    def error(start: int) -> float:
        tried.append(start)
        return 1.0

    found = placebo_dates(error, weeks=40, span=8)
    assert sorted(tried) == list(range(12, 33))
    assert found is not None and found.errors.size == 21


@pytest.mark.parametrize(("weeks", "span"), [(25, 8), (30, 16), (10, 2)])
def test_without_room_there_are_none(weeks: int, span: int) -> None:
    assert placebo_dates(lambda _: 1.0, weeks=weeks, span=span) is None


def test_dates_that_cannot_be_fitted_do_not_count() -> None:
    assert placebo_dates(lambda start: None if start % 2 else 1.0, weeks=30, span=2) is None


def test_rank_is_the_share_at_least_as_large() -> None:
    placebos = Placebos(np.array([0.1, -0.5, 1.0, 2.0] * 5), independent=5)
    assert placebos.rank(1.5) == pytest.approx(6 / 21)
    assert placebos.rank(9) == pytest.approx(1 / 21)


def test_fewer_independent_dates_give_a_wider_interval() -> None:
    errors = np.ones(20)
    assert Placebos(errors, 2).half(0.9) > Placebos(errors, 20).half(0.9) > 1.64
