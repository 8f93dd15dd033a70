"""Campaign returns: what became of each member after the campaign began (computed, never stored)."""

from __future__ import annotations

from datetime import date

import ibis
from ibis import _
from ibis.expr.types import Table


def campaign_returns(campaign_members: Table, patient_days: Table, *, end: date, within: int) -> Table:
    """One row per campaign and member, each once: group, contacted_on, opted_out, watched, return_days, money.

    ``watched`` days from the campaign's first day to the cut-off ``end``; ``return_days`` until the first visit after
    that day (empty if none within ``within`` days); ``money`` paid in those days. Who was drawn into both groups counts as
    called. In the order of the facts, then of the person.
    """
    members = campaign_members.filter(_.contacted_on < end).group_by("campaign", "patient_id").aggregate(
        is_called=(_.group == "called").max(), contacted_on=_.contacted_on.min(),
        opted_out=ibis.coalesce(_.opted_out, False).max(),
    )
    days = patient_days.filter(_.day < end).select("patient_id", "day", "visits", "revenue")
    joined = members.left_join(days, "patient_id").drop("patient_id_right")
    after = joined.day.delta(joined.contacted_on, unit="day")
    inside = (after >= 0) & (after <= within)
    rows = joined.group_by("campaign", "patient_id", "is_called", "contacted_on", "opted_out").aggregate(
        return_days=after.min(where=inside & (joined.visits > 0)), money=joined.revenue.sum(where=inside).cast("float64").fill_null(0.0)
    )
    return rows.mutate(watched=(end - date(1970, 1, 1)).days - _.contacted_on.delta(date(1970, 1, 1), unit="day") - 1).order_by(
        "campaign", "is_called", "return_days", "money", "patient_id"
    )
