"""Referrals: what new patients name as their source, and how many came before them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from ibis import _
from ibis.expr.types import Table

from audit.config import Days
from audit.tables.contacts import within


def stated(first_visits: Table, days: Days, recommended_as: Sequence[str]) -> tuple[int, int, int]:
    """New patients of ``days`` who named a recommendation, something else, nothing."""
    people = first_visits.filter(_.is_new, within(_.first_day, days))
    named = _.stated_source.lower().isin([name.lower() for name in recommended_as])
    seen = people.aggregate(n=_.count(), answered=_.stated_source.count(), named=named.sum()).execute().iloc[0].fillna(0)
    return int(seen.named), int(seen.answered - seen.named), int(seen.n - seen.answered)


def first_patients_by_month(first_visits: Table, start: date, end: date) -> list[int]:
    """New patients of each calendar month from ``start`` up to ``end`` (exclusive), the latest first; empty months count."""
    months = first_visits.filter(_.is_new, within(_.first_day, Days(start=start, end=end)))
    counts = months.group_by(year=_.first_day.year(), month=_.first_day.month()).aggregate(n=_.count()).to_pandas()
    by = {12 * row.year + row.month - 1: int(row.n) for row in counts.itertuples()}
    first, last = (12 * day.year + day.month - 1 for day in (start, end))
    return [by.get(month, 0) for month in range(last - 1, first - 1, -1)]
