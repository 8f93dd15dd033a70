"""Do the intervals of the capacity section hold what they promise? Random clinics with known loads, absences and stays.

prints a table per estimate: in how many clinics the 90 % interval held the truth, the bias, the width. A clinic has one
doctor per room; the chance that an hour is booked depends on doctor and hour of the week, and on the week (some are
busy as a whole). Visits and operations differ in length, stay and bill. Truths are expectations by arithmetic.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

for folder in (Path(__file__).parent, Path(__file__).parents[1]):
    sys.path.insert(0, str(folder))

import numpy as np
import pandas as pd

from audit import catalogue
from audit.config import Days, Period
from audit.results import Estimate, Result
from audit.tables.connection import tables_from_frames

START, END = date(2016, 1, 4), date(2016, 10, 3)
NOW = Days(start=date(2016, 4, 4), end=END)
PERIOD = Period(start=START, end=END, now=NOW)
ROOMS, BEDS, LEADS = 8, 4, np.array([0, 2, 6, 11, 25])
HOURS = np.arange(9, 17)
LATE, EARLY = 0.05, 0.07
"""Cancelled shortly before and in time, whatever else."""

Case = tuple[str, Estimate, float]


def cases(seed: int) -> Iterator[Case]:
    """Estimates of one random clinic, each with its truth."""
    frames, truths, doctors = clinic(seed)
    tables = {name: table for name, table in tables_from_frames(frames, end=END).items() if table.limit(1).count().execute()}
    results: dict[str, Result] = {}
    for name in ("capacity", "loads", "surgery", "attendance", "waiting"):
        what = catalogue.analysis(name)
        results[name] = catalogue.compute(what, tables, results, period=PERIOD, params=what.params())
        for key, estimate in results[name].estimates().items():
            if (name, key) in truths:
                yield f"{name}.{key}", estimate, truths[name, key]
    units = results["loads"].tables()["units"]
    for row in units[units.by == "doctor"].itertuples():
        yield "loads.load of each doctor", Estimate(row.load, row.load_low, row.load_high, "share", row.stretches), doctors[row.unit]


def clinic(seed: int) -> tuple[dict[str, pd.DataFrame], dict[tuple[str, str], float], dict[str, float]]:
    """Tables of one clinic, its truths by analysis and estimate, and the load of each doctor."""
    rng = np.random.default_rng([seed, 77])
    booked = np.clip(rng.uniform(0.35, 0.85, ROOMS)[:, None] * rng.uniform(0.7, 1.15, (5, 1, HOURS.size)), 0.05, 0.85)
    mean_minutes, bill = rng.uniform(28, 45), rng.uniform(60, 160)
    missed_by_lead = np.sort(rng.uniform(0.15, 0.35, LEADS.size))
    lead_share, reminded_share = rng.dirichlet(np.full(LEADS.size, 4.0)), rng.uniform(0.2, 0.8, LEADS.size)
    effect, refill = rng.uniform(-0.12, -0.06), rng.uniform(0.2, 0.8)
    days = pd.bdate_range(START, END - pd.Timedelta(days=1))
    busy = 1 + 0.15 * (2 * rng.random(60) - 1)

    diary = pd.DataFrame(
        [(day, hour, room) for day in days for hour in HOURS for room in range(ROOMS)], columns=["day", "hour", "room"]
    )
    week = (diary.day - pd.Timestamp(START)).dt.days // 7
    chance = booked[diary.day.dt.day_of_week, diary.room, diary.hour - HOURS[0]] * busy[week]
    diary = diary[rng.random(len(diary)) < chance].reset_index(drop=True)
    n = len(diary)
    lead = rng.choice(LEADS.size, n, p=lead_share)
    reminded = (rng.random(n) < reminded_share[lead]) & (LEADS[lead] > 0)
    missed = np.clip(missed_by_lead[lead] + effect * reminded, 0, 1)
    draw = rng.random(n)
    status = np.select([draw < LATE + EARLY, draw < LATE + EARLY + (1 - LATE - EARLY) * missed], ["cancelled", "no_show"], "completed")
    start = diary.day + pd.to_timedelta(diary.hour, unit="h")
    notice = np.where(draw < LATE, 3, 60)
    visits = pd.DataFrame({
        "patient_id": [f"p{i}" for i in range(n)], "doctor_id": [f"D{r}" for r in diary.room], "room_id": [f"R{r}" for r in diary.room],
        "kind": "outpatient", "starts_at": start, "booked_at": start - pd.to_timedelta(LEADS[lead], unit="D") - pd.Timedelta(minutes=5),
        "minutes": np.clip(rng.gamma(12, mean_minutes / 12, n), 5, 60), "status": status, "reminder_sent": reminded,
        "cancelled_at": np.where(status == "cancelled", start - pd.to_timedelta(notice, unit="h"), pd.NaT), "nights": np.nan, "service_id": None,
    })
    lost = visits[visits.status != "completed"]
    filled = lost[rng.random(len(lost)) < refill].assign(status="completed", cancelled_at=pd.NaT, reminder_sent=False)
    # booked on the day, by people of their own
    filled = filled.assign(patient_id=["f" + who for who in filled.patient_id], booked_at=filled.starts_at - pd.Timedelta(minutes=30))
    operated, surgery = operations(rng, days, busy)
    appointments = pd.concat([visits, filled, operated], ignore_index=True)
    appointments["appointment_id"] = [f"a{i}" for i in range(len(appointments))]
    appointments["cancelled_at"] = pd.to_datetime(appointments["cancelled_at"])
    came = appointments[(appointments.status == "completed") & (appointments.kind == "outpatient")]
    charges = pd.DataFrame({
        "charge_id": came.appointment_id, "patient_id": came.patient_id, "charged_on": came.starts_at.dt.date, "kind": "sale",
        "service_id": "V", "paid": np.round(rng.gamma(4, bill / 4, len(came)), 2),
    })
    bills = pd.DataFrame({
        "charge_id": "o" + operated.patient_id, "patient_id": operated.patient_id, "charged_on": operated.starts_at.dt.date, "kind": "sale",
        "service_id": operated.service_id, "paid": operated.paid,
    })
    frames = {
        "patients": pd.DataFrame({"patient_id": appointments.patient_id, "registered_on": START}), "appointments": appointments.drop(columns="paid"),
        "charges": pd.concat([charges, bills], ignore_index=True), "services": surgery["services"], "rooms": rooms(), "shifts": shifts(days),
        "doctors": pd.DataFrame({"doctor_id": [f"D{r}" for r in range(ROOMS)], "specialty": "ENT"}),
    }

    # the truth: bounded minutes are nearly their gamma, so their mean is taken from a large draw of the same kind
    minutes = float(np.clip(np.random.default_rng(1).gamma(12, mean_minutes / 12, 400_000), 5, 60).mean())
    reminded_chance = reminded_share * (LEADS > 0)
    stays_away = (1 - LATE - EARLY) * (missed_by_lead + effect * reminded_chance)
    no_show = float(lead_share @ stays_away)
    comes = 1 - LATE - EARLY - no_show
    again = refill * (1 - comes)
    hours = booked.mean() * ROOMS * HOURS.size * 5
    open_hours = ROOMS * 10.0 * 6
    seen = comes + again
    due = 1 + again
    load = hours * seen * minutes / 60 / open_hours
    value = bill / minutes * 60
    idle = hours * (no_show + LATE) * (1 - refill) * minutes / 60
    weeks, per_month = NOW.days / 7, NOW.days / 7 / NOW.months
    truths = {
        ("capacity", "room_load"): load, ("capacity", "booked_load"): hours * due * minutes / 60 / open_hours,
        ("capacity", "doctor_load"): hours * seen * minutes / 60 / (ROOMS * HOURS.size * 5.0), ("capacity", "hour_value"): value,
        ("capacity", "free_hours"): open_hours * (1 - load), ("capacity", "fillable_hours"): open_hours * (0.85 - load),
        ("capacity", "fill_worth"): open_hours * (0.85 - load) * per_month * value,
        ("attendance", "came_share"): seen / due, ("attendance", "no_show_share"): no_show / (seen + no_show),
        ("attendance", "cancelled_share"): (LATE + EARLY) / due, ("attendance", "late_share"): LATE / due,
        ("attendance", "refilled_share"): refill, ("attendance", "lost_hours"): idle,
        ("attendance", "lost_money"): idle * per_month * value, ("attendance", "reminder_difference"): effect,
        ("waiting", "wait_new"): float(lead_share @ (LEADS * (1 - LATE - EARLY - stays_away))) / seen,
        **surgery["truths"], ("capacity", "operating_load"): surgery["operating"] / (10.0 * 6), ("capacity", "ward_load"): surgery["nights"] / (7 * BEDS),
    }
    assert weeks >= 26
    each = booked.mean(axis=(0, 2)) * seen * minutes / 60
    return frames, truths, {f"D{r}": float(each[r]) for r in range(ROOMS)}


def operations(rng: np.random.Generator, days: pd.DatetimeIndex, busy: np.ndarray) -> tuple[pd.DataFrame, dict]:
    """Operations of three kinds by weekday, their bills and stays; truths of the surgery page, loads per week."""
    rate, mix = rng.uniform(1.0, 2.0), rng.dirichlet(np.full(3, 5.0))
    minutes, nights, paid, cost = rng.uniform(60, 110, 3), rng.uniform(0.6, 1.4, 3), rng.uniform(800, 1600, 3), rng.uniform(100, 400, 3).round(2)
    week = (days - pd.Timestamp(START)).days // 7
    day = np.repeat(days, rng.poisson(rate * busy[week]))
    n, kind = len(day), rng.choice(3, len(day), p=mix)
    rows = pd.DataFrame({
        "patient_id": [f"o{i}" for i in range(n)], "doctor_id": "D0", "room_id": "OR", "kind": "operation",
        "starts_at": day + pd.Timedelta(hours=9), "booked_at": pd.NaT, "minutes": rng.gamma(16, minutes[kind] / 16), "status": "completed",
        "reminder_sent": None, "cancelled_at": pd.NaT, "nights": 1.0 + rng.poisson(nights[kind]), "service_id": [f"K{k}" for k in kind],
        "paid": np.round(rng.gamma(9, paid[kind] / 9), 2),
    })
    services = pd.DataFrame({
        "service_id": ["V", "K0", "K1", "K2"], "kind": ["consultation", *["operation"] * 3], "direct_cost": [np.nan, *cost],
    })
    stay, takes, worth = 1 + mix @ nights, mix @ minutes, mix @ (paid - cost)
    # 26 weeks of 6 days of ten operating hours, and of all nights
    room_for = {"operating": NOW.days / 7 * 6 * 600 / takes / NOW.months, "ward": NOW.days * BEDS / stay / NOW.months}
    assert room_for["ward"] < 0.8 * room_for["operating"], "the ward is what limits"
    truths = {
        ("surgery", "operations_most"): room_for["ward"], ("surgery", "unit_price"): worth / stay, ("surgery", "stay_nights"): stay,
        ("surgery", "operation_minutes"): takes, ("surgery", "operation_worth"): worth, ("surgery", "bed_price"): worth / stay * NOW.days / NOW.months,
    }
    return rows, {"services": services, "truths": truths, "operating": 5 * rate * takes / 60, "nights": 5 * rate * stay}


def rooms() -> pd.DataFrame:
    """Consulting rooms and an operating room open ten hours on six days, and the ward."""
    open_rooms = [{"room_id": f"R{r}", "kind": "consulting", "places": 1} for r in range(ROOMS)] + [{"room_id": "OR", "kind": "operating", "places": 1}]
    frame = pd.DataFrame(open_rooms).assign(opens_minute=540, closes_minute=1140, weekdays="123456", slot_minutes=30.0)
    return pd.concat([frame, pd.DataFrame([{"room_id": "W", "kind": "ward", "places": BEDS}])], ignore_index=True)


def shifts(days: pd.DatetimeIndex) -> pd.DataFrame:
    """Every doctor on the rota from nine to five on working days."""
    return pd.DataFrame([
        {"shift_id": f"s{i}_{r}", "staff_id": f"D{r}", "role": "doctor", "room_id": f"R{r}", "starts_at": day + pd.Timedelta(hours=9),
         "ends_at": day + pd.Timedelta(hours=17)} for i, day in enumerate(days) for r in range(ROOMS)
    ])
