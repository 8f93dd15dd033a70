"""Cohort triangle on cohorts drawn by hand."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.cohort_triangle import cohort_triangle, value_triangle


def test_shares_of_those_watched_to_the_end():
    """Cohort 0: four units, three watched for two periods; cohort 1: two units, watched for one."""
    triangle = cohort_triangle(
        cohort=[0, 0, 0, 0, 1, 1], last_age=[20, 20, 20, 12, 10, 10], owner=[0, 0, 0, 1, 3, 4], age=[0, 1, 10, 11, 5, 10],
        cohorts=2, periods=2, length=10, fewest=1,
    )
    assert triangle.share[0] == pytest.approx([2 / 4, 1 / 3])
    assert triangle.share[1][0] == pytest.approx(1 / 2) and np.isnan(triangle.share[1][1])
    assert triangle.complete.tolist() == [[True, False], [True, False]]
    assert triangle.begun.tolist() == [[True, True], [True, False]]
    assert triangle.size.tolist() == [4, 2]


def test_too_few_are_not_shown():
    triangle = cohort_triangle(cohort=[0], last_age=[99], owner=[], age=[], cohorts=1, periods=1, length=10)
    assert np.isnan(triangle.share).all() and not triangle.begun.any()


def test_value_by_cohort_is_what_each_brought_by_that_age():
    """Cohort 0: two units watched for 30 days bring 10 at once and 4 later; cohort 1: one watched for 10 brings 6."""
    found = value_triangle(
        cohort=[0, 0, 1], last_age=[30, 30, 10], owner=[0, 1, 0, 2], age=[0, 0, 15, 2], amount=[10, 10, 4, 6], cohorts=2,
        ages=[10, 20], fewest=1,
    )
    assert found.value[0] == pytest.approx([10, 12]) and found.value[1][0] == 6 and np.isnan(found.value[1][1])
    assert found.complete.tolist() == [[True, True], [True, False]] == found.begun.tolist() and found.size.tolist() == [2, 1]
    assert found.se[0][0] == 0 and found.se[0][1] == pytest.approx(np.sqrt(2) )


def test_the_youngest_of_a_cohort_do_not_lower_its_value():
    rng = np.random.default_rng(1)
    watched = rng.integers(40, 200, 400)
    owner = np.repeat(np.arange(400), 2)
    age = np.tile([0, 60], 400)
    seen = age <= watched[owner]
    found = value_triangle(cohort=np.zeros(400, int), last_age=watched, owner=owner[seen], age=age[seen],
                           amount=np.full(seen.sum(), 5.0), cohorts=1, ages=[90])
    assert found.value[0, 0] == pytest.approx(10) and not found.complete[0, 0]
