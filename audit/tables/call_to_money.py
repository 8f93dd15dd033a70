"""Call to money: how many of a span's calls can be followed to a patient and to money (computed, never stored)."""

from __future__ import annotations

from ibis import _
from ibis.expr.types import Table

from audit.config import Days

STAGES = {
    "enquiries": "", "people": "enquiries", "answered": "people", "numbered": "answered", "booked": "answered",
    "carded": "booked", "came": "booked", "paid": "came",
}
"""Each stage and the one it is a part of. “numbered” and “carded” are what a join needs: a telephone number
of the caller, and the same number on a patient's card."""


def call_to_money(
    opportunities: Table, enquiries: Table, patients: Table, patient_days: Table | None, *, days: Days,
) -> dict[str, tuple[int, str]]:
    """Count and base stage of each of ``STAGES`` for contacts opened in ``days``; without money no stage “paid”.

    “enquiries” counts every incoming call, known patients and suppliers too; the rest counts new people once.
    """
    calls = enquiries.filter(_.direction == "in", _.started_at.date() >= days.start, _.started_at.date() < days.end)
    people = opportunities.filter(_.opened_at.date() >= days.start, _.opened_at.date() < days.end)
    keys = enquiries.select(opportunity_id="enquiry_id", caller_key="caller_key")
    cards = patients.filter(_.phone_key.notnull()).select(caller_key="phone_key").distinct().mutate(has_card=True)
    keyed = people.left_join(keys, "opportunity_id").drop("opportunity_id_right")
    keyed = keyed.left_join(cards, "caller_key").drop("caller_key_right")
    if patient_days is None:
        keyed = keyed.mutate(pays=False)
    else:
        paid = patient_days.group_by("patient_id").aggregate(revenue=_.revenue.sum()).filter(_.revenue > 0)
        keyed = keyed.left_join(paid.select("patient_id", pays=True), "patient_id").drop("patient_id_right")
    counted = keyed.filter(_.is_answered).aggregate(
        answered=_.count(), numbered=_.caller_key.notnull().sum(), booked=_.is_booked.sum(),
        carded=(_.is_booked & _.has_card.fill_null(False)).sum(), came=_.is_attended.sum(),
        paid=(_.is_attended & _.pays.fill_null(False)).sum(),
    ).to_pandas().iloc[0].fillna(0)
    counts = {"enquiries": int(calls.count().execute()), "people": int(people.count().execute()), **counted.astype(int).to_dict()}
    return {name: (counts[name], base) for name, base in STAGES.items() if name != "paid" or patient_days is not None}
