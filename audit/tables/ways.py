"""Ways: the path of each new person from the first contact to the first visit, from the event log.

A way starts with a person's first contact and ends with the day of the first visit, or ``FOLLOW_DAYS`` after the first
contact. An event that repeats the one before it is one step; after the visit only its payment belongs to the way.
"""

from __future__ import annotations

from datetime import date

import ibis
import pandas as pd
from ibis import _
from ibis.expr.types import Table

from audit.config import Days
from audit.tables.contacts import within
from audit.tables.opportunities import FOLLOW_DAYS, caller

ARRIVALS = ("visit", "operation")
AFTERWARDS = ("review", "reactivation")
"""Events that come after the way."""

END = "end"
BETWEEN = ">"


def callers(opportunities: Table, enquiries: Table, days: Days) -> Table:
    """New people who got in touch in ``days``: case, person, patient_id if they came, first and last day of their way."""
    who = enquiries.select("enquiry_id", person=caller(enquiries))
    cases = opportunities.filter(within(_.opened_at, days)).inner_join(who, _.opportunity_id == who.enquiry_id)
    start = cases.opened_at.date()
    return cases.select(
        case=cases.opportunity_id, person=cases.person, patient_id=cases.patient_id, start=start,
        last=ibis.coalesce(cases.first_visit_day, (start + ibis.interval(days=FOLLOW_DAYS)).cast("date")),
    )


def new_patients(first_visits: Table, patients: Table, days: Days) -> Table:
    """The same of a clinic without a list of calls: new patients whose first visit lies in ``days``."""
    phone = ibis.coalesce(patients.phone_key, ibis.literal("patient ") + patients.patient_id)
    people = patients.select("patient_id", person=phone)
    cases = first_visits.filter(_.is_new, within(_.first_day, days)).inner_join(people, "patient_id")
    return cases.select(
        case=cases.patient_id, person=cases.person, patient_id=cases.patient_id,
        start=(cases.first_day - ibis.interval(days=FOLLOW_DAYS)).cast("date"), last=cases.first_day,
    )


def steps(log: Table, cases: Table) -> Table:
    """The steps of each way in order: case, event, at, number of the step, event and moment of the step before."""
    there = log.filter(~_.event.isin(AFTERWARDS)).inner_join(cases, "person")
    there = there.filter(_.at.date() >= _.start, _.at.date() <= _.last)
    arrival = _.at.min(where=_.event.isin(ARRIVALS)).over(group_by="case")
    way = there.mutate(arrived_at=arrival).filter(
        _.arrived_at.isnull() | (_.at < _.arrived_at) | (_.event == "payment") | (_.event.isin(ARRIVALS) & (_.at == _.arrived_at))
    )
    order = [_.at, _["rank"], _.source_id]
    told = way.mutate(before=_.event.lag().over(group_by="case", order_by=order))
    return told.filter(_.before.isnull() | (_.before != _.event)).select("case", "event", "at", "rank", "source_id")


def variants(steps: Table, cases: Table, first_visits: Table, patient_days: Table | None, days_after: int) -> pd.DataFrame:
    """One row per case, without its name: path, came, came again within ``days_after``, money of these days (0 unless came).

    Money is missing for all where no payments are recorded. The caller sees to it that the cases were watched so long.
    """
    order = [_.at, _["rank"], _.source_id]
    paths = steps.group_by("case").aggregate(path=_.event.group_concat(sep=BETWEEN, order_by=order))
    back = ibis.coalesce(_.second_day.delta(_.first_day, unit="day") <= days_after, False)
    known = first_visits.select("patient_id", again=back)
    told = cases.inner_join(paths, "case").left_join(known, "patient_id")
    told = told.select("path", "patient_id", came=_.patient_id.notnull(), again=ibis.coalesce(_.again, False))
    if patient_days is None:
        rows = told.mutate(revenue=ibis.null("float64"))
    else:
        money = patient_days.filter(_.tenure_day >= 0, _.tenure_day < days_after).group_by("patient_id").aggregate(
            revenue=_.revenue.sum().cast("float64")
        )
        rows = told.left_join(money, "patient_id").select("path", "came", "again", revenue=ibis.coalesce(_.revenue, 0.0))
    return rows.select("path", "came", "again", "revenue").order_by("path", "came", "again", "revenue").to_pandas()


def follows(steps: Table) -> pd.DataFrame:
    """Directly-follows graph: event, the next event (``end`` after the last), n and the median days between them."""
    order = [_.at, _["rank"], _.source_id]
    pairs = steps.mutate(
        next=_.event.lead().over(group_by="case", order_by=order), then=_.at.lead().over(group_by="case", order_by=order)
    )
    days = (pairs.then.epoch_seconds() - pairs["at"].epoch_seconds()).cast("float64") / 86_400
    edges = pairs.mutate(next=ibis.coalesce(_.next, END), days=days)
    counted = edges.group_by("event", "next").aggregate(n=_.count(), days=_.days.median())
    return counted.order_by(ibis.desc("n"), "event", "next").to_pandas()


def watched(end: date, start: date, days_after: int, longest: int) -> Days | None:
    """The latest days of first contacts that were watched to the end of the way and ``days_after`` beyond; None if none."""
    last = pd.Timestamp(end) - pd.Timedelta(days=FOLLOW_DAYS + days_after)
    first = max(pd.Timestamp(start), last - pd.Timedelta(days=longest))
    return Days(start=first.date(), end=last.date()) if first < last else None
