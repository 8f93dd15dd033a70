"""A grid of cells, each carrying its number: weekday × hour, cohort × age, visits × months."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from audit.plots import theme


class Frame(NamedTuple):
    """An outline round the cells from (row, column) to (last_row, last_column), both inclusive."""

    row: int
    column: int
    last_row: int
    last_column: int
    line: Literal["solid", "dashed"] = "solid"


@theme.rc()
def heatmap(
    values: ArrayLike,
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    text: Callable[[float], str],
    width: float = theme.MAIN,
    height: float = 58.0,
    most: float | None = None,
    least: float = 0.0,
    hatched: ArrayLike | None = None,
    frames: Sequence[Frame] = (),
    row_notes: Sequence[str] = (),
    blank: str = "·",
    x_label: str = "",
    y_label: str = "",
    mark: tuple[float, str] | None = None,
) -> Figure:
    """``values`` (rows × columns) as shaded cells with their number; NaN is an empty cell with ``blank``.

    ``text`` turns a value into the words in its cell; ``least`` and ``most`` are the values of the palest and the
    darkest shade (0 and the largest value by default). ``hatched`` (rows × columns, bool) marks cells that are not complete
    yet, with or without a number. ``row_notes`` stand at the right end of a row ("closed"). ``mark`` = (column position, words)
    draws a vertical line at a column's left edge. Sizes are millimetres.
    """
    cells = np.asarray(values, dtype=np.float64)
    n_rows, n_columns = cells.shape
    seen = cells[np.isfinite(cells)]
    most = most if most is not None else (float(seen.max()) if seen.size else 1.0) or 1.0
    figure, (ax,) = theme.canvas(width, height)
    ax.pcolormesh(
        np.arange(n_columns + 1), np.arange(n_rows + 1), np.ma.masked_invalid(cells),
        cmap=theme.sequential(), vmin=least, vmax=most, edgecolor="white", linewidth=1.2,
    )
    ripe = ~np.asarray(hatched, dtype=bool) if hatched is not None else np.ones(cells.shape, dtype=bool)
    size = _text_size(width, n_columns, [text(float(v)) for v in seen])
    for (i, j), value in np.ndenumerate(cells):
        if not ripe[i, j]:
            ax.add_patch(Rectangle((j, i), 1, 1, facecolor="#F7F9FA", edgecolor=theme.GREY, hatch="////", linewidth=0))
            ax.add_patch(Rectangle((j, i), 1, 1, fill=False, edgecolor="white", linewidth=1.2))
        if not np.isfinite(value):
            ax.text(j + 0.5, i + 0.5, blank, ha="center", va="center", color=theme.GREY, fontsize=8)
            continue
        dark = ripe[i, j] and value > least + 0.52 * (most - least)
        ground: dict[str, Any] = {} if ripe[i, j] else {"bbox": {"facecolor": "#F7F9FA", "edgecolor": "none", "pad": 0.8}}
        ax.text(j + 0.5, i + 0.5, text(float(value)), ha="center", va="center", fontsize=size,
                color="white" if dark else theme.INK, **ground)
    for frame in frames:
        style: Any = "solid" if frame.line == "solid" else (0, (3, 1.5))
        ax.add_patch(Rectangle((frame.column, frame.row), frame.last_column - frame.column + 1,
                               frame.last_row - frame.row + 1, fill=False, edgecolor=theme.RUST, linewidth=1.8,
                               linestyle=style, clip_on=False, zorder=4))
    for i, words in enumerate(row_notes):
        ax.text(n_columns - 0.02, i + 0.5, words, ha="right", va="center", fontsize=7.2, color=theme.MUTED,
                path_effects=theme.HALO)
    if mark is not None:
        ax.axvline(mark[0], color=theme.INK, linewidth=0.9, linestyle=(0, (2, 2)), zorder=5)
        theme.note(ax, mark[0] + 0.1, n_rows - 0.5, mark[1], size=7.2)
    ax.set_xticks(np.arange(n_columns) + 0.5, list(columns))
    ax.set_yticks(np.arange(n_rows) + 0.5, list(rows))
    theme.bare(ax)
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.set_xlim(0, n_columns)
    ax.set_ylim(n_rows, 0)
    if x_label:
        ax.set_xlabel(x_label)
        ax.xaxis.set_label_position("top")
    if y_label:
        ax.set_ylabel(y_label)
    return figure


def _text_size(width: float, columns: int, words: Sequence[str]) -> float:
    """Points that let the longest words fit into a cell, between 7 (the least a reader can take) and 7.6."""
    longest = max((len(word) for word in words), default=1)
    cell_points = (width - 16) / max(columns, 1) / theme.MM / 25.4**2 * 72
    return float(np.clip(cell_points / (0.55 * max(longest, 1)), 7.0, 7.6))
