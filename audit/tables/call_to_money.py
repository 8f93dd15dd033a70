"""Call to money: how many of a span's calls can be followed to a patient and to money (computed, never stored)."""

from __future__ import annotations

from ibis import _
from ibis.expr.types import Table

from audit.config import Days
from audit.tables.contacts import within
from audit.tables.opportunities import new_demand

STAGES = {
    "enquiries": "", "people": "enquiries", "answered": "people", "numbered": "answered", "booked": "answered",
    "came": "booked", "paid": "came",
}
"""Each stage and the one it is a part of. “numbered” is what a join needs, the caller's telephone. Nearly all who are
“booked” are found among the patients by definition: it is mostly there that a booking is known from."""


def call_to_money(
    opportunities: Table, enquiries: Table, patient_days: Table | None, *, days: Days,
) -> dict[str, tuple[int, str]]:
    """Count and base stage of each of ``STAGES`` for contacts opened in ``days``.

    “enquiries” counts every incoming call, known patients and suppliers too; the rest counts new people once. Without
    money there is no stage “paid”.
    """
    calls = enquiries.filter(_.direction == "in", within(_.started_at, days))
    keyed = opportunities.filter(within(_.opened_at, days))
    if patient_days is None:
        keyed = keyed.mutate(pays=False)
    else:
        paid = patient_days.group_by("patient_id").aggregate(revenue=_.revenue.sum()).filter(_.revenue > 0)
        keyed = keyed.left_join(paid.select("patient_id", pays=True), "patient_id").drop("patient_id_right")
    counted = keyed.filter(_.is_answered).aggregate(
        answered=_.count(), numbered=_.is_numbered.sum(), booked=_.is_booked.sum(), came=_.is_attended.sum(),
        paid=(_.is_attended & _.pays.fill_null(False)).sum(),
    ).to_pandas().iloc[0].fillna(0)
    counts = {"enquiries": int(calls.count().execute()), "people": int(keyed.count().execute()), **counted.astype(int).to_dict()}
    return {name: (counts[name], base) for name, base in STAGES.items() if name != "paid" or patient_days is not None}


def marked_booked(enquiries: Table, first_visits: Table, patients: Table, *, days: Days) -> tuple[int, int]:
    """New callers of ``days`` whose telephone a patient has, of those whose call is marked as booked; and the latter.

    The mark is the word of whoever took the call or listened to it, so unlike a booking it can lead nowhere.
    """
    demand = new_demand(enquiries, first_visits, patients).filter(_.outcome == "booked", within(_.started_at, days))
    cards = patients.filter(_.phone_key.notnull()).select(caller_key="phone_key").distinct().mutate(has_card=True)
    people = demand.select("caller", "caller_key").distinct().left_join(cards, "caller_key")
    counted = people.aggregate(marked=_.count(), carded=_.has_card.fill_null(False).sum()).to_pandas().iloc[0].fillna(0)
    return int(counted.carded), int(counted.marked)
