"""Intervals of section 9 against clinics whose truth is known: contribution, break-even, additional services.

Books: revenue of 36 months with trend and noise; costs are fixed costs with a rise once, a share of revenue and noise of
the month. Visits: doctors add a service with a chance of their own, by diagnosis, and patients differ; truths are
the chances that were put in, on the mix of cases that was put in.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import pandas as pd

from audit import catalogue
from audit.config import Period
from audit.results import Estimate
from audit.tables.connection import tables_from_frames

END = date(2017, 1, 1)
PERIOD = Period(start=date(2014, 1, 1), end=END)
LEVEL = 0.90
DOCTORS, DIAGNOSES = 10, np.array(["J31", "J35", "H65"])
MAIN_COST, EXTRA_COST, PRICE, EXTRA = 40.0, 15.0, 100.0, 50.0


@dataclass(frozen=True)
class Clinic:
    """What one clinic was made with: shares of revenue, and chances of an additional service (doctors, diagnoses)."""

    variable: float
    fixed: float
    chance: np.ndarray
    mix: np.ndarray

    @property
    def attach(self) -> np.ndarray:
        """Chance of an additional service by doctor, on the mix of cases of all (D,)."""
        return self.chance @ self.mix.mean(axis=0)

    @property
    def attach_all(self) -> float:
        """Of all visits."""
        return float((self.chance * self.mix).sum(axis=1).mean())


def draw(rng: np.random.Generator) -> Clinic:
    """A random clinic; diagnoses lie unequally with the doctors."""
    logit = rng.normal(0, 0.4, (DOCTORS, 1)) + np.array([-0.6, 0.2, 0.9])
    mix = rng.dirichlet([3.0, 2.0, 2.0], DOCTORS)
    return Clinic(float(rng.uniform(0.2, 0.5)), float(rng.uniform(15000, 25000)), 1 / (1 + np.exp(-logit)), mix)


def frames(made: Clinic, rng: np.random.Generator, visits: int = 12000) -> dict[str, pd.DataFrame]:
    """The tables of three years of the clinic; visits grow by half per cent a month and stray by 8 %."""
    months = pd.period_range("2014-01", "2016-12", freq="M")
    weight = 1.005 ** np.arange(36) * np.exp(0.08 * rng.standard_normal(36))
    month = np.sort(rng.choice(36, visits, p=weight / weight.sum()))
    day = [months[m].start_time.date() + timedelta(days=int(k)) for m, k in zip(month, rng.integers(0, 28, visits), strict=True)]
    patients = visits // 3
    doctor = rng.integers(0, DOCTORS, patients)
    sick = (rng.random(patients)[:, None] > made.mix.cumsum(axis=1)[doctor]).sum(axis=1).clip(max=2)
    # a patient's chance strays round that of the cell: Beta with the mean of the cell
    chance = rng.beta(made.chance[doctor, sick] * 12, (1 - made.chance[doctor, sick]) * 12)
    who = rng.integers(0, patients, visits)
    attached = rng.random(visits) < chance[who]
    appointments = pd.DataFrame({
        "appointment_id": [f"a{k:05d}" for k in range(visits)], "patient_id": [f"p{k:05d}" for k in who], "kind": "outpatient",
        "doctor_id": [f"D{k + 1:02d}" for k in doctor[who]], "starts_at": pd.to_datetime(day) + pd.Timedelta(hours=10),
        "status": "completed", "service_id": "visit", "diagnosis": DIAGNOSES[sick[who]], "minutes": 30.0, "payer": "cash",
    })
    bills = appointments[["appointment_id", "patient_id", "doctor_id", "service_id"]].assign(charged_on=day, paid=PRICE, kind="sale", month=month)
    charges = pd.concat([bills, bills[attached].assign(service_id="extra", paid=EXTRA)], ignore_index=True)
    charges.insert(0, "charge_id", [f"c{k:05d}" for k in range(len(charges))])
    revenue = charges.groupby("month")["paid"].sum().reindex(range(36), fill_value=0.0).to_numpy()
    rise = np.where(np.arange(36) >= rng.integers(6, 18), 1.0, 0.9)
    spent = {"fixed": made.fixed * rise + 200 * rng.standard_normal(36), "variable": made.variable * revenue}
    expenses = pd.DataFrame([
        {"month": months[m].start_time.date(), "item": nature, "group": "other", "nature": nature, "amount": amount}
        for nature, amounts in spent.items() for m, amount in enumerate(amounts)
    ])
    prices = pd.DataFrame({"service_id": ["visit", "extra"], "kind": ["consultation", "diagnostics"], "direct_cost": [MAIN_COST, EXTRA_COST]})
    cards = pd.DataFrame({"patient_id": [f"p{k:05d}" for k in range(patients)], "registered_on": date(2014, 1, 1)})
    return {
        "patients": cards, "appointments": appointments, "charges": charges.drop(columns="month"), "services": prices, "expenses": expenses,
    }


def cases(seed: int) -> list[tuple[str, Estimate, float]]:
    """Name, estimate and truth of every inferred number of section 9 in one random clinic."""
    rng = np.random.default_rng([seed, 9])
    made = draw(rng)
    tables = {name: table for name, table in tables_from_frames(frames(made, rng), end=END).items() if table.count().execute()}
    told = {}
    for name in ("finance", "services"):
        what = catalogue.analysis(name)
        told[name] = catalogue.compute(what, tables, told, period=PERIOD, params=what.params())
    finance, services = told["finance"], told["services"]
    kept = 1 - made.variable
    found = [("finance.contribution_seen", finance.contribution_seen, kept), ("finance.break_even_seen", finance.break_even_seen, made.fixed / kept)]
    found += [("services.attach_share", services.attach_share, made.attach_all)]
    hour = 2 * (PRICE - MAIN_COST + (EXTRA - EXTRA_COST) * made.attach_all)
    found += [("services.room_hour", services.room_hour, hour)]
    doctors = services.doctors.dropna(subset=["share"])
    for row in doctors.to_dict("records"):
        share = Estimate(row["share"], row["share_low"], row["share_high"], "share", row["n"], LEVEL)
        found.append(("services.doctors.share of each", share, float(made.attach[int(row["doctor"][1:]) - 1])))
    return [(name, estimate, truth) for name, estimate, truth in found if estimate is not None]
