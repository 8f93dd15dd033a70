"""Cohort triangle on cohorts drawn by hand."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.cohort_triangle import cohort_triangle


def test_shares_of_those_watched_to_the_end():
    """Cohort 0: four units, three watched for two periods; cohort 1: two units, watched for one."""
    triangle = cohort_triangle(
        cohort=[0, 0, 0, 0, 1, 1], last_age=[20, 20, 20, 12, 10, 10], owner=[0, 0, 0, 1, 3, 4], age=[0, 1, 10, 11, 5, 10],
        cohorts=2, periods=2, length=10, fewest=1,
    )
    assert triangle.share[0] == pytest.approx([2 / 4, 1 / 3])
    assert triangle.share[1][0] == pytest.approx(1 / 2) and np.isnan(triangle.share[1][1])
    assert triangle.complete.tolist() == [[True, False], [True, False]]
    assert triangle.size.tolist() == [4, 2]


def test_too_few_are_not_shown():
    triangle = cohort_triangle(cohort=[0], last_age=[99], owner=[], age=[], cohorts=1, periods=1, length=10)
    assert np.isnan(triangle.share).all()
