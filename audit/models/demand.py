"""Demand and price: how counts per unit and week react to price.

Where units had different prices in the same week, the panel of ``week_effects``; where all changed together, one
series with trend and season. Inference prints the widest of the intervals there are, because each of them alone is
too short for some clinics:

* quasi-Poisson, the variance scaled by Pearson's X²/df;
* clustered by week (serially independent weeks, any dependence inside a week); Newey–West for a single series;
* clustered by price regime (a unit's stretch at one price), from 20 regimes on;
* placebo dates: the price path is moved to every other date, and the spread of the errors the model then
  makes replaces its own. It carries what weeks have in common with their neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy import stats

from audit.models import week_effects

Array = NDArray[np.float64]

MOST_PLACEBOS = 160
"""Placebo dates tried at most: more add time, not information, since neighbours overlap."""


@dataclass(frozen=True)
class DemandFit:
    """Elasticity with what its interval rests on.

    ``elasticity`` is d ln(count) / d ln(price); ``errors`` its standard errors by name (quasi, week, regime);
    ``placebo_t`` the errors of placebo dates in units of the quasi one, empty if there is no room for them, and
    ``placebo_df`` how many of them are independent (dates side by side share most of their weeks; Bartlett's
    formula); ``fitted`` has the shape of the counts, NaN where the count is missing; ``dispersion`` is X²/df;
    ``weeks`` and ``total`` are what was used.
    """

    elasticity: float
    errors: dict[str, float]
    placebo_t: Array
    placebo_df: float
    fitted: Array
    dispersion: float
    df: int
    weeks: int
    total: float

    def intervals(self, level: float) -> dict[str, tuple[float, float]]:
        """The intervals by name: quasi, week and, where there are enough, regime and placebo."""
        t = float(stats.t.ppf(0.5 + level / 2, max(self.df, 1)))
        half = {name: t * error for name, error in self.errors.items()}
        if self.placebo_t.size >= 10 and self.placebo_df > 1:
            spread = float(np.sqrt(np.mean(self.placebo_t**2)))
            half["placebo"] = spread * float(stats.t.ppf(0.5 + level / 2, self.placebo_df)) * self.errors["quasi"]
        return {name: (self.elasticity - width, self.elasticity + width) for name, width in half.items()}

    def interval(self, level: float) -> tuple[float, float]:
        """The widest of the intervals."""
        return max(self.intervals(level).values(), key=lambda bounds: bounds[1] - bounds[0])

    def standard_error(self, level: float) -> float:
        """Half the widest interval over the normal quantile: what draws of the elasticity use."""
        low, high = self.interval(level)
        return (high - low) / 2 / float(stats.norm.ppf(0.5 + level / 2))

    def is_off_zero(self, level: float) -> bool:
        """Zero lies outside the widest interval."""
        low, high = self.interval(level)
        return low > 0 or high < 0

    def placebo_share(self) -> float | None:
        """Share of placebo dates that show an effect at least as large as the real one: the p of a permutation test."""
        if self.placebo_t.size < 10:
            return None
        real = abs(self.elasticity) / self.errors["quasi"]
        return float((1 + np.sum(np.abs(self.placebo_t) >= real)) / (1 + self.placebo_t.size))


def fit_panel(*, counts: Array, log_price: Array, exposure: Array | None = None, placebos: bool = True) -> DemandFit:
    """Elasticity from units that had different prices in the same week.

    ``counts`` and ``log_price`` have shape (units, weeks); NaN marks a cell that is missing (a branch not yet open).
    Zeros stay. With ``exposure`` of the same shape the elasticity is that of the rate counts / exposure (booked per
    caller); cells without any are left out. Raises ValueError when prices never differ between units within a week.
    It does not check that without the price change the units would have moved in parallel.
    """
    counts, log_price = np.asarray(counts, float), np.asarray(log_price, float)
    base = np.zeros(counts.shape)
    if exposure is not None:
        base = np.log(np.where(np.asarray(exposure) > 0, exposure, np.nan))
    used = week_effects.usable(counts, log_price, base)
    found = week_effects.fit(counts, log_price[None], used, offset=base, regimes=regimes(log_price))
    if found is None:
        raise ValueError("prices never differ between units within a week")
    beta = float(found.beta[0])
    errors = {"quasi": found.quasi, "week": found.week} | ({} if found.regime is None else {"regime": found.regime})
    drawn, independent = _placebos(counts, log_price, used, base, beta) if placebos else (np.array([]), 0.0)
    return DemandFit(
        elasticity=beta, errors={name: float(np.sqrt(cov[0, 0])) for name, cov in errors.items()}, placebo_t=drawn,
        placebo_df=independent, fitted=found.fitted, dispersion=found.dispersion, df=found.df, weeks=found.weeks, total=found.total,
    )


def regimes(log_price: Array) -> NDArray[np.int64]:
    """A number for each unit's stretch of weeks at one price, shape (units, weeks)."""
    stays = np.abs(np.diff(log_price, axis=1, prepend=np.nan)) < 1e-6
    number: NDArray[np.int64] = np.cumsum(~stays.ravel(), dtype=np.int64)
    return number.reshape(log_price.shape)


def _placebos(counts: Array, log_price: Array, used: NDArray[np.bool_], base: Array, beta: float) -> tuple[Array, float]:
    """Errors, in standard errors, of the same price paths moved around the calendar; how many are independent.

    The estimated effect of the true path is kept as an offset, so that what is left has none.
    """
    live = np.flatnonzero(used.any(axis=0))
    y, seen = counts[:, live], used[:, live]
    path = np.where(used, log_price, log_price[used].mean())[:, live] - log_price[used].mean()
    held = np.where(used, base, 0.0)[:, live] + beta * path
    found, alike = [], [1.0]
    for shift in range(1, live.size):
        moved = np.roll(path, shift, axis=1)
        alike.append(float(np.corrcoef(moved.ravel(), path.ravel())[0, 1]))
        if shift % max(1, -(-live.size // MOST_PLACEBOS)) or alike[-1] > 0.5:
            continue
        fit = week_effects.fit(y, moved[None], seen, offset=held)
        if fit is not None and fit.quasi[0, 0] > 0:
            found.append(float(fit.beta[0] / np.sqrt(fit.quasi[0, 0])))
    return np.array(found), live.size / float(np.sum(np.square(alike)))


def fit_series(*, counts: Array, log_price: Array, week_of_year: Array) -> DemandFit:
    """Elasticity from one series before and after a change of price for all: trend, season and price.

    All arrays have shape (weeks,). Two harmonics of the year from 104 weeks, one from 52, none below. The error
    “week” is Newey–West; placebo dates move the price path forth and back, what leaves the series is filled with its
    ends. A change that coincides with another event is not told apart from it, whatever the interval says: the verdict
    of such an estimate is at most “weak”.
    """
    seen = np.isfinite(counts) & np.isfinite(log_price)
    y, price = np.asarray(counts, float)[seen], np.asarray(log_price, float)[seen]
    n = y.size
    time = np.arange(counts.size, dtype=float)[seen] / 52
    columns = [np.ones(n), time - time.mean()] if n else []
    angle = 2 * np.pi * np.asarray(week_of_year, float)[seen] / 52.1775
    for harmonic in range(1, 1 + min(n // 52, 2)):
        columns += [np.sin(harmonic * angle), np.cos(harmonic * angle)]
    if n <= len(columns) + 3 or np.linalg.matrix_rank(np.column_stack([*columns, price])) <= len(columns):
        raise ValueError("too few weeks to tell price from trend and season")
    others = np.column_stack(columns)
    design = np.column_stack([others, price - price.mean()])
    model = sm.GLM(y, design, family=sm.families.Poisson())
    quasi = model.fit(scale="X2")
    robust = model.fit(cov_type="HAC", cov_kwds={"maxlags": round(0.75 * n ** (1 / 3))})
    beta = float(quasi.params[-1])
    drawn, independent = _moved_dates(y, price, others, beta)
    fitted = np.full(np.shape(counts), np.nan)
    fitted[seen] = quasi.fittedvalues
    return DemandFit(
        elasticity=beta, errors={"quasi": float(quasi.bse[-1]), "week": float(robust.bse[-1])}, placebo_t=drawn,
        placebo_df=independent, fitted=fitted, dispersion=float(quasi.scale), df=int(quasi.df_resid), weeks=n, total=float(y.sum()),
    )


def _moved_dates(y: Array, price: Array, others: Array, beta: float) -> tuple[Array, float]:
    """Errors, in standard errors, of the same path at other dates, the true effect held; how many are independent."""
    held, n = beta * (price - price.mean()), y.size
    weight = np.exp(held)
    hat = others @ np.linalg.pinv(others)
    bare = price - price.mean() - hat @ (price - price.mean())
    found, alike = [], [1.0]
    for shift in range(-(n // 2), n // 2 + 1):
        moved = np.concatenate([np.full(shift, price[0]), price[: n - shift]]) if shift > 0 else (
            np.concatenate([price[-shift:], np.full(-shift, price[-1])]))
        path = moved - moved.mean() - hat @ (moved - moved.mean())
        # a path that trend and season explain, or that has left the series, has nothing to be tested
        if shift == 0 or (path**2).sum() < 0.25 * (bare**2).sum():
            continue
        alike.append(float(np.corrcoef(path, bare)[0, 1]))
        if abs(alike[-1]) > 0.5:
            continue
        fit = sm.GLM(y, np.column_stack([others, path]), family=sm.families.Poisson(), exposure=weight).fit(scale="X2")
        found.append(float(fit.params[-1] / fit.bse[-1]))
    return np.array(found), len(alike) / float(np.sum(np.square(alike)))


def elsewhere(*, counts: Array, log_price: Array) -> DemandFit | None:
    """The price path of the units that changed, given to the largest of those that did not: nothing should be found.

    Shapes as in ``fit_panel``. The units that changed are left out; None with fewer than two that did not.
    """
    seen = np.isfinite(log_price) & np.isfinite(counts)
    span = np.array([np.ptp(path[known]) if known.any() else np.nan for path, known in zip(log_price, seen, strict=True)])
    still, moved = np.flatnonzero(span < 1e-6), np.flatnonzero(span >= 1e-6)
    if still.size < 2 or not moved.size:
        return None
    known = seen[moved].any(axis=0)
    path = np.divide(np.where(seen[moved], log_price[moved], 0.0).sum(axis=0), seen[moved].sum(axis=0), where=known,
                     out=np.full(log_price.shape[1], np.nan))
    moves = np.zeros((still.size, path.size))
    moves[int(np.argmax(np.nansum(counts[still], axis=1)))] = path - np.nanmean(path)
    try:
        return fit_panel(counts=counts[still], log_price=np.where(known, moves, np.nan))
    except ValueError:
        return None
