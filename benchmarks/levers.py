"""Are the promises of the actions kept? Expected against realised gain, lever by lever, on the synthetic clinic.

    python benchmarks/levers.py --seeds 8

audits the clinic as it was at the end of December 2015, with the records up to then only, and takes from the actions
what each promises a month. Then the lever is really moved from January 2016 (``audit.simulate.levers``), and the same
clinic is continued without: *realised* is the difference of a month's profit, the accounts' revenue less all expenses
and what the lever costs, over July to December, when new patients of the first months have come back. Everything
else of the two years is the same, but who the patients are is drawn anew, so realised carries an error of its own.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd

from audit import catalogue
from audit.config import Days, Period
from audit.results import Result
from audit.simulate import simulate_clinic
from audit.simulate.levers import LEVERS
from audit.tables.connection import tables_from_frames

ACTIONS = "plan"
"""The analysis with the table ``actions``."""
CUT = date(2016, 1, 1)
PERIOD = Period(
    start=date(2014, 1, 1), end=CUT,
    now=Days(start=date(2015, 12, 1), end=CUT), before=Days(start=date(2014, 12, 1), end=date(2015, 1, 1)),
)  # fmt: skip
WHEN = {
    "patients": "registered_on", "doctors": "started_on", "prices": "valid_from", "appointments": "starts_at",
    "charges": "charged_on", "feedback": "given_on", "events": "from_day", "competitors": "seen_on",
    "campaign_members": "contacted_on", "plans": "planned_on", "enquiries": "started_at", "ad_spend": "from_day",
    "site_traffic": "from_day", "shifts": "starts_at", "expenses": "month",
}  # fmt: skip
"""The column that says when a row came to be; tables without one do not change."""
SEEN_FROM = pd.Timestamp("2016-07-01")
NOTHING = "nothing"


def known(frames: Mapping[str, pd.DataFrame], day: date) -> dict[str, pd.DataFrame]:
    """The tables as they stood on ``day``: nothing dated later, no end in the future."""
    cut = {name: frame[pd.to_datetime(frame[WHEN[name]]) < pd.Timestamp(day)] if name in WHEN else frame for name, frame in frames.items()}
    prices = cut["prices"]
    cut["prices"] = prices.assign(valid_to=prices["valid_to"].where(pd.to_datetime(prices["valid_to"]) < pd.Timestamp(day)))
    return {name: frame.reset_index(drop=True) for name, frame in cut.items()}


def needed(name: str) -> list[str]:
    """The analyses ``name`` reads, directly or not, and itself, in the order of the audit."""
    wanted = {name}
    for one in reversed(catalogue.names()):
        if one in wanted:
            wanted |= {need.name for need in catalogue.analysis(one).needs if need.kind == "result"}
    return [one for one in catalogue.names() if one in wanted]


def audited(frames: Mapping[str, pd.DataFrame]) -> dict[str, Result]:
    """What the audit says of the clinic at the end of December 2015."""
    tables, results = tables_from_frames(known(frames, CUT), end=CUT), {}
    for name in needed(ACTIONS):
        what = catalogue.analysis(name)
        results[name] = catalogue.compute(what, tables, results, period=PERIOD, params=what.params())
    return results


def profit(frames: Mapping[str, pd.DataFrame]) -> float:
    """A month's profit from ``SEEN_FROM`` on."""
    seen = frames["expenses"][frames["expenses"]["month"] >= SEEN_FROM]
    signed = seen["amount"].where(seen["nature"] == "revenue", -seen["amount"])
    return float(signed.groupby(seen["month"]).sum().mean())


PROMISED_BY = {
    "call_back": "call_back", "script": "script", "reminders": "first_kept", "standard": "standard",
    "shift_spend": "shift_spend", "search_for_context": "shift_spend", "children": "children", "recall": "recall",
    "beds": "beds", "price_cut": "price_test",
}  # fmt: skip
"""Which action promises what a lever brings; one that is not among the actions promises nothing."""


@dataclass(frozen=True)
class Kept:
    """One lever on one clinic, money a month. ``expected`` gain with its interval, None where the audit promises none."""

    seed: int
    lever: str
    group: str
    rank: int
    expected: tuple[float, float, float] | None
    realised: float


def cases(seed: int, levers: Iterable[str] = tuple(PROMISED_BY)) -> list[Kept]:
    """Expected and realised of each lever, by the clinic of one seed."""
    nothing = simulate_clinic(seed=seed, lever=LEVERS[NOTHING]).tables
    promised, before = audited(nothing)[ACTIONS].actions.set_index("action"), profit(nothing)
    return [_kept(seed, lever, promised, profit(simulate_clinic(seed=seed, lever=LEVERS[lever]).tables) - before) for lever in levers]


def _kept(seed: int, lever: str, promised: pd.DataFrame, realised: float) -> Kept:
    action = PROMISED_BY[lever]
    if action not in promised.index:
        return Kept(seed, lever, "", 0, None, realised)
    row = promised.loc[action]
    expected = (float(row["gain"]), float(row["gain_low"]), float(row["gain_high"]))
    return Kept(seed, lever, str(row["group"]), promised.index.get_loc(action) + 1, expected, realised)


@dataclass(frozen=True)
class Told:
    """A lever over all seeds: mean expected interval, mean realised with its standard error, how many intervals hold it."""

    lever: str
    group: str
    rank: str
    expected: tuple[float, float, float] | None
    realised: float
    error: float
    inside: int
    clinics: int


def told(kept: list[Kept]) -> list[Told]:
    """By lever, in the order of ``PROMISED_BY``. Each interval is held against the *mean* realised gain: that of one
    seed carries the chance of who the patients of its two futures were."""
    return [_over_seeds([one for one in kept if one.lever == lever]) for lever in PROMISED_BY if any(one.lever == lever for one in kept)]


def _over_seeds(mine: list[Kept]) -> Told:
    realised = np.array([one.realised for one in mine])
    mean = float(realised.mean())
    error = float(realised.std(ddof=1) / np.sqrt(len(mine))) if len(mine) > 1 else np.nan
    promised = [one.expected for one in mine if one.expected is not None]
    groups, ranks = {one.group for one in mine if one.group}, [one.rank for one in mine if one.rank]
    return Told(
        lever=mine[0].lever, group="/".join(sorted(groups)), rank=f"{np.mean(ranks):.1f}" if ranks else "",
        expected=tuple(np.mean(promised, axis=0)) if promised else None, realised=mean, error=error,
        inside=sum(low <= mean <= high for _value, low, high in promised), clinics=len(promised),
    )  # fmt: skip


def markdown(rows: list[Told]) -> str:
    """The table of the README, thousands of roubles a month."""
    lines = ["| lever | judged | place | expected | realised (± standard error) | inside |", "| --- | --- | ---: | ---: | ---: | ---: |"]
    for row in rows:
        expected, inside = "not promised", ""
        if row.expected is not None:
            value, low, high = (part / 1000 for part in row.expected)
            expected, inside = f"{value:+.0f} [{low:+.0f}, {high:+.0f}]", f"{row.inside} of {row.clinics}"
        lines.append(
            f"| `{row.lever}` | {row.group} | {row.rank} | {expected} | {row.realised / 1000:+.0f} ± {row.error / 1000:.0f} | {inside} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
    with ProcessPoolExecutor(arguments.workers) as pool:
        kept = [one for found in pool.map(partial(cases, levers=tuple(PROMISED_BY)), seeds) for one in found]
    print(markdown(told(kept)))


if __name__ == "__main__":
    main()
