"""Courses of treatment days: drawn by hand, and simulated with a known place where patients stop."""

from __future__ import annotations

import numpy as np
import pytest

from audit.models.courses import course_of, course_steps


def test_a_long_pause_begins_a_new_course():
    course, step = course_of(owner=[1, 0, 0, 0, 0], day=[5, 0, 7, 60, 14], gap=30)
    assert step.tolist() == [1, 1, 2, 1, 3]
    assert course[1] == course[2] == course[4] and course[3] != course[1] and course[0] not in course[1:]


def test_shares_that_go_on_are_counted_and_recent_ones_are_open():
    """Four courses go on after a week, one long ago did not; one begun ten days before the end has not yet.

    Of six at risk after a week four go on: those not seen for the whole gap count for as long as they were.
    """
    owner = [0, 0, 1, 1, 2, 2, 3, 3, 4, 5]
    day = [0, 7] * 4 + [0, 190]
    found = course_steps(owner=owner, day=day, end=200, gap=30, steps=3, fewest=1)
    assert found.reached.tolist() == [6, 4, 0] and found.open.tolist() == [1, 0, 0]
    assert found.goes_on[0] == pytest.approx(4 / 6) and found.goes_on[1] == 0 and np.isnan(found.goes_on[2])


def simulated(rng: np.random.Generator, patients: int, stay: np.ndarray, end: int) -> tuple[np.ndarray, np.ndarray]:
    start = rng.integers(0, end, patients)
    goes = rng.random((patients, len(stay))) < stay
    steps = 1 + np.cumprod(goes, axis=1).sum(axis=1)
    owner = np.repeat(np.arange(patients), steps)
    number = np.arange(len(owner)) - np.repeat(np.cumsum(steps) - steps, steps)
    day = start[owner] + 4 * number
    seen = day < end
    return owner[seen], day[seen]


def test_the_planted_break_is_found_and_only_it():
    stay = np.array([0.9, 0.9, 0.55, 0.9, 0.9, 0.9])
    hits, false, inside = 0, 0, []
    for seed in range(40):
        owner, day = simulated(np.random.default_rng(seed), 500, stay, end=400)
        found = course_steps(owner=owner, day=day, end=400, gap=30, steps=6, level=0.9)
        hits += bool(found.stands_out[2])
        false += int(found.stands_out.sum() - found.stands_out[2])
        inside.append((found.low <= stay) & (stay <= found.high))
    assert hits == 40 and false <= 4
    assert np.mean(inside) == pytest.approx(0.9, abs=0.05)


def test_courses_still_running_do_not_count_as_dropped():
    """Half of the courses began in the last month: a plain division would call them broken off."""
    rng = np.random.default_rng(7)
    start = np.r_[rng.integers(0, 300, 300), rng.integers(372, 400, 300)]
    owner = np.repeat(np.arange(600), 2)
    day = np.column_stack([start, start + 20]).ravel()
    seen = day < 400
    found = course_steps(owner=owner[seen], day=day[seen], end=400, gap=30, steps=2)
    naive = (np.bincount(owner[seen]) > 1).mean()
    assert found.goes_on[0] == pytest.approx(1.0) and naive < 0.8


def test_nothing_happened():
    found = course_steps(owner=[], day=[], end=10, gap=30, steps=3)
    assert found.reached.tolist() == [0, 0, 0] and np.isnan(found.goes_on).all() and not found.stands_out.any()
