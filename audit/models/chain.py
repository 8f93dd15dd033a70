"""A chain of steps people pass one after another: what is lost at each, what a point of each is worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from audit.models.proportions import multinomial

Floats = NDArray[np.float64]

DRAWS = 4000


@dataclass(frozen=True)
class Chain:
    """Of S steps with counts c₀ ≥ c₁ ≥ … ≥ c_S; every array has S entries, or (S, 3): value, low, high.

    ``share`` passes each step; ``lost_people`` and ``lost_money`` are the people at the end and the money that those
    lost at a step would have been had they gone on as the others did; ``point_people`` and ``point_money`` are the people at the end and
    the money one percentage point more at this step brings while the other steps stay as they are.
    Money is NaN without a value per person.
    """

    share: Floats
    lost: Floats
    lost_people: Floats
    lost_money: Floats
    point_people: Floats
    point_money: Floats


def chain(
    counts: ArrayLike, *, per: float, level: float, seed: int, value: tuple[float, float, float] | None = None,
    value_level: float = 0.90, seen: ArrayLike | None = None,
) -> Chain:
    """Decompose ``counts`` (S + 1,), people who reached each stage, per ``per`` months.

    ``seen`` (S,) is the part of those who will pass a step that the records can show already (1 when the cohort is
    settled): shares are of all who will pass, so that people who are still awaited are not lost.

    ``value`` is (value, low, high) at ``value_level`` of one person at the end of the chain. Shares are
    drawn from their Beta posteriors (Jeffreys), the value from a log-normal through its bounds, all
    independently; results are per month. The number who enter is taken as counted.
    """
    c = np.asarray(counts, float)
    known = np.ones(max(c.size - 1, 0)) if seen is None else np.asarray(seen, float)
    if c.ndim != 1 or c.size < 2 or not np.isfinite(c).all() or np.any(np.diff(c) > 0) or c[-1] < 0:
        raise ValueError("counts of stages fall from stage to stage and are not negative")
    rng = np.random.default_rng(seed)
    passed, entered = c[1:], c[:-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.minimum(np.where(entered > 0, passed / entered, np.nan) / known, 1.0)
    drawn = np.minimum(rng.beta(passed + 0.5, entered - passed + 0.5, size=(DRAWS, passed.size)) / known, 1.0)
    worth = value_draws(*value, level=value_level, rng=rng) if value is not None else np.full(DRAWS, np.nan)
    amount = value[0] if value is not None else np.nan
    lost = (entered - np.minimum(passed / known, entered)) / per
    after, after_drawn = _later(share), _later(drawn)
    entering, entering_drawn = c[0] / per * _earlier(share), c[0] / per * _earlier(drawn)
    lost_drawn = entering_drawn * (1 - drawn)
    return Chain(
        share=share,
        lost=lost,
        lost_people=_three(lost * after, lost_drawn * after_drawn, level),
        lost_money=_three(lost * after * amount, lost_drawn * after_drawn * worth[:, None], level),
        point_people=_three(0.01 * entering * after, 0.01 * entering_drawn * after_drawn, level),
        point_money=_three(0.01 * entering * after * amount, 0.01 * entering_drawn * after_drawn * worth[:, None], level),
    )


def worst_step(counts: ArrayLike, *, level: float, fewest: int) -> int | None:
    """The step (0 … S − 1) that loses most, if by simultaneous intervals it surely loses more than any other.

    ``counts`` (S + 1,) as for ``chain``; None for a single step or fewer than ``fewest`` lost.
    """
    lost = -np.diff(np.asarray(counts, float))
    if lost.size < 2 or lost.sum() < fewest:
        return None
    low, high = multinomial(lost, level)
    first, second = np.argsort(-lost, kind="stable")[:2]
    return int(first) if low[first] > high[second] else None


def lifted(share: ArrayLike, by: float) -> float:
    """How many times as many pass the whole chain when every share (S,) rises by ``by`` of itself, none above 1."""
    q = np.asarray(share, float)
    with np.errstate(divide="ignore"):
        return float(np.prod(np.minimum(1 + by, np.where(q > 0, 1 / q, np.inf))))


def value_draws(
    value: float, low: float, high: float, *, level: float, rng: np.random.Generator, draws: int = DRAWS
) -> Floats:
    """Draws of a quantity known as ``value`` (``low`` … ``high`` at ``level``): log-normal when positive, else normal."""
    z = stats.norm.ppf((1 + level) / 2)
    if low > 0:
        return np.asarray(value * np.exp(rng.normal(0.0, np.log(high / low) / (2 * z), size=draws)))
    return np.asarray(rng.normal(value, (high - low) / (2 * z), size=draws))


def _later(share: Floats) -> Floats:
    """Product of the shares after each step (last axis)."""
    reverse = np.cumprod(share[..., ::-1], axis=-1)[..., ::-1]
    return np.concatenate([reverse[..., 1:], np.ones((*share.shape[:-1], 1))], axis=-1)


def _earlier(share: Floats) -> Floats:
    """Product of the shares before each step (last axis)."""
    return np.concatenate([np.ones((*share.shape[:-1], 1)), np.cumprod(share, axis=-1)[..., :-1]], axis=-1)


def _three(value: Floats, drawn: Floats, level: float) -> Floats:
    """(S, 3): the value with the central interval of its draws, widened to hold it."""
    tail = (1 - level) / 2
    if np.isnan(drawn).all():
        return np.full((value.size, 3), np.nan)
    low, high = np.quantile(drawn, [tail, 1 - tail], axis=0)
    return np.column_stack([value, np.fmin(low, value), np.fmax(high, value)])
