"""Repeat visits held out: fit on the past, predict what is known to have come, and only then let a model speak.

A transaction is a visit-day or an episode of care (``Held.each`` visits each); time is in weeks, days are whole
numbers since any origin.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

from audit.models import bg_nbd
from audit.models.bg_nbd import FAMILIES, Family, Fit
from audit.models.histories import Floats, Histories, Ints
from audit.models.proportions import wilson

Gate = Literal["ok", "weak", "rejected", "not_enough_data"]
GATES: tuple[Gate, ...] = ("ok", "weak", "rejected", "not_enough_data")
"""From the best to the worst."""

FEWEST_REPEATERS = 300
HOLD_OUT_WEEKS, HOLD_OUT_SHARE, CALIBRATION_WEEKS = 26, 0.25, 26
OK, WEAK = 0.10, 0.20
"""Largest relative error in the held-out weeks, of the total and by past visits, for a model that may speak, or may
speak with a correction."""
BY_CHANCE = 2.0
"""A group of patients is missed where prediction and count differ by more than so many standard deviations."""
GROUPS = 8
"""Patients are compared by 0, 1, …, 7 and more repeat transactions so far."""
CHANCE_EDGES = (0.0, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 1.0)
CLUMPED_GAP_DAYS, CLUMPED_FACTOR = 10.0, 1.5
"""Visits are clumped when half of the early gaps are shorter, or months vary so much more than the model's."""


@dataclass(frozen=True)
class Called:
    """Patients whom somebody called in the held-out weeks: watched until then, for what follows is no return unasked.

    ``place`` (K,) among the known, ``then`` their histories on that day, ``left`` (K,) weeks from it to the end.
    """

    place: Ints
    then: Histories
    left: Floats

    def unwatched(self, ask: Callable[[Histories, float], Floats], patients: int, *, weeks: float, held: float) -> Floats:
        """What ``ask`` (histories, weeks) says of the days after the call, within ``weeks`` of ``held``; (N,), else 0.

        A call goes to who has been silent, so the days after it are foretold from what was known when it came. What was
        foretold at the split less this has the mean of what was watched, whoever was called (optional stopping).
        """
        found, ahead = np.zeros(patients), self.left - (held - weeks)
        for part in np.unique(ahead[ahead > 0]):
            mine = ahead == part
            distinct, place = Histories(*(a[mine] for a in (self.then.frequency, self.then.recency, self.then.age, self.then.weight))).distinct()
            found[self.place[mine]] = ask(distinct, float(part))[place]
        return found


@dataclass(frozen=True)
class Held:
    """Patients known at the split, and what came after it.

    ``cells`` are what the models are fitted on; ``known`` (N rows, weight 1) and ``later`` (N,) their histories and
    transactions in the held-out ``weeks``. ``curve`` (W,) is the mean number of repeat transactions by whole weeks
    since the first visit, counted before the split. A transaction has ``each`` visits on average;
    ``later_visits`` is the number of visits counted. ``called`` are watched for a part of the weeks only.
    """

    cells: Histories
    known: Histories
    later: Ints
    weeks: float
    curve: Floats
    each: float
    later_visits: int
    called: Called | None = None

    def told(self, ask: Callable[[Histories, float], Floats], weeks: float | None = None) -> tuple[Floats, Floats]:
        """What ``ask`` says of the first ``weeks`` held out, (N,), and how much of it was not watched, (N,)."""
        span = self.weeks if weeks is None else weeks
        distinct, place = self.known.distinct()
        whole = ask(distinct, span)[place]
        lost = np.zeros(len(whole)) if self.called is None else self.called.unwatched(ask, len(whole), weeks=span, held=self.weeks)
        return whole, lost


@dataclass(frozen=True)
class Trial:
    """One family against the held-out weeks.

    ``by_frequency`` (3, GROUPS): patients, predicted, counted by repeat transactions so far. ``misfit`` is the sum
    over those groups of |predicted − counted| over all counted, ``excess`` what of it chance cannot explain.
    ``astray`` is the same for those who came at all, by bin of the chance they were given: what of the misfit chance
    cannot explain, over all who came. ``mae`` is the mean absolute error per patient, ``slope`` that of counted on
    predicted over patients.
    """

    gate: Gate
    family: Family
    fit: Fit
    predicted: float
    counted: int
    misfit: float
    excess: float
    astray: float
    mae: float
    slope: float
    by_frequency: Floats

    @property
    def error(self) -> float:
        """Predicted over counted minus one."""
        return self.predicted / self.counted - 1

    @property
    def worst(self) -> float:
        """The largest of its errors: of the total, by group of past visits, by chance to come."""
        return max(abs(self.error), self.misfit, self.astray)

    @property
    def place(self) -> tuple[int, bool, float]:
        """Its place among all tried, the best first: by verdict; then by group of past visits, or by the worst error if rejected."""
        gate = GATES.index(self.gate)
        return (gate, False, self.worst) if self.gate == "rejected" else (gate, self.fit.penalizer > 0, self.misfit)

    @property
    def correction(self) -> float:
        """What a weak model's sums are multiplied by; 1 otherwise."""
        return self.counted / self.predicted if self.gate == "weak" else 1.0


@dataclass(frozen=True)
class Rule:
    """A rule of thumb against the held-out weeks: ``past_rate`` (as often as so far) or ``cohort_curve`` (all alike)."""

    name: Literal["past_rate", "cohort_curve"]
    predicted: float
    misfit: float
    mae: float


@dataclass(frozen=True)
class Chances:
    """The chance to come in the held-out weeks against who came, by bin of the chance (K,).

    ``patients``, mean ``predicted``, share ``seen`` with Wilson bounds ``low`` and ``high``. ``error`` is the mean
    distance of predicted and seen over patients; ``astray`` that beyond chance, as a share of all who came.
    """

    patients: Ints
    predicted: Floats
    seen: Floats
    low: Floats
    high: Floats
    error: float
    astray: float


@dataclass(frozen=True)
class Check:
    """What became of the hold-out: the verdict, every family's trial (the best first) and the rules of thumb."""

    gate: Gate
    trials: tuple[Trial, ...] = ()
    rules: tuple[Rule, ...] = ()
    counted: int = 0
    patients: int = 0

    @property
    def kept(self) -> Trial | None:
        """The trial of the family that is used, or would be."""
        return self.trials[0] if self.trials else None


def split_day(*, start: int, end: int, splits: npt.ArrayLike) -> int | None:
    """First held-out day: the last of ``splits`` that leaves max(26 weeks, a quarter); None if too little comes before."""
    held = max(HOLD_OUT_WEEKS * 7, int(HOLD_OUT_SHARE * (end - start)))
    days = np.asarray(splits, np.int64)
    allowed = days[(days <= end - held) & (days >= start + CALIBRATION_WEEKS * 7)]
    return int(allowed.max()) if len(allowed) else None


def cohort_curve(*, age: npt.ArrayLike, count: npt.ArrayLike, watched: npt.ArrayLike) -> Floats:
    """Mean cumulative repeat transactions (W,) after 0, 1, 2 … whole weeks.

    ``count`` (E,) transactions at ``age`` (E,) weeks, of patients ``watched`` (N,) weeks each.
    """
    watched = np.sort(np.asarray(watched, float))
    weeks = np.arange(int(watched.max(initial=0)) + 1)
    at_risk = len(watched) - np.searchsorted(watched, weeks, side="left")
    came = np.bincount(np.asarray(age, float).astype(int), weights=np.asarray(count, float), minlength=len(weeks))
    return np.concatenate([[0.0], np.cumsum(came[: len(weeks)] / np.maximum(at_risk, 1))])


def hold_out(held: Held, *, median_gap: float, seed: int) -> Check:
    """Every family on the held-out weeks (METHODS of BTYD); ``median_gap`` is in weeks.

    The family nearest by group of past visits is kept (of those with the best verdict; of those rejected the one whose
    worst error is least); never by the likelihood, which sees no future. The total, the visits by past frequency and the patients by chance to come decide: within
    10 % ok, within 20 % weak, beyond rejected; groups count by what chance cannot explain. A total may be right by
    two wrongs that cancel, and in a clinic of courses it often is. Needing a penalty is at best weak.
    """
    counted, known = int(held.later.sum()), held.known
    if counted == 0 or known.repeaters < FEWEST_REPEATERS or not 3 * median_gap <= float(known.age.max()):
        return Check("not_enough_data", counted=counted, patients=known.patients)
    rng = np.random.default_rng(seed)
    fits = [model for family in FAMILIES if (model := bg_nbd.fit(family, held.cells)) is not None]
    trials = [_trial(model, held, rng) for model in fits]
    trials.sort(key=lambda trial: trial.place)
    gate = trials[0].gate if trials else "rejected"
    return Check(gate, tuple(trials), _rules(held), counted, known.patients)


def _trial(model: Fit, held: Held, rng: np.random.Generator) -> Trial:
    distinct = held.known.distinct()[0]
    whole, lost = held.told(model.law.expected)
    each = whole - lost
    predicted, table, misfit, mae = _compare(each, held)
    counted = int(held.later.sum())
    group = np.minimum(distinct.frequency, GROUPS - 1).astype(int)
    draws = [
        np.bincount(group[model.drawn(rng).simulate_ahead(distinct, held.weeks, rng).owner], minlength=GROUPS)
        for _ in range(20 if distinct.patients < 200_000 else 5)
    ]
    off = np.maximum(np.abs(table[1] - table[2]) - BY_CHANCE * np.std(draws, axis=0, ddof=1), 0)
    spread = float(np.var(each))
    slope = float(np.cov(each, held.later)[0, 1] / spread) if spread > 0 else np.nan
    astray = chances(model, held, level=0.9).astray
    made = Trial("ok", model.family, model, predicted, counted, misfit, float(off.sum() / counted), astray, mae, slope, table)
    return replace(made, gate=_gate(made, held))


def _gate(trial: Trial, held: Held) -> Gate:
    visits = trial.predicted * held.each / held.later_visits - 1
    worst = max(abs(trial.error), abs(visits), trial.excess, trial.astray)
    if not worst <= WEAK:
        return "rejected"
    return "ok" if worst <= OK and trial.fit.penalizer == 0 else "weak"


def _compare(predicted: Floats, held: Held) -> tuple[float, Floats, float, float]:
    """Total, the table by past transactions (3, GROUPS), misfit and mean absolute error of predictions (N,)."""
    group = np.minimum(held.known.frequency, GROUPS - 1).astype(int)
    weights = (np.ones(len(group)), predicted, held.later)
    table = np.array([np.bincount(group, weights=w, minlength=GROUPS) for w in weights])
    misfit = float(np.abs(table[1] - table[2]).sum() / held.later.sum())
    return float(predicted.sum()), table, misfit, float(np.abs(predicted - held.later).mean())


def _rules(held: Held) -> tuple[Rule, ...]:
    known, curve = held.known, held.curve
    weeks = np.arange(len(curve))
    slope = (curve[-1] - curve[max(len(curve) - 14, 0)]) / min(13, max(len(curve) - 1, 1))
    later = known.age + held.weeks
    beyond = curve[-1] + slope * (later - weeks[-1])
    alike = np.where(later > weeks[-1], beyond, np.interp(later, weeks, curve)) - np.interp(known.age, weeks, curve)
    rate = known.frequency / known.age * held.weeks
    told = (("past_rate", rate), ("cohort_curve", np.maximum(alike, 0.0)))
    found = [(name, _compare(predicted, held)) for name, predicted in told]
    return tuple(Rule(name, total, misfit, mae) for name, (total, _, misfit, mae) in found)  # type: ignore[arg-type]


def chances(model: Fit, held: Held, *, level: float) -> Chances:
    """Who came in the held-out weeks, by the chance the model gave them; empty bins are left out."""
    chance, lost = held.told(model.law.returns)
    came = held.later > 0
    # who had come before the call counts as come, whatever followed
    watched = chance - np.where(came, 0.0, lost)
    which = np.clip(np.searchsorted(CHANCE_EDGES, chance, side="right") - 1, 0, len(CHANCE_EDGES) - 2)
    bins = len(CHANCE_EDGES) - 1
    patients = np.bincount(which, minlength=bins)
    full = patients > 0
    predicted, seen = (np.bincount(which, weights=w, minlength=bins)[full] / patients[full] for w in (watched, came))
    patients = patients[full]
    low, high = wilson(seen * patients, patients, level)
    off = patients * np.abs(predicted - seen)
    by_chance = BY_CHANCE * np.sqrt(np.bincount(which, weights=watched * (1 - watched), minlength=bins)[full])
    astray = float(np.maximum(off - by_chance, 0).sum() / max(came.sum(), 1))
    return Chances(patients, predicted, seen, low, high, float(off.sum() / patients.sum()), astray)


def is_clumped(
    check: Check, ages: npt.ArrayLike, *, early_gap: float, months: int, visits: int, squares: int, seed: int
) -> bool:
    """Visits come in courses: gaps within the first month are short, or months far more uneven than under the model.

    ``ages`` (N,) weeks; ``early_gap`` in days; ``months`` person-months of 30 days with ``visits`` visits and
    ``squares`` the sum of the square of each month's number.
    """
    if early_gap < CLUMPED_GAP_DAYS:
        return True
    if check.kept is None or not months or not visits:
        return False
    whole = np.floor(np.asarray(ages, float) * 7 / 30).astype(int)
    paths = check.kept.fit.law.simulate_new(whole * 30 / 7, np.random.default_rng(seed))
    number = np.unique(np.column_stack([paths.owner, np.floor(paths.time * 7 / 30)]), axis=0, return_counts=True)[1]
    theirs, ours = _dispersion(int(whole.sum()), number.sum(), (number**2).sum()), _dispersion(months, visits, squares)
    return bool(ours > CLUMPED_FACTOR * theirs)


def _dispersion(months: int, visits: float, squares: float) -> float:
    """Variance over mean of visits per person-month."""
    return (squares - visits**2 / months) / max(visits, 1)


def monthly(
    model: Fit, held: Held, *, first: npt.ArrayLike, day: npt.ArrayLike, count: npt.ArrayLike, split: int,
    edges: npt.ArrayLike, level: float, seed: int, draws: int = 20,
) -> tuple[Ints, Floats, Floats, Floats]:
    """Repeat transactions of M months between ``edges`` (M+1 days): counted, and what the model says (value, low, high).

    Of the patients ``held`` knows before ``split`` (``first`` days (N,)); ``count`` (E,)
    came on ``day`` (E,). Up to the split the model sees first days alone, after it histories. The band holds
    parameter and process uncertainty.
    """
    edges, rng = np.asarray(edges, np.int64), np.random.default_rng(seed)
    counted = np.histogram(np.asarray(day), bins=edges, weights=np.asarray(count, float))[0].astype(int)
    start = np.sort(np.asarray(first, np.int64))
    days, patients = np.unique(start, return_counts=True)
    histories = held.known.distinct()[0]
    before = model.law.expected_new(np.maximum(np.minimum(edges, split)[:, None] - days, 0) / 7) @ patients
    weeks = np.maximum(edges - split, 0) / 7
    after = np.array([float(np.subtract(*held.told(model.law.expected, float(w))).sum()) if w else 0.0 for w in weeks])
    value = np.diff(before + after)
    seen = np.empty((draws, len(value)))
    for k in range(draws):
        drawn = model.drawn(rng)
        past = drawn.simulate_new((split - start) / 7, rng)
        future = drawn.simulate_ahead(histories, float(weeks[-1]), rng)
        times = np.concatenate([start[past.owner] + past.time * 7, split + future.time * 7])
        seen[k] = np.histogram(times, bins=edges)[0]
    half = stats.norm.ppf((1 + level) / 2) * seen.std(axis=0, ddof=1)
    return counted, value, np.maximum(value - half, 0), value + half
