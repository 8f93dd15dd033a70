"""Staffing of a desk by half-hours: people a service level needs against people there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from audit.models.proportions import poisson_rate
from audit.models.waiting import abandoned, half_hours, people_needed

HALF_HOUR_SECONDS = 1800.0


@dataclass(frozen=True)
class Staffing:
    """``cells``: one row per weekday and half-hour with calls. Person-hours and hours are per week.

    Columns of ``cells``: weekday (0 = Monday), slot (0 … 47), calls and missed per day, load (people talking),
    needed, there, and whether it is short. ``short_hours`` (3,): hours a week with fewer people than needed, at the calls counted and
    at their bounds. ``expected_missed`` (3,): share of calls given up in these hours if
    everybody there took calls, at the patience and at its bounds.
    """

    cells: pd.DataFrame
    needed_hours: float
    there_hours: float
    short_hours: tuple[float, float, float]
    expected_missed: tuple[float, float, float] | None


def staffing(
    calls: pd.DataFrame, *, days: pd.DataFrame, shifts: pd.DataFrame | None, handling_seconds: float,
    within_seconds: float, share: float, patience_seconds: tuple[float, float, float] | None, level: float,
) -> Staffing:
    """People needed to answer ``share`` of calls ``within_seconds`` (Erlang C by half-hour) and people on the rota.

    ``calls``: weekday, slot, calls, missed over all days; ``days``: weekday, days; ``shifts``: weekday,
    start_minute, end_minute, n over the same days, None without a rota. Calls within a half-hour are taken as
    Poisson at a steady rate; bursts need more than this says.
    """
    cells = calls.merge(days, on="weekday")
    low, high = poisson_rate(cells.calls, cells.days, level)
    rates = {"value": cells.calls / cells.days, "low": low, "high": high}

    def need(rate: np.ndarray) -> np.ndarray:
        loads = rate * handling_seconds / HALF_HOUR_SECONDS
        return np.array([people_needed(x, handling_seconds=handling_seconds, within_seconds=within_seconds, share=share) for x in loads])

    needed = {name: need(np.asarray(rate, float)) for name, rate in rates.items()}
    there = np.full(len(cells), np.nan)
    if shifts is not None:
        grid = _on_rota(shifts, days)
        there = grid[cells.weekday, cells.slot]
    cells = pd.DataFrame({
        "weekday": cells.weekday, "slot": cells.slot, "calls": rates["value"], "missed": cells.missed / cells.days,
        "load": rates["value"] * handling_seconds / HALF_HOUR_SECONDS, "needed": needed["value"], "there": there,
        "short": _short(there, needed["value"]),
    })
    short = {name: float(_short(there, number).sum() / 2) for name, number in needed.items()}
    expected = None
    if shifts is not None and patience_seconds is not None and len(cells):
        least, middle, most = sorted(patience_seconds)
        expected = (_given_up(cells, handling_seconds, middle), _given_up(cells, handling_seconds, most),
                    _given_up(cells, handling_seconds, least))
    return Staffing(cells, float(needed["value"].sum() / 2), float(np.nansum(there) / 2),
                    (short["value"], short["low"], short["high"]), expected)


def _short(there: np.ndarray, needed: np.ndarray) -> np.ndarray:
    """Fewer than needed; a shift that begins a minute late is not a person short."""
    return np.asarray(there < needed - 0.05)


def _given_up(cells: pd.DataFrame, handling_seconds: float, patience_seconds: float) -> float:
    lost = [abandoned(round(people), load, handling_seconds=handling_seconds, patience_seconds=patience_seconds)
            for people, load in zip(cells.there, cells.load, strict=True)]
    return float(np.average(lost, weights=cells.calls))


def _on_rota(shifts: pd.DataFrame, days: pd.DataFrame) -> np.ndarray:
    """People there, (7, 48), on a mean open day of each weekday; the part of a shift after midnight is left out."""
    grid, count = np.zeros((7, 48)), days.set_index("weekday").days
    for weekday, rows in shifts.groupby("weekday"):
        if weekday in count.index:
            end = np.minimum(rows.end_minute, 1440.0)
            grid[int(weekday)] = half_hours(rows.start_minute, end, rows.n / count[weekday])
    return grid
