"""Cohorts: what patients of each quarter did or brought, by quarter after the first visit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pandas as pd
from matplotlib.figure import Figure

from audit.plots import theme
from audit.plots.heatmap import heatmap


def cohorts(
    frame: pd.DataFrame, value: str, *, row: Callable[[date, int], str], text: Callable[[float], str], x_label: str,
    hatched_text: str, least: float = 0.0, most: float | None = None,
) -> Figure:
    """``frame`` has quarter (date), after (quarters since), patients, is_complete and the column ``value``.

    ``row`` names a cohort of so many patients. Cells that are not watched to their end are hatched, without a
    number where less than half of the cohort was, and ``hatched_text`` says so; ``least`` and ``most`` are the values of the palest and the darkest shade.
    """
    cells = frame.pivot(index="quarter", columns="after", values=value).sort_index()
    hatched = frame.pivot(index="quarter", columns="after", values="is_complete").sort_index().eq(False).to_numpy()
    sizes = frame.groupby("quarter")["patients"].first().sort_index()
    return heatmap(
        cells.to_numpy(), rows=[row(day, n) for day, n in sizes.items()],
        columns=[f"+{k}" for k in cells.columns], text=text, hatched=hatched, blank="", width=theme.HALF,
        height=9 + 3.7 * max(len(sizes), 5), x_label=f"{x_label}; {hatched_text}" if hatched.any() else x_label,
        least=least, most=most,
    )
