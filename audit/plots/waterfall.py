"""Waterfall: from one total to another, step by step; the whisker at the end is the interval of the whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import ArrayLike

from audit.plots import theme

WIDTH = 0.62
VISIBLE = 4.0
"""The axis is cut when the smallest total is so many times the span of the steps."""


@dataclass(frozen=True)
class Whisker:
    """Interval of the last total."""

    low: float
    high: float


@theme.rc()
def waterfall(
    words: Sequence[str],
    steps: ArrayLike,
    *,
    start: tuple[str, float],
    end: str,
    number: Callable[[float], str],
    signed: Callable[[float], str],
    whisker: Whisker | None = None,
    accent: int | None = None,
    width: float = theme.FULL,
    height: float = 46.0,
) -> Figure:
    """``start`` (words, amount), then each step added or taken off, then the total named ``end``.

    ``words`` and ``steps`` (n,) in one order; negative steps are hatched. ``accent`` is the position of
    a step drawn in rust. ``number`` words totals and the axis, ``signed`` the steps. The total is the
    sum of start and steps, so the bars always meet. Where the steps would be too small to see beside the
    totals, the axis is cut and the totals carry a break at their foot.
    """
    amounts = np.asarray(steps, dtype=np.float64)
    totals = start[1] + np.concatenate([[0.0], np.cumsum(amounts)])
    figure, (ax,) = theme.canvas(width, height)
    ax.bar(0, start[1], width=WIDTH, color=theme.GREY)
    last = len(amounts) + 1
    ax.bar(last, totals[-1], width=WIDTH, color=theme.NAVY)
    for i, amount in enumerate(amounts):
        negative = amount < 0
        color = theme.RUST if i == accent else theme.NAVY
        ax.bar(
            i + 1, amount, bottom=totals[i], width=WIDTH, color="white" if negative else color,
            edgecolor=color if negative else "white", hatch="////" if negative else None, linewidth=0.7,
        )
    for i, total in enumerate(totals):
        ax.plot([i + WIDTH / 2, i + 1 - WIDTH / 2], [total, total], color=theme.MUTED, lw=0.6)
    spread = (whisker.low, whisker.high) if whisker is not None else (totals[-1], totals[-1])
    _scale(ax, [*totals, *spread], number, breaks=(0, last))
    _amounts(ax, start[1], amounts, totals, number, signed)
    _total(ax, last, totals[-1], whisker, number)
    names = [start[0], *words, end]
    room = width / (len(names) + 1.5)
    ax.set_xticks(range(last + 1), [_wrapped(name, room) for name in names])
    ax.set_xlim(-0.55, last + (0.95 if whisker is not None else 0.55))
    ax.tick_params(axis="x", length=0, labelsize=7.4)
    return figure


def _scale(ax: Axes, reached: Sequence[float], number: Callable[[float], str], breaks: tuple[int, int]) -> None:
    low, high = min(reached), max(reached)
    is_cut = low > VISIBLE * (high - low) > 0
    foot = low - 0.7 * (high - low) if is_cut else min(low, 0.0)
    top = max(high, 0.0)
    size = (top - foot) or 1.0
    ax.set_ylim(foot - (0.12 * size if foot < 0 else 0.0), top + 0.14 * size)
    ax.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    if foot < 0:
        ax.axhline(0, color=theme.INK2, lw=0.7)
    if is_cut:
        for at in breaks:
            for level in (foot + 0.10 * size, foot + 0.16 * size):
                ax.plot([at - WIDTH / 2 - 0.06, at + WIDTH / 2 + 0.06], [level, level + 0.05 * size], color="white", lw=2.2, zorder=4)


def _amounts(
    ax: Axes, start: float, amounts: np.ndarray, totals: np.ndarray,
    number: Callable[[float], str], signed: Callable[[float], str],
) -> None:
    _above(ax, 0, max(start, 0.0), number(start))
    for i, amount in enumerate(amounts):
        _above(ax, i + 1, max(totals[i], totals[i + 1]), signed(amount))


def _total(ax: Axes, at: int, total: float, whisker: Whisker | None, number: Callable[[float], str]) -> None:
    if whisker is None:
        _above(ax, at, max(total, 0.0), number(total))
        return
    ax.errorbar(
        at, total, yerr=[[max(total - whisker.low, 0.0)], [max(whisker.high - total, 0.0)]], color=theme.RUST,
        lw=1.6, capsize=3, capthick=1.4,
    )
    low, high = ax.get_ylim()
    gap = (high - low) * 0.085
    beside = at + WIDTH / 2 + 0.08
    theme.note(ax, beside, total, number(total), color=theme.INK, size=8, fontweight="semibold")
    theme.note(ax, beside, max(whisker.high, total + gap), number(whisker.high), size=7.4)
    theme.note(ax, beside, min(whisker.low, total - gap), number(whisker.low), size=7.4)


def _above(ax: Axes, x: float, y: float, words: str) -> None:
    ax.annotate(
        words, (x, y), xytext=(0, 2), textcoords="offset points", ha="center", va="bottom", fontsize=7.8,
        fontweight="semibold", color=theme.INK,
    )


def _wrapped(words: str, room: float) -> str:
    """``words`` broken into lines of at most ``room`` millimetres (a 7.4 pt letter is about 1.3 mm)."""
    most, lines = max(6, int(room / 1.3)), [""]
    for word in words.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > most:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)
