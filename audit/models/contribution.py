"""Contribution at another price: what a month's first patients bring over the horizon, with its uncertainty.

    Π(P) = N₀ · s(P) · [first + P − P₀ + later · r(P)]
    s(P) = min{(1 + q) f(P), room (1 + a) / (1 + a r(P))}
    r(P) = (1 − o(P)) / (1 − o₀),  o(P) = o₀ + δ · ln(P/P₀) / ln(P₁/P₀)
    f(P) = (P/P₀)^ε with a constant elasticity, or exp{ε (P − P₀)/P₀}: the same slope at P₀, a weaker reaction to a cut

N₀ first patients a month at today's price P₀, ε the elasticity, ``first`` and ``later`` the money of a
first patient on the first day and after it, o the share who come once only and δ its change seen at the
tested price P₁. There is no formula for “the best price” here: with later money above the cost of a
visit a constant elasticity has no interior maximum, so prices are compared, not solved for.

What is scarce is visits, first and later ones alike: a first patient makes 1 + a r(P) of them, a later ones at
today's price, and N₀ room (1 + a) fit into a month. In full rooms (room = 1) therefore

* a cheaper price brings a lower receipt for the same visits. Those served are drawn from all who ask at that price, so
  some who would have paid P₀ and come again are turned away for others; the hours that patients who come once only leave
  empty go to the next in the queue, who is there as long as demand exceeds the rooms;
* a dearer price loses (1 − f) of those who ask. They are replaced only by the unmet demand q that is on record (people a
  month who asked and found no time, over N₀, who stay away at the dearer price like the others); without a record q is 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audit.models.drivers import spread

Array = NDArray[np.float64]
Three = tuple[float, float, float]
Form = Literal["constant", "exponential"]


@dataclass(frozen=True)
class Room:
    """How many times today's patients fit (``times``, at least 1), later visits a first patient makes (a), unmet demand (q).

    ``unmet`` counts in full rooms only: where there is room, whoever found no time did not lack a room.
    """

    times: float = float("inf")
    later_visits: float = 0.0
    unmet: float = 0.0

    @property
    def is_full(self) -> bool:
        """Nobody more fits at today's price."""
        return self.times <= 1

    def served(self, demand: Array, returning: Array) -> Array:
        """First patients over today's: ``demand`` f(P) and ``returning`` r(P), of one shape."""
        asking = demand * (1 + self.unmet) if self.is_full else demand
        fit = max(self.times, 1.0) * (1 + self.later_visits) / (1 + self.later_visits * returning)
        found: Array = np.minimum(asking, fit)
        return found


FREE = Room()


@dataclass(frozen=True)
class Draws:
    """Draws of what is uncertain, all of shape (draws,): elasticity, one-off change δ, later money per patient."""

    elasticity: Array
    one_off_change: Array
    later: Array


@dataclass(frozen=True)
class Change:
    """By price, all of shape (prices,): median change of contribution a month, its bounds, lower quartile, P(gain)."""

    value: Array
    low: Array
    high: Array
    quartile: Array
    p_gain: Array

    @property
    def best(self) -> int:
        """Index of the price whose lower quartile is highest; the reference counts as no change."""
        return int(np.argmax(self.quartile))


def return_factor(prices: Array, reference: float, tested: float, one_off: float, change: Array) -> Array:
    """r(P): patients who return at each price over those at the reference, where ``change`` was seen at ``tested``."""
    slope = change / np.log(tested / reference) if tested != reference else np.zeros_like(change)
    found: Array = np.clip(1 - one_off - slope * np.log(prices / reference), 0, 1) / max(1 - one_off, 1e-9)
    return found


def contribution_change(
    *, prices: Array, reference: float, tested: float, patients: float, first: float, one_off: float, draws: Draws,
    level: float, room: Room = FREE, form: Form = "constant",
) -> Change:
    """Change of contribution a month against the price ``reference``, in the currency of the prices.

    ``patients`` a month at the reference; ``first`` money of the first day per patient; ``one_off`` share
    who come once; ``tested`` the price at which δ was seen; ``form`` how demand goes on from the slope at the
    reference. At the reference the change is 0 and P(gain) is NaN.
    """
    prices = np.asarray(prices, float)
    step = (np.log(prices / reference) if form == "constant" else prices / reference - 1)[:, None]
    returning = return_factor(prices[:, None], reference, tested, one_off, draws.one_off_change[None, :])
    served = room.served(np.exp(draws.elasticity[None, :] * step), returning)
    each = first + prices[:, None] - reference + draws.later[None, :] * returning
    change = patients * (served * each - (first + draws.later[None, :]))
    tail = (1 - level) / 2
    low, quartile, middle, high = np.quantile(change, [tail, 0.25, 0.5, 1 - tail], axis=1)
    same = np.isclose(prices, reference)
    return Change(
        value=np.where(same, 0.0, middle), low=np.where(same, 0.0, low), high=np.where(same, 0.0, high),
        quartile=np.where(same, 0.0, quartile), p_gain=np.where(same, np.nan, (change > 0).mean(axis=1)),
    )


def among_won(change: Three, extra: Three, *, level: float, seed: int, draws: int = 4000) -> Three | None:
    """What a change of a share, seen in all customers at a price, means among those the price won, with bounds.

    ``change`` in all of them and ``extra`` demand at that price (0.25 = a quarter more), both (value, low, high) at
    ``level``; of the customers at the price extra / (1 + extra) were won. None where none may have been won: the
    change among so few has no bound.
    """
    if extra[1] <= 0:
        return None
    rng = np.random.default_rng(seed)
    seen, more = (spread(rng, draws, value=value, low=low, high=high, level=level) for value, low, high in (change, extra))
    found = seen * (1 + 1 / np.maximum(more, 1e-6))
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    value = change[0] * (1 + 1 / extra[0])
    return value, min(float(low), value), max(float(high), value)


def later_value_won(
    later: Three, one_off_won: Three, *, one_off: float, level: float, seed: int, draws: int = 4000,
) -> Three:
    """Later money of a customer won by the price, with bounds: the mean times the share of them who return.

    ``later`` mean later money of all and ``one_off_won`` what the share who come once adds among those won, both as
    (value, low, high) at ``level``; ``one_off`` that share at the usual price. Those who return are taken to bring as
    much as others who return.
    """
    rng = np.random.default_rng(seed)
    money, more = (spread(rng, draws, value=value, low=low, high=high, level=level) for value, low, high in (later, one_off_won))
    factor = np.clip(1 - one_off - more, 0, 1) / max(1 - one_off, 1e-9)
    tail = (1 - level) / 2
    low, high = np.quantile(money * factor, [tail, 1 - tail])
    value = later[0] * float(np.clip(1 - one_off - one_off_won[0], 0, 1)) / max(1 - one_off, 1e-9)
    return value, float(low), float(high)
