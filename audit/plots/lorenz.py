"""Lorenz curve: how much the most valuable bring, cut into a few bands."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from audit.plots import theme


@theme.rc()
def lorenz(
    share: npt.ArrayLike, total: npt.ArrayLike, *,
    cuts: Sequence[float], number: Callable[[float], str], among: str, equal_text: str, x: str, y: str,
    width: float = theme.HALF, height: float = 45,
) -> Figure:
    """``share`` of units, most valuable first, and the ``total`` they bring; both (P,) from 0 to 1, rising.

    ``cuts`` (at most four) end the shaded bands; each is marked and told in the free corner as
    “10 % ``among`` 54 %”. ``x`` and ``y`` name the axes, ``equal_text`` the diagonal.
    """
    share, total = np.asarray(share, float), np.asarray(total, float)
    figure, (ax,) = theme.canvas(width, height)
    edges = [0.0, *cuts, 1.0]
    for left, right, color in zip(edges[:-1], edges[1:], theme.LADDER, strict=False):
        inside = np.unique(np.concatenate([[left, right], share[(share > left) & (share < right)]]))
        ax.fill_between(inside, 0, np.interp(inside, share, total), color=color, lw=0)
    ax.plot([0, 1], [0, 1], color="white", lw=1.6)
    ax.plot([0, 1], [0, 1], color=theme.MUTED, lw=0.9, ls=(0, (3, 2)))
    ax.plot(share, total, color=theme.INK, lw=1.3)
    reached = np.interp(cuts, share, total)
    ax.plot(cuts, reached, "o", ms=4, color=theme.INK, zorder=4)
    floor = 0.06 + 0.11 * (len(cuts) - 1)
    for place, (cut, amount) in enumerate(zip(cuts, reached, strict=True)):
        level = floor - 0.11 * place
        theme.note(ax, 0.985, level, number(float(amount)), ha="right", size=8, color=theme.INK, weight="semibold")
        theme.note(ax, 0.86, level, among, ha="right", size=7.4)
        theme.note(ax, 0.56, level, number(float(cut)), ha="right", size=8, color=theme.INK, weight="semibold")
    theme.note(ax, 0.985, floor + 0.11, equal_text, ha="right", size=7.2, color=theme.MUTED)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1])
    ax.set_yticks([0, 0.25, 0.5, 0.75, 1])
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1.02)
    ax.set_xlabel(x)
    ax.set_title(y, fontsize=7.6, fontweight="normal", color=theme.INK2, pad=3)
    ax.grid(False)
    return figure
