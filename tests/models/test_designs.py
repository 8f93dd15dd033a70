"""Designs: which weeks and units take part, and what is judged together, from calendars drawn by hand."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from audit.models.designs import Change, before_and_after, switched, together, treated_and_untreated

WEEKS = [date(2015, 1, 5) + timedelta(weeks=k) for k in range(100)]
"""Mondays from 5 January 2015."""

USUAL = {"most_before": 52, "most_after": 12}


def change(name: str, week: int, *, lasts: int | None = None, branch: str = "", day: int = 0) -> Change:
    """A change that begins in week ``week`` (0 …) and lasts so many weeks, or for good."""
    start = WEEKS[week] + timedelta(days=day)
    end = None if lasts is None else WEEKS[week] + timedelta(days=7 * lasts - 1)
    return Change(name, start, end, "branch" if branch else None, frozenset(branch.split()))


def test_twelve_weeks_after_and_a_year_before() -> None:
    line = before_and_after(change("site", 70), [], WEEKS, **USUAL)
    assert np.flatnonzero(line.after).tolist() == list(range(70, 82))
    assert np.flatnonzero(line.used & ~line.after).tolist() == list(range(18, 70))
    assert line.planned == 12 and line.together == ("site",)


def test_a_week_that_is_half_before_and_half_after_takes_no_part() -> None:
    line = before_and_after(change("site", 70, day=2), [], WEEKS, **USUAL)
    assert np.flatnonzero(line.after)[0] == 71 and not line.used[70]


def test_a_change_that_ends_is_judged_until_then() -> None:
    line = before_and_after(change("offer", 70, lasts=6), [], WEEKS, **USUAL)
    assert np.flatnonzero(line.after).tolist() == list(range(70, 76)) and line.planned == 6


@pytest.mark.parametrize(("gap", "names"), [(0, ("a", "b")), (6, ("a", "b")), (7, ("a",))])
def test_within_six_weeks_of_each_other_is_together(gap: int, names: tuple[str, ...]) -> None:
    a, b = change("a", 60), change("b", 60 + gap)
    line = before_and_after(a, [a, b], WEEKS, **USUAL)
    assert line.together == names
    assert line.planned == (12 if len(names) == 2 else 7), "a later change ends the weeks that are judged"


def test_together_is_a_chain() -> None:
    several = [change(name, week) for name, week in (("a", 50), ("b", 55), ("c", 60), ("d", 75))]
    assert [one.name for one in together(several[2], several)] == ["a", "b", "c"]


def test_weeks_between_two_that_are_judged_together_take_no_part() -> None:
    a, b = change("a", 60), change("b", 63)
    line = before_and_after(a, [a, b], WEEKS, **USUAL)
    assert not line.used[60:63].any() and line.after[63]


def test_an_earlier_change_has_a_level_and_if_it_lasted_a_trend_of_its_own() -> None:
    old, short = change("old", 40), change("short", 50, lasts=3)
    line = before_and_after(change("new", 70), [old, short], WEEKS, **USUAL)
    assert line.others["old"].shape == (100, 2) and line.others["short"].shape == (100, 1)
    assert line.others["short"].ravel().tolist() == [1.0 if 50 <= k < 53 else 0.0 for k in range(100)]
    assert line.quiet is not None and not line.quiet[40:46].any() and line.quiet[39] and line.quiet[47]


BRANCHES = ("Centre", "North", "South")


def test_units_without_it_are_what_it_is_held_against() -> None:
    found = treated_and_untreated(change("test", 70, branch="North"), [change("site", 71)], WEEKS, BRANCHES, **USUAL)
    assert found is not None
    line, takes_part = found
    assert takes_part.tolist() == [True, True, True] and line.together == ("test",), "what came for all is common to both sides"


def test_a_unit_with_a_change_of_its_own_is_left_out_and_all_treated_is_no_comparison() -> None:
    test, other = change("test", 70, branch="North"), change("other", 75, branch="South")
    found = treated_and_untreated(test, [test, other], WEEKS, BRANCHES, **USUAL)
    assert found is not None and found[1].tolist() == [True, True, False]
    assert treated_and_untreated(change("all", 70, branch="Centre North South"), [], WEEKS, BRANCHES, **USUAL) is None
    assert treated_and_untreated(test, [test, other], WEEKS, BRANCHES[1:], **USUAL) is None


def test_an_earlier_change_of_the_same_unit_shortens_the_time_before() -> None:
    test, old = change("test", 70, branch="North"), change("old", 50, lasts=5, branch="North")
    found = treated_and_untreated(test, [test, old], WEEKS, BRANCHES, **USUAL)
    assert found is not None
    assert np.flatnonzero(found[0].used)[0] == 55


def test_two_of_one_unit_within_six_weeks_are_one_and_of_two_units_none() -> None:
    a, b, c = change("a", 70, branch="North"), change("b", 73, branch="North"), change("c", 72, branch="North South")
    found = treated_and_untreated(a, [a, b], WEEKS, BRANCHES, **USUAL)
    assert found is not None and found[0].together == ("a", "b")
    assert treated_and_untreated(a, [a, c], WEEKS, BRANCHES, **USUAL) is None


def test_on_and_off_weeks_by_lot() -> None:
    spells = tuple((WEEKS[k], WEEKS[k] + timedelta(days=6)) for k in (40, 43, 44, 48))
    line = switched(Change("music", WEEKS[40], by_lot=True, spells=spells), WEEKS, **{"most_before": 10})
    assert np.flatnonzero(line.after).tolist() == [40, 43, 44, 48]
    assert np.flatnonzero(line.used).tolist() == list(range(30, 53))


def test_a_change_moves_things_when_it_comes_and_when_it_goes() -> None:
    offer = change("offer", 10, lasts=20)
    assert offer.moved_within(WEEKS[5], WEEKS[15]) and offer.moved_within(WEEKS[25], WEEKS[35])
    assert not offer.moved_within(WEEKS[15], WEEKS[25])
