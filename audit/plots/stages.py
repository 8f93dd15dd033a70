"""Stages: horizontal bars of who went on and who was lost at each step; never a trapezoid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from audit.plots import theme

LOST = "#F1DDD4"
POINT = 25.4 / 72
"""Millimetres per typographic point; a letter of the house font is about half as wide as it is high."""
LETTER = 0.49


@theme.rc()
def stages(
    went_on: ArrayLike,
    *,
    names: Sequence[str],
    counts: Sequence[str],
    lost: Sequence[str],
    reasons: Sequence[str],
    strong: Sequence[bool] = (),
    expected: Sequence[bool] = (),
    most: ArrayLike | None = None,
    width: float = theme.FULL,
    height: float | None = None,
) -> Figure:
    """Bars of the people who reached each stage, from the top down.

    ``went_on`` (n,) are those who reached the stage (dark); the light rest up to the stage above was
    lost here. ``counts`` (n) stands in the dark bar, ``lost`` (n, “−422”, empty for none) in rust at
    its end, ``reasons`` (n) behind it in words, bold where ``strong`` (n). A stage larger than the one
    above has no light part. ``expected`` (n) are not counted yet: hatched. A stage with a number in ``most`` (n, else NaN) is
    none of those above: its bar stands alone, hatched from what is counted up to what it may be at most. The bars are as long as the words leave room for. Millimetres.
    """
    reached = np.nan_to_num(np.asarray(went_on, dtype=np.float64))
    n = reached.size
    y = np.arange(n)[::-1].astype(float)
    alone = np.full(n, np.nan) if most is None else np.asarray(most, dtype=np.float64)
    entered = np.where(np.isnan(alone), np.maximum(np.r_[reached[:1], reached[:-1]], reached), np.fmax(alone, reached))
    hatched = np.resize(np.asarray(expected, dtype=bool), n) if len(expected) else np.zeros(n, dtype=bool)
    bold = np.resize(np.asarray(strong, dtype=bool), n) if len(strong) else np.zeros(n, dtype=bool)
    figure, (ax,) = theme.canvas(width, height if height is not None else 5.0 + 7.6 * n)
    room = width - 4 - max((len(name) for name in names), default=0) * 8.4 * LETTER * POINT
    gap, inside = 1.6, np.array([len(words) * 9.4 * LETTER * POINT + 3 for words in counts])
    tails = np.array([len(words) * 8.8 * 0.55 * POINT for words in lost])
    words_at = np.where(tails > 0, tails + gap + 2.4, gap)
    needed = words_at + np.array([len(words) * (8.3 if strong else 7.9) * LETTER * POINT for words, strong in zip(reasons, bold, strict=True)])
    scale = np.min((room - needed - 2)[entered > 0] / entered[entered > 0], initial=np.inf)
    scale = max(scale, 0.3 * room / max(entered.max(initial=0), 1e-12)) if np.isfinite(scale) else 1.0
    narrow = inside > reached * scale
    above = np.isnan(alone)
    ax.barh(y[above], entered[above] * scale, height=0.62, color=LOST, linewidth=0, zorder=1)
    ax.barh(y[~hatched], reached[~hatched] * scale, height=0.62, color=theme.NAVY, linewidth=0, zorder=2)
    for some, length in ((hatched, reached), (~above, entered)):
        ax.barh(y[some], length[some] * scale, height=0.6, facecolor="white", edgecolor=theme.NAVY, hatch="////", linewidth=0.6, zorder=1.5)
    for i in range(n):
        start = entered[i] * scale + gap
        if hatched[i] and not narrow[i]:
            ax.text(1.4, y[i], counts[i], va="center", fontsize=9, fontweight="bold", color=theme.INK, zorder=3, path_effects=theme.HALO)
        elif narrow[i]:
            after = reached[i] if above[i] else entered[i]
            ax.text(after * scale + 1.0, y[i], counts[i], va="center", fontsize=8.8, fontweight="bold", color=theme.INK,
                    zorder=3, path_effects=theme.HALO)
            start = max(start, after * scale + inside[i] + gap)
        else:
            ax.text(1.4, y[i], counts[i], va="center", fontsize=9, fontweight="bold", color="white", zorder=3)
        ax.text(start, y[i], lost[i], va="center", fontsize=8.8, fontweight="bold", color=theme.RUST)
        ax.text(start + words_at[i] - gap * (tails[i] == 0), y[i], reasons[i], va="center", fontsize=7.9,
                color=theme.INK if bold[i] else theme.INK2, fontweight="semibold" if bold[i] else "normal")
    ax.set_yticks(y, list(names))
    ax.set_xlim(0, room)
    ax.set_ylim(-0.5, n - 0.5)
    ax.set_xticks([])
    theme.bare(ax)
    ax.tick_params(axis="y", labelsize=8.4, labelcolor=theme.INK)
    return figure
