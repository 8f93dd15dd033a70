"""Counted things as estimates: shares, counts per month, differences of means, money per unit."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from audit.models.bootstrap import block_bootstrap, percentiles, ratio_interval
from audit.models.proportions import wilson
from audit.results.estimate import Estimate, Grade, exact
from audit.tables.columns import Unit


def share(k: float, n: float, level: float) -> Estimate | None:
    """``k`` of ``n`` with Wilson's interval; None when there is nothing to divide by."""
    if not n:
        return None
    low, high = wilson(k, n, level)
    return Estimate(k / n, float(low), float(high), "share", int(n), level)


def settled(k: float, n: float, seen: float, level: float) -> Estimate | None:
    """Share of ``n`` who will in time, when ``k`` have and only a part ``seen`` of all who will can have by now.

    ``k`` is binomial with chance share × seen: Wilson's interval of ``k / n`` over ``seen``, at most 1.
    """
    if not n or not seen > 0:
        return None
    low, high = wilson(k, n, level)
    value, bottom, top = (min(float(x) / seen, 1.0) for x in (k / n, low, high))
    return Estimate(value, bottom, top, "share", int(n), level, "B")


def per_month(n: float, months: float) -> Estimate:
    """An exact count as a mean per month."""
    return exact(n / months, "count", int(n))


def three(estimate: Estimate | None) -> tuple[float, float, float]:
    """Value, low and high; NaN for an estimate that is not there."""
    return (estimate.value, estimate.low, estimate.high) if estimate is not None else (math.nan,) * 3


def mean_difference(one: ArrayLike, other: ArrayLike, level: float, seed: int) -> Estimate:
    """Mean of ``one`` minus mean of ``other`` (money per person), bootstrap of persons in each."""
    groups = [np.asarray(part, float) for part in (one, other)]
    means = [block_bootstrap(part, seed=seed + i)[:, 0] / part.size for i, part in enumerate(groups)]
    low, high = percentiles(means[0] - means[1], level)
    value = float(groups[0].mean() - groups[1].mean())
    n = sum(part.size for part in groups)
    return Estimate(value, min(low, value), max(high, value), "currency", n, level, "C", "weak")


def money_per(money: ArrayLike, units: ArrayLike, level: float, seed: int) -> Estimate | None:
    """Money per unit over days (n,), days resampled; None without two days, money or units."""
    top, bottom = np.asarray(money, float), np.asarray(units, float)
    if top.size < 2 or not top.sum() > 0 or not bottom.sum() > 0:
        return None
    low, high = ratio_interval(top, bottom, level, seed)
    value = float(top.sum() / bottom.sum())
    return Estimate(value, min(low, value), max(high, value), "currency", int(bottom.sum()), level)


def times(one: Estimate, other: Estimate, unit: Unit, grade: Grade = "C") -> Estimate:
    """Product of two independent estimates that are not negative, in ``unit``.

    Bounds by variance recovery, to the first order: the distances of both bounds from their value, relative to it, added
    in quadrature (Zou & Donner 2008).
    """
    value = one.value * other.value
    down, up = (
        math.hypot((side(one) - one.value) * other.value, (side(other) - other.value) * one.value)
        for side in (lambda e: e.low, lambda e: e.high)
    )
    return Estimate(value, max(0.0, value - down), value + up, unit, min(one.n, other.n), one.level, grade)
