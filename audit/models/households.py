"""Households: units joined by shared keys, what they hold and who was there first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Whole = NDArray[np.int64]


def households(keys: Sequence[ArrayLike], *, largest: int) -> Whole:
    """Number of the household of each unit, (n,), 0 … in order of first appearance.

    ``keys``: one array (n,) per kind of key (a telephone, a payer's account); units with the same key of any
    kind are joined, and so on through chains. None is no key. A key held by more than ``largest`` units is a
    company, an agency or a default, not a home, and joins nobody.
    """
    count = len(np.asarray(keys[0], dtype=object)) if keys else 0
    root = np.arange(count)

    def find(unit: int) -> int:
        while root[unit] != unit:
            root[unit] = root[root[unit]]
            unit = int(root[unit])
        return unit

    for column in keys:
        holders: dict[object, list[int]] = {}
        for unit, key in enumerate(np.asarray(column, dtype=object)):
            if isinstance(key, str) and key:
                holders.setdefault(key, []).append(unit)
        for units in holders.values():
            if 2 <= len(units) <= largest:
                for unit in units[1:]:
                    one, other = sorted((find(units[0]), find(unit)))
                    root[other] = one
    _, number = np.unique([find(unit) for unit in range(count)], return_inverse=True)
    return number.astype(np.int64)


def oversized(keys: ArrayLike, *, largest: int) -> int:
    """Units whose key is held by more than ``largest`` units."""
    named = [key for key in np.asarray(keys, dtype=object) if isinstance(key, str) and key]
    _, times = np.unique(np.asarray(named, dtype=object), return_counts=True) if named else (None, np.zeros(0, int))
    return int(times[times > largest].sum())


def brought_by_adult(
    *, household: ArrayLike, age: ArrayLike, first_day: ArrayLike, adult_from: int, apart_years: int = 16
) -> NDArray[np.bool_]:
    """Units below ``adult_from`` with an older member who came no later: (n,), False for adults and unknown ages.

    ``age`` in years at ``first_day`` (days as integers). The older one is an adult at least ``apart_years`` older
    on the younger one's first day, so that a brother or sister does not count.
    """
    home, years, day = np.asarray(household, np.int64), np.asarray(age, float), np.asarray(first_day, np.int64)
    found = np.zeros(len(home), bool)
    order = np.argsort(home, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(home[order])) + 1):
        if len(members) < 2:
            continue
        for child in members[years[members] < adult_from]:
            then = years[members] + (day[child] - day[members]) / 365.25
            older = (years[members] >= adult_from) & (then - years[child] >= apart_years) & (day[members] <= day[child])
            found[child] = bool(older.any())
    return found
