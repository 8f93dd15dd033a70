"""Administrators and training: intervals against a desk whose truth is known.

A desk of four to eight administrators for two years: callers differ by hour and channel, the hours differ by
administrator, half of them are trained in the middle of the second year — by lot, or because they had the lowest
rates before, in turn. Not the teaching clinic, whose monthly numbers are quotas.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import pandas as pd
from scipy.special import expit

from audit.analyses import administrators, desk_change
from audit.config import Days, Period
from audit.results import Estimate
from audit.tables.connection import tables_from_frames

START, TRAINED_ON, END = date(2015, 1, 1), date(2016, 4, 1), date(2016, 10, 1)
PERIOD = Period(start=START, end=END, now=Days(start=TRAINED_ON, end=END))
SHOWS = 0.8
"""Share of those who booked who come."""

CHANNELS = ("search", "word of mouth", "ads")


@dataclass(frozen=True)
class Desk:
    """``calls``: one row per answered new caller with administrator, day, hour, channel, logit, booked, came.

    ``skill`` and ``gain`` (D,) are logits of each administrator and what the training added; ``trained`` (D,).
    """

    calls: pd.DataFrame
    skill: np.ndarray
    gain: np.ndarray
    trained: np.ndarray


def desk(seed: int) -> Desk:
    """Draw a desk; even seeds train by lot, odd ones those with the lowest rates before."""
    rng = np.random.default_rng([seed, 41])
    size = int(rng.integers(4, 9))
    skill, late = rng.normal(0.1, 0.3, size), rng.beta(2, 2, size)
    days = (END - START).days
    after_from = (TRAINED_ON - START).days
    n = rng.poisson(2.4 * days, size)
    who = np.repeat(np.arange(size), n)
    day = rng.integers(0, days, who.size)
    evening = rng.random(who.size) < late[who]
    hour = np.where(evening, rng.integers(17, 21, who.size), rng.integers(9, 17, who.size))
    channel = rng.choice(3, who.size, p=[0.5, 0.3, 0.2])
    season = 0.2 * np.sin(2 * np.pi * day / 365) + 0.25 * (day >= after_from)
    case = -0.5 * evening + np.array([0.0, 0.3, -0.4])[channel] + season
    u = rng.random(who.size)
    before = (day < after_from) & (day >= after_from - 182)
    seen = np.array([(u < expit(skill[who] + case))[before & (who == a)].mean() for a in range(size)])
    chosen = np.argsort(seen)[: size // 2] if seed % 2 else rng.permutation(size)[: size // 2]
    trained = np.isin(np.arange(size), chosen)
    gain = 0.4 * trained + rng.normal(0, 0.05, size)
    logit = skill[who] + case + gain[who] * (day >= after_from)
    booked = u < expit(logit)
    calls = pd.DataFrame({
        "who": who, "day": day, "hour": hour, "channel": channel, "case": case, "logit": logit, "booked": booked,
        "came": booked & (rng.random(who.size) < SHOWS),
    })
    return Desk(calls, skill, gain, trained)


def tables(drawn: Desk) -> dict[str, pd.DataFrame]:
    """The desk as a clinic's tables: a call each, those who came joined by telephone."""
    calls = drawn.calls
    key = np.array([f"t{i:06d}" for i in range(len(calls))])
    at = pd.Timestamp(START) + pd.to_timedelta(calls.day, "D") + pd.to_timedelta(calls.hour, "h") + pd.to_timedelta(np.arange(len(calls)) % 60, "m")
    enquiries = pd.DataFrame({
        "enquiry_id": key, "started_at": at, "kind": "call", "direction": "in", "caller_key": key, "is_answered": True,
        "administrator_id": np.array(list("ABCDEFGH"))[calls.who], "channel": np.array(CHANNELS)[calls.channel],
        "outcome": np.where(calls.booked, "booked", "lost"),
    })
    came, at = calls.came.to_numpy(), pd.DatetimeIndex(at)
    patients = pd.DataFrame({"patient_id": key[came], "registered_on": at[came].date, "phone_key": key[came]})
    appointments = pd.DataFrame({
        "appointment_id": key[came], "patient_id": key[came], "kind": "outpatient", "status": "completed", "starts_at": at[came] + pd.Timedelta(hours=2),
    })
    return {"enquiries": enquiries, "patients": patients, "appointments": appointments}


def cases(seed: int) -> list[tuple[str, Estimate, float]]:
    """Name, estimate told, truth: conversion of each administrator and visits lost to the goal; the training's effect."""
    drawn = desk(seed)
    loaded = tables_from_frames(tables(drawn), end=END)
    found = administrators.analyse(
        loaded["opportunities"], loaded["enquiries"], None, None, None, period=PERIOD, params=administrators.AdministratorsParams(),
    )
    names = tuple("ABCDEFGH"[a] for a in np.flatnonzero(drawn.trained))
    change = desk_change.analyse(
        loaded["opportunities"], loaded["enquiries"], None, period=PERIOD, params=desk_change.DeskChangeParams(trained=names, trained_on=TRAINED_ON),
    )
    now = drawn.calls[drawn.calls.day >= (TRAINED_ON - START).days]
    rate = np.array([SHOWS * expit(now.case + skill + gain).mean() for skill, gain in zip(drawn.skill, drawn.gain, strict=True)])
    frame = found.administrators.assign(truth=[rate["ABCDEFGH".index(name)] for name in found.administrators.administrator])
    told = [
        ("administrators.conversion of each", Estimate(row.shrunken, row.shrunken_low, row.shrunken_high, "share", row.n), row.truth)
        for row in frame.itertuples()
    ]
    lost = float((frame.opportunities * np.maximum(np.quantile(rate, 2 / 3) - frame.truth, 0)).sum())
    told.append(("administrators.lost_visits", found.lost_visits, lost))
    mine = now[drawn.trained[now.who]]
    effect = expit(mine.logit) - expit(mine.logit - drawn.gain[mine.who] + drawn.gain[~drawn.trained].mean())
    way = "those weakest before" if seed % 2 else "by lot"
    told.append((f"desk_change.effect, trained {way}", change.effect, float(effect.mean())))
    return told
