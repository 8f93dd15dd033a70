"""Then and now: how one number changed between two audits, relative to then."""

from __future__ import annotations

import math
from typing import Literal

Reading = Literal["moved", "against", "unclear"]
Three = tuple[float, float, float]


def relative_change(then: Three, now: Three) -> Three:
    """(now − then) / |then| with bounds, from value, low, high of both; NaN where ``then`` is zero or unknown.

    The two audits are independent, so half-widths of their intervals add in squares (each side by itself,
    Zou & Donner 2008, MOVER). ``then`` in the denominator is taken as it was.
    """
    if not math.isfinite(then[0]) or not math.isfinite(now[0]) or then[0] == 0:
        return math.nan, math.nan, math.nan
    change = now[0] - then[0]
    low = change - math.hypot(now[0] - now[1], then[2] - then[0])
    high = change + math.hypot(now[2] - now[0], then[0] - then[1])
    first, last = low / abs(then[0]), high / abs(then[0])
    return change / abs(then[0]), first, last


def reading(low: float, high: float, *, is_high_better: bool) -> Reading:
    """Whether the whole interval lies on the better side, on the worse side, or across zero."""
    if not (low > 0 or high < 0):
        return "unclear"
    return "moved" if (low > 0) == is_high_better else "against"
