"""A clinic whose callers are known week by week, with changes whose effects are known; not the teaching clinic.

    ln E[callers of branch b in week t] = level_b + trend · t + season(t) + noise(t) + stray_b(t) + effect_b(t)
    logit P(booked | administrator a, week t) = skill_a + noise(t) + stray_a(t) + training_a(t)

``noise`` is common to all and ``stray`` a unit's own; both are alike from week to week (autocorrelation 0.3 … 0.6). A plain
comparison of before and after reads trend and season as effect; independent errors are too short.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.random import Generator
from numpy.typing import NDArray

from audit.config import Period
from audit.tables.connection import Tables, tables_from_frames

Array = NDArray[np.float64]
START = date(2021, 1, 4)
WEEKS = 140
END = START + timedelta(weeks=WEEKS)
PERIOD = Period(start=START, end=END)
BRANCHES = ("Centre", "North", "South")
ADMINISTRATORS = tuple("ABCDEFGH")


def day(week: int) -> date:
    """The Monday of week 0 … ``WEEKS`` − 1."""
    return START + timedelta(weeks=week)


def alike(rng: Generator, shape: tuple[int, ...], spread: float) -> Array:
    """Normal noise of ``spread`` whose neighbours along the last axis are alike."""
    rho, drawn = rng.uniform(0.3, 0.6), rng.normal(size=shape)
    for week in range(1, shape[-1]):
        drawn[..., week] = rho * drawn[..., week - 1] + np.sqrt(1 - rho**2) * drawn[..., week]
    return spread * drawn


def growth(rng: Generator, weeks: int) -> Array:
    """Trend and season (weeks,) on the scale of ln."""
    time = np.arange(weeks) / 52.1775
    return rng.normal(0, 0.15) * time + rng.uniform(0, 0.15) * np.sin(2 * np.pi * (time + rng.random()))


@dataclass(frozen=True)
class ChangingClinic:
    """``callers`` and ``booked`` (administrators, branches, weeks); truths are ratios to what would have been."""

    callers: NDArray[np.int64]
    booked: NDArray[np.int64]
    price_ratio: float
    site_ratio: float
    training_ratio: float
    trained: tuple[str, ...]

    PRICE, SITE, TRAINING = 60, 100, 120
    PRICE_WEEKS, JUDGED = 8, 12

    def tables(self, events: pd.DataFrame) -> Tables:
        """The clinic's tables with these events."""
        return tables_from_frames(self.frames() | {"events": events}, end=END)

    def frames(self) -> dict[str, pd.DataFrame]:
        """Calls one row each, and a few patients who make the clinic one."""
        who, branch, week = (part.ravel() for part in np.indices(self.callers.shape))
        n, k = self.callers.ravel(), self.booked.ravel()
        rows = np.repeat(np.arange(n.size), n)
        place = np.arange(rows.size) - np.repeat(np.cumsum(n) - n, n)
        moment = np.datetime64(START, "h") + 7 * 24 * week[rows] + 24 * (place % 6) + 10
        calls = pd.DataFrame({
            "enquiry_id": np.char.add("e", np.arange(rows.size).astype(str)), "kind": "call", "direction": "in",
            "started_at": moment.astype("datetime64[s]"), "branch": np.array(BRANCHES)[branch[rows]],
            "administrator_id": np.array(ADMINISTRATORS)[who[rows]], "is_answered": True,
            "outcome": np.where(place < k[rows], "booked", "lost"),
        })
        patients = [f"p{number}" for number in range(20)]
        visits = pd.DataFrame({
            "appointment_id": patients, "patient_id": patients, "kind": "outpatient", "status": "completed",
            "starts_at": [pd.Timestamp(START) + pd.Timedelta(days=40 * number) for number in range(20)],
        })
        return {"enquiries": calls, "patients": pd.DataFrame({"patient_id": patients, "registered_on": START}), "appointments": visits}

    def events(self) -> pd.DataFrame:
        """A price test in one branch, a new site for all, and a training of the two administrators who looked worst."""
        end = day(self.PRICE + self.PRICE_WEEKS) - timedelta(days=1)
        return listed(
            ("Price test", "price", day(self.PRICE), end, {"branch": "North"}),
            ("New site", "marketing", day(self.SITE), None, {}),
            ("Training", "desk", day(self.TRAINING), None, {"administrator_id": ", ".join(self.trained), "assigned": "worst"}),
        )


def listed(*rows: tuple[str, str, date, date | None, dict[str, str]]) -> pd.DataFrame:
    """Events as a frame: name, kind, first and last day, and whom they concern."""
    return pd.DataFrame([{"event": name, "kind": kind, "from_day": start, "to_day": end, **more} for name, kind, start, end, more in rows])


def changing_clinic(seed: int, *, price: float | None = None, site: float | None = None) -> ChangingClinic:
    """A clinic of its own for every seed; ``price`` and ``site`` are Δ ln(callers), drawn if not given."""
    rng = np.random.default_rng([seed, 71])
    price = float(rng.uniform(-0.1, 0.4)) if price is None else price
    site = float(rng.uniform(-0.1, 0.4)) if site is None else site
    weeks = np.arange(WEEKS)
    tested = (weeks >= ChangingClinic.PRICE) & (weeks < ChangingClinic.PRICE + ChangingClinic.PRICE_WEEKS)
    mean = (
        rng.normal(3.6, 0.3, len(BRANCHES))[:, None] + growth(rng, WEEKS) + alike(rng, (WEEKS,), 0.05) + alike(rng, (len(BRANCHES), WEEKS), 0.05)
        + price * (np.array(BRANCHES) == "North")[:, None] * tested + site * (weeks >= ChangingClinic.SITE)
    )
    staff = len(ADMINISTRATORS)
    callers = np.stack([rng.multinomial(rng.poisson(np.exp(row)), np.full(staff, 1 / staff)).T for row in mean], axis=1)
    training = float(rng.uniform(0.0, 0.6))
    base = rng.normal(0.2, 0.25, staff)[:, None] + alike(rng, (WEEKS,), 0.05) + alike(rng, (staff, WEEKS), 0.15)
    n = callers.sum(axis=1)
    before = slice(ChangingClinic.TRAINING - 12, ChangingClinic.TRAINING)
    booked = rng.binomial(callers, _share(base)[:, None, :])
    # whoever looked worst in the last quarter is trained, be it chance or not
    worst = np.argsort(booked.sum(axis=1)[:, before].sum(axis=1) / n[:, before].sum(axis=1))[:2]
    after = slice(ChangingClinic.TRAINING, ChangingClinic.TRAINING + ChangingClinic.JUDGED)
    better = base[worst][:, ChangingClinic.TRAINING:] + training
    booked[worst, :, ChangingClinic.TRAINING:] = rng.binomial(callers[worst][:, :, ChangingClinic.TRAINING:], _share(better)[:, None, :])
    tries = n[worst][:, after]
    ratio = float((tries * _share(base[worst][:, after] + training)).sum() / (tries * _share(base[worst][:, after])).sum())
    return ChangingClinic(callers, booked, float(np.exp(price)), float(np.exp(site)), ratio, tuple(ADMINISTRATORS[k] for k in sorted(worst)))


def _share(logit: Array) -> Array:
    share: Array = 1 / (1 + np.exp(-logit))
    return share
