"""Small multiples: what each of a few things gives for what is put in, on common axes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import ArrayLike

from audit.plots import theme

RUST_BAND = "#F0DDD3"
MOST = 6
"""Panels on one row of the page; more would be too narrow to read."""


@dataclass(frozen=True)
class Line:
    """A fitted curve: ``x``, ``y`` and its band ``low``, ``high``, all (n,); ``slope`` at today's dot."""

    x: ArrayLike
    y: ArrayLike
    low: ArrayLike
    high: ArrayLike
    slope: float


@dataclass(frozen=True)
class Panel:
    """One thing: what was observed (``x``, ``y``, both (n,)), where it is today, its curve if there is one.

    Without a curve a grey dashed ray from zero through today shows the average and nothing more.
    """

    name: str
    words: str
    x: ArrayLike
    y: ArrayLike
    today: tuple[float, float]
    line: Line | None = None
    accent: bool = False


@theme.rc()
def multiples(
    panels: Sequence[Panel],
    *,
    number_x: Callable[[float], str],
    number_y: Callable[[float], str],
    words_x: str,
    width: float = theme.FULL,
    height: float = 48.0,
) -> Figure:
    """One panel per thing, at most ``MOST``, sharing both axes; a rust panel is the one to look at."""
    shown = list(panels)[:MOST]
    figure, axes = theme.canvas(width, height, columns=max(len(shown), 1), sharex=True, sharey=True)
    for panel, ax in zip(shown, axes, strict=False):
        _panel(ax, panel)
    _scale(axes, shown, number_x, number_y)
    figure.supxlabel(words_x, fontsize=7.6, color=theme.INK2)
    return figure


def _panel(ax: Axes, panel: Panel) -> None:
    color = theme.RUST if panel.accent else theme.NAVY
    x, y = np.asarray(panel.x, float), np.asarray(panel.y, float)
    today = panel.today
    if panel.line is not None:
        line = panel.line
        ax.fill_between(np.asarray(line.x, float), np.asarray(line.low, float), np.asarray(line.high, float),
                        color=RUST_BAND if panel.accent else theme.BAND, lw=0, alpha=0.85)
        ax.plot(np.asarray(line.x, float), np.asarray(line.y, float), color=color, lw=1.7)
        reach = np.array([0.55, 1.55]) * today[0]
        ax.plot(reach, today[1] + line.slope * (reach - today[0]), color=theme.INK, lw=1.1, ls=(0, (3, 1.6)))
    else:
        # a ray says average, and only as far as the spend seen
        end = max(today[0], x.max(initial=0.0)) * 1.05
        ax.plot([0, end], [0, today[1] / today[0] * end if today[0] else 0.0], color=theme.MUTED, lw=1.0, ls=(0, (3, 2)))
    ax.plot(x, y, "o", ms=2.3, color=color, alpha=0.45, mec="none")
    ax.plot(*today, "o", ms=6.5, color=color, mec="white", mew=1.1, zorder=5)
    ax.set_title(panel.name, color=color, fontsize=8.8, pad=14)
    ax.text(0, 1.04, panel.words, transform=ax.transAxes, ha="left", va="bottom", fontsize=7.4, color=theme.INK)


def _scale(
    axes: Sequence[Axes], panels: Sequence[Panel], number_x: Callable[[float], str], number_y: Callable[[float], str],
) -> None:
    right, top = (
        max((max(np.asarray(part, float).max(initial=0.0), now) for part, now in pairs), default=1.0) or 1.0
        for pairs in ([(p.x, p.today[0]) for p in panels], [(p.y, p.today[1]) for p in panels])
    )
    first = axes[0]
    first.set_xlim(0, right * 1.06)
    first.set_ylim(0, top * 1.08)
    first.xaxis.set_major_locator(MaxNLocator(nbins=2, steps=[1, 2, 2.5, 5, 10]))
    first.yaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 2.5, 5, 10]))
    first.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number_x(value)))
    first.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number_y(value)))
