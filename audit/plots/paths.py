"""Paths: the commonest ways as rows of steps, with what is known of each at the right."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from numpy.typing import ArrayLike

from audit.plots import theme

PALE = "#E4EBF0"
LETTER = 1.28
"""Millimetres per letter of the steps' size (7.2 pt)."""
PAD, GAP, HIGH = 1.4, 2.2, 4.4
COLUMN = 21.0


@theme.rc()
def paths(
    steps: Sequence[Sequence[str]],
    *,
    shares: ArrayLike,
    share_texts: Sequence[str],
    heads: Sequence[str],
    columns: Sequence[Sequence[str]] = (),
    goals: Sequence[Sequence[bool]] = (),
    bad: Sequence[Sequence[bool]] = (),
    width: float = theme.FULL,
    height: float | None = None,
) -> Figure:
    """One row per way from the top down: its ``steps`` as boxes, then a bar of ``shares`` (n,) with its text.

    ``columns`` (k lists of n) are further texts at the right; ``heads`` (1 + k) stand above share and columns.
    ``goals`` and ``bad`` (n lists of booleans, one per step) make boxes navy or rust. Steps that do not fit end in “…”.
    Millimetres.
    """
    n, texts = len(steps), [share_texts, *columns]
    figure, (ax,) = theme.canvas(width, height if height is not None else 8.0 + 6.6 * max(n, 1))
    bar = 24.0
    room = width - bar - 12.0 - COLUMN * len(columns)
    widest = float(np.nan_to_num(np.asarray(shares, float)).max(initial=0)) or 1.0
    for row in range(n):
        y = n - 1 - row
        _boxes(ax, steps[row], goals[row] if goals else (), bad[row] if bad else (), y, room)
        length = bar * float(np.nan_to_num(np.asarray(shares, float)[row])) / widest
        ax.barh(y, length, left=room, height=0.5, color=theme.GREY, linewidth=0)
        ax.text(room + length + 1.0, y, share_texts[row], va="center", fontsize=8.2, fontweight="semibold", color=theme.INK)
        for at, column in enumerate(columns):
            ax.text(width - COLUMN * (len(columns) - 1 - at) - 1.0, y, column[row], va="center", ha="right", fontsize=7.8, color=theme.INK)
    ax.text(room, n - 0.25, heads[0], fontsize=7.4, color=theme.INK2, va="bottom")
    for at, head in enumerate(heads[1 : len(texts)]):
        ax.text(width - COLUMN * (len(columns) - 1 - at) - 1.0, n - 0.25, head, fontsize=7.4, color=theme.INK2, va="bottom", ha="right")
    ax.set_xlim(0, width)
    ax.set_ylim(-0.6, n + 0.3)
    ax.set_xticks([])
    ax.set_yticks([])
    theme.bare(ax)
    return figure


def _boxes(ax: Axes, steps: Sequence[str], goals: Sequence[bool], bad: Sequence[bool], y: float, room: float) -> None:
    x = 0.5
    for i, step in enumerate(steps):
        wide = LETTER * len(step) + 2 * PAD
        if x + wide > room - 6:
            ax.text(x, y, "…", va="center", fontsize=8, color=theme.INK2)
            return
        colour = theme.NAVY if i < len(goals) and goals[i] else theme.RUST if i < len(bad) and bad[i] else PALE
        ax.add_patch(FancyBboxPatch((x, y - 0.33), wide, 0.66, boxstyle="round,pad=0,rounding_size=0.12", mutation_aspect=1.0,
                                    facecolor=colour, edgecolor="none"))
        ax.text(x + wide / 2, y, step, ha="center", va="center", fontsize=7.2, color=theme.INK if colour == PALE else "white")
        x += wide
        if i < len(steps) - 1:
            ax.annotate("", (x + GAP, y), (x, y), arrowprops={"arrowstyle": "-|>", "color": theme.MUTED, "lw": 0.8,
                                                              "shrinkA": 0, "shrinkB": 0, "mutation_scale": 5})
        x += GAP
