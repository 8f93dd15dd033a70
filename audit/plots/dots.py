"""Dots: one row per unit, ring = raw, dot = shrunken estimate, line = interval; an optional second panel of bars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from audit.plots import theme

Number = Callable[[float], str]


@dataclass(frozen=True)
class Bars:
    """Second panel: a bar per row with its interval and, after it, ``text`` (a ready string per row)."""

    value: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    text: Sequence[str]
    x: str
    number: Number


@theme.rc()
def dots(
    rows: Sequence[str], value: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike, *,
    raw: npt.ArrayLike | None = None, marked: Sequence[bool] | None = None, hollow: Sequence[bool] | None = None,
    centre: tuple[float, float, float] | None = None, centre_text: str = "",
    goal: float | None = None, goal_text: str = "", raw_text: str = "",
    counts: Sequence[str] | None = None, counts_head: str = "",
    x: str = "", number: Number = str, bars: Bars | None = None,
    width: float = theme.HALF, height: float | None = None,
) -> Figure:
    """Rows from top to bottom in the given order.

    ``marked`` rows are rust diamonds; ``hollow`` rows rest on too few cases and are drawn as outlines.
    ``centre`` is the common level (value, low, high) as line and band, ``goal`` a dashed teal line.
    ``counts`` stand at the right end of the rows. ``number`` prints an axis value. Rows whose value is
    NaN keep their name and stay empty.
    """
    value, low, high = (np.asarray(part, float) for part in (value, low, high))
    raw = np.full(len(rows), np.nan) if raw is None else np.asarray(raw, float)
    rust, outlined = (np.zeros(len(rows), bool) if m is None else np.asarray(m, bool) for m in (marked, hollow))
    height = height or 18 + 4.3 * max(len(rows), 3)
    if bars is None:
        figure, (ax,) = theme.canvas(width, height)
    else:
        ratios = {"width_ratios": [1.35, 1]}
        figure, (ax, beside) = theme.canvas(width, height, columns=2, gridspec_kw=ratios, sharey=True)
    y = np.arange(len(rows))[::-1]
    _frame(ax, rows, y, x, number)
    if centre is not None:
        ax.axvspan(centre[1], centre[2], color="#E4EDF2", lw=0, zorder=0)
        ax.plot([centre[0]] * 2, [-0.7, len(rows) - 0.45], color=theme.NAVY, lw=0.9, zorder=1)
    if goal is not None:
        ax.plot([goal] * 2, [-0.7, len(rows) - 0.45], color=theme.TEAL, lw=1, ls=(0, (3, 2)), zorder=1)
    for i, level in enumerate(y):
        if np.isfinite(value[i]):
            _row(ax, level, value[i], low[i], high[i], raw[i], marked=bool(rust[i]), hollow=bool(outlined[i]))
    _limits(ax, value, low, high, raw, [part for part in (centre[0] if centre else None, goal) if part is not None])
    _tell_ticks_apart(ax, number)
    top = len(rows) - 0.45
    line = 2.9 * (len(rows) + 1.6) / (height - 10)
    if centre is not None:
        _above(ax, centre[0], top, centre_text, theme.NAVY)
    if goal is not None:
        _above(ax, goal, top + line * bool(centre_text), goal_text, theme.TEAL)
    ax.set_ylim(-0.7, top + line * (1.2 + bool(centre_text and goal is not None)))
    if counts is not None:
        _counts(ax, y, counts, counts_head, top)
    if raw_text and np.isfinite(raw).any():
        _name_a_ring(ax, y, value, raw, raw_text)
    if bars is not None:
        _bars(beside, y, bars, rust)
    return figure


def _frame(ax: Axes, rows: Sequence[str], y: np.ndarray, x: str, number: Number) -> None:
    ax.set_yticks(y, rows)
    ax.tick_params(axis="y", labelsize=7.6 if len(rows) <= 14 else 7)
    ax.grid(False)
    ax.set_xlabel(x)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v)))


def _row(ax: Axes, y: float, value: float, low: float, high: float, raw: float, *, marked: bool, hollow: bool) -> None:
    color = theme.RUST if marked else theme.GREY if hollow else theme.NAVY
    ax.hlines(y, low, high, color=color, lw=1.8, zorder=2)
    if np.isfinite(raw):
        ax.plot(raw, y, "o", ms=4, mfc="white", mec=theme.MUTED, mew=0.9, zorder=3)
    face = "white" if hollow else color
    ax.plot(value, y, "D" if marked else "o", ms=5, mfc=face, mec=color, mew=1.1, zorder=4)


def _tell_ticks_apart(ax: Axes, number: Number) -> None:
    """Fewer ticks where rounding gives two of them the same words."""
    for most in (5, 3, 2, 1):
        ax.xaxis.set_major_locator(MaxNLocator(most, min_n_ticks=min(most, 3)))
        low, high = ax.get_xlim()
        words = [number(at) for at in ax.get_xticks() if low <= at <= high]
        if len(set(words)) == len(words):
            return


def _limits(
    ax: Axes, value: np.ndarray, low: np.ndarray, high: np.ndarray, raw: np.ndarray, others: list[float]
) -> None:
    """All estimates in view; a raw mean far outside them must not squeeze the rest, so it may leave the frame."""
    parts = np.concatenate([value, low, high, others])
    parts = parts[np.isfinite(parts)]
    if not len(parts):
        return
    bottom, top = parts.min(), parts.max()
    room = 0.25 * (top - bottom)
    near = raw[(raw > bottom - room) & (raw < top + room)]
    bottom, top = min([bottom, *near]), max([top, *near])
    pad = 0.05 * (top - bottom) or 0.05 * abs(top) or 1.0
    ax.set_xlim(bottom - pad, top + pad)


def _above(ax: Axes, x: float, y: float, text: str, color: str) -> None:
    left, right = ax.get_xlim()
    place = (x - left) / (right - left)
    align = "left" if place < 0.25 else "right" if place > 0.75 else "center"
    theme.note(ax, x, y, text, ha=align, va="bottom", color=color, size=7.4)


def _counts(ax: Axes, y: np.ndarray, counts: Sequence[str], head: str, top: float) -> None:
    across = ax.get_yaxis_transform()
    for level, text in zip(y, counts, strict=True):
        ax.text(1.02, level, text, ha="left", va="center", fontsize=7.6, color=theme.INK2, transform=across)
    ax.text(1.02, top, head, ha="left", va="bottom", fontsize=7.2, color=theme.MUTED, transform=across)


def _name_a_ring(ax: Axes, y: np.ndarray, value: np.ndarray, raw: np.ndarray, text: str) -> None:
    """Words under the ring that stands farthest from its dot."""
    left, right = ax.get_xlim()
    away = np.where((raw > left) & (raw < right), np.abs(raw - value), -1.0)
    if (away >= 0).any():
        i = int(np.nanargmax(away))
        place = (raw[i] - left) / (right - left)
        align = "left" if place < 0.1 else "right" if place > 0.9 else "center"
        theme.note(ax, raw[i], y[i] - 0.5, text, ha=align, color=theme.MUTED, size=7)


def _bars(ax: Axes, y: np.ndarray, bars: Bars, marked: np.ndarray) -> None:
    value, low, high = (np.asarray(part, float) for part in (bars.value, bars.low, bars.high))
    ends = np.fmax(np.fmax(value, high), 0)
    reach = float(np.nanmax(ends)) if np.isfinite(ends).any() else 1.0
    reach = reach or 1.0
    for i, level in enumerate(y):
        if not np.isfinite(value[i]):
            continue
        ax.barh(level, value[i], height=0.5, color=theme.RUST if marked[i] else theme.GREY)
        if np.isfinite(low[i]) and np.isfinite(high[i]):
            ax.hlines(level, low[i], high[i], color=theme.INK, lw=1.1)
        ax.text(ends[i] + 0.02 * reach, level, bars.text[i], va="center", fontsize=8, fontweight="semibold")
    ax.grid(False)
    ax.set_xlim(min(0.0, float(np.nanmin(np.append(low, 0.0)))), 1.25 * reach)
    ax.set_xlabel(bars.x)
    ax.tick_params(axis="y", length=0, labelleft=False)
    ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: bars.number(v)))
