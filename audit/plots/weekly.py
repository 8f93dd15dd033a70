"""Weekly: series of a few units around something that happened to one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import date2num
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import ArrayLike

from audit.plots import theme
from audit.plots.curve import AMBER_WORDS


@dataclass(frozen=True)
class Unit:
    """One unit's counts (n,) by week; ``expected`` (n,) is what it would have been without the event."""

    words: str
    values: ArrayLike
    expected: ArrayLike | None = None
    accent: bool = False


@dataclass(frozen=True)
class Span:
    """Weeks of the event: first and last day (inclusive) and its words."""

    start: date
    end: date
    words: str


@theme.rc()
def weekly(
    weeks: Sequence[date],
    units: Sequence[Unit],
    *,
    spans: Sequence[Span],
    number: Callable[[float], str],
    month: Callable[[date], str],
    words_y: str,
    words_expected: str = "",
    width: float = theme.FULL,
    height: float = 44.0,
) -> Figure:
    """One line per unit; ``weeks`` (n,) are Mondays in order, NaN leaves a gap.

    The accented unit is rust, the others grey to navy; its ``expected`` is a dashed line, drawn only
    inside the spans, so that the gap between the two is the effect. Names stand at the right ends.
    """
    figure, (ax,) = theme.canvas(width, height)
    x = np.array([date2num(week) + 3 for week in weeks])
    for span in spans:
        ax.axvspan(date2num(span.start), date2num(span.end) + 1, color=theme.AMBER, alpha=0.22, lw=0)
    colors = iter((theme.NAVY, theme.SKY, theme.GREY, theme.MUTED, theme.INK2) * 4)
    ends = []
    for unit in units:
        color = theme.RUST if unit.accent else next(colors)
        y = np.asarray(unit.values, float)
        ax.plot(x, y, "-o", color=color, lw=1.4 if unit.accent else 1.1, ms=2.6)
        seen = np.flatnonzero(np.isfinite(y))
        if seen.size:
            ends.append((float(y[seen[-4:]].mean()), unit.words, color))
        if unit.expected is not None:
            _expected(ax, x, np.asarray(unit.expected, float), spans, words_expected)
    _scale(ax, x, weeks, number, month)
    low, high = ax.get_ylim()
    for span in spans:
        middle = (date2num(span.start) + date2num(span.end) + 1) / 2
        theme.note(ax, middle, high - 0.02 * (high - low), span.words, color=AMBER_WORDS, ha="center", va="top",
                   fontweight="semibold")
    gap, at = (high - low) * 0.11, -np.inf
    for value, words, color in sorted(ends):
        at = max(value, at + gap)
        ax.annotate(words, (x[-1], at), xytext=(6, 0), textcoords="offset points", va="center", fontsize=7.6,
                    color=color, fontweight="semibold", annotation_clip=False)
    ax.set_title(words_y, fontsize=7.6, fontweight="normal", color=theme.INK2, pad=3)
    return figure


def _expected(ax: Axes, x: np.ndarray, expected: np.ndarray, spans: Sequence[Span], words: str) -> None:
    for number, span in enumerate(spans):
        inside = (x >= date2num(span.start)) & (x <= date2num(span.end) + 1)
        ax.plot(x[inside], expected[inside], color=theme.INK2, lw=1.3, ls=(0, (3, 1.6)), zorder=4)
        if words and not number and inside.any():
            last = np.flatnonzero(inside)[-1]
            ax.annotate(words, (x[last], expected[last]), xytext=(10, -9), textcoords="offset points", ha="left", va="top",
                        fontsize=7.4, color=theme.INK2, path_effects=theme.HALO)


def _scale(
    ax: Axes, x: np.ndarray, weeks: Sequence[date], number: Callable[[float], str], month: Callable[[date], str],
) -> None:
    _, high = ax.get_ylim()
    ax.set_ylim(0, high * 1.14)
    ax.set_xlim(x[0] - 4, x[-1] + 4)
    ax.yaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 2.5, 5, 10]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    starts = [i for i, week in enumerate(weeks) if week.day <= 7]
    chosen = starts[:: max(1, -(-len(starts) // 7))]
    ax.set_xticks(x[chosen], [month(weeks[i]) for i in chosen])
