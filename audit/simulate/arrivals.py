"""New patients: when they call, when they come first, to which branch and doctor, and who they are.

A call of day c leads to a first visit of day c + lag. In the price test's weeks calls to the cheaper
branch are ×1.30; first visits follow with the lag. The doctor of the first visit is drawn with the
shares of the month; D03 sees older patients, so his patients' higher value is partly case-mix.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.random import Generator

from audit.simulate.days import AFTER_MONTH, BEFORE_MONTH, MONTHS, Days
from audit.simulate.path import Path
from audit.simulate.sampling import even_uniform, pick, spread
from audit.simulate.truth import Truth
from audit.simulate.truth_parts import EVERYWHERE, PriceTest

LAG_SHARES = np.array([0.20, 0.28, 0.18, 0.12, 0.08, 0.06, 0.04, 0.04])
"""Days from the call to the first visit, 0 to 7."""
WEEKDAY_SHAPE = np.array([1.20, 1.02, 0.98, 0.98, 0.95, 1.05, 0.0])
CLOSED_SEAMS = (BEFORE_MONTH, BEFORE_MONTH + 1, AFTER_MONTH)
"""Months whose first visits were all called for in the same month, so that a month's callers and a
month's first visits agree in the two months the truth is stated for."""
AGES = ((0, 6), (7, 17), (18, 34), (35, 54), (55, 84))
CHILD_SPLIT = np.array([0.45, 0.55])
ADULT_SPLIT = np.array([0.4125, 0.375, 0.2125])
OLDER_SPLIT = np.array([0.22, 0.30, 0.48])
DIAGNOSES = ("J35", "J32", "J34", "H65", "J31", "H90", "J03", "other")
CHILD_DIAGNOSES = np.array([0.45, 0.06, 0.01, 0.22, 0.10, 0.04, 0.07, 0.05])
ADULT_DIAGNOSES = np.array([0.0875, 0.21, 0.1475, 0.12, 0.1625, 0.065, 0.095, 0.1125])
CODES = {
    "J35": ("J35.2", "J35.0", "J35.1"),
    "J32": ("J32.0", "J32.9", "J32.4"),
    "J34": ("J34.2",),
    "H65": ("H65.2", "H66.9", "H66.1"),
    "J31": ("J31.0", "J30.4", "J30.1"),
    "H90": ("H90.3", "H91.9"),
    "J03": ("J03.9", "J02.9", "J04.0"),
    "other": ("H61.2", "R04.0", "J33.9", "H60.9"),
}
FEMALE_CHILD, FEMALE_ADULT = 0.46, 0.56


def arrivals(truth: Truth, path: Path, calendar: Days, rng: Generator) -> pd.DataFrame:
    """One row per new person, in order of the month of the first visit.

    Columns: month, by_call, lag, branch (0, 1), want_day (day of the wished first visit), call_day,
    price_won (came only for the test price), doctor (0 … 10).
    """
    month, number = spread(path.primaries)
    people = pd.DataFrame({"month": month, "by_call": number < path.primaries_by_call[month]})
    people["lag"] = pick(LAG_SHARES, even_uniform(month, rng))
    people["branch"], people["want_day"] = _branch_and_day(truth, people, calendar, rng)
    people["lag"] = _seamless_lag(people, calendar, rng)
    people["call_day"] = people.want_day - people.lag
    tested = in_test(truth.price_test, calendar, people.branch.to_numpy(), people.call_day.to_numpy())
    factor = truth.price_test.calls_factor
    people["price_won"] = tested & people.by_call & (rng.random(len(people)) < (factor - 1) / factor)
    people["doctor"] = _doctors(truth, path, month, rng)
    return people


def in_test(test: PriceTest, calendar: Days, branch: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Whether the branch asked the test price on the day."""
    here = (branch == 1) | (test.branch == EVERYWHERE)
    return here & (day >= calendar.number(test.from_day)) & (day <= calendar.number(test.to_day))


def _branch_and_day(
    truth: Truth, people: pd.DataFrame, calendar: Days, rng: Generator
) -> tuple[np.ndarray, np.ndarray]:
    branch, day = np.zeros(len(people), int), np.zeros(len(people), int)
    for (month, lag), rows in people.groupby(["month", "lag"]).indices.items():
        open_days = calendar.open_days(month)
        days, branches = np.tile(open_days, 2), np.repeat([0, 1], len(open_days))
        weight = call_weight(truth, calendar, branches, days - lag) * WEEKDAY_SHAPE[calendar.weekday[days]]
        chosen = rng.choice(len(days), size=len(rows), p=weight / weight.sum())
        branch[rows], day[rows] = branches[chosen], days[chosen]
    return branch, day


def call_weight(truth: Truth, calendar: Days, branch: np.ndarray, call_day: np.ndarray) -> np.ndarray:
    """Relative demand of a branch on a day: the branches share everything but the price test."""
    share = np.where(branch == 1, truth.second_branch_share, 1 - truth.second_branch_share)
    tested = in_test(truth.price_test, calendar, branch, call_day)
    return share * np.where(tested, truth.price_test.calls_factor, 1.0)


def _seamless_lag(people: pd.DataFrame, calendar: Days, rng: Generator) -> np.ndarray:
    first_open = np.array([calendar.open_days(month)[0] for month in range(MONTHS)])
    room = people.want_day.to_numpy() - first_open[people.month]
    too_early = people.month.isin(CLOSED_SEAMS).to_numpy() & (people.lag.to_numpy() > room)
    redrawn = np.floor(rng.random(len(people)) * (room + 1)).astype(int)
    return np.where(too_early, redrawn, people.lag)


def able_to_call(people: pd.DataFrame, firsts: pd.DataFrame, calendar: Days, rng: Generator) -> np.ndarray:
    """Who called, after the first visits were placed.

    Nobody seen within the first hour of a closed seam can have called in the same month; someone of the
    month who had not called takes the place.
    """
    by_call = people.by_call.to_numpy().copy()
    month, person = firsts.month.to_numpy(), firsts.person.to_numpy()
    for seam in CLOSED_SEAMS:
        early = (firsts.day.to_numpy() == calendar.open_days(seam)[0]) & (firsts.slot.to_numpy() < 2)
        out = person[(month == seam) & early & by_call[person]]
        spare = rng.permutation(person[(month == seam) & ~early & ~by_call[person]])[: len(out)]
        by_call[out[: len(spare)]], by_call[spare] = False, True
    return by_call


def doctor_shares(truth: Truth, shift: float, with_newcomer: bool) -> np.ndarray:
    """Shares of first visits of D01 … D11; the newcomer's share is taken pro rata."""
    before = np.array([doctor.share_before for doctor in truth.doctors])
    after = np.array([doctor.share_after for doctor in truth.doctors])
    shares = before + (after - before) * shift
    newcomer = truth.newcomer_share if with_newcomer else 0.0
    return np.r_[shares * (1 - newcomer), newcomer]


def _doctors(truth: Truth, path: Path, month: np.ndarray, rng: Generator) -> np.ndarray:
    joined = newcomer_month(truth)
    shares = np.array([doctor_shares(truth, path.doctor_shift[m], m >= joined) for m in range(MONTHS)])
    return pick(shares[month], even_uniform(month, rng))


def newcomer_month(truth: Truth) -> int:
    """Index of the month the eleventh doctor joined."""
    year, month, _ = truth.newcomer_from.split("-")
    return (int(year) - 2013) * 12 + int(month) - 1


def describe(people: pd.DataFrame, path: Path, rng: Generator) -> pd.DataFrame:
    """The same people with age_years, is_child, sex, diagnosis group and ICD-10 code."""
    month = people.month.to_numpy()
    is_child = even_uniform(month, rng) < path.children_share[month]
    older = (people.doctor == 2).to_numpy()
    group = month * 2 + older
    adult = np.where(older[:, None], OLDER_SPLIT, _others_split())
    nobody = np.zeros((len(people), 2))
    bands = np.c_[np.where(is_child[:, None], CHILD_SPLIT, nobody), np.where(is_child[:, None], 0.0, adult)]
    band = pick(bands, even_uniform(group, rng))
    low, high = np.array(AGES).T
    mix = np.where(is_child[:, None], CHILD_DIAGNOSES, ADULT_DIAGNOSES)
    diagnosis = pick(mix, even_uniform(month * 2 + is_child, rng))
    female = np.where(is_child, FEMALE_CHILD, FEMALE_ADULT)
    return people.assign(
        is_child=is_child,
        age_years=low[band] + np.floor(rng.random(len(people)) * (high - low + 1)[band]).astype(int),
        sex=np.where(even_uniform(month * 2 + is_child, rng) < female, "female", "male"),
        diagnosis_group=np.array(DIAGNOSES)[diagnosis],
        diagnosis=_codes(diagnosis, is_child, rng),
    )


def _others_split() -> np.ndarray:
    """Adult ages at the other doctors, so that the clinic as a whole keeps its mix."""
    return (ADULT_SPLIT - 0.10 * OLDER_SPLIT) / 0.90


def _codes(diagnosis: np.ndarray, is_child: np.ndarray, rng: Generator) -> np.ndarray:
    codes = np.empty(len(diagnosis), dtype=object)
    uniform = rng.random(len(diagnosis))
    for number, group in enumerate(DIAGNOSES):
        rows = np.flatnonzero(diagnosis == number)
        within = np.minimum((uniform[rows] ** 1.5 * len(CODES[group])).astype(int), len(CODES[group]) - 1)
        codes[rows] = np.array(CODES[group], dtype=object)[within]
    codes[(diagnosis == 0) & ~is_child & (codes == "J35.2")] = "J35.0"
    return codes
