"""Journey map: stages side by side, what is known of each in rows below, the stage to look at washed."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from audit.plots import theme

WASH = "#F9ECE6"
LETTER = 1.24
"""Millimetres per letter of the cells' size (7.2 pt)."""
LINE, PAD, HEAD = 3.3, 1.7, 6.0


@theme.rc()
def journey_map(
    cells: Sequence[Sequence[str]], *, rows: Sequence[str], stages: Sequence[str], worst: int | None = None,
    loud: Sequence[bool] = (), width: float = theme.FULL,
) -> Figure:
    """``cells`` (R lists of S texts) under ``stages`` (S), row heads ``rows`` (R) at the left; ``loud`` rows are rust.

    ``worst`` is the washed column. Texts are wrapped to their column, and the height follows them. Millimetres.
    """
    first = 21.0
    column = (width - first) / max(len(stages), 1)
    letters = max(int((column - PAD) / LETTER), 4)
    wrapped = [[textwrap.wrap(text, letters) for text in row] for row in cells]
    heads = [textwrap.wrap(name, int((first - 1) / 1.3)) for name in rows]
    heights = [max(max((len(text) for text in row), default=1), len(head), 1) * LINE + 2 * PAD for row, head in zip(wrapped, heads, strict=True)]
    total = HEAD + sum(heights)
    figure, (ax,) = theme.canvas(width, total + 3)
    if worst is not None:
        ax.add_patch(Rectangle((first + worst * column - 0.6, 0), column, total, facecolor=WASH, edgecolor="none", zorder=0))
    for at, name in enumerate(stages):
        ax.text(first + at * column, total - HEAD / 2, name, va="center", fontsize=7.8, fontweight="bold", color=theme.INK)
    y = total - HEAD
    ax.plot([0, width], [y, y], color=theme.INK, lw=0.9)
    for row, head, high, strong in zip(wrapped, heads, heights, [*loud, *[False] * (len(rows) - len(loud))], strict=True):
        ax.text(0, y - PAD, "\n".join(head), va="top", fontsize=7.4, fontweight="bold", color=theme.INK2, linespacing=1.15)
        for at, lines in enumerate(row):
            ax.text(first + at * column, y - PAD, "\n".join(lines), va="top", fontsize=7.2, linespacing=1.15,
                    color=theme.RUST if strong else theme.INK, fontweight="semibold" if strong else "normal")
        y -= high
        ax.plot([0, width], [y, y], color=theme.RULE, lw=0.6)
    ax.set_xlim(0, width)
    ax.set_ylim(-0.5, total)
    ax.set_xticks([])
    ax.set_yticks([])
    theme.bare(ax)
    return figure
