"""The canonical tables appointments and charges, from visits, operations, broken bookings and bills."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.random import Generator

from audit.simulate import money, price_list
from audit.simulate.days import FIRST_MONTH, OPENS_MINUTE, Days, moment, previous_open
from audit.simulate.office import BRANCHES, ROOM_CODES, doctor_codes, ids
from audit.simulate.roster import OPERATING_ROOM, WARD
from audit.simulate.surgery import OPERATION_MINUTES, STARTS
from audit.simulate.visits import Care

BROKEN_REPEATS = 0.09
REMINDED_FROM = "2016-02-01"
NO_SHOW = 0.85
"""Of broken bookings whose half hour stayed empty, those nobody cancelled; the others were cancelled in time."""
COLUMNS = [
    "person",
    "doctor",
    "branch",
    "room",
    "service_id",
    "kind",
    "booked",
    "start",
    "minutes",
    "nights",
    "status",
    "diagnosis",
    "payer",
]


def completed_visits(care: Care, call_moment: np.ndarray, rng: Generator) -> pd.DataFrame:
    """Rows of appointments for completed outpatient visits.

    ``call_moment`` is when each person first called (NaT: did not). A repeat visit is booked at the end
    of the visit before it.
    """
    v = care.visits.sort_values(["person", "day", "slot"], kind="stable", ignore_index=True)
    start = moment(v.day.to_numpy(), OPENS_MINUTE + 30 * v.slot.to_numpy())
    previous = np.r_[start[:1], start[:-1]] + np.timedelta64(30 * 60, "s")
    same = np.r_[False, v.person.to_numpy()[1:] == v.person.to_numpy()[:-1]] & (v.ordinal.to_numpy() < 90)
    some_days = start - (rng.integers(2, 96, len(v)) * 3600).astype("timedelta64[s]")
    called = call_moment[v.person] + np.timedelta64(180, "s")
    is_call = (v.ordinal == 0).to_numpy() & ~np.isnat(called)
    booked = np.where(is_call, called, np.where(same & (previous < start), previous, some_days))
    people = care.people
    return v.assign(
        service_id=money.basic_service(v.assign(class_number=people.class_number.to_numpy()[v.person])),
        kind="outpatient",
        booked=np.minimum(booked, start),
        start=start,
        minutes=30.0,
        nights=np.nan,
        status="completed",
        diagnosis=people.diagnosis.to_numpy()[v.person],
        payer=people.payer.to_numpy()[v.person],
    )


def operations(care: Care) -> pd.DataFrame:
    """Rows of appointments for operations and for the stays after them."""
    s, people = care.stays, care.people
    start = moment(s.day.to_numpy(), STARTS[s.order])
    adult_throat = ~people.is_child.to_numpy()[s.person]
    group = people.diagnosis_group.to_numpy()[s.person]
    adenoids = np.where(adult_throat, "O04", "O01")
    service = np.where(group == "J35", adenoids, pd.Series(group).map(price_list.OPERATION_OF).fillna("O03"))
    common = {
        "person": s.person,
        "doctor": s.doctor,
        "branch": 1,
        "status": "completed",
        "booked": start - np.timedelta64(8 * 86400, "s"),
        "diagnosis": people.diagnosis.to_numpy()[s.person],
        "payer": people.payer.to_numpy()[s.person],
    }
    operation = pd.DataFrame(
        {
            **common,
            "room": OPERATING_ROOM,
            "service_id": service,
            "kind": "operation",
            "start": start,
            "minutes": float(OPERATION_MINUTES),
            "nights": np.nan,
        }
    )
    after = start + np.timedelta64(OPERATION_MINUTES * 60, "s")
    stay = pd.DataFrame(
        {
            **common,
            "room": WARD,
            "service_id": "W01",
            "kind": "ward",
            "start": after,
            "minutes": np.nan,
            "nights": s.nights.astype(float),
        }
    )
    return pd.concat([operation, stay], ignore_index=True)


def broken(care: Care, bookings: pd.DataFrame, calendar: Days, rng: Generator) -> pd.DataFrame:
    """Rows of appointments that were missed or cancelled.

    Those of new callers carry person = −1 − row of ``bookings``; the others are earlier bookings of
    patients who came another day. A no-show leaves a half hour empty that had a doctor; any other was
    cancelled.
    """
    people = care.people
    new = pd.DataFrame(
        {
            "person": -1 - np.arange(len(bookings)),
            "day": bookings.day,
            "slot": bookings.slot,
            "branch": bookings.branch,
            "donor": bookings.donor,
            "booked": moment(bookings.booked_day.to_numpy(), bookings.booked_minute.to_numpy()),
        }
    )
    repeats = care.visits[(care.visits.ordinal > 1) & (care.visits.ordinal < 90)]
    repeats = repeats[rng.random(len(repeats)) < BROKEN_REPEATS]
    first = care.visits[care.visits.ordinal == 0].set_index("person").day.reindex(repeats.person).fillna(0).to_numpy()
    day = previous_open(calendar, repeats.day.to_numpy() - rng.integers(1, 6, len(repeats)))
    late = (day > first) & (calendar.month[day] >= FIRST_MONTH)
    old = pd.DataFrame(
        {
            "person": repeats.person,
            "day": day,
            "slot": repeats.slot,
            "branch": repeats.branch,
            "donor": repeats.person,
        }
    )[late]
    old["booked"] = moment(old.day.to_numpy() - 1, np.full(len(old), 700.0))
    rows = pd.concat([new, old], ignore_index=True)
    rows = _at_empty_half_hours(rows, care, rng)
    donor = rows.donor.to_numpy()
    start = moment(rows.day.to_numpy(), OPENS_MINUTE + 30 * rows.slot.to_numpy())
    service = np.where(rows.person < 0, price_list.FIRST, price_list.REPEAT)
    return rows.assign(
        kind="outpatient",
        service_id=service,
        start=start,
        booked=np.minimum(rows.booked, start),
        minutes=30.0,
        nights=np.nan,
        diagnosis=None,
        payer=people.payer.to_numpy()[donor],
    )


def _at_empty_half_hours(rows: pd.DataFrame, care: Care, rng: Generator) -> pd.DataFrame:
    """Room, doctor and status: a half hour of the branch that has a doctor and no patient, if there is one."""
    slots = care.roster.slots()
    key = ["day", "slot", "branch"]
    taken = pd.MultiIndex.from_frame(care.visits[["day", "slot", "room"]])
    empty = slots[~pd.MultiIndex.from_frame(slots[["day", "slot", "room"]]).isin(taken)]
    empty = empty.sample(frac=1.0, random_state=np.random.RandomState(int(rng.integers(2**31)))).drop_duplicates(key)
    any_shift = slots.drop_duplicates(key)
    unique = ~rows.duplicated(key).to_numpy()
    at_empty = rows[key].merge(empty[[*key, "room", "doctor"]], on=key, how="left")
    at_any = rows[key].merge(any_shift[[*key, "room", "doctor"]], on=key, how="left")
    is_empty = at_empty.room.notna().to_numpy() & unique
    no_show = is_empty & (rng.random(len(rows)) < NO_SHOW)
    room = np.where(is_empty, at_empty.room, at_any.room)
    doctor = np.where(is_empty, at_empty.doctor, at_any.doctor)
    people_doctor = care.people.doctor.to_numpy()[rows.donor]
    return rows.assign(
        room=np.where(np.isnan(room), np.where(rows.branch == 1, 4, 0), room).astype(int),
        doctor=np.where(np.isnan(doctor), people_doctor, doctor).astype(int),
        status=np.where(no_show, "no_show", "cancelled"),
    )


def appointments_table(rows: pd.DataFrame, patient_id: np.ndarray, rng: Generator) -> pd.DataFrame:
    """Canonical table appointments; ``patient_id`` of each row. Rows keep their order of time."""
    rows = rows.assign(patient_id=patient_id).sort_values(
        ["start", "room", "kind", "status", "patient_id"], kind="stable", ignore_index=True
    )
    outpatient = (rows.kind == "outpatient").to_numpy()
    came = outpatient & (rows.status == "completed").to_numpy()
    new_to_doctor = came & ~rows[came].duplicated(["patient_id", "doctor"]).reindex(rows.index, fill_value=True)
    since = np.where(rows.start >= pd.Timestamp(REMINDED_FROM), 0.92, 0.30)
    ahead = (rows.start - rows.booked) > pd.Timedelta(hours=20)
    reminded = outpatient & ahead.to_numpy() & (rng.random(len(rows)) < since)
    rows.insert(0, "appointment_id", ids("V", len(rows), 6))
    rows["is_first_recorded"] = new_to_doctor
    rows["reminder_sent"] = reminded
    return rows


def canonical(rows: pd.DataFrame) -> pd.DataFrame:
    """The columns of the canonical table, codes instead of numbers."""
    return pd.DataFrame(
        {
            "appointment_id": rows.appointment_id,
            "patient_id": rows.patient_id,
            "doctor_id": doctor_codes(rows.doctor),
            "branch": BRANCHES[rows.branch],
            "room_id": ROOM_CODES[rows.room],
            "specialty": price_list.SPECIALTY,
            "service_id": rows.service_id,
            "kind": rows.kind,
            "booked_at": rows.booked,
            "starts_at": rows.start,
            "minutes": rows.minutes,
            "nights": rows.nights,
            "status": rows.status,
            "is_first_recorded": rows.is_first_recorded,
            "diagnosis": rows.diagnosis,
            "reminder_sent": rows.reminder_sent,
            "payer": rows.payer,
        }
    )


def charges_table(rows: pd.DataFrame, lines: pd.DataFrame, rng: Generator) -> pd.DataFrame:
    """Canonical table charges.

    ``rows`` are appointments with a column visit (row of care.visits, −1: none), ``lines`` the bill lines
    by visit. Operations have one line each; some deposits lie beside the revenue.
    """
    by_visit = rows[rows.visit >= 0].set_index("visit")
    billed = by_visit.loc[lines.visit.to_numpy()].reset_index()
    outpatient = lines.assign(**{c: billed[c].to_numpy() for c in _CARRIED})
    operated = rows[rows.kind == "operation"]
    price = price_list.price_of(operated.service_id.to_numpy()).astype(float)
    surgery = operated[_CARRIED].assign(service_id=operated.service_id, kind="sale", list_amount=price, paid=price)
    deposit = outpatient.iloc[np.sort(rng.permutation(len(outpatient))[: max(1, len(outpatient) // 1500)])].assign(
        kind="deposit", list_amount=5000.0, paid=5000.0, appointment_id=None, service_id=None
    )
    whole = pd.concat([outpatient, surgery, deposit], ignore_index=True)
    whole = whole.sort_values(["start", "appointment_id", "kind", "service_id"], kind="stable", ignore_index=True)
    quantity = np.where(whole.kind == "refund", -1.0, 1.0)
    return pd.DataFrame(
        {
            "charge_id": ids("B", len(whole), 7),
            "patient_id": whole.patient_id,
            "appointment_id": whole.appointment_id,
            "charged_on": whole.start.dt.normalize(),
            "service_id": whole.service_id,
            "doctor_id": doctor_codes(whole.doctor.to_numpy()),
            "branch": BRANCHES[whole.branch],
            "kind": whole.kind,
            "quantity": quantity,
            "list_amount": whole.list_amount,
            "paid": whole.paid,
            "payer": whole.payer,
        }
    )


_CARRIED = ["appointment_id", "patient_id", "start", "doctor", "branch", "payer"]
