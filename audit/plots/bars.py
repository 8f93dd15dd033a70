"""Horizontal bars: one per thing, on a track, with a whisker and a line for the practical ceiling."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import ArrayLike

from audit.plots import theme

TRACK = "#E9EDF0"


@theme.rc()
def bars(
    values: ArrayLike,
    *,
    names: Sequence[str],
    texts: Sequence[str],
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
    accent: Sequence[bool] = (),
    track: float | None = None,
    ceiling: float | None = None,
    ceiling_text: str = "",
    earlier: ArrayLike | None = None,
    earlier_text: str = "",
    tick: Callable[[float], str] = str,
    ticks: Sequence[float] | None = None,
    width: float = theme.MAIN,
    height: float | None = None,
) -> Figure:
    """Bars of ``values`` (n,) from the top down, ``texts`` (n) at their right end.

    ``low``/``high`` (n,) are whiskers, NaN for none; ``accent`` (n) colours a bar rust; ``track`` is the
    length of a pale bar behind each (1 for shares); ``ceiling`` a dashed line with its words; ``earlier``
    (n,) a hollow tick for the value before, named once by ``earlier_text``. ``tick`` prints axis numbers
    at ``ticks`` (five at most if not given). A value that is NaN has no bar and only its text. Sizes are
    millimetres; the height follows the number of bars.
    """
    x = np.asarray(values, dtype=np.float64)
    n = x.size
    y = np.arange(n)[::-1]
    lower, upper = (np.full(n, np.nan) if bound is None else np.asarray(bound, dtype=np.float64) for bound in (low, high))
    past = np.full(n, np.nan) if earlier is None else np.asarray(earlier, dtype=np.float64)
    colours = np.where(np.resize(np.asarray(accent, dtype=bool), n) if len(accent) else np.zeros(n, dtype=bool),
                       theme.RUST, theme.NAVY)
    figure, (ax,) = theme.canvas(width, height if height is not None else 12.0 + 6.2 * n)
    if track is not None:
        ax.barh(y, track, height=0.56, color=TRACK, linewidth=0)
    ax.barh(y, np.nan_to_num(x), height=0.56, color=colours, linewidth=0)
    ax.hlines(y, lower, upper, color=theme.INK, linewidth=1.3, zorder=3)
    ax.plot(np.r_[lower, upper], np.r_[y, y], "|", color=theme.INK, markersize=4, markeredgewidth=1.1, zorder=3)
    ax.plot(past, y, "D", markersize=4.2, markerfacecolor="white", markeredgecolor=theme.INK2, markeredgewidth=1.0, zorder=4)
    reach = np.nanmax(np.r_[x, upper, past, [track or 0.0, ceiling or 0.0, 0.0]])
    reach = reach if reach > 0 else 1.0
    after = 1.05 if np.isfinite(past).any() else 1.02
    for at, words in zip(y, texts, strict=True):
        ax.text(after * reach, at, words, va="center", ha="left", fontweight="semibold", fontsize=8.2, color=theme.INK)
    if ceiling is not None:
        ax.plot([ceiling, ceiling], [-0.45, n - 0.3], color=theme.MUTED, linewidth=0.8, linestyle=(0, (2, 2)), zorder=2)
        theme.note(ax, ceiling, n - 0.22, ceiling_text, ha="center", va="bottom", size=7.2)
    if np.isfinite(past).any() and earlier_text:
        first = int(np.flatnonzero(np.isfinite(past))[0])
        theme.note(ax, float(past[first]), y[first] + 0.36, earlier_text, ha="center", va="bottom", size=7.2)
    room_above = 0.35 + 0.55 * bool(ceiling_text or earlier_text)
    ax.set_ylim(-0.5, n - 1 + 0.15 + room_above)
    ax.set_xlim(0, reach * 1.02)
    ax.set_yticks(y, list(names))
    if ticks is None:
        ax.xaxis.set_major_locator(MaxNLocator(5, min_n_ticks=2))
    else:
        ax.set_xticks(list(ticks))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))
    theme.bare(ax)
    ax.tick_params(axis="y", labelsize=8, labelcolor=theme.INK)
    return figure
