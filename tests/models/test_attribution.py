"""Attribution: published splits of one path, and the law that every rule credits each patient once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.models import attribution


def weights(rule: str, contacts: int, direct: tuple[int, ...] = ()) -> list[float]:
    is_direct = np.isin(np.arange(contacts), direct)
    return attribution.credits(np.zeros(contacts, dtype=np.int64), is_direct=is_direct)[rule].tolist()


@pytest.mark.parametrize(("rule", "expected"), [
    ("last", [0, 0, 0, 1]), ("first", [1, 0, 0, 0]), ("linear", [0.25] * 4),
    # Google's position-based model: 40 % each to first and last, the other 20 % spread over the middle
    ("position", [0.4, 0.1, 0.1, 0.4]), ("last_non_direct", [0, 0, 0, 1]),
])
def test_four_contacts(rule, expected):
    assert weights(rule, 4) == pytest.approx(expected)


def test_direct_contacts_are_passed_over():
    assert weights("last_non_direct", 4, direct=(2, 3)) == [0, 1, 0, 0]
    assert weights("last", 4, direct=(2, 3)) == [0, 0, 0, 1]
    assert weights("last_non_direct", 3, direct=(0, 1, 2)) == [0, 0, 1], "only direct contacts: the latest"


def test_one_and_two_contacts():
    assert weights("position", 1) == [1] and weights("position", 2) == [0.5, 0.5]


@given(st.lists(st.integers(1, 6), min_size=1, max_size=20), st.randoms(use_true_random=False))
def test_every_patient_is_credited_once_under_every_rule(lengths, random):
    patient = np.repeat(np.arange(len(lengths)), lengths)
    direct = np.array([random.random() < 0.3 for _ in patient])
    for credit in attribution.credits(patient, is_direct=direct).values():
        assert np.bincount(patient, credit) == pytest.approx(1)


def test_nobody():
    assert all(not credit.size for credit in attribution.credits(np.zeros(0, np.int64), is_direct=np.zeros(0, bool)).values())


def test_the_widest_move():
    assert attribution.widest_move(np.array([[0.5, 0.8], [0.5, 0.2]])) == pytest.approx(0.3)
    assert attribution.widest_move(np.array([[1.0, 1.0]])) == 0
