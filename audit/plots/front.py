"""Front: units by two measures at once, each with its interval, and the edge that nobody betters."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from audit.plots import theme

Number = Callable[[float], str]


@theme.rc()
def front(
    across: npt.ArrayLike, up: npt.ArrayLike, *,
    names: Sequence[str], marked: npt.ArrayLike, hollow: npt.ArrayLike, on_front: npt.ArrayLike,
    middle: tuple[float, float], middle_text: str, front_text: str, hollow_text: str, x: str, y: str,
    x_number: Number, y_number: Number, width: float = theme.HALF, height: float = 56,
) -> Figure:
    """``across`` and ``up`` (D, 3) value, low, high; crosses of intervals around one mark per unit, all named.

    ``marked`` units are rust diamonds, ``hollow`` ones outlines; ``on_front`` units are joined by a teal line.
    ``middle`` are the levels of the two thin lines that make quadrants.
    """
    a, b = np.asarray(across, float), np.asarray(up, float)
    rust, open_, edge = (np.asarray(part, bool) for part in (marked, hollow, on_front))
    figure, (ax,) = theme.canvas(width, height)
    ax.axvline(middle[0], color=theme.RULE, lw=1, zorder=0)
    ax.axhline(middle[1], color=theme.RULE, lw=1, zorder=0)
    order = np.flatnonzero(edge)[np.argsort(a[edge, 0], kind="stable")]
    ax.plot(a[order, 0], b[order, 0], color=theme.TEAL, lw=1.1, ls=(0, (3, 2)), zorder=1)
    for i in range(len(a)):
        color = theme.RUST if rust[i] else theme.NAVY
        ax.hlines(b[i, 0], a[i, 1], a[i, 2], color=color, lw=0.9, alpha=0.75, zorder=2)
        ax.vlines(a[i, 0], b[i, 1], b[i, 2], color=color, lw=0.9, alpha=0.75, zorder=2)
        ax.plot(a[i, 0], b[i, 0], "D" if rust[i] else "o", ms=5.4, mfc="white" if open_[i] else color, mec=color,
                mew=1.1, zorder=3)
    left, right = _view(a, middle[0])
    bottom, top = _view(b, middle[1])
    ax.set_xlim(left, right)
    ax.set_ylim(bottom, top)
    place = np.c_[(a[:, 0] - left) / (right - left), (b[:, 0] - bottom) / (top - bottom)]
    for i, (dx, dy, align) in enumerate(_sides(place)):
        theme.note(ax, a[i, 0] + dx * (right - left), b[i, 0] + dy * (top - bottom), names[i], ha=align, size=7.4,
                   color=theme.RUST if rust[i] else theme.INK2, weight="semibold" if rust[i] else "normal")
    theme.note(ax, left + 0.012 * (right - left), middle[1] + 0.025 * (top - bottom), middle_text, size=7, color=theme.MUTED)
    words = [text for text, drawn in ((front_text, len(order) > 1), (hollow_text, bool(open_.any()))) if text and drawn]
    across_at, up_at, align, side = _corner(place)
    theme.note(ax, left + across_at * (right - left), bottom + up_at * (top - bottom), "\n".join(words), ha=align, va=side,
               size=7, color=theme.MUTED)
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    for axis, number in ((ax.xaxis, x_number), (ax.yaxis, y_number)):
        axis.set_major_locator(MaxNLocator(5))
        axis.set_major_formatter(FuncFormatter(lambda value, _, number=number: number(value)))
    return figure


def _view(part: npt.NDArray[np.float64], middle: float) -> tuple[float, float]:
    low, high = min(float(part.min()), middle), max(float(part.max()), middle)
    pad = high - low or abs(high) or 1.0
    return low - 0.12 * pad, high + 0.08 * pad


def _corner(place: npt.NDArray[np.float64]) -> tuple[float, float, str, str]:
    """The corner farthest from all marks, for the words that explain."""
    corners = [(x, y, "left" if x < 0.5 else "right", "bottom" if y < 0.5 else "top") for x in (0.985, 0.015) for y in (0.02, 0.98)]
    return max(corners, key=lambda at: float(np.hypot((place[:, 0] - at[0]) / 1.6, place[:, 1] - at[1]).min()))


def _sides(place: npt.NDArray[np.float64]) -> list[tuple[float, float, str]]:
    """For each name the quarter beside its mark that lies farthest from the other marks and names."""
    taken, sides = [tuple(at) for at in place], []
    for i, (px, py) in enumerate(place):
        quarters = [(0.02, 0.035, "left"), (-0.02, 0.035, "right"), (0.02, -0.035, "left"), (-0.02, -0.035, "right")]

        def room(quarter: tuple[float, float, str], px: float = px, py: float = py, i: int = i) -> float:
            at = (px + quarter[0] + (0.035 if quarter[2] == "left" else -0.035), py + quarter[1])
            if not 0 < at[0] < 1:
                return -1.0
            gaps = [max(abs(at[0] - x) / 0.09, abs(at[1] - y) / 0.05) for k, (x, y) in enumerate(taken) if k != i]
            return min([1.2, *gaps])

        best = max(quarters, key=room)
        sides.append(best)
        taken.append((px + best[0] + (0.035 if best[2] == "left" else -0.035), py + best[1]))
    return sides
