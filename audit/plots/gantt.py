"""Gantt: bars of weeks, hatched when it is a test, a diamond where the number is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from audit.plots import theme


@dataclass(frozen=True)
class Job:
    """One line of the plan: work from week ``start`` for ``weeks``, looked at in week ``check``."""

    words: str
    start: float
    weeks: float
    check: float
    is_test: bool = False


@theme.rc()
def gantt(
    jobs: Sequence[Job], *, week: str, check: str, width: float = theme.FULL, height: float | None = None
) -> Figure:
    """The jobs from top to bottom; ``week`` names the first tick, ``check`` explains the diamonds."""
    figure, (ax,) = theme.canvas(width, height if height is not None else 13 + 5.2 * len(jobs))
    for row, job in enumerate(jobs):
        y = len(jobs) - 1 - row
        ax.barh(
            y, job.weeks, left=job.start, height=0.46, color="white" if job.is_test else theme.NAVY,
            edgecolor=theme.NAVY, hatch="////" if job.is_test else None, linewidth=0.8,
        )
        ax.plot(job.check, y, "D", color=theme.RUST, ms=5.2, markeredgecolor="white", markeredgewidth=0.7)
    last = max(job.check for job in jobs)
    end = int(-(-(last + 0.5) // 4) * 4)
    ax.set_yticks(range(len(jobs))[::-1], [job.words for job in jobs])
    ax.tick_params(axis="y", labelsize=8, labelcolor=theme.INK, pad=5)
    ax.set_xlim(-0.2, end + 0.2)
    ax.set_ylim(-0.6, len(jobs) + 0.1)
    ax.set_xticks(range(0, end + 1, 4), [f"{week} 0", *(str(tick) for tick in range(4, end + 1, 4))])
    ax.grid(False)
    ax.grid(True, axis="x")
    theme.note(
        ax, 1.0, 1.0, f"◆ {check}", color=theme.RUST, size=7.4, ha="right", va="top", fontweight="semibold",
        transform=ax.transAxes,
    )
    return figure
