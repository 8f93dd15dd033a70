"""Demand and price: how counts per unit and week react to price, and whether the data can tell at all.

The panel model is Poisson pseudo-maximum-likelihood with unit and week effects (Santos Silva & Tenreyro
2006), the week effects concentrated out (Hausman, Hall & Griliches 1984): given a week's total the units
share it multinomially, which is the same likelihood with a handful of parameters. Inference prints the
widest of three intervals, because each of them alone is too short for some clinics:

* quasi-Poisson, the variance scaled by Pearson's X²/df;
* clustered by week (serially independent weeks, any dependence inside a week);
* placebo dates: the price path is moved to every other date, and the spread of the errors the model then
  makes replaces its own. It carries what weeks have in common with their neighbours.

Each unit has its own linear trend, so that one branch growing faster than another is not read as price.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]
Rung = Literal["staggered", "one_branch", "all_at_once", "promotion", "follows_demand", "constant"]
"""The ladder of identification, best first; “follows_demand” is decided after a fit."""

SMALLEST_CHANGE = 0.03
"""A path of ln(price) that moves less than 3 % in all says nothing about demand: rounding and mix do as much."""

PROMOTION_WEEKS = 3
"""Departures from the usual price of up to three weeks shift visits in time; they are promotions, not prices."""

TREND_WEEKS = 26
"""Shorter panels have no trends of their own units: half a year is needed to tell a trend from a change."""

MOST_PLACEBOS = 160
"""Placebo dates tried at most: more add time, not information, since neighbours overlap."""

LOOK_BACK = 6
"""Weeks before a price change in which demand is asked whether it led the change."""


@dataclass(frozen=True)
class PriceChange:
    """One change of one unit's price: ``unit`` and ``week`` are row and column, ``size`` is Δ ln(price)."""

    unit: int
    week: int
    size: float


@dataclass(frozen=True)
class DemandFit:
    """Elasticity with what its interval rests on.

    ``elasticity`` is d ln(count) / d ln(price); ``se_quasi`` and ``se_week`` its standard errors (for a
    single series ``se_week`` is Newey–West); ``placebo_t`` the errors of placebo dates in units of
    ``se_quasi``, empty if there is no room for them, and ``placebo_df`` how many of them are independent
    (dates side by side share most of their weeks; Bartlett's formula); ``fitted`` has the shape of the counts, NaN where
    the count is missing; ``dispersion`` is X²/df; ``weeks`` and ``total`` are what was used.
    """

    elasticity: float
    se_quasi: float
    se_week: float
    placebo_t: Array
    placebo_df: float
    fitted: Array
    dispersion: float
    df: int
    weeks: int
    total: float

    def intervals(self, level: float) -> dict[str, tuple[float, float]]:
        """The intervals by name: quasi, week and, where there are placebo dates, placebo."""
        t = float(stats.t.ppf(0.5 + level / 2, max(self.df, 1)))
        half = {"quasi": t * self.se_quasi, "week": t * self.se_week}
        if self.placebo_t.size >= 10 and self.placebo_df > 1:
            spread = float(np.sqrt(np.mean(self.placebo_t**2)))
            half["placebo"] = spread * float(stats.t.ppf(0.5 + level / 2, self.placebo_df)) * self.se_quasi
        return {name: (self.elasticity - width, self.elasticity + width) for name, width in half.items()}

    def interval(self, level: float) -> tuple[float, float]:
        """The widest of the intervals."""
        return max(self.intervals(level).values(), key=lambda bounds: bounds[1] - bounds[0])

    def standard_error(self, level: float) -> float:
        """Half the widest interval over the normal quantile: what draws of the elasticity use."""
        low, high = self.interval(level)
        return (high - low) / 2 / float(stats.norm.ppf(0.5 + level / 2))

    def placebo_share(self) -> float | None:
        """Share of placebo dates that show an effect at least as large as the real one (in standard errors)."""
        if self.placebo_t.size < 10:
            return None
        real = abs(self.elasticity) / self.se_quasi
        return float((1 + np.sum(np.abs(self.placebo_t) >= real)) / (1 + self.placebo_t.size))


def price_changes(log_price: Array) -> list[PriceChange]:
    """Changes of each unit's price; steps of neighbouring weeks in one direction are one change.

    ``log_price`` has shape (units, weeks), NaN where unknown. A change in the middle of a week shows in
    the weekly mean as two steps, which is why neighbours are joined.
    """
    changes: list[PriceChange] = []
    for unit, path in enumerate(log_price):
        steps = np.diff(path)
        week = 0
        while week < steps.size:
            if not np.isfinite(steps[week]) or abs(steps[week]) < 1e-9:
                week += 1
                continue
            start, size = week, steps[week]
            while week + 1 < steps.size and steps[week + 1] * size > 0:
                week += 1
                size += steps[week]
            if abs(size) >= SMALLEST_CHANGE / 2:
                changes.append(PriceChange(unit, start + 1, float(size)))
            week += 1
    return changes


def rung(log_price: Array) -> Rung:
    """Which variation of price there is, from the paths alone (shape (units, weeks), NaN unknown)."""
    known = np.isfinite(log_price)
    spans = [np.ptp(path[seen]) for path, seen in zip(log_price, known, strict=True) if seen.any()]
    if not spans or max(spans) < SMALLEST_CHANGE:
        return "constant"
    changes = price_changes(log_price)
    own = [change for change in changes if _is_own(change, changes, known)]
    if len({change.week for change in own}) >= 3 and len({change.unit for change in own}) >= 2:
        return "staggered"
    if own:
        return "one_branch"
    return "promotion" if _longest_departure(log_price) <= PROMOTION_WEEKS else "all_at_once"


def _is_own(change: PriceChange, changes: list[PriceChange], known: NDArray[np.bool_]) -> bool:
    """Some other unit, present in that week, did not change its price likewise."""
    others = set(np.flatnonzero(known[:, change.week])) - {change.unit}
    alike = {
        other.unit for other in changes
        if abs(other.week - change.week) <= 1 and abs(other.size - change.size) < SMALLEST_CHANGE / 2
    }
    return bool(others - alike)


def _longest_departure(log_price: Array) -> int:
    longest = 0
    for path in log_price:
        seen = path[np.isfinite(path)]
        values, times = np.unique(np.round(seen, 4), return_counts=True)
        away = np.abs(seen - values[np.argmax(times)]) > SMALLEST_CHANGE / 2 if seen.size else np.array([], bool)
        run = 0
        for is_away in away:
            run = run + 1 if is_away else 0
            longest = max(longest, run)
    return longest


def fit_panel(*, counts: Array, log_price: Array, placebos: bool = True) -> DemandFit:
    """Elasticity from units that had different prices in the same week.

    ``counts`` and ``log_price`` have shape (units, weeks); NaN marks a cell that is missing (a branch not
    yet open). Zeros stay. Raises ValueError when prices never differ between units within a week.
    It does not check that without the price change the units would have moved in parallel.
    """
    counts, log_price = np.asarray(counts, float), np.asarray(log_price, float)
    used = np.isfinite(counts) & np.isfinite(log_price)
    used &= (used.sum(axis=0) >= 2) & (np.where(used, counts, 0).sum(axis=0) > 0)
    used &= (np.where(used, counts, 0).sum(axis=1) > 0)[:, None]
    used &= used.sum(axis=0) >= 2
    main = _conditional(counts, log_price, used, np.zeros_like(counts)) if used.any() else None
    if main is None:
        raise ValueError("prices never differ between units within a week")
    beta, se_quasi, se_week, fitted, dispersion, df = main
    drawn, independent = _placebos(counts, log_price, used, beta) if placebos else (np.array([]), 0.0)
    return DemandFit(
        elasticity=beta, se_quasi=se_quasi, se_week=se_week, placebo_t=drawn, placebo_df=independent, fitted=fitted, dispersion=dispersion,
        df=df, weeks=int(used.any(axis=0).sum()), total=float(counts[used].sum()),
    )


def _conditional(
    counts: Array, regressor: Array, used: NDArray[np.bool_], offset: Array
) -> tuple[float, float, float, Array, float, int] | None:
    """Newton on the likelihood given week totals; the regressor's is the last parameter."""
    design = _design(regressor, used)
    y = np.where(used, counts, 0.0)
    totals = y.sum(axis=0)
    parameters = np.zeros(len(design))
    for _ in range(60):
        fitted, centred = _shares(parameters, design, used, offset, totals)
        flat = centred.reshape(len(design), -1)
        information = (flat * fitted.ravel()) @ flat.T
        if not np.isfinite(information).all() or np.linalg.cond(information) > 1e10:
            return None
        step = np.clip(np.linalg.solve(information, flat @ (y - fitted).ravel()), -2, 2)
        parameters = parameters + step
        if np.abs(step).max() < 1e-9:
            break
    else:
        return None
    bread = np.linalg.inv(information)
    groups, n, k = int(used.any(axis=0).sum()), int(used.sum()), len(design)
    df = n - groups - k
    if df < 1:
        return None
    residual = np.where(used, y - fitted, 0.0)
    dispersion = float((residual[used] ** 2 / np.maximum(fitted[used], 1e-12)).sum() / df)
    by_week = np.einsum("auw,uw->aw", centred, residual)
    # week effects are nested in the clusters and do not count as parameters
    small = groups / (groups - 1) * (n - 1) / (n - k)
    clustered = bread @ (by_week @ by_week.T) @ bread * small
    return (
        float(parameters[-1]), float(np.sqrt(bread[-1, -1] * dispersion)), float(np.sqrt(clustered[-1, -1])),
        np.where(used, fitted, np.nan), dispersion, df,
    )


def _design(regressor: Array, used: NDArray[np.bool_]) -> Array:
    """Level and trend of every unit but the first, then the regressor; shape (parameters, units, weeks)."""
    units, weeks = used.shape
    others = np.flatnonzero(used.any(axis=1))[1:]
    time = np.linspace(-1, 1, weeks)
    trends = others if used.any(axis=0).sum() >= TREND_WEEKS else others[:0]
    design = np.zeros((others.size + trends.size + 1, units, weeks))
    design[np.arange(others.size), others] = 1.0
    design[others.size + np.arange(trends.size), trends] = time
    design[-1] = regressor - regressor[used].mean()
    return np.where(used, design, 0.0)


def _shares(
    parameters: Array, design: Array, used: NDArray[np.bool_], offset: Array, totals: Array
) -> tuple[Array, Array]:
    """Fitted counts given the week totals, and the design centred at its fitted mean of each week."""
    linear = np.where(used, np.tensordot(parameters, design, axes=1) + offset, -np.inf)
    top = np.where(used.any(axis=0), linear.max(axis=0, initial=-np.inf), 0.0)
    weight = np.where(used, np.exp(linear - top), 0.0)
    share = weight / np.maximum(weight.sum(axis=0), 1e-300)
    centred = design - (design * share).sum(axis=1, keepdims=True)
    return share * totals, np.where(used, centred, 0.0)


def _placebos(counts: Array, log_price: Array, used: NDArray[np.bool_], beta: float) -> tuple[Array, float]:
    """Errors, in standard errors, of the same price paths moved around the calendar; how many are independent.

    The estimated effect of the true path is kept as an offset, so that what is left has none.
    """
    live = np.flatnonzero(used.any(axis=0))
    y, seen = counts[:, live], used[:, live]
    path = np.where(used, log_price, log_price[used].mean())[:, live] - log_price[used].mean()
    found, alike = [], [1.0]
    for shift in range(1, live.size):
        moved = np.roll(path, shift, axis=1)
        alike.append(float(np.corrcoef(moved.ravel(), path.ravel())[0, 1]))
        if shift % max(1, -(-live.size // MOST_PLACEBOS)) or alike[-1] > 0.5:
            continue
        fit = _conditional(y, moved, seen, beta * path)
        if fit is not None and fit[1] > 0:
            found.append(fit[0] / fit[1])
    return np.array(found), live.size / float(np.sum(np.square(alike)))


def fit_series(*, counts: Array, log_price: Array, week_of_year: Array) -> DemandFit:
    """Elasticity from one series before and after a change of price for all: trend, season and price.

    All arrays have shape (weeks,). Two harmonics of the year from 104 weeks, one from 52, none below.
    The standard error ``se_week`` is Newey–West. A change that coincides with another event is not told
    apart from it, whatever the interval says: the verdict of such an estimate is at most “weak”.
    """
    seen = np.isfinite(counts) & np.isfinite(log_price)
    y, price = np.asarray(counts, float)[seen], np.asarray(log_price, float)[seen]
    n = y.size
    time = np.arange(counts.size, dtype=float)[seen] / 52
    columns = [np.ones(n), price - price.mean(), time - time.mean()]
    angle = 2 * np.pi * np.asarray(week_of_year, float)[seen] / 52.1775
    for harmonic in range(1, 1 + min(n // 52, 2)):
        columns += [np.sin(harmonic * angle), np.cos(harmonic * angle)]
    design = np.column_stack(columns)
    if n <= design.shape[1] + 2 or np.linalg.matrix_rank(design) < design.shape[1]:
        raise ValueError("too few weeks to tell price from trend and season")
    model = sm.GLM(y, design, family=sm.families.Poisson())
    quasi = model.fit(scale="X2")
    lags = round(0.75 * n ** (1 / 3))
    robust = model.fit(cov_type="HAC", cov_kwds={"maxlags": lags})
    fitted = np.full(np.shape(counts), np.nan)
    fitted[seen] = quasi.fittedvalues
    return DemandFit(
        elasticity=float(quasi.params[1]), se_quasi=float(quasi.bse[1]), se_week=float(robust.bse[1]),
        placebo_t=np.array([]), placebo_df=0.0, fitted=fitted, dispersion=float(quasi.scale), df=int(quasi.df_resid), weeks=n,
        total=float(y.sum()),
    )


def lead(*, counts: Array, log_price: Array, elasticity: float) -> float:
    """What demand did in the ``LOOK_BACK`` weeks before the price moved, in standard errors; near 0 if nothing.

    Same shapes as ``fit_panel``. The path is moved ahead while the fitted effect of the true one is held,
    so a fall that began before the price rose is told from the price. NaN when it cannot be fitted.
    """
    ahead = np.concatenate([log_price[:, LOOK_BACK:], np.repeat(log_price[:, -1:], LOOK_BACK, axis=1)], axis=1)
    used = np.isfinite(counts) & np.isfinite(log_price) & np.isfinite(ahead)
    used &= (used.sum(axis=0) >= 2) & (np.where(used, counts, 0).sum(axis=0) > 0)
    if not used.any():
        return float("nan")
    offset = np.where(used, elasticity * (log_price - log_price[used].mean()), 0.0)
    fit = _conditional(counts, np.where(used, ahead - log_price, 0.0), used, offset)
    return float("nan") if fit is None or fit[1] == 0 else fit[0] / fit[1]


def dispersion(counts: Array) -> float:
    """Pearson X²/df of weekly counts (units, weeks) around unit and week effects, at least 1.

    A single unit is compared with the mean of its neighbouring weeks. It is what a planned test must expect.
    """
    counts = np.asarray(counts, float)[:, np.isfinite(counts).all(axis=0)]
    units, weeks = counts.shape
    if weeks < 5 or not counts.sum() > 0:
        return 1.0
    if units == 1:
        series = counts[0]
        steps = np.diff(series)
        return max(1.0, float(np.mean(steps**2) / 2 / series.mean()))
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0, keepdims=True) / counts.sum()
    live = expected > 0
    chi2 = ((counts[live] - expected[live]) ** 2 / expected[live]).sum()
    return max(1.0, float(chi2 / ((units - 1) * (weeks - 1))))


@dataclass(frozen=True)
class Leads:
    """Whether demand moved before price did: ``correlation`` over ``changes`` price changes, one-sided ``p``."""

    correlation: float
    changes: int
    p: float

    @property
    def follows(self) -> bool:
        """Price was raised after demand was high, beyond chance (one-sided 2 %)."""
        return self.p < 0.02


def demand_leads(*, counts: Array, fitted: Array, log_price: Array) -> Leads:
    """Correlation of price changes with the demand left unexplained in the weeks before each of them.

    Arrays have shape (units, weeks). The residual is taken after the price effect, else the end of every
    test would look like a rise after high demand. Fewer than six changes cannot show it: p is then 1.
    """
    pairs = []
    for change in price_changes(log_price):
        window = slice(max(change.week - LOOK_BACK, 0), change.week)
        y, mu = counts[change.unit, window], fitted[change.unit, window]
        seen = np.isfinite(y) & np.isfinite(mu)
        if mu[seen].sum() > 0:
            pairs.append((change.size, y[seen].sum() / mu[seen].sum() - 1))
    if len(pairs) < 6 or np.ptp([pair[1] for pair in pairs]) == 0:
        return Leads(float("nan"), len(pairs), 1.0)
    size, residual = np.array(pairs).T
    result = stats.pearsonr(size, residual, alternative="greater")
    return Leads(float(result.statistic), len(pairs), float(result.pvalue))


def log_change(elasticity: float, price: float, reference: float) -> float:
    """Relative change of demand at ``price`` against ``reference`` under constant elasticity (0.30 = +30 %)."""
    return float(np.expm1(elasticity * np.log(price / reference)))


def cost_per_extra(elasticity: float, price: float, reference: float) -> float:
    """Price forgone on those who would have come anyway, per extra customer: N₀(P₀−P₁)/(N₁−N₀).

    In the unit of the prices; infinite when demand does not rise.
    """
    change = log_change(elasticity, price, reference)
    return (reference - price) / change if change > 0 else float("inf")


def break_even_elasticity(*, margin: float, reference: float, price: float) -> float:
    """Elasticity at which moving from ``reference`` to ``price`` leaves contribution unchanged.

    ``margin`` is contribution per customer over the whole horizon at ``reference``: a cut pays if demand
    reacts more strongly than this. Raises ValueError when the new price leaves no margin.
    """
    left = margin + price - reference
    if margin <= 0 or left <= 0:
        raise ValueError("the price leaves no margin per customer")
    return float(np.log(margin / left) / np.log(price / reference))


def design_error(*, weekly: float, control: float, weeks: int, ratio: float, dispersion: float) -> float:
    """Standard error of the elasticity a test would give: ``weeks`` at price ``ratio`` in a unit of
    ``weekly`` counts, against ``control`` counts a week at the usual price in the same weeks."""
    return float(np.sqrt(max(dispersion, 1.0) * (1 / (weekly * weeks) + 1 / (control * weeks))) / abs(np.log(ratio)))


def detectable(
    *, weekly: float, control: float, weeks: int, ratio: float, dispersion: float, level: float, power: float = 0.8,
) -> float:
    """Size of the elasticity such a test tells from zero at ``level`` with probability ``power``."""
    needed = float(stats.norm.ppf(0.5 + level / 2) + stats.norm.ppf(power))
    return needed * design_error(weekly=weekly, control=control, weeks=weeks, ratio=ratio, dispersion=dispersion)


def design_weeks(
    *, weekly: float, control: float, ratio: float, dispersion: float, detect: float, level: float, power: float = 0.8,
    longest: int = 52,
) -> int | None:
    """Weeks a test needs to tell an elasticity of size ``detect`` from zero, or None beyond ``longest``."""
    for weeks in range(2, longest + 1):
        least = detectable(
            weekly=weekly, control=control, weeks=weeks, ratio=ratio, dispersion=dispersion, level=level, power=power,
        )
        if least <= abs(detect):
            return weeks
    return None
