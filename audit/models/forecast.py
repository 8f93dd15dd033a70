"""A year of revenue ahead, by whichever method errs least on the clinic's own past.

Every method is run from each of the last months that had a future (rolling origins, Tashman 2000) and judged by its mean
absolute error over that of the seasonal naïve, which says that each month will be as it was a year ago (relative MAE,
Hyndman & Koehler 2006). The interval is that of the errors made, not the method's own: deviations of the log forecast grow
as a random walk whose size is pooled over all origins and horizons.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from statsmodels.tools.sm_exceptions import ConvergenceWarning
from statsmodels.tsa.holtwinters import ExponentialSmoothing

from audit.models.driver_model import TAIL, Drivers, stream

Floats = npt.NDArray[np.float64]
YEAR = 12
NAIVE = "naive"
FEWEST_MONTHS = 2 * YEAR
"""A year to be the naïve forecast of the next, which judges the first origin."""
STEP = 2
"""Months between starts: more of them would share nearly all their errors."""
DRAWS = 4000
Method = Callable[[int], Floats]
"""Forecast (YEAR,) of the months after the first so many."""


@dataclass(frozen=True)
class Forecast:
    """The chosen method's months ahead (YEAR, 3) and their sum (3,): value, low, high, in currency.

    ``relative`` is each method's mean absolute error over the seasonal naïve's, ``scaled`` over the mean change from year to
    year (MASE) and ``size`` over the mean revenue; ``origins`` the number of starts.
    """

    method: str
    months: Floats
    year: Floats
    relative: dict[str, float]
    scaled: dict[str, float]
    size: dict[str, float]
    origins: int


def naive(revenue: npt.ArrayLike) -> Method:
    """Each month as it was a year before."""
    y = np.asarray(revenue, float)
    return lambda known: y[known - YEAR : known]


def smoothed(revenue: npt.ArrayLike, *, with_trend: bool) -> Method:
    """Exponential smoothing of the log (Holt–Winters), additive season once three years are known, the trend damped or none."""
    y = np.log(np.asarray(revenue, float))

    def ahead(known: int) -> Floats:
        # the search for the weights begins at the same place whatever the currency
        level = y[:known].mean()
        seasonal = "add" if known >= 3 * YEAR else None
        with warnings.catch_warnings():
            # a fit that stops early is still judged by its errors
            warnings.simplefilter("ignore", ConvergenceWarning)
            model = ExponentialSmoothing(
                y[:known] - level, trend="add" if with_trend else None, damped_trend=with_trend, seasonal=seasonal,
                seasonal_periods=YEAR if seasonal else None, initialization_method="estimated",
            )
            return np.exp(level + np.asarray(model.fit().forecast(YEAR), float))

    return ahead


def carried_on(drivers: Drivers, visits: npt.ArrayLike, operations: npt.ArrayLike) -> Method:
    """The driver model with new patients and money per head as in the last half-year's latter half, repeats by cohort."""
    events = np.asarray(visits, float), np.asarray(operations, float)

    def ahead(known: int) -> Floats:
        latest = slice(known - TAIL // 2, known)
        coming = np.full(YEAR, drivers.new[latest].mean())
        made = []
        for part in events:
            fitted = stream(part[:known], drivers.new[:known])
            expected = np.convolve(drivers.new[:known], fitted.curve)[latest] + part[latest, -1]
            usual = part[latest].sum() / expected.sum() if expected.sum() > 0 else 0.0
            made.append(usual * fitted.ahead(drivers.new[:known], coming))
        receipts = (np.full(YEAR, part[latest].mean()) for part in (drivers.first_receipt, drivers.repeat_receipt, drivers.operation_receipt))
        return Drivers(coming, *receipts).revenue(*made)

    return ahead


def forecast(revenue: npt.ArrayLike, methods: Mapping[str, Method], *, level: float, seed: int, most: float = np.inf) -> Forecast:
    """The method of ``methods`` with the smallest relative error if it beats the seasonal naïve, else the naïve.

    ``revenue`` (M,) is positive, M ≥ FEWEST_MONTHS, else ValueError. Origins are every STEP months of the last two years that know a
    year before. ``most`` is what a month can bring at all.
    """
    y = np.asarray(revenue, float)
    if y.size < FEWEST_MONTHS or not (y > 0).all():
        raise ValueError("a forecast needs two years of positive revenue")
    first = max(YEAR, y.size - 2 * YEAR)
    origins = range(y.size - STEP, first - 1, -STEP)
    every = {NAIVE: naive(y)} | dict(methods)
    logs, misses = {}, {}
    for name, method in every.items():
        made = [method(origin)[: y.size - origin] for origin in origins]
        logs[name] = [np.log(y[origin : origin + YEAR][: len(part)] / part[:YEAR]) for origin, part in zip(origins, made, strict=True)]
        misses[name] = float(np.mean(np.concatenate([np.abs(y[origin : origin + YEAR] - part[:YEAR]) for origin, part in zip(origins, made, strict=True)])))
    relative = {name: miss / misses[NAIVE] if misses[NAIVE] > 0 else np.inf for name, miss in misses.items() if name != NAIVE}
    best = min(relative, key=lambda name: (relative[name], name), default=NAIVE)
    chosen = best if best != NAIVE and relative[best] < 1 else NAIVE
    value = np.minimum(every[chosen](y.size), most)
    yearly = float(np.abs(y[YEAR:] - y[:-YEAR]).mean())
    return Forecast(
        chosen, *_interval(value, logs[chosen], level=level, seed=seed, most=most), relative=relative,
        scaled={name: miss / yearly if yearly > 0 else np.inf for name, miss in misses.items()},
        size={name: miss / float(y[first:].mean()) for name, miss in misses.items()}, origins=len(origins),
    )


def _interval(value: Floats, errors: list[Floats], *, level: float, seed: int, most: float) -> tuple[Floats, Floats]:
    """Months (YEAR, 3) and their sum (3,) with the spread of the ``errors`` made: log errors by origin, by months ahead."""
    growing = np.concatenate([part / np.sqrt(np.arange(1, part.size + 1)) for part in errors])
    rng = np.random.default_rng(seed)
    # errors of neighbouring origins share their months: a quarter counts as one
    free = max(len(errors) * STEP // 3, 1)
    size = np.sqrt((growing**2).mean() * free / rng.chisquare(free, DRAWS))
    paths = value * np.exp(np.cumsum(rng.standard_normal((DRAWS, value.size)) * size[:, None], axis=1))
    paths = np.minimum(paths, most)
    tail = (1 - level) / 2
    low, high = np.quantile(paths, [tail, 1 - tail], axis=0)
    months = np.column_stack([value, np.minimum(low, value), np.maximum(high, value)])
    total, (least, largest) = value.sum(), np.quantile(paths.sum(axis=1), [tail, 1 - tail])
    return months, np.array([total, min(least, total), max(largest, total)])
