"""Clocks: calls and the bookings made in them, side by side, to see whether two systems keep the same time."""

from __future__ import annotations

import ibis
import pandas as pd
from ibis import _
from ibis.expr.types import Table

FARTHEST_HOURS = 15
"""Calls farther from a booking than this did not make it, whatever the clocks say."""


def bookings_after_calls(enquiries: Table, appointments: Table, patients: Table) -> pd.DataFrame:
    """Per appointment whose patient rang: ``minutes`` from the nearest answered call to the booking, negative before it.

    Seconds since the epoch are subtracted, which every engine does alike.
    """
    calls = enquiries.filter(_.direction == "in", _.is_answered, _.caller_key.notnull()).select(
        "caller_key", called=_.started_at.epoch_seconds()
    )
    phones = patients.filter(_.phone_key.notnull()).select("patient_id", "phone_key")
    booked = appointments.filter(_.booked_at.notnull()).select(
        "appointment_id", "patient_id", made=_.booked_at.epoch_seconds()
    ).inner_join(phones, "patient_id")
    pairs = booked.inner_join(calls, [booked.phone_key == calls.caller_key]).mutate(
        minutes=(_.made - _.called).cast("float64") / 60
    ).filter(_.minutes.abs() <= 60 * FARTHEST_HOURS)
    nearest = pairs.group_by("appointment_id").aggregate(
        minutes=_.minutes.first(order_by=[_.minutes.abs(), ibis.desc("minutes")])
    )
    return nearest.select("minutes").order_by("minutes").to_pandas()


def visits_before_calls(opportunities: Table, appointments: Table) -> tuple[int, int]:
    """New callers who came on the day of their first call: visits that begin before that call, and all of them."""
    visits = appointments.filter(_.status == "completed").select("patient_id", "starts_at")
    same_day = opportunities.filter(_.first_visit_day == _.opened_at.date()).inner_join(visits, "patient_id")
    same_day = same_day.filter(_.starts_at.date() == _.first_visit_day).group_by("opportunity_id", "opened_at").aggregate(
        starts_at=_.starts_at.min()
    )
    seen = same_day.aggregate(n=_.count(), before=(_.starts_at < _.opened_at).sum()).execute().iloc[0].fillna(0)
    return int(seen.before), int(seen.n)
