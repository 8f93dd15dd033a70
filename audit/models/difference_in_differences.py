"""Difference in differences: units that got a change against units that did not, before and after it.

Generalised linear model with unit and week effects (Wooldridge 2023, Econometrics Journal 26:C31): ln(rate) of counts
(Poisson, hence any non-negative amount), logit of shares (binomial), means (Gaussian). Week effects are taken out inside each step
of the fit, exactly (Frisch & Waugh 1933), so a fit costs little and placebo dates and reassignments can be afforded.

The printed interval is the widest of those that can be had, because each alone is too short for some clinics:

* quasi: the variance scaled by Pearson's X²/df;
* weeks: scores of weeks, Newey & West (1987), for what neighbouring weeks share;
* placebo: the model refitted at earlier dates, where nothing happened;
* units: every unit reduced to its own drift, treated against untreated by weighted t (Donald & Lang 2007), from 5 units;
* clusters: scores of units (CR1, t of units − 1; Cameron & Miller 2015), from 10 units.

With fewer units only time can tell how far two units stray from each other: then ``placebo`` carries the interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from audit.models.counterfactual import Effect, counterfactual, widest
from audit.models.long_run import long_run_sum
from audit.models.placebo_dates import Placebos, placebo_dates
from audit.models.unit_drifts import contrast_error, reassigned_share

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Family = Literal["poisson", "binomial", "gaussian"]

FEWEST_UNITS = 5
"""Units below which the spread of their drifts has fewer than three degrees of freedom and tells nothing."""

CLUSTERS = 10
"""Units from which scores clustered by unit are used."""

TREND_WEEKS = 26
"""Weeks before the change from which the treated units have a linear trend of their own."""


@dataclass(frozen=True)
class DifferenceInDifferences(Effect):
    """Effect of the change on the treated units after it, and their sum (of means: their mean, weighted by size) without it.

    ``p_units`` is the share of ways to choose as many units that show as much, None with fewer than ten ways; ``units`` and
    ``treated_units`` took part.
    """

    p_units: float | None
    units: int
    treated_units: int


@dataclass(frozen=True)
class _Panel:
    """Cells (units, weeks) that carry information; ``size`` is exposure, trials or weight."""

    y: Floats
    size: Floats
    used: Flags
    treated: Flags
    post: Flags
    family: Family

    def cut(self, keep: Flags, post: Flags) -> _Panel:
        """The weeks ``keep`` with another division into before and after."""
        return _Panel(self.y[:, keep], self.size[:, keep], self.used[:, keep], self.treated, post[keep], self.family)


@dataclass(frozen=True)
class _Fit:
    """Coefficients (K,), linear predictor, weights and score residuals (U, W), columns centred within weeks (K, U, W)."""

    coefficients: Floats
    linear: Floats
    weight: Floats
    residual: Floats
    centred: Floats


def difference_in_differences(
    *, outcome: ArrayLike, treated: ArrayLike, post: ArrayLike, size: ArrayLike | None = None, family: Family = "poisson",
    level: float = 0.90, seed: int = 0,
) -> DifferenceInDifferences | None:
    """Effect of a change in ``treated`` units (U,) during ``post`` weeks (W,) from ``outcome`` (U, W), NaN missing.

    ``size`` (U, W) are the exposures of counts (1 if not given), the trials of successes, or the weights of means. Weeks
    before the first post week are the time before; weeks after the last one are left out: they are neither. With at least ``TREND_WEEKS`` before,
    the treated have a trend of their own. None when a side has no unit, no week, or no event to compare.
    It does not check that without the change both would have moved in parallel: look at ``placebos``.
    """
    panel, kept = _panel(outcome, treated, post, size, family)
    found = _estimated(panel)
    if found is None:
        return None
    fit, effect, sandwich = found
    se = sandwich["quasi"]
    df = int(panel.used.sum() - panel.used.any(axis=0).sum() - len(fit.coefficients))
    t = float(stats.t.ppf(0.5 + level / 2, max(df, 1)))
    half = {name: t * error for name, error in sandwich.items() if name != "clusters"}
    placebos = _placebos(panel)
    if placebos is not None:
        half["placebo"] = placebos.half(level) * se
    units, chosen = int(panel.used.any(axis=1).sum()), int(panel.treated[panel.used.any(axis=1)].sum())
    p_units = None
    if units >= FEWEST_UNITS:
        drift, weight = _drifts(panel)
        is_treated = panel.treated[panel.used.any(axis=1)]
        half["units"] = contrast_error(drift, weight, is_treated) * float(stats.t.ppf(0.5 + level / 2, units - 2))
        p_units = reassigned_share(drift, weight, is_treated, seed=seed)
    if units >= CLUSTERS:
        half["clusters"] = sandwich["clusters"] * float(stats.t.ppf(0.5 + level / 2, units - 1))
    intervals = {name: (effect - width, effect + width) for name, width in half.items()}
    after = panel.post.astype(float) if family != "gaussian" else panel.post / max(panel.post.sum(), 1)
    series = counterfactual(
        kept, _sums(panel, panel.y), after, lambda x: _without(panel, fit, x), effect=effect, bounds=widest(intervals)
    )
    return DifferenceInDifferences(
        level=level, effect=effect, se=se, intervals=intervals, placebos=placebos, dispersion=(se / _bare(fit)) ** 2, series=series,
        p_units=p_units, units=units, treated_units=chosen,
    )


# ------------------------------------------------------------------ the panel
def _panel(
    outcome: ArrayLike, treated: ArrayLike, post: ArrayLike, size: ArrayLike | None, family: Family
) -> tuple[_Panel, NDArray[np.intp]]:
    """The cells that can be compared, and the positions of their weeks."""
    y, after = np.asarray(outcome, float), np.asarray(post, bool)
    n = np.ones_like(y) if size is None else np.broadcast_to(np.asarray(size, float), y.shape)
    used = np.isfinite(y) & np.isfinite(n) & (n > 0)
    if after.any():
        used[:, np.flatnonzero(after)[-1] + 1:] = False
    if family != "gaussian":
        # a unit or week without a single event (or, of shares, without a miss) has an effect of its own that is infinite
        for axis in (1, 0, 1, 0):
            events, tries = (np.where(used, cells, 0.0).sum(axis=axis) for cells in (y, n))
            few = (events <= 0) | ((events >= tries) if family == "binomial" else False)
            used = used & ~np.expand_dims(few, axis)
    # a unit seen on one side of the change only has nothing to be compared with
    used = used & (used[:, after].any(axis=1) & used[:, ~after].any(axis=1))[:, None]
    used = used & (used.sum(axis=0) >= 2)
    kept = np.flatnonzero(used.any(axis=0))
    y, n = (np.where(used, cells, 0.0)[:, kept] for cells in (y, n))
    return _Panel(y, n, used[:, kept], np.asarray(treated, bool), after[kept], family), kept


def _is_comparable(panel: _Panel) -> bool:
    """Treated and untreated, before and after, each have something to compare, and for shares something to miss."""
    for who in (panel.treated, ~panel.treated):
        for when in (panel.post, ~panel.post):
            cell = panel.used & who[:, None] & when[None, :]
            events, tries = panel.y[cell].sum(), panel.size[cell].sum()
            if not cell.any() or (panel.family != "gaussian" and events <= 0) or (panel.family == "binomial" and events >= tries):
                return False
    return True


# ------------------------------------------------------------------ the fit
def _columns(panel: _Panel, *, own_drifts: bool = False) -> Floats:
    """Level of every unit but the first, the treated trend if there is time for one, then the effect (or each unit's own)."""
    units, weeks = panel.used.shape
    live = np.flatnonzero(panel.used.any(axis=1))
    levels = np.zeros((live.size - 1, units, weeks))
    levels[np.arange(live.size - 1), live[1:]] = 1.0
    parts = [levels]
    if (~panel.post).sum() >= TREND_WEEKS:
        time = np.linspace(-1.0, 1.0, weeks)
        parts.append(levels * time if own_drifts else (panel.treated[:, None] * time)[None])
    post = panel.post.astype(float)
    parts.append(levels * post if own_drifts else (panel.treated[:, None] * post)[None])
    return np.where(panel.used, np.concatenate(parts), 0.0)


def _fitted(panel: _Panel, columns: Floats) -> _Fit | None:
    """Iteratively reweighted least squares; week effects leave by centring within weeks at the current weights."""
    y, n, used = panel.y, panel.size, panel.used
    linear = _start(panel)
    coefficients: Floats = np.zeros(len(columns))
    for _ in range(80):
        mean, weight = _moments(panel, linear)
        work = np.where(used, linear + np.where(weight > 0, (y * (n if panel.family == "gaussian" else 1.0) - mean) / np.maximum(weight, 1e-12), 0.0), 0.0)
        every = np.maximum(weight.sum(axis=0), 1e-300)
        middle = (columns * weight).sum(axis=1) / every
        centred = np.where(used, columns - middle[:, None, :], 0.0)
        flat = centred.reshape(len(columns), -1)
        information = (flat * weight.ravel()) @ flat.T
        if not np.isfinite(information).all() or np.linalg.cond(information) > 1e11:
            return None
        new = np.linalg.solve(information, flat @ (weight * work).ravel())
        away = work - np.tensordot(new, columns, axes=1)
        linear = np.where(used, np.tensordot(new, columns, axes=1) + (away * weight).sum(axis=0) / every, 0.0)
        step = float(np.abs(new - coefficients).max())
        coefficients = np.asarray(new, dtype=np.float64)
        if step < 1e-9 * max(1.0, float(np.abs(new).max())):
            mean, weight = _moments(panel, linear)
            residual = np.where(used, y * (n if panel.family == "gaussian" else 1.0) - mean, 0.0)
            return _Fit(coefficients, linear, weight, residual, centred)
    return None


def _start(panel: _Panel) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        if panel.family == "poisson":
            begun = np.log((panel.y + 0.5) / panel.size)
        elif panel.family == "binomial":
            begun = special.logit((panel.y + 0.5) / (panel.size + 1.0))
        else:
            begun = panel.y
    return np.where(panel.used, begun, 0.0)


def _moments(panel: _Panel, linear: Floats) -> tuple[Floats, Floats]:
    """Mean of the sum in each cell and the weight of the working response."""
    if panel.family == "poisson":
        mean = panel.size * np.exp(np.clip(linear, -500, 500))
        return mean, mean
    if panel.family == "binomial":
        share = special.expit(linear)
        return panel.size * share, panel.size * share * (1 - share)
    return panel.size * linear, panel.size


def _residualised(fit: _Fit) -> tuple[Floats, float]:
    """The effect's column free of all others, and its information."""
    rest, own = fit.centred[:-1].reshape(len(fit.centred) - 1, -1), fit.centred[-1].ravel()
    weight = fit.weight.ravel()
    if len(rest):
        own = own - np.linalg.solve((rest * weight) @ rest.T, (rest * weight) @ own) @ rest
    return own.reshape(fit.weight.shape), float((weight * own**2).sum())


def _bare(fit: _Fit) -> float:
    """Standard error were the variance exactly the family's."""
    return float(1 / np.sqrt(_residualised(fit)[1]))


def _estimated(panel: _Panel) -> tuple[_Fit, float, dict[str, float]] | None:
    """Fit, effect and its standard errors by kind; None where it cannot be fitted."""
    if not panel.used.any() or not _is_comparable(panel):
        return None
    fit = _fitted(panel, _columns(panel))
    n, weeks, units = int(panel.used.sum()), int(panel.used.any(axis=0).sum()), int(panel.used.any(axis=1).sum())
    if fit is None or n - weeks - len(fit.coefficients) < 1:
        # as many parameters as cells: the effect can be said, its error cannot
        return None if fit is None else (fit, float(fit.coefficients[-1]), {"quasi": _bare(fit)})
    own, information = _residualised(fit)
    df = n - weeks - len(fit.coefficients)
    dispersion = float((fit.residual[panel.used] ** 2 / np.maximum(fit.weight[panel.used], 1e-12)).sum() / df)
    scores = own * fit.residual
    # week effects are nested in weeks and unit effects in units: neither counts twice
    correction = n / max(n - len(fit.coefficients), 1)
    by_week = long_run_sum(scores.sum(axis=0)) * correction
    by_unit = float((scores.sum(axis=1) ** 2).sum()) * units / max(units - 1, 1) * (n - 1) / df
    return fit, float(fit.coefficients[-1]), {
        "quasi": float(np.sqrt(dispersion / information)), "weeks": float(np.sqrt(by_week)) / information,
        "clusters": float(np.sqrt(by_unit)) / information,
    }


# ------------------------------------------------------------------ other dates, other units
def _placebos(panel: _Panel) -> Placebos | None:
    """The same length of time after, moved to every earlier date; the weeks after the real change take no part."""
    before = np.flatnonzero(~panel.post)
    span = int(panel.post.sum())

    def error(start: int) -> float | None:
        post = np.zeros(panel.post.size, bool)
        post[before[start:start + span]] = True
        keep = np.zeros(panel.post.size, bool)
        keep[before[:start + span]] = True
        found = _estimated(panel.cut(keep, post))
        return None if found is None or not found[2]["quasi"] > 0 else found[1] / found[2]["quasi"]

    return placebo_dates(error, weeks=before.size, span=span)


def _drifts(panel: _Panel) -> tuple[Floats, Floats]:
    """How far every unit moved after the change against the weeks' common move, and its information (both (units,))."""
    live = panel.used.any(axis=1)
    fit = _fitted(panel, _columns(panel, own_drifts=True))
    others = int(live.sum()) - 1
    drift = np.concatenate([[0.0], fit.coefficients[-others:]]) if fit is not None else np.full(others + 1, np.nan)
    weight = fit.weight if fit is not None else panel.size
    before, after = weight[live][:, ~panel.post].sum(axis=1), weight[live][:, panel.post].sum(axis=1)
    with np.errstate(divide="ignore"):
        return drift, np.where((before > 0) & (after > 0), 1 / (1 / before + 1 / after), 0.0)


# ------------------------------------------------------------------ what would have been
def _without(panel: _Panel, fit: _Fit, effect: float) -> Floats:
    """Sum over treated units by week had the change brought nothing, if it brought ``effect``."""
    linear = fit.linear - effect * (panel.treated[:, None] & panel.post[None, :])
    mean = _moments(panel, linear)[0]
    return _sums(panel, mean / np.maximum(panel.size, 1e-300) if panel.family == "gaussian" else mean)


def _sums(panel: _Panel, values: Floats) -> Floats:
    """Sum over treated units by week; for means their mean, weighted by size."""
    mine = values[panel.treated]
    if panel.family != "gaussian":
        return mine.sum(axis=0)
    weight = panel.size[panel.treated]
    return (mine * weight).sum(axis=0) / np.maximum(weight.sum(axis=0), 1e-300)
