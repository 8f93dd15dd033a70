"""Promises of the field tested: what answering every call, or better conversion, can give here at most."""

from __future__ import annotations

from typing import Literal

from audit.results.estimate import Estimate

Reading = Literal["kept", "not_kept", "open", "impossible"]


def gain_of_answering(missed: Estimate) -> Estimate | None:
    """First visits more, as a share of those of today, if all were answered and came alike: m / (1 − m).

    ``missed`` is the share m nobody answers; the odds rise with m, so the bounds are those of m. None when nobody
    is answered: there is nothing to multiply.
    """
    if missed.high >= 1:
        return None
    value, low, high = (m / (1 - m) for m in (missed.value, missed.low, missed.high))
    return Estimate(value, low, high, "share", missed.n, missed.level, "C")


def missed_for_gain(gain: float) -> float:
    """The share of callers that would have to be missed today for answering all to give ``gain``: g / (1 + g)."""
    return gain / (1 + gain)


def best_gain(now: Estimate, goal: Estimate, gain: Estimate) -> Estimate:
    """First visits more, as a share of today's, with everybody at ``goal`` and every caller answered: goal / now × (1 + gain) − 1.

    The bounds multiply bounds and are therefore wider than the level.
    """
    value = goal.value / now.value * (1 + gain.value) - 1
    low, high = goal.low / now.high * (1 + gain.low) - 1, goal.high / max(now.low, 1e-9) * (1 + gain.high) - 1
    return Estimate(value, low, high, "share", min(now.n, goal.n), now.level, "C")


def at_most(here: Estimate, ceiling: float | None) -> Estimate:
    """``here`` cut at a ``ceiling`` that capacity sets."""
    if ceiling is None:
        return here
    value, low, high = (min(x, ceiling) for x in (here.value, here.low, here.high))
    return Estimate(value, low, high, here.unit, here.n, here.level, here.grade)


def claim_reading(claimed: float, here: Estimate, needed: float) -> Reading:
    """Whether a claimed gain holds against the gain possible ``here``; ``needed`` is the share it takes, which cannot exceed 1."""
    if needed > 1:
        return "impossible"
    if here.low >= claimed:
        return "kept"
    return "not_kept" if here.high < claimed else "open"
