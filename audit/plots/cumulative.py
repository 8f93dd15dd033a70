"""Cumulative: what one unit has brought by each age, with its band, one line over another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import ArrayLike

from audit.plots import theme


@dataclass(frozen=True)
class Line:
    """One curve (P,) with its band and the words at its end."""

    value: ArrayLike
    low: ArrayLike
    high: ArrayLike
    words: str


@dataclass(frozen=True)
class Aside:
    """A figure that must not be compared with the lines: hollow, in grey, with its words."""

    x: float
    y: float
    words: str


@theme.rc()
def cumulative(
    ages: ArrayLike, lines: Sequence[Line], *, marks: Sequence[float] = (), number_x: Callable[[float], str],
    number_y: Callable[[float], str], x: str, y: str, aside: Aside | None = None, width: float = theme.HALF,
    height: float = 45.0,
) -> Figure:
    """One or two ``lines`` over ``ages`` (P,), the first dark and the second grey; NaN ends a line.

    At ``marks`` the first line carries a dot. Sizes are millimetres.
    """
    at = np.asarray(ages, float)
    figure, (ax,) = theme.canvas(width, height)
    top = 0.0
    for line, color, wash in zip(lines, (theme.NAVY, theme.MUTED), (theme.BAND, "#E8EBEE"), strict=False):
        value, low, high = (np.asarray(part, float) for part in (line.value, line.low, line.high))
        known = np.isfinite(value)
        if not known.any():
            continue
        ax.fill_between(at, low, high, color=wash, lw=0, alpha=0.9)
        ax.plot(at, value, color=color)
        top = max(top, float(np.nanmax(high)))
        last = int(np.flatnonzero(known)[-1])
        ax.annotate(line.words, (at[last], value[last]), xytext=(-2, 5), textcoords="offset points", ha="right", va="bottom",
                    fontsize=7.6, fontweight="semibold", color=color, path_effects=theme.HALO)
        if color == theme.NAVY:
            seen = [mark for mark in marks if at[0] <= mark <= at[last]]
            ax.plot(seen, np.interp(seen, at[known], value[known]), "o", ms=4.2, color=color, mec="white", mew=0.7, zorder=5)
    if aside is not None:
        ax.plot([aside.x], [aside.y], "o", ms=5, mfc="white", mec=theme.MUTED, mew=1.1, zorder=5)
        drawn = [part for part in (np.asarray(line.value, float) for line in lines) if np.isfinite(part).any()]
        floor = min((float(np.interp(aside.x, at, np.nan_to_num(part))) for part in drawn), default=aside.y)
        # under the curves if the words fit between them and the axis, else in the free corner above
        fits = 0.88 * floor > (1 + aside.words.count("\n")) * 3.2 / (height - 14) * 1.16 * max(top, aside.y)
        at_y = 0.88 * floor if fits else 1.12 * max(top, aside.y)
        ax.annotate(aside.words, (aside.x, aside.y), xytext=(aside.x, at_y), ha="center", va="top", fontsize=7.2,
                    color=theme.INK2, path_effects=theme.HALO, zorder=4, arrowprops={"arrowstyle": "-", "color": theme.MUTED, "lw": 0.7})
        top = max(top, aside.y)
    ax.set_xlim(at[0], at[-1])
    ax.set_ylim(0, (top or 1.0) * 1.16)
    ax.set_xticks(list(marks) or ax.get_xticks())
    ax.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number_x(value)))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number_y(value)))
    ax.set_xlabel(x)
    ax.set_title(y, fontsize=7.6, fontweight="normal", color=theme.INK2, pad=3)
    return figure
