"""Control charts as small multiples: one unit's share by week, its mean and the range of chance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import ArrayLike

from audit.plots import theme

PER_ROW = 6
"""Panels side by side: narrower ones could not carry two dates below."""


class Panel(NamedTuple):
    """One unit.

    ``at`` (k,) positions on the common time axis; ``values``, ``low``, ``high`` (k,) the value and the
    range of chance round ``centre``; ``is_open`` (k,) where the value may still change (hollow);
    ``accent`` draws it rust.
    """

    name: str
    at: ArrayLike
    values: ArrayLike
    low: ArrayLike
    high: ArrayLike
    centre: float
    is_open: ArrayLike
    accent: bool = False


@theme.rc()
def control(
    panels: Sequence[Panel],
    *,
    span: int,
    ends: tuple[str, str],
    goal: float | None = None,
    goal_text: str = "",
    tick: Callable[[float], str] = str,
    most: float | None = None,
    width: float = theme.FULL,
    height: float | None = None,
) -> Figure:
    """``panels`` on common axes: time 0 … ``span`` − 1 named at its ``ends``, values from 0 up to ``most``.

    ``goal`` is a dashed line, named once by ``goal_text`` (last panel, top right). Settled points outside their range are
    ringed. Sizes are millimetres; the height follows the number of rows.
    """
    across = min(max(len(panels), 3), PER_ROW)
    rows = -(-len(panels) // across)
    figure, axes = theme.canvas(width, height if height is not None else 33.0 * rows, rows=rows, columns=across, sharey=True, sharex=True)
    reach = most if most is not None else _reach(panels, goal)
    for ax, panel in zip(axes, panels, strict=False):
        _panel(ax, panel, span)
        if goal is not None:
            ax.axhline(goal, color=theme.TEAL, linewidth=0.8, linestyle=(0, (3, 2)), zorder=2)
        ax.set_title(panel.name, color=theme.RUST if panel.accent else theme.NAVY, fontsize=8.2, pad=3)
        ax.set_xlim(-0.8, span - 0.2)
        ax.set_ylim(0, reach)
        ax.set_xticks([0, span - 1] if span > 1 else [0], list(ends) if span > 1 else [ends[0]])
        for label, side in zip(ax.get_xticklabels(), (0, 1), strict=False):
            label.set_horizontalalignment("right" if side else "left")
        ax.yaxis.set_major_locator(MaxNLocator(5, min_n_ticks=2))
        ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))
        ax.tick_params(labelbottom=True)
    for ax in axes[len(panels):]:
        ax.set_visible(False)
    if goal is not None and goal_text and panels:
        theme.note(axes[len(panels) - 1], span - 1, reach, goal_text, color=theme.TEAL, size=7.0, ha="right", va="top")
    return figure


def _panel(ax: Axes, panel: Panel, span: int) -> None:
    at, values, low, high = (np.asarray(part, dtype=np.float64) for part in (panel.at, panel.values, panel.low, panel.high))
    open_, seen = np.asarray(panel.is_open, dtype=bool), np.isfinite(values)
    colour, band = (theme.RUST, "#F3E3DA") if panel.accent else (theme.NAVY, "#E4EDF2")
    if seen.any():
        ax.fill_between(at, low, high, step="mid", color=band, linewidth=0, zorder=1)
        ax.plot([at[seen].min() - 0.5, at[seen].max() + 0.5], [panel.centre] * 2, color=colour, linewidth=0.9, zorder=2)
        settled = seen & ~open_
        ax.plot(at[settled], values[settled], "-", color=colour, linewidth=0.8, zorder=3)
        ax.plot(at[settled], values[settled], "o", color=colour, markersize=2, zorder=3)
        ax.plot(at[seen & open_], values[seen & open_], "o", markersize=2.6, markerfacecolor="white", markeredgecolor=colour,
                markeredgewidth=0.7, zorder=3)
        out = settled & ((values < low) | (values > high))
        ax.plot(at[out], values[out], "o", markersize=5.2, markerfacecolor="none", markeredgecolor=theme.RUST,
                markeredgewidth=0.9, zorder=4)


def _reach(panels: Sequence[Panel], goal: float | None) -> float:
    parts = [np.asarray(part, dtype=np.float64) for panel in panels for part in (panel.values, panel.high)]
    everything = np.concatenate([*parts, [0.0 if goal is None else goal]])
    seen = everything[np.isfinite(everything)]
    return min(1.05, float(seen.max(initial=0)) * 1.08) or 1.0
