"""Calendar months inside a range of days."""

from __future__ import annotations

from datetime import date, timedelta


def next_month(day: date) -> date:
    """First day of the month after the month of ``day``."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def whole_months(start: date, end: date) -> list[date]:
    """First days of the months that lie wholly in ``start`` … ``end`` (exclusive)."""
    first = start if start.day == 1 else next_month(start)
    found = []
    while next_month(first) <= end:
        found.append(first)
        first = next_month(first)
    return found


def parts_of_months(start: date, end: date) -> list[tuple[date, float]]:
    """Every month ``start`` … ``end`` (exclusive) touches, with the share of its days inside."""
    found, first = [], start.replace(day=1)
    while first < end:
        after = next_month(first)
        found.append((first, (min(after, end) - max(first, start)).days / (after - first).days))
        first = after
    return found


def a_year_earlier(start: date, end: date) -> tuple[date, date]:
    """The same days a year earlier; 29 February becomes the 28th."""
    back = [day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day) for day in (start, end)]
    return back[0], back[1]
