"""Calibration: what was counted each month against what a model says, the held-out months shaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from audit.plots import theme


@theme.rc()
def calibration(
    months: Sequence[date], counted: npt.ArrayLike, model: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike, *,
    held_out: npt.ArrayLike, month: Callable[[date], str], number: Callable[[float], str],
    y: str, counted_text: str, model_text: str, held_out_text: str,
    width: float = theme.HALF, height: float = 45,
) -> Figure:
    """One dot per month (M,) for what was ``counted``, a line and band for the ``model``.

    ``held_out`` (M,) marks the last months, which the model has not seen.
    """
    counted, model, low, high = (np.asarray(part, float) for part in (counted, model, low, high))
    held = np.asarray(held_out, bool)
    at = np.arange(len(months))
    figure, (ax,) = theme.canvas(width, height)
    for part in (~held, held):
        # The model is fitted once and then carried on: the line breaks where its knowledge ends.
        ax.fill_between(at[part], low[part], high[part], color=theme.BAND, lw=0, alpha=0.8)
        ax.plot(at[part], model[part], color=theme.NAVY, lw=1.3)
    ax.plot(at, counted, "o", color=theme.INK, ms=3.4)
    top = float(np.nanmax(np.concatenate([counted, high, [1.0]]))) * 1.3
    ax.set_ylim(0, top)
    ax.set_xlim(-0.5, len(months) - 0.5)
    if held.any():
        start = int(np.flatnonzero(held)[0]) - 0.5
        ax.axvspan(start, len(months) - 0.5, color="#F1F3F5", lw=0, zorder=0)
        theme.note(ax, (start + len(months) - 0.5) / 2, 0.98 * top, held_out_text, ha="center", va="top", size=7.2)
    theme.note(ax, 0.02 * len(months), 0.955 * top, counted_text, color=theme.INK, weight="semibold")
    theme.note(ax, 0.02 * len(months), 0.875 * top, model_text, color=theme.NAVY, weight="semibold")
    step = max(1, int(np.ceil(len(months) / 5)))
    shown = at[::step]
    ax.set_xticks(shown, [month(months[i]) for i in shown])
    ax.yaxis.set_major_locator(MaxNLocator(5))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    ax.set_title(y, fontsize=7.6, fontweight="normal", color=theme.INK2, pad=3)
    return figure
