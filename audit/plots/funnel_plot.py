"""Funnel plot: rates of units against their size, with the limits of chance (Spiegelhalter 2005)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from audit.plots import theme

WIDE, NEAR = "#EAF0F3", "#D5E3EA"


@theme.rc()
def funnel_plot(
    n: npt.ArrayLike, rate: npt.ArrayLike, *,
    names: Sequence[str], marked: Sequence[bool], hollow: Sequence[bool], centre: float, centre_text: str,
    limits_n: npt.ArrayLike, near: tuple[npt.ArrayLike, npt.ArrayLike], wide: tuple[npt.ArrayLike, npt.ArrayLike],
    usual: tuple[npt.ArrayLike, npt.ArrayLike] | None = None, usual_text: str = "",
    limits_text: str, x: str, number: Callable[[float], str],
    width: float = theme.HALF, height: float = 66,
) -> Figure:
    """``n`` and ``rate`` (D,): one mark per unit; ``marked`` units are rust diamonds and named, ``hollow`` ones
    rest on too few cases.

    ``near`` and ``wide`` are (low, high) of the 95 and 99.8 % limits at sizes ``limits_n``; ``usual`` are the
    99.8 % limits widened by the usual difference between units, drawn dashed.
    """
    n, rate, at = np.asarray(n, float), np.asarray(rate, float), np.asarray(limits_n, float)
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
                color="white" if hollow[i] else color, mec=color if hollow[i] else "white", mew=0.9)
    _name(ax, n, rate, names, np.asarray(marked, bool) & known, right, top - bottom)
    theme.note(ax, right * 0.985, centre + 0.012 * (top - bottom), centre_text, ha="right", va="bottom",
               color=theme.NAVY, size=7.4)
    theme.note(ax, right * 0.985, bottom + 0.045 * (top - bottom), limits_text, ha="right", size=7.2, color=theme.MUTED)
    if usual is not None and usual_text:
        theme.note(ax, right * 0.985, bottom + 0.115 * (top - bottom), usual_text, ha="right", size=7.2, color=theme.MUTED)
    ax.set_xlabel(x)
    ax.yaxis.set_major_locator(MaxNLocator(6))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    return figure


def _view(rate: npt.NDArray[np.float64], centre: float, near, wide, at, n) -> tuple[float, float]:
    """All marks and the funnel as it is at the smaller units, not the mouth at n → 0."""
    small = float(np.quantile(n, 0.2)) if len(n) else float(at[-1])
    mouth = int(np.argmin(np.abs(at - small)))
    bounds = [centre, *rate, *(float(np.asarray(bound)[mouth]) for bound in (*wide, *near))]
    low, high = min(bounds), max(bounds)
    pad = 0.16 * (high - low) or 0.05
    return max(low - pad, 0.0), high + 0.5 * pad


def _name(ax, n, rate, names, marked, right, span) -> None:
    """Names of the marked units beside their marks; the upper of two close ones goes up, the lower down."""
    placed: list[tuple[float, float]] = []
    for i in np.argsort(-rate):
        if not marked[i]:
            continue
        height = rate[i]
        while any(abs(height - h) < 0.055 * span and abs(n[i] - x) < 0.16 * right for x, h in placed):
            height -= 0.02 * span
        placed.append((n[i], height))
        left_side = n[i] > 0.86 * right
        theme.note(ax, n[i] + (-0.02 if left_side else 0.02) * right, height, names[i], color=theme.RUST, weight="semibold",
                   ha="right" if left_side else "left", size=7.4)
