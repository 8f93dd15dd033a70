"""Interrupted series: one series before and after a change, where nobody was left without it.

Segmented regression of counts or shares on trend, season and the change (Lopez Bernal, Cummins & Gasparrini 2017, IJE
46:348), with other changes of the time and, if there is one, a control series. The change has a level and a slope; the
slope is centred on the weeks after, so that the level is the average effect over them.

The printed interval is the widest of quasi-Poisson, Newey–West (1987), quasi-Poisson stretched for residuals alike from week
to week, and placebo dates. What else happened on the same day is part of the effect, whatever the interval says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import linalg, special, stats

from audit.models.counterfactual import Effect, counterfactual, widest
from audit.models.long_run import long_run_sum
from audit.models.placebo_dates import FEWEST_WEEKS_BEFORE, Placebos, placebo_dates

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

YEAR = 52.1775
"""Weeks of a mean year."""


@dataclass(frozen=True)
class InterruptedSeries(Effect):
    """Average effect of the change over the weeks after it, and the series without it.

    ``autocorrelation`` of residuals one week apart, 0–1. ``left_out`` is the effect when each of the other changes in turn is
    left out of the model. ``harmonics`` of the year were fitted; 0 means the season is not removed.
    """

    autocorrelation: float
    left_out: tuple[float, ...]
    harmonics: int


@dataclass(frozen=True)
class _Series:
    """Weeks that are used: outcome, size, position in time, the columns of other things, and which come after."""

    y: Floats
    n: Floats
    time: Floats
    other: tuple[Floats, ...]
    post: Flags
    is_share: bool
    slope: bool
    year: float
    harmonics: int

    def cut(self, keep: slice, post: Flags) -> _Series:
        """The weeks ``keep`` with another division into before and after; a season only where a year of it is left."""
        other = tuple(columns[keep] for columns in self.other)
        harmonics = min(self.harmonics, seasons(self.y[keep].size, self.year))
        return _Series(self.y[keep], self.n[keep], self.time[keep], other, post[keep], self.is_share, self.slope, self.year, harmonics)


@dataclass(frozen=True)
class _Fit:
    effect: float
    slope: float
    quasi: float
    robust: float
    dispersion: float
    df: int
    linear: Floats
    residual: Floats


def seasons(n: int, year: float = YEAR) -> int:
    """Harmonics of the year that ``n`` observations can carry: two from two years, one from one, none below."""
    return int(min(n // (year * 0.99), 2))


def interrupted_series(
    *, outcome: ArrayLike, post: ArrayLike, size: ArrayLike | None = None, family: Literal["poisson", "binomial"] = "poisson",
    others: Sequence[ArrayLike] = (), quiet: ArrayLike | None = None, slope: bool = True, harmonics: int | None = None,
    year: float = YEAR, level: float = 0.90,
) -> InterruptedSeries | None:
    """Effect of a change on ``outcome`` (W,) during ``post`` weeks (W,), against what trend and season would have given.

    ``size`` are exposures of counts or trials of shares. ``others`` are the columns (W,) or (W, k) of other changes and control
    series, one entry each; ``quiet`` (W,) marks weeks untouched by other changes, in which placebo dates may lie. Weeks may be missing (NaN). ``post`` may be on and off (a switchback). None when there is too
    little to fit. It does not know what else happened when the change came.
    """
    series, kept, still = _used(outcome, post, size, family, others, quiet, slope, harmonics, year)
    fit = _fitted(series)
    if fit is None:
        return None
    t = float(stats.t.ppf(0.5 + level / 2, fit.df))
    alike = _autocorrelation(fit.residual, fit.residual.size - fit.df)
    half = {"quasi": t * fit.quasi, "weeks": t * fit.robust, "alike": t * fit.quasi * np.sqrt((1 + alike) / (1 - alike))}
    placebos = _placebos(series, still)
    if placebos is not None:
        half["placebo"] = placebos.half(level) * fit.quasi
    intervals = {name: (fit.effect - width, fit.effect + width) for name, width in half.items()}
    path = counterfactual(
        kept, series.y, series.post.astype(float), lambda x: _mean(series, fit.linear - _effect(series, x, fit.slope)), effect=fit.effect,
        bounds=widest(intervals),
    )
    return InterruptedSeries(
        level=level, effect=fit.effect, se=fit.quasi, intervals=intervals, placebos=placebos, dispersion=fit.dispersion, series=path,
        autocorrelation=alike, left_out=_left_out(series), harmonics=series.harmonics,
    )


def moves_with(outcome: ArrayLike, control: ArrayLike, *, others: Sequence[ArrayLike] = (), year: float = YEAR) -> bool:
    """The counts ``outcome`` (W,) rose and fell with the ``control`` series (ln, W) beyond trend, season and other changes.

    Two standard errors. Give only the weeks before the change (NaN after it): a control must not be chosen by what came after.
    """
    y = np.asarray(outcome, float)
    series, kept, _ = _used(y, np.zeros(y.size, bool), None, "poisson", others, None, False, None, year)
    own = np.asarray(control, float)[kept]
    if not np.isfinite(own).all() or not np.ptp(own) > 0:
        return False
    fit = _regressed(series, np.column_stack([_columns(series)[:, :-1], own - own.mean()]))
    return fit is not None and fit.effect > 2 * max(fit.quasi, fit.robust)


def _used(
    outcome: ArrayLike, post: ArrayLike, size: ArrayLike | None, family: str, others: Sequence[ArrayLike], quiet: ArrayLike | None,
    slope: bool, harmonics: int | None, year: float,
) -> tuple[_Series, NDArray[np.intp], Flags]:
    y, after = np.asarray(outcome, float), np.asarray(post, bool)
    n = np.ones_like(y) if size is None else np.asarray(size, float)
    columns = [np.asarray(part, float).reshape(y.size, -1) for part in others]
    used = np.isfinite(y) & np.isfinite(n) & (n > 0)
    for part in columns:
        used &= np.isfinite(part).all(axis=1)
    kept = np.flatnonzero(used)
    calm = np.ones(y.size, bool) if quiet is None else np.asarray(quiet, bool)
    series = _Series(
        y[kept], n[kept], kept.astype(float), tuple(part[kept] for part in columns), after[kept], family == "binomial", slope, year,
        seasons(kept.size, year) if harmonics is None else harmonics,
    )
    return series, kept, calm[kept]


def _columns(series: _Series) -> Floats:
    """Level, trend, season, other things that vary, then the change: its slope and, last, its level."""
    time = (series.time - series.time.mean()) / series.year
    angle = 2 * np.pi * series.time / series.year
    parts = [np.ones_like(time), time]
    for number in range(1, series.harmonics + 1):
        parts += [np.sin(number * angle), np.cos(number * angle)]
    parts = list(_independent(np.column_stack([*parts, *series.other])).T)
    if series.slope and series.post.sum() > 1:
        parts.append(np.where(series.post, time - time[series.post].mean(), 0.0))
    return np.column_stack([*parts, series.post.astype(float)])


def _independent(columns: Floats) -> Floats:
    """Columns of the same span that do not repeat each other: two changes of one day are one, whatever they are called."""
    _, r, order = linalg.qr(columns / np.maximum(np.abs(columns).max(axis=0), 1e-300), mode="economic", pivoting=True)
    rank = int((np.abs(np.diag(r)) > 1e-8 * max(abs(r[0, 0]), 1e-300)).sum())
    return columns[:, np.sort(order[:rank])]


def _effect(series: _Series, level: float, slope: float) -> Floats:
    time = (series.time - series.time.mean()) / series.year
    return np.where(series.post, level + slope * (time - time[series.post].mean()), 0.0)


def _mean(series: _Series, linear: Floats) -> Floats:
    mean: Floats = series.n * (special.expit(linear) if series.is_share else np.exp(np.clip(linear, -500, 500)))
    return mean


def _fitted(series: _Series) -> _Fit | None:
    after, before = series.y[series.post], series.y[~series.post]
    if not after.sum() > 0 or not before.sum() > 0:
        return None
    if series.is_share and (after.sum() >= series.n[series.post].sum() or before.sum() >= series.n[~series.post].sum()):
        return None
    return _regressed(series, _columns(series))


def _regressed(series: _Series, design: Floats) -> _Fit | None:
    """Fit whose effect is that of the last column; None when it cannot be told from the others."""
    df = len(design) - design.shape[1]
    if df < 3 or np.linalg.matrix_rank(design) < design.shape[1]:
        return None
    fitted = _coefficients(series, design)
    if fitted is None:
        return None
    coefficients, linear, mean, weight = fitted
    rest = design[:, :-1]
    own = design[:, -1] - rest @ np.linalg.solve((rest.T * weight) @ rest, (rest.T * weight) @ design[:, -1])
    information = float((weight * own**2).sum())
    residual = (series.y - mean) / np.sqrt(weight)
    dispersion = float((residual**2).sum() / df)
    robust = np.sqrt(long_run_sum(own * (series.y - mean)) * len(design) / df) / information
    return _Fit(
        effect=float(coefficients[-1]), slope=float(coefficients[-2]) if series.slope and series.post.sum() > 1 else 0.0,
        quasi=float(np.sqrt(dispersion / information)), robust=float(robust), dispersion=dispersion, df=df,
        linear=linear, residual=residual,
    )


def _coefficients(series: _Series, design: Floats) -> tuple[Floats, Floats, Floats, Floats] | None:
    """Coefficients, linear predictor, mean and weight by iteratively reweighted least squares (McCullagh & Nelder 1989, § 2.5)."""
    y, n = series.y, series.n
    linear = special.logit((y + 0.5) / (n + 1.0)) if series.is_share else np.log((y + 0.5) / n)
    last = np.full(design.shape[1], np.inf)
    for _ in range(50):
        mean = _mean(series, linear)
        weight = mean * (1 - mean / n) if series.is_share else mean
        root = np.sqrt(np.maximum(weight, 1e-12))
        found = linalg.lstsq(design * root[:, None], root * (linear + (y - mean) / np.maximum(weight, 1e-12)), check_finite=False)[0]
        linear = design @ found
        if not np.isfinite(linear).all() or np.abs(linear).max() > 500:
            return None
        if np.abs(found - last).max() < 1e-9 * max(1.0, float(np.abs(found).max())):
            mean = _mean(series, linear)
            return found, linear, mean, mean * (1 - mean / n) if series.is_share else mean
        last = found
    return None


def _placebos(series: _Series, quiet: Flags) -> Placebos | None:
    before, span = np.flatnonzero(~series.post), int(series.post.sum())
    if not series.post[-1] or before.size + span != series.post.size or series.post[before].any() or before[-1] + 1 != before.size:
        # on and off, or weeks of rest afterwards: other dates of such a pattern are not earlier dates
        return None

    def error(start: int) -> float | None:
        post = np.zeros(series.post.size, bool)
        post[start:start + span] = True
        fit = _fitted(series.cut(slice(start + span), post))
        return None if fit is None or not fit.quasi > 0 else fit.effect / fit.quasi

    enough = round(series.year) if series.harmonics else FEWEST_WEEKS_BEFORE
    return placebo_dates(error, weeks=before.size, span=span, before=enough, quiet=quiet[before])


def _left_out(series: _Series) -> tuple[float, ...]:
    found = []
    for number in range(len(series.other)):
        rest = tuple(part for k, part in enumerate(series.other) if k != number)
        fit = _fitted(_Series(series.y, series.n, series.time, rest, series.post, series.is_share, series.slope, series.year, series.harmonics))
        found.append(fit.effect if fit is not None else float("nan"))
    return tuple(found)


def _autocorrelation(residual: Floats, parameters: int) -> float:
    """Correlation of neighbouring residuals, 0 … 0.9, made up for what ``parameters`` fitted to them took away (about k/n)."""
    centred = residual - residual.mean()
    if not centred.any():
        return 0.0
    found = float((centred[1:] @ centred[:-1]) / (centred @ centred))
    return float(np.clip(found + parameters / residual.size, 0.0, 0.9))
