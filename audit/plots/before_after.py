"""Before and after: a few weekly series around the change of each, and what each would have been without it."""

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

PANEL_HEIGHT = 26.0
"""Millimetres."""


@dataclass(frozen=True)
class Panel:
    """One series (n,) by ``weeks`` (Mondays). ``expected``, ``low``, ``high`` (n,) are NaN before the change.

    ``words`` say what is measured, ``number`` prints it; ``accent`` marks a change that shows.
    """

    name: str
    words: str
    weeks: Sequence[date]
    observed: ArrayLike
    expected: ArrayLike
    low: ArrayLike
    high: ArrayLike
    number: Callable[[float], str]
    accent: bool = False


@theme.rc()
def before_after(
    panels: Sequence[Panel], *, month: Callable[[date], str], expected_words: str, width: float = theme.HALF,
) -> Figure:
    """One panel below the other, each on its own scale from zero; a line where the change came, the band what would have been."""
    figure, axes = theme.canvas(width, PANEL_HEIGHT * max(len(panels), 1), rows=max(len(panels), 1))
    for number, (ax, panel) in enumerate(zip(axes, panels, strict=False)):
        _panel(ax, panel, month, expected_words if number == 0 else "")
    return figure


def _panel(ax: Axes, panel: Panel, month: Callable[[date], str], words: str) -> None:
    x = np.array([date2num(week) for week in panel.weeks]) + 3.0
    observed, expected, low, high = (np.asarray(part, float) for part in (panel.observed, panel.expected, panel.low, panel.high))
    color, after = theme.RUST if panel.accent else theme.NAVY, np.isfinite(expected)
    ax.plot(x, observed, "-", color=theme.GREY, lw=0.6, zorder=2)
    ax.plot(x[~after], observed[~after], "o", ms=1.9, color=theme.MUTED, mec="none", zorder=3)
    ax.fill_between(x[after], low[after], high[after], color=theme.BAND, lw=0, alpha=0.9, zorder=1)
    ax.plot(x[after], expected[after], ls=(0, (3, 1.6)), color=theme.INK2, lw=1.3, zorder=4)
    ax.plot(x[after], observed[after], "o", ms=3, color=color, mec="white", mew=0.3, zorder=5)
    ax.axvline(x[after].min() - 3.5, color=color, lw=0.9, zorder=2)
    top = float(np.nanmax([np.nanmax(observed), min(np.nanmax(high), 1.6 * np.nanmax(observed))])) * 1.12 or 1.0
    ax.set_ylim(0, top)
    ax.set_title(panel.name, color=color, fontsize=8.2, pad=4)
    ax.text(1, 1.04, panel.words, transform=ax.transAxes, ha="right", va="bottom", fontsize=7.2, color=theme.INK2)
    if words:
        theme.note(ax, x[after].min() - 6, float(np.nanmin(low)) * 0.62, words, ha="right", size=7.0)
    ends = [panel.weeks[0], panel.weeks[int(np.argmax(after))], panel.weeks[-1]]
    ax.set_xticks([date2num(day) for day in ends[:2]], [month(day) for day in ends[:2]])
    ax.yaxis.set_major_locator(MaxNLocator(2, min_n_ticks=2))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: panel.number(value)))
