"""Visits ahead on simulated clinics: whom the gate lets through, and whether the forecast year came as said.

    python benchmarks/visits_ahead.py --seeds 40 --size 0.35

``gates`` counts the verdicts on clinics of a process (G2 comes in episodes, G1 at random times). ``futures`` cuts
clinics of the random process a year before their end, lets the analysis forecast that year from what was known,
and gives the forecast beside what came. Exit code 1 when a bar of METHODS is missed: nine gates of ten right, the
interval of visits and of money holding what came at least at its level less five points, bias below five per cent.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from audit.analyses import outlook
from audit.analyses.outlook import OutlookParams, OutlookResult
from audit.config import Period
from audit.results import Estimate
from audit.simulate import simulate_clinic
from audit.tables.connection import Tables, tables_from_frames
from audit.tables.new_patients import new_patients

START, CUT, END = date(2014, 1, 1), date(2016, 1, 1), date(2017, 1, 1)


@dataclass(frozen=True)
class Future:
    """A forecast of the year after ``CUT`` and what came; None where no model was allowed to speak."""

    seed: int
    gate: str
    visits: Estimate | None
    visits_came: int
    money: Estimate | None
    money_came: float


def analysed(tables: Tables, end: date) -> OutlookResult:
    """The analysis as in an audit."""
    period = Period(start=START, end=end)
    return outlook.analyse(
        tables["first_visits"], tables["patient_days"], tables.get("charges"), None, period=period, params=OutlookParams()
    )


def gates(process: str, seeds: range, size: float) -> Counter[str]:
    """Verdicts on whole clinics of a process."""
    made = (simulate_clinic(seed=seed, size=size, process=process).tables for seed in seeds)
    return Counter(analysed(tables_from_frames(frames, end=END), END).gate for frames in made)


def future(seed: int, size: float) -> Future:
    """One clinic of process G1, forecast from ``CUT`` and counted to ``END``."""
    frames = simulate_clinic(seed=seed, size=size, process="G1").tables
    whole = tables_from_frames(frames, end=END)
    appointments, charges = frames["appointments"], frames["charges"]
    known = dict(frames) | {
        "appointments": appointments[appointments["starts_at"].dt.date < CUT],
        "charges": charges[charges["charged_on"].astype(str) < CUT.isoformat()],
    }
    before = tables_from_frames(known, end=CUT)
    told = analysed(before, CUT)
    people = set(new_patients(before["first_visits"]).select("patient_id").to_pandas()["patient_id"])
    days = whole["patient_days"].to_pandas()
    day = days["day"].astype(str)
    year = days[days["patient_id"].isin(people) & (day >= CUT.isoformat()) & (day < (CUT + timedelta(365)).isoformat()) & (days["visits"] > 0)]
    money = float((year["revenue"] - year["surgery_revenue"]).astype(float).sum())
    return Future(seed, told.gate, told.expected_visits, len(year), told.expected_revenue, money)


def coverage(futures: list[Future], what: str) -> tuple[float, float, float, int]:
    """Share of intervals that hold what came, mean bias and mean half-width (relative), clinics with a forecast."""
    pairs = [(getattr(f, what), getattr(f, f"{what}_came")) for f in futures if getattr(f, what) is not None]
    inside = np.mean([e.low <= came <= e.high for e, came in pairs])
    bias = np.mean([e.value / came - 1 for e, came in pairs])
    width = np.mean([(e.high - e.low) / 2 / e.value for e, _ in pairs])
    return float(inside), float(bias), float(width), len(pairs)


def main() -> int:
    """Print verdicts and coverage; 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--size", type=float, default=0.35)
    parser.add_argument("--gate-seeds", type=int, default=10)
    given = parser.parse_args()
    missed = False
    for process, right in (("G2", {"rejected"}), ("G1", {"ok", "weak"})):
        found = gates(process, range(1, given.gate_seeds + 1), given.size)
        share = sum(found[gate] for gate in right) / given.gate_seeds
        print(f"{process}: {dict(found)}, right in {share:.0%}", flush=True)
        missed |= share < 0.9
    futures = [future(seed, given.size) for seed in range(1, given.seeds + 1)]
    print(f"verdicts a year before the end: {dict(Counter(f.gate for f in futures))}")
    for what in ("visits", "money"):
        inside, bias, width, n = coverage(futures, what)
        print(f"{what}: {inside:.0%} of {n} intervals at 90% hold what came, bias {bias:+.1%}, half-width {width:.0%}")
        missed |= inside < 0.85 or abs(bias) > 0.05
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
