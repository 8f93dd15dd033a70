"""The telephone: what became of calls nobody took, how soon the callers were reached, who was at the desk.

Every function aggregates in the engine and returns a small frame in a total order. Days are half-open.
"""

from __future__ import annotations

import ibis
import pandas as pd
from ibis import _
from ibis.expr.types import Table

from audit.config import Days
from audit.tables.contacts import within
from audit.tables.opportunities import SAME_CALLER_DAYS

REACHED_MINUTES = (15, 60)
CLOCK_HOURS = 14
"""No two clocks of one country stand farther apart."""


def first_missed(opportunities: Table, enquiries: Table, days: Days) -> pd.DataFrame:
    """New callers whose first call nobody took, by how soon they were reached: delay, by, n, came, in a fixed order.

    ``delay`` is quarter (of an hour), hour, day (the same), week, later or never; “no_number” cannot be followed.
    ``by`` says whose call reached them: “clinic” or “caller” (missing for never).
    """
    first = enquiries.filter(_.kind == "call", ~_.is_answered).select("enquiry_id", "caller_key")
    missed = opportunities.filter(within(_.opened_at, days)).inner_join(first, [_.opportunity_id == first.enquiry_id])
    missed = missed.select("opportunity_id", "opened_at", "is_attended", "caller_key")
    spoken = enquiries.filter(_.is_answered, _.caller_key.notnull()).select("caller_key", "started_at", "direction", "enquiry_id")
    later = missed.inner_join(spoken, "caller_key").filter(
        _.started_at > _.opened_at, _.started_at.date().delta(_.opened_at.date(), unit="day") <= SAME_CALLER_DAYS
    ).group_by("opportunity_id").aggregate(
        reached_at=_.started_at.min(), by=_.direction.first(order_by=[_.started_at, _.enquiry_id]),
    )
    joined = missed.left_join(later, "opportunity_id").drop("opportunity_id_right")
    minutes = (joined.reached_at.epoch_seconds() - joined.opened_at.epoch_seconds()) / 60
    gone = joined.reached_at.date().delta(joined.opened_at.date(), unit="day")
    delay = ibis.cases(
        (joined.caller_key.isnull(), "no_number"), (joined.reached_at.isnull(), "never"),
        (minutes <= REACHED_MINUTES[0], "quarter"), (minutes <= REACHED_MINUTES[1], "hour"), (gone == 0, "day"),
        (gone <= 7, "week"), else_="later",
    )
    who = joined.by.cases(("out", "clinic"), ("in", "caller"))
    return joined.group_by(delay=delay, by=who).aggregate(n=_.count(), came=_.is_attended.sum()).order_by("delay", "by").to_pandas()


def first_answered(opportunities: Table, enquiries: Table, days: Days) -> tuple[int, int]:
    """New callers whose first call was answered, and those of them who came."""
    first = enquiries.filter(_.kind == "call", _.is_answered).select("enquiry_id")
    taken = opportunities.filter(within(_.opened_at, days)).semi_join(first, [_.opportunity_id == first.enquiry_id])
    seen = taken.aggregate(n=_.count(), came=_.is_attended.sum()).execute().iloc[0].fillna(0)
    return int(seen.n), int(seen.came)


def on_rota(enquiries: Table, shifts: Table, days: Days) -> tuple[int, int]:
    """Answered calls whose administrator was on the rota then, and all answered calls with an administrator."""
    taken = enquiries.filter(_.direction == "in", _.is_answered, _.administrator_id.notnull(), within(_.started_at, days))
    there = taken.inner_join(_desk(shifts), [taken.administrator_id == _desk(shifts).staff_id]).filter(
        _.started_at >= _.starts_at, _.started_at < _.ends_at
    )
    return int(there.enquiry_id.nunique().execute()), int(taken.count().execute())


def missed_causes(enquiries: Table, shifts: Table, days: Days, patient_seconds: float) -> pd.DataFrame:
    """Missed calls of ``days`` by cause and hour: cause, n.

    “nobody”: no administrator on the rota; “busy”: all of them were talking; “exchange”: it never rang; with
    somebody free, “gave_up”: the caller waited less than ``patient_seconds``; “rang”: longer, and was not
    answered; “unknown”: the wait is not recorded.
    """
    calls = enquiries.filter(_.kind == "call", within(_.started_at, days))
    missed = calls.filter(_.direction == "in", ~_.is_answered).select("enquiry_id", "started_at", "wait_seconds", day=_.started_at.date())
    desk = _desk(shifts).filter(_.ends_at.date() >= days.start, _.starts_at.date() < days.end)
    there = missed.inner_join(desk, [missed.started_at >= desk.starts_at, missed.started_at < desk.ends_at]).group_by(
        "enquiry_id"
    ).aggregate(there=_.staff_id.nunique())
    talking = calls.filter(_.is_answered, _.talk_seconds.notnull()).select(
        day=_.started_at.date(), person=ibis.coalesce(_.administrator_id, _.enquiry_id),
        taken=_.started_at.epoch_seconds() + _.wait_seconds.fill_null(0.0),
        over=_.started_at.epoch_seconds() + _.wait_seconds.fill_null(0.0) + _.talk_seconds,
    )
    moment = missed.started_at.epoch_seconds()
    busy = missed.mutate(moment=moment).inner_join(talking, "day").filter(_.taken <= _.moment, _.moment < _.over).group_by(
        "enquiry_id"
    ).aggregate(busy=_.person.nunique())
    seen = missed.left_join(there, "enquiry_id").drop("enquiry_id_right").left_join(busy, "enquiry_id").drop("enquiry_id_right")
    seen = seen.mutate(there=_.there.fill_null(0), busy=_.busy.fill_null(0))
    cause = ibis.cases(
        (seen.there == 0, "nobody"), (seen.busy >= seen.there, "busy"), (seen.wait_seconds.isnull(), "unknown"),
        (seen.wait_seconds == 0, "exchange"), (seen.wait_seconds < patient_seconds, "gave_up"), else_="rang",
    )
    return seen.group_by(cause=cause).aggregate(n=_.count()).order_by("cause").to_pandas()


def half_hour_calls(enquiries: Table, days: Days) -> pd.DataFrame:
    """Incoming calls by weekday (0 = Monday) and half-hour of the day: weekday, slot, calls, missed."""
    calls = enquiries.filter(_.direction == "in", _.kind == "call", within(_.started_at, days))
    slot = calls.started_at.hour() * 2 + (calls.started_at.minute() >= 30).cast("int64")
    return calls.group_by(weekday=_.started_at.day_of_week.index(), slot=slot).aggregate(
        calls=_.count(), missed=(~_.is_answered).sum()
    ).order_by("weekday", "slot").to_pandas().astype(int)


def desk_days(enquiries: Table, days: Days) -> pd.DataFrame:
    """Days with incoming calls by weekday: weekday, days."""
    calls = enquiries.filter(_.direction == "in", _.kind == "call", within(_.started_at, days))
    return calls.group_by(weekday=_.started_at.day_of_week.index()).aggregate(
        days=_.started_at.date().nunique()
    ).order_by("weekday").to_pandas().astype(int)


def desk_shifts(shifts: Table, days: Days) -> pd.DataFrame:
    """Administrators' shifts by weekday and minutes of the day: weekday, start_minute, end_minute, n; cut at midnight."""
    desk = _desk(shifts).filter(within(_.starts_at, days))
    start = desk.starts_at.hour() * 60 + desk.starts_at.minute()
    end = start + (desk.ends_at.epoch_seconds() - desk.starts_at.epoch_seconds()) / 60
    return desk.group_by(weekday=_.starts_at.day_of_week.index(), start_minute=start, end_minute=end).aggregate(
        n=_.count()
    ).order_by("weekday", "start_minute", "end_minute").to_pandas().astype(float)


def waits(enquiries: Table, days: Days, within_seconds: float) -> pd.Series:
    """Sums over incoming calls: calls, missed, waited and gave_up_waited (seconds), answered with a wait, of them in time, talk_seconds."""
    calls = enquiries.filter(_.direction == "in", _.kind == "call", within(_.started_at, days))
    timed = calls.wait_seconds.notnull()
    return calls.aggregate(
        calls=_.count(), missed=(~_.is_answered).sum(), timed_missed=(timed & ~calls.is_answered).sum(),
        waited=_.wait_seconds.sum(), timed=(timed & calls.is_answered).sum(),
        in_time=(timed & calls.is_answered & (calls.wait_seconds <= within_seconds)).sum(),
        talk_seconds=_.talk_seconds.mean(where=calls.is_answered),
    ).execute().iloc[0].astype(float).fillna(0.0)


def clock_gaps(enquiries: Table, appointments: Table, patients: Table, days: Days) -> pd.DataFrame:
    """Bookings after a call of the same telephone by the whole hours between them: hours (may be negative), n.

    A booking is made while the caller is on the line, so the commonest gap is 0 where both clocks agree.
    Only a call and a booking that are the only ones of their telephone within a day of each other count.
    """
    calls = enquiries.filter(_.direction == "in", _.is_answered, _.caller_key.notnull(), within(_.started_at, days))
    phone = patients.filter(_.phone_key.notnull()).select("patient_id", "phone_key")
    made = appointments.filter(_.booked_at.notnull()).inner_join(phone, "patient_id").select("appointment_id", "phone_key", "booked_at")
    pairs = calls.inner_join(made, [calls.caller_key == made.phone_key])
    gap = pairs.booked_at.epoch_seconds() - pairs.started_at.epoch_seconds()
    pairs = pairs.mutate(minutes=gap / 60).filter(_.minutes.abs() <= CLOCK_HOURS * 60)
    alone = pairs.group_by("phone_key").aggregate(pairs=_.count(), minutes=_.minutes.min()).filter(_.pairs == 1)
    # up to half an hour passes while the caller talks and the booking is written, and a clock may be a minute fast
    hours = ((alone.minutes + 15) / 60).floor().cast("int64")
    close = (alone.minutes + 15) - hours * 60 <= 45
    return alone.filter(close).group_by(hours=hours).aggregate(n=_.count()).order_by(ibis.desc("n"), "hours").to_pandas()


def _desk(shifts: Table) -> Table:
    return shifts.filter(_.role == "administrator").select("staff_id", "starts_at", "ends_at")
