"""The client's own years as a calendar of occupancy, for the cover."""

from __future__ import annotations

import base64
from datetime import date

import pandas as pd

from audit.plots.theme import SEQUENTIAL
from audit.report.book import Book
from audit.workbench.pictures import Image

SIDE, GAP, LEFT, BETWEEN = 2.7, 0.45, 11.0, 7.0
WIDTH = LEFT + 53 * (SIDE + GAP)
MOST_YEARS = 3


def calendar_image(book: Book) -> Image | None:
    """Each square a day, each column a week, the darker the fuller; None when capacity has no calendar."""
    result = book.result("capacity")
    frame = result.tables().get("calendar") if result is not None else None
    if frame is None or frame["load"].notna().sum() < 28:
        return None
    days = pd.to_datetime(frame["day"]).dt.date
    loads = frame["load"].astype("float64").clip(0.0, 1.0)
    full = float(loads.quantile(0.98)) or 1.0
    years = sorted({day.year for day in days})[-MOST_YEARS:]
    height = len(years) * (7 * (SIDE + GAP) + BETWEEN) - BETWEEN
    squares = [
        _square(day, float(load), years, full)
        for day, load in sorted(zip(days, loads, strict=True))
        if day.year in years and not pd.isna(load)
    ]
    names = [
        f'<text x="{LEFT - 2:.1f}" y="{_top(i) + 3:.1f}" font-size="2.6" text-anchor="end" fill="#65717C" '
        f'font-family="Source Sans 3, sans-serif">{year}</text>'
        for i, year in enumerate(years)
    ]
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.1f} {height:.1f}">{"".join(names + squares)}</svg>'
    source = "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
    return Image(source, round(176 / 25.4 * 96), round(176 / 25.4 * 96 * height / WIDTH))


def _top(row: int) -> float:
    return row * (7 * (SIDE + GAP) + BETWEEN)


def _square(day: date, load: float, years: list[int], full: float) -> str:
    week = (day.timetuple().tm_yday - 1 + date(day.year, 1, 1).weekday()) // 7
    x, y = LEFT + week * (SIDE + GAP), _top(years.index(day.year)) + day.weekday() * (SIDE + GAP)
    shade = SEQUENTIAL[min(int(load / full * len(SEQUENTIAL)), len(SEQUENTIAL) - 1)]
    return f'<path d="M{x:.2f} {y:.2f}h{SIDE}v{SIDE}h-{SIDE}z" fill="{shade}"/>'
