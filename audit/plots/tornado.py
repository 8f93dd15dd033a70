"""Tornado: how far the outcome moves when one assumption moves over its range, widest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import ArrayLike

from audit.plots import theme


@theme.rc()
def tornado(
    words: Sequence[str],
    low: ArrayLike,
    high: ArrayLike,
    *,
    signed: Callable[[float], str],
    ranges: Sequence[str] | None = None,
    most: int = 8,
    width: float = theme.HALF,
    height: float | None = None,
) -> Figure:
    """Bars from ``low`` (n,) to ``high`` (n,), both changes of the outcome against no change at 0.

    ``words`` name the assumptions, ``ranges`` the span each was moved over (a second line). Sorted by
    swing, the ``most`` widest are drawn; the bad side is grey, the good side navy.
    """
    bad, good = np.asarray(low, float), np.asarray(high, float)
    order = np.argsort(-(good - bad), kind="stable")[:most]
    bad, good = bad[order], good[order]
    figure, (ax,) = theme.canvas(width, height if height is not None else 14 + 7.2 * len(order))
    y = np.arange(len(order))[::-1]
    ax.barh(y, np.minimum(bad, 0), height=0.58, color=theme.GREY)
    ax.barh(y, np.maximum(good, 0), height=0.58, color=theme.NAVY)
    reach = max(np.abs(bad).max(), np.abs(good).max()) or 1.0
    for at, least, greatest in zip(y, bad, good, strict=True):
        for value, left in ((least, True), (greatest, False)):
            if abs(value) > 0.004 * reach:
                ax.annotate(
                    signed(value), (value, at), xytext=(-2.5 if left else 2.5, 0), textcoords="offset points",
                    ha="right" if left else "left", va="center", fontsize=7.2, fontweight="normal" if left else "semibold",
                )
    ax.axvline(0, color=theme.INK, lw=0.9)
    names = [words[i] if ranges is None else f"{words[i]}\n{ranges[i]}" for i in order]
    ax.set_yticks(y, names)
    ax.tick_params(axis="y", labelsize=7, labelcolor=theme.INK2)
    ax.set_xlim(min(bad.min(), 0) - 0.5 * reach, max(good.max(), 0) + 0.5 * reach)
    ax.set_ylim(-0.6, len(order) - 0.4)
    ax.grid(False)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 2.5, 5, 10]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: signed(value)))
    return figure
