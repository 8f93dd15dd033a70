"""Contact paths: every contact of a first patient before the first visit, in order of time (computed, never stored)."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import numpy as np
import pandas as pd
from ibis import _
from ibis.expr.types import Table
from numpy.typing import NDArray

from audit.config import Days
from audit.tables.channel_days import NO_SOURCE, credited


@dataclass(frozen=True)
class ContactPaths:
    """Contacts (contacts,): ``patient`` numbers them from 0 and is in order, ``channel`` their recorded source.

    ``stated`` (patients,) is what each patient named as the source, missing where nothing is written.
    """

    patient: NDArray[np.int64]
    channel: NDArray[np.object_]
    stated: pd.Series


def contact_paths(opportunities: Table, enquiries: Table, first_visits: Table, *, days: Days, lookback_days: int) -> ContactPaths:
    """Of patients whose first visit lies in ``days`` and who called first: those that channels are credited with.

    A contact is an incoming call or lead of the patient's telephone on the day of the first visit or up to
    ``lookback_days`` before it.
    """
    of_caller = enquiries.select(opportunity_id="enquiry_id", caller_key="caller_key")
    people = (
        credited(opportunities).filter(_.first_visit_day >= days.start, _.first_visit_day < days.end)
        .select("opportunity_id", "patient_id", "first_visit_day").inner_join(of_caller, "opportunity_id")
        .left_join(first_visits.select("patient_id", "stated_source"), "patient_id")
        .select("patient_id", "first_visit_day", "caller_key", "stated_source")
    )
    incoming = enquiries.filter(_.direction == "in").select("enquiry_id", "started_at", "channel", "caller_key")
    earliest = people.first_visit_day - ibis.interval(days=lookback_days)
    contacts = people.mutate(earliest=earliest).inner_join(incoming, "caller_key").filter(
        _.started_at.date() <= _.first_visit_day, _.started_at.date() >= _.earliest.cast("date")
    )
    frame = contacts.order_by("patient_id", "started_at", "enquiry_id").select(
        "patient_id", "stated_source", channel=_.channel.fill_null(NO_SOURCE)).to_pandas()
    number, _names = pd.factorize(frame.patient_id)
    stated = frame.drop_duplicates("patient_id").stated_source.reset_index(drop=True)
    return ContactPaths(number.astype(np.int64), frame.channel.to_numpy(object), stated)
