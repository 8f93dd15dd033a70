"""Do the funnel's intervals hold what they promise? A random process of callers with known chances, lags and recommendations.

Nothing is fitted to a quota: every month draws its callers, each caller an answer, a booking, a lag and a visit; some first
patients were recommended by earlier ones, and those who were recommended answer the question for the source less often.
The cohort looked at is the last month, so that visits are still to come. Truths are the chances themselves.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import pandas as pd

from audit.analyses import funnel, leads, paths
from audit.config import Days, Period
from audit.models.bootstrap import mean_interval
from audit.models.word_of_mouth import word_of_mouth
from audit.results import Estimate
from audit.tables.connection import Tables, tables_from_frames

START, END = date(2015, 1, 1), date(2016, 7, 1)
NOW = Days(start=date(2016, 6, 1), end=END)
PERIOD = Period(start=START, end=END, now=NOW)
REASONS = np.array(["price", "no_slot", "location", "rude"])
LEVEL, SLACK, LARGEST_BIAS = 0.90, 0.05, 0.05


@dataclass(frozen=True)
class Process:
    """Chances of each step, of a reason, of a repeat; ``lag`` mean days to the visit; ``value`` mean money of a first patient;
    ``remind`` what a reminder, sent by lot, adds to the chance of coming."""

    callers: float
    answered: float
    booked: float
    came: float
    remind: float
    reasons: np.ndarray
    marked: float
    lag: float
    value: float
    again: float


def draw_process(rng: np.random.Generator) -> Process:
    """One clinic."""
    return Process(
        callers=rng.uniform(150, 400), answered=rng.uniform(0.75, 0.97), booked=rng.uniform(0.4, 0.75), came=rng.uniform(0.55, 0.75),
        remind=rng.uniform(0.08, 0.2), reasons=rng.dirichlet([4, 3, 2, 2]), marked=rng.uniform(0.5, 1.0), lag=rng.uniform(2, 12),
        value=rng.uniform(50, 5000), again=rng.uniform(0.2, 0.6),
    )


def frames_of(process: Process, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """The exports of a year and a half."""
    days = (END - START).days
    n = rng.poisson(process.callers * days / 30.4)
    day = np.sort(rng.integers(0, days, n))
    at = pd.Timestamp(START) + pd.to_timedelta(day, "D") + pd.to_timedelta(rng.integers(9 * 60, 20 * 60, n), "min")
    answered = rng.random(n) < process.answered
    booked = answered & (rng.random(n) < process.booked)
    reminded = rng.random(n) < 0.5
    comes = booked & (rng.random(n) < process.came + process.remind * (reminded - 0.5))
    lag = np.minimum(1 + rng.geometric(1 / process.lag, n), 59)
    starts = at.normalize() + pd.to_timedelta(lag, "D") + pd.Timedelta(hours=12)
    over = starts < pd.Timestamp(END)
    marked = answered & ~booked & (rng.random(n) < process.marked)
    key = np.array([f"t{i}" for i in range(n)])
    status = np.where(~over, "booked", np.where(comes, "completed", "no_show"))
    appointments = pd.DataFrame({
        "appointment_id": [f"a{i}" for i in range(n)], "patient_id": [f"p{i}" for i in range(n)], "kind": "outpatient",
        "booked_at": at + pd.Timedelta(minutes=4), "starts_at": starts, "status": status, "reminder_sent": reminded,
    })[booked]
    enquiries = pd.DataFrame({
        "enquiry_id": [f"e{i}" for i in range(n)], "started_at": at, "kind": "call", "direction": "in", "caller_key": key,
        "is_answered": answered, "channel": "site", "loss_reason": np.where(marked, REASONS[rng.choice(4, n, p=process.reasons)], None),
    })
    patients = pd.DataFrame({"patient_id": [f"p{i}" for i in range(n)], "registered_on": at.date, "phone_key": key})[booked]
    return {"enquiries": enquiries, "patients": patients, "appointments": appointments}


def valued(process: Process, rng: np.random.Generator) -> SimpleNamespace:
    """Stands for the result of patient value: a mean of 400 skewed amounts with its interval."""
    amounts = rng.gamma(0.7, process.value / 0.7, 400)
    low, high = mean_interval(amounts, LEVEL, 1)
    return SimpleNamespace(value_365=Estimate(float(amounts.mean()), low, high, "currency", 400))


def cases(seed: int) -> list[tuple[str, Estimate, float]]:
    """Name, estimate and truth of every headline number of one random clinic."""
    rng = np.random.default_rng([seed, 7])
    process = draw_process(rng)
    tables = tables_from_frames(frames_of(process, rng), end=END)
    result = of_funnel(tables, valued(process, rng))
    return steps(result, process) + reasons(result, process) + reminders(tables, result, process) + mouth(rng)


def of_funnel(tables: Tables, value: SimpleNamespace) -> funnel.FunnelResult:
    """The funnel of the last month."""
    given = {name: tables.get(name) for name in ("patient_days", "opportunities", "enquiries")}
    return funnel.analyse(
        tables["appointments"], tables["patients"], tables["first_visits"], **given, site_traffic=None, ad_spend=None, capacity=None,
        clv=value, period=PERIOD, params=funnel.FunnelParams(),  # type: ignore[arg-type]
    )


def steps(result: funnel.FunnelResult, p: Process) -> list[tuple[str, Estimate, float]]:
    """Shares of the steps and the money lost at each, at the callers counted."""
    assert result.callers is not None
    shares = {
        "answered_share": p.answered, "booked_share": p.booked, "came_share_settled": p.came,
        "visit_share_settled": p.answered * p.booked * p.came,
    }
    told = [(f"funnel.{name}", getattr(result, name), truth) for name, truth in shares.items()]
    n = result.callers.value * p.value
    lost = {
        "answered": n * (1 - p.answered) * p.booked * p.came, "booked": n * p.answered * (1 - p.booked) * p.came,
        "came": n * p.answered * p.booked * (1 - p.came),
    }
    rows = result.stages.set_index("stage")
    return told + [(f"funnel.lost_money at {step}", money(rows.loc[step], "lost_money"), truth) for step, truth in lost.items()]


def reasons(result: funnel.FunnelResult, p: Process) -> list[tuple[str, Estimate, float]]:
    """Money lost by reason of those who did not book."""
    assert result.callers is not None
    lost = result.callers.value * p.value * p.answered * (1 - p.booked) * p.came
    rows = result.losses.set_index("cause") if result.losses is not None else pd.DataFrame()
    return [("funnel.losses by reason", money(rows.loc[name], "money"), lost * share)
            for name, share in zip(REASONS, p.reasons, strict=True) if name in rows.index]


def reminders(tables: Tables, result: funnel.FunnelResult, p: Process) -> list[tuple[str, Estimate, float]]:
    """What a missing reminder, sent by lot, is said to go with."""
    given = {name: tables.get(name) for name in ("enquiries", "opportunities", "charges", "patient_days", "feedback", "campaign_members")}
    told = paths.analyse(
        tables["appointments"], tables["patients"], tables["first_visits"], **given, funnel=result, period=PERIOD,
        params=paths.PathsParams(ideal=("call", "booking", "reminder", "visit")),
    )
    way = p.answered * p.booked * 0.5 * (p.came + p.remind / 2)
    rows = told.deviations.set_index("deviation") if told.deviations is not None else pd.DataFrame()
    row = rows.loc["skipped reminder"]
    difference = Estimate(row["difference"], row["difference_low"], row["difference_high"], "share", int(row["people"]))
    soon = leads.analyse(*(tables[name] for name in ("enquiries", "opportunities", "first_visits", "patients")), period=PERIOD, params=leads.LeadsParams())
    assert soon.soon_share is not None
    return [("paths.ideal_share", told.ideal_share, way), ("paths.difference without reminder", difference, -p.remind),
            ("leads.soon_share", soon.soon_share, p.answered)]


def mouth(rng: np.random.Generator) -> list[tuple[str, Estimate, float]]:
    """K of a branching process with immigration; those recommended are silent more often, and the lag is anything."""
    k, delay, grows = rng.uniform(0.1, 0.6), int(rng.integers(1, 12)), rng.uniform(0, 3)
    first = [0] * 12
    for month in range(40):
        first.append(int(rng.poisson(150 + grows * month) + rng.poisson(k * first[-delay])))
    referred, others = int(rng.poisson(k * first[-delay])), int(rng.poisson(150 + 40 * grows))
    named, rest = int(rng.binomial(referred, rng.uniform(0.5, 1))), int(rng.binomial(others, rng.uniform(0.5, 1)))
    found = word_of_mouth(named=named, others=rest, silent=referred + others - named - rest, months=1, earlier=first[:-13:-1], level=LEVEL)
    assert found is not None
    expected = k * first[-delay] / (k * first[-delay] + 150 + 40 * grows)
    n = referred + others
    return [("funnel.recommended_share (bounds)", Estimate(*found.share, "share", n), expected),
            ("funnel.reproduction (bounds)", Estimate(*found.reproduction, "number", n), k)]


def money(row: pd.Series, name: str) -> Estimate:
    """One cell with its bounds."""
    return Estimate(row[name], row[f"{name}_low"], row[f"{name}_high"], "currency", int(row["n"]), LEVEL)
