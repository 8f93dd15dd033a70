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
    width: float = theme.FULL,
    height: float | None = None,
) -> Figure:
    """Bars of the people who reached each stage, from the top down.

    ``went_on`` (n,) are those who reached the stage (dark); the light rest up to the stage above was
    lost here. ``counts`` (n) stands in the dark bar, ``lost`` (n, “−422”, empty for none) in rust at
    its end, ``reasons`` (n) behind it in words, bold where ``strong`` (n). A stage larger than the one
    above has no light part. The bars are as long as the words leave room for. Millimetres.
    """
    reached = np.nan_to_num(np.asarray(went_on, dtype=np.float64))
    n = reached.size
    y = np.arange(n)[::-1].astype(float)
    entered = np.maximum(np.r_[reached[:1], reached[:-1]], reached)
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
    ax.barh(y, entered * scale, height=0.62, color=LOST, linewidth=0, zorder=1)
    ax.barh(y, reached * scale, height=0.62, color=theme.NAVY, linewidth=0, zorder=2)
    for i in range(n):
        start = entered[i] * scale + gap
        if narrow[i]:
            ax.text(reached[i] * scale + 1.0, y[i], counts[i], va="center", fontsize=8.8, fontweight="bold", color=theme.INK,
                    zorder=3, path_effects=theme.HALO)
            start = max(start, reached[i] * scale + inside[i] + gap)
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
