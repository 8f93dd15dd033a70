"""Attribution rules: by which rule channels were recorded, and when another one began (computed, never stored)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import ibis
import pandas as pd
from ibis import _
from ibis.expr.types import Table


@dataclass(frozen=True)
class RuleChange:
    """``on`` is the day the rule ``now`` began and ``before`` ended; names are missing where only the day was declared."""

    on: date
    before: str | None
    now: str | None


def rule_of(opportunities: Table, start: date, end: date) -> str | None:
    """The rule most callers of the days from ``start`` to ``end`` (not in it) were recorded by; None where none is written."""
    inside = opportunities.filter(_.attribution.notnull(), _.opened_at.date() >= start, _.opened_at.date() < end)
    counted = inside.group_by("attribution").aggregate(n=_.count()).order_by(ibis.desc("n"), "attribution").limit(1).to_pandas()
    return str(counted.attribution.iloc[0]) if len(counted) else None


def rule_change(opportunities: Table, *, after: date, until: date, declared: Sequence[date] = ()) -> RuleChange | None:
    """The latest day in (``after``, ``until``) from which channels were recorded by another rule; None if it never changed.

    A rule begins with the first call recorded by it; ``declared`` adds days a clinic knows of without such a record.
    """
    began = opportunities.filter(_.attribution.notnull()).group_by("attribution").aggregate(on=_.opened_at.min().date())
    # the first rule of all began with the record, it did not change anything
    days = sorted({pd.Timestamp(on).date() for on in began.to_pandas()["on"]})[1:]
    inside = sorted(day for day in {*days, *declared} if after < day < until)
    if not inside:
        return None
    before, now = rule_of(opportunities, after, inside[-1]), rule_of(opportunities, inside[-1], until)
    is_told = before is not None and now is not None and before != now
    return RuleChange(inside[-1], before if is_told else None, now if is_told else None)
