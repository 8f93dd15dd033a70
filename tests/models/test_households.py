"""Households from shared keys, and who was there first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from audit.models.households import brought_by_adult, households, oversized


def test_keys_of_any_kind_join_and_chains_are_one_home():
    phone = ["1", "1", None, "2", "3"]
    account = [None, "x", "x", None, None]
    assert households([phone, account], largest=4).tolist() == [0, 0, 0, 1, 2]


def test_a_key_of_many_is_no_home():
    phone = ["office"] * 5 + ["home"] * 2 + [None, None, ""]
    assert households([phone], largest=4).tolist() == [0, 1, 2, 3, 4, 5, 5, 6, 7, 8]
    assert oversized(phone, largest=4) == 5 and oversized([None], largest=4) == 0


def test_nobody():
    assert households([[]], largest=4).tolist() == [] and households([], largest=4).tolist() == []


@given(st.lists(st.sampled_from(["a", "b", "c", None]), max_size=15))
def test_partition_is_that_of_the_keys(keys):
    home = households([keys], largest=20)
    for i, one in enumerate(keys):
        for j, other in enumerate(keys):
            assert (home[i] == home[j]) == (i == j or (one is not None and one == other))


def test_a_child_is_brought_by_an_adult_who_was_there_first():
    # homes: mother first · mother later · only a sister of 20 · single · age unknown
    home = [0, 0, 1, 1, 2, 2, 3, 4, 4]
    age = [35, 5, 35, 5, 20, 10, 5, None, 5]
    day = [0, 100, 100, 0, 0, 1, 0, 0, 1]
    found = brought_by_adult(household=home, age=[float("nan") if a is None else a for a in age], first_day=day, adult_from=18)
    assert found.tolist() == [False, True] + [False] * 7
