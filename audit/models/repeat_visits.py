"""Repeat visits ahead: fit, hold out, decide whether the model may speak, and only then add up.

Days are whole numbers (days since any origin); a patient's first day is not a repeat visit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

from audit.models import bg_nbd
from audit.models.bg_nbd import Fit, Floats, Histories, Ints

Gate = Literal["ok", "weak", "rejected", "not_enough_data"]

FAMILIES: tuple[bg_nbd.Family, ...] = ("BG/NBD", "MBG/NBD")
FEWEST_REPEATERS = 300
HOLD_OUT_WEEKS, HOLD_OUT_SHARE, CALIBRATION_WEEKS = 26, 0.25, 26
OK, WEAK = 0.10, 0.20
"""Largest relative error of the total in the held-out weeks for a model that may speak, or speak with a correction."""
GROUPS = 8
"""Patients are compared by 0, 1, …, 7 and more repeat visits so far."""


@dataclass(frozen=True)
class Check:
    """What became of the hold-out.

    ``predicted`` and ``counted`` visit-days in the held-out days from ``split`` on; ``by_frequency``
    (3, GROUPS): patients, predicted, counted by repeat visits so far. ``misfit`` is the sum over those groups
    of |predicted − counted| / counted. ``fit`` is the calibration fit; all None or 0 without enough data.
    """

    gate: Gate
    split: int
    fit: Fit | None = None
    predicted: float = 0.0
    counted: int = 0
    patients: int = 0
    misfit: float = 0.0
    by_frequency: Floats | None = None

    @property
    def error(self) -> float:
        """Predicted over counted minus one."""
        return self.predicted / self.counted - 1 if self.counted else np.nan


@dataclass(frozen=True)
class Visits:
    """Visit-days: ``first`` (N,) first day of each patient, ``owner`` and ``day`` (E,) of every visit-day."""

    first: Ints
    owner: Ints
    day: Ints

    def at(self, end: int) -> Histories:
        """Histories of those who came before ``end``."""
        return bg_nbd.summarise(first=self.first, owner=self.owner, day=self.day, end=end)[0]


def hold_out(visits: Visits, *, start: int, end: int, splits: npt.ArrayLike | None = None) -> Check:
    """Fit on all but the last max(26 weeks, a quarter) of ``start`` … ``end``, predict the rest (METHODS of BTYD).

    ``splits`` are days at which the held-out part may begin (starts of months): the last that leaves enough.
    The family that is nearer by group of past visits is kept (one that needs no penalty first); never by the
    likelihood, which sees no future.
    The total decides: within 10 % ok, within 20 % weak, beyond rejected. Needing a penalty is at best weak.
    """
    held = max(HOLD_OUT_WEEKS * 7, int(HOLD_OUT_SHARE * (end - start)))
    starts = np.asarray([] if splits is None else splits, np.int64)
    split = int(starts[starts <= end - held].max(initial=min(start, end - held))) if splits is not None else end - held
    known = visits.first < split
    later = known[visits.owner] & (visits.day >= split) & (visits.day < end)
    counted = int(later.sum())
    if split - start < CALIBRATION_WEEKS * 7 or not known.any() or counted == 0:
        return Check("not_enough_data", split)
    histories, base = bg_nbd.summarise(first=visits.first, owner=visits.owner, day=visits.day, end=split)
    gap = _median_gap(visits, split)
    if histories.repeaters < FEWEST_REPEATERS or not 3 * gap <= float(histories.age.max()) * 7:
        return Check("not_enough_data", split)
    actual = np.bincount(visits.owner[later], minlength=len(visits.first))[base]
    group = np.minimum(histories.frequency[histories.cell], GROUPS - 1).astype(int)
    checks = []
    for family in FAMILIES:
        model = bg_nbd.fit(family, histories)
        if model is None:
            continue
        predicted = bg_nbd.expected(model, histories, (end - split) / 7)[histories.cell]
        weights = (np.ones(len(group)), predicted, actual)
        table = np.array([np.bincount(group, weights=w, minlength=GROUPS) for w in weights])
        misfit = float(np.abs(table[1] - table[2]).sum() / counted)
        check = Check("ok", split, model, float(predicted.sum()), counted, len(base), misfit, table)
        checks.append(replace(check, gate=_gate(check)))
    if not checks:
        return Check("rejected", split, counted=counted, patients=len(base))
    return min(checks, key=lambda check: (check.fit is None or check.fit.penalizer > 0, check.misfit))


def _gate(check: Check) -> Gate:
    assert check.fit is not None
    if not abs(check.error) <= WEAK:
        return "rejected"
    return "ok" if abs(check.error) <= OK and check.fit.penalizer == 0 else "weak"


def _median_gap(visits: Visits, end: int) -> float:
    """Median days between neighbouring visit-days of a patient before ``end``."""
    before = visits.day < end
    owner, day = visits.owner[before], visits.day[before]
    order = np.lexsort((day, owner))
    same = np.diff(owner[order]) == 0
    gaps = np.diff(day[order])[same]
    return float(np.median(gaps)) if len(gaps) else np.inf


@dataclass(frozen=True)
class Ahead:
    """Totals of the base in the coming weeks: ``draws`` (B,) of visits and (B,) of money, and the expectation."""

    visits: float
    money: float
    visits_draws: Floats
    money_draws: Floats


def ahead(model: Fit, histories: Histories, weeks: float, spend: npt.ArrayLike, *, seed: int, draws: int = 100) -> Ahead:
    """Visits and money of all known patients in the next ``weeks``, with parameter and process uncertainty.

    ``spend`` (C,) is the expected money per visit of each cell's patients.
    """
    spend, rng = np.asarray(spend, float), np.random.default_rng(seed)
    mean = bg_nbd.expected(model, histories, weeks) * histories.weight
    count, money = np.empty(draws), np.empty(draws)
    for k in range(draws):
        paths = bg_nbd.simulate_ahead(model.drawn(rng), histories, weeks, rng)
        count[k], money[k] = len(paths.owner), spend[paths.owner].sum()
    return Ahead(float(mean.sum()), float(mean @ spend), count, money)


def monthly(
    check: Check, visits: Visits, *, edges: npt.ArrayLike, level: float, seed: int, draws: int = 20
) -> tuple[Ints, Floats, Floats, Floats]:
    """Repeat visits of M months between ``edges`` (M+1 days): counted, and what the model says (value, low, high).

    Of the patients known before the held-out part; up to it the model sees their first days alone, after it
    their histories. The band holds parameter and process uncertainty.
    """
    assert check.fit is not None
    model, split, edges, rng = check.fit, check.split, np.asarray(edges, np.int64), np.random.default_rng(seed)
    known = (visits.first < split)[visits.owner] & (visits.day > visits.first[visits.owner])
    counted = np.histogram(visits.day[known], bins=edges)[0]
    histories, first = visits.at(split), np.sort(visits.first[visits.first < split])
    days, patients = np.unique(first, return_counts=True)
    before = bg_nbd.expected_new(model, np.maximum(np.minimum(edges, split)[:, None] - days, 0) / 7) @ patients
    weeks = np.maximum(edges - split, 0) / 7
    after = np.array([float(bg_nbd.expected(model, histories, w) @ histories.weight) if w else 0.0 for w in weeks])
    value = np.diff(before + after)
    seen = np.empty((draws, len(value)))
    for k in range(draws):
        drawn = model.drawn(rng)
        past = bg_nbd.simulate_new(drawn, (split - first) / 7, rng)
        future = bg_nbd.simulate_ahead(drawn, histories, float(weeks[-1]), rng)
        times = np.concatenate([first[past.owner] + past.time * 7, split + future.time * 7])
        seen[k] = np.histogram(times, bins=edges)[0]
    half = stats.norm.ppf((1 + level) / 2) * seen.std(axis=0, ddof=1)
    return counted, value, np.maximum(value - half, 0), value + half
