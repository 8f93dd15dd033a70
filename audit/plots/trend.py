"""Trend: a monthly series with its usual range, the events that fell into it and what changed after them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import ArrayLike, NDArray

from audit.plots import theme

Floats = NDArray[np.float64]
WASH = "#E4EDF2"


@dataclass(frozen=True)
class UsualRange:
    """Centre line and control limits that hold from ``start`` to ``end`` (days, half-open).

    ``words`` stand above the range, or ``below`` it.
    """

    start: date
    end: date
    centre: float
    low: float
    high: float
    words: str = ""
    below: bool = False


@dataclass(frozen=True)
class OtherLine:
    """A second series on the same months, for comparison: it recedes."""

    words: str
    values: ArrayLike
    color: str = theme.MUTED


@theme.rc()
def trend(
    months: Sequence[date],
    values: ArrayLike,
    *,
    number: Callable[[float], str],
    month: Callable[[date], str],
    ranges: Sequence[UsualRange] = (),
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
    marked: ArrayLike | None = None,
    events: Sequence[tuple[date, str]] = (),
    others: Sequence[OtherLine] = (),
    marks: Sequence[date] = (),
    marks_text: str = "",
    words: str = "",
    goal: float | None = None,
    from_zero: bool = False,
    width: float = theme.HALF,
    height: float = 44.0,
) -> Figure:
    """One value per month as a line with dots.

    ``months`` (n,) first days in order; ``values`` (n,), NaN leaves a gap. ``low`` and ``high`` (n,)
    draw an interval band; ``ranges`` are control limits; ``marked`` (n,) booleans turn dots to rust.
    ``events`` are (day, words) drawn as dashed lines, ``marks`` days drawn as small triangles at the foot,
    explained once by ``marks_text``; ``others`` are labelled at their last value, as
    is the main line when it has ``words``. ``number`` and ``month`` make the words of the axes.
    """
    figure, (ax,) = theme.canvas(width, height)
    x = np.array([_position(day) for day in months])
    y = np.asarray(values, dtype=np.float64)
    _ranges(ax, ranges)
    if low is not None and high is not None:
        ax.fill_between(x, np.asarray(low, float), np.asarray(high, float), color=theme.BAND, lw=0, alpha=0.8)
    if goal is not None:
        ax.axhline(goal, color=theme.TEAL, lw=1.1, ls=(0, (4, 2)))
    for other in others:
        ax.plot(x, np.asarray(other.values, float), color=other.color, lw=1.2)
    small = len(x) > 30
    ax.plot(x, y, "-o", color=theme.NAVY, ms=2.4 if small else 3.6, lw=1.3)
    if marked is not None:
        chosen = np.asarray(marked, bool) & np.isfinite(y)
        ax.plot(x[chosen], y[chosen], "o", color=theme.RUST, ms=3.6 if small else 4.8, zorder=4)
    ax.set_xlim(x[0] - 0.7, x[-1] + 0.7)
    _scale(ax, number, from_zero, room=bool(events))
    _events(ax, events, x)
    _marks(ax, marks, marks_text)
    _months(ax, months, x, month, width)
    named = [(y, words, theme.NAVY)] if words else []
    _ends(ax, x, [*named, *((np.asarray(o.values, float), o.words, o.color) for o in others)])
    return figure


def _position(day: date) -> float:
    """Months since year 0; a day inside a month lies between two dots."""
    return day.year * 12 + day.month - 1 + (day.day - 1) / 31


def _ranges(ax: Axes, ranges: Sequence[UsualRange]) -> None:
    for usual in ranges:
        ends = [_position(usual.start) - 0.5, _position(usual.end) - 0.5]
        ax.fill_between(ends, usual.low, usual.high, color=WASH, lw=0)
        ax.plot(ends, [usual.centre] * 2, color=theme.NAVY, lw=0.9)
        if usual.words:
            edge, side = (usual.low, "top") if usual.below else (usual.high, "bottom")
            theme.note(ax, ends[0] + 0.3, edge, usual.words, color=theme.MUTED, size=7.2, va=side)


def _scale(ax: Axes, number: Callable[[float], str], from_zero: bool, room: bool) -> None:
    low, high = ax.get_ylim()
    if from_zero:
        low = min(low, 0.0)
    # a quarter more on top, so that the words of events stand above the line
    ax.set_ylim(low, high + (high - low) * (0.24 if room else 0.04))
    ax.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    if low < 0 < high:
        ax.axhline(0, color=theme.INK2, lw=0.7)


def _events(ax: Axes, events: Sequence[tuple[date, str]], x: Floats) -> None:
    middle = (x[0] + x[-1]) / 2
    for day, words in events:
        place = _position(day) - 0.5 if day.day == 1 else _position(day)
        ax.axvline(place, color=theme.RUST, lw=0.9, ls=(0, (3, 2)))
        left = place > middle
        ax.annotate(
            words, (place, 1.0), xycoords=("data", "axes fraction"), xytext=(-3 if left else 3, -1),
            textcoords="offset points", ha="right" if left else "left", va="top", fontsize=7.4,
            color=theme.RUST, fontweight="semibold", path_effects=theme.HALO, annotation_clip=False,
        )


def _marks(ax: Axes, marks: Sequence[date], words: str) -> None:
    places = [_position(day) - 0.5 for day in marks]
    foot = ax.get_xaxis_transform()
    ax.plot(places, [0.035] * len(places), "^", color=theme.RUST, ms=4, mew=0, transform=foot, clip_on=False, zorder=5)
    if places and words:
        ax.annotate(
            words, (min(places), 0.035), xycoords=foot, xytext=(-5, 0), textcoords="offset points", ha="right", va="center",
            fontsize=7.2, color=theme.RUST, path_effects=theme.HALO,
        )


def _months(ax: Axes, months: Sequence[date], x: Floats, month: Callable[[date], str], width: float) -> None:
    most = max(2, int(width / 19))
    for step in (1, 2, 3, 6, 12, 24, 60):
        chosen = [i for i, day in enumerate(months) if (day.month - 1) % min(step, 12) == 0 and (step <= 12 or day.year % (step // 12) == 0)]
        if len(chosen) <= most:
            break
    chosen = chosen or [0]
    ax.set_xticks(x[chosen], [month(months[i]) for i in chosen])


def _ends(ax: Axes, x: Floats, lines: Sequence[tuple[Floats, str, str]]) -> None:
    """Names of lines at their right ends, pushed apart where they would touch."""
    ends = [(y[np.isfinite(y)][-1], words, color) for y, words, color in lines if words and np.isfinite(y).any()]
    low, high = ax.get_ylim()
    gap, at = (high - low) * 0.1, -np.inf
    for value, words, color in sorted(ends, key=lambda end: (end[0], end[1])):
        at = max(value, at + gap)
        ax.annotate(
            words, (x[-1] + 0.5, at), xytext=(3, 0), textcoords="offset points", ha="left", va="center",
            fontsize=7.4, color=color, fontweight="semibold", annotation_clip=False,
        )
