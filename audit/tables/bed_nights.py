"""Bed nights: one row is one day and the beds taken in the night that follows (computed, never stored)."""

from __future__ import annotations

import ibis
from ibis import _
from ibis.expr.types import Table


def bed_nights(appointments: Table) -> Table:
    """Columns day, occupied (beds taken that night) and begun (all nights of the stays that begin on the day).

    Completed stays with nights; where the ward has no appointments of its own, the operations carry the
    nights. A fraction of a night takes a fraction of a bed. Over a month ``occupied`` and ``begun`` differ
    by the stays that lie across its ends.
    """
    stays = appointments.filter(_.status == "completed", _.nights > 0).select("kind", "nights", day=_.starts_at.date())
    has_ward = (stays.kind == "ward").any().as_scalar()
    stays = stays.filter((_.kind == "ward") | ((_.kind == "operation") & ~has_ward))
    alike = stays.group_by("day", "nights").aggregate(times=_.count())
    nights = alike.mutate(k=ibis.range(0, alike.nights.ceil().cast("int64")).unnest())
    taken = nights.select(
        day=_.day + _.k.as_interval("D"), occupied=_.times * ibis.least(1.0, _.nights - _.k), begun=ibis.literal(0.0)
    ).mutate(day=_.day.cast("date"))
    began = alike.select("day", occupied=ibis.literal(0.0), begun=_.times * _.nights)
    return ibis.union(taken, began).group_by("day").aggregate(occupied=_.occupied.sum(), begun=_.begun.sum())
