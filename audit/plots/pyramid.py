"""Age pyramid: women to the left, men to the right, residents as a line, a wash on the ages spoken of."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from audit.plots import theme


@theme.rc()
def pyramid(
    left: ArrayLike,
    right: ArrayLike,
    *,
    edges: ArrayLike,
    bands: Sequence[str],
    left_name: str,
    right_name: str,
    tick: Callable[[float], str],
    left_line: ArrayLike | None = None,
    right_line: ArrayLike | None = None,
    line_name: str = "",
    wash: tuple[float, float] | None = None,
    wash_text: str = "",
    width: float = theme.HALF,
    height: float = 74.0,
) -> Figure:
    """Shares ``left`` and ``right`` (n,) of bands of equal width between ``edges`` (n + 1,), youngest first.

    ``left_line``/``right_line`` (n,) draw the comparison as a step line called ``line_name``; ``wash``
    shades the ages from … to … with its words at the right. ``tick`` prints axis numbers. NaN is a band
    that is not shown. Sizes are millimetres.
    """
    a, b = (np.asarray(x, dtype=np.float64) for x in (left, right))
    edge = np.asarray(edges, dtype=np.float64)
    middle, tall = (edge[:-1] + edge[1:]) / 2, np.diff(edge) * 0.84
    lines = [np.asarray(x, dtype=np.float64) for x in (left_line, right_line) if x is not None]
    reach = float(np.nanmax(np.concatenate([a, b, *lines, [0.0]]))) or 1.0
    span = edge[-1] - edge[0]
    limit = reach * (1.75 if line_name or wash_text else 1.35)
    figure, (ax,) = theme.canvas(width, height)
    if wash is not None:
        ax.axhspan(*wash, color=theme.AMBER, alpha=0.18, linewidth=0, zorder=0)
        theme.note(ax, limit * 0.985, (wash[0] + wash[1]) / 2, wash_text, ha="right", size=7.4, color=theme.INK,
                   fontweight="semibold")
    ax.barh(middle, -np.nan_to_num(a), height=tall, color=theme.RUST, alpha=0.92, linewidth=0)
    ax.barh(middle, np.nan_to_num(b), height=tall, color=theme.NAVY, linewidth=0)
    for line, side in ((left_line, -1.0), (right_line, 1.0)):
        if line is not None:
            ax.plot(side * np.repeat(np.asarray(line, dtype=np.float64), 2), np.repeat(edge, 2)[1:-1],
                    color=theme.INK, linewidth=1.1)
    if lines and line_name:
        theme.note(ax, -limit * 0.985, edge[0] + span * 0.72, line_name, size=7.2)
    ax.axvline(0, color="white", linewidth=1)
    above = edge[-1] + span * 0.03
    ax.text(-limit * 0.985, above, left_name, color=theme.RUST, fontweight="semibold", fontsize=8, va="bottom")
    ax.text(limit * 0.985, above, right_name, color=theme.NAVY, fontweight="semibold", fontsize=8, ha="right", va="bottom")
    ax.set_yticks(middle, list(bands))
    ax.set_xlim(-limit, limit)
    ax.set_ylim(edge[0] - span * 0.01, edge[-1] + span * 0.09)
    steps = [step for step in MaxNLocator(2, min_n_ticks=2).tick_values(0, reach) if 0 < step <= reach * 1.01]
    places = [-step for step in steps[::-1]] + [0.0, *steps]
    ax.set_xticks(places, [tick(abs(place)) for place in places])
    ax.grid(False)
    ax.tick_params(axis="y", labelsize=7)
    return figure
