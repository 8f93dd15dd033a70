"""Counted things as estimates: a share with Wilson's interval, a count per month, an estimate as three numbers."""

from __future__ import annotations

import math

from audit.models.proportions import wilson
from audit.results.estimate import Estimate, exact


def share(k: float, n: float, level: float) -> Estimate | None:
    """``k`` of ``n`` with Wilson's interval; None when there is nothing to divide by."""
    if not n:
        return None
    low, high = wilson(k, n, level)
    return Estimate(k / n, low, high, "share", int(n), level)


def per_month(n: float, months: float) -> Estimate:
    """An exact count as a mean per month."""
    return exact(n / months, "count", int(n))


def three(estimate: Estimate | None) -> tuple[float, float, float]:
    """Value, low and high; NaN for an estimate that is not there."""
    return (estimate.value, estimate.low, estimate.high) if estimate is not None else (math.nan,) * 3
