"""Steps up: Eulerian numbers as published, and the permutations themselves."""

from __future__ import annotations

from itertools import permutations
from math import factorial

import numpy as np
import pytest

from audit.models.ascents import ascents, chance_of_ascents, eulerian


def test_eulerian_numbers_are_the_published_ones():
    """OEIS A008292, rows 1 to 7."""
    assert [list(eulerian(n)) for n in range(1, 8)] == [
        [1], [1, 1], [1, 4, 1], [1, 11, 11, 1], [1, 26, 66, 26, 1], [1, 57, 302, 302, 57, 1], [1, 120, 1191, 2416, 1191, 120, 1],
    ]  # fmt: skip
    assert sum(eulerian(13)) == factorial(13)


def test_chance_counts_the_orders():
    ups = [ascents(order)[0] for order in permutations(range(6))]
    for k in range(6):
        assert chance_of_ascents(k, 5) == pytest.approx(np.mean([up >= k for up in ups]))


def test_the_moments_are_those_of_the_difference_sign_test():
    """Mean (n − 1)/2 and variance (n + 1)/12 (Moore & Wallis 1943)."""
    n = 13
    p = np.array(eulerian(n)) / factorial(n)
    k = np.arange(n)
    assert p @ k == pytest.approx(6) and p @ (k - 6) ** 2 == pytest.approx(14 / 12)


def test_equal_values_do_not_go_up():
    assert ascents([1, 1, 2, 2, 3]) == (2, 4)
    assert ascents([]) == (0, 0) and ascents([5.0]) == (0, 0)
    assert chance_of_ascents(0, 0) == 1
