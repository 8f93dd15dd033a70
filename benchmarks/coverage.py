"""Do the intervals hold what they promise? Simulates clinics with known truth, audits them, compares.

    python benchmarks/coverage.py --clinics 100 --patients 4000
    python benchmarks/coverage.py --clinics 40 --only price

prints a table per headline estimate: in how many clinics the 90 % interval held the truth, the bias, the width.
Clinics are random (``random_clinic``), not the teaching clinic, whose monthly numbers are quotas. Other parts of the
audit have processes of their own: a module ``coverage_<part>.py`` beside this one with ``cases(seed)``, which gives
name, estimate and truth, and perhaps ``facts(seed)``, name and number.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

for folder in (Path(__file__).parent, Path(__file__).parents[1]):
    sys.path.insert(0, str(folder))
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import random_clinic as clinic
from scipy import stats

from audit import catalogue
from audit.config import Period
from audit.results import Estimate, Result
from audit.tables.connection import tables_from_frames

PATIENTS = "patients"
PARTS = (PATIENTS, *sorted(path.stem.removeprefix("coverage_") for path in Path(__file__).parent.glob("coverage_*.py")))
PERIOD = Period(start=clinic.START, end=clinic.END)
ANALYSES = ("profile", "clv", "retention", "doctors")
LEVEL = 0.90
SLACK = 0.05
"""Coverage may fall short of the level by this much, and by the noise of the number of clinics."""

LARGEST_BIAS = 0.05


@dataclass(frozen=True)
class Told:
    """One estimate of one clinic against the truth."""

    name: str
    value: float
    low: float
    high: float
    truth: float

    @property
    def holds(self) -> bool:
        """The interval holds the truth."""
        return self.low <= self.truth <= self.high


@dataclass(frozen=True)
class Fact:
    """A number about one clinic that is no estimate: a rank correlation, a count of flags."""

    name: str
    value: float


def audited(frames: dict, names: Iterable[str], period: Period = PERIOD) -> dict[str, Result]:
    """The results of some analyses of a clinic."""
    tables = {name: table for name, table in tables_from_frames(frames, end=period.end).items() if table.limit(1).count().execute()}
    results: dict[str, Result] = {}
    for name in names:
        what = catalogue.analysis(name)
        results[name] = catalogue.compute(what, tables, results, period=period, params=what.params())
    return results


def headline(seed: int, patients: int) -> list[Told | Fact]:
    """Every headline number of one random clinic, and its doctors."""
    doctors = clinic.doctors_of(seed)
    results = audited(clinic.tables(doctors, seed, patients=patients), ANALYSES)
    truths = clinic.truths(doctors)
    told: list[Told | Fact] = [
        Told(f"{name}.{key}", e.value, e.low, e.high, truths[key])
        for name, result in results.items() for key, e in result.estimates().items()
        if key in truths and isinstance(e, Estimate)
    ]
    return told + of_doctors(doctors, results["doctors"])


def of_doctors(doctors: clinic.Doctors, result: Result) -> list[Told | Fact]:
    """Values and returns of the doctors, how well they are ordered, and who is flagged."""
    frame = result.tables()["doctors"].set_index("doctor").sort_index()
    place = frame.index.str[1:].astype(int) - 1
    found: list[Told | Fact] = []
    for name, raw, truth in (("value", "value_raw", clinic.doctor_values(doctors)), ("return_90", "return_raw", clinic.doctor_returns(doctors))):
        rows = frame.assign(truth=truth[place]).dropna(subset=[name])
        found += [Told(f"doctors.{name} of each", *row) for row in rows[[name, f"{name}_low", f"{name}_high", "truth"]].to_numpy()]
        error = {kind: float(np.sqrt(np.mean((rows[kind] - rows["truth"]) ** 2))) for kind in (name, raw)}
        found.append(Fact(f"doctors.{name}: Spearman with truth", float(stats.spearmanr(rows[name], rows["truth"]).statistic)))
        found.append(Fact(f"doctors.{name}: RMSE over that of raw means", error[name] / error[raw]))
    flagged = set(frame.index[frame["reading"] == "review"])
    guilty = f"D{doctors.prescriber + 1:02d}"
    found.append(Fact("doctors: over-prescriber flagged", float(guilty in flagged)))
    found.append(Fact("doctors: others flagged, per clinic", float(len(flagged - {guilty}))))
    return found


def alike(seed: int, patients: int) -> list[Told | Fact]:
    """A clinic whose doctors are all alike: how many are said to differ."""
    doctors = clinic.draw_doctors(np.random.default_rng([seed, 5]), spread=0.0, prescriber=False)
    same = clinic.Doctors(doctors.again, doctors.amount, 0 * doctors.added, 0 * doctors.liked, doctors.share, -1)
    result = audited(clinic.tables(same, seed, patients=patients), ("doctors",))["doctors"]
    frame = result.tables()["doctors"]
    return [Fact("doctors all alike: said to differ, per clinic", float(frame["reading"].isin(["above", "below", "review"]).sum()))]


def of_part(part: str, seed: int) -> list[Told | Fact]:
    """The estimates of one run of the process of ``part``."""
    module = importlib.import_module(f"coverage_{part}")
    told: list[Told | Fact] = [Told(name, e.value, e.low, e.high, truth) for name, e, truth in module.cases(seed)]
    return told + [Fact(*fact) for fact in (module.facts(seed) if hasattr(module, "facts") else ())]


def table(found: Sequence[Told | Fact]) -> str:
    """The comparison as a Markdown table; estimates first, then facts."""
    lines = [f"| estimate | intervals | hold the truth (promised {LEVEL:.0%}) | bias | mean width | |", "| --- | ---: | ---: | ---: | ---: | --- |"]
    for name in dict.fromkeys(item.name for item in found if isinstance(item, Told)):
        mine = [item for item in found if isinstance(item, Told) and item.name == name]
        share, bias, width, fine = verdict(mine)
        lines.append(f"| `{name}` | {len(mine)} | {share:.1%} | {bias:+.1%} | {width:.1%} | {'ok' if fine else '**misses**'} |")
    lines += ["", "| fact | clinics | mean |", "| --- | ---: | ---: |"]
    for name in dict.fromkeys(item.name for item in found if isinstance(item, Fact)):
        values = [item.value for item in found if isinstance(item, Fact) and item.name == name]
        lines.append(f"| {name} | {len(values)} | {np.mean(values):.3f} |")
    return "\n".join(lines)


def verdict(mine: Sequence[Told]) -> tuple[float, float, float, bool]:
    """Share of intervals that hold the truth, relative bias and width, and whether both keep the rules."""
    share = float(np.mean([item.holds for item in mine]))
    size = float(np.mean([abs(item.truth) for item in mine])) or 1.0
    bias = float(np.mean([item.value - item.truth for item in mine])) / size
    width = float(np.mean([item.high - item.low for item in mine])) / size
    noise = 2 * np.sqrt(LEVEL * (1 - LEVEL) / len(mine))
    return share, bias, width, share >= LEVEL - SLACK - noise and abs(bias) <= LARGEST_BIAS


def run(clinics: int, patients: int, first_seed: int, workers: int = 2, parts: Sequence[str] = PARTS) -> list[Told | Fact]:
    """Audit ``clinics`` clinics of about ``patients`` patients each, for every part; seeds count up from ``first_seed``."""
    seeds = range(first_seed, first_seed + clinics)
    tasks = [partial(work, seed, patients) for work in (headline, alike) for seed in seeds if PATIENTS in parts]
    tasks += [partial(of_part, part, seed) for part in parts if part != PATIENTS for seed in seeds]
    if workers == 1:
        return [item for task in tasks for item in task()]
    with ProcessPoolExecutor(workers) as pool:
        return [item for future in [pool.submit(task) for task in tasks] for item in future.result()]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clinics", type=int, default=40)
    parser.add_argument("--patients", type=int, default=4000)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, metavar="PART", help=f"of {', '.join(PARTS)}")
    given = parser.parse_args()
    print(table(run(given.clinics, given.patients, given.first_seed, given.workers, given.only)))


if __name__ == "__main__":
    main()
