"""The driver model: what profit is made of, and what several changes add when they share capacity.

Profit = revenue · (1 − variable share) − fixed costs. A change needs *units* of scarce resources
(visits, operations), each worth its contribution; it may open new units and has a cost of its own.
All draws are simulated months: arrays whose first axis is the draw.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Account:
    """One period's profit and loss, in currency; ``contribution_share`` and ``variable_share`` of revenue.

    ``break_even`` is the revenue at which profit is zero, or None when every sale loses money.
    """

    revenue: float
    variable: float
    fixed: float
    contribution: float
    variable_share: float
    contribution_share: float
    profit: float
    break_even: float | None

    @property
    def costs(self) -> float:
        """All costs."""
        return self.variable + self.fixed


def account(*, revenue: float, variable: float, fixed: float) -> Account:
    """Profit, contribution and break-even of costs that move with revenue and costs that do not.

    Break-even revenue = fixed / (1 − variable / revenue): cost–volume–profit analysis, one product.
    ``revenue`` must be positive, else ValueError.
    """
    if not revenue > 0:
        raise ValueError("without revenue there is no contribution share")
    share = variable / revenue
    return Account(
        revenue, variable, fixed, contribution=revenue - variable, variable_share=share, contribution_share=1 - share,
        profit=revenue - variable - fixed, break_even=fixed / (1 - share) if share < 1 else None,
    )


def spread(
    rng: np.random.Generator, size: int, *, value: float, low: float, high: float, level: float = 0.90,
    least: float = -np.inf, most: float = np.inf,
) -> Floats:
    """Draws (size,) whose median is ``value`` and whose central interval at ``level`` is ``low`` … ``high``.

    A two-piece normal on the scale where the quantity is unbounded: logit between ``least`` 0 and
    ``most`` 1, log above ``least`` 0, else as it is (draws then clipped to the bounds). A value on a
    bound, or without an interval, is drawn as a constant on that side. Always uses ``size`` normals,
    so that one estimate more or less does not change the draws of the others.
    """
    z = rng.standard_normal(size)
    low, high = min(low, value), max(high, value)
    if least == 0 and most == 1 and low > 0 and high < 1:
        to, back = special.logit, special.expit
    elif least == 0 and low > 0:
        to, back = np.log, np.exp
    else:
        to, back = _same, _same
    reach = stats.norm.isf((1 - level) / 2)
    centre, down, up = to(value), (to(value) - to(low)) / reach, (to(high) - to(value)) / reach
    return np.clip(back(centre + z * np.where(z > 0, up, down)), least, most)


def uniform(rng: np.random.Generator, size: int, low: float, high: float) -> Floats:
    """Draws (size,) of an assumption of which only its range is claimed."""
    return low + (high - low) * rng.random(size)


@dataclass(frozen=True)
class Change:
    """What one change does in each simulated month.

    ``units`` (draws, resources) it needs when there is room; ``worth`` (draws, resources) contribution
    of one unit, currency; ``opens`` (draws, resources) units of capacity it adds; ``cost`` (draws,) its
    own cost, currency. ``pool`` names the people it draws from and ``share`` (draws,) how many of them
    it wins: two changes cannot win the same person.
    """

    units: Floats
    worth: Floats
    opens: Floats
    cost: Floats
    pool: str = ""
    share: Floats | float = 0.0


def thinned(change: Change, step: int) -> Change:
    """``change`` on every ``step``-th draw."""
    share = change.share[::step] if isinstance(change.share, np.ndarray) and change.share.ndim else change.share
    return Change(
        change.units[::step], change.worth[::step], change.opens[::step], np.broadcast_to(change.cost, len(change.units))[::step],
        change.pool, share,
    )


def alone(change: Change, free: Floats) -> Floats:
    """Gain (draws,) of one change by itself: what fits into ``free`` (draws, resources), less its cost."""
    served = np.minimum(change.units, free + change.opens)
    return np.asarray((served * change.worth).sum(axis=1) - change.cost)


def unlimited(change: Change) -> Floats:
    """Gain (draws,) of one change if capacity never bound."""
    return np.asarray((change.units * change.worth).sum(axis=1) - change.cost)


def together(changes: list[Change], free: Floats) -> tuple[Floats, Floats]:
    """Gain (draws,) of all changes at once, and units served (draws, resources).

    People of one pool are won once: shares s_k become 1 − Π(1 − s_k), taken off in proportion. What is
    then asked of a resource beyond ``free`` plus what the changes open is turned away in proportion,
    because callers are not served in the order of their worth.
    """
    draws, resources = free.shape
    overlap = _overlap(changes, draws)
    asked = [change.units * overlap[:, [k]] for k, change in enumerate(changes)]
    total = np.sum(asked, axis=0) if asked else np.zeros((draws, resources))
    room = free + np.sum([change.opens for change in changes], axis=0) if changes else free
    with np.errstate(divide="ignore", invalid="ignore"):
        fits = np.where(total > room, np.maximum(room, 0.0) / total, 1.0)
    gain = np.zeros(draws)
    for units, change in zip(asked, changes, strict=True):
        gain += (units * fits * change.worth).sum(axis=1) - change.cost
    return gain, total * fits


def _overlap(changes: list[Change], draws: int) -> Floats:
    """Factor (draws, changes) that leaves each person of a pool to one change."""
    factor = np.ones((draws, len(changes)))
    for pool in {change.pool for change in changes if change.pool}:
        members = [k for k, change in enumerate(changes) if change.pool == pool]
        shares = np.column_stack([np.broadcast_to(changes[k].share, draws) for k in members])
        plain = shares.sum(axis=1)
        won = 1 - np.prod(1 - shares, axis=1)
        factor[:, members] = np.where(plain > 0, won / np.where(plain > 0, plain, 1.0), 1.0)[:, None]
    return factor


def summary(draws: ArrayLike, level: float = 0.90) -> tuple[float, float, float, float]:
    """Mean, lower and upper bound at ``level``, and share of draws above zero."""
    x = np.asarray(draws, dtype=np.float64)
    low, high = np.quantile(x, [(1 - level) / 2, (1 + level) / 2])
    mean = float(x.mean())
    return mean, min(float(low), mean), max(float(high), mean), float((x > 0).mean())


def _same(x: ArrayLike) -> Floats:
    return np.asarray(x, dtype=np.float64)
