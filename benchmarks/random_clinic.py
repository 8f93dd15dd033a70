"""A random clinic whose every expectation is known, to check intervals against: nothing in it is fitted to a quota.

Patients arrive at random over three years with one of four diagnoses; the doctor of the first visit depends on the
diagnosis (so that raw means mislead). A patient comes again with a chance by diagnosis and doctor, then makes
1 + Poisson(2) further visits at random times of the next 300 days; some are operated on. Every visit costs a Gamma
amount around a level by diagnosis and doctor and carries additional services at a rate of the doctor. Doctors'
effects are normal; one may be an over-prescriber: many additional services, high value, unhappy patients.

Truths are expectations of the process, by arithmetic where it has a closed form and from half a million patients drawn
without censoring where it has not; no code of the audit computes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache

import numpy as np
import pandas as pd

START, END = date(2014, 1, 1), date(2017, 1, 1)
DAYS = (END - START).days
DIAGNOSES = np.array(["J31", "J32", "J35", "H65"])
MIX = np.array([0.35, 0.30, 0.20, 0.15])
AGAIN = np.array([-0.9, 0.2, 0.5, -0.3])
"""Logit of coming again by diagnosis."""
OPERATED = np.array([0.00, 0.05, 0.25, 0.02])
LEVEL = np.array([60.0, 100.0, 80.0, 70.0])
"""Mean amount of a visit's main service by diagnosis."""
CHILD = np.array([0.10, 0.15, 0.55, 0.35])
OPERATION, ADDED, ADDED_RATE, COST = 1500.0, 30.0, 0.5, 0.4
LATEST, REPEATS, SHAPE = 300, 2.0, 4.0
DOCTORS, TILT = 12, 0.5


@dataclass(frozen=True)
class Doctors:
    """Effects of D doctors (D,): on the logit of coming again, on log amounts, on the rate of additional services,
    on satisfaction; ``share`` (4, D) of each diagnosis' patients; ``prescriber`` index of the over-prescriber or −1."""

    again: np.ndarray
    amount: np.ndarray
    added: np.ndarray
    liked: np.ndarray
    share: np.ndarray
    prescriber: int


def draw_doctors(rng: np.random.Generator, *, spread: float = 0.35, prescriber: bool = True) -> Doctors:
    """Doctors with effects of standard deviation ``spread``; with 0 they are all alike."""
    share = np.exp(TILT * rng.standard_normal((4, DOCTORS)))
    again, amount = spread * rng.standard_normal(DOCTORS), 0.4 * spread * rng.standard_normal(DOCTORS)
    added, liked = 0.15 * rng.standard_normal(DOCTORS), 0.12 * rng.standard_normal(DOCTORS)
    which = int(rng.integers(DOCTORS)) if prescriber else -1
    if prescriber:
        again[which], amount[which], added[which], liked[which] = 1.0, 0.25, 1.0, -0.7
    return Doctors(again, amount, added, liked, share / share.sum(axis=1, keepdims=True), which)


def people(doctors: Doctors, n: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """``n`` patients: diagnosis and doctor codes, number of repeats, operated, child."""
    dx = rng.choice(4, n, p=MIX)
    order = np.cumsum(doctors.share, axis=1)
    doctor = np.minimum((rng.random(n)[:, None] > order[dx]).sum(axis=1), DOCTORS - 1)
    comes = rng.random(n) < chance_again(doctors)[dx, doctor]
    repeats = np.where(comes, 1 + rng.poisson(REPEATS, n), 0)
    return {"dx": dx, "doctor": doctor, "repeats": repeats, "operated": rng.random(n) < OPERATED[dx], "child": rng.random(n) < CHILD[dx]}


def chance_again(doctors: Doctors) -> np.ndarray:
    """P(comes again) by diagnosis and doctor (4, D)."""
    return 1 / (1 + np.exp(-(AGAIN[:, None] + doctors.again)))


def visits_of(doctors: Doctors, who: dict[str, np.ndarray], rng: np.random.Generator) -> pd.DataFrame:
    """One row per visit: person, age in days, main amount, number of additional services; the operation apart."""
    n = len(who["dx"])
    person = np.concatenate([np.arange(n), np.repeat(np.arange(n), who["repeats"])])
    age = np.concatenate([np.zeros(n, int), rng.integers(1, LATEST + 1, who["repeats"].sum())])
    dx, doctor = who["dx"][person], who["doctor"][person]
    level = LEVEL[dx] * np.exp(doctors.amount[doctor])
    return pd.DataFrame({
        "person": person, "age": age, "paid": np.round(rng.gamma(SHAPE, level / SHAPE), 2),
        "added": rng.poisson(ADDED_RATE * np.exp(doctors.added[doctor])), "is_operation": False,
    })


def operations_of(who: dict[str, np.ndarray], rng: np.random.Generator) -> pd.DataFrame:
    """One row per operation, 20 to 200 days after the first visit."""
    person = np.flatnonzero(who["operated"])
    return pd.DataFrame({"person": person, "age": rng.integers(20, 201, len(person)), "paid": OPERATION, "added": 0, "is_operation": True})


def tables(doctors: Doctors, seed: int, *, patients: int = 4000) -> dict[str, pd.DataFrame]:
    """Canonical frames of one clinic, cut off at ``END``."""
    rng = np.random.default_rng([seed, 1])
    n = int(rng.poisson(patients))
    who = people(doctors, n, rng)
    first = rng.integers(0, DAYS, n)
    seen = pd.concat([visits_of(doctors, who, rng), operations_of(who, rng)], ignore_index=True)
    seen["day"] = first[seen["person"]] + seen["age"]
    # a second visit on the same day is one more appointment of that day, as in life
    seen = seen[seen["day"] < DAYS].sort_values(["day", "person", "is_operation"], kind="stable", ignore_index=True)
    at = pd.Timestamp(START) + pd.to_timedelta(seen["day"] * 24 + 10, unit="h")
    patient = np.array([f"p{k:05d}" for k in range(n)])
    code = np.array([f"D{k + 1:02d}" for k in range(DOCTORS)])
    appointments = pd.DataFrame({
        "appointment_id": [f"a{k:06d}" for k in range(len(seen))], "patient_id": patient[seen["person"]],
        "doctor_id": code[who["doctor"][seen["person"]]], "starts_at": at, "status": "completed", "minutes": 30.0,
        "kind": np.where(seen["is_operation"], "operation", "outpatient"), "service_id": np.where(seen["is_operation"], "op", "visit"),
        "diagnosis": DIAGNOSES[who["dx"][seen["person"]]], "specialty": "ENT", "payer": "cash",
    })
    lines = appointments[["appointment_id", "patient_id", "doctor_id", "service_id"]].assign(
        charged_on=at.dt.date, paid=seen["paid"], quantity=1.0, kind="sale"
    )
    extra = lines[seen["added"] > 0].assign(service_id="extra", quantity=seen["added"].astype(float), paid=ADDED * seen["added"])
    charges = pd.concat([lines, extra], ignore_index=True)
    charges.insert(0, "charge_id", [f"c{k:06d}" for k in range(len(charges))])
    age = np.where(who["child"], rng.integers(0, 18, n), rng.integers(18, 80, n))
    registered = (pd.Timestamp(START) + pd.to_timedelta(first, unit="D")).date
    cards = pd.DataFrame({
        "patient_id": patient, "registered_on": registered, "age_years": age, "sex": np.where(rng.random(n) < 0.54, "female", "male"),
        "may_contact": True,
    })
    return {
        "patients": cards, "appointments": appointments, "charges": charges, "services": services(),
        "doctors": pd.DataFrame({"doctor_id": code, "specialty": "ENT", "started_on": START, "is_specialist": True}),
        "feedback": feedback(doctors, appointments, rng),
    }


def services() -> pd.DataFrame:
    """The price list: visits, additional services and operations, with their direct cost."""
    return pd.DataFrame({
        "service_id": ["visit", "extra", "op"], "name": ["Visit", "Additional service", "Operation"],
        "kind": ["consultation", "diagnostics", "operation"], "direct_cost": [COST * 80, COST * ADDED, COST * OPERATION],
    })


def feedback(doctors: Doctors, appointments: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """A fifth of the visits is rated 1 to 5 by the clinic's own survey."""
    asked = appointments[rng.random(len(appointments)) < 0.2]
    who = asked["doctor_id"].str[1:].astype(int).to_numpy() - 1
    score = np.clip(np.round(rng.normal(4.4 + doctors.liked[who], 0.7)), 1, 5)
    return pd.DataFrame({
        "feedback_id": [f"f{k:06d}" for k in range(len(asked))], "given_on": asked["starts_at"].dt.date, "source": "survey",
        "doctor_id": asked["doctor_id"], "patient_id": asked["patient_id"], "score": score,
    })


# ---------------------------------------------------------------- truths
def truths(doctors: Doctors) -> dict[str, float]:
    """Expectations of the clinic's headline numbers, by their names in the audit's results."""
    share, again = MIX[:, None] * doctors.share, chance_again(doctors)
    found = {}
    for days in (30, 90, 180, 365):
        found[f"return_{days}"] = float((share * returned(doctors, days)).sum())
        if days >= 90:
            found[f"value_{days}"] = float((share * value_given(doctors, days)).sum())
    found["value_730"] = found["value_365"]
    found["repeats_cohort"] = float((share * again).sum() * (1 + REPEATS))
    first = float((share * visit_worth(doctors)).sum())
    outpatient = float((share * value_given(doctors, 365, surgery=False)).sum())
    found["split_cohort"] = first / outpatient
    found["children_share"] = float(MIX @ CHILD)
    return found | drawn_truths(doctors)


def visit_worth(doctors: Doctors) -> np.ndarray:
    """Mean money of one outpatient visit by diagnosis and doctor (4, D)."""
    return LEVEL[:, None] * np.exp(doctors.amount) + ADDED * ADDED_RATE * np.exp(doctors.added)


def value_given(doctors: Doctors, days: int, *, surgery: bool = True) -> np.ndarray:
    """E[money within ``days`` | diagnosis, doctor] (4, D)."""
    visits = 1 + chance_again(doctors) * (1 + REPEATS) * min(days / LATEST, 1.0)
    operated = OPERATED[:, None] * OPERATION * np.clip((min(days, 200) - 19) / 181, 0, 1) if surgery else 0.0
    return visits * visit_worth(doctors) + operated


def doctor_values(doctors: Doctors, days: int = 365) -> np.ndarray:
    """Outpatient value of each doctor's first patients on the clinic's mix of diagnoses (D,)."""
    return MIX @ value_given(doctors, days, surgery=False)


def doctor_returns(doctors: Doctors, days: int = 90) -> np.ndarray:
    """Share of each doctor's first patients who come again within ``days``, on the clinic's mix (D,)."""
    return MIX @ returned(doctors, days)


def returned(doctors: Doctors, days: int) -> np.ndarray:
    """P(a further visit or an operation within ``days`` | diagnosis, doctor) (4, D)."""
    k, by = np.arange(1, 60), min(days / LATEST, 1.0)
    pk = np.exp(-REPEATS) * REPEATS ** (k - 1) / np.array([float(np.prod(np.arange(1, j, dtype=float))) for j in k])
    visited = chance_again(doctors) * float(pk @ (1 - (1 - by) ** k))
    operated = OPERATED[:, None] * np.clip((min(days, 200) - 19) / 181, 0, 1)
    return 1 - (1 - visited) * (1 - operated)


def drawn_truths(doctors: Doctors, n: int = 500_000) -> dict[str, float]:
    """Numbers without a closed form, from uncensored patients."""
    rng = np.random.default_rng(99)
    who = people(doctors, n, rng)
    seen = pd.concat([visits_of(doctors, who, rng), operations_of(who, rng)], ignore_index=True)
    money = np.bincount(seen["person"], weights=seen["paid"] + ADDED * seen["added"], minlength=n)
    cost = np.bincount(seen["person"], weights=np.where(seen["is_operation"], COST * OPERATION, COST * 80) + COST * ADDED * seen["added"], minlength=n)
    operated = who["operated"]
    days = seen[~seen["is_operation"]].drop_duplicates(["person", "age"])
    visits = np.bincount(seen.loc[~seen["is_operation"], "person"], minlength=n)
    assert len(days) <= visits.sum()
    top = np.sort(money)[::-1]
    return {
        "one_off_share": float(((visits == 1) & ~operated).mean()), "surgical_share": float(operated.mean()),
        "surgical_revenue": float(money[operated].sum() / money.sum()), "top_tenth": float(top[: n // 10].sum() / top.sum()),
        "margin_365": float((money - cost).mean()),
    }


@cache
def doctors_of(seed: int, spread: float = 0.35, prescriber: bool = True) -> Doctors:
    """The doctors of clinic ``seed``."""
    return draw_doctors(np.random.default_rng([seed, 0]), spread=spread, prescriber=prescriber)
