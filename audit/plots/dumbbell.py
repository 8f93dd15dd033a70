"""Dumbbells: two shares of each thing, a ring and a dot, with their difference at the right end."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import ArrayLike

from audit.plots import theme


@theme.rc()
def dumbbell(
    ring: ArrayLike,
    dot: ArrayLike,
    *,
    names: Sequence[str],
    differences: Sequence[str],
    ring_name: str,
    dot_name: str,
    tick: Callable[[float], str],
    width: float = theme.HALF,
    height: float = 74.0,
) -> Figure:
    """``ring`` and ``dot`` (n,) of each of ``names``, from the top down; words ``differences`` (n,) beside them.

    A dot right of its ring is navy, the others recede. ``ring_name`` and ``dot_name`` stand over the
    first pair. NaN leaves a pair out but keeps its name. Sizes are millimetres.
    """
    a, b = (np.asarray(x, dtype=np.float64) for x in (ring, dot))
    n = a.size
    y = np.arange(n)[::-1]
    reach = float(np.nanmax(np.r_[a, b, 0.0])) or 1.0
    figure, (ax,) = theme.canvas(width, height)
    for at, x0, x1, words in zip(y, a, b, differences, strict=True):
        if not (np.isfinite(x0) and np.isfinite(x1)):
            continue
        more = x1 > x0
        ax.plot([x0, x1], [at, at], color=theme.NAVY if more else theme.GREY, linewidth=2, zorder=2)
        ax.plot(x0, at, "o", markersize=5.6, markerfacecolor="white", markeredgecolor=theme.MUTED, markeredgewidth=1.2, zorder=3)
        ax.plot(x1, at, "o", markersize=6, color=theme.NAVY if more else theme.MUTED, zorder=3)
        ax.text(max(x0, x1) + reach * 0.04, at, words, va="center", fontsize=7.8, fontweight="semibold",
                color=theme.NAVY if more else theme.MUTED)
    if n and np.isfinite(a[0]) and np.isfinite(b[0]):
        _head(ax, float(a[0]), float(b[0]), y[0] + 0.45, reach, ring_name, dot_name)
    ax.set_yticks(y, list(names))
    ax.set_ylim(-0.6, n - 0.5 + max(1.0, 0.14 * n))
    ax.set_xlim(0, reach * 1.22)
    ax.xaxis.set_major_locator(MaxNLocator(3, min_n_ticks=2))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))
    ax.grid(True, axis="x")
    ax.grid(False, axis="y")
    return figure


def _head(ax: Axes, ring: float, dot: float, height: float, reach: float, ring_name: str, dot_name: str) -> None:
    """The two names over the first pair, pushed apart when the marks are close."""
    close = abs(dot - ring) < 0.3 * reach
    left, right = ("right", "left") if ring <= dot else ("left", "right")
    theme.note(ax, ring, height, ring_name, ha=left if close else "center", va="bottom", size=7.2)
    theme.note(ax, dot, height, dot_name, ha=right if close else "center", va="bottom", size=7.2, color=theme.NAVY,
               fontweight="semibold")
