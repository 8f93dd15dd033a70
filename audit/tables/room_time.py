"""Room time: one row is one appointment with the resource and the minutes it occupies (computed, never stored)."""

from __future__ import annotations

import ibis
from ibis import _
from ibis.expr.types import Table


def room_time(appointments: Table, rooms: Table | None, services: Table | None) -> Table:
    """Appointments with day, resource (consulting, diagnostics, operating, ward) and minutes.

    Minutes are the recorded ones, else those planned for the service, else one slot of the room. An
    outpatient visit without a known room counts as consulting.
    """
    timed = appointments.mutate(day=_.starts_at.date())
    if rooms is None:
        timed = timed.mutate(room_kind=ibis.null("string"), slot=ibis.null("float64"))
    else:
        facts = rooms.select("room_id", room_kind="kind", slot="slot_minutes")
        timed = timed.left_join(facts, "room_id").drop("room_id_right")
    if services is None:
        timed = timed.mutate(planned=ibis.null("float64"))
    else:
        timed = timed.left_join(services.select("service_id", planned="minutes"), "service_id").drop("service_id_right")
    resource = ibis.cases(
        (_.kind == "operation", "operating"), (_.kind == "ward", "ward"), (_.room_kind == "diagnostics", "diagnostics"),
        else_="consulting",
    )
    return timed.mutate(resource=resource, minutes=ibis.coalesce(_.minutes, _.planned, _.slot))
