"""Conversions: what one span holds under each thing that is called a conversion (computed, never stored)."""

from __future__ import annotations

from collections.abc import Collection

from ibis import _
from ibis.expr.types import Table

from audit.config import Days
from audit.tables.channel_days import credited


def conversions(
    opportunities: Table, enquiries: Table, *, days: Days, target_seconds: float, channels: Collection[str] | None = None,
) -> dict[str, int]:
    """Counts in ``days``, from the loosest definition to the strictest; only of some ``channels`` if they are given.

    “contact” is every incoming call or lead, known patients and spam too; “target_call” one in which somebody
    spoke for ``target_seconds``, which is what call trackers count (left out where talk is not recorded);
    “new_caller” a new person spoken with, once; “first_patient” one of them who came in ``days``.
    """
    if channels is not None:
        opportunities, enquiries = (table.filter(_.channel.isin(sorted(channels))) for table in (opportunities, enquiries))
    incoming = enquiries.filter(_.direction == "in", _.started_at.date() >= days.start, _.started_at.date() < days.end)
    calls = incoming.aggregate(
        contact=_.count(), timed=_.talk_seconds.count(), target_call=(_.is_answered & (_.talk_seconds >= target_seconds)).sum(),
    ).to_pandas().iloc[0].fillna(0)
    people = opportunities.filter(_.is_answered, _.opened_at.date() >= days.start, _.opened_at.date() < days.end)
    came = credited(opportunities).filter(_.first_visit_day >= days.start, _.first_visit_day < days.end)
    found = {"contact": int(calls.contact), "target_call": int(calls.target_call)}
    if not calls.timed:
        del found["target_call"]
    return found | {"new_caller": int(people.count().execute()), "first_patient": int(came.count().execute())}
