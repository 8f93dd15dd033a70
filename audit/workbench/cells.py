"""A table of a result as the page prints it: words for codes, one form for the digits of a column, marks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
from markupsafe import Markup

from audit.results import Measure, Result
from audit.results.disclosure import SMALLEST_SHOWN
from audit.wording import Words, calendar
from audit.wording.numbers import NO_NUMBER, Numbers
from audit.workbench.page import Page, parts
from audit.workbench.pictures import scale_of

MOST_ROWS = 12
LIMIT = 200
"""Rows of a table that a page or PDF can carry; the rest is in the workbook."""

CROWDED = 8
"""Columns, bars and lines from which these are drawn shorter."""

DENSE, LONG = 6, 20
"""Rows above which a table is set closer, and above which it may be broken over pages."""

BAR_WIDTH, LINE_WIDTH = 20.0, 30.0
"""Millimetres."""

THIN = 30
TOTAL = "total"
"""The code of a row that sums the others; it is printed last and stays when rows are cut."""

STATES = ("good", "watch", "act", "unclear")


@dataclass(frozen=True)
class Head:
    """The head of a column; ``graphic`` says that a bar or line follows the number."""

    head: Markup
    unit: Markup | None = None
    align: str = ""
    graphic: bool = False


@dataclass(frozen=True)
class Cell:
    """One cell: its markup, class and element."""

    content: Markup | str
    style: str = ""
    tag: str = "td"


@dataclass(frozen=True)
class Row:
    """One row and its class."""

    cells: Sequence[Cell]
    style: str = ""


@dataclass(frozen=True)
class Sheet:
    """A whole table, ready for its macro."""

    title: Markup | None
    subtitle: Markup | None
    columns: Sequence[Head]
    rows: Sequence[Row]
    notes: Sequence[Markup] = ()
    style: str = ""


def sheet(page: Page, result: Result, name: str, most: int = MOST_ROWS, *, half: bool = False) -> Sheet | None:
    """Table ``name`` of ``result`` with at most ``most`` rows; None when it is empty or absent.

    Bars and lines are shorter in a table of ``half`` the page's width and in one of many columns.
    """
    frame = result.tables().get(name)
    if frame is None or frame.empty:
        return None
    measures = [measure for measure in result.measures(name) if measure.shown and measure.unit != "id"]
    heads = page.words.columns(name, result)
    shown, left = _cut(frame, measures, min(most, LIMIT))
    crowded = sum(2 if measure.is_drawn else 1 for measure in measures) >= CROWDED
    size = 0.45 if half else 0.6 if crowded else 1.0
    columns = [_column(page.words, name, measure, frame, size) for measure in measures]
    rows = [
        Row([cell for column in columns for cell in column(row)], _style(row, measures))
        for row in shown.to_dict("records")
    ]
    return Sheet(
        title=page.words.optional(f"tables.{name}.title", result),
        subtitle=page.words.optional(f"tables.{name}.subtitle", result),
        columns=[_head(page.words, name, measure, heads) for measure in measures],
        rows=_labelled(rows),
        notes=_notes(page, measures, shown, left),
        style=" ".join(filter(None, (page.words.get(f"tables.{name}.style"), _density(len(rows)), _width(measures)))),
    )


def _density(rows: int) -> str:
    return "dense long" if rows > LONG else "dense" if rows > DENSE else ""


def _width(measures: Sequence[Measure]) -> str:
    return "narrow" if len(measures) < 4 and not any(measure.is_drawn for measure in measures) else ""


def _cut(frame: pd.DataFrame, measures: Sequence[Measure], most: int) -> tuple[pd.DataFrame, int]:
    first = measures[0].name
    total = frame[first].astype(str) == TOTAL
    rows = frame[~total]
    return pd.concat([rows.head(most), frame[total]]), max(len(rows) - most, 0)


def _head(words: Words, name: str, measure: Measure, heads: Mapping[str, tuple[Markup, Markup]]) -> Head:
    if measure.name not in heads:
        words.node(f"tables.{name}.columns.{measure.name}")
    head, unit = heads[measure.name]
    return Head(head, unit, "" if measure.is_label else "r", measure.is_drawn)


def _labelled(rows: list[Row]) -> list[Row]:
    return [Row([Cell(row.cells[0].content, row.cells[0].style, "th"), *row.cells[1:]], row.style) for row in rows]


def _style(row: Mapping[str, Any], measures: Sequence[Measure]) -> str:
    if str(row[measures[0].name]) == TOTAL:
        return "total"
    n = row.get("n")
    return "thin" if n is not None and not pd.isna(n) and 0 < n < THIN else ""


def _notes(page: Page, measures: Sequence[Measure], shown: pd.DataFrame, left: int) -> list[Markup]:
    notes = []
    people = [measure.name for measure in measures if measure.people]
    if people and shown[people].isna().any().any():
        notes.append(page.frame.sentence("table.hidden", extra={"smallest": SMALLEST_SHOWN}))
    if "n" in shown and ((shown["n"] > 0) & (shown["n"] < THIN)).any():
        notes.append(page.frame.sentence("table.thin"))
    if left:
        notes.append(page.frame.sentence("table.more", extra={"more": left, "sheet": page.sheet}))
    return notes


# ---------------------------------------------------------------------- columns
def _column(words: Words, table: str, measure: Measure, frame: pd.DataFrame, size: float) -> Any:
    """A function from a row to the one or two cells of this column."""
    if measure.unit == "status":
        return lambda row: [Cell(_status(words, table, measure.name, row[measure.name]))]
    if measure.is_label:
        return lambda row: [Cell(_label(words, table, measure, row[measure.name]))]
    return _Figures(words.numbers, measure, frame, size)


class _Figures:
    """Cells of a measured column: the number, its interval, and a bar or line on the column's scale."""

    def __init__(self, numbers: Numbers, measure: Measure, frame: pd.DataFrame, size: float) -> None:
        self.numbers, self.measure, self.size = numbers, measure, size
        values = [float(v) for v in frame[measure.name].astype("float64")]
        bounds = (
            [tuple(map(float, pair)) for pair in frame[list(measure.names[1:])].to_numpy()] if measure.interval else []
        )
        self.form = numbers.column(values, [(low, high) for low, high in bounds], measure.unit)
        known = [v for v in values if math.isfinite(v)]
        self.full = 1.0 if measure.unit == "share" else max((abs(v) for v in known), default=0.0)
        lows, highs = ([b[i] for b in bounds] or values for i in (0, 1))
        self.scale = scale_of(lows, highs, width=round(LINE_WIDTH * size, 1)) if measure.form == "line" else None
        self.signs = bool(self.scale and self.scale.shows_zero)

    def __call__(self, row: Mapping[str, Any]) -> list[Cell]:
        value, *bounds = (float(row[name]) if not pd.isna(row[name]) else math.nan for name in self.measure.names)
        if math.isnan(value):
            text: Markup | str = Markup("*") if self.measure.people else NO_NUMBER
        else:
            text = Markup("{}{}").format(self._number(value), self._interval(bounds))
        number = Cell(text, "r")
        return [number, Cell(self._graphic(value, bounds, row), "graphic")] if self.measure.is_drawn else [number]

    def _number(self, value: float) -> str:
        return self.numbers.chance(value) if self.measure.form == "chance" else self.numbers.cell(value, self.form)

    def _interval(self, bounds: Sequence[float]) -> Markup:
        text = self.numbers.interval(bounds[0], bounds[1], self.form) if bounds else ""
        return Markup(' <span class="iv">{}</span>').format(text) if text else Markup()

    def _graphic(self, value: float, bounds: Sequence[float], row: Mapping[str, Any]) -> Markup:
        if math.isnan(value):
            return Markup()
        if self.measure.form == "bar":
            share = min(abs(value) / self.full, 1.0) if self.full else 0.0
            return Markup(parts().bar(share, _state(row.get("state")) == "act", round(BAR_WIDTH * self.size, 1)))
        if self.scale is None or not bounds or not all(map(math.isfinite, bounds)):
            return Markup()
        label = f"{self.numbers.cell(value, self.form)} ({self.numbers.interval(bounds[0], bounds[1], self.form)})"
        return Markup(parts().line(self.scale.line(bounds[0], value, bounds[1], label=label, signs=self.signs)))


def _label(words: Words, table: str, measure: Measure, value: Any) -> str:
    if value is None or value is pd.NaT or (not isinstance(value, str) and pd.isna(value)):
        return NO_NUMBER
    if measure.unit == "flag" and not words.has(f"tables.{table}.values.{measure.name}"):
        return words.of("report").word(words.of("report").node("flags"), bool(value))
    if isinstance(value, date):
        day = pd.Timestamp(value).date()
        return calendar.month(day, words.language, short=True) if day.day == 1 else calendar.day(day, words.language)
    return words.value(table, measure.name, value)


def _state(code: object) -> str:
    """The state in a code such as ``act`` or ``act_bottleneck``; empty if it is none."""
    head = str(code).partition("_")[0]
    return head if head in STATES else ""


def _status(words: Words, table: str, column: str, code: object) -> Markup | str:
    state = _state(code)
    if not state:
        return words.value(table, column, code) if isinstance(code, str) and code else ""
    frame = words.of("report")
    text = words.value(table, column, code) if words.has(f"tables.{table}.values.{column}.{code}") else ""
    return Markup(parts().status(state, text or frame.word(frame.node("status"), state)))
