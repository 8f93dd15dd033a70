"""Intervals of what each factor did to a change: other days of the same weeks would have given other numbers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from audit.models.bootstrap import percentiles
from audit.models.driver_tree import chain
from audit.models.factors import lmdi

Floats = npt.NDArray[np.float64]
DRAWS = 2000
WEEK = 7


def factor_bounds(
    before: Mapping[str, npt.ArrayLike], now: Mapping[str, npt.ArrayLike], *, months: tuple[float, float], level: float, seed: int
) -> dict[str, tuple[float, float]]:
    """Low and high of each factor's contribution per month, by its name in ``driver_tree.factors``; empty when days are too few.

    Both mappings hold one value per day in order: answered_calls, first_by_call, first_patients, visits, ambulatory, surgery;
    ``months`` is the length of the two. Days are resampled within their day of the week, all numbers of a day together, which
    keeps the week's shape and what goes together; deviations are widened by √(n/(n−1)) of the n days of one kind. Days are
    taken as independent: a course over several days makes the truth a little wider.
    """
    sides = [{name: np.asarray(values, float) for name, values in side.items()} for side in (before, now)]
    sizes = [len(side["visits"]) for side in sides]
    if min(sizes) < 2 * WEEK:
        return {}
    rng = np.random.default_rng(seed)
    weights = [_weights(rng, size) / length for size, length in zip(sizes, months, strict=True)]
    drawn = [{name: weight @ values for name, values in side.items()} for side, weight in zip(sides, weights, strict=True)]
    pair = {name: np.stack([drawn[0][name], drawn[1][name]]) for name in drawn[0]}
    parts = {"surgery": pair["surgery"][1] - pair["surgery"][0]}
    if chain({name: np.array([side[name].sum() for side in sides]) for name in pair}):
        # a draw of a small clinic may hold nobody at all: the product is not defined there
        held = np.all([values > 0 for values in pair.values() if (values > 0).any() and values is not pair["surgery"]], axis=(0, 1))
        links = chain({name: values[:, held] for name, values in pair.items()})
        if not links:
            return {}
        before_now = np.stack(list(links.values()), axis=-1)
        contributions = lmdi(before_now[0], before_now[1])
        parts |= {name: contributions[:, k] for k, name in enumerate(links)}
    else:
        parts["ambulatory"] = pair["ambulatory"][1] - pair["ambulatory"][0]
    return {name: percentiles(values, level, units=min(sizes) - WEEK + 1) for name, values in parts.items()}


def _weights(rng: np.random.Generator, days: int) -> Floats:
    """How often each day counts in each draw (DRAWS, days); ordered days are of one kind every seventh."""
    weights = np.ones((DRAWS, days))
    for kind in range(WEEK):
        of_kind = np.arange(kind, days, WEEK)
        n = of_kind.size
        drawn = rng.multinomial(n, np.full(n, 1 / n), size=DRAWS)
        weights[:, of_kind] = 1 + (drawn - 1) * np.sqrt(n / (n - 1))
    return weights
