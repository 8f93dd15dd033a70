"""Listening: what people who listened to calls wrote down. Small frames in a total order; days are half-open."""

from __future__ import annotations

from datetime import date, timedelta

import ibis
import pandas as pd
from ibis import _
from ibis.expr.types import Table

from audit.config import Days
from audit.tables.contacts import within

FIELDS = ("intent", "outcome", "loss_reason")


def marked_days(enquiries: Table, end: date) -> Days | None:
    """From the first to the last day whose calls were listened to (an outcome or a score); None if none were."""
    heard = enquiries.filter(_.direction == "in", _.is_answered, _.started_at < end, _.outcome.notnull() | _.quality_score.notnull())
    days = heard.aggregate(first=_.started_at.date().min(), last=_.started_at.date().max()).execute().iloc[0]
    if pd.isna(days["first"]):
        return None
    return Days(start=pd.Timestamp(days["first"]).date(), end=pd.Timestamp(days["last"]).date() + timedelta(days=1))


def mark_counts(enquiries: Table, days: Days) -> pd.DataFrame:
    """Answered incoming calls by field and mark: field, mark (missing: not marked), n."""
    taken = enquiries.filter(_.direction == "in", _.is_answered, within(_.started_at, days))
    parts = [taken.group_by(field=ibis.literal(field), mark=taken[field]).aggregate(n=_.count()) for field in FIELDS]
    return ibis.union(*parts).order_by("field", ibis.desc("n"), "mark").to_pandas()


def double_marks(enquiries: Table, days: Days) -> pd.DataFrame:
    """Calls marked by two listeners: first, second, n."""
    twice = enquiries.filter(_.outcome.notnull(), _.second_outcome.notnull(), within(_.started_at, days))
    return twice.group_by(first=_.outcome, second=_.second_outcome).aggregate(n=_.count()).order_by("first", "second").to_pandas()


def score_bookings(opportunities: Table, enquiries: Table, days: Days) -> pd.DataFrame:
    """First answered calls of new callers by score (rounded): score, n, booked by the records, not by the listener."""
    heard = enquiries.filter(_.quality_score.notnull(), _.is_answered).select("enquiry_id", "quality_score")
    seen = opportunities.filter(within(_.opened_at, days)).inner_join(heard, [_.opportunity_id == heard.enquiry_id])
    return seen.group_by(score=_.quality_score.round().cast("int64")).aggregate(
        n=_.count(), booked=_.is_booked.sum()
    ).order_by("score").to_pandas()


def desk_counts(opportunities: Table, days: Days) -> tuple[int, int]:
    """New callers of ``days`` who were answered, and those of them who booked."""
    answered = opportunities.filter(_.is_answered, within(_.opened_at, days))
    seen = answered.aggregate(n=_.count(), booked=(_.is_attended | _.is_booked).sum()).execute().iloc[0].fillna(0)
    return int(seen.n), int(seen.booked)


def to_listen(opportunities: Table, enquiries: Table, days: Days) -> pd.DataFrame:
    """First calls of new callers of ``days`` that were answered: call, at, administrator, is_booked."""
    taken = enquiries.filter(_.kind == "call", _.is_answered, _.administrator_id.notnull()).select("enquiry_id", at=_.started_at, administrator=_.administrator_id)
    calls = opportunities.filter(within(_.opened_at, days)).inner_join(taken, [_.opportunity_id == taken.enquiry_id])
    return calls.select(call=_.enquiry_id, at=_["at"], administrator=_.administrator, is_booked=_.is_booked).order_by("call").to_pandas()
