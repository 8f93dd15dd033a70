"""How many digits a number earns, and in which scale it is written.

The last digit shown is the coarsest for which the interval is still at least two units wide, never
coarser than a whole unit of the scale; a counted number shows about three significant digits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from statistics import median_low

from audit.results.estimate import Estimate
from audit.tables.columns import Unit

_MOST_DECIMALS = 3


@dataclass(frozen=True)
class Form:
    """How a number is written: divided by 10**``power`` and rounded to ``decimals``."""

    unit: Unit
    power: int = 0
    decimals: int = 0

    def rounded(self, value: float) -> Decimal:
        """``value`` in the shown scale; never minus zero."""
        step = Decimal(1).scaleb(-self.decimals)
        return abs_zero(Decimal(repr(float(value))).scaleb(-self.power).quantize(step, ROUND_HALF_UP))


def abs_zero(number: Decimal) -> Decimal:
    """Zero without a sign; any other number as it is."""
    return abs(number) if number == 0 else number


def form_of(e: Estimate) -> Form:
    """The form an estimate earns."""
    power = _power(e.unit, max(abs(v) for v in (e.value, e.low, e.high) if math.isfinite(v)), abs(e.value))
    value = e.value / 10.0**power
    if e.is_exact or not (math.isfinite(e.low) and math.isfinite(e.high)):
        return Form(e.unit, power, _exact_decimals(abs(value), e.unit, power))
    decimals = _interval_decimals((e.high - e.low) / 10.0**power, e.unit, power)
    if power > 0 and abs(value) < 10:
        decimals = max(decimals, 1)
    elif abs(value) > 0 and round(abs(value), decimals) == 0:
        decimals = min(decimals + 1, _MOST_DECIMALS)
    return Form(e.unit, power, decimals)


def _power(unit: Unit, largest: float, value: float) -> int:
    if unit in ("share", "points"):
        return -2
    if unit != "currency" or largest < 9_999.5:
        return 0
    return 9 if value >= 999_500_000 else 6 if value >= 999_500 else 3


def _interval_decimals(width: float, unit: Unit, power: int) -> int:
    decimals = next((d for d in range(_MOST_DECIMALS) if width >= 2 * 10.0**-d - 1e-9), _MOST_DECIMALS)
    if unit == "currency" and power == 0:
        return 2 if decimals else 0
    return min(decimals, 2) if unit in ("share", "currency") else decimals


def _exact_decimals(value: float, unit: Unit, power: int = 0) -> int:
    """Digits of a counted number: three significant ones or so, and none that say nothing."""
    if abs(value - round(value)) < 1e-9:
        return 0
    if unit == "currency" and power > 0:
        wanted = 1 if value < 100 else 0
    elif unit == "currency":
        cents = value < 1000 and abs(value * 100 - round(value * 100)) < 1e-6
        return 2 if cents or value < 10 else 0
    elif unit == "share":
        wanted = 0 if 10 <= value <= 99 else 1 if 1 <= value < 99.95 else 2
    elif unit in ("ratio", "number"):
        wanted = 0 if value >= 100 else 1 if value >= 1 else 2
    else:
        wanted = 0 if value >= 10 else 1
    if round(value, wanted) == 0:
        return 0
    return next((d for d in range(wanted) if abs(round(value, d) - value) < 1e-9), wanted)


def short_form(value: float, unit: Unit) -> Form:
    """Two significant digits."""
    power = -2 if unit in ("share", "points") else 0
    size = _two_digits(abs(value) / 10.0**power)
    if unit == "currency" and size >= 1000:
        power = 9 if size >= 1e9 else 6 if size >= 1e6 else 3
        size /= 10.0**power
    digits = 0 if size >= 10 or size == 0 else 1 - math.floor(math.log10(size))
    digits = next((d for d in range(digits) if abs(round(size, d) - size) < 1e-9), digits)
    return _Short(unit, power, digits if digits <= _MOST_DECIMALS else 0)


@dataclass(frozen=True)
class _Short(Form):
    def rounded(self, value: float) -> Decimal:
        return Form.rounded(self, _two_digits(value))


def _two_digits(value: float) -> float:
    if value == 0:
        return 0.0
    step = Decimal(1).scaleb(math.floor(math.log10(abs(value))) - 1)
    return float(Decimal(repr(value)).quantize(step, ROUND_HALF_UP))


def tick_form(value: float, unit: Unit) -> Form:
    """As few digits as an axis or a mark needs."""
    size = abs(value)
    if unit == "currency" and size >= 999.5:
        power = 6 if size >= 999_500 else 3
        scaled = size / 10.0**power
        return Form(unit, power, 0 if scaled >= 9.95 else _trimmed(scaled, 1))
    power = -2 if unit in ("share", "points") else 0
    scaled = size / 10.0**power
    wanted = 0 if scaled >= 10 or (unit == "currency" and scaled >= 1) else 1 if scaled >= 1 else 2
    return Form(unit, power, _trimmed(scaled, wanted))


def _trimmed(value: float, decimals: int) -> int:
    return next((d for d in range(decimals) if abs(round(value, d) - round(value, decimals)) < 1e-9), decimals)


def column_form(values: Sequence[float], bounds: Sequence[tuple[float, float]], unit: Unit) -> Form:
    """One form for the ``values`` of a column and the intervals around them."""
    known = [float(v) for v in values if math.isfinite(v)]
    if not known:
        return Form(unit, -2 if unit in ("share", "points") else 0, 0)
    sizes = [abs(v) for v in known if v]
    largest, smallest = max(sizes, default=0.0), min(sizes, default=0.0)
    power = _column_power(unit, largest, smallest)
    widths = [(high - low) / 10.0**power for low, high in bounds if math.isfinite(high - low) and high > low]
    if widths:
        decimals = median_low([_interval_decimals(width, unit, power) for width in widths])
    elif unit == "currency" and power > 0:
        decimals = 0 if largest / 10.0**power >= 100 else 1
    elif unit == "currency" and largest >= 1000:
        decimals = 0  # as such a figure standing alone: cents say nothing beside thousands
    else:
        decimals = max(_column_decimals(size / 10.0**power, unit, power) for size in sizes or [0.0])
    if unit == "currency" and power > 0 and smallest / 10.0**power < 9.95:
        decimals = max(decimals, 1 if power == 3 or smallest / 10.0**power >= 0.95 else 2)
    return Form(unit, power, decimals)


def _column_power(unit: Unit, largest: float, smallest: float) -> int:
    if unit != "currency":
        return _power(unit, largest, largest)
    if largest >= 1_995_000 and smallest >= 50_000:
        return _power(unit, largest, largest)
    return 3 if largest >= 999_500 or (largest >= 99_950 and smallest >= 950) else 0


def _column_decimals(value: float, unit: Unit, power: int) -> int:
    if unit == "share":
        return 1 if 0 < value < 9.95 else min(_exact_decimals(value, unit, power), 1)
    return min(_exact_decimals(value, unit, power), 2)
