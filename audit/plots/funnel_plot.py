"""Funnel plot: rates of units against their size, with the limits of chance (Spiegelhalter 2005)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from audit.plots import theme

Floats = npt.NDArray[np.float64]
Bounds = tuple[npt.ArrayLike, npt.ArrayLike]
WIDE, NEAR = "#EAF0F3", "#D5E3EA"


@theme.rc()
def funnel_plot(
    n: npt.ArrayLike, rate: npt.ArrayLike, *,
    names: Sequence[str], marked: npt.ArrayLike, centre: float, centre_text: str,
    limits_n: npt.ArrayLike, near: Bounds, wide: Bounds, usual: Bounds | None = None, usual_text: str = "",
    limits_text: str, x: str, number: Callable[[float], str],
    width: float = theme.HALF, height: float = 50,
) -> Figure:
    """``n`` and ``rate`` (D,): one mark per unit; ``marked`` units are rust diamonds and named.

    ``near`` and ``wide`` are (low, high) of the 95 and 99.8 % limits at sizes ``limits_n``; ``usual`` are the
    99.8 % limits widened by the usual difference between units, drawn dashed.
    """
    n, rate, at = np.asarray(n, float), np.asarray(rate, float), np.asarray(limits_n, float)
    marked = np.asarray(marked, bool)
    figure, (ax,) = theme.canvas(width, height)
    for (low, high), color in ((wide, WIDE), (near, NEAR)):
        ax.fill_between(at, low, high, color=color, lw=0)
    if usual is not None:
        for bound in usual:
            ax.plot(at, bound, color=theme.MUTED, lw=0.8, ls=(0, (3, 2)))
    ax.axhline(centre, color=theme.NAVY, lw=1)
    known = np.isfinite(rate)
    bottom, top = _view(rate[known], centre, near, wide, at, n[known])
    right = float(n.max(initial=1)) * 1.08
    ax.set_xlim(0, right)
    ax.set_ylim(bottom, top)
    for i in np.flatnonzero(known):
        color = theme.RUST if marked[i] else theme.NAVY
        ax.plot(n[i], rate[i], "D" if marked[i] else "o", ms=6 if marked[i] else 5.2, zorder=4, clip_on=False,
                color=color, mec="white", mew=0.9)
    span = top - bottom
    _name(ax, n[known], rate[known], [name for name, seen in zip(names, known, strict=True) if seen],
          marked[known], right, span)
    near_line = np.abs(rate - centre - 0.03 * span) < 0.06 * span
    free = [x for x in (0.985, 0.75, 0.5) if not (near_line & (np.abs(n - (x - 0.09) * right) < 0.12 * right)).any()]
    theme.note(ax, right * (free or [0.985])[0], centre + 0.012 * span, centre_text, ha="right", va="bottom",
               color=theme.NAVY, size=7.4)
    theme.note(ax, right * 0.985, bottom + 0.04 * span, limits_text, ha="right", size=7.2, color=theme.MUTED)
    if usual is not None and usual_text and np.any((np.asarray(usual) > bottom) & (np.asarray(usual) < top)):
        theme.note(ax, right * 0.985, bottom + 0.105 * span, usual_text, ha="right", size=7.2, color=theme.MUTED)
    ax.set_xlabel(x)
    ax.yaxis.set_major_locator(MaxNLocator(6))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    return figure


def _view(
    rate: Floats, centre: float, near: Bounds, wide: Bounds, at: Floats, n: Floats
) -> tuple[float, float]:
    """All marks and the funnel as it is at the smaller units, not the mouth at n → 0; room below for words."""
    small = float(np.quantile(n, 0.2)) if len(n) else float(at[-1])
    mouth = int(np.argmin(np.abs(at - small)))
    bounds = [centre, *rate, *(float(np.asarray(bound)[mouth]) for bound in (*wide, *near))]
    low, high = min(bounds), max(bounds)
    pad = high - low or 0.05
    return low - 0.22 * pad, high + 0.08 * pad


def _name(
    ax: Axes, n: Floats, rate: Floats, names: Sequence[str], marked: npt.NDArray[np.bool_], right: float, span: float
) -> None:
    """Names of the marked units on that side of their marks where no mark and no other name stands."""
    taken = [(x / right, y / span) for x, y in zip(n, rate, strict=True)]
    for i in (int(k) for k in np.flatnonzero(marked)):
        x, y = n[i] / right, rate[i] / span
        wide = 0.022 * max(len(names[i]), 3)
        sides = [(0.025, 0.0, "left"), (-0.025, 0.0, "right"), (0.0, 0.055, "center"), (0.0, -0.055, "center")]
        best = max(sides, key=lambda side: _room(x, y, side, wide, taken, i))
        dx, dy, align = best
        theme.note(ax, (x + dx) * right, (y + dy) * span, names[i], color=theme.RUST, weight="semibold", ha=align, size=7.4)
        taken.append((x + dx + {"left": 0.5, "right": -0.5, "center": 0.0}[align] * wide, y + dy))


def _room(
    x: float, y: float, side: tuple[float, float, str], wide: float, taken: Sequence[tuple[float, float]], own: int
) -> float:
    """Distance of a name at ``side`` of its mark to the nearest other thing; the frame's edge is a thing too."""
    dx, dy, align = side
    centre = x + dx + {"left": 0.5, "right": -0.5, "center": 0.0}[align] * wide
    if centre + wide / 2 > 1 or centre - wide / 2 < 0:
        return -1.0
    gaps = [
        max((abs(px - centre) - wide / 2) / 0.03, abs(py - (y + dy)) / 0.05) for k, (px, py) in enumerate(taken) if k != own
    ]
    return min([1.0, *gaps])
