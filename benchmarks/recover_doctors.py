"""Does the comparison of doctors recover planted truth? One simulated clinic per seed, patient by patient.

    from benchmarks.recover_doctors import recover, summary
    summary([recover(seed) for seed in range(40)])          # as rules of the method ask
    summary([recover(seed, spread=0.0) for seed in range(40)])   # the null clinic: all doctors equal

The clinic is drawn from other laws than the demo: log-normal money with a heavy tail, Poisson repeats, diagnoses
and ages that differ by doctor and matter, doctors of very different flow.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
from scipy import stats

from audit.analyses import allocation, doctors
from audit.analyses.allocation import AllocationParams
from audit.analyses.doctors import DoctorsParams
from audit.config import Period
from audit.tables.connection import tables_from_frames

END = date(2020, 1, 1)
PERIOD = Period(start=date(2017, 1, 1), end=END)
DIAGNOSES = ("I10", "M54", "E11")
SERVICES = ("visit", "test", "physio")


def clinic(seed: int, n_doctors: int = 10, patients: int = 2400, spread: float = 0.2) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """Tables of one clinic and its truth by doctor: value in 365 days and return in 90 on the clinic's mix of cases.

    ``spread`` is the standard deviation of the doctors' log levels; with any, the last doctor orders twice as much
    and is liked less.
    """
    rng = np.random.default_rng(seed)
    code = np.array([f"D{k + 1:02d}" for k in range(n_doctors)])
    level = np.exp(rng.normal(0, spread, n_doctors)) if spread else np.ones(n_doctors)
    orders = np.ones(n_doctors)
    if spread:
        orders[-1], level[-1] = 2.0, 1.1
    flow = rng.dirichlet(np.full(n_doctors, 4.0))
    own = rng.choice(n_doctors, patients, p=flow)
    case = (rng.random(patients)[:, None] > rng.dirichlet(np.full(3, 6.0), n_doctors).cumsum(axis=1)[own]).sum(axis=1).clip(0, 2)
    heavy = np.array([1.0, 1.4, 2.0])
    first = pd.Timestamp("2017-02-01") + pd.to_timedelta(rng.integers(0, 690, patients), unit="D")
    repeats = rng.poisson(0.9 * heavy[case] * level[own])
    person = np.repeat(np.arange(patients), repeats + 1)
    is_first = np.r_[True, person[1:] != person[:-1]]
    gap = np.where(is_first, 0, 1 + (rng.gamma(1.0, 60.0, len(person)) % 364).astype(int))
    visits = pd.DataFrame({
        "appointment_id": [f"a{i}" for i in range(len(person))], "patient_id": [f"p{i}" for i in person],
        "doctor_id": code[own[person]], "starts_at": first[person] + pd.to_timedelta(gap * 24 + 8 + rng.integers(0, 11, len(person)), unit="h"),
        "diagnosis": np.array(DIAGNOSES)[case[person]], "kind": "outpatient", "status": "completed", "minutes": 30.0,
        "service_id": "visit", "specialty": "GP", "payer": "cash",
    })
    extra = rng.poisson(0.8 * heavy[case[person]] * orders[own[person]])
    lines = np.r_[np.arange(len(person)), np.repeat(np.arange(len(person)), extra)]
    sold = np.r_[np.full(len(person), "visit"), rng.choice(SERVICES[1:], extra.sum())]
    paid = np.round(rng.lognormal(np.log(40.0), 0.8, len(lines)), 2)
    charges = pd.DataFrame({
        "charge_id": [f"c{i}" for i in range(len(lines))], "appointment_id": visits["appointment_id"].to_numpy()[lines],
        "patient_id": visits["patient_id"].to_numpy()[lines], "charged_on": visits["starts_at"].dt.date.to_numpy()[lines],
        "service_id": sold, "kind": "sale", "paid": paid,
    })
    liked = np.where(orders > 1, 3.7, 4.5)
    rated = rng.integers(0, n_doctors, 60 * n_doctors)
    feedback = pd.DataFrame({
        "feedback_id": [f"f{i}" for i in range(len(rated))], "doctor_id": code[rated], "source": "survey",
        "given_on": date(2019, 6, 1), "score": np.clip(rng.normal(liked[rated], 0.6), 1, 5),
    })
    people = pd.DataFrame({
        "patient_id": [f"p{i}" for i in range(patients)], "registered_on": first.date, "age_years": rng.integers(20, 80, patients),
        "sex": rng.choice(["male", "female"], patients), "stated_source": rng.choice(["web", "friends"], patients),
    })
    services = pd.DataFrame({"service_id": SERVICES, "kind": ["consultation", "diagnostics", "procedure"]})
    share, line = np.bincount(case, minlength=3) / patients, 40.0 * np.exp(0.8**2 / 2)
    each = line * (1 + 0.8 * heavy * orders[:, None])
    mean = 0.9 * heavy * level[:, None]
    early = 1 - np.exp(-mean * _within_90())
    truth = pd.DataFrame({"value": (each * (1 + mean)) @ share, "return": early @ share, "reviewed": orders > 1}, index=code)
    tables = {"patients": people, "appointments": visits, "charges": charges, "services": services, "feedback": feedback}
    return tables, truth


def _within_90() -> float:
    """Chance that a repeat lies within 90 days: gap 1 + ⌊Exp(60) mod 364⌋, so that the exponential modulo is below 90."""
    return float(stats.expon(scale=60).cdf(90) / stats.expon(scale=60).cdf(364))


def recover(seed: int, **options: float) -> dict[str, float]:
    """What one clinic's comparison got right: ranks, errors, coverage, flags, and false calls."""
    frames, truth = clinic(seed, **options)  # type: ignore[arg-type]
    tables = tables_from_frames(frames, end=END)
    names = ("charges", "services", "shifts", "feedback", "doctors", "rooms")
    result = doctors.analyse(
        tables["first_visits"], tables["patient_days"], tables["appointments"], *(tables.get(name) for name in names),
        period=PERIOD, params=DoctorsParams(),
    )
    rows = result.doctors.set_index("doctor").dropna(subset=["value"])
    planted = truth.loc[rows.index]
    found: dict[str, float] = {"judged": len(rows), "different": result.different}
    for name, column, raw in (("value", "value", "value_fair"), ("return", "return_90", "return_fair")):
        right = planted[name]
        found |= {
            f"{name}_rank": float(rows[column].corr(right, method="spearman")) if right.nunique() > 1 else np.nan,
            f"{name}_error": float(((rows[column] - right) ** 2).mean()),
            f"{name}_raw_error": float(((rows[raw] - right) ** 2).mean()),
            f"{name}_inside": float(((rows[f"{column}_low"] <= right) & (right <= rows[f"{column}_high"])).mean()),
        }
    flagged = rows["reading"] == "review"
    found |= {"flagged_right": float((flagged & planted["reviewed"]).sum()), "flagged_wrong": float((flagged & ~planted["reviewed"]).sum()),
              "beyond_wrong": float(((rows["services_reading"] == "above") & ~planted["reviewed"]).sum()),
              "duty_differs": float(result.duty == "differs")}
    plan = allocation.analyse(result, params=AllocationParams())
    good = truth.loc[plan.benchmark.split(", ")] if plan.benchmark else truth.iloc[:0]
    return found | {"benchmark_wrong": float(good["reviewed"].sum())}


def summary(found: list[dict[str, float]]) -> dict[str, float]:
    """Means over seeds; errors as root mean squares."""
    frame = pd.DataFrame(found)
    means = frame.mean()
    for name in (column for column in frame if column.endswith("_error")):
        means[name] = float(np.sqrt(frame[name].mean()))
    return {str(key): float(value) for key, value in means.items()}
