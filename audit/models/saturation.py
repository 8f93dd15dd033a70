"""Diminishing returns: the saturating curve of one channel, fitted only if its data can show one.

calls of a week ~ Poisson(exp(s(t)) · x / (x + k)), x the week's spend, k the spend at which half of
what can be reached is reached (Michaelis–Menten; the Hill curve with exponent one). The level s(t) is
piecewise linear with a knot every quarter: seasons, a new site or a new campaign move it, so k rests
on weeks of unlike spend within a quarter. A curve with a fixed level would read growth of both spend
and calls as “no saturation”.

Spend that follows demand (an aggregator paid by the booking) fits a straight line perfectly and means
nothing: such channels must not be given to this function.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]
Gate = Literal["fitted", "too_few_weeks", "flat_spend", "too_few_calls", "no_shape"]
"""Why there is no curve, or “fitted”."""

QUARTER = 13
"""Weeks between the knots of the level."""

WIDEST = 0.7
"""A marginal-to-average ratio known no better than this (of the 0 … 1 it can be) is no knowledge of shape."""


@dataclass(frozen=True)
class Saturation:
    """One channel's curve.

    ``gate`` is “fitted” or the reason for an average only; then all below are NaN. ``half_spend`` is k
    with ``half_low``, ``half_high`` (the latter infinite when a straight line is not excluded), in money
    a week; ``level`` is exp(s) at the last weeks, in calls a week; ``spend`` the present money a week;
    ``share`` is marginal over average return at present spend, k / (x + k), with its bounds in 0 … 1.
    """

    gate: Gate
    weeks: int
    spend: float
    half_spend: float = float("nan")
    half_low: float = float("nan")
    half_high: float = float("nan")
    level: float = float("nan")
    share: float = float("nan")
    share_low: float = float("nan")
    share_high: float = float("nan")
    dispersion: float = float("nan")

    def calls(self, spend: Array, half: float | None = None) -> Array:
        """Expected calls a week at ``spend`` a week; with another ``half`` the curve still passes through today."""
        k = self.half_spend if half is None else half
        today = self.level * self.spend / (self.spend + self.half_spend)
        if np.isinf(k):
            return today * np.asarray(spend, float) / self.spend
        return today * (self.spend + k) / self.spend * np.asarray(spend, float) / (np.asarray(spend, float) + k)


def fit(
    *, spend: Array, calls: Array, level: float, least_weeks: int = 26, least_variation: float = 0.20, least_calls: int = 100,
    present_weeks: int = 8,
) -> Saturation:
    """Fit one channel from weekly ``spend`` and ``calls`` (weeks,), in order; weeks off count for the gate only.

    Gates: ``least_weeks`` weeks with spend, coefficient of variation of spend at least
    ``least_variation`` within quarters, ``least_calls`` calls, and a profile interval of the
    marginal-to-average ratio narrower than ``WIDEST``.
    """
    spend, calls = np.asarray(spend, float), np.asarray(calls, float)
    on = spend > 0
    x, y, time = spend[on], calls[on], np.arange(spend.size, dtype=float)[on]
    present = float(x[-present_weeks:].mean()) if x.size else float("nan")
    if x.size < least_weeks:
        return Saturation("too_few_weeks", int(x.size), present)
    if _variation(x, time) < least_variation:
        return Saturation("flat_spend", int(x.size), present)
    if y.sum() < least_calls:
        return Saturation("too_few_calls", int(x.size), present)
    return _curve(x, y, time, present, level)


def _variation(x: Array, time: Array) -> float:
    """Coefficient of variation of spend around its own slow level, which is what k can be learnt from."""
    basis = _basis(time)
    slow = basis @ np.linalg.lstsq(basis, x, rcond=None)[0]
    return float(np.std(x - slow) / x.mean())


def _basis(time: Array) -> Array:
    span = time[-1] - time[0]
    knots = np.linspace(time[0], time[-1], 2 + max(0, int(span // QUARTER) - 1))
    return np.column_stack([np.interp(time, knots, row) for row in np.eye(knots.size)])


def _curve(x: Array, y: Array, time: Array, present: float, level: float) -> Saturation:
    basis = _basis(time)
    shares = np.linspace(0.01, 0.995, 120)
    fits = [_level_given(present * share / (1 - share), x, y, basis) for share in shares]
    deviance = np.array([item[0] for item in fits])
    best = int(np.argmin(deviance))
    half = present * shares[best] / (1 - shares[best])
    _, coefficients, fitted = fits[best]
    df = max(x.size - basis.shape[1] - 1, 1)
    dispersion = max(float(((y - fitted) ** 2 / np.maximum(fitted, 1e-9)).sum() / df), 1.0)
    inside = shares[(deviance - deviance[best]) / dispersion <= stats.f.ppf(level, 1, df)]
    low, high = float(inside.min()), float(inside.max())
    low, high = (0.0 if low <= shares[0] else low), (1.0 if high >= shares[-1] else high)
    if high - low >= WIDEST:
        return Saturation("no_shape", int(x.size), present)
    tail = basis[-8:] @ coefficients
    return Saturation(
        "fitted", int(x.size), present, half, present * low / (1 - low),
        float("inf") if high >= 1 else present * high / (1 - high),
        float(np.exp(tail.mean())), float(shares[best]), low, high, dispersion,
    )


def _level_given(half: float, x: Array, y: Array, basis: Array) -> tuple[float, Array, Array]:
    """Deviance, level coefficients and fitted calls at a given k: Newton on the Poisson likelihood."""
    offset = np.log(x / (x + half))
    coefficients = np.linalg.lstsq(basis, np.log(y + 0.5) - offset, rcond=None)[0]
    ridge = 1e-8 * np.eye(basis.shape[1])
    for _ in range(30):
        fitted = np.exp(np.clip(basis @ coefficients + offset, -30, 30))
        step = np.linalg.solve((basis.T * fitted) @ basis + ridge, basis.T @ (y - fitted))
        coefficients = coefficients + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-9:
            break
    fitted = np.exp(np.clip(basis @ coefficients + offset, -30, 30))
    terms = np.where(y > 0, y * np.log(np.maximum(y, 1e-12) / fitted), 0.0) - (y - fitted)
    return float(2 * terms.sum()), coefficients, fitted
