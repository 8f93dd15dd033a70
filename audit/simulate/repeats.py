"""Repeat visits of the episodic process G2, and the pure one G1.

G2: a patient's repeats come in an episode of his class: a short follow-up, a dense course of
procedures, a chronic year, or visits around an operation. Intervals are clumped, so BG/NBD, which
takes them for a Poisson stream with dropout, wrongly finds patients alive long after their course.
More visits are drawn than needed and thinned month by month to the path (months.thin).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.random import Generator

from audit.simulate.days import ORIGIN, WINDOW_END
from audit.simulate.populations import bg_nbd_log
from audit.simulate.sampling import rank_within, spread
from audit.simulate.truth import Truth

END = int((WINDOW_END - ORIGIN).astype(int))
EXTRA = 1.17
"""Visits drawn per visit kept: the reserve that thinning needs in a month with few patients."""
RETURN_RATE = 0.10 / 365
"""Chance a day that a lapsed patient comes back unasked, once LAPSED_DAYS have passed."""
LAPSED_DAYS = 300
SECOND_RETURN = 0.4


def episodes(truth: Truth, people: pd.DataFrame, shift: np.ndarray, rng: Generator) -> pd.DataFrame:
    """Wished repeat visits: person (row of people), day (number, may lie past the end), ordinal (1 = first repeat).

    ``people`` needs class_number, want_day and operation_day; ``shift`` is 0 for a patient of the
    clinic before its change and 1 after it.
    """
    parts = [
        _short(people, rng),
        _course(people, rng),
        _chronic(people, rng),
        _surgical(truth, people, shift, rng),
    ]
    visits = pd.concat(parts, ignore_index=True)
    visits["ordinal"] = rank_within(visits.person.to_numpy(), visits.day.to_numpy()) + 1
    return visits


def _frame(person: np.ndarray, day: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"person": person, "day": day})


def _short(people: pd.DataFrame, rng: Generator) -> pd.DataFrame:
    rows = np.flatnonzero(people.class_number == 1)
    count = 1 + rng.binomial(2, min(0.25 * EXTRA, 1.0), len(rows))
    owner, _ = spread(count)
    gap = 3 + rng.lognormal(np.log(10), 0.6, len(owner))
    return _frame(rows[owner], _walk(people.want_day.to_numpy()[rows], count, gap))


def _course(people: pd.DataFrame, rng: Generator) -> pd.DataFrame:
    rows = np.flatnonzero(people.class_number == 2)
    count = 3 + rng.poisson(7 * EXTRA - 3, len(rows))
    owner, number = spread(count)
    gap = 1 + np.floor(rng.random(len(owner)) * 3)
    gap = np.where(number == 0, 1 + np.floor(rng.random(len(owner)) * 8), gap)
    gap = np.where(number == count[owner] - 1, 15 + rng.gamma(2, 9, len(owner)), gap)
    return _frame(rows[owner], _walk(people.want_day.to_numpy()[rows], count, gap))


def _chronic(people: pd.DataFrame, rng: Generator) -> pd.DataFrame:
    rows = np.flatnonzero(people.class_number == 3)
    count = 12 + rng.poisson(21 * EXTRA - 12, len(rows))
    owner, _ = spread(count)
    day = people.want_day.to_numpy()[rows][owner] + 5 + 345 * rng.random(len(owner)) ** 1.35
    return _frame(rows[owner], day)


def _surgical(truth: Truth, people: pd.DataFrame, shift: np.ndarray, rng: Generator) -> pd.DataFrame:
    rows = np.flatnonzero(people.class_number == 4)
    surgical = truth.classes[4]
    mean = surgical.visits_before + (surgical.visits_after - surgical.visits_before) * shift[rows] - 1
    count = 3 + rng.poisson(mean * EXTRA - 3)
    owner, number = spread(count)
    first = people.want_day.to_numpy()[rows][owner]
    operation = people.operation_day.to_numpy()[rows][owner]
    before = first + 1 + (operation - first - 1) * rng.random(len(owner))
    after = operation + 2 + rng.gamma(1.5, 12.0, len(owner))
    return _frame(rows[owner], np.where(number < 2, before, after))


def _walk(start: np.ndarray, count: np.ndarray, gap: np.ndarray) -> np.ndarray:
    """Days reached by adding each owner's gaps, in order, to his start."""
    total = np.cumsum(gap)
    ends = np.cumsum(count)
    offset = np.r_[0.0, total][ends - count]
    return np.repeat(start, count) + total - np.repeat(offset, count)


def unasked_returns(people: pd.DataFrame, last_day: np.ndarray, rng: Generator) -> pd.DataFrame:
    """Patients who come back after most of a year, some of them twice; ordinal 100 and 101."""
    back = last_day + LAPSED_DAYS + rng.exponential(1 / RETURN_RATE, len(people))
    rows = np.flatnonzero(back < END)
    again = rows[rng.random(len(rows)) < SECOND_RETURN]
    first = _frame(rows, back[rows]).assign(ordinal=100)
    second = _frame(again, back[again] + 7 + rng.gamma(2, 4, len(again))).assign(ordinal=101)
    return pd.concat([first, second], ignore_index=True)


def pure_repeats(truth: Truth, people: pd.DataFrame, rng: Generator) -> pd.DataFrame:
    """Repeat visits of process G1, the same columns as ``episodes``: BG/NBD with the truth's parameters."""
    p = truth.bg_nbd
    horizon = END - people.want_day.to_numpy()
    log = bg_nbd_log(p.r, p.alpha_days, p.a, p.b, horizon.astype(float), rng)
    person = log.customer.to_numpy()
    visits = _frame(person, people.want_day.to_numpy()[person] + log.time.to_numpy())
    visits["ordinal"] = rank_within(person, visits.day.to_numpy()) + 1
    return visits
