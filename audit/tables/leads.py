"""Leads: the calls and requests of new people, told apart by person, with how soon somebody spoke with them."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import pandas as pd
from ibis import _
from ibis.expr.types import Table

from audit.config import Days
from audit.tables.contacts import within
from audit.tables.opportunities import new_demand

UNKNOWN = "unknown"
"""Channel of a contact that none is recorded for."""

CALL_BACK_DAYS = 30
"""Outgoing calls within these days of the first contact are a call back."""


def contacts_of(enquiries: Table, first_visits: Table, patients: Table, opportunities: Table, days: Days) -> Table:
    """Every contact of the opportunities opened in ``days``: enquiry, its channel and kind, and the opportunity it belongs to."""
    demand = new_demand(enquiries, first_visits, patients)
    order = [_.started_at, _.enquiry_id]
    told = demand.mutate(opportunity_id=_.enquiry_id.first().over(group_by=["caller", "number"], order_by=order))
    opened = opportunities.filter(within(_.opened_at, days)).select(
        "opportunity_id", "opened_at", "is_booked", first_channel=ibis.coalesce(_.channel, UNKNOWN)
    )
    mine = told.inner_join(opened, "opportunity_id")
    return mine.select(
        "opportunity_id", "opened_at", "is_booked", "first_channel", "enquiry_id", "caller", "caller_key", "started_at", "kind", "is_answered",
        "wait_seconds", channel=ibis.coalesce(mine.channel, UNKNOWN),
    )


def merged(contacts: Table) -> pd.DataFrame:
    """By channel of the contact: channel, contacts, people who used it, people credited to it (first contact)."""
    each = contacts.group_by("channel").aggregate(contacts=_.count(), used=_.opportunity_id.nunique())
    first = contacts.group_by(channel=_.first_channel).aggregate(people=_.opportunity_id.nunique())
    joined = each.left_join(first, "channel").select("channel", "contacts", "used", people=ibis.coalesce(_.people, 0))
    return joined.order_by(ibis.desc("people"), "channel").to_pandas()


def several(contacts: Table) -> tuple[int, int, int]:
    """People who came by several channels, who got in touch more than once, and all of them."""
    ways = contacts.group_by("opportunity_id").aggregate(channels=_.channel.nunique(), n=_.count())
    row = ways.aggregate(several=(_.channels > 1).sum(), repeated=(_.n > 1).sum(), people=_.count()).execute().iloc[0].fillna(0)
    return int(row.several), int(row.repeated), int(row.people)


def responses(contacts: Table, enquiries: Table, hour_edges: Sequence[int]) -> pd.DataFrame:
    """One row per person, without a name: first_channel, part of the day, minutes until somebody spoke with them, is_booked.

    Minutes run from the first contact to the first answered one, its waiting included, or to an answered call of the clinic
    to the same number; missing when nobody ever spoke. A request that is marked as answered without a waiting time counts
    from its arrival.
    """
    spoke = contacts.filter(_.is_answered).select(
        "opportunity_id", at=_.started_at.epoch_seconds() + ibis.coalesce(_.wait_seconds, 0.0)
    )
    people = contacts.group_by("opportunity_id", "first_channel", "is_booked", "caller_key").aggregate(
        opened=_.opened_at.min().epoch_seconds(), hour=_.opened_at.min().hour()
    )
    called = enquiries.filter(_.direction == "out", _.is_answered, _.caller_key.notnull()).select(
        "caller_key", out_at=_.started_at.epoch_seconds()
    )
    back = people.inner_join(called, "caller_key").filter(
        _.out_at >= _.opened, _.out_at <= _.opened + 86_400 * CALL_BACK_DAYS
    ).select("opportunity_id", at=_.out_at.cast("float64"))
    first = ibis.union(spoke.select("opportunity_id", at=_["at"].cast("float64")), back).group_by("opportunity_id").aggregate(at=_["at"].min())
    part = sum(((people.hour >= edge).cast("int64") for edge in hour_edges), start=ibis.literal(0))
    rows = people.mutate(part=part).left_join(first, "opportunity_id")
    told = rows.select("first_channel", "part", "is_booked", minutes=(rows["at"] - rows.opened) / 60)
    return told.order_by("first_channel", "part", "minutes", "is_booked").to_pandas()
