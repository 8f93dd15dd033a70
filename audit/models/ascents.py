"""Ascents: how many steps of a series go up when nothing but chance orders it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import factorial

import numpy as np
from numpy.typing import ArrayLike


def ascents(values: ArrayLike) -> tuple[int, int]:
    """Steps that went up, and all steps, of ``values`` (n,) in order of time."""
    x = np.asarray(values, float)
    return sum(bool(b > a) for a, b in pairwise(x)), max(len(x) - 1, 0)


def chance_of_ascents(up: int, steps: int) -> float:
    """P(at least ``up`` of ``steps`` go up) when all orders of the values are equally likely.

    The number of ascents of a random permutation of steps + 1 values has the Eulerian distribution: the steps are not
    independent tosses, because a high month is likely followed by a lower one (difference-sign test, Moore & Wallis 1943).
    """
    return sum(eulerian(steps + 1)[max(up, 0):]) / factorial(steps + 1)


def eulerian(n: int) -> Sequence[int]:
    """Permutations of ``n`` values by their number of ascents 0 … n − 1 (Eulerian numbers)."""
    row = [1]
    for size in range(2, n + 1):
        row = [
            (k + 1) * (row[k] if k < size - 1 else 0) + (size - k) * (row[k - 1] if k else 0) for k in range(size)
        ]
    return row
