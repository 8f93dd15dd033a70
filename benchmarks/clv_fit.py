"""Fit of BG/NBD on simulated customers: plain lifetimes against the product path (cells counted by the engine, weights).

    python benchmarks/clv_fit.py --customers 1000000 --pairs 3

Each fit runs in a child process of its own, A B A B …, reading the same parquet file of one row per customer
(frequency, recency and age in days). Printed are CPU seconds of each fit (reading and imports apart, threads
included), the median of the pairwise ratios, and how far the parameters lie apart in standard errors of the
plain fit. Exit code 1 when the ratio is below 17 or a parameter is more than half a standard error away.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from statistics import median
from time import process_time

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))

TRUTH = {"r": 0.9, "alpha": 9.0, "a": 0.9, "b": 3.0}
WEEKS = 104
LEAST_RATIO, MOST_ERRORS = 17.0, 0.5
NAMES = ["r", "alpha", "a", "b"]


def simulate(customers: int, path: Path, seed: int = 1) -> None:
    """Write one row per customer, first visits spread over the first half of two years, counted to the day."""
    from audit.models.beta_geometric import BetaGeometric

    rng = np.random.default_rng(seed)
    age_days = rng.integers(WEEKS * 7 // 2, WEEKS * 7 + 1, customers)
    paths = BetaGeometric(**TRUTH, first_chance=0).simulate_new(age_days / 7, rng)
    day = np.maximum(np.floor(paths.time * 7).astype(np.int64), 1)
    at = np.unique(paths.owner * 10_000 + day)
    owner, day = at // 10_000, at % 10_000
    last = np.zeros(customers, np.int64)
    np.maximum.at(last, owner, day)
    frame = {"frequency": np.bincount(owner, minlength=customers), "recency_days": last, "age_days": age_days}
    pd.DataFrame(frame).to_parquet(path, index=False)


def plain(path: Path) -> dict[str, object]:
    """lifetimes as its documentation has it: every customer a row."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from lifetimes import BetaGeoFitter

        frame = pd.read_parquet(path)
        start = process_time()
        fit = BetaGeoFitter().fit(frame["frequency"], frame["recency_days"] / 7, frame["age_days"] / 7)
        seconds = process_time() - start
        errors = fit.standard_errors_[NAMES]
    return {"seconds": seconds, "parameters": list(fit.params_[NAMES]), "errors": list(errors)}


def product(path: Path) -> dict[str, object]:
    """Cells of the same histories counted in DuckDB, then the product's fit with weights; both are timed."""
    from audit.analyses.outlook import _histories
    from audit.models import bg_nbd
    from audit.tables.connection import connect
    from audit.tables.repeat_histories import cells

    connection = connect(threads=1)
    connection.create_table("histories", pd.read_parquet(path))
    start = process_time()
    found = cells(connection.table("histories")).to_pandas()
    fit = bg_nbd.fit("BG/NBD", _histories(found))
    seconds = process_time() - start
    return {"seconds": seconds, "parameters": list(fit.parameters), "cells": len(found)}


def measured(how: str, path: Path) -> dict[str, object]:
    """What one way says of itself, in a process of its own."""
    done = subprocess.run([sys.executable, __file__, "--child", how, str(path)], capture_output=True, check=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> int:
    """Measure pairs and print them; 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        how, path = given.child
        print(json.dumps({"plain": plain, "product": product}[how](Path(path))))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "customers.parquet"
        simulate(given.customers, path)
        pairs = [(measured("plain", path), measured("product", path)) for _ in range(given.pairs)]
    for a, b in pairs:
        print(f"plain {a['seconds']:.2f} s, product {b['seconds']:.2f} s CPU, ratio {a['seconds'] / b['seconds']:.1f}")
    a, b = pairs[0]
    off = np.abs(np.subtract(a["parameters"], b["parameters"])) / a["errors"]
    ratio = median(a["seconds"] / b["seconds"] for a, b in pairs)
    print(f"{given.customers:,} customers in {b['cells']:,} cells; median ratio {ratio:.1f} (at least {LEAST_RATIO:.0f})")
    print("parameters apart, in standard errors: " + ", ".join(f"{n} {x:.2f}" for n, x in zip(NAMES, off, strict=True))
          + f" (at most {MOST_ERRORS})")
    return int(ratio < LEAST_RATIO or off.max() > MOST_ERRORS)


if __name__ == "__main__":
    sys.exit(main())
