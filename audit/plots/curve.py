"""Curve: how one amount moves with another, with its band, what was observed, and how far it was tried."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import ArrayLike

from audit.plots import theme

AMBER_WORDS = "#7A5200"
"""Amber dark enough to read on its own wash."""


@dataclass(frozen=True)
class Dot:
    """One thing observed; ``words`` are written beside it, ``accent`` makes it the one the title is about."""

    x: float
    y: float
    words: str = ""
    accent: bool = False


@theme.rc()
def curve(
    x: ArrayLike,
    y: ArrayLike,
    *,
    low: ArrayLike,
    high: ArrayLike,
    number_x: Callable[[float], str],
    number_y: Callable[[float], str],
    words_x: str,
    words_y: str,
    tested: tuple[float, float] | None = None,
    words_tested: str = "",
    dots: Sequence[Dot] = (),
    today: tuple[float, str] | None = None,
    caption: str = "",
    zero_line: bool = False,
    width: float = theme.HALF,
    height: float = 56.0,
) -> Figure:
    """``y`` over ``x`` (n,), with the band ``low`` … ``high`` (n,).

    ``tested`` is the range of ``x`` that was tried: an amber wash, and outside of it the line is dashed
    and the band fainter. ``today`` is a place on x and its words. ``zero_line`` for changes. The y axis
    is cut to what the line and the dots need, so that a wide band does not flatten them.
    """
    x, y, low, high = (np.asarray(values, dtype=np.float64) for values in (x, y, low, high))
    figure, (ax,) = theme.canvas(width, height)
    inside = np.ones(x.size, bool) if tested is None else (x >= tested[0] - 1e-9) & (x <= tested[1] + 1e-9)
    if tested is not None:
        ax.axvspan(*tested, color=theme.AMBER, alpha=0.20, lw=0)
    ax.fill_between(x, low, high, color=theme.BAND, lw=0, alpha=0.5)
    ax.fill_between(x, low, high, where=inside, color=theme.BAND, lw=0, alpha=0.9)
    ax.plot(x, y, color=theme.NAVY, lw=1.2, ls=(0, (2, 2)))
    ax.plot(np.where(inside, x, np.nan), y, color=theme.NAVY)
    for dot in dots:
        color = theme.RUST if dot.accent else theme.NAVY
        ax.plot(dot.x, dot.y, "o", color=color, mec="white", mew=0.8, ms=6 if dot.accent else 5, zorder=5)
    if zero_line:
        ax.axhline(0, color=theme.INK2, lw=0.8)
    _scale(ax, x, y, low, high, dots, number_x, number_y)
    _words(ax, x, tested, words_tested, today, caption, dots)
    ax.set_xlabel(words_x)
    ax.set_title(words_y, fontsize=7.6, fontweight="normal", color=theme.INK2, pad=3)
    return figure


def _scale(
    ax: Axes, x: np.ndarray, y: np.ndarray, low: np.ndarray, high: np.ndarray, dots: Sequence[Dot],
    number_x: Callable[[float], str], number_y: Callable[[float], str],
) -> None:
    reached = np.concatenate([y, [dot.y for dot in dots]])
    size = np.ptp(reached) or abs(reached[0]) or 1.0
    bottom = max(low.min(), reached.min() - 0.9 * size)
    top = min(high.max(), reached.max() + 0.9 * size)
    room = (top - bottom) or size
    ax.set_ylim(bottom - 0.06 * room, top + 0.20 * room)
    ax.set_xlim(x[0], x[-1])
    ax.xaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]))
    ax.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number_x(value)))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number_y(value)))


def _words(
    ax: Axes, x: np.ndarray, tested: tuple[float, float] | None, words_tested: str, today: tuple[float, str] | None,
    caption: str, dots: Sequence[Dot],
) -> None:
    low, high = ax.get_ylim()
    if tested is not None and words_tested:
        theme.note(ax, sum(tested) / 2, high - 0.02 * (high - low), words_tested, color=AMBER_WORDS, ha="center",
                   va="top", fontweight="semibold")
    if today is not None:
        place, words = today
        ax.axvline(place, color=theme.MUTED, lw=0.8, ls=(0, (2, 2)))
        left = place > x[0] + 0.7 * (x[-1] - x[0])
        ax.annotate(words, (place, low), xytext=(-3 if left else 3, 4), textcoords="offset points",
                    ha="right" if left else "left", va="bottom", fontsize=7.4, color=theme.INK2, path_effects=theme.HALO)
    if caption:
        ax.annotate(caption, (0, 0), xycoords="axes fraction", xytext=(5, 4), textcoords="offset points", ha="left",
                    va="bottom", fontsize=7.8, fontweight="semibold", color=theme.NAVY, path_effects=theme.HALO)
    for dot in dots:
        if dot.words:
            right = dot.x < x[0] + 0.6 * (x[-1] - x[0])
            ax.annotate(dot.words, (dot.x, dot.y), xytext=(6 if right else -6, 4), textcoords="offset points",
                        ha="left" if right else "right", va="bottom", fontsize=7.4, path_effects=theme.HALO,
                        color=theme.RUST if dot.accent else theme.NAVY)
