"""Classes of patients: who comes once, who comes often, who is operated.

Class shares of a doctor are the clinic's shares tilted by exp(tilt · visits score) so that his
patients' mean number of repeat visits matches his value; the tilted shares of all doctors add up to
the clinic's. A naive comparison of doctors on one month's revenue confuses this with their shifts.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.random import Generator
from scipy.optimize import brentq

from audit.simulate.arrivals import ADULT_DIAGNOSES, CHILD_DIAGNOSES, DIAGNOSES
from audit.simulate.days import BEFORE_MONTH
from audit.simulate.levers import Lever
from audit.simulate.path import Path
from audit.simulate.sampling import even_uniform, pick, rank_within
from audit.simulate.truth import Truth

SCORES = np.array([0.0, 0.5, 1.0, 1.2, 0.9])
"""How strongly a doctor's tilt moves each class; steep enough to span the best and the worst doctor."""
RETURNS_WORTH = 250.0
"""Roubles a patient of any doctor brings within 12 months by coming back unasked."""
SEEN_ONCE_POINTS = 0.012
"""One-off patients drawn beyond the stated share, to make up for those who come back unasked."""
SURGICAL = 4
ONE_OFF = 0
LAGGARD = "laggard"


def doctor_classes(truth: Truth, after: bool) -> np.ndarray:
    """Class shares by doctor, shape (11, 5); rows add up to 1, the newcomer is the clinic's mean."""
    shares = np.array([c.share_after if after else c.share_before for c in truth.classes])
    repeats = np.array([c.visits_after if after else c.visits_before for c in truth.classes]) - 1
    weight = np.array([d.share_after if after else d.share_before for d in truth.doctors])
    wanted = relative_repeats(truth, after) * (shares @ repeats)
    base = shares.copy()
    for _ in range(60):
        tilted = np.array([_tilted(base, repeats, mean) for mean in wanted])
        base = base * shares / (weight @ tilted)
        base /= base.sum()
    return np.vstack([tilted, shares])


def relative_repeats(truth: Truth, after: bool) -> np.ndarray:
    """Repeat visits per first patient of each doctor relative to the clinic, shape (10,)."""
    anchor = truth.after if after else truth.before
    value = np.array([d.value_after if after else d.value_before for d in truth.doctors])
    factor = np.array([d.receipt_factor_after if after else d.receipt_factor_before for d in truth.doctors])
    weight = np.array([d.share_after if after else d.share_before for d in truth.doctors])
    money = value - anchor.first_receipt - RETURNS_WORTH
    visits = money / repeat_receipt_factor(factor)
    return visits / (weight @ visits)


def repeat_receipt_factor(additional_factor: np.ndarray) -> np.ndarray:
    """Mean repeat receipt relative to the clinic when additional services are multiplied by a factor.

    Half of a repeat receipt is additional services, of which a visit has each at most once.
    """
    return 1 + 0.38 * (additional_factor - 1)


def _tilted(base: np.ndarray, repeats: np.ndarray, mean: float) -> np.ndarray:
    def gap(tilt: float) -> float:
        p = base * np.exp(tilt * SCORES)
        return float(p @ repeats / p.sum() - mean)

    tilt = brentq(gap, -12, 12)
    p = base * np.exp(tilt * SCORES)
    return p / p.sum()


def operated(truth: Truth, path: Path, people: pd.DataFrame, mix: np.ndarray, rng: Generator) -> np.ndarray:
    """Month of the operation of each person, −1 for those not operated.

    Operations of a month are exactly the path's. Children with adenoids and adults with a septum
    have their stated chance; the rest are drawn from other diagnoses.
    """
    lag_days = 18 + np.floor(rng.gamma(2.0, 7.0, len(people))).astype(int)
    when = people.month.to_numpy() + (people.want_day.to_numpy() % 30.44 + lag_days) // 30.44
    when = when.astype(int)
    adenoids = (people.is_child & (people.diagnosis_group == "J35")).to_numpy()
    septum = (~people.is_child & (people.diagnosis_group == "J34")).to_numpy()
    weight = (
        mix[:, SURGICAL][people.doctor]
        * people.diagnosis_group.map(
            {"J35": 2.2, "J32": 1.0, "J34": 0.2, "H65": 0.6, "H90": 0.5, "other": 0.7, "J31": 0.25, "J03": 0.1}
        ).to_numpy()
    )
    keys = rng.exponential(size=len(people)) / weight
    chosen = np.zeros(len(people), bool)
    stratum = np.select([adenoids, septum], [1, 2], 0)
    for month in range(len(path.operations)):
        due = np.flatnonzero(when == month)
        need = min(int(path.operations[month]), len(due))
        if path.lever is not None and month > BEFORE_MONTH:
            need = min(need, _advised(truth, stratum[due]))
        taken = 0
        for number, chance in ((1, truth.surgery_given_child_adenoids), (2, truth.surgery_given_adult_septum)):
            rows = due[stratum[due] == number]
            count = min(round(chance * len(rows)), need - taken)
            chosen[rows[np.argsort(keys[rows])[:count]]] = True
            taken += count
        rest = due[~chosen[due] & (stratum[due] == 0)]
        chosen[rest[np.argsort(keys[rest])[: need - taken]]] = True
    return np.where(chosen, when, -1)


def _advised(truth: Truth, stratum: np.ndarray) -> int:
    """Operations that so many patients due ask for, by the chances of December 2015."""
    before, child, adult = truth.before, CHILD_DIAGNOSES, ADULT_DIAGNOSES
    shares = np.array([
        before.children_share * child[DIAGNOSES.index("J35")], (1 - before.children_share) * adult[DIAGNOSES.index("J34")]
    ])
    chances = np.array([truth.surgery_given_child_adenoids, truth.surgery_given_adult_septum])
    others = (before.operations / before.primaries - shares @ chances) / (1 - shares.sum())
    return round(float(np.bincount(stratum, minlength=3) @ np.r_[others, chances]))


def assign_classes(
    truth: Truth, path: Path, people: pd.DataFrame, is_operated: np.ndarray, rng: Generator
) -> np.ndarray:
    """Class number of each person: the operated are surgical, the others drawn by doctor and month."""
    shift = path.class_shift[people.month][:, None]
    before, after = doctor_classes(truth, False), doctor_classes(truth, True)
    mix = before[people.doctor] * (1 - shift) + after[people.doctor] * shift
    mix[:, SURGICAL] = 0
    mix[:, ONE_OFF] += SEEN_ONCE_POINTS
    mix /= mix.sum(axis=1, keepdims=True)
    if path.lever is not None:
        mix = _laggards_raised(truth, path.lever, people, mix)
    won = people.price_won.to_numpy()
    mix[won, ONE_OFF] += truth.price_test.one_off_points * mix[won].sum(axis=1)
    mix[won, 1] = np.maximum(mix[won, 1] - truth.price_test.one_off_points, 0.01)
    group = people.doctor.to_numpy() * 48 + people.month.to_numpy()
    drawn = pick(mix, even_uniform(group, rng))
    return np.where(is_operated, SURGICAL, drawn)


def _laggards_raised(truth: Truth, lever: Lever, people: pd.DataFrame, mix: np.ndarray) -> np.ndarray:
    """Class shares with the laggards' mean number of repeat visits multiplied after December 2015."""
    mix, repeats = mix.copy(), np.array([c.visits_before for c in truth.classes]) - 1
    later = (people.month > BEFORE_MONTH).to_numpy()
    for number, doctor in enumerate(truth.doctors):
        rows = np.flatnonzero(later & (people.doctor == number).to_numpy())
        if doctor.role == LAGGARD and len(rows):
            mix[rows] = _tilted(mix[rows[0]], repeats, float(mix[rows[0]] @ repeats) * lever.laggard_repeats)
    return mix


def first_of(group: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Mask of each group's first element."""
    return rank_within(group, order) == 0
