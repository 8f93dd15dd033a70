"""Columns: a count per hour (or month), the part that matters dark at its foot, a word on top."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import ArrayLike

from audit.plots import theme

PALE = "#DCE3E8"


@theme.rc()
def columns(
    totals: ArrayLike,
    parts: ArrayLike,
    *,
    names: Sequence[str],
    texts: Sequence[str],
    accent: Sequence[bool] = (),
    key: str = "",
    x_label: str = "",
    tick: Callable[[float], str] = str,
    width: float = theme.HALF,
    height: float = 42.0,
) -> Figure:
    """Pale columns of ``totals`` (n,) with ``parts`` (n,) dark at the foot and ``texts`` (n) on top.

    ``accent`` (n) turns dark part and text rust; ``key`` says once what pale, dark and text are, where columns are lower;
    ``tick`` prints the numbers of the axis. ``names`` (n) stand below, thinned when they would touch.
    Missing values have no column. Sizes are millimetres.
    """
    whole, part = (np.nan_to_num(np.asarray(x, dtype=np.float64)) for x in (totals, parts))
    n = whole.size
    loud = np.resize(np.asarray(accent, dtype=bool), n) if len(accent) else np.zeros(n, dtype=bool)
    x = np.arange(n)
    figure, (ax,) = theme.canvas(width, height)
    ax.bar(x, whole, width=0.78, color=PALE, linewidth=0)
    ax.bar(x, part, width=0.78, color=np.where(loud, theme.RUST, theme.NAVY), linewidth=0)
    top = whole.max(initial=0) or 1.0
    for at, height_, words, strong in zip(x, whole, texts, loud, strict=True):
        ax.text(float(at), height_ + 0.02 * top, words, ha="center", va="bottom", fontsize=7.4,
                color=theme.RUST if strong else theme.INK2, fontweight="semibold" if strong else "normal")
    if key:
        left = whole[: n // 3 + 1].max(initial=0) <= whole[-(n // 3 + 1) :].max(initial=0)
        ax.text(0.0 if left else 1.0, 1.0, key, transform=ax.transAxes, ha="left" if left else "right", va="top", fontsize=7.2,
                color=theme.INK2, path_effects=theme.HALO)
    letters = max((len(name) for name in names), default=1)
    every = max(1, int(np.ceil(n * (letters + 1) * 1.35 / (width - 12))))
    ax.set_xticks(x[::every], list(names)[::every])
    ax.set_xlim(-0.7, n - 0.3)
    ax.set_ylim(0, top * (1.3 if key else 1.14))
    ax.yaxis.set_major_locator(MaxNLocator(4, min_n_ticks=2, integer=True))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))
    ax.tick_params(axis="x", length=0)
    if x_label:
        ax.set_xlabel(x_label)
    return figure
