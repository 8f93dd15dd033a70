"""Every call of the records: new callers, their second calls, known patients, suppliers, spam, missed calls.

    missed(month) / all incoming(month) = missed share of the path

A caller who is missed and calls again is one opportunity, as is one who calls twice; counting calls
instead of callers wrongly lowers conversion.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.random import Generator

from audit.simulate.days import FIRST_MONTH, MONTHS, OPENS_MINUTE, Days, previous_open
from audit.simulate.desk import call_minute
from audit.simulate.path import Path
from audit.simulate.sampling import pick, spread, take_per_group
from audit.simulate.truth import Truth

SECOND_CALL = 0.06
KNOWN_PER_NEW, OTHER_PER_NEW = 0.20, 0.05
RESULTS_SHARE = 0.25
MISSED_SPLIT = np.array([0.38, 0.30, 0.32])
"""Missed calls: tried again and got through · never reached us · known patients and others."""
UNTRACKED = 0.01
LISTENED = 2000
LISTENED_MONTHS = (35, 36)
LOSS = ("price", "no_slot", "location", "service_missing", "rude", "no_answer", "other")
LOSS_SHARES = np.array([0.31, 0.12, 0.13, 0.11, 0.19, 0.04, 0.10])
QUALITY = np.array([8.1, 7.1, 6.3, 4.9])


def new_callers(opportunities: pd.DataFrame, calendar: Days, rng: Generator) -> pd.DataFrame:
    """Answered calls of new callers, some of them twice; needs columns caller, administrator, channel."""
    columns = ["day", "minute", "branch", "administrator", "channel", "caller", "booked", "last_day"]
    first = opportunities[columns].assign(intent="primary", answered=True, second=False)
    again = first[rng.random(len(first)) < SECOND_CALL]
    gap = (again.last_day - again.day).to_numpy()
    later = again.day.to_numpy() + np.ceil(rng.random(len(again)) * np.minimum(gap, 10)).astype(int)
    again = again.assign(day=previous_open(calendar, later), minute=again.minute + 20, second=True)
    return pd.concat([first, again[(gap > 0) & (again.minute < 1255)]], ignore_index=True)


def never_spoken_with(missed_share: float) -> float:
    """New callers who never get through, per new caller who does, at a share of missed calls."""
    calls = 1 + SECOND_CALL + KNOWN_PER_NEW + OTHER_PER_NEW
    return float(calls * missed_share / (1 - missed_share) * MISSED_SPLIT[1])


def known_callers(
    path: Path, visits: pd.DataFrame, caller: np.ndarray, first_day: np.ndarray, calendar: Days, rng: Generator
) -> pd.DataFrame:
    """Calls of patients before a repeat visit, or for a result after one."""
    repeats = visits[visits.ordinal > 0]
    need = np.round(path.answered * KNOWN_PER_NEW).astype(int)
    chosen = repeats[take_per_group(repeats.month.to_numpy(), need, np.ones(len(repeats)), rng)]
    results = rng.random(len(chosen)) < RESULTS_SHARE
    offset = rng.integers(1, 4, len(chosen))
    day = previous_open(calendar, chosen.day.to_numpy() + np.where(results, offset, -offset))
    person = chosen.person.to_numpy()
    frame = pd.DataFrame(
        {
            "day": day,
            "minute": call_minute(calendar.weekday[day], rng),
            "branch": chosen.branch.to_numpy(),
            "caller": caller[person],
            "intent": np.where(results, "results", "repeat"),
            "answered": True,
        }
    )
    return frame[(day > first_day[person]) & (day < len(calendar.date))].reset_index(drop=True)


def strangers(path: Path, calendar: Days, fresh: np.ndarray, rng: Generator) -> pd.DataFrame:
    """Suppliers (a few numbers), spam and wrong numbers; ``fresh`` are telephone numbers nobody has."""
    need = np.round(path.answered * OTHER_PER_NEW).astype(int)
    need[:FIRST_MONTH] = 0
    month, _ = spread(need)
    day = _open_day(month, calendar, rng)
    intent = np.array(["supplier", "spam", "other"])[pick(np.array([0.35, 0.45, 0.20]), rng.random(len(month)))]
    caller = np.where(intent == "supplier", fresh[rng.integers(0, 40, len(month))], fresh[40 + np.arange(len(month))])
    return pd.DataFrame(
        {
            "day": day,
            "minute": call_minute(calendar.weekday[day], rng),
            "caller": caller,
            "branch": rng.integers(0, 2, len(month)),
            "intent": intent,
            "answered": True,
        }
    )


def _open_day(month: np.ndarray, calendar: Days, rng: Generator) -> np.ndarray:
    opened = np.flatnonzero(calendar.is_open)
    start = np.searchsorted(calendar.month[opened], np.arange(MONTHS))
    size = np.diff(np.r_[start, len(opened)])
    return opened[start[month] + np.floor(rng.random(len(month)) * size[month]).astype(int)]


def missed(
    truth: Truth, path: Path, answered: pd.DataFrame, calendar: Days, fresh: np.ndarray, rng: Generator
) -> pd.DataFrame:
    """Missed calls of each month; ``fresh`` are numbers for those who never got through."""
    month = calendar.month[answered.day]
    total = np.bincount(month, minlength=MONTHS) * path.missed_share / (1 - path.missed_share)
    need = np.round(total[:, None] * MISSED_SPLIT).astype(int)
    peak = _peak(answered.day.to_numpy(), answered.minute.to_numpy(), calendar)
    is_new = (answered.intent == "primary").to_numpy() & ~answered.second.fillna(False).to_numpy(bool)
    tried = answered[take_per_group(month, need[:, 0], peak * is_new + 1e-9, rng)]
    again = answered[take_per_group(month, need[:, 2], peak * ~is_new + 1e-9, rng) & ~is_new]
    retried = pd.concat([tried, again])
    wait = np.minimum(2 + rng.exponential(25, len(retried)), retried.minute.to_numpy() - OPENS_MINUTE) * 0.98
    retried = retried.assign(minute=retried.minute - np.maximum(wait, 0.02), answered=False, second=True)
    return pd.concat([retried, _lost(need[:, 1], calendar, fresh, rng)], ignore_index=True)


def _peak(day: np.ndarray, minute: np.ndarray, calendar: Days) -> np.ndarray:
    """How likely a call is missed, relative to a quiet hour: Monday 9–11 and 18–20."""
    hour = minute // 60
    monday = (calendar.weekday[day] == 0) & (hour >= 9) & (hour < 11)
    return 1.0 + 3.0 * monday + 2.2 * ((hour >= 18) & (hour < 20))


def _lost(need: np.ndarray, calendar: Days, fresh: np.ndarray, rng: Generator) -> pd.DataFrame:
    """New callers who were missed and never called again."""
    need = need.copy()
    need[:FIRST_MONTH] = 0
    month, _ = spread(need * 4)
    day = _open_day(month, calendar, rng)
    minute = call_minute(calendar.weekday[day], rng)
    kept = take_per_group(month, need, _peak(day, minute, calendar), rng)
    return pd.DataFrame(
        {
            "day": day[kept],
            "minute": minute[kept],
            "caller": fresh[: kept.sum()],
            "intent": "primary",
            "branch": (rng.random(kept.sum()) < 3 / 7).astype(int),
            "answered": False,
            "second": False,
            "lost": True,
        }
    )


def tag(truth: Truth, calls: pd.DataFrame, rng: Generator) -> pd.DataFrame:
    """Calls with tags: all of strangers' intents, and everything of the 2,000 calls listened to.

    Untagged calls have no intent, outcome, loss_reason or quality_score.
    """
    heard = np.flatnonzero(calls.answered & calls.month.isin(LISTENED_MONTHS) & ~calls.outgoing)
    heard = rng.permutation(heard)[: round(LISTENED * truth.size)]
    is_heard = np.zeros(len(calls), bool)
    is_heard[heard] = True
    stranger = calls.intent.isin(["supplier", "spam", "other"]).to_numpy()
    primary = is_heard & (calls.intent == "primary").to_numpy()
    thinking = rng.random(len(calls)) < 0.35
    booked = calls.booked.fillna(False).to_numpy(bool)
    outcome = np.select([primary & booked, primary & thinking, primary], ["booked", "thinking", "lost"], "")
    loss = np.array(LOSS)[pick(LOSS_SHARES, rng.random(len(calls)))]
    level = np.r_[QUALITY, 6.5][calls.administrator.fillna(4).to_numpy(int)]
    score = np.clip(np.round(level + 1.3 * rng.standard_normal(len(calls))), 0, 10)
    return calls.assign(
        intent=calls.intent.where(is_heard | stranger, None),
        outcome=pd.Series(outcome).where(primary, None),
        is_heard=is_heard,
        loss_reason=pd.Series(loss).where(pd.Series(outcome == "lost"), None),
        quality_score=np.where(is_heard & ~stranger, score, np.nan),
        true_intent=calls.intent,
    )


def second_marks(truth: Truth, calls: pd.DataFrame, rng: Generator) -> pd.DataFrame:
    """Outcome by a second listener for 150 calls: enquiry_id, first, second; agreement κ as stated.

    The second listener repeats the first with probability κ and otherwise marks at random with the
    same shares, which gives κ in expectation.
    """
    marked = calls[calls.outcome.notna()]
    rows = marked.iloc[rng.permutation(len(marked))[: round(150 * min(truth.size * 2, 1))]]
    shares = marked.outcome.value_counts(normalize=True).sort_index()
    random = np.array(shares.index)[pick(shares.to_numpy(), rng.random(len(rows)))]
    agree = rng.permutation(len(rows)) < round(truth.second_marker_kappa * len(rows))
    second = np.where(agree, rows.outcome, random)
    return pd.DataFrame({"enquiry_id": rows.enquiry_id.to_numpy(), "first": rows.outcome.to_numpy(), "second": second})
