"""Reliability: how often something happened against the chance a model had given it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from audit.plots import theme


@theme.rc()
def reliability(
    predicted: npt.ArrayLike, seen: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike, *,
    number: Callable[[float], str], x: str, y: str, agree: str, off: str,
    width: float = theme.HALF, height: float = 45,
) -> Figure:
    """One dot per group (K,) with its interval; on the dashed line a model keeps its word.

    Groups whose interval misses the line are rust; ``agree`` names the line, ``off`` the rust ones if there are any.
    """
    predicted, seen, low, high = (np.asarray(part, float) for part in (predicted, seen, low, high))
    figure, (ax,) = theme.canvas(width, height)
    top = min(1.0, 1.12 * float(max(predicted.max(initial=0.05), high.max(initial=0.05))))
    ax.plot([0, top], [0, top], color=theme.MUTED, lw=0.9, ls=(0, (3, 2)), zorder=1)
    missed = (predicted < low) | (predicted > high)
    for which, color in ((~missed, theme.NAVY), (missed, theme.RUST)):
        ax.vlines(predicted[which], low[which], high[which], color=color, lw=1.6, zorder=2)
        ax.plot(predicted[which], seen[which], "o", color=color, ms=4.2, zorder=3)
    theme.note(ax, 0.03 * top, 0.97 * top, agree, va="top", color=theme.MUTED, size=7.2)
    if missed.any():
        theme.note(ax, 0.97 * top, 0.04 * top, off, ha="right", va="bottom", color=theme.RUST, size=7.2)
    ax.set_xlim(0, top)
    ax.set_ylim(0, top)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(5))
        axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    ax.set_xlabel(x)
    ax.set_title(y, fontsize=7.6, fontweight="normal", color=theme.INK2, pad=3)
    return figure
