"""The office's tables: accounts, ratings, events, rooms, shifts, competitors, residents."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
from numpy.random import Generator

from audit.simulate.days import CLOSES_MINUTE, FIRST_MONTH, MONTHS, OPENS_MINUTE, Days, moment
from audit.simulate.marketing import month_start
from audit.simulate.path import Path
from audit.simulate.price_list import FIRST
from audit.simulate.roster import OPERATING, Roster
from audit.simulate.truth import Truth

BRANCHES = np.array(["Branch 1", "Branch 2"], dtype=object)
ROOM_CODES = np.array(["R11", "R12", "R13", "R14", "R21", "R22", "R23", "OR", "WARD"], dtype=object)
ADMINISTRATORS = np.array(["A", "B", "C", "D"], dtype=object)
FIXED_LINES = (
    ("Rent", "rent", 0.34),
    ("Administrators and managers", "pay", 0.30),
    ("Nurses, base pay", "pay", 0.16),
    ("Equipment leasing", "equipment", 0.11),
    ("Utilities and security", "other", 0.05),
    ("Software and telephony", "other", 0.04),
)
VARIABLE_LINES = (
    ("Doctors' pay from revenue", "pay", 0.24),
    ("Medicines and consumables", "supplies", 0.075),
    ("Card fees", "other", 0.015),
    ("Tax on revenue", "tax", 0.02),
)
DISTRICTS = (
    ("Central", 780_000, 0.30),
    ("North", 1_170_000, 0.12),
    ("North-East", 1_430_000, 0.09),
    ("East", 1_510_000, 0.08),
    ("South-East", 1_390_000, 0.07),
    ("South", 1_780_000, 0.09),
    ("South-West", 1_430_000, 0.10),
    ("West", 1_370_000, 0.10),
    ("Moscow region", 7_320_000, 0.05),
)
AGE_BANDS = ((0, 6, 0.075), (7, 17, 0.105), (18, 34, 0.245), (35, 54, 0.295), (55, 110, 0.28))
SURVEYED = 0.06
REVIEWED = 0.008


def rooms_table() -> pd.DataFrame:
    """Canonical table rooms: seven consulting rooms, an operating room and a ward of six beds."""
    rows = []
    for number, room in enumerate(ROOM_CODES):
        branch = BRANCHES[int(number >= 4)]
        kind = "consulting" if number < 7 else "operating" if room == "OR" else "ward"
        ward = kind == "ward"
        rows.append(
            {
                "room_id": room,
                "branch": branch,
                "kind": kind,
                "places": 6 if ward else 1,
                "opens_minute": 0 if ward else OPENS_MINUTE,
                "closes_minute": 1440 if ward else CLOSES_MINUTE,
                "weekdays": "1234567" if ward else "123456",
                "slot_minutes": 1440.0 if ward else 30.0,
            }
        )
    return pd.DataFrame(rows)


def shifts_table(plan: Roster, duty: np.ndarray, calendar: Days) -> pd.DataFrame:
    """Canonical table shifts: half days of doctors in a room and of administrators at the desk."""
    s = plan.shifts[plan.shifts.month >= FIRST_MONTH]
    doctors = pd.DataFrame(
        {
            "staff_id": doctor_codes(s.doctor.to_numpy()),
            "role": "doctor",
            "branch": BRANCHES[(s.place >= 1).astype(int)],
            "room_id": ROOM_CODES[s.room],
            "day": s.day,
            "half": s.half,
        }
    )
    days = np.flatnonzero(calendar.is_open & (calendar.month >= FIRST_MONTH))
    desk = pd.DataFrame(
        {
            "staff_id": ADMINISTRATORS[duty[days].ravel()],
            "role": "administrator",
            "branch": None,
            "room_id": None,
            "day": np.repeat(days, 4),
            "half": np.tile([0, 0, 1, 1], len(days)),
        }
    )
    both = pd.concat([doctors, desk], ignore_index=True)
    start = np.where(both.half == 0, OPENS_MINUTE, 900)
    both["starts_at"] = moment(both.day.to_numpy(), start)
    both["ends_at"] = moment(both.day.to_numpy(), start + 360)
    both = both.sort_values(["starts_at", "role", "staff_id"], kind="stable", ignore_index=True)
    both.insert(0, "shift_id", ids("S", len(both), 6))
    return both.drop(columns=["day", "half"])


def ids(prefix: str, count: int, width: int) -> np.ndarray:
    """Readable running keys: prefix and number, from 1."""
    return np.array([f"{prefix}{number:0{width}d}" for number in range(1, count + 1)], dtype=object)


def doctor_codes(number: np.ndarray) -> np.ndarray:
    """D01 … D11."""
    return np.array([f"D{n:02d}" for n in range(1, 12)], dtype=object)[number]


def doctors_table(truth: Truth, plan: Roster) -> pd.DataFrame:
    """Canonical table doctors."""
    consult = plan.shifts[plan.shifts.place < OPERATING]
    main = consult.groupby("doctor").place.agg(lambda place: int((place == 1).mean() > 3 / 7)).reindex(range(11))
    started = [
        "2011-09-01",
        "2011-09-01",
        "2012-02-01",
        "2012-02-01",
        "2011-09-01",
        "2012-09-03",
        "2013-01-14",
        "2012-09-03",
        "2013-01-14",
        "2013-01-21",
        truth.newcomer_from,
    ]
    return pd.DataFrame(
        {
            "doctor_id": doctor_codes(np.arange(11)),
            "specialty": "ENT",
            "branch": BRANCHES[main.fillna(0).astype(int)],
            "started_on": pd.to_datetime(started),
            "left_on": pd.NaT,
            "is_specialist": True,
        }
    )


def expenses_table(truth: Truth, path: Path, charges: pd.DataFrame, ad_spend: pd.DataFrame) -> pd.DataFrame:
    """Canonical table expenses: fixed costs of the path, variable costs as shares of paid revenue."""
    month = charges.charged_on.dt.to_period("M").dt.to_timestamp()
    counted = charges[charges.kind.isin(["sale", "refund"])]
    surgery = counted.service_id.str.startswith("O").to_numpy()
    revenue = (
        counted.assign(month=month, surgery=surgery).groupby(["month", "surgery"]).paid.sum().unstack(fill_value=0.0)
    )
    revenue = revenue.reindex(columns=[False, True], fill_value=0.0)
    total = revenue.sum(axis=1)
    index = pd.DatetimeIndex(month_start(np.arange(FIRST_MONTH, MONTHS)))
    total, revenue = total.reindex(index, fill_value=0.0), revenue.reindex(index, fill_value=0.0)
    fixed = truth.before.fixed_cost + (truth.after.fixed_cost - truth.before.fixed_cost) * path.progress[FIRST_MONTH:]
    spend = (
        ad_spend.groupby(ad_spend.from_day.dt.to_period("M").dt.to_timestamp()).spend.sum().reindex(index, fill_value=0)
    )
    lines = [
        ("Outpatient revenue", "revenue", "revenue", revenue[False].to_numpy()),
        ("Surgery revenue", "revenue", "revenue", revenue[True].to_numpy()),
    ]
    lines += [(name, group, "fixed", fixed * truth.size * share) for name, group, share in FIXED_LINES]
    lines += [(name, group, "variable", total.to_numpy() * share) for name, group, share in VARIABLE_LINES]
    lines.append(("Advertising", "marketing", "fixed", spend.to_numpy()))
    return pd.concat(
        [
            pd.DataFrame(
                {"month": index, "item": name, "group": group, "nature": nature, "amount": np.round(amount, 2)}
            )
            for name, group, nature, amount in lines
        ],
        ignore_index=True,
    )


def feedback_table(
    truth: Truth, path: Path, visits: pd.DataFrame, patient_id: np.ndarray, calendar: Days, rng: Generator
) -> pd.DataFrame:
    """Canonical table feedback: the clinic's survey after visits, and stars on public sites.

    A survey score is 1 + Binomial(4, (mean − 1)/4) of the doctor who was visited. Stars select
    themselves: mostly fives and ones, whatever the doctor.
    """
    chosen = visits[rng.random(len(visits)) < SURVEYED]
    shift = path.doctor_shift[chosen.month]
    before = np.r_[[d.score_before for d in truth.doctors], 4.5]
    after = np.r_[[d.score_after for d in truth.doctors], 4.5]
    mean = before[chosen.doctor] * (1 - shift) + after[chosen.doctor] * shift
    survey = _ratings(chosen, "survey", 1.0 + rng.binomial(4, (mean - 1) / 4), patient_id, calendar, rng)
    rated = visits[rng.random(len(visits)) < REVIEWED]
    stars = _ratings(
        rated,
        "site",
        rng.choice([1.0, 2.0, 4.0, 5.0], len(rated), p=[0.24, 0.05, 0.09, 0.62]),
        patient_id,
        calendar,
        rng,
    ).assign(patient_id=None)
    both = pd.concat([survey, stars], ignore_index=True)
    both = both.sort_values("given_on", kind="stable", ignore_index=True)
    both.insert(0, "feedback_id", ids("F", len(both), 5))
    return both


def _ratings(
    chosen: pd.DataFrame, source: str, score: np.ndarray, patient_id: np.ndarray, calendar: Days, rng: Generator
) -> pd.DataFrame:
    day = np.minimum(chosen.day.to_numpy() + rng.integers(0, 3, len(chosen)), len(calendar.date) - 1)
    return pd.DataFrame(
        {
            "given_on": calendar.date[day].astype("datetime64[s]"),
            "source": source,
            "doctor_id": doctor_codes(chosen.doctor.to_numpy()),
            "branch": BRANCHES[chosen.branch],
            "patient_id": patient_id[chosen.person],
            "score": score,
        }
    )


def events_table(truth: Truth) -> pd.DataFrame:
    """Canonical table events: what the clinic did, and the days it was closed."""
    test = truth.price_test
    rows: list[tuple[str | None, ...]] = [
        ("Agency test", "marketing", "2015-11-01", "2015-12-31", None, "context ads run by an agency for two months"),
        ("Audit", "other", "2015-12-01", "2015-12-31", None, "audit of the clinic; calls listened to"),
        (
            "Call tracking",
            "marketing",
            "2016-01-11",
            None,
            None,
            "dynamic numbers; earlier calls loaded from static ones",
        ),
        ("New site", "marketing", "2016-01-18", None, None, "new site for telephones, built in a week"),
        ("Scripts for the desk", "desk", "2016-02-01", None, None, "scripts and weekly casework"),
        ("Price test", "price", test.from_day, test.to_day, test.branch, "first visit 2,000 instead of 2,500"),
        ("Advertising budget moved", "marketing", "2016-04-01", None, None, "to search and to what brought patients"),
        ("Doctors' schedules", "doctors", "2016-05-02", None, None, "schedules changed and new patients redistributed"),
        ("Bonus of administrators", "desk", "2016-06-01", None, None, "bonus for callers who came"),
        ("Children's programme", "service", "2016-08-01", None, None, "adenoids: from the consulting room to the ward"),
        ("Doctors' training", "doctors", "2016-09-01", None, None, "training and standards of treatment"),
        (
            "Reactivation",
            "reactivation",
            truth.reactivation.from_day,
            truth.reactivation.to_day,
            None,
            "1,000 lapsed patients called, 200 held out",
        ),
        ("Corporate contracts", "marketing", "2016-11-01", None, None, "4 contracts of 12 clients"),
    ]
    for year in (2014, 2015, 2016):
        rows.append(("New Year holidays", "closed", f"{year}-01-01", f"{year}-01-04", None, None))
        rows.append(("New Year's Eve", "closed", f"{year}-12-31", f"{year}-12-31", None, None))
    frame = pd.DataFrame(rows, columns=["event", "kind", "from_day", "to_day", "branch", "note"])
    frame["from_day"], frame["to_day"] = pd.to_datetime(frame.from_day), pd.to_datetime(frame.to_day)
    return frame.sort_values(["from_day", "event"], kind="stable", ignore_index=True)


def events_without_changes(events: pd.DataFrame, day: str) -> pd.DataFrame:
    """The events without those that changed the clinic from ``day`` on."""
    return events[(events.from_day < pd.Timestamp(day)) | (events.kind == "closed")].reset_index(drop=True)


def competitors_table() -> pd.DataFrame:
    """Canonical table competitors: first visit and a few other prices at five clinics nearby, seen twice."""
    price = {
        FIRST: (2900, 2400, 3200, 1900, 2600),
        "A02": (1900, 1600, 2200, 1400, 1700),
        "D01": (2100, 1700, 2500, 1500, 1800),
        "O01": (78_000, 65_000, 92_000, 59_000, 71_000),
    }
    rows = []
    for seen, factor in (("2015-12-10", 1.0), ("2016-11-15", 1.06)):
        for service, values in price.items():
            for number, value in enumerate(values):
                rows.append((f"Clinic {'KLMNP'[number]}", service, pd.Timestamp(seen), round(value * factor / 50) * 50))
    return pd.DataFrame(rows, columns=["competitor", "service_id", "seen_on", "price"])


def population_table() -> pd.DataFrame:
    """Canonical table population: residents of Moscow's districts by age band and sex, rounded."""
    rows = []
    for district, people, _ in DISTRICTS:
        for low, high, share in AGE_BANDS:
            female = 0.487 if high < 18 else 0.515 if high < 55 else 0.605
            for sex, part in (("female", female), ("male", 1 - female)):
                rows.append((district, low, high, sex, float(round(people * share * part, -2))))
    return pd.DataFrame(rows, columns=["district", "age_from", "age_to", "sex", "people"])


CAMPAIGN = "Reactivation of October 2016"


def campaign_table(truth: Truth, members: pd.DataFrame) -> pd.DataFrame:
    """Canonical table campaign_members: who was called in October 2016 and who was held out."""
    return pd.DataFrame({
        "campaign": CAMPAIGN,
        "patient_id": members.patient_id,
        "group": members.group.map({"called": "called", "held out": "held_out"}),
        "contacted_on": date.fromisoformat(truth.reactivation.from_day),
    })
