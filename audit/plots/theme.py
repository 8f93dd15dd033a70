"""The look of every chart: one meaning per colour, page widths in millimetres, halos, house fonts.

Navy is what was measured, rust what the title talks about, grey what it is compared with; an amber
wash marks a range to look at, a teal dashed line a goal. Never colour alone: position, shape or a
label says it too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager, patheffects
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.text import Text

INK, INK2, MUTED, RULE, WASH = "#1B2530", "#46525E", "#65717C", "#D9DEE2", "#F3F5F6"
NAVY, RUST, SKY, AMBER, GREY = "#0F4C6B", "#BF4519", "#5FA8C7", "#E3A02C", "#A9B3BB"
TEAL = "#17766B"
BAND = "#C9DCE6"
SEQUENTIAL = ("#F2F6F8", "#D3E3EB", "#A9CADA", "#76AAC4", "#43859F", "#1F6485", "#0F4C6B", "#0A3348")
LADDER = ("#0A3348", "#1F6485", "#76AAC4", "#C9D3D9", "#E4E9EC")
"""Classes from most to least valuable."""

MM = 1 / 25.4
FULL, MAIN, HALF = 176.0, 122.0, 84.5
"""Widths of the page's columns, in millimetres: whole, beside side numbers, half."""

HALO = [patheffects.withStroke(linewidth=2.2, foreground="white")]
STYLE = Path(__file__).with_name("audit.mplstyle")
FONTS = Path(__file__).resolve().parents[2] / "templates" / "client_report" / "fonts"


@cache
def _style() -> dict[str, Any]:
    for font in sorted(FONTS.glob("*.ttf")):
        font_manager.fontManager.addfont(font)
    return dict(mpl.rc_params_from_file(STYLE, use_default_template=True))


def canvas(
    width: float, height: float, *, rows: int = 1, columns: int = 1, **grid: Any
) -> tuple[Figure, list[Axes]]:
    """An empty figure of ``width`` × ``height`` millimetres in the house style and its axes, row by row.

    The figure belongs to nobody (no pyplot, no global state); ``grid`` goes to ``Figure.subplots``.
    """
    with mpl.rc_context(_style()):
        figure = Figure(figsize=(width * MM, height * MM))
        FigureCanvasSVG(figure)
        axes = figure.subplots(rows, columns, squeeze=False, **grid)
    return figure, list(axes.flat)


@contextmanager
def rc() -> Iterator[None]:
    """The house style as a context or decorator, for drawing code that reads rcParams while it draws."""
    with mpl.rc_context(_style()):
        yield


def sequential() -> LinearSegmentedColormap:
    """Light to dark navy, for cells that carry their number."""
    return LinearSegmentedColormap.from_list("audit", SEQUENTIAL)


def note(ax: Axes, x: float, y: float, text: str, *, color: str = INK2, size: float = 7.6, **kwargs: Any) -> Text:
    """Words at a mark, with a white halo so that they read over lines."""
    kwargs = {"ha": "left", "va": "center", "path_effects": HALO} | kwargs
    return ax.text(x, y, text, color=color, fontsize=size, **kwargs)


def bare(ax: Axes, keep: tuple[str, ...] = ()) -> None:
    """Axes without frame, grid and tick marks, but for the spines in ``keep``."""
    for name, spine in ax.spines.items():
        spine.set_visible(name in keep)
    ax.grid(False)
    ax.tick_params(length=0)
